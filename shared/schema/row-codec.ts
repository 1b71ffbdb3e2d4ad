/**
 * A row on the device ⇄ the same row on the wire ⇄ the same row in the device's own JSON, exactly.
 *
 * | kind | local (SQLite) | wire | local JSON |
 * |---|---|---|---|
 * | id, key, text, day, order | text | the same text | the same text |
 * | instant | text of 24 characters | any UTC spelling in, ours out | text of 24 characters |
 * | milli, minor, count | integer | canonical decimal text | digits |
 * | flag | 0 or 1 | boolean (in: also "0", "1") | 0 or 1 |
 * | blob | bytes | canonical base64 | lower-case hex |
 *
 * Decoding the wire is strict: a payload has exactly the table's columns, and a value that does not have
 * its one canonical spelling is refused with a typed failure; nothing is ever half decoded. Integers are
 * read from text, so no digit passes through a JavaScript number unless the number is exact.
 */
import {
  base64Decode,
  base64Encode,
  areBytesEqual,
  hexDecode,
  hexEncode,
  isSendableText,
} from '../bytes.ts';
import { assert } from '../assert.ts';
import { err, ok } from '../result.ts';
import type { Result } from '../result.ts';
import { isPlainlyInstant, normalizeInstant } from './instant.ts';
import type { Column, Table } from './types.ts';
import { checkWireValue, wireTypeOfKind } from './value-wire.ts';

/** A value as SQLite holds it. */
export type LocalValue = string | number | bigint | Uint8Array | null;
export type LocalRow = Readonly<Record<string, LocalValue>>;

/** A value as it travels; numbers of columns are text. */
export type WireValue = string | boolean | null;
export type WireRow = Readonly<Record<string, WireValue>>;

export interface RowFailure {
  readonly type: 'row-invalid';
  readonly table: string;
  readonly column: string | null;
  readonly reason: string;
}

const failure = (table: string, column: string | null, reason: string): RowFailure => ({
  type: 'row-invalid',
  table,
  column,
  reason,
});

const isInteger = (column: Column): boolean =>
  column.kind === 'milli' || column.kind === 'minor' || column.kind === 'count';

/** A number while it is exact, else a bigint: the form in which the SQL port gives integers. */
export function integerFromText(text: string): number | bigint {
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : BigInt(text);
}

function integerToText(value: LocalValue): string {
  assert(
    typeof value === 'bigint' || Number.isSafeInteger(value),
    'an integer of a row is a bigint or an exact number',
  );
  return String(value);
}

/** Canonical, and within the bounds of every integer type. */
const PLAIN_INTEGER = /^(?:0|-?[1-9]\d{0,8})$/;

/** What most values are, found out at little cost; null where the rules have to be asked. */
function plainValue(column: Column, value: unknown): LocalValue {
  if (typeof value === 'boolean') return column.kind === 'flag' ? Number(value) : null;
  if (typeof value !== 'string') return null;
  if (isInteger(column)) return PLAIN_INTEGER.test(value) ? Number(value) : null;
  return column.kind === 'instant' && isPlainlyInstant(value) ? value : null;
}

/** The local form of one wire value, or the reason for refusing it. */
export function valueFromWire(column: Column, value: unknown): Result<LocalValue, string> {
  if (value === null) return column.nullable ? ok(null) : err('null');
  const plain = plainValue(column, value);
  return plain === null ? valueByRules(column, value) : ok(plain);
}

/** Every spelling, by the rules of the wire. */
export function valueByRules(column: Column, value: unknown): Result<LocalValue, string> {
  const received = isInteger(column) && typeof value === 'boolean' ? String(Number(value)) : value;
  const refused = checkWireValue(wireTypeOfKind[column.kind], received);
  if (refused !== null) return err(refused);
  if (column.kind === 'flag') return ok(received === true || received === '1' ? 1 : 0);
  assert(typeof received === 'string', 'every other accepted value of ours is text');
  if (isInteger(column)) return ok(integerFromText(received));
  switch (column.kind) {
    case 'instant': {
      const instant = normalizeInstant(received);
      return instant === null ? err('malformed') : ok(instant);
    }
    case 'blob': {
      const bytes = base64Decode(received);
      return bytes === null ? err('noncanonical') : ok(bytes);
    }
    case 'id':
    case 'key':
    case 'text':
    case 'day':
    case 'order':
    case 'milli':
    case 'minor':
    case 'count':
      return ok(received);
  }
}

/** The columns of a table, made once: every row asks for them. */
const entriesByTable = new WeakMap<Table, readonly (readonly [name: string, column: Column])[]>();

function entriesOf(table: Table): readonly (readonly [name: string, column: Column])[] {
  const known = entriesByTable.get(table);
  if (known !== undefined) return known;
  const entries = Object.entries(table.columns);
  entriesByTable.set(table, entries);
  return entries;
}

