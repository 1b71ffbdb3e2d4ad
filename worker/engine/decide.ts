/**
 * The person's word about a held row. For a conflict either side can stand; a refused row can be tried again
 * or given up; an orphan can only be given up (its parent can be restored by an act). Giving up returns the
 * row to what the server has, as far as this device knows it.
 */
import type { LocalRow } from '../../shared/schema/row-codec.ts';
import type { Result } from '../../shared/result.ts';
import { beginApplying } from './applying.ts';
import type { Applying } from './applying.ts';
import { getTable, rowFromLocalJson, writeRow } from './catalog.ts';
import { apply } from './context.ts';
import type { Context } from './context.ts';
import type { SyncFailure } from './failures.ts';
import {
  dropIntent,
  findBase,
  findHeld,
  findIntent,
  findRowState,
  release,
  rowKey,
  setBase,
  setIntent,
  setRowState,
} from './intents.ts';
import type { Held, RowKey } from './intents.ts';
import { applyServerRow } from './rebase.ts';
import type { ServerRow } from './resolutions.ts';
import { dropUnsentDescendants, removeWithDescendants } from './references.ts';
import { endApplying } from './resolutions.ts';

function serverRowOf(applying: Applying, held: Held): ServerRow {
  const { table, id, detail } = held;
  const json = detail['server_row'];
  const row: LocalRow | null =
    typeof json === 'string' ? rowFromLocalJson(applying.sql, table, json) : null;
  return { table, id, version: Number(detail['server_row_version'] ?? 0), row };
}

function decideConflict(
  applying: Applying,
  key: RowKey,
  held: Held,
  side: 'mine' | 'theirs',
): void {
  const { sql, catalog } = applying;
  const server = serverRowOf(applying, held);
  if (side === 'theirs') {
    dropIntent(sql, key);
    applyServerRow(applying, key, server);
    return;
  }
  const intent = findIntent(sql, catalog, key);
  release(sql, key);
  if (intent === null) return;
  setRowState(sql, key, { version: server.version, deleted: server.row === null });
  setIntent(sql, held.table, key, server.version, intent.payload);
  setBase(sql, held.table, key, server.version, server.row);
}

/** Back to what the server had when the intent began; without that, to nothing, its own parts included. */
function giveUp(applying: Applying, key: RowKey, held: Held): void {
  const { sql } = applying;
  const before = findBase(sql, held.table, key);
  const state = findRowState(sql, key);
  dropIntent(sql, key);
  if (before === null || state?.deleted !== false) {
    if (state === null) dropUnsentDescendants(applying, held.table, held.id);
    removeWithDescendants(applying, held.table, held.id);
  } else {
    writeRow(sql, held.table, before);
    applying.written.set(`${held.table.name} ${held.id}`, { table: held.table, id: held.id });
  }
}

export function decideHeld(
  context: Context,
  tableName: string,
  id: string,
  side: 'mine' | 'theirs',
): Result<'decided' | 'not-held', SyncFailure> {
  return apply(context, (sql) => {
    const table = getTable(context.catalog, tableName);
    const key = rowKey(context.catalog, table, id);
    const held = findHeld(sql, table, id, key);
    if (held === null) return 'not-held';
    const applying = beginApplying(context, sql);
    if (held.reason === 'conflict') decideConflict(applying, key, held, side);
    else if (side === 'theirs') giveUp(applying, key, held);
    else if (held.reason === 'rejected') release(sql, key);
    endApplying(applying);
    return 'decided';
  });
}
