/**
 * Which rows of a snapshot meet an intent: read before any of it is applied, so that they are judged
 * together and with the trees that removals will take along, as for a pulled bundle.
 */
import { getTable, idOfKeyJson } from './catalog.ts';
import type { Context } from './context.ts';
import { decodePayload } from './decode.ts';
import { Rollback } from './failures.ts';
import type { Sql } from './ports.ts';
import type { ServerRow } from './resolutions.ts';
import { numberOf, textOf } from './state.ts';

export function stagedConflicts(
  context: Context,
  sql: Sql,
  snapshotId: string,
): readonly ServerRow[] {
  const rows = sql.all(
    `select d.table_name, d.key_json, g.row_version, g.payload
     from _sync_dirty_rows d
     left join _sync_row_state s using (schema_name, table_name, key_json)
     left join _sync_snapshot_stage g on g.snapshot_id = ?1 and g.schema_name = d.schema_name
       and g.table_name = d.table_name and g.key_json = d.key_json
     where (g.payload is null and s.deleted = 0)
        or (g.payload is not null
            and (s.row_version is null or s.deleted = 1 or s.row_version <> g.row_version
              or g.table_name in (select table_name from _sync_x_stale_tables)))
     order by d.dirty_ordinal`,
    [snapshotId],
  );
  return rows.map((staged): ServerRow => {
    const table = getTable(context.catalog, textOf(staged, 'table_name'));
    const id = idOfKeyJson(table, textOf(staged, 'key_json'));
    if (staged['payload'] === null) return { table, id, version: 0, row: null };
    const payload = JSON.parse(textOf(staged, 'payload')) as Record<string, unknown>;
    const row = decodePayload(table, id, payload);
    if (!row.ok) throw new Rollback(row.error);
    return { table, id, version: numberOf(staged, 'row_version'), row: row.value };
  });
}
