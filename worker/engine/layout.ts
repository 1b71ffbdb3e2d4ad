/**
 * The engine's own tables on the device (`protocol.md` §11.2), and the steps from each layout to the next.
 * Names and columns of the `_sync_…` tables are those that other clients of the protocol use; `_sync_x_…`
 * are ours. A new database goes the same way as an old one: the first layout, then every step, so that the
 * two cannot differ. Steps only go forward, never change once released, and run in the transaction that
 * opens the database: killed in the middle, the old layout is there.
 *
 * Reserved meaning: an outbox row of `_sync_outbox_bundle` is the one frozen bundle there may be;
 * `_sync_x_held` names dirty rows that a freeze must leave out; tables in `_sync_x_stale_tables` have columns
 * that this device never saw filled, until the next snapshot.
 */
import { wireContract } from '../../shared/protocol/version.ts';
import type { Sql } from './ports.ts';

const NOW = "(strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))";
const ROW_KEY = `schema_name text not null, table_name text not null, key_json text not null`;
const ROW_PRIMARY = `primary key (schema_name, table_name, key_json)`;
const SINGLETON = `singleton_key integer primary key not null check (singleton_key = 1)`;

const FIRST_LAYOUT = `
create table if not exists _sync_source_state (
  source_id text not null primary key, next_source_bundle_id integer not null default 1,
  replaced_by_source_id text not null default '', created_at text not null default ${NOW});
create table if not exists _sync_attachment_state (
  ${SINGLETON}, current_source_id text not null default '',
  binding_state text not null default 'anonymous', attached_user_id text not null default '',
  schema_name text not null default '', last_bundle_seq_seen integer not null default 0,
  rebuild_required integer not null default 0, pending_initialization_id text not null default '');
create table if not exists _sync_operation_state (
  ${SINGLETON}, kind text not null default 'none', target_user_id text not null default '',
  staged_snapshot_id text not null default '', snapshot_bundle_seq integer not null default 0,
  snapshot_row_count integer not null default 0, snapshot_byte_count integer not null default 0,
  snapshot_stage_complete integer not null default 0, reason text not null default '',
  replacement_source_id text not null default '');
create table if not exists _sync_apply_state (
  ${SINGLETON}, apply_mode integer not null default 0);
create table if not exists _sync_row_state (
  ${ROW_KEY}, row_version integer not null default 0, deleted integer not null default 0,
  updated_at text not null default ${NOW}, ${ROW_PRIMARY});
create table if not exists _sync_dirty_rows (
  ${ROW_KEY}, op text not null, base_row_version integer not null default 0, payload text,
  dirty_ordinal integer not null default 0, updated_at text not null default ${NOW}, ${ROW_PRIMARY});
create index if not exists idx_sync_dirty_rows_dirty_ordinal on _sync_dirty_rows (dirty_ordinal);
create table if not exists _sync_outbox_bundle (
  ${SINGLETON},
  canonical_json_contract text not null default '${wireContract}' check (canonical_json_contract = '${wireContract}'),
  state text not null default 'none', source_id text not null default '',
  source_bundle_id integer not null default 0, initialization_id text not null default '',
  canonical_request_hash text not null default '', row_count integer not null default 0,
  remote_bundle_hash text not null default '', remote_bundle_seq integer not null default 0);
create table if not exists _sync_outbox_rows (
  source_bundle_id integer not null, row_ordinal integer not null, schema_name text not null,
  table_name text not null, key_json text not null, wire_key_json text not null, op text not null,
  base_row_version integer not null default 0, local_payload text, wire_payload text,
  primary key (source_bundle_id, row_ordinal));
create table if not exists _sync_snapshot_stage (
  snapshot_id text not null, row_ordinal integer not null, ${ROW_KEY},
  row_version integer not null, payload text not null,
  primary key (snapshot_id, row_ordinal), unique (snapshot_id, schema_name, table_name, key_json));
create table if not exists _sync_managed_tables (
  schema_name text not null, table_name text not null, primary key (schema_name, table_name));
create table if not exists _sync_x_meta (
  ${SINGLETON}, layout_version integer not null default 1,
  server_epoch text not null default '', schema_version integer not null default 0,
  capabilities text not null default '', capabilities_at integer not null default 0,
  local_tx integer not null default 0);
create table if not exists _sync_x_base (
  ${ROW_KEY}, row_version integer not null, payload text not null, ${ROW_PRIMARY});
create table if not exists _sync_x_local_tx (${ROW_KEY}, tx integer not null, ${ROW_PRIMARY});
create table if not exists _sync_x_held (
  ${ROW_KEY}, reason text not null, detail text not null, image_hash text not null,
  held_at text not null default ${NOW}, ${ROW_PRIMARY});
insert or ignore into _sync_attachment_state (singleton_key) values (1);
insert or ignore into _sync_operation_state (singleton_key) values (1);
insert or ignore into _sync_apply_state (singleton_key) values (1);
insert or ignore into _sync_outbox_bundle (singleton_key) values (1);
insert or ignore into _sync_x_meta (singleton_key) values (1);
`;

/** `STEPS[n]` leads from layout n + 1 to the next. */
const STEPS: readonly string[] = [
  `
alter table _sync_x_meta add column lost_policy text not null default '';
alter table _sync_x_meta add column lost_base integer not null default 0;
create table _sync_x_lost (
  ${ROW_KEY}, mine text, theirs text, fate text not null, lost_at text not null default ${NOW}, ${ROW_PRIMARY});
create table _sync_x_stale_tables (table_name text not null primary key);
`,
];

export const LAYOUT_VERSION: number = 1 + STEPS.length;

/** The layout of a database that was used before; null: it is new. Changes nothing. */
export function findLayout(sql: Sql): { readonly layout: number; readonly schema: number } | null {
  const [table] = sql.all(`select 1 as found from sqlite_master where name = '_sync_x_meta'`);
  if (table === undefined) return null;
  const [meta] = sql.all('select layout_version, schema_version from _sync_x_meta');
  return {
    layout: Number(meta?.['layout_version'] ?? 1),
    schema: Number(meta?.['schema_version'] ?? 0),
  };
}

/** Brings the engine's tables to the current layout, inside the caller's transaction. */
export function migrateLayout(sql: Sql): void {
  if (findLayout(sql) === null) sql.script(FIRST_LAYOUT);
  const from = findLayout(sql)?.layout ?? 1;
  for (const step of STEPS.slice(from - 1)) sql.script(step);
  if (from < LAYOUT_VERSION)
    sql.run('update _sync_x_meta set layout_version = ?1', [LAYOUT_VERSION]);
}
