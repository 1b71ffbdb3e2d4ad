import { expect, test } from 'vitest';
import { err, ok } from '../../shared/result.ts';
import type { Store, StoreFailure } from '../store/files.ts';
import { createMemoryFiles } from './memory-files.ts';
import { probeStore } from './probe-store.ts';

/** Time passes when the probe waits, and not before the store has had its turn. */
const wait = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5));
const never = (): Promise<never> => new Promise(() => undefined);
const saying = (detail: string): Promise<{ ok: false; error: StoreFailure }> =>
  Promise.resolve(err({ type: 'broken', detail }) as { ok: false; error: StoreFailure });

const probe = (store: Partial<Store>, files = createMemoryFiles()) => {
  let opened = 0;
  const open = () => {
    opened += 1;
    return Promise.resolve(ok({ ...files, ...store }));
  };
  return probeStore(open, wait).then(({ result, detail }) => ({ result, detail, opened }));
};

test('[STORE-281] a store is tried out before a database begins in it, and nothing is left behind', async () => {
  const files = createMemoryFiles();
  await files.put('probe-left-by-a-kill', new ArrayBuffer(1));
  expect(await probe({}, files)).toMatchObject({ result: 'empty', opened: 1 });
  expect(await files.list()).toEqual(ok([]));
});

test('[STORE-281] a store that holds a database is not written to', async () => {
  const files = createMemoryFiles();
  const name = 'log-000000000001-000000000001-00000001-00000001-00.larder';
  await files.put(name, new ArrayBuffer(1));
  expect(await probe({ put: never }, files)).toMatchObject({ result: 'has-files' });
});

test.each([
  ['put', { put: () => saying('TypeError: handle.createWritable is not a function') }],
  ['list', { list: () => saying('SecurityError: a private window') }],
  ['put', { put: () => saying('NotSupportedError: not in this worker') }],
])('[STORE-281] what the browser does not have is missing, at once: %s', async (_call, store) => {
  expect(await probe(store)).toMatchObject({ result: 'missing', opened: 1 });
});

test.each<[string, Partial<Store>]>([
  ['put is refused', { put: () => saying('InvalidStateError: out of order') }],
  ['put never answers', { put: never }],
  ['read is refused', { read: () => saying('NotReadableError: busy') }],
  ['other bytes come back', { read: () => Promise.resolve(ok(new Uint8Array(64))) }],
  ['fewer bytes come back', { read: () => Promise.resolve(ok(new Uint8Array(3))) }],
  ['remove is refused', { remove: () => saying('NoModificationAllowedError: held') }],
  ['list never answers', { list: never }],
])(
  '[STORE-281] a store that is there and does not work fails, after three attempts: %s',
  async (_what, store) => {
    expect(await probe(store)).toMatchObject({ result: 'fails', opened: 3 });
  },
);

test('[STORE-281] a store that was out of order for a moment is used', async () => {
  const files = createMemoryFiles();
  let calls = 0;
  const put: Store['put'] = (name, bytes) => {
    calls += 1;
    return calls < 3 ? saying('InvalidStateError: a moment') : files.put(name, bytes);
  };
  expect(await probe({ put }, files)).toMatchObject({ result: 'empty', opened: 3 });
});
