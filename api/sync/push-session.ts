/**
 * Opening, staging and dropping a push session (protocol.md §5.1, §5.2, §5.4). The committed tuple is
 * looked up before any gate: a lost answer is always given again (B1). A session belongs to one user and
 * one source; another user's is indistinguishable from none (B22).
 */
import type { Rejection } from '../../shared/protocol/errors.ts';
import type { PushChunkResponse, PushCreateResponse } from '../../shared/protocol/push.ts';
import { isCanonicalUuid } from '../../shared/protocol/shapes.ts';
import type { Caller } from './caller.ts';
import { type SyncContext, versionOf } from './context.ts';
import { checkConversions } from './conversion.ts';
import { requireEpoch } from './epoch.ts';
import type { Tx } from './ports.ts';
import { type StagedRow, checkRows } from './push-rows.ts';
import { numberOf, textOf, textOrNull } from './record.ts';
import { Refusal, refuse } from './refusal.ts';
import { renderTuple } from './rendering.ts';
import { type OpenedPush, openPush } from './open-push.ts';
import { lockScope, refreshLease, requirePushable, requireStillPushable } from './scope.ts';
import { type CommittedTuple, refuseRetired } from './sources.ts';

export interface PushTuple {
  readonly sourceBundleId: number;
  readonly requestHash: string;
  readonly initializationId: string | null;
  readonly note: string | null;
}

/** E7: a client that may only read is told so, after a committed push was acknowledged. */
export function refuseReaders(caller: Caller): void {
  if (caller.writeRefusal !== undefined && caller.writeRefusal !== null) {
    throw new Refusal(caller.writeRefusal);
  }
}

/** Step 3 of create, under the scope row: what was committed under the tuple, as this caller knows it. */
export async function acknowledgeTuple(
  context: SyncContext,
  tx: Tx,
  caller: Caller,
  { committed }: OpenedPush,
  tuple: PushTuple,
): Promise<CommittedTuple | null> {
  if (committed === null) return null;
  if (committed.canonical_request_hash !== tuple.requestHash) {
    refuse('source_sequence_out_of_order', 'this source bundle was committed with other content');
  }
  context.counters.acceptedReplays += 1;
  return renderTuple(context, tx, caller.scopeId, versionOf(context, caller), committed);
}

/** Steps 4 and 5, for a tuple that is not committed: the source may push, and this is its next one. */
export function requireNextTuple(
  context: SyncContext,
  caller: Caller,
  { scope, source }: OpenedPush,
  tuple: PushTuple,
): { readonly isSeed: boolean } {
  refuseReaders(caller);
  const { isSeed } = requirePushable(scope, caller.sourceId, tuple.initializationId);
  if (source?.state === 'retired') refuseRetired(caller.sourceId, source);
  const expected = (source?.lastSourceBundleId ?? 0) + 1;
  if (tuple.sourceBundleId < expected) {
    context.counters.historyPruned += 1;
    refuse('history_pruned', 'this source bundle was committed and its content is no longer known');
  }
  if (tuple.sourceBundleId > expected) {
    refuse('source_sequence_out_of_order', `the next source bundle is ${String(expected)}`);
  }
  return { isSeed };
}

const OF_TUPLE = 'scope_id = $1::uuid and source_id = $2 and source_bundle_id = $3::bigint';
/** Waits for a chunk that is being staged; a statement that begins afterwards sees what it brought. */
const LOCK_TUPLE = `select push_id from sync.push_session where ${OF_TUPLE} for update`;
const DROP_TUPLE = `
  with dropped as (
    delete from sync.push_session where ${OF_TUPLE} returning push_id
  )
  delete from sync.push_session_row r using dropped d where r.scope_id = $1::uuid and r.push_id = d.push_id`;

const INSERT_SESSION = `
  insert into sync.push_session (scope_id, push_id, source_id, source_bundle_id, planned_row_count,
    request_hash, initialization_id, note, expires_at_ms)
  values ($1::uuid, $2::uuid, $3, $4::bigint, $5::bigint, $6, $7::uuid, $8, $9::bigint)`;

async function insertSession(
  context: SyncContext,
  tx: Tx,
  caller: Caller,
  tuple: PushTuple,
  plannedRowCount: number,
): Promise<string> {
  const pushId = context.ids.uuid();
  const ofTuple = [caller.scopeId, caller.sourceId, tuple.sourceBundleId];
  await tx.query(LOCK_TUPLE, ofTuple);
  await tx.query(DROP_TUPLE, ofTuple);
  await tx.query(INSERT_SESSION, [
    caller.scopeId,
    pushId,
    caller.sourceId,
    tuple.sourceBundleId,
    plannedRowCount,
    tuple.requestHash,
    tuple.initializationId,
    tuple.note,
    context.clock.nowMs() + context.limits.push.sessionTtlMs,
  ]);
  return pushId;
}

