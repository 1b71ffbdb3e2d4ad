/**
 * E1: a whole push in one request, with the peers' bundles that the client has not seen (protocol.md
 * §13.2). The rows pass through the same staging table as a session's, inside the one transaction, so
 * conflicts, application, capture and diagnosis are the same code.
 */
import { hashCanonicalRows } from '../../shared/protocol/bundle-hash.ts';
import { runsOf } from './apply.ts';
import { readBundles } from './bundles.ts';
import type { Caller } from './caller.ts';
import { type Committed, announce, commitStaged, resolveUnknownCommit } from './commit.ts';
import { type SyncContext, versionOf } from './context.ts';
import { epochMember, isInGap, refuseAhead, requireEpoch } from './epoch.ts';
import { diagnose } from './diagnose.ts';
import { CommitOutcomeUnknown, DatabaseRefusal, type JsonText, type Tx } from './ports.ts';
import { type StagedRow } from './push-rows.ts';
import { type PushTuple, checkChunk, resolveTuple, stageRows } from './push-session.ts';
import { refuse } from './refusal.ts';
import { renderTuple, versionToRender } from './rendering.ts';
import { lockScope, readScope } from './scope.ts';

export interface SinglePush {
  readonly tuple: PushTuple;
  readonly rows: readonly unknown[];
  /** Null brings the new bundle only. */
  readonly afterBundleSeq: number | null;
  readonly withNotes: boolean;
}

type Outcome =
  | { readonly status: 'committed'; readonly committed: Committed }
  | { readonly status: 'already_committed'; readonly committed: Pick<Committed, 'tuple'> };

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
  const scope = await lockScope(tx, caller.scopeId, context.clock.nowMs());
  await requireEpoch(context, tx, caller, scope);
  const resolved = await resolveTuple(context, tx, caller, scope, push.tuple);
  if ('committed' in resolved)
    return { status: 'already_committed', committed: { tuple: resolved.committed } };
  if ((push.afterBundleSeq ?? 0) > scope.latestBundleSeq) refuseAhead(context, caller, scope);
  const { pushId } = await stage(context, tx, caller, push, rows);
  const staged = { ...push.tuple, pushId, runs: runsOf(rows) };
  const committed = await commitStaged(context, tx, caller, staged, scope, resolved.isSeed);
  const tuple = await renderTuple(
    context,
    tx,
    caller.scopeId,
    versionOf(context, caller),
    committed.tuple,
  );
  return { status: 'committed', committed: { ...committed, tuple } };
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
  readonly epoch: string;
}> {
  return context.database.transaction(
    { isolation: 'repeatable-read', readOnly: true, scopeId: caller.scopeId },
    async (tx) => {
      const scope = await readScope(tx, caller.scopeId, context.clock.nowMs());
      const afterSeq = push.afterBundleSeq ?? bundleSeq - 1;
      const epoch = epochMember(caller, scope);
      const isPruned =
        afterSeq < scope.retainedBundleFloor ||
        (push.afterBundleSeq !== null && (await isInGap(tx, caller.scopeId, scope, afterSeq)));
      if (isPruned) return { bundles: [], hasMore: true, isPruned, epoch };
      const { responseBundlesMax, responseBytesMax } = context.limits.singlePush;
      const page = await readBundles(tx, {
        scopeId: caller.scopeId,
        afterSeq,
        ceilingSeq: bundleSeq,
        bundlesMax: responseBundlesMax,
        bytesMax: responseBytesMax,
        withNotes: push.withNotes && caller.extensions.has('bundle_notes'),
        version: await versionToRender(
          context,
          tx,
          caller.scopeId,
          versionOf(context, caller),
          afterSeq,
          bundleSeq,
        ),
        withPrevious: caller.extensions.has('server_epoch'),
        mayBeEmpty: true,
      });
      return { ...page, isPruned: false, epoch };
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
  const rows = await checkChunk(context, caller, push.rows, 0, 'push_rejected');
  const { hash, byteCount } = hashCanonicalRows(rows.map((row) => row.request));
  if (byteCount > context.limits.push.bundleBytesMax) {
    refuse('push_chunk_invalid', 'the bundle is too large');
  }
  if (hash !== push.tuple.requestHash) {
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
          return { status: 'committed', committed: { tuple: found, byteCount: 0 } };
        }
        throw error;
      }
    },
  );
  const { tuple } = committed;
  const page = await catchUp(context, caller, push, tuple.bundle_seq);
  const head = JSON.stringify({
    status,
    ...tuple,
    stable_bundle_seq: tuple.bundle_seq,
    has_more: page.hasMore,
    ...(page.isPruned ? { catch_up_error: 'history_pruned' } : {}),
  });
  return { json: `{${page.epoch}${head.slice(1, -1)},"bundles":[${page.bundles.join(',')}]}` };
}
