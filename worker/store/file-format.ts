/**
 * The bytes of the page log, part 2: the two kinds of file and their names. Part 1 is `format.ts`.
 * Integers are unsigned and little-endian, CRC is CRC-32C, pages are 4096 bytes.
 *
 * A SEGMENT ("log" file) is this header and then whole records with consecutive seq.
 *
 *   OFFSET  SIZE  MEANING
 *        0     8  the letters "LARDRLOG"
 *        8     2  format version, 1
 *       10     2  header length, 64
 *       12     4  length of the file
 *       16    16  database id: random, made with the database
 *       32     8  seq of the first record
 *       40     8  seq of the last record
 *       48     4  owner epoch of the writer of the file (records keep the epoch of their commit)
 *       52     4  nonce of that owner
 *       56     4  number of records
 *       60     4  CRC of bytes 0 … 59
 *
 * A segment whose header is sound but which ends early or turns to rubbish is TORN: the valid records
 * at its front count, nothing behind them does. Anything else that cannot be read is DAMAGED.
 *
 * A BASE is the whole database at one seq.
 *
 *        0     8  the letters "LARDRBAS"
 *        8     2  format version, 1
 *       10     2  flags: 1 the base carries transaction seq itself, there is no record of it
 *       12     4  offset of the first page, a multiple of 4096
 *       16    16  database id
 *       32     8  seq
 *       40     4  owner epoch of the writer
 *       44     4  nonce of that owner
 *       48     4  chain: the CRC field of record seq; with flag 1 the CRC of the block table below
 *       52     4  page size, 4096
 *       56     4  page count
 *       60     4  schema version at seq
 *       64     4  oldest schema version whose code may write this database
 *       68     4  pages per block, 256
 *       72     4  number of blocks, b
 *       76    4b  CRC of each block of pages
 *    76+4b     4  CRC of everything before; then zeros up to the first page
 *                 then the pages: a plain SQLite file, used in place. The file ends with the last page
 *
 * A base is whole or it is nothing: there is no torn base.
 *
 * NAMES are lower-case hexadecimal of fixed width:
 *   log-<first seq:12>-<last seq:12>-<epoch:8>-<nonce:8>-<attempt:2>.larder
 *   base-<seq:12>-<epoch:8>-<nonce:8>-<attempt:2>.larder
 * A prefix `keep-` pins a base, `bad-` marks a file in quarantine. A name bounds what its file can hold
 * (`cover.ts`) and counts for the next epoch; what a file does hold is decided by its content alone.
 */
import { assert } from '../../shared/assert.ts';
import { crc32c } from './crc32c.ts';
import { decodeRecords, PAGE_SIZE_BYTES } from './format.ts';
import type { LogRecord } from './format.ts';

export const DATABASE_ID_BYTES = 16;
const FORMAT_VERSION = 1;
const SEGMENT_HEADER_BYTES = 64;
const BASE_HEADER_BYTES = 76;
const PAGES_PER_BLOCK = 256;
const BASE_CARRIES_TRANSACTION = 1;
const SEGMENT_MAGIC = 'LARDRLOG';
const BASE_MAGIC = 'LARDRBAS';

/** Who wrote something: the owner epoch and the owner's random nonce. */
export interface Owner {
  readonly epoch: number;
  readonly nonce: number;
}

export interface Segment extends Owner {
  readonly databaseId: Uint8Array;
  readonly records: readonly LogRecord[];
  /** Valid records at the front, rubbish or nothing behind. */
  readonly torn: boolean;
}

export interface BaseHeader extends Owner {
  readonly databaseId: Uint8Array;
  readonly seq: number;
  /** Null for a base that carries its transaction: the value then comes from the block table. */
  readonly chain: number | null;
  readonly pageCount: number;
  readonly schemaVersion: number;
  readonly oldestWriterVersion: number;
}

export interface Base extends Omit<BaseHeader, 'chain'> {
  readonly chain: number;
  readonly carriesTransaction: boolean;
  /** The SQLite file, sharing memory with the file that was read. */
  readonly image: Uint8Array<ArrayBuffer>;
}

