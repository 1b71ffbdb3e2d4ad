/**
 * The beginning of a rotation: the current source can no longer push. Everything unsent becomes intents again
 * and the id of the source to come is stored, before anything is said to the server; `recover.ts` carries it
 * out. No bundle is frozen in between, so no tuple of a lost source is ever used again.
 */
import { isSourceId } from '../../shared/ids.ts';
import type { Result } from '../../shared/result.ts';
import { transact } from './context.ts';
import type { Context } from './context.ts';
import type { SyncFailure } from './failures.ts';
import { returnOutbox } from './outbox.ts';
import type { Sql } from './ports.ts';
import { numberOf, readAttachment, readOperation, setAttachment, setOperation } from './state.ts';

/** Kept in the operation's reason: the fresh id joins by a plain snapshot, the shared one is left alone. */
export const SEPARATE = 'separate';
/** Likewise: the id was suggested by the server with `source_retired`, it may be somebody's. */
export const ADOPTED = 'adopted';

const isFreshReplacement = (sql: Sql, sourceId: string): boolean => {
  const [row] = sql.all(
    `select (select count(*) from _sync_source_state where replaced_by_source_id = ?1) as predecessors,
       (select next_source_bundle_id from _sync_source_state where source_id = ?1) as next`,
    [sourceId],
  );
  return row !== undefined && numberOf(row, 'predecessors') > 0 && numberOf(row, 'next') === 1;
};

/**
 * The current source can no longer push. Everything unsent becomes intents again, and the id of the source
 * to come is stored; the network part follows in `recover`.
 */
export function beginRotation(
  context: Context,
  reason: string,
  suggested: string,
): Result<void, SyncFailure> {
  const fresh = context.ids.uuid();
  return transact(context, (sql) => {
    rotateIn(context, sql, fresh, reason, suggested);
  });
}

/** The same inside the caller's transaction; `fresh` is the id to take where nothing else is reserved. */
export function rotateIn(
  context: Context,
  sql: Sql,
  fresh: string,
  reason: string,
  suggested: string,
): void {
  const { sourceId } = readAttachment(sql);
  const operation = readOperation(sql);
  returnOutbox(context, sql);
  // Refused before its first bundle although it is itself a replacement: another copy uses it.
  const isShared = isFreshReplacement(sql, sourceId);
  const isUsable = isSourceId(suggested) && suggested !== sourceId && !isShared;
  const reserved = operation.kind === 'source_recovery' ? operation.replacementSourceId : '';
  setOperation(sql, {
    kind: 'source_recovery',
    reason: isShared ? SEPARATE : reserved === '' && isUsable ? ADOPTED : reason,
    replacement_source_id: reserved === '' ? (isUsable ? suggested : fresh) : reserved,
  });
  // What was fetched so far was fetched for the source as it was.
  sql.run('delete from _sync_snapshot_stage');
  setOperation(sql, { staged_snapshot_id: '', snapshot_stage_complete: 0 });
  setAttachment(sql, { rebuild_required: 1 });
}
