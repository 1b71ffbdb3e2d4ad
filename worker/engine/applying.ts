/** One apply transaction: what it touched, for the checks at its end and for the timeline. */
import type { Catalog, SyncedTable } from './catalog.ts';
import type { RowCount, Sql } from './ports.ts';

export interface Applying {
  readonly sql: Sql;
  readonly catalog: Catalog;
  /** Rows written here whose references must be checked before the commit. */
  readonly written: Map<string, { readonly table: SyncedTable; readonly id: string }>;
  readonly counts: Map<string, RowCount>;
}

export const beginApplying = (sql: Sql, catalog: Catalog): Applying => ({
  sql,
  catalog,
  written: new Map(),
  counts: new Map(),
});

export function countRow(applying: Applying, table: SyncedTable, op: RowCount['op']): void {
  const id = `${table.name} ${op}`;
  const rows = (applying.counts.get(id)?.rows ?? 0) + 1;
  applying.counts.set(id, { table: table.name, op, rows });
}

export function markWritten(applying: Applying, table: SyncedTable, id: string): void {
  applying.written.set(`${table.name} ${id}`, { table, id });
}
