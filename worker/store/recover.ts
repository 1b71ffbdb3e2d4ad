/**
 * Which state the files of a page log hold: pure choice over decoded files, no I/O.
 *
 * Records form a tree by (seq, CRC of the record before). It is walked from every base and from the
 * empty database, and the best END decides: highest owner epoch, then highest seq, then highest nonce
 * (two owners can take the same epoch when a file vanished), then the newest base. Choosing the best
 * next record instead can walk into the branch of an owner that stalled and wrote late.
 *
 * What must hold: the result is a state some owner made, whole transaction by whole transaction; a
 * record that does not fit its predecessor counts as absent; loss is reported, never hidden.
 */
import { must } from '../../shared/assert.ts';
import { areBytesEqual } from '../../shared/bytes.ts';
import { compareEnds } from './cover.ts';
import type { End } from './cover.ts';
import { chainStart } from './file-format.ts';
import type { Base, Owner, Segment } from './file-format.ts';
import { applyRecord, fitsAfter, FLAG_CLEAN_END, PAGE_SIZE_BYTES } from './format.ts';
import type { LogRecord } from './format.ts';

export interface NamedSegment {
  readonly name: string;
  readonly segment: Segment;
}

export interface NamedBase {
  readonly name: string;
  readonly base: Base;
}

export interface RecoveryInput {
  readonly segments: readonly NamedSegment[];
  readonly bases: readonly NamedBase[];
  /** Highest seq that the name of an empty or unreadable file announces; 0 when there is none. */
  readonly damagedUpToSeq: number;
}

/** A point of the chain: what the next record has to name and to fit. */
export interface ChainPoint {
  readonly seq: number;
  readonly crc: number;
  readonly pageCount: number;
}

export type Loss = 'none' | 'possible' | 'certain';

export interface Recovery {
  readonly databaseId: Uint8Array;
  readonly end: ChainPoint;
  /** The same end as other ends are compared with. */
  readonly best: End;
  /** The base the walk began at, null for the empty database. */
  readonly base: NamedBase | null;
  /** The records after the base, in order. */
  readonly records: readonly LogRecord[];
  /** CRC by seq of the chosen chain, as far as files tell, agreeing bases included. */
  readonly crcBySeq: Map<number, number>;
  readonly clean: boolean;
  readonly loss: Loss;
}

interface Walk extends ChainPoint, End {
  readonly start: NamedBase | null;
  readonly records: readonly LogRecord[];
}

/** The records of one database as a tree, with the best end below each of them. */
interface RecordTree {
  /** Every record once, from the highest seq down. */
  readonly records: readonly LogRecord[];
  /** The child that leads to the best end, or null at the end of the chain. */
  next(point: ChainPoint): LogRecord | null;
  has(point: { readonly seq: number; readonly crc: number }): boolean;
  /** What that record names as the one before it; null when there is no such record. */
  previousCrc(seq: number, crc: number): number | null;
}

function growTree(segments: readonly NamedSegment[]): RecordTree {
  const bySeq = new Map<number, LogRecord[]>();
  for (const { segment } of segments) {
    for (const record of segment.records) {
      const siblings = bySeq.get(record.seq);
      if (siblings === undefined) bySeq.set(record.seq, [record]);
      // The same record may lie in several files: as it was put, and merged.
      else if (!siblings.some((other) => isSame(other, record))) siblings.push(record);
    }
  }
  const records = [...bySeq.values()].flat().sort((a, b) => b.seq - a.seq);
  const endByRecord = new Map<LogRecord, End>();
  const endOf = (record: LogRecord): End =>
    must(endByRecord.get(record), 'ends are known from the highest seq downwards');
  const next = (point: ChainPoint): LogRecord | null => {
    let best: LogRecord | null = null;
    for (const child of bySeq.get(point.seq + 1) ?? []) {
      if (child.previousCrc !== point.crc || !fitsAfter(point.pageCount, child)) continue;
      if (best === null || compareEnds(endOf(child), endOf(best)) > 0) best = child;
    }
    return best;
  };
  for (const record of records) {
    const child = next(record);
    const isBetter = child !== null && compareEnds(endOf(child), record) > 0;
    endByRecord.set(record, isBetter ? endOf(child) : record);
  }
  return {
    records,
    next,
    has: ({ seq, crc }) => bySeq.get(seq)?.some((record) => record.crc === crc) ?? false,
    previousCrc: (seq, crc) =>
      bySeq.get(seq)?.find((record) => record.crc === crc)?.previousCrc ?? null,
  };
}

const isSame = (a: LogRecord, b: LogRecord): boolean =>
  a.crc === b.crc && a.previousCrc === b.previousCrc;

function walkFrom(tree: RecordTree, start: NamedBase | null, databaseId: Uint8Array): Walk {
  const records: LogRecord[] = [];
  let point: ChainPoint & Owner =
    start === null
      ? { seq: 0, crc: chainStart(databaseId), pageCount: 0, epoch: 0, nonce: 0 }
      : ownerAndPoint(start.base);
  for (;;) {
    const record = tree.next(point);
    if (record === null) break;
    records.push(record);
    point = record;
  }
  const { seq, crc, pageCount, epoch, nonce } = point;
  return { start, records, seq, crc, pageCount, epoch, nonce };
}

