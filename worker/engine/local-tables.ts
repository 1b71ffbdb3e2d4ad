/**
 * Opening the local database: the engine's own tables in their current layout (`layout.ts`), the synced
 * tables as declared (`migrate-tables.ts`), the capture triggers, and the first source. All of it happens in
 * the caller's transaction and is harmless to run again. A database that newer code has written is refused
 * before anything of it is touched: it is not repaired, not changed and not emptied.
 */
import { captureTriggers } from '../../shared/schema/sqlite-triggers.ts';
import type { Catalog } from './catalog.ts';
import { findLayout, LAYOUT_VERSION, migrateLayout } from './layout.ts';
import { migrateTables } from './migrate-tables.ts';
import type { KeptImages } from './migrate-tables.ts';
import type { Sql } from './ports.ts';

/**
 * What the files of the database are marked with: rises with the layout and with the tables, so that code
 * from before a change never writes what comes after it.
 */
export const writerVersion = (schemaVersion: number): number => schemaVersion + LAYOUT_VERSION - 1;

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

/** Whether newer code has had this database. Nothing is written to find out. */
export function isLayoutAhead(sql: Sql, catalog: Catalog): boolean {
  const found = findLayout(sql);
  if (found === null) return false;
  return found.layout > LAYOUT_VERSION || found.schema > catalog.schema.version;
}

/**
 * Creates and migrates what is missing, inside the caller's transaction. `freshSourceId` becomes the source
 * only where there is none; a database of another schema name is refused by the return value. Where nothing
 * is missing nothing is written: a database on a full disk opens, too.
 */
export function prepareLocalTables(
  sql: Sql,
  catalog: Catalog,
  freshSourceId: string,
  hostImages: readonly KeptImages[] = [],
): 'ready' | 'foreign-schema' {
  migrateLayout(sql);
  const [attachment] = sql.all('select schema_name, current_source_id from _sync_attachment_state');
  const schemaName = attachment?.['schema_name'] ?? '';
  if (schemaName !== '' && schemaName !== catalog.schemaName) return 'foreign-schema';
  sql.run('update _sync_apply_state set apply_mode = 0 where apply_mode <> 0');
  migrateTables(sql, catalog, hostImages);
  createTriggers(sql, catalog);
  sql.run('update _sync_attachment_state set schema_name = ?1 where schema_name <> ?1', [
    catalog.schemaName,
  ]);
  sql.run(
    `update _sync_attachment_state set binding_state = 'anonymous'
     where attached_user_id = '' and binding_state <> 'anonymous'`,
  );
  if ((attachment?.['current_source_id'] ?? '') === '') {
    sql.run('insert into _sync_source_state (source_id) values (?1)', [freshSourceId]);
    sql.run('update _sync_attachment_state set current_source_id = ?1', [freshSourceId]);
    captureExistingRows(sql, catalog);
  }
  return 'ready';
}
