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
import type { LogRecord, PageChange } from '../../worker/store/format.ts';
import { buildImage } from '../../worker/store/recover.ts';
import type { ChainPoint } from '../../worker/store/recover.ts';
import type { SimulatedClock, SimulatedDisk } from './files-model.ts';
import type { Random } from './prng.ts';

const SHAPES = ['after', 'between', 'base'] as const;

/** Makes a state of another one, and remembers it: whole pages, of which the first differs. */
export type MakeState = (before: Uint8Array) => Uint8Array;

/** The state that the newest owner acknowledged; null when nothing could be made late. */
export async function landLateOwners(
  disk: SimulatedDisk,
  clock: SimulatedClock,
  random: Random,
  makeState: MakeState,
): Promise<Uint8Array | null> {
  const reader = disk.open();
  await reader.store.settle();
  const expected = { freshId: new Uint8Array(16), knownId: null };
  const found = await findState(reader.store, clock, expected);
  if (!found.ok || found.value.recovery.end.pageCount === 0) return null;
  const { folder, recovery } = found.value;
  const { databaseId, end, best } = recovery;
  const former: Owner = { epoch: best.epoch, nonce: best.nonce };
  const stalled: Owner = { epoch: folder.highestEpoch + 1, nonce: random(2 ** 32) };
  const newest: Owner = { epoch: folder.highestEpoch + 2, nonce: random(2 ** 32) };
  const put = (owner: Owner, records: readonly LogRecord[]): void => {
    const [first, last] = [must(records[0], 'some'), must(records.at(-1), 'some')];
    const name = logName(first.seq, last.seq, owner, 0);
    disk.land(name, encodeSegment(databaseId, owner, records));
  };
  const seen = buildImage(recovery);
  const lateImage = makeState(seen);
  const late = follow(end, former, lateImage);
  const later = follow(late, former, makeState(lateImage));
  if (disk.files.has(logName(late.seq, late.seq, former, 0))) return null;
  if (disk.files.has(logName(late.seq, later.seq, former, 0))) return null;

  const shape = must(SHAPES[random(SHAPES.length)], 'one of the shapes');
  if (shape === 'between') put(former, [late]);
  const base = shape === 'between' ? late : end;
  const begin = follow(base, newest, null);
  const image = makeState(shape === 'between' ? lateImage : seen);
  put(newest, [begin, follow(begin, newest, image)]);
  if (shape === 'between') put(stalled, [follow(end, stalled, null)]);
  // Longer than what the newest owner wrote.
  if (shape === 'after') put(former, [late, later, follow(later, former, null)]);
  if (shape === 'base') {
    disk.land(baseName(late.seq, former, 0x80), baseOf(lateImage, databaseId, former, late));
  }
  return image;
}

/** The next record of a chain: a transaction that made `image`, or the beginning of an owner. */
function follow(
  { seq, crc, pageCount }: ChainPoint,
  owner: Owner,
  image: Uint8Array | null,
): LogRecord {
  const page: PageChange | null =
    image === null ? null : { type: 'full', bytes: image.slice(0, PAGE_SIZE_BYTES) };
  const flags = image === null ? FLAG_EPOCH_START : 0;
  const header = { ...owner, seq: seq + 1, previousCrc: crc, pageCount, flags };
  return encodeRecord(header, new Map(page === null ? [] : [[1, page] as const]));
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