const ownerAndPoint = (base: Base): ChainPoint & Owner => ({
  seq: base.seq,
  crc: base.chain,
  pageCount: base.pageCount,
  epoch: base.epoch,
  nonce: base.nonce,
});

/** The best state of one database id. */
function recoverDatabase(databaseId: Uint8Array, input: RecoveryInput): Recovery {
  const tree = growTree(input.segments);
  const walks = [null, ...input.bases].map((start) => walkFrom(tree, start, databaseId));
  const best = walks.reduce((a, b) =>
    (compareEnds(b, a) || (b.start?.base.seq ?? 0) - (a.start?.base.seq ?? 0)) > 0 ? b : a,
  );
  const crcBySeq = new Map<number, number>();
  for (const walk of walks) {
    // Bases that lead to the same end are on the chain: retention may count on these, on no others.
    if (walk.seq !== best.seq || walk.crc !== best.crc) continue;
    if (walk.start !== null) crcBySeq.set(walk.start.base.seq, walk.start.base.chain);
    for (const record of walk.records) crcBySeq.set(record.seq, record.crc);
  }
  followBack(tree, crcBySeq, best.start?.base ?? null);
  const lastFlags = best.records.at(-1)?.flags ?? 0;
  const isFresh = input.segments.length === 0 && input.bases.length === 0;
  const clean = (lastFlags & FLAG_CLEAN_END) !== 0 || (isFresh && input.damagedUpToSeq === 0);
  const loss: Loss = hasRecordBeyondGap(tree, input.bases, databaseId, best.seq)
    ? 'certain'
    : clean && input.damagedUpToSeq <= best.seq
      ? 'none'
      : 'possible';
  const { seq, crc, pageCount } = best;
  return {
    databaseId,
    end: { seq, crc, pageCount },
    best,
    base: best.start,
    records: best.records,
    crcBySeq,
    clean,
    loss,
  };
}

/** A valid record past the end whose predecessor is nowhere: what lay between was acknowledged once. */
function hasRecordBeyondGap(
  tree: RecordTree,
  bases: readonly NamedBase[],
  databaseId: Uint8Array,
  endSeq: number,
): boolean {
  const isKnown = (seq: number, crc: number): boolean =>
    tree.has({ seq, crc }) ||
    (seq === 0 && crc === chainStart(databaseId)) ||
    bases.some(({ base }) => base.seq === seq && base.chain === crc);
  return tree.records.some(
    (record) => record.seq > endSeq && !isKnown(record.seq - 1, record.previousCrc),
  );
}

/** What the chain was before the base it starts at: an older base on it may then be relied on, too. */
function followBack(tree: RecordTree, crcBySeq: Map<number, number>, base: Base | null): void {
  if (base === null) return;
  let { seq, chain: crc } = base;
  for (;;) {
    const before = tree.previousCrc(seq, crc);
    if (before === null) return;
    seq -= 1;
    crc = before;
    crcBySeq.set(seq, crc);
  }
}

/** What is known about the database before its files are looked at. */
export interface Expected {
  /** Names the database that begins when there is none. */
  readonly freshId: Uint8Array;
  /** The one that was here last, where something outside of the files remembers it. */
  readonly knownId: Uint8Array | null;
}

/**
 * The state to open. Files of another database id are remains of a folder that was cleared while open, or
 * were copied here: the known database wins, and where none is known, the better end.
 */
export function recover(input: RecoveryInput, { freshId, knownId }: Expected): Recovery {
  const ids: Uint8Array[] = [];
  const noteId = (databaseId: Uint8Array): void => {
    if (!ids.some((id) => areBytesEqual(id, databaseId))) ids.push(databaseId);
  };
  for (const { segment } of input.segments) noteId(segment.databaseId);
  for (const { base } of input.bases) noteId(base.databaseId);
  const [only] = ids;
  if (ids.length < 2) return recoverDatabase(only ?? freshId, input);
  const found = ids.map((databaseId) =>
    recoverDatabase(databaseId, {
      segments: input.segments.filter(({ segment }) =>
        areBytesEqual(segment.databaseId, databaseId),
      ),
      bases: input.bases.filter(({ base }) => areBytesEqual(base.databaseId, databaseId)),
      damagedUpToSeq: input.damagedUpToSeq,
    }),
  );
  // Late files of a database whose folder was cleared have no state of their own to win with.
  const known = found.find(
    ({ databaseId, end }) =>
      knownId !== null && end.pageCount > 0 && areBytesEqual(databaseId, knownId),
  );
  return known ?? found.reduce((a, b) => (compareEnds(b.best, a.best) > 0 ? b : a));
}

/** The recovered SQLite file, built in place in one buffer; empty when there is no page yet. */
export function buildImage(recovery: Recovery): Uint8Array<ArrayBuffer> {
  const { base, records, end } = recovery;
  const pagesMax = records.reduce(
    (most, record) => Math.max(most, record.pageCount),
    base?.base.pageCount ?? 0,
  );
  const image = new Uint8Array(pagesMax * PAGE_SIZE_BYTES);
  if (base !== null) image.set(base.base.image);
  for (const record of records) applyRecord(image, record);
  return image.subarray(0, end.pageCount * PAGE_SIZE_BYTES);
}
