/**
 * Applying a complete stage (`protocol.md` §11.12 step 3), in one transaction with deferred foreign keys:
 * as a difference, so that rows the device already has in the same version are untouched; rows with intents
 * are rebased and never lost; what the server no longer has goes. The same transaction moves the checkpoint,
 * settles the outbox, rotates the source where that is the occasion, and clears the operation: killed at any
 * moment, either the old state or the new one is there.
 */
import { beginApplying, markWritten } from './applying.ts';
import type { Applying } from './applying.ts';
import { apply } from './context.ts';
import type { Context } from './context.ts';
import { decodePayload } from './decode.ts';
import { getTable, idOfKeyJson, rowFromLocalJson } from './catalog.ts';
import type { Catalog } from './catalog.ts';
import { protocolFailure, Rollback } from './failures.ts';
import type { SyncFailure } from './failures.ts';
import { countHeldRows, heldRows, insertHeldRows } from './held-snapshot.ts';
import type { HeldSnapshot } from './held-snapshot.ts';
import { hasNothing, insertUnknownRows } from './insert-unknown.ts';
import {
  countPending,
  dropIntent,
  dropRowState,
  findIntent,
  findRowState,
  rowKey,
  setBase,
} from './intents.ts';
import { settleLostHistory } from './lost-history.ts';
import { returnOutbox } from './outbox.ts';
import type { Sql } from './ports.ts';
import { applyServerRow, meetIntent } from './rebase.ts';
import type { ServerRow } from './resolutions.ts';
import { stageRows } from './snapshot-stage.ts';
import { stagedConflicts } from './staged-conflicts.ts';
import { removeWithDescendants } from './references.ts';
import { endApplying, planResolutions } from './resolutions.ts';
import type { Result } from '../../shared/result.ts';
import {
  clearOperation,
  clearOutbox,
  numberOf,
  raiseNextBundleId,
  readAttachment,
  readOperation,
  readOutbox,
  setAttachment,
  textOf,
} from './state.ts';
import type { Operation } from './state.ts';

/** Staged rows that differ in version from what the device has, parents first. */
function applyStagedRows(context: Context, applying: Applying, operation: Operation): void {
  const { sql, catalog } = applying;
  const rows = sql.all(
    `select g.table_name, g.key_json, g.row_version, g.payload
     from _sync_snapshot_stage g
     left join _sync_row_state s
       on s.schema_name = g.schema_name and s.table_name = g.table_name and s.key_json = g.key_json
     where g.snapshot_id = ?1 and (s.row_version is null or s.deleted = 1 or s.row_version <> g.row_version
       or g.table_name in (select table_name from _sync_x_stale_tables))
     order by g.row_ordinal`,
    [operation.snapshotId],
  );
  for (const staged of rows) {
    const table = getTable(catalog, textOf(staged, 'table_name'));
    const id = idOfKeyJson(table, textOf(staged, 'key_json'));
    const payload = JSON.parse(textOf(staged, 'payload')) as Record<string, unknown>;
    const row = decodePayload(table, id, payload);
    if (!row.ok) throw new Rollback(row.error);
    const server: ServerRow = {
      table,
      id,
      version: numberOf(staged, 'row_version'),
      row: row.value,
    };
    const key = rowKey(catalog, table, id);
    const intent = findIntent(sql, context.catalog, key);
    if (intent === null) applyServerRow(applying, key, server);
    else meetIntent(applying, server, intent);
  }
}

/** Rows that the server had and has no more. A row that only this device knows stays with its intent. */
function removeUnstaged(applying: Applying, operation: Operation): void {
  const { sql, catalog } = applying;
  const isStaged = (row: string): string =>
    `exists (select 1 from _sync_snapshot_stage g where g.snapshot_id = ?1
       and g.schema_name = '${catalog.schemaName}' and g.table_name = ${row}.table_name and g.key_json = ${row}.key_json)`;
  for (const table of catalog.tables.toReversed()) {
    const key = table.declared.key;
    const rows = sql.all(
      `select r."${key}" as id from "${table.name}" r where not exists (
         select 1 from _sync_snapshot_stage g where g.snapshot_id = ?1 and g.schema_name = ?2
           and g.table_name = ?3 and g.key_json = json_object('${key}', r."${key}"))`,
      [operation.snapshotId, catalog.schemaName, table.name],
    );
    for (const row of rows) {
      const id = textOf(row, 'id');
      const rowId = rowKey(catalog, table, id);
      const intent = findIntent(sql, catalog, rowId);
      const state = findRowState(sql, rowId);
      if (intent === null) removeWithDescendants(applying, table, id);
      else if (state !== null && !state.deleted)
        meetIntent(applying, { table, id, version: 0, row: null }, intent);
    }
  }
  // Removals of mine that the server made as well, and versions of rows that are gone.
  const settled = sql.all(
    `select d.table_name, d.key_json from _sync_dirty_rows d where d.payload is null and not ${isStaged('d')}`,
    [operation.snapshotId],
  );
  for (const row of settled)
    dropIntent(sql, [catalog.schemaName, textOf(row, 'table_name'), textOf(row, 'key_json')]);
  const stale = sql.all(
    `select s.table_name, s.key_json from _sync_row_state s
     where (s.deleted = 0 or s.row_version > ?2) and not ${isStaged('s')}`,
    [operation.snapshotId, operation.snapshotBundleSeq],
  );
  for (const row of stale)
    dropRowState(sql, [catalog.schemaName, textOf(row, 'table_name'), textOf(row, 'key_json')]);
}

