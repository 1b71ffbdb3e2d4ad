/**
 * The commit of one staged bundle (protocol.md §5.3): checked, compared, applied, captured, numbered and
 * stored in one transaction, or not at all.
 *
 * Order of locks: scope row, session row, source row. The scope's counter is bumped as the last write
 * under its lock, so bundle numbers are gapless and in commit order. The bundle context, which the guards
 * read, is a row of its own, put in and taken out here. Wake-ups leave after the commit.
 *
 * `commitStaged` is the part that a push session, a push in one request and a server-side writer share.
 */
import type { Caller } from './caller.ts';
import { applyRun, readRuns } from './apply.ts';
import { FINISH, OPEN_CONTEXT } from './commit-statements.ts';
import { refuseConflicts } from './conflicts.ts';
import { INITIALIZE } from './connect.ts';
import type { SyncContext } from './context.ts';
import { diagnose } from './diagnose.ts';
import { storeEffects } from './effects.ts';
import { CommitOutcomeUnknown, DatabaseRefusal, DatabaseUnavailable, type Tx } from './ports.ts';
import { type PushSession, DROP_SESSION, findSession, lockSession } from './push-session.ts';
import { numberOf, numberOrNull, textOf } from './record.ts';
import { refuse } from './refusal.ts';
import { lockScope, refreshLease, requireStillPushable } from './scope.ts';
import { type CommittedTuple, findCommittedTuple, refuseRetired } from './sources.ts';

const VERIFY = `
  select count(*) as rows, count(distinct (table_no, key)) as keys, min(ordinal) as first, max(ordinal) as last,
    octet_length('[' || string_agg(request, ',' order by ordinal) || ']') as bytes,
    encode(sha256(convert_to('[' || string_agg(request, ',' order by ordinal) || ']', 'UTF8')), 'hex') as hash
  from sync.push_session_row where scope_id = $1::uuid and push_id = $2::uuid`;

/** Phase A: the staged bundle is whole, names no row twice, and is what was declared. */
export async function verifyStaged(
  context: SyncContext,
  tx: Tx,
  scopeId: string,
  session: PushSession,
): Promise<void> {
  const [row] = await tx.query(VERIFY, [scopeId, session.pushId]);
  const rows = row === undefined ? 0 : numberOf(row, 'rows');
  const isWhole =
    row !== undefined &&
    rows === session.plannedRowCount &&
    session.nextRowOrdinal === session.plannedRowCount &&
    numberOrNull(row, 'first') === 0 &&
    numberOrNull(row, 'last') === rows - 1;
  if (!isWhole) refuse('push_commit_invalid', 'not all planned rows are staged');
  if (numberOf(row, 'keys') !== rows) refuse('push_commit_invalid', 'a row is in the bundle twice');
  if (textOf(row, 'hash') !== session.requestHash) {
    refuse('push_commit_invalid', 'the rows do not have the declared canonical_request_hash');
  }
  if (numberOf(row, 'bytes') > context.limits.push.bundleBytesMax) {
    refuse('push_commit_invalid', 'the bundle is too large');
  }
}

const LOCK_SOURCE = `select state, last_source_bundle_id, replaced_by_source_id from sync.source
  where scope_id = $1::uuid and source_id = $2 for update`;

async function lockSourceAt(tx: Tx, caller: Caller, sourceBundleId: number): Promise<void> {
  const [row] = await tx.query(LOCK_SOURCE, [caller.scopeId, caller.sourceId]);
  if (row !== undefined && textOf(row, 'state') === 'retired') {
    const replacedBy = row['replaced_by_source_id'];
    refuseRetired(caller.sourceId, {
      state: 'retired',
      lastSourceBundleId: numberOf(row, 'last_source_bundle_id'),
      replacedBySourceId: typeof replacedBy === 'string' ? replacedBy : null,
    });
  }
  const expected = (row === undefined ? 0 : numberOf(row, 'last_source_bundle_id')) + 1;
  if (expected !== sourceBundleId) {
    refuse('source_sequence_changed', 'the source committed another bundle meanwhile');
  }
}

