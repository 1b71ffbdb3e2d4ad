import { expect, test } from 'vitest';
import { createSimulatedClock, createSimulatedDisk, drive } from '../../test/sim/files-model.ts';
import { createRandom } from '../../test/sim/prng.ts';
import { allocateBase, chainStart, encodeSegment, sealBase } from './file-format.ts';
import type { Owner } from './file-format.ts';
import { baseName, logName } from './file-names.ts';
import { findState } from './folder.ts';
import { encodeRecord, PAGE_SIZE_BYTES } from './format.ts';
import type { LogRecord } from './format.ts';
import { buildImage } from './recover.ts';

const ID = new Uint8Array(16).fill(7);

function next(before: { readonly seq: number; readonly crc: number }, owner: Owner, fill: number) {
  const bytes = new Uint8Array(PAGE_SIZE_BYTES).fill(fill);
  return encodeRecord(
    { ...owner, seq: before.seq + 1, previousCrc: before.crc, pageCount: 1, flags: 0 },
    new Map([[1, { type: 'full', bytes }]]),
  );
}

function baseOf({ seq, crc }: LogRecord, owner: Owner, fill: number): Uint8Array<ArrayBuffer> {
  const buffer = allocateBase(1);
  buffer.image.fill(fill);
  const versions = { schemaVersion: 1, oldestWriterVersion: 1 };
  sealBase(buffer, { ...owner, ...versions, databaseId: ID, seq, chain: crc, pageCount: 1 });
  return buffer.bytes;
}

test('[STORE-7] a former owner’s base is not the newest state because everything newer was read', async () => {
  const former = { epoch: 1, nonce: 5 };
  const newest = { epoch: 3, nonce: 6 };
  const first = next({ seq: 0, crc: chainStart(ID) }, former, 1);
  const late = next(first, former, 2);
  const second = next(first, newest, 3);
  const third = next(second, newest, 4);
  const clock = createSimulatedClock();
  const disk = createSimulatedDisk(clock, createRandom(1));
  // Merged over the seq at which the former owner's base landed late; its parts are gone.
  disk.land(baseName(1, former, 0), baseOf(first, former, 1));
  disk.land(logName(2, 3, newest, 0x80), encodeSegment(ID, newest, [second, third]));
  disk.land(baseName(2, former, 0x80), baseOf(late, former, 2));
  const found = await drive(
    clock,
    findState(disk.open().store, clock, { freshId: ID, knownId: null }),
  );
  if (!found.ok) throw new Error(found.error.detail);
  expect(found.value.recovery.end.seq).toBe(3);
  expect(buildImage(found.value.recovery)[0]).toBe(4);
});