/** Newer intents of absorbed rows were made on top of what was pushed, so that is what they merge from. */
function rememberPushed(context: Context, sql: Sql): void {
  const rows = sql.all(
    `select o.table_name, o.key_json, o.local_payload from _sync_outbox_rows o
     join _sync_dirty_rows d using (schema_name, table_name, key_json) where o.local_payload is not null`,
  );
  for (const row of rows) {
    const table = getTable(context.catalog, textOf(row, 'table_name'));
    const key = rowKey(context.catalog, table, idOfKeyJson(table, textOf(row, 'key_json')));
    setBase(sql, table, key, 0, rowFromLocalJson(sql, table, textOf(row, 'local_payload')));
  }
}

/** A committed bundle is inside the snapshot; one that is not yet committed becomes intents again. */
function settleOutbox(context: Context, sql: Sql, operation: Operation): void {
  const outbox = readOutbox(sql);
  if (outbox.state === 'prepared') returnOutbox(context, sql);
  if (outbox.state !== 'committed_remote') return;
  if (outbox.remoteBundleSeq > operation.snapshotBundleSeq) {
    if (operation.kind !== 'source_recovery')
      throw new Rollback(protocolFailure('snapshot-behind-own-bundle', 'snapshot'));
    returnOutbox(context, sql);
    return;
  }
  rememberPushed(context, sql);
  raiseNextBundleId(sql, outbox.sourceId, outbox.sourceBundleId + 1);
  clearOutbox(sql);
  context.journal.committed(sql, {
    sourceBundleId: outbox.sourceBundleId,
    bundleSeq: outbox.remoteBundleSeq,
    extra: [],
  });
}

/** The replacement becomes the current source; the old one never sends again. */
function rotateSource(sql: Sql, previous: string, next: string): void {
  sql.run('insert or ignore into _sync_source_state (source_id) values (?1)', [next]);
  sql.run('update _sync_source_state set replaced_by_source_id = ?2 where source_id = ?1', [
    previous,
    next,
  ]);
  setAttachment(sql, { current_source_id: next });
}

const countStagedRows = (sql: Sql, snapshotId: string): number =>
  numberOf(
    sql.all('select count(*) as rows from _sync_snapshot_stage where snapshot_id = ?1', [
      snapshotId,
    ])[0] ?? {},
    'rows',
  );

/** Rows that came in all at once may refer to what a pending removal took away. */
function markDangling(applying: Applying): void {
  const { sql, catalog } = applying;
  if (countPending(sql) === 0) return;
  for (const table of catalog.tables)
    for (const { column, parent } of table.references) {
      const dangling = sql.all(
        `select c."${table.declared.key}" as id from "${table.name}" c where c."${column}" is not null
           and not exists (select 1 from "${parent}" p
             where p."${getTable(catalog, parent).declared.key}" = c."${column}")`,
      );
      for (const row of dangling) markWritten(applying, table, textOf(row, 'id'));
    }
}

const findHeld = ({ memory: { held } }: Context, { snapshotId }: Operation): HeldSnapshot | null =>
  held?.snapshotId === snapshotId ? held : null;

/** The device has got rows of its own since the download began: they are met like those of any snapshot. */
function stageHeldRows(sql: Sql, catalog: Catalog, held: HeldSnapshot): void {
  for (const rows of heldRows(held)) stageRows(sql, catalog, held.snapshotId, rows);
}

/** Moves the device to the staged snapshot, or changes nothing. */
export function applyStage(context: Context): Result<void, SyncFailure> {
  return apply(context, (sql) => {
    const operation = readOperation(sql);
    const attachment = readAttachment(sql);
    const held = findHeld(context, operation);
    const rows = held === null ? countStagedRows(sql, operation.snapshotId) : countHeldRows(held);
    if ((held === null && !operation.isStageComplete) || rows !== operation.snapshotRowCount)
      throw new Rollback(protocolFailure('stage-incomplete', 'snapshot'));
    settleOutbox(context, sql, operation);
    // No row to remove, no intent to meet, and a dangling reference would be the server's.
    const isFirst = hasNothing(sql, context.catalog);
    if (held !== null && !isFirst) stageHeldRows(sql, context.catalog, held);
    const applying = beginApplying(context, sql);
    settleLostHistory(applying, operation);
    if (held !== null && isFirst) insertHeldRows(sql, context.catalog, held);
    else {
      planResolutions(applying, stagedConflicts(context, sql, operation.snapshotId));
      insertUnknownRows(sql, context.catalog, operation.snapshotId);
      applyStagedRows(context, applying, operation);
      if (!isFirst) {
        removeUnstaged(applying, operation);
        markDangling(applying);
      }
    }
    endApplying(applying);
    setAttachment(sql, {
      last_bundle_seq_seen: operation.snapshotBundleSeq,
      rebuild_required: 0,
      pending_initialization_id: '',
      ...(operation.kind === 'remote_replace'
        ? { binding_state: 'attached' as const, attached_user_id: operation.targetUserId }
        : {}),
    });
    if (operation.kind === 'source_recovery')
      rotateSource(sql, attachment.sourceId, operation.replacementSourceId);
    sql.run('delete from _sync_snapshot_stage');
    sql.run('delete from _sync_x_stale_tables');
    clearOperation(sql);
  });
}