/** Steps 3 to 8 of phase B, on rows staged under `session`; the scope row is locked by the caller. */
export async function commitStaged(
  context: SyncContext,
  tx: Tx,
  caller: Caller,
  session: PushSession,
  scope: { readonly nextBundleSeq: number; readonly retainedBundleFloor: number },
  isSeed: boolean,
): Promise<CommittedTuple> {
  await lockSourceAt(tx, caller, session.sourceBundleId);
  await refuseConflicts(context, tx, caller, session.pushId, scope.retainedBundleFloor);
  await tx.query(OPEN_CONTEXT, [
    caller.scopeId,
    caller.sourceId,
    session.sourceBundleId,
    caller.actor,
    caller.device,
  ]);
  for (const run of await readRuns(tx, context.registry, caller.scopeId, session.pushId)) {
    if (!(await applyRun(tx, caller.scopeId, session.pushId, run))) {
      refuse('push_commit_invalid', 'an updated row was removed by a cascade of the same bundle');
    }
  }
  const bundleSeq = scope.nextBundleSeq;
  const facts = await storeEffects(context, tx, caller.scopeId, bundleSeq, session.pushId);
  if (facts === null) refuse('push_commit_invalid', 'the bundle changed nothing');
  const nowMs = context.clock.nowMs();
  await tx.query(DROP_SESSION, [caller.scopeId, session.pushId]);
  if (isSeed) await tx.query(INITIALIZE, [caller.scopeId, caller.sourceId, nowMs]);
  await tx.query(FINISH, [
    caller.scopeId,
    bundleSeq,
    caller.sourceId,
    session.sourceBundleId,
    facts.rowCount,
    facts.byteCount,
    facts.bundleHash,
    session.requestHash,
    session.note,
    nowMs,
  ]);
  context.counters.committedBytes += facts.byteCount;
  return {
    bundle_seq: bundleSeq,
    source_id: caller.sourceId,
    source_bundle_id: session.sourceBundleId,
    row_count: facts.rowCount,
    bundle_hash: facts.bundleHash,
    canonical_request_hash: session.requestHash,
  };
}

/** Tells this process's streams and counts; only ever called after the commit. */
export function announce(context: SyncContext, scopeId: string, tuple: CommittedTuple): void {
  context.counters.committedBundles += 1;
  context.hub.publish(scopeId, {
    bundleSeq: tuple.bundle_seq,
    sourceId: tuple.source_id,
    sourceBundleId: tuple.source_bundle_id,
  });
}

const READ_SESSION = `select source_id, source_bundle_id, planned_row_count, next_row_ordinal, request_hash
  from sync.push_session where scope_id = $1::uuid and push_id = $2::uuid`;

export async function commitPush(
  context: SyncContext,
  caller: Caller,
  pushId: string,
): Promise<CommittedTuple> {
  let sourceBundleId: number | null = null;
  const work = async (tx: Tx): Promise<CommittedTuple> => {
    // Phase A reads without the scope row; phase B finds the session again under it.
    const seen = await findSession(tx, caller, pushId, context.clock.nowMs());
    sourceBundleId = seen.sourceBundleId;
    await verifyStaged(context, tx, caller.scopeId, seen);
    const nowMs = context.clock.nowMs();
    const scope = await lockScope(tx, caller.scopeId, nowMs);
    const session = await lockSession(tx, caller, pushId, nowMs);
    const { isSeed } = requireStillPushable(scope, caller.sourceId, session.initializationId);
    if (isSeed) await refreshLease(tx, caller.scopeId, nowMs + context.limits.push.leaseTtlMs);
    return commitStaged(context, tx, caller, session, scope, isSeed);
  };
  return context.queue.run(caller.scopeId, async () => {
    try {
      const tuple = await context.database.transaction(
        { isolation: 'read-committed', readOnly: false, scopeId: caller.scopeId },
        work,
      );
      announce(context, caller.scopeId, tuple);
      return tuple;
    } catch (error) {
      if (error instanceof DatabaseRefusal) {
        return diagnose(context, caller, error, (tx) => readSessionRows(tx, caller, pushId));
      }
      if (error instanceof CommitOutcomeUnknown && sourceBundleId !== null) {
        return resolveUnknownCommit(context, caller, sourceBundleId);
      }
      throw error;
    }
  });
}

/** Diagnosis applies the session's rows once more, so it needs no copy of its own. */
async function readSessionRows(
  tx: Tx,
  caller: Caller,
  pushId: string,
): Promise<{
  readonly pushId: string;
  readonly sourceBundleId: number;
}> {
  const [row] = await tx.query(READ_SESSION, [caller.scopeId, pushId]);
  if (row === undefined) refuse('push_session_not_found', 'there is no such push session');
  return { pushId, sourceBundleId: numberOf(row, 'source_bundle_id') };
}

/** Nobody knows whether the COMMIT arrived: the ledger does, once it can be asked again. */
export async function resolveUnknownCommit(
  context: SyncContext,
  caller: Caller,
  sourceBundleId: number,
): Promise<CommittedTuple> {
  const tuple = await context.database.transaction(
    { isolation: 'read-committed', readOnly: true, scopeId: caller.scopeId },
    (tx) => findCommittedTuple(tx, caller.scopeId, caller.sourceId, sourceBundleId),
  );
  if (tuple === null) throw new DatabaseUnavailable('the commit did not happen');
  announce(context, caller.scopeId, tuple);
  return tuple;
}
