/**
 * Push (`protocol.md` §11.7): freeze, send, replay. The outbox's state says where a crash left off:
 *
 *     none → (freeze) → prepared → (the server committed) → committed_remote → (replay) → none
 *
 * `prepared` is sent again under the same tuple as often as needed: the server answers a committed tuple
 * with the bundle it became. Only a definite refusal returns it to the dirty set. `committed_remote` is
 * stored before anything else is done with the answer. A bundle goes out in one request where the server
 * offers that and it fits, else over a push session; both end in the same states.
 */
import { canonicalRequestRow } from '../../shared/protocol/bundle-hash.ts';
import type { CapabilitiesResponse } from '../../shared/protocol/capabilities.ts';
import { limits } from '../../shared/limits.ts';
import { utf8Length } from '../../shared/bytes.ts';
import { err, ok } from '../../shared/result.ts';
import type { Result } from '../../shared/result.ts';
import { unexpected } from './calls.ts';
import type { Refused } from './calls.ts';
import { forgetCapabilities, getCapabilities, isReadOnly } from './capabilities.ts';
import { conflictsOf, quarantine, rejectionsOf, settleConflicts } from './conflict.ts';
import { transact } from './context.ts';
import type { Context } from './context.ts';
import { fetchCommitted } from './committed-rows.ts';
import type { SyncFailure } from './failures.ts';
import { protocolFailure, versionFailure } from './failures.ts';
import { countPending } from './intents.ts';
import { isLostHistory, meetOtherHistory } from './lost-history.ts';
import { freezeOutbox, readRequestRows, returnOutbox } from './outbox.ts';
import { sendInOneRequest } from './push-single.ts';
import { sendOverSession } from './push-session.ts';
import { replay } from './replay.ts';
import type { CommittedOwn } from './replay.ts';
import type { Sent } from './sent.ts';
import { pullToStable, requireRebuild } from './pull.ts';
import { findMeta, readAttachment, readOutbox } from './state.ts';

export type PushOutcome =
  | { readonly type: 'no-change' }
  /**
   * `isCaughtUp`: everything up to the own bundle is applied, no pull is needed. `isPart`: what is left did
   * not fit into it and can go at once.
   */
  | { readonly type: 'committed'; readonly isCaughtUp: boolean; readonly isPart: boolean }
  /** Nothing is under way and nothing of this can go: others' work can come in all the same. */
  | { readonly type: 'refused'; readonly failure: SyncFailure }
  | { readonly type: 'rebuild' }
  | { readonly type: 'rotate'; readonly reason: string; readonly replacement: string }
  | { readonly type: 'reattach' };

const ROUNDS_MAX = 25;
const SAME_ROW_CONFLICTS_MAX = 3;

function boundsOf(document: CapabilitiesResponse): { rowsMax: number; bytesMax: number } {
  return {
    rowsMax: document.bundle_limits.max_rows_per_bundle ?? limits.push.bundleRowsMax,
    bytesMax: document.bundle_limits.max_bytes_per_bundle ?? limits.push.bundleBytesMax,
  };
}

/** Whether the frozen bundle fits into one request, with room for the envelope. */
function fitsOneRequest(context: Context, document: CapabilitiesResponse): boolean {
  // The one request also asks for what came since the checkpoint, which is known to be unanswerable.
  if (readAttachment(context.sql).rebuildRequired) return false;
  const offer = document.extensions?.single_request_push;
  if (document.features['single_request_push'] !== true || offer === undefined) return false;
  const rows = readRequestRows(context);
  const bytes = rows.reduce((sum, row) => sum + utf8Length(canonicalRequestRow(row, 0)), 1024);
  return rows.length <= offer.max_rows && bytes <= offer.max_request_bytes;
}

async function sendOutbox(
  context: Context,
  document: CapabilitiesResponse,
): Promise<Result<Sent, SyncFailure>> {
  if (fitsOneRequest(context, document)) {
    const sent = await sendInOneRequest(context);
    if (!sent.ok || sent.value.type !== 'unavailable') return sent;
    forgetCapabilities(context);
  }
  return sendOverSession(context, document);
}

type Decision =
  | { readonly type: 'again' }
  | { readonly type: 'done'; readonly outcome: PushOutcome }
  | { readonly type: 'failed'; readonly failure: SyncFailure };

