/**
 * Asking the resolver (`protocol.md` §11.10): once for all conflicts of a bundle, before any row of it is
 * applied, because the conflicts explain each other and a removal takes its tree along. When a row's turn
 * comes and it is no longer what was asked about (another row of the bundle changed it), it is asked about
 * again, alone. A resolver that throws, or that wants what the table of outcomes forbids, decides nothing:
 * its row is held and everything else goes on.
 *
 * At the end the journal hears what was settled, in the same transaction and with capture on, so that what
 * it writes to synced tables is ordinary local work.
 */
import { areRowsEqual, areValuesEqual } from '../../shared/schema/row-codec.ts';
import type { LocalRow } from '../../shared/schema/row-codec.ts';
import { isValidOutcome } from '../../shared/schema/resolve.ts';
import type { Resolution, RowConflict } from '../../shared/schema/resolve.ts';
import type { Applying, PlannedResolution } from './applying.ts';
import { childIds, findRow, getTable } from './catalog.ts';
import type { SyncedTable } from './catalog.ts';
import { findBase, findHeld, findIntent, findRowState, rowKey } from './intents.ts';
import type { Intent } from './intents.ts';
import type { RowImage } from './ports.ts';
import { settleReferences } from './references.ts';

/** A row as the server has it now; `row` null is a tombstone, version 0 is nothing at all. */
export interface ServerRow {
  readonly table: SyncedTable;
  readonly id: string;
  readonly version: number;
  readonly row: LocalRow | null;
}

const markOf = (server: ServerRow): string => `${server.table.name} ${server.id}`;

const isSameRow = (table: SyncedTable, a: LocalRow | null, b: LocalRow | null): boolean =>
  a === null || b === null ? a === b : areRowsEqual(table.declared, a, b);

/** Both sides agree, or nothing is left to decide: no conflict. */
export const isAgreed = (server: ServerRow, intent: Intent): boolean =>
  isSameRow(server.table, server.row, intent.payload);

function conflictOf(applying: Applying, server: ServerRow, intent: Intent): RowConflict {
  const { sql, catalog } = applying;
  const key = rowKey(catalog, server.table, server.id);
  const state = findRowState(sql, key);
  const isLive = state !== null && !state.deleted;
  return {
    table: server.table.name,
    id: server.id,
    localOp: intent.payload === null ? 'DELETE' : isLive ? 'UPDATE' : 'INSERT',
    base: findBase(sql, server.table, key),
    mine: intent.payload,
    server: server.row !== null ? 'live' : server.version === 0 ? 'nothing' : 'deleted',
    serverVersion: server.version,
    theirs: server.row,
  };
}

/** The resolver's answers that may be carried out; null where there is none. */
function askResolver(
  applying: Applying,
  conflicts: readonly RowConflict[],
): readonly (Resolution | null)[] {
  const check = (conflict: RowConflict, resolution: Resolution | undefined): Resolution | null => {
    if (resolution === undefined) return null;
    const { declared } = getTable(applying.catalog, conflict.table);
    const isRemade = resolution.isRemade && conflict.mine !== null && conflict.theirs === null;
    return isValidOutcome(declared, conflict, resolution.outcome) &&
      (isRemade || !resolution.isRemade)
      ? resolution
      : null;
  };
  try {
    const answers = applying.resolver(conflicts);
    return conflicts.map((conflict, index) => check(conflict, answers[index]));
  } catch {
    // One row that it cannot judge must not keep the others from being judged.
    return conflicts.length === 1
      ? [null]
      : conflicts.flatMap((conflict) => askResolver(applying, [conflict]));
  }
}

/** Everything that the removal of a row takes along, parents first. */
function treeOf(applying: Applying, table: SyncedTable, id: string): readonly RowImage[] {
  const { sql, catalog } = applying;
  const tree: RowImage[] = [];
  const seen = new Set([`${table.name} ${id}`]);
  const visit = (parent: SyncedTable, parentId: string): void => {
    for (const back of parent.referencedBy) {
      if (back.onDelete !== 'cascade') continue;
      const child = getTable(catalog, back.child);
      for (const childId of childIds(sql, child, back.column, parentId)) {
        const row = findRow(sql, child, childId);
        if (row === null || seen.has(`${child.name} ${childId}`)) continue;
        seen.add(`${child.name} ${childId}`);
        tree.push({ table: child.name, id: childId, row });
        visit(child, childId);
      }
    }
  };
  visit(table, id);
  return tree;
}

function plan(
  applying: Applying,
  servers: readonly ServerRow[],
  conflicts: readonly RowConflict[],
): readonly PlannedResolution[] {
  const resolutions = askResolver(applying, conflicts);
  return conflicts.map((conflict, index) => {
    const server = servers[index];
    return {
      conflict,
      resolution: resolutions[index] ?? null,
      tree:
        server === undefined || server.row !== null || conflict.mine === null
          ? []
          : treeOf(applying, server.table, server.id),
    };
  });
}

/** Has all rows of one bundle that meet an intent judged together. */
export function planResolutions(applying: Applying, news: readonly ServerRow[]): void {
  const { sql, catalog } = applying;
  const servers: ServerRow[] = [];
  const conflicts: RowConflict[] = [];
  for (const server of news) {
    const key = rowKey(catalog, server.table, server.id);
    const state = findRowState(sql, key);
    if (state !== null && server.version > 0 && state.version >= server.version) continue;
    const intent = findIntent(sql, catalog, key);
    if (intent === null || isAgreed(server, intent)) continue;
    if (findHeld(sql, server.table, server.id, key)?.reason === 'orphaned') continue;
    servers.push(server);
    conflicts.push(conflictOf(applying, server, intent));
  }
  if (conflicts.length === 0) return;
  for (const planned of plan(applying, servers, conflicts))
    applying.planned.set(`${planned.conflict.table} ${planned.conflict.id}`, planned);
}

/** What to do about one row now: as planned with the others, or asked anew where it is another by now. */
export function resolutionOf(
  applying: Applying,
  server: ServerRow,
  intent: Intent,
): PlannedResolution {
  const { table } = server;
  const planned = applying.planned.get(markOf(server));
  if (
    planned !== undefined &&
    planned.conflict.serverVersion === server.version &&
    isSameRow(table, planned.conflict.theirs, server.row)
  ) {
    const { mine } = planned.conflict;
    // Parts of a tree that went before their root may have cleared its links: it is the same removal.
    const isSameRemoval = server.row === null && mine !== null && intent.payload !== null;
    if (isSameRemoval || isSameRow(table, mine, intent.payload)) return planned;
  }
  const [fresh] = plan(applying, [server], [conflictOf(applying, server, intent)]);
  return fresh ?? { conflict: conflictOf(applying, server, intent), resolution: null, tree: [] };
}

/** Ends an apply transaction: references hold, and the journal knows what became of each conflict. */
export function endApplying(applying: Applying): void {
  settleReferences(applying);
  const { sql, journal, settled } = applying;
  if (settled.length === 0) return;
  sql.run('update _sync_x_meta set local_tx = local_tx + 1');
  sql.run('update _sync_apply_state set apply_mode = 0');
  journal.settled(sql, settled);
  sql.run('update _sync_apply_state set apply_mode = 1');
}

/** Whether a column of mine says something else than theirs; for the details of a held row. */
export const differingColumns = (table: SyncedTable, conflict: RowConflict): readonly string[] =>
  table.columnNames.filter(
    (name) =>
      conflict.mine !== null &&
      conflict.theirs !== null &&
      !areValuesEqual(conflict.mine[name] ?? null, conflict.theirs[name] ?? null),
  );
