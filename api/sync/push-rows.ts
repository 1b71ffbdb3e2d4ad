/**
 * Checks pushed rows one after the other, in the order of protocol.md §5.2, before any database work.
 * What passes is in the form in which it is staged; what fails is named with a rejection document, and
 * then nothing of the chunk is kept. Pure.
 */
import { hexEncode, isWellFormed, utf8Encode, utf8Length } from '../../shared/bytes.ts';
import { canonicalJson } from '../../shared/protocol/canonical-json.ts';
import type { Rejection, ValueCategory } from '../../shared/protocol/errors.ts';
import { isCanonicalUuid, type WireOp } from '../../shared/protocol/shapes.ts';
import { checkWireValue } from '../../shared/schema/value-wire.ts';
import { type RegisteredTable, type Registry, SCOPE_COLUMN } from './registry.ts';

export interface StagedRow {
  readonly table: RegisteredTable;
  readonly op: WireOp;
  readonly keyText: string;
  readonly keyHex: string;
  readonly baseRowVersion: number;
  /** Sorted and joined by commas; empty on DELETE. */
  readonly columns: string;
  readonly payload: Readonly<Record<string, unknown>> | null;
  /** The canonical object of the row for the request hash, as the client sent it. */
  readonly request: string;
  readonly requestBytes: number;
}

export interface RowLimits {
  readonly rowBytesMax: number;
  readonly textKeyBytesMax: number;
}

/** A refusal of one row: words for people, and the document when the row could be named. */
export interface RowRefusal {
  readonly message: string;
  readonly rejection: Rejection | null;
}

type Checked<T> = { readonly value: T } | { readonly refusal: RowRefusal };

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const plainRefusal = (message: string): { readonly refusal: RowRefusal } => ({
  refusal: { message, rejection: null },
});

const OPS: ReadonlyMap<string, WireOp> = new Map([
  ['INSERT', 'INSERT'],
  ['UPDATE', 'UPDATE'],
  ['DELETE', 'DELETE'],
]);

/** What is known of a row once its table, op and key are: enough to name it. */
interface NamedRow {
  readonly table: RegisteredTable;
  readonly op: WireOp;
  readonly keyText: string;
  readonly ordinal: number;
}

function reject(
  row: NamedRow,
  constraint: Rejection['constraint'],
  message: string,
  more: { readonly name?: string; readonly column?: string; readonly category?: ValueCategory },
): { readonly refusal: RowRefusal } {
  return {
    refusal: {
      message: `row ${String(row.ordinal)} (${row.table.schema}.${row.table.table}): ${message}`,
      rejection: {
        row_ordinal: row.ordinal,
        schema: row.table.schema,
        table: row.table.table,
        key: { [row.table.key]: row.keyText },
        op: row.op,
        constraint,
        constraint_name: more.name ?? null,
        columns: more.column === undefined ? [] : [more.column],
        referenced_table: null,
        category: more.category ?? null,
      },
    },
  };
}

function checkKeyText(table: RegisteredTable, text: string, limits: RowLimits): string | null {
  if (table.keyType === 'uuid')
    return isCanonicalUuid(text) ? null : 'its key is not a canonical UUID';
  if (text.trim() === '') return 'its key is blank';
  if (text.includes('\u0000') || !isWellFormed(text)) return 'its key is not valid text';
  return utf8Length(text) > limits.textKeyBytesMax ? 'its key is too long' : null;
}

/** Steps 2 to 4: which table, what is done, to which key. */
function nameRow(
  registry: Registry,
  row: Readonly<Record<string, unknown>>,
  ordinal: number,
  limits: RowLimits,
): Checked<NamedRow> {
  const where = `row ${String(ordinal)}`;
  const { schema: rawSchema = '', table: rawTable, op: rawOp, base_row_version: base } = row;
  if (typeof rawSchema !== 'string' || typeof rawTable !== 'string') {
    return plainRefusal(`${where}: schema and table are strings`);
  }
  const schema = rawSchema.trim().toLowerCase();
  const table = registry.find(schema === '' ? 'public' : schema, rawTable.trim().toLowerCase());
  if (table === undefined) return plainRefusal(`${where}: the table is not registered for sync`);
  const op = typeof rawOp === 'string' ? OPS.get(rawOp.trim().toUpperCase()) : undefined;
  if (op === undefined) return plainRefusal(`${where}: op is INSERT, UPDATE or DELETE`);
  if (!Number.isSafeInteger(base) || (base as number) < 0) {
    return plainRefusal(`${where}: base_row_version is an integer from 0`);
  }
  const key =
    isObject(row['key']) && Object.hasOwn(row['key'], table.key)
      ? row['key'][table.key]
      : undefined;
  if (typeof key !== 'string')
    return plainRefusal(`${where}: key has the string member "${table.key}"`);
  const named = { table, op, keyText: key, ordinal };
  if (table.serverWritten) {
    return reject(named, 'check', 'only the server writes this table', { name: 'server_written' });
  }
  const wrong = checkKeyText(table, key, limits);
  if (wrong !== null) return plainRefusal(`${where}: ${wrong}`);
  return { value: named };
}

