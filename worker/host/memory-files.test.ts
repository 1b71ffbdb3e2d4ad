import { describe, expect, test } from 'vitest';
import { STORE_CASES } from '../../test/contract/store.contract.ts';
import { createSimulatedClock, createSimulatedDisk } from '../../test/sim/files-model.ts';
import { createRandom } from '../../test/sim/prng.ts';
import { createMemoryFiles } from './memory-files.ts';

describe('files in memory', () => {
  test.each(STORE_CASES)('[STORE-10] $title', async ({ run }) => {
    const store = createMemoryFiles();
    await expect(run(() => Promise.resolve(store))).resolves.toBeUndefined();
  });
});

describe('the simulated disk', () => {
  test.each(STORE_CASES)('[STORE-10] $title', async ({ run }) => {
    const disk = createSimulatedDisk(createSimulatedClock(), createRandom(1));
    const opened = run(() => Promise.resolve(disk.open().store));
    await expect(opened).resolves.toBeUndefined();
  });
});
