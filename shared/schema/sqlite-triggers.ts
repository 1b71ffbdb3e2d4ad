/**
 * The triggers that remember local writes (`protocol.md` §11.3). They fire for the application's
 * statements, for foreign-key actions and for other triggers alike, and stand still while the engine
 * applies what the server sent (`apply_mode` 1).
 *
 * Per key and until it is frozen there is one dirty row: its base never changes, its payload is the newest
 * image, its ordinal is that of the first write. The row as the server had it is kept beside it
 * (`_sync_x_base`) for merging, and the number of the local transaction (`_sync_x_local_tx`), because rows
 * of one transaction travel together. Integers are written into the JSON by SQLite itself, so no digit of a
 * 64-bit value passes through a JavaScript number. No local write is ever refused because of sync; tables
 * that only the server writes are guarded instead of captured.
 */
import type { Column, Schema, Table } from './types.ts';
import { tableOrder } from './validate.ts';

export interface Trigger {
  readonly name: string;
  readonly sql: string;
}

/** The message with which a write to a server-written table fails. */
export const SERVER_WRITTEN = 'server_written';

const quoted = (name: string): string => `"${name}"`;
const CAPTURING = '(select apply_mode from _sync_apply_state where singleton_key = 1) = 0';
const NOW = "strftime('%Y-%m-%dT%H:%M:%fZ', 'now')";

const jsonValue = (row: string, name: string, column: Column): string =>
  column.kind === 'blob'
    ? `case when ${row}.${quoted(name)} is null then null else lower(hex(${row}.${quoted(name)})) end`
    : `${row}.${quoted(name)}`;

/** A row as JSON: all columns, bytes as lower-case hex, null as null. */
export const rowJson = (table: Table, row: string): string =>
  `json_object(${Object.entries(table.columns)
    .map(([name, column]) => `'${name}', ${jsonValue(row, name, column)}`)
    .join(', ')})`;

const keyJson = (table: Table, row: string): string =>
  `json_object('${table.key}', ${row}.${quoted(table.key)})`;

function capture(
  schema: Schema,
  name: string,
  table: Table,
  row: 'new' | 'old',
  guard: string,
): string {
  const key = keyJson(table, row);
  const at = `schema_name = '${schema.name}' and table_name = '${name}' and key_json = ${key}`;
  const state = `from _sync_row_state where ${at}`;
  const op =
    row === 'old'
      ? `'DELETE'`
      : `case when exists (select 1 ${state} and deleted = 0) then 'UPDATE' else 'INSERT' end`;
  const payload = row === 'old' ? 'null' : rowJson(table, 'new');
  return `  insert into _sync_dirty_rows
      (schema_name, table_name, key_json, op, base_row_version, payload, dirty_ordinal, updated_at)
    select '${schema.name}', '${name}', ${key}, ${op},
      coalesce((select row_version ${state}), 0), ${payload},
      (select coalesce(max(dirty_ordinal), 0) + 1 from _sync_dirty_rows), ${NOW}
    where ${guard}
    on conflict (schema_name, table_name, key_json) do update
      set op = excluded.op, payload = excluded.payload, updated_at = excluded.updated_at;
  insert into _sync_x_local_tx (schema_name, table_name, key_json, tx)
    select '${schema.name}', '${name}', ${key}, local_tx from _sync_x_meta where ${guard}
    on conflict (schema_name, table_name, key_json) do update set tx = excluded.tx;`;
}

/** Keeps what the server had, the first time that a synced row is touched. */
function keepBase(schema: Schema, name: string, table: Table): string {
  const key = keyJson(table, 'old');
  return `  insert into _sync_x_base (schema_name, table_name, key_json, row_version, payload)
    select '${schema.name}', '${name}', ${key}, row_version, ${rowJson(table, 'old')}
    from _sync_row_state
    where schema_name = '${schema.name}' and table_name = '${name}' and key_json = ${key} and deleted = 0
    on conflict (schema_name, table_name, key_json) do nothing;`;
}

function captureTriggersOf(schema: Schema, name: string, table: Table): Trigger[] {
  const trigger = (suffix: string, when: string, body: readonly string[]): Trigger => ({
    name: `trg_${name}_${suffix}`,
    sql: `create trigger ${quoted(`trg_${name}_${suffix}`)} ${when} on ${quoted(name)} for each row when ${CAPTURING} begin\n${body.join('\n')}\nend`,
  });
  const keyChanged = `old.${quoted(table.key)} is not new.${quoted(table.key)}`;
  return [
    trigger('ai', 'after insert', [capture(schema, name, table, 'new', 'true')]),
    trigger('au', 'after update', [
      keepBase(schema, name, table),
      capture(schema, name, table, 'old', keyChanged),
      capture(schema, name, table, 'new', 'true'),
    ]),
    trigger('ad', 'after delete', [
      keepBase(schema, name, table),
      capture(schema, name, table, 'old', 'true'),
    ]),
  ];
}

function guardTriggersOf(name: string): Trigger[] {
  return (['insert', 'update', 'delete'] as const).map((event) => {
    const trigger = `trg_${name}_b${event.charAt(0)}_guard`;
    return {
      name: trigger,
      sql: `create trigger ${quoted(trigger)} before ${event} on ${quoted(name)} for each row when ${CAPTURING} begin\n  select raise(abort, '${SERVER_WRITTEN}');\nend`,
    };
  });
}

/** All triggers of the schema, each to be recreated only when its text changed. */
export function captureTriggers(schema: Schema): readonly Trigger[] {
  return tableOrder(schema).flatMap((name) => {
    const table = schema.tables[name];
    if (table === undefined) return [];
    return table.serverWritten ? guardTriggersOf(name) : captureTriggersOf(schema, name, table);
  });
}
