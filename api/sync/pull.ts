/**
 * Whole bundles after a checkpoint, up to a ceiling that stays frozen for all pages of one pull
 * (protocol.md §6). One read-only repeatable-read transaction: gate, boundaries, bundles. Takes no lock
 * and waits for no writer.
 */
import type { Caller } from './caller.ts';
import { readBundles, withBundles } from './bundles.ts';
import { type SyncContext, versionOf } from './context.ts';
import { epochMember, isInGap, refuseAhead, requireEpoch } from './epoch.ts';
import type { JsonStream, JsonText, Tx } from './ports.ts';
import { refuse } from './refusal.ts';
import { versionToRender } from './rendering.ts';
import { type Scope, readScope, requireInitialized } from './scope.ts';

export interface PullRequest {
  readonly afterBundleSeq: number;
  readonly bundlesMax: number;
  /** 0 takes the ceiling now. */
  readonly targetBundleSeq: number;
  readonly withNotes: boolean;
}

/** The table of §6.1; returns the ceiling. */
async function checkBoundaries(
  context: SyncContext,
  tx: Tx,
  caller: Caller,
  scope: Scope,
  request: PullRequest,
): Promise<number> {
  const { afterBundleSeq: after, targetBundleSeq: target } = request;
  const prune = (): never => {
    context.counters.historyPruned += 1;
    return refuse('history_pruned', 'the history after this checkpoint is gone');
  };
  if (after < scope.retainedBundleFloor) prune();
  if (after > scope.latestBundleSeq) refuseAhead(context, caller, scope);
  if (await isInGap(tx, caller.scopeId, scope, after)) prune();
  if (target === 0) return scope.latestBundleSeq;
  if (target < scope.retainedBundleFloor) prune();
  if (target < after) refuse('invalid_request', 'target_bundle_seq is below after_bundle_seq');
  if (target > scope.latestBundleSeq) refuseAhead(context, caller, scope);
  if (await isInGap(tx, caller.scopeId, scope, target)) prune();
  return target;
}

export async function pull(
  context: SyncContext,
  caller: Caller,
  request: PullRequest,
): Promise<JsonText | JsonStream> {
  return context.database.transaction(
    { isolation: 'repeatable-read', readOnly: true, scopeId: caller.scopeId, plans: 'kept' },
    async (tx) => {
      const { scopeId } = caller;
      const range = {
        scopeId,
        afterSeq: request.afterBundleSeq,
        bundlesMax: request.bundlesMax,
        bytesMax: context.limits.pull.pageBytesMax,
        withNotes: request.withNotes && caller.extensions.has('bundle_notes'),
        withPrevious: caller.extensions.has('server_epoch'),
      };
      // Sent together and judged after: one instant is seen by both, and most pulls are welcome.
      const [scope, early] = await Promise.all([
        readScope(tx, scopeId, context.clock.nowMs()),
        context.registry.hasOneVersion
          ? readBundles(context, tx, {
              ...range,
              ceilingSeq: request.targetBundleSeq === 0 ? null : request.targetBundleSeq,
              version: null,
            })
          : null,
      ]);
      await requireEpoch(context, tx, caller, scope);
      requireInitialized(scope);
      const ceilingSeq = await checkBoundaries(context, tx, caller, scope, request);
      const wanted = versionOf(context, caller);
      const { afterSeq } = range;
      const page =
        early ??
        (await readBundles(context, tx, {
          ...range,
          ceilingSeq,
          version: await versionToRender(context, tx, scopeId, wanted, afterSeq, ceilingSeq),
        }));
      return withBundles(
        context,
        caller.scopeId,
        `{${epochMember(caller, scope)}"stable_bundle_seq":${String(ceilingSeq)},"bundles":[`,
        page,
        `],"has_more":${String(page.hasMore)}}`,
      );
    },
  );
}

/** The latest bundle number, for a watch stream that begins: subscribe first, then compare. */
export async function readLatest(context: SyncContext, caller: Caller): Promise<number> {
  return context.database.transaction(
    { isolation: 'read-committed', readOnly: true, scopeId: caller.scopeId },
    async (tx) => {
      const scope = await readScope(tx, caller.scopeId, context.clock.nowMs());
      requireInitialized(scope);
      return scope.latestBundleSeq;
    },
  );
}
