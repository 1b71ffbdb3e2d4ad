/**
 * E1: a whole push in one request, with the peers' bundles that the client has not seen (protocol.md
 * §13.2). The rows pass through the same staging table as a session's, inside the one transaction, so
 * conflicts, application, capture and diagnosis are the same code.
 */
import { hashCanonicalRows } from '../../shared/protocol/bundle-hash.ts';
import { readBundles } from './bundles.ts';
import type { Caller } from './caller.ts';
import { announce, commitStaged, resolveUnknownCommit } from './commit.ts';
import type { SyncContext } from './context.ts';
import { diagnose } from './diagnose.ts';
import { CommitOutcomeUnknown, DatabaseRefusal, type JsonText, type Tx } from './ports.ts';
import { type StagedRow } from './push-rows.ts';
import {
  type PushTuple,
  checkChunk,
  insertSession,
  resolveTuple,
  stageRows,
} from './push-session.ts';
import { refuse } from './refusal.ts';
import { lockScope, readScope } from './scope.ts';
import type { CommittedTuple } from './sources.ts';

export interface SinglePush {
  readonly tuple: PushTuple;
  readonly rows: readonly unknown[];
  /** Null brings the new bundle only. */
  readonly afterBundleSeq: number | null;
  readonly withNotes: boolean;
}

type Outcome = {
  readonly status: 'committed' | 'already_committed';
  readonly committed: CommittedTuple;
};

async function stage(
  context: SyncContext,
  tx: Tx,
  caller: Caller,
  push: SinglePush,
  rows: readonly StagedRow[],
): Promise<{ readonly pushId: string; readonly sourceBundleId: number }> {
  const pushId = await insertSession(context, tx, caller, push.tuple, rows.length);
  await stageRows(tx, caller, pushId, rows, 0);
  return { pushId, sourceBundleId: push.tuple.sourceBundleId };
}

async function commitOnce(
  context: SyncContext,
  tx: Tx,
  caller: Caller,
  push: SinglePush,
  rows: readonly StagedRow[],
): Promise<Outcome> {
  const scope = await lockScope(tx, caller.scopeId, context.clock.nowMs());
  const resolved = await resolveTuple(context, tx, caller, scope, push.tuple);
  if ('committed' in resolved)
    return { status: 'already_committed', committed: resolved.committed };
  if ((push.afterBundleSeq ?? 0) > scope.latestBundleSeq) {
    refuse('checkpoint_ahead', 'the checkpoint is ahead of the server');
  }
  const { pushId } = await stage(context, tx, caller, push, rows);
  const session = {
    pushId,
    sourceBundleId: push.tuple.sourceBundleId,
    plannedRowCount: rows.length,
    nextRowOrdinal: rows.length,
    requestHash: push.tuple.requestHash,
    requestBytes: 0,
    initializationId: push.tuple.initializationId,
    note: push.tuple.note,
  };
  const committed = await commitStaged(context, tx, caller, session, scope, resolved.isSeed);
  return { status: 'committed', committed };
}

/** The bundles after the client's checkpoint, or what stands in the way of giving them. */
async function catchUp(
  context: SyncContext,
  caller: Caller,
  push: SinglePush,
  bundleSeq: number,
): Promise<{
  readonly bundles: readonly string[];
  readonly hasMore: boolean;
  readonly isPruned: boolean;
}> {
  return context.database.transaction(
    { isolation: 'repeatable-read', readOnly: true, scopeId: caller.scopeId },
    async (tx) => {
      const scope = await readScope(tx, caller.scopeId, context.clock.nowMs());
      const afterSeq = push.afterBundleSeq ?? bundleSeq - 1;
      if (afterSeq < scope.retainedBundleFloor)
        return { bundles: [], hasMore: true, isPruned: true };
      const { responseBundlesMax, responseBytesMax } = context.limits.singlePush;
      const page = await readBundles(tx, {
        scopeId: caller.scopeId,
        afterSeq,
        ceilingSeq: bundleSeq,
        bundlesMax: responseBundlesMax,
        bytesMax: responseBytesMax,
        withNotes: push.withNotes && caller.extensions.has('bundle_notes'),
      });
      return { ...page, isPruned: false };
    },
  );
}

export async function pushOnce(
  context: SyncContext,
  caller: Caller,
  push: SinglePush,
): Promise<JsonText> {
  if (push.rows.length > context.limits.singlePush.rowsMax) {
    refuse(
      'push_chunk_invalid',
      `one request has at most ${String(context.limits.singlePush.rowsMax)} rows`,
    );
  }
  const rows = await checkChunk(context, caller, push.rows, 0);
  if (hashCanonicalRows(rows.map((row) => row.request)).hash !== push.tuple.requestHash) {
    refuse('push_commit_invalid', 'the rows do not have the declared canonical_request_hash');
  }
  const { status, committed } = await context.queue.run(
    caller.scopeId,
    async (): Promise<Outcome> => {
      try {
        const outcome = await context.database.transaction(
          { isolation: 'read-committed', readOnly: false, scopeId: caller.scopeId },
          (tx) => commitOnce(context, tx, caller, push, rows),
        );
        if (outcome.status === 'committed') announce(context, caller.scopeId, outcome.committed);
        return outcome;
      } catch (error) {
        if (error instanceof DatabaseRefusal) {
          return diagnose(context, caller, error, (tx) => stage(context, tx, caller, push, rows));
        }
        if (error instanceof CommitOutcomeUnknown) {
          const found = await resolveUnknownCommit(context, caller, push.tuple.sourceBundleId);
          return { status: 'committed', committed: found };
        }
        throw error;
      }
    },
  );
  const page = await catchUp(context, caller, push, committed.bundle_seq);
  const head = JSON.stringify({
    status,
    ...committed,
    stable_bundle_seq: committed.bundle_seq,
    has_more: page.hasMore,
    ...(page.isPruned ? { catch_up_error: 'history_pruned' } : {}),
  });
  return { json: `${head.slice(0, -1)},"bundles":[${page.bundles.join(',')}]}` };
}
