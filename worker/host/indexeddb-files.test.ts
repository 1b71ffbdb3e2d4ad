/** What only a broken IndexedDB does; the contract runs in a real browser (`test/e2e/store-contract.spec.ts`). */
import { afterEach, expect, test, vi } from 'vitest';
import { openIndexedDbFiles } from './indexeddb-files.ts';

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

/** A request or transaction that says `event` in a later task, as IndexedDB does. */
function saying<T extends object>(event: string, members: T): T & EventTarget {
  const target = Object.assign(new EventTarget(), members);
  queueMicrotask(() => target.dispatchEvent(new Event(event)));
  return target;
}

/** Keeps no files. Transactions that write never end; connections are counted. */
function installSilent(): { opened: number; closed: number } {
  const connections = { opened: 0, closed: 0 };
  const files = {
    add: () => new EventTarget(),
    getAllKeys: () => saying('success', { result: ['before'] }),
  };
  const transaction = () =>
    Object.assign(new EventTarget(), { objectStore: () => files, commit: () => undefined });
  const open = () => {
    connections.opened++;
    const close = () => void connections.closed++;
    return saying('success', { result: Object.assign(new EventTarget(), { transaction, close }) });
  };
  vi.stubGlobal('indexedDB', { open });
  return connections;
}

test('[STORE-507] a put that hangs in IndexedDB holds up the calls after it for half a minute, no longer', async () => {
  vi.useFakeTimers();
  const connections = installSilent();
  const opened = await openIndexedDbFiles('kitchen');
  if (!opened.ok) throw new Error(opened.error.detail);
  const answers: string[] = [];
  void opened.value.put('hangs', new ArrayBuffer(10)).then(() => answers.push('put'));
  const listed = opened.value.list().then((names) => {
    answers.push('list');
    return names;
  });
  await vi.advanceTimersByTimeAsync(29_000);
  expect(answers).toEqual([]);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(answers).toEqual(['list']);
  expect(await listed).toEqual({ ok: true, value: ['before'] });
  expect(connections).toEqual({ opened: 2, closed: 1 });
});