const done = (outcome: PushOutcome): Decision => ({ type: 'done', outcome });
const failed = (failure: SyncFailure): Decision => ({ type: 'failed', failure });

/** Codes after which the source cannot go on (§11.12). */
const ROTATE = new Set([
  'history_pruned',
  'source_sequence_out_of_order',
  'source_sequence_changed',
  'source_retired',
]);
const SESSION_LOST = new Set([
  'push_session_not_found',
  'push_session_expired',
  'push_chunk_out_of_order',
]);
const LEASE_LOST = new Set([
  'initialization_expired',
  'initialization_stale',
  'scope_uninitialized',
  'scope_initializing',
]);

/** Counts conflicts per row over one call; the third of the same row ends it (B37). */
type ConflictCounts = Map<string, number>;

/**
 * A conflict with something this device has not pulled yet is settled by pulling: the row then arrives in
 * its place among the others, with everything it refers to, and meets the intent there. Only what is still
 * in conflict with known history is settled by the answer itself.
 */
async function decideConflict(
  context: Context,
  refused: Refused,
  counts: ConflictCounts,
): Promise<Decision> {
  const listed = conflictsOf(refused.body);
  const { checkpoint } = readAttachment(context.sql);
  const isAhead = listed.some((conflict) => conflict.server_row_version > checkpoint);
  if (isAhead) {
    const returned = transact(context, (sql) => {
      returnOutbox(context, sql);
    });
    if (!returned.ok) return failed(returned.error);
    const pulled = await pullToStable(context);
    if (!pulled.ok) return failed(pulled.error);
    if (pulled.value.type === 'rebuild' || pulled.value.type === 'reattach')
      return done({ type: pulled.value.type });
  } else {
    const settled = settleConflicts(context, listed);
    if (!settled.ok) return failed(settled.error);
  }
  let most = 0;
  for (const conflict of listed) {
    const row = `${conflict.table} ${JSON.stringify(conflict.key)}`;
    const count = (counts.get(row) ?? 0) + 1;
    counts.set(row, count);
    most = Math.max(most, count);
  }
  return most >= SAME_ROW_CONFLICTS_MAX
    ? failed({ type: 'conflict', code: 'retry-exhausted', rows: listed.length })
    : { type: 'again' };
}

/** What a refusal means for the outbox: the table of §11.7, row by row. */
async function decideRefusal(
  context: Context,
  refused: Refused,
  counts: ConflictCounts,
): Promise<Decision> {
  const { code } = refused;
  if (code === 'push_conflict') return decideConflict(context, refused, counts);
  const rejections = rejectionsOf(refused.body);
  if (code === 'push_rejected' || rejections.length > 0) {
    const held = quarantine(context, rejections);
    return held.ok ? { type: 'again' } : failed(held.error);
  }
  if (ROTATE.has(code))
    return done({
      type: 'rotate',
      reason: code,
      replacement: refused.body?.replaced_by_source_id ?? '',
    });
  if (SESSION_LOST.has(code)) return { type: 'again' };
  const isLeaseRefused =
    code === 'push_session_invalid' && readOutbox(context.sql).initializationId !== '';
  if (LEASE_LOST.has(code) || isLeaseRefused) return done({ type: 'reattach' });
  if (isLostHistory(code, refused.body)) {
    const met = meetOtherHistory(context, refused.body);
    if (!met.ok) return failed(met.error);
    return met.value === 'unharmed' ? { type: 'again' } : done({ type: 'rebuild' });
  }
  if (code === 'checkpoint_ahead') {
    const stored = requireRebuild(context, code);
    return stored.ok ? done({ type: 'rebuild' }) : failed(stored.error);
  }
  if (refused.status === 413) return failed(unexpected('push', refused));
  // Refused for good: dirty again, and not tried before something changed.
  const returned = transact(context, (sql) => {
    returnOutbox(context, sql);
  });
  return returned.ok
    ? done({ type: 'refused', failure: unexpected('push', refused) })
    : failed(returned.error);
}

/**
 * What peers committed before the own bundle comes first: a cascade of ours may have changed rows that refer
 * to theirs, so the own bundle alone might not stand on its feet. The checkpoint then always moves.
 */