/** Decodes a wire payload: exactly the table's columns, names in any case, none twice. */
export function rowFromWire(
  tableName: string,
  table: Table,
  payload: Readonly<Record<string, unknown>>,
): Result<LocalRow, RowFailure> {
  const entries = entriesOf(table);
  const isSpelledAsDeclared =
    Object.keys(payload).length === entries.length &&
    entries.every(([name]) => Object.hasOwn(payload, name));
  const received = isSpelledAsDeclared ? ok(payload) : columnsByName(tableName, table, payload);
  if (!received.ok) return received;
  const row: Record<string, LocalValue> = {};
  for (const [name, column] of entries) {
    const value = valueFromWire(column, received.value[name]);
    if (!value.ok) return err(failure(tableName, name, value.error));
    row[name] = value.value;
  }
  return ok(row);
}

/** The payload under the names as declared. */
function columnsByName(
  tableName: string,
  table: Table,
  payload: Readonly<Record<string, unknown>>,
): Result<Readonly<Record<string, unknown>>, RowFailure> {
  const received = new Map<string, unknown>();
  for (const [name, value] of Object.entries(payload)) {
    const lower = name.toLowerCase();
    if (received.has(lower)) return err(failure(tableName, lower, 'named twice'));
    if (!Object.hasOwn(table.columns, lower))
      return err(failure(tableName, lower, 'unknown column'));
    received.set(lower, value);
  }
  for (const name of Object.keys(table.columns)) {
    if (!received.has(name))
      return err(
        failure(tableName, name, `payload for ${tableName} must contain every table column`),
      );
  }
  return ok(Object.fromEntries(received));
}

function valueToWire(column: Column, value: LocalValue): Result<WireValue, string> {
  if (value === null) return column.nullable ? ok(null) : err('null');
  switch (column.kind) {
    case 'flag':
      return value === 0 || value === 1 ? ok(value === 1) : err('malformed');
    case 'milli':
    case 'minor':
    case 'count':
      return ok(integerToText(value));
    case 'blob':
      return value instanceof Uint8Array ? ok(base64Encode(value)) : err('malformed');
    case 'id':
    case 'key':
    case 'text':
    case 'instant':
    case 'day':
    case 'order':
      if (typeof value !== 'string') return err('malformed');
      return isSendableText(value) ? ok(value) : err('invalid_text');
  }
}

/** Encodes a whole local row. What cannot be sent is a failure, because it should never have got in. */
export function rowToWire(
  tableName: string,
  table: Table,
  row: LocalRow,
): Result<WireRow, RowFailure> {
  const wire: Record<string, WireValue> = {};
  for (const [name, column] of Object.entries(table.columns)) {
    const value = row[name];
    if (value === undefined) return err(failure(tableName, name, 'missing'));
    const encoded = valueToWire(column, value);
    if (!encoded.ok) return err(failure(tableName, name, encoded.error));
    wire[name] = encoded.value;
  }
  return ok(wire);
}

/** The device's own JSON of a row, as the capture triggers write it. */
export function rowToLocalJson(table: Table, row: LocalRow): string {
  const members = Object.keys(table.columns).map((name) => {
    const value = row[name];
    assert(value !== undefined, 'a local row has every column');
    if (value instanceof Uint8Array) return `${JSON.stringify(name)}:"${hexEncode(value)}"`;
    const text =
      typeof value === 'string' || value === null ? JSON.stringify(value) : integerToText(value);
    return `${JSON.stringify(name)}:${text}`;
  });
  return `{${members.join(',')}}`;
}

/** A row from columns that SQLite extracted from the device's own JSON: only bytes need undoing. */
export function rowFromJsonColumns(table: Table, columns: LocalRow, prefix: string): LocalRow {
  const row: Record<string, LocalValue> = {};
  for (const [name, column] of Object.entries(table.columns)) {
    const value = columns[prefix + name] ?? null;
    if (column.kind === 'blob' && typeof value === 'string') {
      const bytes = hexDecode(value);
      assert(bytes !== null, 'bytes in local JSON are lower-case hex');
      row[name] = bytes;
    } else row[name] = value;
  }
  return row;
}

export function areValuesEqual(a: LocalValue, b: LocalValue): boolean {
  if (a instanceof Uint8Array) return b instanceof Uint8Array && areBytesEqual(a, b);
  if (typeof a === 'bigint' || typeof b === 'bigint')
    return (
      (typeof a === 'bigint' || typeof a === 'number') &&
      (typeof b === 'bigint' || typeof b === 'number') &&
      BigInt(a) === BigInt(b)
    );
  return a === b;
}

/** Typed equality, column by column. Both rows are in local form, so one value has one spelling. */
export function areRowsEqual(table: Table, a: LocalRow, b: LocalRow): boolean {
  return Object.keys(table.columns).every((name) =>
    areValuesEqual(a[name] ?? null, b[name] ?? null),
  );
}