/** A newer format is neither repaired nor removed by this code: it asks for an update instead. */
export type Decoded<T> = T | 'newer-format' | 'damaged';

/** The value that record 1 names as the CRC before it. */
export const chainStart = (databaseId: Uint8Array): number => crc32c(databaseId);

function writeMagic(bytes: Uint8Array, magic: string): void {
  for (let index = 0; index < magic.length; index++) bytes[index] = magic.charCodeAt(index);
}

function hasMagic(bytes: Uint8Array, magic: string): boolean {
  for (let index = 0; index < magic.length; index++) {
    if (bytes[index] !== magic.charCodeAt(index)) return false;
  }
  return true;
}

export function encodeSegment(
  databaseId: Uint8Array,
  owner: Owner,
  records: readonly LogRecord[],
): Uint8Array<ArrayBuffer> {
  const first = records[0];
  const last = records.at(-1);
  assert(first !== undefined && last !== undefined, 'a segment holds at least one record');
  assert(last.seq - first.seq === records.length - 1, 'the records of a segment are consecutive');
  const length = records.reduce((sum, record) => sum + record.bytes.length, SEGMENT_HEADER_BYTES);
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  writeMagic(bytes, SEGMENT_MAGIC);
  view.setUint16(8, FORMAT_VERSION, true);
  view.setUint16(10, SEGMENT_HEADER_BYTES, true);
  view.setUint32(12, length, true);
  bytes.set(databaseId, 16);
  view.setBigUint64(32, BigInt(first.seq), true);
  view.setBigUint64(40, BigInt(last.seq), true);
  view.setUint32(48, owner.epoch, true);
  view.setUint32(52, owner.nonce, true);
  view.setUint32(56, records.length, true);
  view.setUint32(60, crc32c(bytes, 0, 60), true);
  let at = SEGMENT_HEADER_BYTES;
  for (const record of records) {
    bytes.set(record.bytes, at);
    at += record.bytes.length;
  }
  return bytes;
}

export function decodeSegment(bytes: Uint8Array): Decoded<Segment> {
  if (bytes.length < SEGMENT_HEADER_BYTES || !hasMagic(bytes, SEGMENT_MAGIC)) return 'damaged';
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (crc32c(bytes, 0, 60) !== view.getUint32(60, true)) return 'damaged';
  if (view.getUint16(8, true) !== FORMAT_VERSION) return 'newer-format';
  const firstSeq = Number(view.getBigUint64(32, true));
  const recordCount = view.getUint32(56, true);
  const found = decodeRecords(bytes, SEGMENT_HEADER_BYTES);
  // Records of another file may lie behind a torn write: only the announced run counts.
  const records: LogRecord[] = [];
  for (const record of found) {
    if (records.length === recordCount || record.seq !== firstSeq + records.length) break;
    records.push(record);
  }
  if (records.length === 0) return 'damaged';
  return {
    databaseId: bytes.slice(16, 32),
    epoch: view.getUint32(48, true),
    nonce: view.getUint32(52, true),
    records,
    torn: records.length !== recordCount || bytes.length !== view.getUint32(12, true),
  };
}

/** One exactly sized buffer for a base; the image is copied into `image`, then `sealBase` finishes it. */
export interface BaseBuffer {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly image: Uint8Array<ArrayBuffer>;
}

const firstPageAt = (blockCount: number): number =>
  Math.ceil((BASE_HEADER_BYTES + 4 * blockCount + 4) / PAGE_SIZE_BYTES) * PAGE_SIZE_BYTES;

export function allocateBase(pageCount: number): BaseBuffer {
  const imageAt = firstPageAt(Math.ceil(pageCount / PAGES_PER_BLOCK));
  const bytes = new Uint8Array(imageAt + pageCount * PAGE_SIZE_BYTES);
  return { bytes, image: bytes.subarray(imageAt) };
}

