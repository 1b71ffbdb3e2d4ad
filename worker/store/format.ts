/**
 * The bytes of the page log, part 1: records. Part 2 (segments, bases, file names) is
 * `file-format.ts`. Together they are meant to be enough for a second implementation. Golden tests pin
 * every byte; a change here is a new format version.
 *
 * Integers are unsigned and little-endian. CRC is CRC-32C (`crc32c.ts`).
 *
 * A RECORD holds the page changes of exactly one committed transaction.
 *
 *   OFFSET  SIZE  MEANING
 *        0     4  the letters "LREC"
 *        4     4  length of the record in bytes, from the letters to the CRC at its end
 *        8     8  seq: 1, 2, 3 … through the whole life of the database, whoever wrote it
 *       16     4  owner epoch in which the transaction was committed
 *       20     4  nonce of that owner: random, because epochs can collide after a file vanished
 *       24     4  CRC field of record seq − 1. For seq 1: CRC of the 16 bytes of the database id.
 *                 After a base that carries its transaction: the chain value of that base
 *       28     4  page size, always 4096
 *       32     4  page count of the database after this transaction
 *       36     4  number of entries
 *       40     4  flags: 1 epoch start (no entries) · 2 clean end (no entries) · 4 schema changed
 *       44     …  entries, back to back
 *      n−4     4  CRC of bytes 0 … n−5
 *
 *   ENTRY
 *        0     4  page number, from 1, strictly ascending within the record
 *        4     2  kind: 0 full page · 1 ranges · 2 a page of zeros
 *        6     2  number of ranges for kind 1, else 0
 *        8     …  kind 0: 4096 bytes · kind 1: the ranges · kind 2: nothing
 *
 *   RANGE: bytes that differ from the page as record seq − 1 left it
 *        0     2  offset in the page
 *        2     2  length − 1
 *        4     …  the bytes
 *
 * A record is VALID by itself when its CRC, lengths, kinds, order and bounds are right (`decodeRecords`
 * refuses all else). It FITS after a state of p pages when every entry of kind 1 is for a page ≤ p and
 * every page from p + 1 to its page count has an entry (`fitsAfter`). A record that does not fit is
 * treated as if it were not there.
 *
 * Page numbers above the page count do not occur. When the file shrinks, the pages past its end are
 * gone; when it grows again they come back as new pages, with entries.
 */
import { assert } from '../../shared/assert.ts';
import { crc32c } from './crc32c.ts';

export const PAGE_SIZE_BYTES = 4096;
const RECORD_MAGIC = 0x4345524c;
const HEADER_BYTES = 44;
const CRC_BYTES = 4;
const ENTRY_HEADER_BYTES = 8;
const RANGE_HEADER_BYTES = 4;
const KIND_FULL = 0;
const KIND_RANGES = 1;
const KIND_ZEROS = 2;

export const FLAG_EPOCH_START = 1;
export const FLAG_CLEAN_END = 2;
export const FLAG_SCHEMA_CHANGED = 4;

export interface PageRange {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/** What one transaction did to one page. */
export type PageChange =
  | { readonly type: 'full'; readonly bytes: Uint8Array }
  | { readonly type: 'ranges'; readonly ranges: readonly PageRange[] }
  | { readonly type: 'zeros' };

/** Changes by page number, counted from 1. */
export type PageChanges = ReadonlyMap<number, PageChange>;

export interface RecordHeader {
  readonly seq: number;
  readonly epoch: number;
  readonly nonce: number;
  readonly previousCrc: number;
  readonly pageCount: number;
  readonly flags: number;
}

export interface LogRecord extends RecordHeader {
  readonly entryCount: number;
  readonly crc: number;
  /** The whole record as it lies in a file. */
  readonly bytes: Uint8Array;
}

export function encodeRecord(header: RecordHeader, changes: PageChanges): LogRecord {
  assert(Number.isSafeInteger(header.seq) && header.seq > 0, 'a record has a seq from 1');
  const entries = [...changes].sort(([a], [b]) => a - b);
  const length = entries.reduce(
    (sum, [, change]) => sum + entryBytes(change),
    HEADER_BYTES + CRC_BYTES,
  );
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, RECORD_MAGIC, true);
  view.setUint32(4, length, true);
  view.setBigUint64(8, BigInt(header.seq), true);
  view.setUint32(16, header.epoch, true);
  view.setUint32(20, header.nonce, true);
  view.setUint32(24, header.previousCrc, true);
  view.setUint32(28, PAGE_SIZE_BYTES, true);
  view.setUint32(32, header.pageCount, true);
  view.setUint32(36, entries.length, true);
  view.setUint32(40, header.flags, true);
  let at = HEADER_BYTES;
  for (const [page, change] of entries) at = writeEntry(bytes, view, at, page, change);
  assert(at === length - CRC_BYTES, 'the entries fill the record');
  const crc = crc32c(bytes, 0, at);
  view.setUint32(at, crc, true);
  return { ...header, entryCount: entries.length, crc, bytes };
}

