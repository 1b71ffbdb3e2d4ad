/**
 * What a row from the server does to the local database (`protocol.md` §11.10, §11.11): it is applied, or
 * skipped as already known, or meets an intent and is merged with it. One set of rules serves pulled
 * bundles, the own bundle's side effects, snapshots and push conflicts, so a row has the same fate however
 * its news arrives.
 *
 * Promises: no intent is ever dropped unless its content is already on the server, the resolver gave way
 * to the other side and the journal is told what lost, or nothing is left to do. Where the resolver has no
 * valid answer the row is held, with the server's row in the detail, and everything else goes on. Must run
 * inside an apply transaction, which ends with `endApplying`.
 */
import { rowToLocalJson } from '../../shared/schema/row-codec.ts';
import type { LocalRow } from '../../shared/schema/row-codec.ts';
import type { RowConflict } from '../../shared/schema/resolve.ts';
import { countRow, markWritten } from './applying.ts';
import type { Applying, PlannedResolution } from './applying.ts';
import { deleteRow, getTable, writeRow } from './catalog.ts';
import {
  dropIntent,
  dropRowState,
  findHeld,
  findIntent,
  findRowState,
  hold,
  release,
  rowKey,
  setBase,
  setIntent,
  setRowState,
} from './intents.ts';
import type { Intent, RowKey } from './intents.ts';
import { removeWithDescendants, withdrawDelete } from './references.ts';
import { differingColumns, isAgreed, resolutionOf } from './resolutions.ts';
import type { ServerRow } from './resolutions.ts';

function writeState(applying: Applying, key: RowKey, server: ServerRow): void {
  if (server.version === 0) dropRowState(applying.sql, key);
  else setRowState(applying.sql, key, { version: server.version, deleted: server.row === null });
}

/** The server's row as it stands, no intent in the way. */
export function applyServerRow(applying: Applying, key: RowKey, server: ServerRow): void {
  if (server.row === null) removeWithDescendants(applying, server.table, server.id);
  else {
    writeRow(applying.sql, server.table, server.row);
    markWritten(applying, server.table, server.id);
  }
  writeState(applying, key, server);
}

/** My image goes on, now based on what the server has. */
function keepIntent(
  applying: Applying,
  key: RowKey,
  server: ServerRow,
  payload: LocalRow | null,
): void {
  const { sql } = applying;
  writeState(applying, key, server);
  if (payload === null) deleteRow(sql, server.table, server.id);
  else {
    writeRow(sql, server.table, payload);
    markWritten(applying, server.table, server.id);
  }
  setIntent(sql, server.table, key, server.version, payload);
  setBase(sql, server.table, key, server.version, server.row);
  // A refusal stays until its row changes or the person decides; a settled conflict or a new parent ends.
  if (findHeld(sql, server.table, server.id, key)?.reason !== 'rejected') release(sql, key);
}

/** Nothing may be done about it: row and intent stay as they are, and a person decides. */
function holdConflict(
  applying: Applying,
  key: RowKey,
  server: ServerRow,
  conflict: RowConflict,
): void {
  hold(applying.sql, key, 'conflict', {
    server_row_version: server.version,
    server_row_deleted: server.row === null,
    server_row: server.row === null ? null : rowToLocalJson(server.table.declared, server.row),
    columns: differingColumns(server.table, conflict),
  });
}

/** The row goes as the server says. What goes with it is kept by whoever keeps the question about it. */
function acceptRemoval(
  applying: Applying,
  key: RowKey,
  server: ServerRow,
  planned: PlannedResolution,
): void {
  const { sql, catalog } = applying;
  dropIntent(sql, key);
  if (planned.resolution?.question !== null)
    for (const { table, id } of planned.tree)
      dropIntent(sql, rowKey(catalog, getTable(catalog, table), id));
  applyServerRow(applying, key, server);
}

function acceptServer(
  applying: Applying,
  key: RowKey,
  server: ServerRow,
  planned: PlannedResolution,
): void {
  const { conflict, resolution } = planned;
  if (server.row === null && conflict.mine !== null) {
    if (resolution?.isRemade === true) keepIntent(applying, key, server, conflict.mine);
    else acceptRemoval(applying, key, server, planned);
    return;
  }
  dropIntent(applying.sql, key);
  applyServerRow(applying, key, server);
  if (conflict.mine === null) withdrawDelete(applying, server.table, server.id);
}

/** Their change stands over my removal, or mine over theirs: the outcome that was found, carried out. */
function carryOut(
  applying: Applying,
  key: RowKey,
  server: ServerRow,
  planned: PlannedResolution,
): void {
  const { conflict, resolution } = planned;
  if (resolution === null) {
    holdConflict(applying, key, server, conflict);
    return;
  }
  switch (resolution.outcome.type) {
    case 'accept-server':
      acceptServer(applying, key, server, planned);
      break;
    case 'keep-local':
      keepIntent(applying, key, server, conflict.mine);
      break;
    case 'keep-merged':
      keepIntent(applying, key, server, resolution.outcome.row);
  }
  applying.settled.push({ conflict, resolution, tree: planned.tree });
}

/** News about a row that has an intent. */
export function meetIntent(applying: Applying, server: ServerRow, intent: Intent): void {
  const { sql } = applying;
  const key = rowKey(applying.catalog, server.table, server.id);
  const held = findHeld(sql, server.table, server.id, key)?.reason;
  if (isAgreed(server, intent)) {
    dropIntent(sql, key);
    applyServerRow(applying, key, server);
  } else if (server.row === null && held === 'orphaned') {
    // Its parent went first; the image waits in the intent, ready to be inserted over the tombstone.
    writeState(applying, key, server);
    setIntent(sql, server.table, key, server.version, intent.payload);
    setBase(sql, server.table, key, server.version, null);
  } else carryOut(applying, key, server, resolutionOf(applying, server, intent));
}

/** One row of a committed bundle; what is already known is skipped by version. */
export function applyIncoming(applying: Applying, server: ServerRow): void {
  const { sql, catalog } = applying;
  const key = rowKey(catalog, server.table, server.id);
  const state = findRowState(sql, key);
  if (state !== null && state.version >= server.version) return;
  const isNew = state === null || state.deleted;
  if (server.row === null) {
    if (!isNew) countRow(applying, server.table, 'delete');
  } else countRow(applying, server.table, isNew ? 'insert' : 'update');
  const intent = findIntent(sql, catalog, key);
  if (intent === null) applyServerRow(applying, key, server);
  else meetIntent(applying, server, intent);
}
