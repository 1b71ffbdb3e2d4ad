/**
 * The synced tables of an older version of the app, brought to today's declarations (`protocol.md` §13.8):
 * new tables, and new columns that are nullable or have a constant default. The columns are added to the
 * tables and to every image that is kept of a row: dirty rows, base images, the local side of the outbox,
 * held conflicts, and whatever else the host keeps. What a frozen bundle says on the wire stays as it is, and so does its hash.
 *
 * The server has left out of every answer so far what this device did not know. So the changed tables are
 * marked stale and the next exchange begins with a snapshot that fills them; a half-fetched one is dropped.
 * Runs inside the transaction that opens the database.
 */
import { must } from '../../shared/assert.ts';
import { rowToLocalJson } from '../../shared/schema/row-codec.ts';
import type { LocalRow, LocalValue } from '../../shared/schema/row-codec.ts';
import { addColumnSql, sqliteTables } from '../../shared/schema/sqlite-ddl.ts';
import { rowFromLocalJson } from './catalog.ts';
import type { Catalog, SyncedTable } from './catalog.ts';
import { rehash } from './intents.ts';
import type { Sql } from './ports.ts';
import { findMeta, setMeta, textOf } from './state.ts';

/** A table with rows of synced tables as the device's own JSON; `table_name` says of which. */
export interface KeptImages {
  readonly table: string;
  readonly columns: readonly string[];
}

const IMAGES: readonly KeptImages[] = [
  { table: '_sync_dirty_rows', columns: ['payload'] },
  { table: '_sync_x_base', columns: ['payload'] },
  { table: '_sync_x_lost', columns: ['mine', 'theirs'] },
  { table: '_sync_outbox_rows', columns: ['local_payload'] },
];

function columnsOf(sql: Sql, table: SyncedTable): ReadonlySet<string> {
  const rows = sql.all('select name from pragma_table_info(?1)', [table.name]);
  return new Set(rows.map((row) => textOf(row, 'name')));
}

/** The same row with the constant default in every column that it had not. */
function withDefaults(table: SyncedTable, row: LocalRow, added: readonly string[]): LocalRow {
  const filled: Record<string, LocalValue> = { ...row };
  for (const name of added)
    filled[name] =
      must(table.declared.columns[name], 'an added column is declared').default ?? null;
  return filled;
}

function fillImages(
  sql: Sql,
  kept: readonly KeptImages[],
  table: SyncedTable,
  added: readonly string[],
): void {
  const fill = (json: string): string =>
    rowToLocalJson(table.declared, withDefaults(table, rowFromLocalJson(sql, table, json), added));
  for (const { table: name, columns } of kept)
    for (const column of columns) {
      const rows = sql.all(
        `select distinct ${column} as image from ${name} where table_name = ?1 and ${column} is not null`,
        [table.name],
      );
      for (const row of rows) {
        const image = textOf(row, 'image');
        sql.run(`update ${name} set ${column} = ?1 where table_name = ?2 and ${column} = ?3`, [
          fill(image),
          table.name,
          image,
        ]);
      }
    }
  const held = sql.all(`select rowid as place, detail from _sync_x_held where table_name = ?1`, [
    table.name,
  ]);
  for (const row of held) {
    const detail = JSON.parse(textOf(row, 'detail')) as Record<string, unknown>;
    const theirs = detail['server_row'];
    if (typeof theirs !== 'string') continue;
    sql.run('update _sync_x_held set detail = ?1 where rowid = ?2', [
      JSON.stringify({ ...detail, server_row: fill(theirs) }),
      row['place'] ?? null,
    ]);
  }
  // A hold ends when its row is changed by the person; this was not the person.
  rehash(sql, table.name);
}

/** The names of tables that got columns, or are new to a database that was used before. */
function changeTables(sql: Sql, catalog: Catalog, kept: readonly KeptImages[]): string[] {
  const changed: string[] = [];
  const grown: { readonly table: SyncedTable; readonly added: readonly string[] }[] = [];
  for (const table of catalog.tables) {
    const known = columnsOf(sql, table);
    const added = table.columnNames.filter((name) => !known.has(name));
    if (added.length > 0) changed.push(table.name);
    if (known.size === 0 || added.length === 0) continue;
    for (const name of added) sql.run(addColumnSql(table.name, table.declared, name));
    grown.push({ table, added });
  }
  for (const statement of sqliteTables(catalog.schema)) sql.run(statement);
  for (const { table, added } of grown) fillImages(sql, kept, table, added);
  return changed;
}

export function migrateTables(
  sql: Sql,
  catalog: Catalog,
  hostImages: readonly KeptImages[] = [],
): void {
  const { schemaVersion } = findMeta(sql);
  if (schemaVersion === catalog.schema.version) return;
  const [used] = sql.all('select 1 as found from _sync_managed_tables limit 1');
  const changed = changeTables(sql, catalog, [...IMAGES, ...hostImages]);
  for (const table of catalog.tables)
    sql.run(
      'insert or ignore into _sync_managed_tables (schema_name, table_name) values (?1, ?2)',
      [catalog.schemaName, table.name],
    );
  setMeta(sql, { schema_version: catalog.schema.version });
  if (used === undefined || changed.length === 0) return;
  for (const name of changed)
    sql.run('insert or ignore into _sync_x_stale_tables (table_name) values (?1)', [name]);
  sql.run('delete from _sync_snapshot_stage');
  sql.run('update _sync_operation_state set staged_snapshot_id = ?1, snapshot_stage_complete = 0', [
    '',
  ]);
  sql.run(`update _sync_attachment_state set rebuild_required = 1 where attached_user_id <> ''`);
}
