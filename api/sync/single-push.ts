/**
 * E1: a whole push in one request, with the peers' bundles that the client has not seen (protocol.md
 * §13.2). The rows pass through the same staging table as a session's, inside the one transaction, so
 * conflicts, application, capture and diagnosis are the same code.
 */
import { runsOf } from './apply.ts';
import { type BundlePage, readBundles, withBundles } from './bundles.ts';
import type { Caller } from './caller.ts';
import { type Committed, announce, commitStaged, resolveUnknownCommit } from './commit.ts';
import { type SyncContext, versionOf } from './context.ts';
import { epochMember, isInGap, refuseAhead, requireEpoch } from './epoch.ts';
import { diagnose } from './diagnose.ts';
import {
  CommitOutcomeUnknown,
  DatabaseRefusal,
  type JsonStream,
  type JsonText,
  type Tx,
} from './ports.ts';
import { type StagedRow } from './push-rows.ts';
import { openPush } from './open-push.ts';
import {
  type PushTuple,
  acknowledgeTuple,
  checkChunk,
  encodeRows,
  requireNextTuple,
  stageRows,
} from './push-session.ts';
import { refuse } from './refusal.ts';
import { renderTuple, versionToRender } from './rendering.ts';
import { type Scope, readScope } from './scope.ts';
import type { CommittedTuple } from './sources.ts';

export interface SinglePush {
  readonly tuple: PushTuple;
  readonly rows: readonly unknown[];
  /** Null brings the new bundle only. */
  readonly afterBundleSeq: number | null;
  readonly withNotes: boolean;
}

interface CatchUp extends BundlePage {
  readonly isPruned: boolean;
  readonly epoch: string;
}

interface Outcome {
  readonly tuple: CommittedTuple;
  /** What was committed now; null when it had been before. */
  readonly committed: Committed | null;
  /** Read under the lock when it is no more than the push itself; otherwise read after the commit. */
  readonly page: CatchUp | null;
}

async function stage(
  context: SyncContext,
  tx: Tx,
  caller: Caller,
  push: SinglePush,
  rows: readonly StagedRow[],
): Promise<{ readonly pushId: string; readonly sourceBundleId: number }> {
  // No session: nobody but this transaction ever sees these rows.
  const pushId = context.ids.uuid();
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
  const { sourceBundleId } = push.tuple;
  const opened = await openPush(tx, caller, sourceBundleId, context.clock.nowMs());
  const { scope } = opened;
  await requireEpoch(context, tx, caller, scope);
  const known = await acknowledgeTuple(context, tx, caller, opened, push.tuple);
  if (known !== null) return { tuple: known, committed: null, page: null };
  // First of all: a restore that nobody declared may have taken the source's last tuples too.
  if ((push.afterBundleSeq ?? 0) > scope.latestBundleSeq) refuseAhead(context, caller, scope);
  const { isSeed } = requireNextTuple(context, caller, opened, push.tuple);
  const staged = {
    ...push.tuple,
    // No session: nobody but this transaction ever sees these rows.
    pushId: context.ids.uuid(),
    runs: runsOf(rows),
    rows: encodeRows(rows, 0, false),
  };
  const isUpToDate = (push.afterBundleSeq ?? scope.latestBundleSeq) === scope.latestBundleSeq;
  // Sent together: the number that the bundle will have is known, and of a refused one nothing is read.
  const [committed, page] = await Promise.all([
    commitStaged(context, tx, caller, staged, scope, isSeed),
    isUpToDate ? catchUp(context, tx, caller, push, scope, scope.nextBundleSeq) : null,
  ]);
  const version = versionOf(context, caller);
  const tuple = await renderTuple(context, tx, caller.scopeId, version, committed.tuple);
  return { tuple, committed: { ...committed, tuple }, page };
}

