/**
 * Per-row bookkeeping: what the server has (row state), what waits to be sent (dirty rows), what the server
 * had when an intent began (base images), and which rows are held back and why. One key, one row in each.
 *
 * An upsert intent's payload equals the live row, except for orphaned rows, which live in their intent
 * alone. An intent's base is the version it was made on; its base image is the server's row at that base.
 */
import { must } from '../../shared/assert.ts';
import { hashCanonicalRows } from '../../shared/protocol/bundle-hash.ts';
import { rowToLocalJson } from '../../shared/schema/row-codec.ts';
import type { LocalRow } from '../../shared/schema/row-codec.ts';
import { getTable, hasRow, idOfKeyJson, keyJsonOf, rowFromLocalJson } from './catalog.ts';
import type { Catalog, SyncedTable } from './catalog.ts';
import type { Sql, SqlRow } from './ports.ts';
import { numberOf, textOf } from './state.ts';

export interface RowState {
  readonly version: number;
  readonly deleted: boolean;
}

export interface Intent {
  readonly table: SyncedTable;
  readonly id: string;
  readonly base: number;
  /** Null: the row is to be deleted. */
  readonly payload: LocalRow | null;
  readonly ordinal: number;
}

export type HeldReason = 'conflict' | 'rejected' | 'orphaned';

export interface Held {
  readonly table: SyncedTable;
  readonly id: string;
  readonly reason: HeldReason;
  readonly detail: Readonly<Record<string, unknown>>;
}

const WHERE = 'where schema_name = ?1 and table_name = ?2 and key_json = ?3';

/** Names one row in all of the engine's tables. */
export type RowKey = readonly [schemaName: string, tableName: string, keyJson: string];

export const rowKey = (catalog: Catalog, table: SyncedTable, id: string): RowKey => [
  catalog.schemaName,
  table.name,
  keyJsonOf(table, id),
];

export function findRowState(sql: Sql, key: RowKey): RowState | null {
  const [row] = sql.all(`select row_version, deleted from _sync_row_state ${WHERE}`, key);
  return row === undefined
    ? null
    : { version: numberOf(row, 'row_version'), deleted: numberOf(row, 'deleted') === 1 };
}

export function setRowState(sql: Sql, key: RowKey, state: RowState): void {
  sql.run(
    `insert into _sync_row_state (schema_name, table_name, key_json, row_version, deleted)
     values (?1, ?2, ?3, ?4, ?5)
     on conflict (schema_name, table_name, key_json) do update set row_version = excluded.row_version,
       deleted = excluded.deleted, updated_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now')`,
    [...key, state.version, state.deleted ? 1 : 0],
  );
}

export function dropRowState(sql: Sql, key: RowKey): void {
  sql.run(`delete from _sync_row_state ${WHERE}`, key);
}

export function intentFromRow(sql: Sql, catalog: Catalog, row: SqlRow): Intent {
  const table = getTable(catalog, textOf(row, 'table_name'));
  const payload = row['payload'];
  return {
    table,
    id: idOfKeyJson(table, textOf(row, 'key_json')),
    base: numberOf(row, 'base_row_version'),
    payload: typeof payload === 'string' ? rowFromLocalJson(sql, table, payload) : null,
    ordinal: numberOf(row, 'dirty_ordinal'),
  };
}

export function findIntent(sql: Sql, catalog: Catalog, key: RowKey): Intent | null {
  const [row] = sql.all(
    `select table_name, key_json, base_row_version, payload, dirty_ordinal from _sync_dirty_rows ${WHERE}`,
    key,
  );
  return row === undefined ? null : intentFromRow(sql, catalog, row);
}

/** Makes or changes an intent. An existing one keeps its place in the order. */
export function setIntent(
  sql: Sql,
  table: SyncedTable,
  key: RowKey,
  base: number,
  payload: LocalRow | null,
): void {
  const state = findRowState(sql, key);
  const isLive = state !== null && !state.deleted;
  sql.run(
    `insert into _sync_dirty_rows (schema_name, table_name, key_json, op, base_row_version, payload, dirty_ordinal)
     values (?1, ?2, ?3, ?4, ?5, ?6, (select coalesce(max(dirty_ordinal), 0) + 1 from _sync_dirty_rows))
     on conflict (schema_name, table_name, key_json) do update set op = excluded.op,
       base_row_version = excluded.base_row_version, payload = excluded.payload,
       updated_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now')`,
    [
      ...key,
      payload === null ? 'DELETE' : isLive ? 'UPDATE' : 'INSERT',
      base,
      payload === null ? null : rowToLocalJson(table.declared, payload),
    ],
  );
}

/** The intent is settled: nothing of it remains. */
export function dropIntent(sql: Sql, key: RowKey): void {
  for (const table of ['_sync_dirty_rows', '_sync_x_base', '_sync_x_local_tx', '_sync_x_held'])
    sql.run(`delete from ${table} ${WHERE}`, key);
}

export function findBase(sql: Sql, table: SyncedTable, key: RowKey): LocalRow | null {
  const [row] = sql.all(`select payload from _sync_x_base ${WHERE}`, key);
  return row === undefined ? null : rowFromLocalJson(sql, table, textOf(row, 'payload'));
}

