/**
 * Frozen snapshots (protocol.md §8): one repeatable-read transaction sees the number, the row states and
 * the rows of the same instant and materialises them with one INSERT ... SELECT per table, as the exact
 * text that pages will send. Later commits, pruning and restarts never change a page.
 *
 * With a rotation the scope row is locked first and the source replaced in the same transaction.
 */
import { assert } from '../../shared/assert.ts';
import { isCanonicalUuid } from '../../shared/protocol/shapes.ts';
import type { SnapshotSessionResponse } from '../../shared/protocol/snapshot.ts';
import type { Caller } from './caller.ts';
import { type SyncContext, versionOf } from './context.ts';
import { requireEpoch } from './epoch.ts';
import type { JsonText, SqlRecord, Tx } from './ports.ts';
import { numberOf, textOf, textOrNull } from './record.ts';
import { refuse } from './refusal.ts';
import { type RegisteredTable, SCOPE_COLUMN, tableSql } from './registry.ts';
import { keyBytesSql, payloadSql } from './render.ts';
import { lockScope, readScope, requireInitialized } from './scope.ts';
import { type SourceReplacement, checkReplacement, rotateSource } from './sources.ts';

/**
 * A row without live row state has no version: its text is null, the column refuses it, and the snapshot
 * fails as the defect it is.
 */
const materializeSql = (table: RegisteredTable): string => `
  with frozen as (
    insert into sync.snapshot_row (scope_id, snapshot_id, ordinal, bytes, body)
    select $1::uuid, $2::uuid, $3::bigint + row_number() over (order by r.key_bytes), octet_length(r.body), r.body
    from (
      select ${keyBytesSql(table, 't')} as key_bytes,
        '{"schema":"${table.schema}","table":"${table.table}","key":{"${table.key}":' || to_json(t."${table.key}"::text)::text
          || '},"row_version":' || s.row_version || ',"payload":' || ${payloadSql(table, 't')} || '}' as body
      from ${tableSql(table)} t
      left join sync.row_state s on s.scope_id = t."${SCOPE_COLUMN}" and s.table_no = ${String(table.tableNo)}
        and s.key = ${keyBytesSql(table, 't')} and not s.deleted
      where t."${SCOPE_COLUMN}" = $1::uuid
    ) r
    returning bytes
  )
  select count(*) as rows, coalesce(sum(bytes), 0)::bigint as bytes, coalesce(max(bytes), 0) as largest from frozen`;

const COUNT_LIVE = `select count(*) as n from sync.row_state s where s.scope_id = $1::uuid and not s.deleted
  and exists (select from sync.table_catalog c where c.table_no = s.table_no and c.since_version <= $2::int)`;

const INSERT_SESSION = `
  insert into sync.snapshot_session (scope_id, snapshot_id, source_id, replacement_source_id,
    snapshot_bundle_seq, row_count, byte_count, expires_at_ms, tables)
  values ($1::uuid, $2::uuid, $3, $4, $5::bigint, $6::bigint, $7::bigint, $8::bigint, $9::text::jsonb)`;

/** One live session per source; above the scope's number the oldest goes. */
const EXPIRE_OTHERS = `
  update sync.snapshot_session set expires_at_ms = least(expires_at_ms, $4::bigint)
  where scope_id = $1::uuid and expires_at_ms > $4::bigint and (source_id = $2 or snapshot_id in (
    select snapshot_id from sync.snapshot_session
    where scope_id = $1::uuid and expires_at_ms > $4::bigint and source_id <> $2
    order by expires_at_ms desc, snapshot_id offset $3::int))`;

interface Totals {
  rows: number;
  bytes: number;
  /** Table number, rows, and the schema version they are rendered for, in the session's order. */
  readonly tables: (readonly [number, number, number])[];
}

