import { describe, expect, test } from 'vitest';
import { createSimulatedClock, createSimulatedDisk, drive } from '../../test/sim/files-model.ts';
import { createRandom } from '../../test/sim/prng.ts';
import { allocateBase, chainStart, encodeSegment, sealBase } from './file-format.ts';
import type { Owner } from './file-format.ts';
import { baseName, logName } from './file-names.ts';
import { findState } from './folder.ts';
import { encodeRecord, PAGE_SIZE_BYTES } from './format.ts';
import type { LogRecord } from './format.ts';
import { openPageLog } from './page-log.ts';
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

const owner = { epoch: 1, nonce: 5 };
const first = next({ seq: 0, crc: chainStart(ID) }, owner, 1);
const second = next(first, owner, 2);
const third = next(second, owner, 3);
const sound = baseOf(second, owner, 2);
const torn = sound.slice(0, sound.length - PAGE_SIZE_BYTES);
const base = baseName(2, owner, 0x80);
const tail = [logName(3, 3, owner, 0), encodeSegment(ID, owner, [third])] as const;

type Files = readonly (readonly [string, Uint8Array<ArrayBuffer>])[];

async function open(files: Files) {
  const clock = createSimulatedClock();
  const disk = createSimulatedDisk(clock, createRandom(1));
  for (const [name, bytes] of files) disk.land(name, bytes);
  const opening = openPageLog({
    store: disk.open().store,
    clock,
    randomBytes: (count) => new Uint8Array(count).fill(4),
    schemaVersion: 1,
    oldestWriterVersion: 1,
  });
  const opened = await drive(clock, opening);
  return { opened, after: [...disk.files].map(([name, { bytes }]) => [name, bytes] as const) };
}

describe('no page can be reached', () => {
  test.each([
    ['the only base is torn', [[base, torn], tail]],
    ['the only base is torn and nothing was written since', [[base, torn]]],
    ['the only base is empty', [[base, new Uint8Array(0)]]],
    ['the only base is not there', [tail]],
  ] as const)(
    '[STORE-502] %s: refused, and not a byte of the folder changes',
    async (_what, files) => {
      const { opened, after } = await open(files);
      expect(opened).toMatchObject({ ok: false, error: { detail: 'nothing-readable' } });
      expect(after).toEqual(files);
    },
  );

  test('[STORE-502] a first put that was torn by a kill is no database that was lost', async () => {
    const started = encodeRecord(
      { ...owner, seq: 1, previousCrc: chainStart(ID), pageCount: 0, flags: 1 },
      new Map(),
    );
    const start = [logName(1, 1, owner, 0), encodeSegment(ID, owner, [started])] as const;
    for (const files of [
      [[logName(1, 1, owner, 0), start[1].slice(0, 70)]],
      [start, [logName(2, 2, owner, 0), new Uint8Array(0)]],
      [start, [logName(2, 2, owner, 0), tail[1].slice(0, 90)]],
      [start, [baseName(2, owner, 0), torn]],
    ] as const) {
      const { opened } = await open(files);
      expect(opened).toMatchObject({ ok: true });
    }
  });
});

describe('a damaged base beside a sound one', () => {
  const large = new Uint8Array(3 * 1024 * 1024).fill(9);
  const damaged = baseName(4, owner, 0x80);
  const before: Files = [[base, sound], tail, [damaged, large]];
  const bytesOf = (files: Files, name: string) => files.find(([found]) => found === name)?.[1];

  test('[STORE-503] it is set aside whole, however large it is', async () => {
    const { opened, after } = await open(before);
    expect(opened).toMatchObject({ ok: true, value: { opening: { quarantinedFiles: 1 } } });
    expect(bytesOf(after, damaged)).toBeUndefined();
    expect(bytesOf(after, `bad-${damaged}`)?.length).toBe(large.length);
  });

  test('[STORE-503] where there is no place for a copy it stays where it is', async () => {
    const setAside = Array.from(
      { length: 8 },
      (_, index) => [`bad-${logName(1, 1, owner, index)}`, new Uint8Array(9)] as const,
    );
    const { opened, after } = await open([...before, ...setAside]);
    expect(opened).toMatchObject({ ok: true });
    expect(bytesOf(after, damaged)?.length).toBe(large.length);
  });
});
