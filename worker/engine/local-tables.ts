/**
 * The engine's own tables on the device (`protocol.md` §11.2). Names and columns of the `_sync_…` tables
 * are those that other clients of the protocol use; `_sync_x_…` are ours. Everything is created in the
 * transaction that also creates the synced tables and their triggers, is harmless to run again, and is
 * migrated forward by `layout_version`, never recreated.
 *
 * Reserved meaning: an outbox row of `_sync_outbox_bundle` is the one frozen bundle there may be;
 * `_sync_x_held` names dirty rows that a freeze must leave out.
 */
import { wireContract } from '../../shared/protocol/version.ts';
import { sqliteTables } from '../../shared/schema/sqlite-ddl.ts';
import { captureTriggers } from '../../shared/schema/sqlite-triggers.ts';
import type { Catalog } from './catalog.ts';
import type { Sql } from './ports.ts';

/** Rises with every change of the tables below; a migration step leads from each to the next. */
export const LAYOUT_VERSION = 1;

const NOW = "(strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))";
const ROW_KEY = `schema_name text not null, table_name text not null, key_json text not null`;
const ROW_PRIMARY = `primary key (schema_name, table_name, key_json)`;
const SINGLETON = `singleton_key integer primary key not null check (singleton_key = 1)`;

const TABLES = `
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
  ${SINGLETON}, layout_version integer not null default ${LAYOUT_VERSION},
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

function createTriggers(sql: Sql, catalog: Catalog): void {
  const textByName = new Map(
    sql
      .all(
        `select name, sql from sqlite_master where type = 'trigger' and name like 'trg\\_%' escape '\\'`,
      )
      .map((row) => [row['name'], row['sql']]),
  );
  for (const trigger of captureTriggers(catalog.schema)) {
    if (textByName.get(trigger.name)?.toString().toLowerCase() === trigger.sql.toLowerCase())
      continue;
    sql.run(`drop trigger if exists "${trigger.name}"`);
    sql.run(trigger.sql);
  }
}

/** Rows that were there before the engine become intents, once, when the first source is made. */
function captureExistingRows(sql: Sql, catalog: Catalog): void {
  for (const table of catalog.tables) {
    if (table.declared.serverWritten) continue;
    const key = `"${table.declared.key}"`;
    // Touching each row lets the capture triggers do what they do for every write.
    for (const row of sql.all(`select ${key} as id from "${table.name}" order by ${key}`))
      sql.run(`update "${table.name}" set ${key} = ${key} where ${key} = ?1`, [row['id'] ?? null]);
  }
}

/**
 * Creates what is missing, inside the caller's transaction. `freshSourceId` becomes the source only where
 * there is none; a database of another schema name is refused by the return value.
 */
export function prepareLocalTables(
  sql: Sql,
  catalog: Catalog,
  freshSourceId: string,
): 'ready' | 'foreign-schema' | 'layout-ahead' {
  sql.script(TABLES);
  const [meta] = sql.all('select layout_version from _sync_x_meta');
  if (Number(meta?.['layout_version'] ?? 0) > LAYOUT_VERSION) return 'layout-ahead';
  const [attachment] = sql.all('select schema_name, current_source_id from _sync_attachment_state');
  const schemaName = attachment?.['schema_name'] ?? '';
  if (schemaName !== '' && schemaName !== catalog.schemaName) return 'foreign-schema';
  for (const statement of sqliteTables(catalog.schema)) sql.run(statement);
  createTriggers(sql, catalog);
  for (const table of catalog.tables)
    sql.run(
      'insert or ignore into _sync_managed_tables (schema_name, table_name) values (?1, ?2)',
      [catalog.schemaName, table.name],
    );
  sql.run('update _sync_apply_state set apply_mode = 0');
  sql.run(
    `update _sync_attachment_state set schema_name = ?1,
       binding_state = case when attached_user_id = '' then 'anonymous' else binding_state end`,
    [catalog.schemaName],
  );
  if ((attachment?.['current_source_id'] ?? '') === '') {
    sql.run('insert into _sync_source_state (source_id) values (?1)', [freshSourceId]);
    sql.run('update _sync_attachment_state set current_source_id = ?1', [freshSourceId]);
    captureExistingRows(sql, catalog);
  }
  return 'ready';
}