export function setBase(
  sql: Sql,
  table: SyncedTable,
  key: RowKey,
  version: number,
  row: LocalRow | null,
): void {
  if (row === null) {
    sql.run(`delete from _sync_x_base ${WHERE}`, key);
    return;
  }
  sql.run(
    `insert into _sync_x_base (schema_name, table_name, key_json, row_version, payload)
     values (?1, ?2, ?3, ?4, ?5)
     on conflict (schema_name, table_name, key_json) do update set row_version = excluded.row_version,
       payload = excluded.payload`,
    [...key, version, rowToLocalJson(table.declared, row)],
  );
}

/** A fingerprint of an intent's image: a hold ends when the person changes the row. */
function imageHashOf(sql: Sql, key: RowKey): string | null {
  const [row] = sql.all(
    `select coalesce(payload, 'deleted') as image from _sync_dirty_rows ${WHERE}`,
    key,
  );
  return row === undefined ? null : hashCanonicalRows([textOf(row, 'image')]).hash;
}

export function hold(
  sql: Sql,
  key: RowKey,
  reason: HeldReason,
  detail: Readonly<Record<string, unknown>>,
): void {
  sql.run(
    `insert into _sync_x_held (schema_name, table_name, key_json, reason, detail, image_hash)
     values (?1, ?2, ?3, ?4, ?5, ?6)
     on conflict (schema_name, table_name, key_json) do update set reason = excluded.reason,
       detail = excluded.detail, image_hash = excluded.image_hash`,
    [
      ...key,
      reason,
      JSON.stringify(detail),
      must(imageHashOf(sql, key), 'only a row with an intent is held'),
    ],
  );
}

/** After a change of the image that was not the person's, its fingerprint is taken anew. */
export function rehash(sql: Sql, tableName: string): void {
  const rows = sql.all(
    'select schema_name, table_name, key_json from _sync_x_held where table_name = ?1',
    [tableName],
  );
  for (const row of rows) {
    const key: RowKey = [textOf(row, 'schema_name'), tableName, textOf(row, 'key_json')];
    const hash = imageHashOf(sql, key);
    if (hash !== null) sql.run(`update _sync_x_held set image_hash = ?4 ${WHERE}`, [...key, hash]);
  }
}

export function release(sql: Sql, key: RowKey): void {
  sql.run(`delete from _sync_x_held ${WHERE}`, key);
}

export function findHeld(sql: Sql, table: SyncedTable, id: string, key: RowKey): Held | null {
  const [row] = sql.all(`select reason, detail from _sync_x_held ${WHERE}`, key);
  if (row === undefined) return null;
  const reason = textOf(row, 'reason');
  return {
    table,
    id,
    reason: reason === 'rejected' || reason === 'orphaned' ? reason : 'conflict',
    detail: JSON.parse(textOf(row, 'detail')) as Readonly<Record<string, unknown>>,
  };
}

/**
 * Holds end where the row was changed since, or where its intent is gone. Orphans wait for a parent, or for
 * a person who writes the row again.
 */
export function releaseChanged(sql: Sql, catalog: Catalog): void {
  const held = sql.all(
    'select schema_name, table_name, key_json, reason, image_hash from _sync_x_held',
  );
  for (const row of held) {
    const key: RowKey = [
      textOf(row, 'schema_name'),
      textOf(row, 'table_name'),
      textOf(row, 'key_json'),
    ];
    const image = imageHashOf(sql, key);
    const table = getTable(catalog, key[1]);
    const isAway =
      textOf(row, 'reason') === 'orphaned' && !hasRow(sql, table, idOfKeyJson(table, key[2]));
    const isChanged = textOf(row, 'reason') === 'orphaned' || image !== textOf(row, 'image_hash');
    if (image === null || (isChanged && !isAway)) release(sql, key);
  }
}

/**
 * A row refused for a missing parent is tried again once something of the parent's table has arrived.
 */
export function releaseRefused(sql: Sql, writtenTables: ReadonlySet<string>): void {
  const held = sql.all(
    `select schema_name, table_name, key_json, detail from _sync_x_held where reason = 'rejected'`,
  );
  for (const row of held) {
    const detail = JSON.parse(textOf(row, 'detail')) as Readonly<Record<string, unknown>>;
    const parent = detail['referenced_table'];
    if (detail['constraint'] !== 'foreign_key' || typeof parent !== 'string') continue;
    if (writtenTables.has(parent.slice(parent.lastIndexOf('.') + 1)))
      release(sql, [
        textOf(row, 'schema_name'),
        textOf(row, 'table_name'),
        textOf(row, 'key_json'),
      ]);
  }
}

export const countHeld = (sql: Sql): number =>
  numberOf(must(sql.all('select count(*) as rows from _sync_x_held')[0], 'a count'), 'rows');

/** Rows that the server has not acknowledged: dirty and frozen ones. */
export const countPending = (sql: Sql): number =>
  numberOf(
    must(
      sql.all(
        'select (select count(*) from _sync_dirty_rows) + (select count(*) from _sync_outbox_rows) as rows',
      )[0],
      'a count',
    ),
    'rows',
  );
