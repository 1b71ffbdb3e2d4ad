/**
 * Fetching a snapshot into the stage (`protocol.md` §8, §11.12 steps 1 and 2): segments of a stream where the
 * server offers that, else pages, checked against their session and staged in one transaction each. The stage
 * is complete only when everything agrees; a stream that was interrupted goes on after its last whole
 * segment, anything else is dropped whole and never applied. A stream that fits, for a device that has nothing
 * yet, is kept in memory instead (`held-snapshot.ts`).
 */
import { must } from '../../shared/assert.ts';
import { limits } from '../../shared/limits.ts';
import { utf8Length } from '../../shared/bytes.ts';
import {
  snapshotPageResponse,
  snapshotSessionPath,
  snapshotSessionResponse,
  snapshotSessionsPath,
} from '../../shared/protocol/snapshot.ts';
import type {
  SnapshotPageResponse,
  SnapshotSessionResponse,
} from '../../shared/protocol/snapshot.ts';
import { err, ok } from '../../shared/result.ts';
import type { Result } from '../../shared/result.ts';
import { send, sendAndForget, unexpected } from './calls.ts';
import type { Call, CallResult, Decoder, Refused } from './calls.ts';
import { forgetCapabilities, getCapabilities } from './capabilities.ts';
import { keyJsonOf } from './catalog.ts';
import type { Catalog } from './catalog.ts';
import { transact, wait } from './context.ts';
import type { Context } from './context.ts';
import { decodeSnapshotRow } from './decode.ts';
import { protocolFailure } from './failures.ts';
import type { SyncFailure } from './failures.ts';
import { countHeldRows, HELD_BYTES_MAX } from './held-snapshot.ts';
import { hasNothing } from './insert-unknown.ts';
import type { Sql } from './ports.ts';
import { readRows, readSegment, segmentCall, segmentText } from './snapshot-stream.ts';
import type { Segment, StreamedRow, StreamedSession } from './snapshot-stream.ts';
import { numberOf, readOperation, setOperation } from './state.ts';

/** Waiting for the server's snapshot capacity, per operation (§8.6). */
const CAPACITY_BUDGET_MS = 30_000;
const CAPACITY_DEFAULT_MS = 1000;
const PAGES_MAX = 1_000_000;

export interface SessionRequest {
  readonly sourceId: string;
  readonly replacement: {
    readonly previous_source_id: string;
    readonly new_source_id: string;
    readonly reason: string;
  } | null;
}

/** Sends, and waits within the budget while the server is at capacity. */
async function sendWithinCapacity<T>(
  context: Context,
  call: Call,
  decoder: Decoder<T>,
  budget: { leftMs: number },
): Promise<CallResult<T>> {
  for (;;) {
    const answer = await send(context, { ...call, triesMax: 3 }, decoder);
    if (answer.ok || answer.error.type !== 'refused' || answer.error.status !== 429) return answer;
    const asked = answer.error.retryAfterMs ?? CAPACITY_DEFAULT_MS;
    const delayMs = Math.ceil(asked * (1 + context.ids.random()));
    if (delayMs > budget.leftMs)
      return err({
        type: 'network',
        operation: call.operation,
        reason: 'snapshot-capacity',
        retryAfterMs: asked,
      });
    budget.leftMs -= delayMs;
    await wait(context, delayMs);
  }
}

export function clearStage(context: Context): Result<void, SyncFailure> {
  context.memory.held = null;
  return transact(context, (sql) => {
    sql.run('delete from _sync_snapshot_stage');
    setOperation(sql, {
      staged_snapshot_id: '',
      snapshot_bundle_seq: 0,
      snapshot_row_count: 0,
      snapshot_byte_count: 0,
      snapshot_stage_complete: 0,
    });
  });
}

function sessionFault(session: SnapshotSessionResponse): string | null {
  if ((session.row_count === 0) !== (session.byte_count === 0)) return 'session-counts';
  if (session.row_count > 0 && session.snapshot_bundle_seq === 0) return 'session-without-bundle';
  return /^\d{4}-\d{2}-\d{2}T/.test(session.expires_at) ? null : 'session-expiry';
}

interface Totals {
  rows: number;
  bytes: number;
}

function pageFault(
  session: SnapshotSessionResponse,
  page: SnapshotPageResponse,
  totals: Totals,
): string | null {
  if (page.snapshot_id !== session.snapshot_id) return 'page-of-another-snapshot';
  if (page.snapshot_bundle_seq !== session.snapshot_bundle_seq) return 'page-of-another-bundle';
  if (page.next_row_ordinal !== totals.rows + page.rows.length) return 'page-ordinal';
  if (page.has_more && page.rows.length === 0) return 'empty-page';
  if (page.rows.length > limits.snapshot.rowsDefault) return 'page-too-long';
  const bytes = page.rows.reduce((sum, row) => sum + utf8Length(JSON.stringify(row)), 0);
  if (bytes !== page.byte_count || bytes > limits.snapshot.pageBytesDefault) return 'page-bytes';
  if (totals.rows + page.rows.length > session.row_count) return 'too-many-rows';
  if (totals.bytes + bytes > session.byte_count) return 'too-many-bytes';
  const isEnd = !page.has_more;
  const isWhole = totals.rows + page.rows.length === session.row_count;
  return isEnd === isWhole ? null : 'row-total-differs';
}

