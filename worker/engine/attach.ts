/**
 * Joining a household and leaving it (`protocol.md` §4.2, §11.6). Rows made without an account are kept:
 * they become the household's first data, or intents on top of what it has. Leaving never deletes what the
 * household has not got.
 */
import { connectPath, connectResponse } from '../../shared/protocol/connect.ts';
import { err, ok } from '../../shared/result.ts';
import type { Result } from '../../shared/result.ts';
import { beginApplying } from './applying.ts';
import { send, unexpected } from './calls.ts';
import { getCapabilities } from './capabilities.ts';
import { apply, hasRoom, NO_ROOM, transact } from './context.ts';
import type { Context } from './context.ts';
import type { SyncFailure } from './failures.ts';
import { countHeld, countPending, dropIntent } from './intents.ts';
import { meetOtherHistory, offerEverything, rememberEpoch } from './lost-history.ts';
import type { Sql } from './ports.ts';
import { recover } from './recover.ts';
import {
  clearOperation,
  clearOutbox,
  readAttachment,
  readOperation,
  readOutbox,
  setAttachment,
  setMeta,
  setOperation,
  setOutbox,
  textOf,
} from './state.ts';

export type AttachOutcome = 'resumed' | 'started-empty' | 'seeded-from-local' | 'used-remote-state';

export type AttachResult =
  | { readonly type: 'attached'; readonly outcome: AttachOutcome; readonly keptRows: number }
  | { readonly type: 'retry-later'; readonly seconds: number }
  | { readonly type: 'failed'; readonly failure: SyncFailure };

export type DetachResult =
  | { readonly type: 'detached' }
  | { readonly type: 'unsent'; readonly rows: number }
  | { readonly type: 'failed'; readonly failure: SyncFailure };

/** A server that changes its history twice while one device joins is asked again later. */
const CONNECT_TRIES_MAX = 2;

const failed = (failure: SyncFailure): AttachResult => ({ type: 'failed', failure });
const attached = (outcome: AttachOutcome, keptRows: number): AttachResult => ({
  type: 'attached',
  outcome,
  keptRows,
});

function bind(
  context: Context,
  userId: string,
  initializationId: string,
  epoch: string | undefined,
): Result<void, SyncFailure> {
  return transact(context, (sql) => {
    rememberEpoch(sql, epoch);
    setAttachment(sql, {
      binding_state: 'attached',
      attached_user_id: userId,
      pending_initialization_id: initializationId,
    });
    // The download that was pending is of a household that the server has not got any more.
    if (readOperation(sql).kind === 'remote_replace') {
      sql.run('delete from _sync_snapshot_stage');
      clearOperation(sql);
    }
    // A bundle frozen under an earlier answer goes out under this one.
    if (readOutbox(sql).state === 'prepared')
      setOutbox(sql, { initialization_id: initializationId });
  });
}

/**
 * Rows that were made and removed again before anybody knew them. Where rows have the same keys on every
 * device (samples), such a removal would speak against rows that the household made meanwhile.
 */
function forgetPassing(context: Context): Result<void, SyncFailure> {
  const isIn = (table: string): string =>
    `exists (select 1 from ${table} o where o.schema_name = d.schema_name
       and o.table_name = d.table_name and o.key_json = d.key_json)`;
  const passing = context.sql.all(
    `select d.table_name, d.key_json from _sync_dirty_rows d
     where d.payload is null and d.base_row_version = 0 and not ${isIn('_sync_row_state')}
       and not ${isIn('_sync_outbox_rows')} and not ${isIn('_sync_x_held')}`,
  );
  if (passing.length === 0) return ok(undefined);
  return transact(context, (sql) => {
    for (const row of passing)
      dropIntent(sql, [
        context.catalog.schemaName,
        textOf(row, 'table_name'),
        textOf(row, 'key_json'),
      ]);
  });
}

/**
 * Ends a first download. Where the server lost the household meanwhile, it is asked anew for the same one; what
 * is pending stays stored until there is an answer, so nothing that comes in between forgets whom it is for.
 */
async function finishReplace(
  context: Context,
  userId: string,
  triesLeft: number,
  keptRows: number,
): Promise<AttachResult> {
  const recovered = await recover(context);
  if (!recovered.ok) return failed(recovered.error);
  if (recovered.value === 'done') return attached('used-remote-state', keptRows);
  return triesLeft > 0 ? connect(context, userId, triesLeft) : { type: 'retry-later', seconds: 1 };
}

