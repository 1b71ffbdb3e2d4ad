/**
 * The one renderer: SQL expressions that give a row its wire form as canonical JSON text, members
 * sorted, ready to be hashed and sent (protocol.md §3.1, §3.4). Bundles, snapshots, conflicts and
 * streams all use it, so a row has one spelling everywhere and no 64-bit number ever passes through a
 * JavaScript number.
 *
 * It relies on the pinned session (UTC, ISO dates, hex bytea): `to_json` of a timestamptz is then the
 * wire's `2024-01-02T01:04:05.5+00:00`, and `to_json` of text escapes exactly what RFC 8785 escapes.
 */
import { type RegisteredTable, type SyncColumn, SCOPE_COLUMN, tableSql } from './registry.ts';

/** The JSON text of one column of the row `alias`; SQL NULL becomes `null`. */
function valueSql(column: SyncColumn, alias: string): string {
  const value = `${alias}."${column.name}"`;
  switch (column.type) {
    case 'int2':
    case 'int4':
    case 'int8':
    case 'numeric':
    case 'uuid':
      return `coalesce('"' || ${value}::text || '"', 'null')`;
    case 'float4':
      // Widened first, so that the shortest text of the binary64 is printed.
      return `coalesce('"' || sync.ecma_number(${value}::float8) || '"', 'null')`;
    case 'float8':
      return `coalesce('"' || sync.ecma_number(${value}) || '"', 'null')`;
    case 'boolean':
      return `coalesce(${value}::text, 'null')`;
    case 'bytea':
      return `coalesce('"' || translate(encode(${value}, 'base64'), e'\\n', '') || '"', 'null')`;
    case 'text':
      return `coalesce(to_json(${value}::text)::text, 'null')`;
    case 'date':
    case 'timestamp':
    case 'timestamptz':
      return `coalesce(to_json(${value})::text, 'null')`;
    case 'json':
    case 'array':
      return `coalesce(sync.canonical_json(to_jsonb(${value})), 'null')`;
  }
}

const byName = (a: SyncColumn, b: SyncColumn): number => (a.name < b.name ? -1 : 1);

/** The columns in the order of canonical JSON. */
export const columnsByName = (table: RegisteredTable): readonly SyncColumn[] =>
  [...table.columns].sort(byName);

/** The JSON texts of a row's values, in that order, as an array. */
export const valuesSql = (table: RegisteredTable, alias: string): string =>
  `array[${columnsByName(table)
    .map((column) => valueSql(column, alias))
    .join(', ')}]`;

/** The canonical payload text of a row of `table` under `alias`. */
export function payloadSql(table: RegisteredTable, alias: string): string {
  const members = columnsByName(table).map(
    (column, index) => `'${index === 0 ? '{' : ','}"${column.name}":', ${valueSql(column, alias)}`,
  );
  // A function takes at most 100 arguments, so wide tables are joined from several calls.
  const parts: string[] = [];
  for (let index = 0; index < members.length; index += 40) {
    parts.push(`concat(${members.slice(index, index + 40).join(', ')})`);
  }
  return `(${parts.join(' || ')} || '}')`;
}

/** The key of a row as stored in row state, capture and bundle rows: 16 bytes, or UTF-8. */
export const keyBytesSql = (table: RegisteredTable, alias: string): string =>
  table.keyType === 'uuid'
    ? `uuid_send(${alias}."${table.key}")`
    : `convert_to(${alias}."${table.key}", 'UTF8')`;

/** The reverse: a bytea expression as a value of the key column's type. */
export const keyFromBytesSql = (table: RegisteredTable, bytes: string): string =>
  table.keyType === 'uuid' ? `encode(${bytes}, 'hex')::uuid` : `convert_from(${bytes}, 'UTF8')`;

/** `{"id":"…"}` from the catalogue row `catalog` and a bytea expression. */
export const keyJsonSql = (catalog: string, bytes: string): string =>
  `concat('{"', ${catalog}.key_column, '":', case ${catalog}.key_kind
    when 'uuid' then '"' || encode(${bytes}, 'hex')::uuid || '"'
    else to_json(convert_from(${bytes}, 'UTF8'))::text end, '}')`;

/** The catalogue row of `r.table_no` under the alias `c`; "offset" keeps it a look-up for each row. */
export const CATALOG_OF_ROW =
  'cross join lateral (select * from sync.table_catalog t where t.table_no = r.table_no offset 0) c';

/** A row of `table` matched by scope parameter and key bytes. */
export const rowMatchSql = (
  table: RegisteredTable,
  alias: string,
  scope: string,
  bytes: string,
): string =>
  `${alias}."${SCOPE_COLUMN}" = ${scope} and ${alias}."${table.key}" = ${keyFromBytesSql(table, bytes)}`;

/** The payload of the row of `table` with the key bytes `source.key`. */
export const tableImageSql = (table: RegisteredTable, source: string, scope: string): string =>
  `select ${payloadSql(table, 't')} from ${tableSql(table)} t
   where ${rowMatchSql(table, 't', scope, `${source}.key`)}`;

/**
 * The payload of the row that `source` names by `table_no` and `key`, as a scalar expression: one lookup
 * by primary key per row. Deliberately not a join. The planner cannot know how many rows a transaction
 * captured, and a join that it takes for a handful is quadratic for a thousand.
 */
export function imageSql(
  tables: readonly RegisteredTable[],
  source: string,
  scope: string,
): string {
  if (tables.length === 0) return 'null::text';
  const branches = tables.map(
    (table) => `when ${String(table.tableNo)} then (${tableImageSql(table, source, scope)})`,
  );
  return `case ${source}.table_no ${branches.join('\n')} end`;
}
