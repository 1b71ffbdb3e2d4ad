/**
 * Pull (`protocol.md` §6, §11.11): whole bundles after the checkpoint up to a ceiling that the server froze
 * for the whole pull. Each bundle is one transaction together with its checkpoint, so a reader sees whole
 * bundles in order and a crash between two of them loses nothing. Dirty rows are no obstacle.
 */
import { pullPath, pullResponse } from '../../shared/protocol/pull.ts';
import type { PullResponse } from '../../shared/protocol/pull.ts';
import { err, ok } from '../../shared/result.ts';
import type { Result } from '../../shared/result.ts';
import { beginApplying } from './applying.ts';
import { send, unexpected } from './calls.ts';
import { offersNotes } from './capabilities.ts';
import { apply, transact } from './context.ts';
import type { Context } from './context.ts';
import { decodeBundle } from './decode.ts';
import type { DecodedBundle } from './decode.ts';
import { protocolFailure } from './failures.ts';
import type { SyncFailure } from './failures.ts';
import { isLostHistory, meetOtherHistory, rememberEpoch } from './lost-history.ts';
import { releaseRefused } from './intents.ts';
import { applyIncoming } from './rebase.ts';
import { endApplying, planResolutions } from './resolutions.ts';
import { findMeta, readAttachment, setAttachment } from './state.ts';

const BUNDLES_MAX = 1000;
/** Pages of one pull; a server that always has more is broken. */
const PAGES_MAX = 100_000;

export type PullOutcome =
  | { readonly type: 'already-at-target' }
  | { readonly type: 'applied'; readonly bundles: number }
  /** The history is gone or the checkpoint is ahead; stored, and a rebuild comes next. */
  | { readonly type: 'rebuild' }
  /** The server lost or never had the scope: join it again. */
  | { readonly type: 'reattach' };

/** One committed bundle of another source, or of this one seen again: rows and checkpoint together. */
export function applyBundle(context: Context, bundle: DecodedBundle): Result<void, SyncFailure> {
  return apply(context, (sql) => {
    const applying = beginApplying(context, sql);
    planResolutions(applying, bundle.rows);
    for (const row of bundle.rows) applyIncoming(applying, row);
    endApplying(applying);
    releaseRefused(sql, new Set([...applying.written.values()].map(({ table }) => table.name)));
    const attachment = readAttachment(sql);
    setAttachment(sql, { last_bundle_seq_seen: Math.max(attachment.checkpoint, bundle.bundleSeq) });
    if (bundle.sourceId !== attachment.sourceId && applying.counts.size > 0)
      context.journal.received(sql, {
        bundleSeq: bundle.bundleSeq,
        sourceId: bundle.sourceId,
        rows: [...applying.counts.values()],
        note: bundle.note,
        keys: bundle.rows.map(({ table, id }) => ({ table: table.name, id })),
      });
  });
}

/** Order and ceiling of a page, before anything of it is applied. */
function pageFault(page: PullResponse, after: number, target: number): SyncFailure | null {
  if (page.stable_bundle_seq < after) return protocolFailure('stable-behind', 'pull');
  if (target > 0 && page.stable_bundle_seq !== target)
    return protocolFailure('stable-moved', 'pull');
  let last = after;
  for (const bundle of page.bundles) {
    if (bundle.bundle_seq <= last || bundle.bundle_seq > page.stable_bundle_seq)
      return protocolFailure('bundle-order', 'pull');
    if ((bundle.previous_bundle_seq ?? last) !== last)
      return protocolFailure('history-hole', 'pull');
    last = bundle.bundle_seq;
  }
  if (page.has_more && page.bundles.length === 0) return protocolFailure('empty-page', 'pull');
  if (!page.has_more && last !== page.stable_bundle_seq)
    return protocolFailure('short-of-stable', 'pull');
  return null;
}

/** Applies the bundles of a page below `end`. */
export function applyPage(
  context: Context,
  page: PullResponse,
  end: number = Infinity,
): Result<number, SyncFailure> {
  for (const bundle of page.bundles) {
    if (bundle.bundle_seq >= end) continue;
    const decoded = decodeBundle(context.catalog, bundle);
    if (!decoded.ok) return decoded;
    const applied = applyBundle(context, decoded.value);
    if (!applied.ok) return applied;
  }
  return ok(page.bundles.length);
}

/** Remembers, before any other request, that only a snapshot can help. */
export function requireRebuild(context: Context, reason: string): Result<void, SyncFailure> {
  return apply(context, (sql) => {
    setAttachment(sql, { rebuild_required: 1 });
    sql.run(`update _sync_operation_state set reason = ?1 where kind = 'none'`, [reason]);
  });
}

/** An answer to this checkpoint proves that it belongs to the history that the answer names. */
function noteEpoch(context: Context, page: PullResponse): Result<void, SyncFailure> {
  const isNew = page.server_epoch !== undefined && findMeta(context.sql).serverEpoch === '';
  return isNew
    ? transact(context, (sql) => {
        rememberEpoch(sql, page.server_epoch);
      })
    : ok(undefined);
}

export async function pullToStable(
  context: Context,
  startTarget = 0,
  /** `leave-target`: everything before that bundle; it is the own one, which is replayed. */
  whole: 'whole' | 'leave-target' = 'whole',
): Promise<Result<PullOutcome, SyncFailure>> {
  let target = startTarget;
  let bundles = 0;
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const after = readAttachment(context.sql).checkpoint;
    const answer = await send(
      context,
      {
        operation: 'pull',
        method: 'GET',
        path: pullPath,
        query: {
          after_bundle_seq: String(after),
          max_bundles: String(BUNDLES_MAX),
          ...(offersNotes(context) ? { include: 'notes' } : {}),
          ...(target > 0 ? { target_bundle_seq: String(target) } : {}),
        },
      },
      pullResponse,
    );
    if (!answer.ok) {
      if (answer.error.type !== 'refused') return err(answer.error);
      const { code } = answer.error;
      if (isLostHistory(code, answer.error.body)) {
        const met = meetOtherHistory(context, answer.error.body);
        if (!met.ok) return met;
        if (met.value === 'recover') return ok({ type: 'rebuild' });
        target = 0;
        continue;
      }
      if (code === 'history_pruned' || code === 'checkpoint_ahead') {
        const stored = requireRebuild(context, code);
        return stored.ok ? ok({ type: 'rebuild' }) : stored;
      }
      if (code === 'scope_uninitialized' || code === 'scope_initializing')
        return ok({ type: 'reattach' });
      return err(unexpected('pull', answer.error));
    }
    const fault = pageFault(answer.value, after, target);
    if (fault !== null) return err(fault);
    const noted = noteEpoch(context, answer.value);
    if (!noted.ok) return noted;
    const end = whole === 'leave-target' ? startTarget : Infinity;
    const applied = applyPage(context, answer.value, end);
    if (!applied.ok) return applied;
    bundles += applied.value;
    target = answer.value.stable_bundle_seq;
    if (!answer.value.has_more)
      return ok(bundles === 0 ? { type: 'already-at-target' } : { type: 'applied', bundles });
  }
  return err(protocolFailure('endless-pull', 'pull'));
}
