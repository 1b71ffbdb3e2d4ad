/**
 * The engine's singletons as typed values: attachment, operation, outbox header, meta. One reader and one
 * writer for each, so that no other file spells these columns. Booleans are 0 and 1 in SQL, absence is ''.
 */
import { must } from '../../shared/assert.ts';
import type { Sql, SqlRow, SqlValue } from './ports.ts';

export interface Attachment {
  readonly sourceId: string;
  readonly isAttached: boolean;
  /** Whose rows these are; empty for rows made without an account. Kept while the server has forgotten us. */
  readonly userId: string;
  readonly checkpoint: number;
  readonly rebuildRequired: boolean;
  readonly initializationId: string;
}

export type OperationKind = 'none' | 'remote_replace' | 'source_recovery';

export interface Operation {
  readonly kind: OperationKind;
  readonly targetUserId: string;
  readonly snapshotId: string;
  readonly snapshotBundleSeq: number;
  readonly snapshotRowCount: number;
  readonly snapshotByteCount: number;
  readonly isStageComplete: boolean;
  readonly reason: string;
  readonly replacementSourceId: string;
}

export interface OutboxHeader {
  readonly state: 'none' | 'prepared' | 'committed_remote';
  readonly sourceId: string;
  readonly sourceBundleId: number;
  readonly initializationId: string;
  readonly requestHash: string;
  readonly rowCount: number;
  readonly remoteBundleHash: string;
  readonly remoteBundleSeq: number;
}

export const textOf = (row: SqlRow, name: string): string => {
  const value = row[name];
  return typeof value === 'string' ? value : '';
};

/** Counters of the engine stay far below 2^53; a bigint here would be a defect. */
export const numberOf = (row: SqlRow, name: string): number => {
  const value = row[name];
  return typeof value === 'number' ? value : Number(value ?? 0);
};

const one = (sql: Sql, statement: string): SqlRow =>
  must(sql.all(statement)[0], 'the engine keeps one row in each of its singletons');

function update(sql: Sql, table: string, columns: Readonly<Record<string, SqlValue>>): void {
  const names = Object.keys(columns);
  sql.run(
    `update ${table} set ${names.map((name, index) => `${name} = ?${index + 1}`).join(', ')} where singleton_key = 1`,
    names.map((name) => columns[name] ?? null),
  );
}

export function readAttachment(sql: Sql): Attachment {
  const row = one(sql, 'select * from _sync_attachment_state');
  return {
    sourceId: textOf(row, 'current_source_id'),
    isAttached:
      textOf(row, 'binding_state') === 'attached' && textOf(row, 'attached_user_id') !== '',
    userId: textOf(row, 'attached_user_id'),
    checkpoint: numberOf(row, 'last_bundle_seq_seen'),
    rebuildRequired: numberOf(row, 'rebuild_required') === 1,
    initializationId: textOf(row, 'pending_initialization_id'),
  };
}

/**
 * The household that is to be joined before anything can be exchanged with it: its first download was
 * interrupted, or the server forgot it and it was not joined anew yet. Null where there is none.
 */
export function householdToJoin(sql: Sql): string | null {
  const operation = readOperation(sql);
  if (operation.kind === 'remote_replace') return operation.targetUserId;
  const { isAttached, userId } = readAttachment(sql);
  return isAttached || userId === '' ? null : userId;
}

/** There is a household to exchange with, or one to be joined. */
export const hasHousehold = (sql: Sql): boolean =>
  readAttachment(sql).isAttached || householdToJoin(sql) !== null;

export function setAttachment(
  sql: Sql,
  change: Partial<{
    current_source_id: string;
    binding_state: 'anonymous' | 'attached';
    attached_user_id: string;
    last_bundle_seq_seen: number;
    rebuild_required: 0 | 1;
    pending_initialization_id: string;
  }>,
): void {
  update(sql, '_sync_attachment_state', change);
}

export function readOperation(sql: Sql): Operation {
  const row = one(sql, 'select * from _sync_operation_state');
  const kind = textOf(row, 'kind');
  return {
    kind: kind === 'remote_replace' || kind === 'source_recovery' ? kind : 'none',
    targetUserId: textOf(row, 'target_user_id'),
    snapshotId: textOf(row, 'staged_snapshot_id'),
    snapshotBundleSeq: numberOf(row, 'snapshot_bundle_seq'),
    snapshotRowCount: numberOf(row, 'snapshot_row_count'),
    snapshotByteCount: numberOf(row, 'snapshot_byte_count'),
    isStageComplete: numberOf(row, 'snapshot_stage_complete') === 1,
    reason: textOf(row, 'reason'),
    replacementSourceId: textOf(row, 'replacement_source_id'),
  };
}