async function connect(context: Context, userId: string, triesLeft: number): Promise<AttachResult> {
  const keptRows = countPending(context.sql);
  const answer = await send(
    context,
    {
      operation: 'connect',
      method: 'POST',
      path: connectPath,
      body: { has_local_pending_rows: keptRows > 0 },
      userId,
    },
    connectResponse,
  );
  if (!answer.ok) {
    if (answer.error.type !== 'refused') return failed(answer.error);
    if (answer.error.code !== 'server_epoch_changed' || triesLeft <= 1)
      return failed(unexpected('connect', answer.error));
    const met = meetOtherHistory(context, answer.error.body);
    return met.ok ? connect(context, userId, triesLeft - 1) : failed(met.error);
  }
  const { value } = answer;
  switch (value.resolution) {
    case 'retry_later':
      return { type: 'retry-later', seconds: value.retry_after_seconds };
    case 'initialize_empty': {
      const bound = bind(context, userId, '', value.server_epoch);
      return bound.ok ? attached('started-empty', 0) : failed(bound.error);
    }
    case 'initialize_local': {
      const bound = bind(context, userId, value.initialization_id, value.server_epoch);
      return bound.ok ? attached('seeded-from-local', keptRows) : failed(bound.error);
    }
    case 'remote_authoritative': {
      const begun = transact(context, (sql) => {
        clearOperation(sql);
        rememberEpoch(sql, value.server_epoch);
        setOperation(sql, {
          kind: 'remote_replace',
          target_user_id: userId,
          reason: 'remote_authoritative',
        });
      });
      return begun.ok
        ? finishReplace(context, userId, triesLeft - 1, keptRows)
        : failed(begun.error);
    }
  }
}

/** Joins `userId`'s household, or resumes without the network when that is done already. */
export async function attach(context: Context, userId: string): Promise<AttachResult> {
  const operation = readOperation(context.sql);
  const attachment = readAttachment(context.sql);
  const isReplacing = operation.kind === 'remote_replace';
  if (isReplacing && operation.targetUserId !== userId)
    return failed({ type: 'state', code: 'attached-to-another-user' });
  if (attachment.userId !== '' && attachment.userId !== userId)
    return failed({ type: 'state', code: 'attached-to-another-user' });
  if (attachment.isAttached && !isReplacing) return attached('resumed', 0);
  if (!hasRoom(context)) return failed(NO_ROOM);
  const gate = await getCapabilities(context, userId);
  if (!gate.ok) return failed(gate.error);
  if (isReplacing)
    return finishReplace(context, userId, CONNECT_TRIES_MAX, countPending(context.sql));
  const forgotten = forgetPassing(context);
  return forgotten.ok ? connect(context, userId, CONNECT_TRIES_MAX) : failed(forgotten.error);
}

/**
 * The server lost the scope or our right to begin it: anonymous again, intents kept, and join anew. The user
 * stays stored: these are the household's rows whatever comes in between, and nobody else's.
 */
export async function reattach(context: Context): Promise<Result<AttachResult, SyncFailure>> {
  const userId = readAttachment(context.sql).userId || readOperation(context.sql).targetUserId;
  const fresh = context.ids.uuid();
  const loosened = apply(context, (sql) => {
    const isOffered = offerEverything(context, beginApplying(context, sql), fresh);
    if (isOffered) takeSource(sql, fresh);
    setAttachment(sql, {
      binding_state: 'anonymous',
      attached_user_id: userId,
      pending_initialization_id: '',
    });
    clearOperation(sql);
  });
  if (!loosened.ok) return loosened;
  const result = await attach(context, userId);
  if (result.type === 'attached') return ok(result);
  // Still this household's database, whatever the server says today.
  const bound = transact(context, (sql) => {
    if (readOperation(sql).kind === 'none') setAttachment(sql, { binding_state: 'attached' });
  });
  if (!bound.ok) return bound;
  return result.type === 'failed' ? err(result.failure) : ok(result);
}

/** Another source from here on; the one before it never sends again. */
function takeSource(sql: Sql, next: string): void {
  const { sourceId } = readAttachment(sql);
  sql.run('update _sync_source_state set replaced_by_source_id = ?2 where source_id = ?1', [
    sourceId,
    next,
  ]);
  sql.run('insert into _sync_source_state (source_id) values (?1)', [next]);
  setAttachment(sql, { current_source_id: next });
}

/** Leaves the household. Nothing is deleted while anything of it is unsent. */
export function detach(context: Context): DetachResult {
  const attachment = readAttachment(context.sql);
  const operation = readOperation(context.sql);
  context.memory.held = null;
  const isHouseholds = attachment.userId !== '';
  if (operation.kind === 'remote_replace' && !isHouseholds) {
    const cancelled = transact(context, (sql) => {
      sql.run('delete from _sync_snapshot_stage');
      clearOperation(sql);
    });
    return cancelled.ok ? { type: 'detached' } : { type: 'failed', failure: cancelled.error };
  }
  if (!isHouseholds) return { type: 'detached' };
  const rows = countPending(context.sql) + countHeld(context.sql);
  if (rows > 0) return { type: 'unsent', rows };
  const fresh = context.ids.uuid();
  const left = apply(context, (sql) => {
    for (const table of context.catalog.tables.toReversed()) sql.run(`delete from "${table.name}"`);
    for (const table of [
      '_sync_row_state',
      '_sync_dirty_rows',
      '_sync_snapshot_stage',
      '_sync_x_base',
      '_sync_x_local_tx',
      '_sync_x_held',
      '_sync_x_lost',
      '_sync_x_stale_tables',
    ])
      sql.run(`delete from ${table}`);
    clearOutbox(sql);
    clearOperation(sql);
    setMeta(sql, { server_epoch: '', lost_policy: '', lost_base: 0 });
    takeSource(sql, fresh);
    setAttachment(sql, {
      binding_state: 'anonymous',
      attached_user_id: '',
      last_bundle_seq_seen: 0,
      rebuild_required: 0,
      pending_initialization_id: '',
    });
  });
  return left.ok ? { type: 'detached' } : { type: 'failed', failure: left.error };
}