/** The bundles after the client's checkpoint, or what stands in the way of giving them. */
async function catchUp(
  context: SyncContext,
  tx: Tx,
  caller: Caller,
  push: SinglePush,
  scope: Scope,
  bundleSeq: number,
): Promise<CatchUp> {
  const afterSeq = push.afterBundleSeq ?? bundleSeq - 1;
  const epoch = epochMember(caller, scope);
  const isPruned =
    afterSeq < scope.retainedBundleFloor ||
    (push.afterBundleSeq !== null && (await isInGap(tx, caller.scopeId, scope, afterSeq)));
  if (isPruned) return { heads: [], hasMore: true, isPruned, epoch };
  const { responseBundlesMax, responseBytesMax } = context.limits.singlePush;
  const version = versionOf(context, caller);
  const page = await readBundles(context, tx, {
    scopeId: caller.scopeId,
    afterSeq,
    ceilingSeq: bundleSeq,
    bundlesMax: responseBundlesMax,
    bytesMax: responseBytesMax,
    withNotes: push.withNotes && caller.extensions.has('bundle_notes'),
    version: await versionToRender(context, tx, caller.scopeId, version, afterSeq, bundleSeq),
    withPrevious: caller.extensions.has('server_epoch'),
    mayBeEmpty: true,
  });
  return { ...page, isPruned: false, epoch };
}

/** The same for who is behind: no writer waits while peers' bundles are read. */
async function catchUpLater(
  context: SyncContext,
  caller: Caller,
  push: SinglePush,
  bundleSeq: number,
): Promise<CatchUp> {
  return context.database.transaction(
    { isolation: 'repeatable-read', readOnly: true, scopeId: caller.scopeId, plans: 'kept' },
    async (tx) => {
      const scope = await readScope(tx, caller.scopeId, context.clock.nowMs());
      return catchUp(context, tx, caller, push, scope, bundleSeq);
    },
  );
}

export async function pushOnce(
  context: SyncContext,
  caller: Caller,
  push: SinglePush,
): Promise<JsonText | JsonStream> {
  if (push.rows.length > context.limits.singlePush.rowsMax) {
    refuse(
      'push_chunk_invalid',
      `one request has at most ${String(context.limits.singlePush.rowsMax)} rows`,
    );
  }
  const rows = await checkChunk(context, caller, push.rows, 0, 'push_rejected');
  // Each row with the comma or bracket before it, and the closing bracket.
  const bytes = rows.reduce((sum, row) => sum + row.requestBytes + 1, 1);
  if (bytes > context.limits.push.bundleBytesMax) {
    refuse('push_chunk_invalid', 'the bundle is too large');
  }
  if (context.hashRows(rows.map((row) => row.request)) !== push.tuple.requestHash) {
    refuse('push_commit_invalid', 'the rows do not have the declared canonical_request_hash');
  }
  const { tuple, committed, page } = await context.queue.run(
    caller.scopeId,
    async (): Promise<Outcome> => {
      try {
        const outcome = await context.database.transaction(
          { isolation: 'read-committed', readOnly: false, scopeId: caller.scopeId, plans: 'kept' },
          (tx) => commitOnce(context, tx, caller, push, rows),
        );
        if (outcome.committed !== null) announce(context, caller.scopeId, outcome.committed);
        return outcome;
      } catch (error) {
        if (error instanceof DatabaseRefusal) {
          return diagnose(context, caller, error, (tx) => stage(context, tx, caller, push, rows));
        }
        if (error instanceof CommitOutcomeUnknown) {
          const found = await resolveUnknownCommit(context, caller, push.tuple.sourceBundleId);
          return { tuple: found, committed: { tuple: found, byteCount: 0 }, page: null };
        }
        throw error;
      }
    },
  );
  const shown = page ?? (await catchUpLater(context, caller, push, tuple.bundle_seq));
  const head = JSON.stringify({
    status: committed === null ? 'already_committed' : 'committed',
    ...tuple,
    stable_bundle_seq: tuple.bundle_seq,
    has_more: shown.hasMore,
    ...(shown.isPruned ? { catch_up_error: 'history_pruned' } : {}),
  });
  const before = `{${shown.epoch}${head.slice(1, -1)},"bundles":[`;
  return withBundles(context, caller.scopeId, before, shown, ']}');
}
