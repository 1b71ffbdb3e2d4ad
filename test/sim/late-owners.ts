/**
 * Owners that lost the lock and whose last writes land late, in the three shapes that decide how a state is
 * chosen. Their files are made here, byte for byte as an owner would have made them:
 *
 *   after    the newest owner has begun; then the record of the one before lands
 *   between  that record lands, the newest owner builds on it; then the beginning of an owner in the
 *            middle lands, which opened before the record was there and stalled
 *   base     the newest owner has begun; then a base lands that the one before made of its late state
 */
import { must } from '../../shared/assert.ts';
import { allocateBase, encodeSegment, sealBase } from '../../worker/store/file-format.ts';
import type { Owner } from '../../worker/store/file-format.ts';
import { baseName, logName } from '../../worker/store/file-names.ts';
import { findState } from '../../worker/store/folder.ts';
import { encodeRecord, FLAG_EPOCH_START, PAGE_SIZE_BYTES } from '../../worker/store/format.ts';
import type { LogRecord, PageChanges } from '../../worker/store/format.ts';
import { buildImage } from '../../worker/store/recover.ts';
import type { ChainPoint } from '../../worker/store/recover.ts';
import type { SimulatedClock, SimulatedDisk } from './files-model.ts';
import type { Random } from './prng.ts';

const SHAPES = ['after', 'between', 'base'] as const;

export interface LateOwners {
  /** The state that the late record made, and the one that it was made of. */
  readonly lateImage: Uint8Array;
  readonly seenImage: Uint8Array;
  /** Whether the newest owner saw it and built on it. */
  readonly isKept: boolean;
}

/** Null when there is nothing to be late with, or torn remains have taken the name. */
export async function landLateOwners(
  disk: SimulatedDisk,
  clock: SimulatedClock,
  random: Random,
  scribble: (page: Uint8Array) => void,
): Promise<LateOwners | null> {
  const reader = disk.open();
  await reader.store.settle();
  const found = await findState(reader.store, clock, {
    freshId: new Uint8Array(16),
    knownId: null,
  });
  if (!found.ok || found.value.recovery.end.pageCount === 0) return null;
  const { folder, recovery } = found.value;
  const { databaseId, end, best } = recovery;
  const seenImage = buildImage(recovery);
  const former: Owner = { epoch: best.epoch, nonce: best.nonce };
  const stalled: Owner = { epoch: folder.highestEpoch + 1, nonce: random(2 ** 32) };
  const newest: Owner = { epoch: folder.highestEpoch + 2, nonce: random(2 ** 32) };

  const page = seenImage.slice(0, PAGE_SIZE_BYTES);
  scribble(page);
  const lateImage = seenImage.slice();
  lateImage.set(page);
  const late = follow(end, former, new Map([[1, { type: 'full', bytes: page }]]), 0);
  const put = (owner: Owner, record: LogRecord): void =>
    disk.land(
      logName(record.seq, record.seq, owner, 0),
      encodeSegment(databaseId, owner, [record]),
    );
  if (disk.files.has(logName(late.seq, late.seq, former, 0))) return null;
  const begin = (after: ChainPoint, owner: Owner): void =>
    put(owner, follow(after, owner, new Map(), FLAG_EPOCH_START));

  const shape = must(SHAPES[random(SHAPES.length)], 'one of the shapes');
  if (shape === 'between') {
    put(former, late);
    begin(late, newest);
    begin(end, stalled);
  } else {
    begin(end, newest);
    if (shape === 'after') put(former, late);
    else disk.land(baseName(late.seq, former, 0x80), baseOf(lateImage, databaseId, former, late));
  }
  return { lateImage, seenImage, isKept: shape === 'between' };
}

function follow(
  { seq, crc, pageCount }: ChainPoint,
  owner: Owner,
  changes: PageChanges,
  flags: number,
): LogRecord {
  return encodeRecord({ ...owner, seq: seq + 1, previousCrc: crc, pageCount, flags }, changes);
}

function baseOf(
  image: Uint8Array,
  databaseId: Uint8Array,
  owner: Owner,
  { seq, crc, pageCount }: LogRecord,
): Uint8Array<ArrayBuffer> {
  const buffer = allocateBase(pageCount);
  buffer.image.set(image);
  const versions = { schemaVersion: 1, oldestWriterVersion: 1 };
  sealBase(buffer, { ...owner, ...versions, databaseId, seq, chain: crc, pageCount });
  return buffer.bytes;
}
