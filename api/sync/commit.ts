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
import { type Run, encodeRuns, readRuns } from './apply.ts';
import { readFacts } from './commit-statements.ts';
import { refuseConflicts } from './conflicts.ts';
import { type SyncContext, versionOf } from './context.ts';
import { requireEpoch } from './epoch.ts';
import { diagnose } from './diagnose.ts';
import { assert, must } from '../../shared/assert.ts';
import {
  CommitOutcomeUnknown,
  DatabaseRefusal,
  DatabaseUnavailable,
  type SqlRecord,
  type Tx,
} from './ports.ts';
import { type PushSession, findSession, lockSession, refuseReaders } from './push-session.ts';
import { numberOf, numberOrNull, textOf } from './record.ts';
import { refuse } from './refusal.ts';
import { renderTuple } from './rendering.ts';
import { lockScope, refreshLease, requireStillPushable } from './scope.ts';
import { type CommittedTuple, findCommittedTuple, readSource, refuseRetired } from './sources.ts';

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

const COMMIT_PUSH = `select outcome, row_count, byte_count, bundle_hash from sync.commit_push(
  $1::uuid, $2::bigint, $3, $4::bigint, $5::uuid, $6, $7, $8::bigint, $9::bigint, $10::bigint, $11::integer,
  $12::bigint, $13, $14, $15::boolean, $16::text::jsonb, $17)`;

const ALLOW_TIME = "select set_config('statement_timeout', $1, true)";

/**
 * A commit is one statement, and the largest bundle takes longer than one may: applying, capturing, storing and
 * hashing a row is a third of a millisecond, and more where the machine has too much to do (docs/operations.md).
 */
async function allowTime({ limits }: SyncContext, tx: Tx, rows: number): Promise<void> {
  const { statementMs, commitRowMs } = limits.database;
  await tx.query(ALLOW_TIME, [String(statementMs + rows * commitRowMs)]);
}

/** What goes into a bundle, staged under `pushId`. */
export interface StagedBundle {
  readonly pushId: string;
  readonly sourceBundleId: number;
  readonly requestHash: string;
  readonly note: string | null;
  readonly runs: readonly Run[];
  /** Rows that are not staged yet and travel with the commit, as `encodeRows` wrote them; null for none. */
  readonly rows: string | null;
}

export interface Committed {
  readonly tuple: CommittedTuple;
  readonly byteCount: number;
}

/** Says no where `sync.commit_push` did; the outcomes of `sync.finish_bundle` are read by `readFacts`. */
async function refuseOutcome(
  context: SyncContext,
  tx: Tx,
  caller: Caller,
  pushId: string,
  floorSeq: number,
  row: SqlRecord,
): Promise<void> {
  switch (textOf(row, 'outcome')) {
    case 'source-retired':
      return refuseRetired(
        caller.sourceId,
        must(await readSource(tx, caller.scopeId, caller.sourceId), 'a retired source has its row'),
      );
    case 'sequence-changed':
      return refuse('source_sequence_changed', 'the source committed another bundle meanwhile');
    case 'conflict':
      return refuseConflicts(context, tx, caller, pushId, floorSeq);
    case 'row-removed':
      return refuse(
        'push_commit_invalid',
        'an updated row was removed by a cascade of the same bundle',
      );
    default:
  }
}

/** Steps 3 to 8 of phase B, on rows staged under `staged`; the scope row is locked by the caller. */
export async function commitStaged(
  context: SyncContext,
  tx: Tx,
  caller: Caller,
  staged: StagedBundle,
  scope: { readonly nextBundleSeq: number; readonly retainedBundleFloor: number },
  isSeed: boolean,
): Promise<Committed> {
  const { push } = context.limits;
  const rowCount = 1 + (staged.runs.at(-1)?.lastOrdinal ?? 0);
  // What one request brings is less than a chunk: its commit is the very next thing that is sent.
  if (rowCount > push.chunkRowsMax) await allowTime(context, tx, rowCount);
  const [row] = await tx.query(COMMIT_PUSH, [
    caller.scopeId,
    scope.nextBundleSeq,
    caller.sourceId,
    staged.sourceBundleId,
    staged.pushId,
    staged.requestHash,
    staged.note,
    context.clock.nowMs(),
    push.bundleEffectsMax,
    push.rowBytesMax,
    context.registry.schemaVersion,
    scope.retainedBundleFloor,
    caller.actor,
    caller.device,
    isSeed,
    encodeRuns(context.registry, staged.runs),
    staged.rows,
  ]);
  assert(row !== undefined, 'a function with one result has one row');
  await refuseOutcome(context, tx, caller, staged.pushId, scope.retainedBundleFloor, row);
  const facts = readFacts(context, row);
  if (facts === null) refuse('push_commit_invalid', 'the bundle changed nothing');
  return {
    tuple: {
      bundle_seq: scope.nextBundleSeq,
      source_id: caller.sourceId,
      source_bundle_id: staged.sourceBundleId,
      row_count: facts.rowCount,
      bundle_hash: facts.bundleHash,
      canonical_request_hash: staged.requestHash,
    },
    byteCount: facts.byteCount,
  };
}

/** Tells this process's streams and counts; only ever called after the commit. */
export function announce(
  context: SyncContext,
  scopeId: string,
  { tuple, byteCount }: Committed,
): void {
  context.counters.committedBundles += 1;
  context.counters.committedBytes += byteCount;
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
  refuseReaders(caller);
  let sourceBundleId: number | null = null;
  const work = async (tx: Tx): Promise<Committed> => {
    // Phase A reads without the scope row; phase B finds the session again under it.
    const seen = await findSession(tx, caller, pushId, context.clock.nowMs());
    sourceBundleId = seen.sourceBundleId;
    await verifyStaged(context, tx, caller.scopeId, seen);
    const nowMs = context.clock.nowMs();
    const scope = await lockScope(tx, caller.scopeId, nowMs);
    await requireEpoch(context, tx, caller, scope);
    const session = await lockSession(tx, caller, pushId, nowMs);
    const { isSeed } = requireStillPushable(scope, caller.sourceId, session.initializationId);
    if (isSeed) await refreshLease(tx, caller.scopeId, nowMs + context.limits.push.leaseTtlMs);
    const runs = await readRuns(tx, context.registry, caller.scopeId, pushId);
    const done = await commitStaged(
      context,
      tx,
      caller,
      { ...session, runs, rows: null },
      scope,
      isSeed,
    );
    const version = versionOf(context, caller);
    const tuple = await renderTuple(context, tx, caller.scopeId, version, done.tuple);
    return { ...done, tuple };
  };
  return context.queue.run(caller.scopeId, async () => {
    try {
      const committed = await context.database.transaction(
        { isolation: 'read-committed', readOnly: false, scopeId: caller.scopeId, plans: 'kept' },
        work,
      );
      announce(context, caller.scopeId, committed);
      return committed.tuple;
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
  announce(context, caller.scopeId, { tuple, byteCount: 0 });
  return tuple;
}