function entryBytes(change: PageChange): number {
  if (change.type === 'full') return ENTRY_HEADER_BYTES + PAGE_SIZE_BYTES;
  const ranges = change.type === 'ranges' ? change.ranges : [];
  return ranges.reduce(
    (sum, range) => sum + RANGE_HEADER_BYTES + range.bytes.length,
    ENTRY_HEADER_BYTES,
  );
}

function writeEntry(
  bytes: Uint8Array,
  view: DataView,
  from: number,
  page: number,
  change: PageChange,
): number {
  const kind = { full: KIND_FULL, ranges: KIND_RANGES, zeros: KIND_ZEROS }[change.type];
  view.setUint32(from, page, true);
  view.setUint16(from + 4, kind, true);
  view.setUint16(from + 6, change.type === 'ranges' ? change.ranges.length : 0, true);
  let at = from + ENTRY_HEADER_BYTES;
  if (change.type === 'full') {
    assert(change.bytes.length === PAGE_SIZE_BYTES, 'a full entry holds one page');
    bytes.set(change.bytes, at);
    at += PAGE_SIZE_BYTES;
  } else if (change.type === 'ranges') {
    for (const range of change.ranges) {
      view.setUint16(at, range.offset, true);
      view.setUint16(at + 2, range.bytes.length - 1, true);
      bytes.set(range.bytes, at + RANGE_HEADER_BYTES);
      at += RANGE_HEADER_BYTES + range.bytes.length;
    }
  }
  return at;
}

/** The valid records from offset `from` on, up to the first that is not. They share memory with `bytes`. */
export function decodeRecords(bytes: Uint8Array, from: number): LogRecord[] {
  const records: LogRecord[] = [];
  for (let at = from; ;) {
    const record = decodeRecord(bytes, at);
    if (record === null) return records;
    records.push(record);
    at += record.bytes.length;
  }
}

function decodeRecord(file: Uint8Array, from: number): LogRecord | null {
  if (from + HEADER_BYTES + CRC_BYTES > file.length) return null;
  const view = new DataView(file.buffer, file.byteOffset + from, file.length - from);
  const length = view.getUint32(4, true);
  if (view.getUint32(0, true) !== RECORD_MAGIC) return null;
  if (length < HEADER_BYTES + CRC_BYTES || length > view.byteLength) return null;
  const crc = view.getUint32(length - CRC_BYTES, true);
  if (crc32c(file, from, from + length - CRC_BYTES) !== crc) return null;
  const seq = Number(view.getBigUint64(8, true));
  if (!Number.isSafeInteger(seq) || seq < 1) return null;
  if (view.getUint32(28, true) !== PAGE_SIZE_BYTES) return null;
  const record: LogRecord = {
    seq,
    epoch: view.getUint32(16, true),
    nonce: view.getUint32(20, true),
    previousCrc: view.getUint32(24, true),
    pageCount: view.getUint32(32, true),
    entryCount: view.getUint32(36, true),
    flags: view.getUint32(40, true),
    crc,
    bytes: file.subarray(from, from + length),
  };
  return hasSoundEntries(record) ? record : null;
}