async function catchUp(context: Context): Promise<Decision | null> {
  const { remoteBundleSeq } = readOutbox(context.sql);
  if (readAttachment(context.sql).checkpoint >= remoteBundleSeq - 1) return null;
  const pulled = await pullToStable(context, remoteBundleSeq, 'leave-target');
  if (!pulled.ok) return failed(pulled.error);
  return pulled.value.type === 'rebuild' || pulled.value.type === 'reattach'
    ? done({ type: pulled.value.type })
    : null;
}

/** The server does not know what it committed: a pull up to there tells whether its history is another. */
async function decideUnknown(context: Context): Promise<Decision> {
  const { remoteBundleSeq } = readOutbox(context.sql);
  const { serverEpoch } = findMeta(context.sql);
  const pulled = await pullToStable(context, remoteBundleSeq, 'leave-target');
  if (!pulled.ok) return failed(pulled.error);
  if (pulled.value.type === 'rebuild' || pulled.value.type === 'reattach')
    return done({ type: pulled.value.type });
  // Restored without losing anything of ours: asked again in the words of the new history.
  return findMeta(context.sql).serverEpoch === serverEpoch
    ? failed(protocolFailure('committed-bundle-not-found', 'push'))
    : { type: 'again' };
}

/** The committed bundle is on the server: get its rows unless they came along, and replay it. */
async function finish(context: Context, sent: CommittedOwn | null): Promise<Decision> {
  const stopped = await catchUp(context);
  if (stopped !== null) return stopped;
  let own = sent;
  if (own === null) {
    const fetched = await fetchCommitted(context);
    if (!fetched.ok) return failed(fetched.error);
    if (fetched.value === 'pruned') {
      const stored = requireRebuild(context, 'history_pruned');
      return stored.ok ? done({ type: 'rebuild' }) : failed(stored.error);
    }
    if (fetched.value === 'unknown') return decideUnknown(context);
    own = fetched.value;
  }
  const replayed = replay(context, own);
  return replayed.ok
    ? done({ type: 'committed', isCaughtUp: false, isPart: false })
    : failed(replayed.error);
}

/** Refused for its version, after the server had looked whether it is committed: it is not, and waits. */
function keep(context: Context, failure: SyncFailure): Decision {
  forgetCapabilities(context);
  const isRefused = failure.type === 'version' && failure.access === 'read_only';
  if (!isRefused) return failed(failure);
  const returned = transact(context, (sql) => {
    returnOutbox(context, sql);
  });
  return failed(returned.ok ? failure : returned.error);
}

async function pushRound(
  context: Context,
  document: CapabilitiesResponse,
  counts: ConflictCounts,
): Promise<Decision> {
  if (readOutbox(context.sql).state === 'committed_remote') return finish(context, null);
  let isPart = false;
  if (readOutbox(context.sql).state === 'none') {
    // Nothing is frozen that would only be refused: intents wait as they are.
    if (isReadOnly(context.catalog, document) && countPending(context.sql) > 0)
      return failed(versionFailure('client_upgrade_required', 'read_only'));
    const frozen = freezeOutbox(context, boundsOf(document));
    if (!frozen.ok) return done({ type: 'refused', failure: frozen.error });
    if (frozen.value === 'empty') return done({ type: 'no-change' });
    isPart = frozen.value === 'part';
  }
  const sent = await sendOutbox(context, document);
  if (!sent.ok)
    return sent.error.type === 'version' ? keep(context, sent.error) : failed(sent.error);
  switch (sent.value.type) {
    case 'refused':
      return decideRefusal(context, sent.value.refused, counts);
    case 'unavailable':
      return failed(protocolFailure('push-unavailable'));
    case 'committed': {
      const finished = await finish(context, sent.value.own);
      return finished.type === 'done' && finished.outcome.type === 'committed'
        ? done({ type: 'committed', isCaughtUp: sent.value.isCaughtUp, isPart })
        : finished;
    }
  }
}

/** Sends what is frozen and then everything that is dirty now, as one bundle. */
export async function pushPending(context: Context): Promise<Result<PushOutcome, SyncFailure>> {
  const counts: ConflictCounts = new Map();
  for (let round = 0; round < ROUNDS_MAX; round += 1) {
    const document = await getCapabilities(context);
    if (!document.ok) return document;
    const decision = await pushRound(context, document.value, counts);
    if (decision.type === 'done') return ok(decision.outcome);
    if (decision.type === 'failed') return err(decision.failure);
  }
  return err({ type: 'conflict', code: 'retry-exhausted', rows: counts.size });
}