export async function createPushSession(
  context: SyncContext,
  caller: Caller,
  tuple: PushTuple,
  plannedRowCount: number,
): Promise<PushCreateResponse> {
  if (plannedRowCount > context.limits.push.bundleRowsMax) {
    refuse(
      'push_session_invalid',
      `a bundle has at most ${String(context.limits.push.bundleRowsMax)} rows`,
    );
  }
  return context.queue.run(caller.scopeId, () =>
    context.database.transaction(
      { isolation: 'read-committed', readOnly: false, scopeId: caller.scopeId, plans: 'kept' },
      async (tx): Promise<PushCreateResponse> => {
        const nowMs = context.clock.nowMs();
        const opened = await openPush(tx, caller, tuple.sourceBundleId, nowMs);
        await requireEpoch(context, tx, caller, opened.scope);
        const committed = await acknowledgeTuple(context, tx, caller, opened, tuple);
        if (committed !== null) return { status: 'already_committed', ...committed };
        if (requireNextTuple(context, caller, opened, tuple).isSeed)
          await refreshLease(tx, caller.scopeId, nowMs + context.limits.push.leaseTtlMs);
        return {
          status: 'staging',
          push_id: await insertSession(context, tx, caller, tuple, plannedRowCount),
          planned_row_count: plannedRowCount,
          next_expected_row_ordinal: 0,
          canonical_request_hash: tuple.requestHash,
        };
      },
    ),
  );
}

export interface PushSession {
  readonly pushId: string;
  readonly sourceBundleId: number;
  readonly plannedRowCount: number;
  readonly nextRowOrdinal: number;
  readonly requestHash: string;
  readonly requestBytes: number;
  readonly initializationId: string | null;
  readonly note: string | null;
}

const READ_SESSION = `
  select source_id, source_bundle_id, planned_row_count, next_row_ordinal, request_hash, request_bytes,
    initialization_id::text, note, expires_at_ms
  from sync.push_session where scope_id = $1::uuid and push_id = $2::uuid`;
/** Takes the session row. */
const LOCK_SESSION = `${READ_SESSION} for update`;

type Find = (tx: Tx, caller: Caller, pushId: string, nowMs: number) => Promise<PushSession>;

/** The lookups that every session call begins with: 404, then 403, then 410. */
export const findSession: Find = (tx, caller, pushId, nowMs) =>
  loadSession(tx, READ_SESSION, caller, pushId, nowMs);
export const lockSession: Find = (tx, caller, pushId, nowMs) =>
  loadSession(tx, LOCK_SESSION, caller, pushId, nowMs);

async function loadSession(
  tx: Tx,
  statement: string,
  caller: Caller,
  pushId: string,
  nowMs: number,
): Promise<PushSession> {
  const [row] = isCanonicalUuid(pushId) ? await tx.query(statement, [caller.scopeId, pushId]) : [];
  if (row === undefined) refuse('push_session_not_found', 'there is no such push session');
  if (textOf(row, 'source_id') !== caller.sourceId) {
    refuse('push_session_forbidden', 'the push session belongs to another source');
  }
  if (numberOf(row, 'expires_at_ms') <= nowMs) {
    refuse('push_session_expired', 'the push session has expired');
  }
  return {
    pushId,
    sourceBundleId: numberOf(row, 'source_bundle_id'),
    plannedRowCount: numberOf(row, 'planned_row_count'),
    nextRowOrdinal: numberOf(row, 'next_row_ordinal'),
    requestHash: textOf(row, 'request_hash'),
    requestBytes: numberOf(row, 'request_bytes'),
    initializationId: textOrNull(row, 'initialization_id'),
    note: textOrNull(row, 'note'),
  };
}

/** The rows as `sync.stage_rows` takes them; their request form only where it will be hashed again. */
export function encodeRows(
  rows: readonly StagedRow[],
  startOrdinal: number,
  withRequests: boolean,
): string {
  const records = rows.map((row, index) => ({
    o: startOrdinal + index,
    t: row.table.tableNo,
    a: row.op,
    h: row.keyHex,
    k: row.keyText,
    b: row.baseRowVersion,
    c: row.columns,
    p: row.payload,
    q: withRequests ? row.request : '',
  }));
  return JSON.stringify(records);
}

const STAGE_ROWS = 'select sync.stage_rows($1::uuid, $2::uuid, $3)';

export async function stageRows(
  tx: Tx,
  caller: Caller,
  pushId: string,
  rows: readonly StagedRow[],
  startOrdinal: number,
): Promise<void> {
  await tx.query(STAGE_ROWS, [caller.scopeId, pushId, encodeRows(rows, startOrdinal, true)]);
}

type RowsCode = 'push_chunk_invalid' | 'push_rejected';