async function materialize(
  context: SyncContext,
  tx: Tx,
  scopeId: string,
  snapshotId: string,
  version: number,
): Promise<Totals> {
  const { snapshot, push } = context.limits;
  const totals: Totals = { rows: 0, bytes: 0, tables: [] };
  const bound = (dimension: string, actual: number, limit: number): void => {
    if (actual <= limit) return;
    refuse('snapshot_session_limit_exceeded', 'the scope is too large for one snapshot', {
      dimension,
      actual,
      limit,
    });
  };
  for (const table of context.registry.tablesAt(version)) {
    const [row] = await tx.query(materializeSql(table), [scopeId, snapshotId, totals.rows]);
    assert(row !== undefined, 'an aggregate has one row');
    totals.rows += numberOf(row, 'rows');
    totals.tables.push([table.tableNo, numberOf(row, 'rows'), version]);
    totals.bytes += numberOf(row, 'bytes');
    bound('row_count', totals.rows, snapshot.sessionRowsMax);
    bound('byte_count', totals.bytes, snapshot.sessionBytesMax);
    bound('row_byte_count', numberOf(row, 'largest'), push.rowBytesMax);
  }
  const [live] = await tx.query(COUNT_LIVE, [scopeId, version]);
  assert(
    live !== undefined && numberOf(live, 'n') === totals.rows,
    'every live row state has its row',
  );
  return totals;
}

export interface SnapshotGate {
  /** False when too many run already; `release` ends one. */
  tryEnter(): boolean;
  release(): void;
}

export function createSnapshotGate(max: number): SnapshotGate {
  let running = 0;
  return {
    tryEnter: () => {
      if (running >= max) return false;
      running += 1;
      return true;
    },
    release: () => {
      running -= 1;
    },
  };
}

export async function createSnapshot(
  context: SyncContext,
  gate: SnapshotGate,
  caller: Caller,
  replacement: SourceReplacement | null,
): Promise<SnapshotSessionResponse> {
  if (replacement !== null) checkReplacement(replacement, caller.sourceId);
  if (!gate.tryEnter()) {
    refuse('snapshot_build_capacity', 'too many snapshots are being built', undefined, 1);
  }
  try {
    if (replacement === null) return await build(context, caller, null);
    return await context.queue.run(caller.scopeId, () => build(context, caller, replacement));
  } finally {
    gate.release();
  }
}

async function build(
  context: SyncContext,
  caller: Caller,
  replacement: SourceReplacement | null,
): Promise<SnapshotSessionResponse> {
  const { scopeId } = caller;
  const snapshotId = context.ids.uuid();
  return context.database.transaction(
    { isolation: 'repeatable-read', readOnly: false, scopeId },
    async (tx) => {
      const nowMs = context.clock.nowMs();
      const scope =
        replacement === null
          ? await readScope(tx, scopeId, nowMs)
          : await lockScope(tx, scopeId, nowMs);
      await requireEpoch(context, tx, caller, scope);
      requireInitialized(scope);
      if (replacement !== null) await rotateSource(tx, scopeId, replacement);
      const totals = await materialize(
        context,
        tx,
        scopeId,
        snapshotId,
        versionOf(context, caller),
      );
      const expiresAtMs = nowMs + context.limits.snapshot.sessionTtlMs;
      await tx.query(EXPIRE_OTHERS, [
        scopeId,
        caller.sourceId,
        context.limits.snapshot.sessionsPerScopeMax - 1,
        nowMs,
      ]);
      await tx.query(INSERT_SESSION, [
        scopeId,
        snapshotId,
        caller.sourceId,
        replacement?.newSourceId ?? null,
        scope.latestBundleSeq,
        totals.rows,
        totals.bytes,
        expiresAtMs,
        JSON.stringify(totals.tables),
      ]);
      return {
        snapshot_id: snapshotId,
        snapshot_bundle_seq: scope.latestBundleSeq,
        row_count: totals.rows,
        byte_count: totals.bytes,
        expires_at: context.clock.toRfc3339(expiresAtMs),
      };
    },
  );
}

const READ_SESSION = `select source_id, replacement_source_id, snapshot_bundle_seq, row_count, expires_at_ms,
    tables::text
  from sync.snapshot_session where scope_id = $1::uuid and snapshot_id = $2::uuid`;

