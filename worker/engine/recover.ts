/**
 * Rebuild, remote replace and source recovery (`protocol.md` §11.12): one procedure, begun by what is stored
 * in the operation row and resumed from it after any crash. Local writes never stop meanwhile.
 *
 * A replacement id is stored before it is first named to the server, so a repeated attempt names the same
 * one. Two copies of one profile are told apart for good: when the id that we would share is already
 * somebody's, this copy goes on under a fresh id of its own with a plain snapshot.
 */
import { err, ok } from '../../shared/result.ts';
import type { Result } from '../../shared/result.ts';
import { unexpected } from './calls.ts';
import type { Refused } from './calls.ts';
import { transact } from './context.ts';
import type { Context } from './context.ts';
import { protocolFailure } from './failures.ts';
import type { SyncFailure } from './failures.ts';
import { applyStage } from './hydrate.ts';
import { isLostHistory, meetOtherHistory } from './lost-history.ts';
import type { Sql } from './ports.ts';
import { clearStage, dropSession, stageSnapshot } from './snapshot-stage.ts';
import type { SessionRequest } from './snapshot-stage.ts';
import { ADOPTED, beginRotation, SEPARATE } from './rotate.ts';
import { readAttachment, readOperation, setOperation } from './state.ts';

/** Expired sessions, changed replacements: each costs one more attempt. */
const ATTEMPTS_MAX = 5;

export const isRecoveryPending = (sql: Sql): boolean =>
  readOperation(sql).kind !== 'none' || readAttachment(sql).rebuildRequired;

function requestOf(sql: Sql): SessionRequest {
  const operation = readOperation(sql);
  const { sourceId } = readAttachment(sql);
  if (operation.kind !== 'source_recovery') return { sourceId, replacement: null };
  if (operation.reason === SEPARATE)
    return { sourceId: operation.replacementSourceId, replacement: null };
  return {
    sourceId,
    replacement: {
      previous_source_id: sourceId,
      new_source_id: operation.replacementSourceId,
      reason: operation.reason === ADOPTED ? 'source_retired' : operation.reason,
    },
  };
}

/** The answer to the session's creation; `again` when another attempt can succeed. */
function decideRefusal(
  context: Context,
  refused: Refused,
): Result<'again' | 'reattach', SyncFailure> {
  const operation = readOperation(context.sql);
  if (isLostHistory(refused.code, refused.body)) {
    const met = meetOtherHistory(context, refused.body);
    return met.ok ? ok('again') : met;
  }
  if (refused.code === 'scope_uninitialized' || refused.code === 'scope_initializing')
    return ok('reattach');
  if (refused.code === 'source_retired' && operation.kind === 'source_recovery') {
    // Another copy of this profile rotated first: go on alone, under an id that is surely nobody's.
    const fresh = context.ids.uuid();
    const stored = transact(context, (sql) =>
      setOperation(sql, {
        reason: SEPARATE,
        ...(operation.reason === ADOPTED ? { replacement_source_id: fresh } : {}),
      }),
    );
    return stored.ok ? ok('again') : stored;
  }
  if (refused.code === 'source_replacement_invalid' && operation.reason === ADOPTED) {
    // The suggested id was itself replaced meanwhile (an old backup): only a fresh one is surely ours.
    const fresh = context.ids.uuid();
    const stored = transact(context, (sql) =>
      setOperation(sql, { reason: SEPARATE, replacement_source_id: fresh }),
    );
    return stored.ok ? ok('again') : stored;
  }
  if (refused.code === 'source_replacement_invalid')
    return err(protocolFailure('source-replacement-invalid', 'snapshot'));
  return err(unexpected('snapshot-create', refused));
}

/** Runs what is pending to its end. */
export async function recover(context: Context): Promise<Result<'done' | 'reattach', SyncFailure>> {
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
    const operation = readOperation(context.sql);
    const request = requestOf(context.sql);
    if (!operation.isStageComplete) {
      const staged = await stageSnapshot(context, request);
      if (!staged.ok) {
        if (staged.error.type !== 'refused') return err(staged.error);
        const decided = decideRefusal(context, staged.error);
        if (!decided.ok) return decided;
        if (decided.value === 'reattach') return ok('reattach');
        continue;
      }
      if (staged.value === 'expired') continue;
    }
    const { snapshotId } = readOperation(context.sql);
    const applied = applyStage(context);
    context.progress(null);
    await dropSession(context, snapshotId, request.sourceId);
    if (applied.ok) {
      context.memory.held = null;
      return ok('done');
    }
    const cleared = clearStage(context);
    if (!cleared.ok) return cleared;
    const isBehind =
      applied.error.type === 'protocol' && applied.error.code === 'snapshot-behind-own-bundle';
    if (!isBehind) return applied;
    // The server does not have what it said it committed: under this source nothing is certain any more.
    const begun = beginRotation(context, 'source_sequence_changed', '');
    if (!begun.ok) return begun;
  }
  return err(protocolFailure('recovery-does-not-end', 'snapshot'));
}
