/**
 * Reading the dirty set for a freeze: one query per table, so that the cost grows with the rows and not
 * with their number of tables times rows. The op is decided from scratch: what counts is whether the
 * server has the row now (`protocol.md` §11.4).
 */
import { rowFromLocalJson, jsonColumns, rowFromColumns, idOfKeyJson } from './catalog.ts';
import type { Catalog, SyncedTable } from './catalog.ts';
import type { LocalRow } from '../../shared/schema/row-codec.ts';
import type { Sql } from './ports.ts';
import { numberOf, textOf } from './state.ts';

export interface DirtyRow {
  readonly table: SyncedTable;
  readonly id: string;
  readonly base: number;
  /** Null: to be deleted. */
  readonly payload: LocalRow | null;
  readonly ordinal: number;
  /** The server has this row, as far as this device knows. */
  readonly isLive: boolean;
  readonly isHeld: boolean;
  /** Number of the local transaction that wrote it last, or null where none did. */
  readonly tx: number | null;
  /** The row as the server had it, where it had one. */
  readonly before: LocalRow | null;
}

function readTable(sql: Sql, catalog: Catalog, table: SyncedTable): DirtyRow[] {
  const same = (other: string): string =>
    `${other}.schema_name = d.schema_name and ${other}.table_name = d.table_name and ${other}.key_json = d.key_json`;
  return sql
    .all(
      `select d.key_json, d.base_row_version, d.dirty_ordinal, d.payload is null as gone,
         coalesce(s.deleted = 0, 0) as live, h.reason is not null as held, t.tx as tx, b.payload as before,
         ${jsonColumns(table, 'd.payload')}
       from _sync_dirty_rows d
       left join _sync_row_state s on ${same('s')}
       left join _sync_x_held h on ${same('h')}
       left join _sync_x_local_tx t on ${same('t')}
       left join _sync_x_base b on ${same('b')}
       where d.schema_name = ?1 and d.table_name = ?2
       order by d.dirty_ordinal`,
      [catalog.schemaName, table.name],
    )
    .map((row) => ({
      table,
      id: idOfKeyJson(table, textOf(row, 'key_json')),
      base: numberOf(row, 'base_row_version'),
      payload: numberOf(row, 'gone') === 1 ? null : rowFromColumns(table, row),
      ordinal: numberOf(row, 'dirty_ordinal'),
      isLive: numberOf(row, 'live') === 1,
      isHeld: numberOf(row, 'held') === 1,
      tx: row['tx'] === null ? null : numberOf(row, 'tx'),
      before:
        typeof row['before'] === 'string' ? rowFromLocalJson(sql, table, row['before']) : null,
    }));
}

export const readDirtySet = (sql: Sql, catalog: Catalog): DirtyRow[] =>
  catalog.tables
    .filter((table) => !table.declared.serverWritten)
    .flatMap((table) => readTable(sql, catalog, table));
