/**
 * One round of exchange: finish what was interrupted, push, pull. What push or pull find out about the
 * source or the history (`rotate`, `rebuild`, `reattach`) is stored first and carried out in the next turn
 * of the same round, so a crash anywhere resumes there.
 */
import type { Result } from '../../shared/result.ts';
import { reattach } from './attach.ts';
import { hasRoom, NO_ROOM } from './context.ts';
import type { Context } from './context.ts';
import { protocolFailure } from './failures.ts';
import type { SyncFailure } from './failures.ts';
import { countPending } from './intents.ts';
import { pullToStable } from './pull.ts';
import { pushPending } from './push.ts';
import type { PushOutcome } from './push.ts';
import { isRecoveryPending, recover } from './recover.ts';
import { beginRotation } from './rotate.ts';
import { readAttachment, readOperation, readOutbox } from './state.ts';

/** A dirty set that is larger than a bundle goes out in several; more than this wait for another round. */
const BUNDLES_MAX = 100;
/** Rotations, rebuilds and re-attachments in one round; more means that the server contradicts itself. */
const TURNS_MAX = 8;

export interface SyncReport {
  readonly pushed: 'no-change' | 'committed' | 'failed';
  readonly pulled: 'already-at-target' | 'applied-incremental' | 'applied-snapshot' | 'not-tried';
  readonly failure: SyncFailure | null;
}

const NOTHING: SyncReport = { pushed: 'no-change', pulled: 'not-tried', failure: null };
const failedWith = (report: SyncReport, failure: SyncFailure): SyncReport => ({
  ...report,
  failure,
});

type Turn = { readonly type: 'again' | 'done'; readonly report: SyncReport };

async function resume(context: Context, report: SyncReport): Promise<Turn | null> {
  const outbox = readOutbox(context.sql);
  if (!isRecoveryPending(context.sql)) return null;
  // A frozen bundle that was only interrupted is settled by sending it, before history is replaced: it may
  // have been committed, and then its changes must not be made again on top of the snapshot.
  if (outbox.state === 'prepared' && readOperation(context.sql).kind === 'none') return null;
  if (!hasRoom(context)) return { type: 'done', report: failedWith(report, NO_ROOM) };
  const recovered = await recover(context);
  if (!recovered.ok) return { type: 'done', report: failedWith(report, recovered.error) };
  if (recovered.value === 'reattach') return rejoin(context, report);
  const pushed = outbox.state === 'committed_remote' ? 'committed' : report.pushed;
  return { type: 'again', report: { ...report, pushed, pulled: 'applied-snapshot' } };
}

async function rejoin(context: Context, report: SyncReport): Promise<Turn> {
  const joined: Result<unknown, SyncFailure> = await reattach(context);
  if (!joined.ok) return { type: 'done', report: failedWith(report, joined.error) };
  if (readAttachment(context.sql).isAttached) return { type: 'again', report };
  return {
    type: 'done',
    report: failedWith(report, {
      type: 'network',
      operation: 'connect',
      reason: 'retry-later',
      retryAfterMs: null,
    }),
  };
}

/** Sends bundle after bundle while more is left than one holds. */
async function pushAll(context: Context): Promise<Result<PushOutcome, SyncFailure>> {
  for (let bundles = 1; ; bundles += 1) {
    const pushed = await pushPending(context);
    const isOver = !pushed.ok || pushed.value.type !== 'committed' || !pushed.value.isPart;
    if (isOver || bundles >= BUNDLES_MAX) return pushed;
  }
}

/** Refused for good, and back in the dirty set: others' work can still come in. */
const isPushOnly = (failure: SyncFailure): boolean =>
  failure.type === 'conflict' || (failure.type === 'version' && failure.access === 'read_only');

async function pushTurn(context: Context, report: SyncReport): Promise<Turn | SyncReport> {
  const hasWaited = readOutbox(context.sql).state !== 'none';
  const pushed = await pushAll(context);
  if (!pushed.ok) {
    const failed: SyncReport = { ...report, pushed: 'failed', failure: pushed.error };
    const isSettled = readOutbox(context.sql).state === 'none' && isPushOnly(pushed.error);
    return isSettled ? failed : { type: 'done', report: failed };
  }
  switch (pushed.value.type) {
    case 'no-change':
      return report;
    case 'refused':
      return { ...report, pushed: 'failed', failure: pushed.value.failure };
    case 'committed': {
      const committed: SyncReport = { ...report, pushed: 'committed' };
      // What was written behind the bundle that waited asked for a round then, not for another one now.
      if (hasWaited && countPending(context.sql) > 0) return { type: 'again', report: committed };
      return pushed.value.isCaughtUp
        ? { type: 'done', report: { ...committed, pulled: 'applied-incremental' } }
        : committed;
    }
    case 'rebuild':
      return { type: 'again', report };
    case 'rotate': {
      const begun = beginRotation(context, pushed.value.reason, pushed.value.replacement);
      return begun.ok
        ? { type: 'again', report }
        : { type: 'done', report: failedWith(report, begun.error) };
    }
    case 'reattach':
      return rejoin(context, report);
  }
}

async function pullTurn(context: Context, report: SyncReport): Promise<Turn> {
  if (!hasRoom(context))
    return { type: 'done', report: failedWith(report, report.failure ?? NO_ROOM) };
  const pulled = await pullToStable(context);
  if (!pulled.ok)
    return { type: 'done', report: failedWith(report, report.failure ?? pulled.error) };
  switch (pulled.value.type) {
    case 'already-at-target':
      return {
        type: 'done',
        report: report.pulled === 'not-tried' ? { ...report, pulled: 'already-at-target' } : report,
      };
    case 'applied':
      return { type: 'done', report: { ...report, pulled: 'applied-incremental' } };
    case 'rebuild':
      return { type: 'again', report };
    case 'reattach':
      return rejoin(context, report);
  }
}

export async function syncRound(context: Context): Promise<SyncReport> {
  let report = NOTHING;
  for (let turns = 0; turns < TURNS_MAX; turns += 1) {
    const resumed = await resume(context, report);
    if (resumed?.type === 'done') return resumed.report;
    if (resumed !== null) report = resumed.report;
    const pushed = await pushTurn(context, report);
    const turn = 'type' in pushed ? pushed : await pullTurn(context, pushed);
    report = turn.report;
    if (turn.type === 'done') return report;
  }
  return failedWith(report, protocolFailure('round-does-not-end', 'sync'));
}
