import { afterEach, describe, expect, test, vi } from 'vitest';
import { STORE_CASES } from '../../test/contract/store.contract.ts';
import { createOpfsModel, PLATFORM_FAULTS } from '../../test/sim/opfs-model.ts';
import type { OpfsModel } from '../../test/sim/opfs-model.ts';
import type { Store } from '../store/files.ts';
import { openOpfsAsyncFiles } from './opfs-async-files.ts';

/** Chromium, so that settling puts its filler through the directory. */
function install(): OpfsModel {
  const model = createOpfsModel();
  vi.stubGlobal('navigator', {
    storage: { getDirectory: () => model.getDirectory() },
    userAgentData: { brands: [{ brand: 'Chromium' }] },
  });
  return model;
}

async function open(): Promise<Store> {
  const opened = await openOpfsAsyncFiles('kitchen');
  if (!opened.ok) throw new Error(opened.error.detail);
  return opened.value;
}

afterEach(() => {
  vi.unstubAllGlobals();
});

describe('files of the private file system', () => {
  test.each(STORE_CASES)('[STORE-10] $title', async ({ run }) => {
    install();
    await expect(run(open)).resolves.toBeUndefined();
  });

  test.each(PLATFORM_FAULTS)(
    '[STORE-306] whichever call of the platform ends in %s, a put that says yes has kept every byte',
    async (fault) => {
      let saidNo = 0;
      let callNumber = 1;
      for (; ; callNumber++) {
        const model = install();
        const store = await open();
        const bytes = Uint8Array.from({ length: 5000 }, (_, index) => index * 7 + callNumber);
        model.breakAt(callNumber, fault);
        const put = await store.put('mine', bytes.buffer);
        const calls = model.callCount();
        model.breakAt(null, fault);
        const kept = await (await open()).read('mine');
        const isWhole = kept.ok && Buffer.compare(kept.value, bytes) === 0;
        expect({ callNumber, isTrue: !put.ok || isWhole }).toEqual({ callNumber, isTrue: true });
        if (!put.ok) saidNo++;
        if (calls < callNumber) break;
      }
      expect(saidNo).toBeGreaterThan(0);
      expect(callNumber, 'a put makes several calls').toBeGreaterThan(5);
    },
  );

  test.each([
    ['QuotaExceededError', 'full'],
    ['NoModificationAllowedError', 'busy'],
    ['NotFoundError', 'gone'],
    ['UnknownError', 'broken'],
  ] as const)('[STORE-306] %s is said to be %s', async (fault, type) => {
    const model = install();
    const store = await open();
    model.breakAt(2, fault);
    expect(await store.put('mine', new ArrayBuffer(10))).toMatchObject({ error: { type } });
  });

  test('[STORE-306] leftovers of writes that were killed are neither listed nor kept', async () => {
    install();
    const store = await open();
    await store.put('mine.crswap', new ArrayBuffer(10));
    await store.put('filler-1-x', new ArrayBuffer(10));
    await store.put('mine', new ArrayBuffer(10));
    expect(await store.list()).toEqual({ ok: true, value: ['mine'] });
    expect(await store.settle()).toMatchObject({ ok: true });
    expect(await store.read('mine.crswap')).toMatchObject({ error: { type: 'absent' } });
    expect(await store.read('filler-1-x')).toMatchObject({ error: { type: 'absent' } });
  });
});
