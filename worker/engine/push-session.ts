/**
 * One frozen bundle over a push session (`protocol.md` §5.1-5.4): create, chunks, commit. Creating again
 * after a lost answer replaces the staging or learns that the tuple was committed; the session is dropped,
 * best effort, when anything fails in between.
 */
import { limits } from '../../shared/limits.ts';
import { utf8Length } from '../../shared/bytes.ts';
import type { CapabilitiesResponse } from '../../shared/protocol/capabilities.ts';
import {
  pushChunkResponse,
  pushChunksPath,
  pushCommitPath,
  pushCommitResponse,
  pushCreateResponse,
  pushSessionPath,
  pushSessionsPath,
} from '../../shared/protocol/push.ts';
import type { CommittedNumbers, PushRequestRow } from '../../shared/protocol/shapes.ts';
import { err, ok } from '../../shared/result.ts';
import type { Result } from '../../shared/result.ts';
import { noteOf } from './bundle-note.ts';
import { send, sendAndForget } from './calls.ts';
import type { CallResult, Refused } from './calls.ts';
import { transact } from './context.ts';
import type { Context } from './context.ts';
import { protocolFailure } from './failures.ts';
import type { SyncFailure } from './failures.ts';
import { rememberEpoch } from './lost-history.ts';
import { readRequestRows } from './outbox.ts';
import type { Sent } from './sent.ts';
import { readOutbox, setOutbox } from './state.ts';

/** Far below the server's body limit; a chunk always takes at least one row. */
const CHUNK_BYTES_MAX = 8 * 1024 * 1024;

/** The server says that this tuple is committed: remembered before anything else is done. */
export function storeCommitted(
  context: Context,
  numbers: CommittedNumbers,
  epoch?: string,
): Result<void, SyncFailure> {
  const outbox = readOutbox(context.sql);
  if (numbers.source_id !== outbox.sourceId || numbers.source_bundle_id !== outbox.sourceBundleId)
    return err(protocolFailure('tuple-differs', 'push'));
  return transact(context, (sql) => {
    rememberEpoch(sql, epoch);
    setOutbox(sql, {
      state: 'committed_remote',
      remote_bundle_hash: numbers.bundle_hash,
      remote_bundle_seq: numbers.bundle_seq,
    });
  });
}

function chunksOf(rows: readonly PushRequestRow[], rowsMax: number): readonly PushRequestRow[][] {
  const chunks: PushRequestRow[][] = [];
  let bytes = 0;
  for (const row of rows) {
    const size = utf8Length(JSON.stringify(row));
    const last = chunks.at(-1);
    if (last === undefined || last.length >= rowsMax || bytes + size > CHUNK_BYTES_MAX) {
      chunks.push([row]);
      bytes = size;
    } else {
      last.push(row);
      bytes += size;
    }
  }
  return chunks;
}

async function stage(
  context: Context,
  pushId: string,
  rows: readonly PushRequestRow[],
  rowsMax: number,
): Promise<Result<void, Refused | SyncFailure>> {
  let ordinal = 0;
  for (const chunk of chunksOf(rows, rowsMax)) {
    const answer = await send(
      context,
      {
        operation: 'push-chunk',
        method: 'POST',
        path: pushChunksPath(pushId),
        body: { start_row_ordinal: ordinal, rows: chunk },
      },
      pushChunkResponse,
    );
    if (!answer.ok) return answer;
    ordinal += chunk.length;
    const { push_id, next_expected_row_ordinal } = answer.value;
    if (push_id !== pushId || next_expected_row_ordinal !== ordinal)
      return err(protocolFailure('chunk-answer-differs', 'push'));
  }
  return ok(undefined);
}

const refusedOr = (error: Refused | SyncFailure): Result<Sent, SyncFailure> =>
  error.type === 'refused' ? ok({ type: 'refused', refused: error }) : err(error);

function committed(context: Context, numbers: CommittedNumbers): Result<Sent, SyncFailure> {
  const stored = storeCommitted(context, numbers);
  return stored.ok ? ok({ type: 'committed', own: null, isCaughtUp: false }) : stored;
}

function create(context: Context, rows: readonly PushRequestRow[]): Promise<CallResult<Created>> {
  const outbox = readOutbox(context.sql);
  return send(
    context,
    {
      operation: 'push-create',
      method: 'POST',
      path: pushSessionsPath,
      body: {
        source_bundle_id: outbox.sourceBundleId,
        planned_row_count: rows.length,
        canonical_request_hash: outbox.requestHash,
        ...(outbox.initializationId === '' ? {} : { initialization_id: outbox.initializationId }),
        ...noteOf(context, outbox.sourceBundleId),
      },
    },
    pushCreateResponse,
  );
}

type Created = ReturnType<typeof pushCreateResponse.parse>;

export async function sendOverSession(
  context: Context,
  document: CapabilitiesResponse,
): Promise<Result<Sent, SyncFailure>> {
  const outbox = readOutbox(context.sql);
  const rows = readRequestRows(context);
  const created = await create(context, rows);
  if (!created.ok) return refusedOr(created.error);
  const session = created.value;
  if (session.status === 'already_committed') {
    // Another content under our tuple: nothing changes here, a rebuild rotates the source.
    if (session.canonical_request_hash !== outbox.requestHash)
      return err(protocolFailure('source-sequence-mismatch', 'push'));
    return committed(context, session);
  }
  if (
    session.planned_row_count !== rows.length ||
    session.next_expected_row_ordinal !== 0 ||
    session.canonical_request_hash !== outbox.requestHash
  )
    return err(protocolFailure('create-answer-differs', 'push'));
  const drop = (): Promise<void> =>
    sendAndForget(context, {
      operation: 'push-delete',
      method: 'DELETE',
      path: pushSessionPath(session.push_id),
    });
  const rowsMax = Math.min(
    document.bundle_limits.default_rows_per_push_chunk ?? limits.push.chunkRowsDefault,
    limits.push.chunkRowsDefault,
  );
  const staged = await stage(context, session.push_id, rows, rowsMax);
  if (!staged.ok) {
    if (staged.error.type !== 'network') await drop();
    return refusedOr(staged.error);
  }
  const commit = await send(
    context,
    { operation: 'push-commit', method: 'POST', path: pushCommitPath(session.push_id) },
    pushCommitResponse,
  );
  if (!commit.ok) {
    if (commit.error.type === 'refused' && commit.error.status !== 404) await drop();
    return refusedOr(commit.error);
  }
  return committed(context, commit.value);
}