/** Steps 7 and 8: names and values of an INSERT or UPDATE; keys of the result are column names. */
function checkPayload(
  row: NamedRow,
  payload: Readonly<Record<string, unknown>>,
): Checked<Readonly<Record<string, unknown>>> {
  const values = new Map<string, unknown>();
  for (const [rawName, value] of Object.entries(payload)) {
    const name = rawName.toLowerCase();
    if (name === SCOPE_COLUMN)
      return plainRefusal(`row ${String(row.ordinal)}: the scope column cannot be sent`);
    const column = row.table.columnsByName.get(name);
    if (column === undefined) {
      const shown = /^[a-z0-9_]{1,63}$/.test(name) ? name : '?';
      return reject(row, 'unknown_column', `there is no column "${shown}"`, { column: shown });
    }
    if (values.has(name))
      return plainRefusal(`row ${String(row.ordinal)}: "${name}" is there twice`);
    const category = checkWireValue(column.type, value, column.sqlType);
    if (category !== null) {
      return reject(row, 'type', `"${name}" is refused as ${category}`, { column: name, category });
    }
    if (name === row.table.key && value !== row.keyText) {
      return plainRefusal(`row ${String(row.ordinal)}: the payload's key differs from the key`);
    }
    values.set(name, value);
  }
  values.set(row.table.key, row.keyText);
  return { value: Object.fromEntries(values) };
}

/**
 * The row for the request hash, as it was sent, spelling included, and how large a snapshot row of it is at
 * least: what the server's defaults and its own spelling add is measured at commit.
 */
function measureRow(
  { table, op, keyText, ordinal }: NamedRow,
  raw: Readonly<Record<string, unknown>>,
): { readonly request: string; readonly requestBytes: number; readonly snapshotBytes: number } {
  const key = canonicalJson({ [table.key]: keyText });
  // Values were found well formed before.
  const payload = canonicalJson(raw['payload'] ?? null);
  const payloadBytes = utf8Length(payload);
  const { schema, table: name } = table;
  const before = `{"base_row_version":"${String(raw['base_row_version'])}","key":${key},"op":"${op}","payload":`;
  const after = `,"row_ordinal":"${String(ordinal)}","schema":"${schema}","table":"${name}"}`;
  const frozen = `{"schema":"${schema}","table":"${name}","key":${key},"row_version":1,"payload":}`;
  return {
    request: `${before}${payload}${after}`,
    requestBytes: utf8Length(before) + payloadBytes + utf8Length(after),
    snapshotBytes: utf8Length(frozen) + payloadBytes,
  };
}

function checkRow(
  registry: Registry,
  raw: unknown,
  ordinal: number,
  limits: RowLimits,
): Checked<StagedRow> {
  if (!isObject(raw)) return plainRefusal(`row ${String(ordinal)}: a row is an object`);
  const name = nameRow(registry, raw, ordinal, limits);
  if ('refusal' in name) return name;
  const { table, op, keyText } = name.value;
  const hasPayload = Object.hasOwn(raw, 'payload');
  let payload: Readonly<Record<string, unknown>> | null = null;
  if (op === 'DELETE') {
    if (hasPayload) return plainRefusal(`row ${String(ordinal)}: a DELETE has no payload`);
  } else {
    if (!isObject(raw['payload']))
      return plainRefusal(`row ${String(ordinal)}: payload is an object`);
    const checked = checkPayload(name.value, raw['payload']);
    if ('refusal' in checked) return checked;
    payload = checked.value;
  }
  const { request, requestBytes, snapshotBytes } = measureRow(name.value, raw);
  if (snapshotBytes > limits.rowBytesMax) {
    return reject(name.value, 'type', 'the row is too large', { category: 'row_too_large' });
  }
  return {
    value: {
      table,
      op,
      keyText,
      keyHex:
        table.keyType === 'uuid' ? keyText.replaceAll('-', '') : hexEncode(utf8Encode(keyText)),
      baseRowVersion: raw['base_row_version'] as number,
      columns: payload === null ? '' : Object.keys(payload).sort(byText).join(','),
      payload,
      request,
      requestBytes,
    },
  };
}

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

export interface CheckedRows {
  readonly rows: readonly StagedRow[];
  readonly refusals: readonly RowRefusal[];
}

/** Checks the rows in order, the first at `startOrdinal`; goes on after a refusal up to `refusalsMax`. */
export function checkRows(
  registry: Registry,
  rows: readonly unknown[],
  startOrdinal: number,
  limits: RowLimits,
  refusalsMax: number,
): CheckedRows {
  const staged: StagedRow[] = [];
  const refusals: RowRefusal[] = [];
  const seen = new Set<string>();
  for (const [index, raw] of rows.entries()) {
    const checked = checkRow(registry, raw, startOrdinal + index, limits);
    if ('refusal' in checked) {
      refusals.push(checked.refusal);
      if (refusals.length >= refusalsMax) break;
      continue;
    }
    const row = checked.value;
    const identity = `${String(row.table.tableNo)}:${row.keyHex}`;
    if (seen.has(identity)) {
      refusals.push({
        message: `row ${String(startOrdinal + index)}: its key is there twice`,
        rejection: null,
      });
      if (refusals.length >= refusalsMax) break;
    }
    seen.add(identity);
    staged.push(row);
  }
  return { rows: staged, refusals };
}
