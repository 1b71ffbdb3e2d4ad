/**
 * One apply transaction: what it works with, what it touched, for the checks at its end and for the
 * timeline, and which conflicts it settled. It begins with `beginApplying` and ends with `endApplying`
 * (`resolutions.ts`), which hands the settled conflicts to the journal.
 */
import type { RowConflict, Resolution, Resolver } from '../../shared/schema/resolve.ts';
import type { Catalog, SyncedTable } from './catalog.ts';
import type { Context } from './context.ts';
import type { Journal, RowCount, RowImage, SettledConflict, Sql } from './ports.ts';

/** What was decided about a row before anything of its bundle was applied. */
export interface PlannedResolution {
  readonly conflict: RowConflict;
  /** Null: the resolver gave nothing that may be done. */
  readonly resolution: Resolution | null;
  /** What a removal will take along, parents first, the row itself not among it. */
  readonly tree: readonly RowImage[];
}

export interface Applying {
  readonly sql: Sql;
  readonly catalog: Catalog;
  readonly resolver: Resolver;
  readonly journal: Journal;
  /** Rows written here whose references must be checked before the commit. */
  readonly written: Map<string, { readonly table: SyncedTable; readonly id: string }>;
  readonly counts: Map<string, RowCount>;
  readonly planned: Map<string, PlannedResolution>;
  readonly settled: SettledConflict[];
}

export const beginApplying = (context: Context, sql: Sql): Applying => ({
  sql,
  catalog: context.catalog,
  resolver: context.resolver,
  journal: context.journal,
  written: new Map(),
  counts: new Map(),
  planned: new Map(),
  settled: [],
});

export function countRow(applying: Applying, table: SyncedTable, op: RowCount['op']): void {
  const id = `${table.name} ${op}`;
  const rows = (applying.counts.get(id)?.rows ?? 0) + 1;
  applying.counts.set(id, { table: table.name, op, rows });
}

export function markWritten(applying: Applying, table: SyncedTable, id: string): void {
  applying.written.set(`${table.name} ${id}`, { table, id });
}