function stagePage(
  context: Context,
  session: SnapshotSessionResponse,
  page: SnapshotPageResponse,
  totals: Totals,
): Result<void, SyncFailure> {
  const keys: { table: string; keyJson: string }[] = [];
  for (const row of page.rows) {
    const decoded = decodeSnapshotRow(context.catalog, row);
    if (!decoded.ok) return decoded;
    const { table, id } = decoded.value;
    keys.push({ table: table.name, keyJson: keyJsonOf(table, id) });
  }
  return transact(context, (sql) => {
    page.rows.forEach((row, index) => {
      const key = keys[index];
      if (key === undefined) return;
      sql.run(
        `insert into _sync_snapshot_stage
           (snapshot_id, row_ordinal, schema_name, table_name, key_json, row_version, payload)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7)`,
        [
          session.snapshot_id,
          totals.rows + index + 1,
          context.catalog.schemaName,
          key.table,
          key.keyJson,
          row.row_version,
          JSON.stringify(row.payload),
        ],
      );
    });
    if (!page.has_more) setOperation(sql, { snapshot_stage_complete: 1 });
  });
}

async function fetchPages(
  context: Context,
  session: SnapshotSessionResponse,
  sourceId: string,
  budget: { leftMs: number },
): Promise<Result<'staged', Refused | SyncFailure>> {
  const totals: Totals = { rows: 0, bytes: 0 };
  for (let pages = 0; pages < PAGES_MAX; pages += 1) {
    const answer = await sendWithinCapacity(
      context,
      {
        operation: 'snapshot-page',
        method: 'GET',
        path: snapshotSessionPath(session.snapshot_id),
        query: {
          after_row_ordinal: String(totals.rows),
          max_rows: String(limits.snapshot.rowsDefault),
          max_bytes: String(limits.snapshot.pageBytesDefault),
        },
        sourceId,
      },
      snapshotPageResponse,
      budget,
    );
    if (!answer.ok) return answer;
    const page = answer.value;
    const fault = pageFault(session, page, totals);
    if (fault !== null) return err(protocolFailure(fault, 'snapshot'));
    const staged = stagePage(context, session, page, totals);
    if (!staged.ok) return staged;
    totals.rows += page.rows.length;
    totals.bytes += page.byte_count;
    context.progress({ done: totals.rows, total: session.row_count });
    if (!page.has_more)
      return totals.bytes === session.byte_count
        ? ok('staged')
        : err(protocolFailure('byte-total-differs', 'snapshot'));
  }
  return err(protocolFailure('endless-snapshot', 'snapshot'));
}

export const dropSession = (
  context: Context,
  snapshotId: string,
  sourceId: string,
): Promise<void> =>
  sendAndForget(context, {
    operation: 'snapshot-delete',
    method: 'DELETE',
    path: snapshotSessionPath(snapshotId),
    sourceId,
  });

/** Another stream was cut off than this often: the network is too bad to go on now. */
const CUTS_MAX = 3;

export function stageRows(
  sql: Sql,
  { schemaName }: Catalog,
  snapshotId: string,
  rows: readonly StreamedRow[],
): void {
  for (const { ordinal, table, id, version, payload } of rows)
    sql.run(
      `insert into _sync_snapshot_stage
         (snapshot_id, row_ordinal, schema_name, table_name, key_json, row_version, payload)
       values (?1, ?2, ?3, ?4, ?5, ?6, ?7)`,
      [
        snapshotId,
        ordinal,
        schemaName,
        table.name,
        keyJsonOf(table, id),
        version,
        JSON.stringify(payload),
      ],
    );
}

function keepSegment(
  context: Context,
  session: StreamedSession,
  segment: Segment,
): Result<void, SyncFailure> {
  const { held } = context.memory;
  if (held?.snapshotId === session.snapshotId) {
    held.segments.push(segment);
    return ok(undefined);
  }
  const rows = readRows(segment);
  if (!rows.ok) return rows;
  return transact(context, (sql) => {
    stageRows(sql, context.catalog, session.snapshotId, rows.value);
    if (!segment.hasMore) setOperation(sql, { snapshot_stage_complete: 1 });
  });
}

/** How many rows of the session are here already; decides where the others are kept. */
function beginKeeping(context: Context, session: StreamedSession): number {
  const { memory, sql } = context;
  if (memory.held?.snapshotId === session.snapshotId) return countHeldRows(memory.held);
  const staged = countStaged(sql);
  const fits = staged === 0 && session.byteCount <= HELD_BYTES_MAX;
  memory.held =
    fits && hasNothing(sql, context.catalog)
      ? { snapshotId: session.snapshotId, segments: [] }
      : null;
  return staged;
}

