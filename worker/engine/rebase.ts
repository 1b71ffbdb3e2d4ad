/**
 * What a row from the server does to the local database (`protocol.md` §11.10, §11.11): it is applied, or
 * skipped as already known, or meets an intent and is merged with it. One set of rules serves pulled
 * bundles, the own bundle's side effects, snapshots and push conflicts, so a row has the same fate however
 * its news arrives.
 *
 * Promises: no intent is ever dropped unless its content is already on the server, the table's declaration
 * gives way to the other side, or nothing is left to do. A conflict that the rules cannot settle holds its
 * row, with the server's row in the detail, and everything else goes on. Must run inside an apply
 * transaction, which ends with `settleReferences`.
 */
import { mergeRemoval, mergeRows } from '../../shared/schema/merge.ts';
import { areRowsEqual, rowToLocalJson } from '../../shared/schema/row-codec.ts';
import type { LocalRow } from '../../shared/schema/row-codec.ts';
import { countRow, markWritten } from './applying.ts';
import type { Applying } from './applying.ts';
import { deleteRow, writeRow } from './catalog.ts';
import type { SyncedTable } from './catalog.ts';
import {
  dropIntent,
  dropRowState,
  findBase,
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

/** A row as the server has it now; `row` null is a tombstone, version 0 is nothing at all. */
export interface ServerRow {
  readonly table: SyncedTable;
  readonly id: string;
  readonly version: number;
  readonly row: LocalRow | null;
}

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

function holdConflict(
  applying: Applying,
  key: RowKey,
  server: ServerRow,
  columns: readonly string[],
): void {
  hold(applying.sql, key, 'conflict', {
    server_row_version: server.version,
    server_row_deleted: server.row === null,
    server_row: server.row === null ? null : rowToLocalJson(server.table.declared, server.row),
    columns,
  });
}

/** An upsert of mine and a row that the server no longer has. */
function meetRemoval(applying: Applying, key: RowKey, server: ServerRow, payload: LocalRow): void {
  const { sql } = applying;
  if (findHeld(sql, server.table, server.id, key)?.reason === 'orphaned') {
    // Its parent went first; the image waits in the intent, ready to be inserted over the tombstone.
    writeState(applying, key, server);
    setIntent(sql, server.table, key, server.version, payload);
    setBase(sql, server.table, key, server.version, null);
    return;
  }
  switch (mergeRemoval(server.table.declared, 'them')) {
    case 'accept-server':
      dropIntent(sql, key);
      applyServerRow(applying, key, server);
      return;
    case 'keep-local':
      keepIntent(applying, key, server, payload);
      return;
    case 'ask':
      holdConflict(applying, key, server, []);
  }
}

/** A removal of mine and a row that the server has in a newer version. */
function meetChange(applying: Applying, key: RowKey, server: ServerRow, row: LocalRow): void {
  const { sql } = applying;
  const base = findBase(sql, server.table, key);
  // A version that changed nothing is not a change that could beat the removal.
  const isSame = base !== null && areRowsEqual(server.table.declared, base, row);
  const outcome = isSame ? 'keep-local' : mergeRemoval(server.table.declared, 'me');
  switch (outcome) {
    case 'accept-server':
      dropIntent(sql, key);
      applyServerRow(applying, key, server);
      withdrawDelete(applying, server.table, server.id);
      return;
    case 'keep-local':
      keepIntent(applying, key, server, null);
      return;
    case 'ask':
      holdConflict(applying, key, server, []);
  }
}

function meetUpsert(
  applying: Applying,
  key: RowKey,
  server: ServerRow,
  mine: LocalRow,
  theirs: LocalRow,
): void {
  const { sql } = applying;
  const declared = server.table.declared;
  const outcome = areRowsEqual(declared, mine, theirs)
    ? ({ type: 'accept-server' } as const)
    : mergeRows(declared, findBase(sql, server.table, key), mine, theirs);
  switch (outcome.type) {
    case 'accept-server':
      dropIntent(sql, key);
      applyServerRow(applying, key, server);
      return;
    case 'keep-local':
      keepIntent(applying, key, server, mine);
      return;
    case 'keep-merged':
      keepIntent(applying, key, server, outcome.row);
      return;
    case 'ask':
      holdConflict(applying, key, server, outcome.columns);
  }
}

/** News about a row that has an intent. */
export function meetIntent(applying: Applying, server: ServerRow, intent: Intent): void {
  const key = rowKey(applying.catalog, server.table, server.id);
  if (server.row === null && intent.payload === null) {
    dropIntent(applying.sql, key);
    applyServerRow(applying, key, server);
  } else if (server.row === null && intent.payload !== null)
    meetRemoval(applying, key, server, intent.payload);
  else if (server.row !== null && intent.payload === null)
    meetChange(applying, key, server, server.row);
  else if (server.row !== null && intent.payload !== null)
    meetUpsert(applying, key, server, intent.payload, server.row);
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