export function setOperation(
  sql: Sql,
  change: Partial<{
    kind: OperationKind;
    target_user_id: string;
    staged_snapshot_id: string;
    snapshot_bundle_seq: number;
    snapshot_row_count: number;
    snapshot_byte_count: number;
    snapshot_stage_complete: 0 | 1;
    reason: string;
    replacement_source_id: string;
  }>,
): void {
  update(sql, '_sync_operation_state', change);
}

/** Facts of the engine that no other client of the protocol has. */
export interface Meta {
  /** The server's history that the checkpoint belongs to; empty while none is known. */
  readonly serverEpoch: string;
  readonly schemaVersion: number;
  /** What a lost history is settled by in the next snapshot; `none` when nothing was lost. */
  readonly lostPolicy: 'none' | LostPolicy;
  /** The last number that both histories share. */
  readonly lostBase: number;
}

/** `unknown`: nothing is known of what both histories share, so nothing is offered again by itself. */
export type LostPolicy = 'reoffer' | 'discard' | 'unknown';

export function findMeta(sql: Sql): Meta {
  const row = one(sql, 'select * from _sync_x_meta');
  const policy = textOf(row, 'lost_policy');
  return {
    serverEpoch: textOf(row, 'server_epoch'),
    schemaVersion: numberOf(row, 'schema_version'),
    lostPolicy:
      policy === 'reoffer' || policy === 'discard' || policy === 'unknown' ? policy : 'none',
    lostBase: numberOf(row, 'lost_base'),
  };
}

export function setMeta(
  sql: Sql,
  change: Partial<{
    server_epoch: string;
    schema_version: number;
    lost_policy: '' | LostPolicy;
    lost_base: number;
  }>,
): void {
  update(sql, '_sync_x_meta', change);
}

export const clearOperation = (sql: Sql): void =>
  setOperation(sql, {
    kind: 'none',
    target_user_id: '',
    staged_snapshot_id: '',
    snapshot_bundle_seq: 0,
    snapshot_row_count: 0,
    snapshot_byte_count: 0,
    snapshot_stage_complete: 0,
    reason: '',
    replacement_source_id: '',
  });

export function readOutbox(sql: Sql): OutboxHeader {
  const row = one(sql, 'select * from _sync_outbox_bundle');
  const state = textOf(row, 'state');
  return {
    state: state === 'prepared' || state === 'committed_remote' ? state : 'none',
    sourceId: textOf(row, 'source_id'),
    sourceBundleId: numberOf(row, 'source_bundle_id'),
    initializationId: textOf(row, 'initialization_id'),
    requestHash: textOf(row, 'canonical_request_hash'),
    rowCount: numberOf(row, 'row_count'),
    remoteBundleHash: textOf(row, 'remote_bundle_hash'),
    remoteBundleSeq: numberOf(row, 'remote_bundle_seq'),
  };
}

export function setOutbox(
  sql: Sql,
  change: Partial<{
    state: 'none' | 'prepared' | 'committed_remote';
    source_id: string;
    source_bundle_id: number;
    initialization_id: string;
    canonical_request_hash: string;
    row_count: number;
    remote_bundle_hash: string;
    remote_bundle_seq: number;
  }>,
): void {
  update(sql, '_sync_outbox_bundle', change);
}

export function clearOutbox(sql: Sql): void {
  sql.run('delete from _sync_outbox_rows');
  setOutbox(sql, {
    state: 'none',
    source_id: '',
    source_bundle_id: 0,
    initialization_id: '',
    canonical_request_hash: '',
    row_count: 0,
    remote_bundle_hash: '',
    remote_bundle_seq: 0,
  });
}

export function readNextBundleId(sql: Sql, sourceId: string): number {
  const [row] = sql.all(
    'select next_source_bundle_id from _sync_source_state where source_id = ?1',
    [sourceId],
  );
  return numberOf(must(row, 'the current source is known'), 'next_source_bundle_id');
}

/** The source's next number only ever rises. */
export function raiseNextBundleId(sql: Sql, sourceId: string, next: number): void {
  sql.run(
    `update _sync_source_state set next_source_bundle_id = max(next_source_bundle_id, ?2) where source_id = ?1`,
    [sourceId, next],
  );
}

/** Runs `work` with capture switched off and switches it on again: every apply transaction. */
export function applying<T>(sql: Sql, work: () => T): T {
  sql.run('update _sync_apply_state set apply_mode = 1');
  const value = work();
  sql.run('update _sync_apply_state set apply_mode = 0');
  return value;
}