/** 404, then 403, then 410. The makers of a rotation are both its sources. */
export async function findSnapshotSession(
  tx: Tx,
  caller: Caller,
  snapshotId: string,
  nowMs: number,
): Promise<SqlRecord> {
  const [row] = isCanonicalUuid(snapshotId)
    ? await tx.query(READ_SESSION, [caller.scopeId, snapshotId])
    : [];
  if (row === undefined || numberOf(row, 'expires_at_ms') === 0) {
    refuse('snapshot_session_not_found', 'there is no such snapshot session');
  }
  if (
    textOf(row, 'source_id') !== caller.sourceId &&
    textOrNull(row, 'replacement_source_id') !== caller.sourceId
  ) {
    refuse('snapshot_session_forbidden', 'the snapshot session belongs to another source');
  }
  if (numberOf(row, 'expires_at_ms') <= nowMs) {
    refuse('snapshot_session_expired', 'the snapshot session has expired');
  }
  return row;
}

export interface SnapshotPageRequest {
  readonly snapshotId: string;
  readonly afterRowOrdinal: number;
  readonly rowsMax: number;
  readonly bytesMax: number;
}

const READ_PAGE = `
  with candidate as (
    select ordinal, bytes, body, sum(bytes) over (order by ordinal) as running
    from sync.snapshot_row
    where scope_id = $1::uuid and snapshot_id = $2::uuid and ordinal > $3::bigint and ordinal <= $3::bigint + $4::int
  )
  select count(*) filter (where running <= $5::bigint) as rows,
    coalesce(sum(bytes) filter (where running <= $5::bigint), 0)::bigint as bytes,
    coalesce(string_agg(body, ',' order by ordinal) filter (where running <= $5::bigint), '') as body,
    coalesce(min(running), 0)::bigint as first_bytes
  from candidate`;

export async function readSnapshotPage(
  context: SyncContext,
  caller: Caller,
  request: SnapshotPageRequest,
): Promise<JsonText> {
  const { snapshotId, afterRowOrdinal } = request;
  const { rowsMax, pageBytesMax } = context.limits.snapshot;
  const bytesMax = Math.min(request.bytesMax, pageBytesMax);
  return context.database.transaction(
    { isolation: 'repeatable-read', readOnly: true, scopeId: caller.scopeId },
    async (tx) => {
      const session = await findSnapshotSession(tx, caller, snapshotId, context.clock.nowMs());
      const rowCount = numberOf(session, 'row_count');
      const [page] = await tx.query(READ_PAGE, [
        caller.scopeId,
        snapshotId,
        afterRowOrdinal,
        Math.min(request.rowsMax, rowsMax),
        bytesMax,
      ]);
      assert(page !== undefined, 'an aggregate has one row');
      const rows = numberOf(page, 'rows');
      const firstBytes = numberOf(page, 'first_bytes');
      if (rows === 0 && firstBytes > bytesMax) {
        refuse('snapshot_chunk_too_small', 'the next row is larger than max_bytes', {
          required_byte_count: firstBytes,
        });
      }
      if (rows === 0 && afterRowOrdinal < rowCount) {
        // The unlogged rows went with a crash of the database while the header stayed.
        refuse('snapshot_session_not_found', 'there is no such snapshot session');
      }
      const next = afterRowOrdinal + rows;
      return {
        json: `{"snapshot_id":"${snapshotId}","snapshot_bundle_seq":${textOf(session, 'snapshot_bundle_seq')},"rows":[${textOf(page, 'body')}],"next_row_ordinal":${String(next)},"has_more":${String(next < rowCount)},"byte_count":${String(numberOf(page, 'bytes'))}}`,
      };
    },
  );
}

/** 0 says "dropped": from now on the session is unknown. */
const DROP =
  'update sync.snapshot_session set expires_at_ms = 0 where scope_id = $1::uuid and snapshot_id = $2::uuid';

/** The session is gone at once (404 from now on); its rows go with the cleaner. */
export async function deleteSnapshot(
  context: SyncContext,
  caller: Caller,
  snapshotId: string,
): Promise<void> {
  await context.database.transaction(
    { isolation: 'read-committed', readOnly: false, scopeId: caller.scopeId },
    async (tx) => {
      await findSnapshotSession(tx, caller, snapshotId, context.clock.nowMs());
      await tx.query(DROP, [caller.scopeId, snapshotId]);
    },
  );
}
