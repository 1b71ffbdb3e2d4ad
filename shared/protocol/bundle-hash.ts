/**
 * The two hashes of the protocol (protocol.md §3.5, §3.6): lower-case hex SHA-256 over the canonical
 * JSON of an array with one object per row. In both forms versions and ordinals are decimal strings and
 * a missing payload is `null`. The request hash covers what the client sent, the bundle hash what the
 * server committed. Synchronous on purpose: a client hashes inside its local transaction.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { hexEncode, utf8Encode, utf8Length } from '../bytes.ts';
import { canonicalJson } from './canonical-json.ts';

export interface HashedRequestRow {
  readonly schema: string;
  readonly table: string;
  readonly key: Readonly<Record<string, string>>;
  readonly op: string;
  readonly base_row_version: number | string;
  readonly payload?: unknown;
}

export interface HashedBundleRow {
  readonly schema: string;
  readonly table: string;
  readonly key: Readonly<Record<string, string>>;
  readonly op: string;
  readonly row_version: number | string;
  readonly payload?: unknown;
}

/** The canonical object of one pushed row; `ordinal` counts from 0 over all chunks. */
export function canonicalRequestRow(row: HashedRequestRow, ordinal: number): string {
  return canonicalJson({
    base_row_version: String(row.base_row_version),
    key: row.key,
    op: row.op,
    payload: row.payload ?? null,
    row_ordinal: String(ordinal),
    schema: row.schema,
    table: row.table,
  });
}

/** The canonical object of one committed row; `ordinal` counts from 0. */
export function canonicalBundleRow(row: HashedBundleRow, ordinal: number): string {
  return canonicalJson({
    key: row.key,
    op: row.op,
    payload: row.payload ?? null,
    row_ordinal: String(ordinal),
    row_version: String(row.row_version),
    schema: row.schema,
    table: row.table,
  });
}

export interface HashedText {
  readonly hash: string;
  /** UTF-8 length of the whole canonical array, which is also what the byte limits count. */
  readonly byteCount: number;
}

/** Hash and length of `[row,row,…]` without ever building the joined text. */
export function hashCanonicalRows(rows: readonly string[]): HashedText {
  const hasher = sha256.create();
  hasher.update(utf8Encode('['));
  let byteCount = 2;
  rows.forEach((row, index) => {
    const text = index === 0 ? row : `,${row}`;
    byteCount += utf8Length(text);
    hasher.update(utf8Encode(text));
  });
  hasher.update(utf8Encode(']'));
  return { hash: hexEncode(hasher.digest()), byteCount };
}

export function canonicalRequestHash(rows: readonly HashedRequestRow[]): HashedText {
  return hashCanonicalRows(rows.map((row, ordinal) => canonicalRequestRow(row, ordinal)));
}

export function bundleHash(rows: readonly HashedBundleRow[]): HashedText {
  return hashCanonicalRows(rows.map((row, ordinal) => canonicalBundleRow(row, ordinal)));
}

/** Hash of text as its UTF-8 bytes: what the trailer of a snapshot stream says of its row lines. */
export const textHash = (text: string): string => hexEncode(sha256(utf8Encode(text)));