interface Entry {
  readonly page: number;
  readonly kind: number;
  readonly rangeCount: number;
  /** Where the content begins in the record. */
  readonly contentAt: number;
  /** Where the next entry begins, or -1 when this one runs over the end or over its page. */
  readonly nextAt: number;
}

function readEntry(view: DataView, at: number, end: number): Entry {
  const broken = { page: 0, kind: 0, rangeCount: 0, contentAt: 0, nextAt: -1 };
  if (at + ENTRY_HEADER_BYTES > end) return broken;
  const page = view.getUint32(at, true);
  const kind = view.getUint16(at + 4, true);
  const rangeCount = view.getUint16(at + 6, true);
  const contentAt = at + ENTRY_HEADER_BYTES;
  if (kind > KIND_ZEROS || (kind !== KIND_RANGES && rangeCount !== 0)) return broken;
  let nextAt = contentAt + (kind === KIND_FULL ? PAGE_SIZE_BYTES : 0);
  for (let index = 0; index < rangeCount; index++) {
    if (nextAt + RANGE_HEADER_BYTES > end) return broken;
    const length = view.getUint16(nextAt + 2, true) + 1;
    if (view.getUint16(nextAt, true) + length > PAGE_SIZE_BYTES) return broken;
    nextAt += RANGE_HEADER_BYTES + length;
  }
  return nextAt > end ? broken : { page, kind, rangeCount, contentAt, nextAt };
}

const viewOf = (record: LogRecord): DataView =>
  new DataView(record.bytes.buffer, record.bytes.byteOffset, record.bytes.length);

function hasSoundEntries(record: LogRecord): boolean {
  const view = viewOf(record);
  const end = record.bytes.length - CRC_BYTES;
  let at = HEADER_BYTES;
  let previousPage = 0;
  for (let index = 0; index < record.entryCount; index++) {
    const entry = readEntry(view, at, end);
    if (entry.nextAt < 0 || entry.page <= previousPage || entry.page > record.pageCount) {
      return false;
    }
    previousPage = entry.page;
    at = entry.nextAt;
  }
  return at === end;
}

/** Whether the record can be applied to a database of `pageCount` pages and leaves no page undefined. */
export function fitsAfter(pageCount: number, record: LogRecord): boolean {
  const view = viewOf(record);
  const end = record.bytes.length - CRC_BYTES;
  let at = HEADER_BYTES;
  let newPages = 0;
  for (let index = 0; index < record.entryCount; index++) {
    const entry = readEntry(view, at, end);
    if (entry.page > pageCount) {
      if (entry.kind === KIND_RANGES) return false;
      newPages++;
    }
    at = entry.nextAt;
  }
  return newPages === Math.max(0, record.pageCount - pageCount);
}

/** Applies a record that fits. `image` is large enough for every page of the record. */
export function applyRecord(image: Uint8Array, record: LogRecord): void {
  const view = viewOf(record);
  const end = record.bytes.length - CRC_BYTES;
  assert(record.pageCount * PAGE_SIZE_BYTES <= image.length, 'the image has room for the record');
  let at = HEADER_BYTES;
  for (let index = 0; index < record.entryCount; index++) {
    const entry = readEntry(view, at, end);
    assert(entry.nextAt > 0, 'only decoded records are applied');
    const pageAt = (entry.page - 1) * PAGE_SIZE_BYTES;
    if (entry.kind === KIND_ZEROS) {
      image.fill(0, pageAt, pageAt + PAGE_SIZE_BYTES);
    } else if (entry.kind === KIND_FULL) {
      image.set(record.bytes.subarray(entry.contentAt, entry.nextAt), pageAt);
    } else {
      let rangeAt = entry.contentAt;
      while (rangeAt < entry.nextAt) {
        const length = view.getUint16(rangeAt + 2, true) + 1;
        const dataAt = rangeAt + RANGE_HEADER_BYTES;
        image.set(
          record.bytes.subarray(dataAt, dataAt + length),
          pageAt + view.getUint16(rangeAt, true),
        );
        rangeAt = dataAt + length;
      }
    }
    at = entry.nextAt;
  }
}