/** The refusal of checked rows: the first culprit, and all of them for who asked. */
function refuseRows(
  caller: Caller,
  refusals: readonly { readonly message: string; readonly rejection: Rejection | null }[],
  askedCode: RowsCode,
): never {
  const [first] = refusals;
  const message = first?.message ?? 'the rows are not acceptable';
  const rejections = refusals.flatMap(({ rejection }) => (rejection === null ? [] : [rejection]));
  const isAsked = caller.extensions.has('push_rejections') && rejections.length > 0;
  const all = { rejections, rejection_total: rejections.length };
  if (isAsked && askedCode === 'push_rejected') return refuse(askedCode, message, all);
  return refuse('push_chunk_invalid', message, {
    ...(first === undefined || first.rejection === null ? {} : { rejection: first.rejection }),
    ...(isAsked ? all : {}),
  });
}

/** Step 1 to 9 of §5.2, all before the session is locked. `askedCode` answers who asked for all culprits. */
export async function checkChunk(
  context: SyncContext,
  caller: Caller,
  rows: readonly unknown[],
  startOrdinal: number,
  askedCode: RowsCode = 'push_chunk_invalid',
): Promise<readonly StagedRow[]> {
  const { push, rejections } = context.limits;
  if (rows.length === 0) refuse('push_chunk_invalid', 'a chunk has at least one row');
  if (rows.length > push.chunkRowsMax) {
    refuse('push_chunk_invalid', `a chunk has at most ${String(push.chunkRowsMax)} rows`);
  }
  // No bundle has more rows, so a larger ordinal could not even be named in a rejection.
  if (startOrdinal < 0 || startOrdinal > context.limits.push.bundleRowsMax) {
    refuse('push_chunk_invalid', 'start_row_ordinal is an integer from 0 to the rows of a bundle');
  }
  const refusalsMax = caller.extensions.has('push_rejections') ? rejections.entriesMax : 1;
  const checked = checkRows(context.registry, rows, startOrdinal, push, refusalsMax);
  if (checked.refusals.length > 0) refuseRows(caller, checked.refusals, askedCode);
  const unconvertible = await checkConversions(context, checked.rows, startOrdinal, refusalsMax);
  if (unconvertible.length > 0) refuseRows(caller, unconvertible, askedCode);
  return checked.rows;
}

export async function pushChunk(
  context: SyncContext,
  caller: Caller,
  pushId: string,
  startOrdinal: number,
  rawRows: readonly unknown[],
): Promise<PushChunkResponse> {
  refuseReaders(caller);
  const rows = await checkChunk(context, caller, rawRows, startOrdinal);
  // Each row with the comma or bracket before it; the closing bracket is counted where the sum is compared.
  const bytes = rows.reduce((sum, row) => sum + row.requestBytes + 1, 0);
  return context.database.transaction(
    { isolation: 'read-committed', readOnly: false, scopeId: caller.scopeId, plans: 'kept' },
    async (tx) => {
      const nowMs = context.clock.nowMs();
      const session = await lockSession(tx, caller, pushId, nowMs);
      if (session.initializationId !== null) {
        const scope = await lockScope(tx, caller.scopeId, nowMs);
        requireStillPushable(scope, caller.sourceId, session.initializationId);
        await refreshLease(tx, caller.scopeId, nowMs + context.limits.push.leaseTtlMs);
      }
      if (startOrdinal !== session.nextRowOrdinal) {
        refuse(
          'push_chunk_out_of_order',
          `the next expected row is ${String(session.nextRowOrdinal)}`,
        );
      }
      const next = startOrdinal + rows.length;
      if (next > session.plannedRowCount) {
        refuse(
          'push_chunk_invalid',
          `the session was planned for ${String(session.plannedRowCount)} rows`,
        );
      }
      if (session.requestBytes + bytes + 1 > context.limits.push.bundleBytesMax) {
        refuse('push_chunk_invalid', 'the bundle is too large');
      }
      await stageRows(tx, caller, pushId, rows, startOrdinal);
      await tx.query(
        `update sync.push_session set next_row_ordinal = $3::bigint, request_bytes = request_bytes + $4::bigint,
           expires_at_ms = $5::bigint where scope_id = $1::uuid and push_id = $2::uuid`,
        [caller.scopeId, pushId, next, bytes, nowMs + context.limits.push.sessionTtlMs],
      );
      return { push_id: pushId, next_expected_row_ordinal: next };
    },
  );
}

/** Removes a session with its rows. */
const DROP_SESSION = `
  with dropped as (
    delete from sync.push_session where scope_id = $1::uuid and push_id = $2::uuid returning push_id
  )
  delete from sync.push_session_row r using dropped d where r.scope_id = $1::uuid and r.push_id = d.push_id`;

export async function deletePushSession(
  context: SyncContext,
  caller: Caller,
  pushId: string,
): Promise<void> {
  await context.database.transaction(
    { isolation: 'read-committed', readOnly: false, scopeId: caller.scopeId, plans: 'kept' },
    async (tx) => {
      await lockSession(tx, caller, pushId, context.clock.nowMs());
      await tx.query(DROP_SESSION, [caller.scopeId, pushId]);
    },
  );
}