/** Writes header and block table around the image; returns the chain value of the base. */
export function sealBase(buffer: BaseBuffer, header: BaseHeader): number {
  const { bytes, image } = buffer;
  assert(image.length === header.pageCount * PAGE_SIZE_BYTES, 'the image has the announced size');
  const view = new DataView(bytes.buffer);
  const blockCount = Math.ceil(header.pageCount / PAGES_PER_BLOCK);
  const tableEnd = BASE_HEADER_BYTES + 4 * blockCount;
  for (let block = 0; block < blockCount; block++) {
    view.setUint32(BASE_HEADER_BYTES + 4 * block, blockCrc(image, block), true);
  }
  const chain = header.chain ?? crc32c(bytes, BASE_HEADER_BYTES, tableEnd);
  writeMagic(bytes, BASE_MAGIC);
  view.setUint16(8, FORMAT_VERSION, true);
  view.setUint16(10, header.chain === null ? BASE_CARRIES_TRANSACTION : 0, true);
  view.setUint32(12, image.byteOffset, true);
  bytes.set(header.databaseId, 16);
  view.setBigUint64(32, BigInt(header.seq), true);
  view.setUint32(40, header.epoch, true);
  view.setUint32(44, header.nonce, true);
  view.setUint32(48, chain, true);
  view.setUint32(52, PAGE_SIZE_BYTES, true);
  view.setUint32(56, header.pageCount, true);
  view.setUint32(60, header.schemaVersion, true);
  view.setUint32(64, header.oldestWriterVersion, true);
  view.setUint32(68, PAGES_PER_BLOCK, true);
  view.setUint32(72, blockCount, true);
  view.setUint32(tableEnd, crc32c(bytes, 0, tableEnd), true);
  return chain;
}

function blockCrc(image: Uint8Array, block: number): number {
  const from = block * PAGES_PER_BLOCK * PAGE_SIZE_BYTES;
  return crc32c(image, from, Math.min(image.length, from + PAGES_PER_BLOCK * PAGE_SIZE_BYTES));
}

export function decodeBase(bytes: Uint8Array<ArrayBuffer>): Decoded<Base> {
  if (bytes.length < PAGE_SIZE_BYTES || !hasMagic(bytes, BASE_MAGIC)) return 'damaged';
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const blockCount = view.getUint32(72, true);
  const tableEnd = BASE_HEADER_BYTES + 4 * blockCount;
  if (tableEnd + 4 > bytes.length) return 'damaged';
  if (crc32c(bytes, 0, tableEnd) !== view.getUint32(tableEnd, true)) return 'damaged';
  if (view.getUint16(8, true) !== FORMAT_VERSION) return 'newer-format';
  const pageCount = view.getUint32(56, true);
  const imageAt = view.getUint32(12, true);
  const sizesAgree =
    view.getUint32(52, true) === PAGE_SIZE_BYTES &&
    view.getUint32(68, true) === PAGES_PER_BLOCK &&
    blockCount === Math.ceil(pageCount / PAGES_PER_BLOCK) &&
    imageAt === firstPageAt(blockCount) &&
    bytes.length === imageAt + pageCount * PAGE_SIZE_BYTES;
  if (!sizesAgree) return 'damaged';
  const image = bytes.subarray(imageAt);
  for (let block = 0; block < blockCount; block++) {
    if (blockCrc(image, block) !== view.getUint32(BASE_HEADER_BYTES + 4 * block, true)) {
      return 'damaged';
    }
  }
  return {
    databaseId: bytes.slice(16, 32),
    seq: Number(view.getBigUint64(32, true)),
    epoch: view.getUint32(40, true),
    nonce: view.getUint32(44, true),
    chain: view.getUint32(48, true),
    pageCount,
    schemaVersion: view.getUint32(60, true),
    oldestWriterVersion: view.getUint32(64, true),
    carriesTransaction: (view.getUint16(10, true) & BASE_CARRIES_TRANSACTION) !== 0,
    image,
  };
}
