/**
 * The rows of a complete stage that this device has never heard of, put in all at once: the first download,
 * and most of a late one. Nothing of them can meet an intent, so what the other rows need (looking for
 * intents, merging, remembering versions row by row) is left out, and the triggers and indexes of the synced
 * tables are taken away for the time of it and made again from their own text. Decision 0005 has the figures.
 *
 * What must hold: it runs inside the apply transaction, so a reader sees all of it or nothing, and a crash
 * finds triggers and indexes as they were; afterwards rows and row states are what `applyIncoming` would have
 * made of each row; rows with an intent or a row state are not touched.
 */
import { assert } from '../../shared/assert.ts';
import { getTable, idOfKeyJson, writeRow } from './catalog.ts';
import type { Catalog } from './catalog.ts';
import { decodePayload } from './decode.ts';
import { Rollback } from './failures.ts';
import { countPending } from './intents.ts';
import type { Sql } from './ports.ts';
import { numberOf, textOf } from './state.ts';

/** Fewer rows than this are not worth making every index again. */
export const REBUILD_ROWS_MIN = 1000;
/** Staged rows in memory at a time. */
const BATCH_ROWS = 1000;

const SAME_ROW = (other: string): string =>
  `${other}.schema_name = g.schema_name and ${other}.table_name = g.table_name and ${other}.key_json = g.key_json`;
const UNKNOWN = `from _sync_snapshot_stage g where g.snapshot_id = ?1
    and not exists (select 1 from _sync_row_state s where ${SAME_ROW('s')})
    and not exists (select 1 from _sync_dirty_rows d where ${SAME_ROW('d')})`;

const count = (sql: Sql, statement: string, params: readonly string[] = []): number =>
  numberOf(sql.all(statement, params)[0] ?? {}, 'rows');

export const countLiveRows = (sql: Sql, catalog: Catalog): number =>
  catalog.tables.reduce(
    (sum, { name }) => sum + count(sql, `select count(*) as rows from "${name}"`),
    0,
  );

/** No row, no state of one that was, no intent: whatever a snapshot brings meets nothing. */
export const hasNothing = (sql: Sql, catalog: Catalog): boolean =>
  countPending(sql) === 0 &&
  countLiveRows(sql, catalog) === 0 &&
  count(sql, 'select count(*) as rows from _sync_row_state') === 0;

/** Runs `work` without the triggers and indexes of the synced tables, and makes them again. */
export function withBareTables(sql: Sql, catalog: Catalog, work: () => void): void {
  const names = catalog.tables.map(({ name }) => `'${name}'`).join(', ');
  const made = sql.all(
    `select type, name, sql from sqlite_master
     where type in ('trigger', 'index') and sql is not null and tbl_name in (${names}) order by rowid`,
  );
  sql.script(made.map((row) => `drop ${textOf(row, 'type')} "${textOf(row, 'name')}"`).join(';\n'));
  work();
  sql.script(made.map((row) => textOf(row, 'sql')).join(';\n'));
}

function insertRows(sql: Sql, catalog: Catalog, snapshotId: string): number {
  let inserted = 0;
  let after = 0;
  for (;;) {
    const rows = sql.all(
      `select g.row_ordinal, g.table_name, g.key_json, g.payload ${UNKNOWN}
       and g.row_ordinal > ?2 order by g.row_ordinal limit ${BATCH_ROWS}`,
      [snapshotId, after],
    );
    for (const staged of rows) {
      const table = getTable(catalog, textOf(staged, 'table_name'));
      const id = idOfKeyJson(table, textOf(staged, 'key_json'));
      const payload = JSON.parse(textOf(staged, 'payload')) as Record<string, unknown>;
      const row = decodePayload(table, id, payload);
      if (!row.ok) throw new Rollback(row.error);
      writeRow(sql, table, row.value);
      after = numberOf(staged, 'row_ordinal');
    }
    inserted += rows.length;
    if (rows.length < BATCH_ROWS) return inserted;
  }
}

/** Puts the unknown rows in, unless they are few: then they are left to whoever applies the others. */
export function insertUnknownRows(sql: Sql, catalog: Catalog, snapshotId: string): void {
  const unknown = count(sql, `select count(*) as rows ${UNKNOWN}`, [snapshotId]);
  if (unknown < REBUILD_ROWS_MIN) return;
  let inserted = 0;
  const work = (): void => {
    inserted = insertRows(sql, catalog, snapshotId);
  };
  // Indexes over many old rows cost more to make again than a few new entries do.
  if (unknown > countLiveRows(sql, catalog)) withBareTables(sql, catalog, work);
  else work();
  const stated = sql.run(
    `insert into _sync_row_state (schema_name, table_name, key_json, row_version, deleted)
     select g.schema_name, g.table_name, g.key_json, g.row_version, 0 ${UNKNOWN}
     order by g.schema_name, g.table_name, g.key_json`,
    [snapshotId],
  );
  assert(inserted === unknown && stated === unknown, 'every unknown row came in once');
}