async function fetchSegments(
  context: Context,
  session: StreamedSession,
  sourceId: string,
  budget: { leftMs: number },
): Promise<Result<'staged', Refused | SyncFailure>> {
  let cuts = 0;
  let after = beginKeeping(context, session);
  for (let segments = 0; segments < PAGES_MAX; segments += 1) {
    const call = segmentCall(session, after, sourceId);
    const answer = await sendWithinCapacity(context, call, segmentText, budget);
    if (!answer.ok) return answer;
    const segment = readSegment(context.catalog, session, after, answer.value);
    if (!segment.ok) return segment;
    if (segment.value === 'cut') {
      cuts += 1;
      if (cuts < CUTS_MAX) continue;
      return err({
        type: 'network',
        operation: call.operation,
        reason: 'network',
        retryAfterMs: null,
      });
    }
    const kept = keepSegment(context, session, segment.value);
    if (!kept.ok) return kept;
    after += segment.value.lines.length;
    context.progress({ done: after, total: session.rowCount });
    if (!segment.value.hasMore) return ok('staged');
  }
  return err(protocolFailure('endless-snapshot', 'snapshot'));
}

const countStaged = (sql: Sql): number =>
  numberOf(
    must(sql.all('select count(*) as rows from _sync_snapshot_stage')[0], 'a count'),
    'rows',
  );

/** The session of a stage that was begun and not finished; segments go on where it ends. */
function findBegun(sql: Sql): StreamedSession | null {
  const { snapshotId, snapshotBundleSeq, snapshotRowCount, snapshotByteCount } = readOperation(sql);
  return snapshotId === ''
    ? null
    : {
        snapshotId,
        bundleSeq: snapshotBundleSeq,
        rowCount: snapshotRowCount,
        byteCount: snapshotByteCount,
      };
}

async function createSession(
  context: Context,
  request: SessionRequest,
  budget: { leftMs: number },
): Promise<CallResult<SnapshotSessionResponse>> {
  const cleared = clearStage(context);
  if (!cleared.ok) return cleared;
  const created = await sendWithinCapacity(
    context,
    {
      operation: 'snapshot-create',
      method: 'POST',
      path: snapshotSessionsPath,
      ...(request.replacement === null
        ? {}
        : { body: { source_replacement: request.replacement } }),
      sourceId: request.sourceId,
    },
    snapshotSessionResponse,
    budget,
  );
  if (!created.ok) return created;
  const session = created.value;
  const fault = sessionFault(session);
  if (fault !== null) return err(protocolFailure(fault, 'snapshot'));
  const stored = transact(context, (sql) =>
    setOperation(sql, {
      staged_snapshot_id: session.snapshot_id,
      snapshot_bundle_seq: session.snapshot_bundle_seq,
      snapshot_row_count: session.row_count,
      snapshot_byte_count: session.byte_count,
    }),
  );
  return stored.ok ? created : stored;
}

/** Fills the stage with one whole snapshot. `refused` is the answer to the session's creation. */
export async function stageSnapshot(
  context: Context,
  request: SessionRequest,
): Promise<Result<'staged' | 'expired', Refused | SyncFailure>> {
  const document = await getCapabilities(context);
  if (!document.ok) return document;
  const isStreamed = document.value.features['snapshot_stream'] === true;
  const budget = { leftMs: CAPACITY_BUDGET_MS };
  let session = isStreamed ? findBegun(context.sql) : null;
  let fetched: Result<'staged', Refused | SyncFailure>;
  if (session === null) {
    const created = await createSession(context, request, budget);
    if (!created.ok) return created;
    const { snapshot_id, snapshot_bundle_seq, row_count, byte_count } = created.value;
    session = {
      snapshotId: snapshot_id,
      bundleSeq: snapshot_bundle_seq,
      rowCount: row_count,
      byteCount: byte_count,
    };
    fetched = isStreamed
      ? await fetchSegments(context, session, request.sourceId, budget)
      : await fetchPages(context, created.value, request.sourceId, budget);
  } else fetched = await fetchSegments(context, session, request.sourceId, budget);
  if (fetched.ok) return fetched;
  const { error } = fetched;
  if (isStreamed && error.type === 'network') return fetched;
  const cleared = clearStage(context);
  if (!cleared.ok) return cleared;
  if (error.type !== 'network') await dropSession(context, session.snapshotId, request.sourceId);
  if (error.type !== 'refused') return fetched;
  // No stream here after all: the next attempt asks what is offered.
  if (error.code === 'not_found' || error.status === 405) forgetCapabilities(context);
  return [404, 405, 410].includes(error.status)
    ? ok('expired')
    : err(unexpected('snapshot-page', error));
}
