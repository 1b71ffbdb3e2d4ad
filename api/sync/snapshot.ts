/**
 * Frozen snapshots (protocol.md §8): one repeatable-read transaction sees the number, the row states and
 * the rows of the same instant and materialises them with INSERT ... SELECT, a table in slices of many rows,
 * as the texts that pages will send. Later commits, pruning and restarts never change a page.
 *
 * With a rotation the scope row is locked first and the source replaced in the same transaction.
 */
import { assert, must } from '../../shared/assert.ts';
import type { SnapshotSessionResponse } from '../../shared/protocol/snapshot.ts';
import type { Caller } from './caller.ts';
import { type SyncContext, versionOf } from './context.ts';
import { requireEpoch } from './epoch.ts';
import { freezeSql } from './frozen-rows.ts';
import type { Tx } from './ports.ts';
import { numberOf, textOf } from './record.ts';
import { refuse } from './refusal.ts';
import { lockScope, readScope, requireInitialized } from './scope.ts';
import { findSnapshotSession } from './snapshot-session.ts';
import { type SourceReplacement, checkReplacement, rotateSource } from './sources.ts';

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
    let tableRows = 0;
    let lastKey: string | null = null;
    // A slice is far from the time that one statement may take; the bounds are met before the next.
    for (let sliceRows = snapshot.buildRowsMax; sliceRows === snapshot.buildRowsMax;) {
      const [row] = await tx.query(freezeSql(table, snapshot.buildRowsMax, lastKey === null), [
        scopeId,
        snapshotId,
        totals.rows,
        ...(lastKey === null ? [] : [lastKey]),
      ]);
      assert(row !== undefined, 'an aggregate has one row');
      sliceRows = numberOf(row, 'rows');
      tableRows += sliceRows;
      totals.rows += sliceRows;
      totals.bytes += numberOf(row, 'bytes');
      lastKey = sliceRows === 0 ? lastKey : (JSON.parse(textOf(row, 'last_key')) as string);
      bound('row_count', totals.rows, snapshot.sessionRowsMax);
      bound('byte_count', totals.bytes, snapshot.sessionBytesMax);
      bound('row_byte_count', numberOf(row, 'largest'), push.rowBytesMax);
    }
    totals.tables.push([table.tableNo, tableRows, version]);
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

/** The same for builds, of which one household has only its share. */
export interface BuildGate {
  tryEnter(scopeId: string): boolean;
  release(scopeId: string): void;
}

export function createBuildGate(max: number, perScopeMax: number): BuildGate {
  const all = createSnapshotGate(max);
  const running = new Map<string, number>();
  return {
    tryEnter: (scopeId) => {
      const own = running.get(scopeId) ?? 0;
      if (own >= perScopeMax || !all.tryEnter()) return false;
      running.set(scopeId, own + 1);
      return true;
    },
    release: (scopeId) => {
      const left = must(running.get(scopeId), 'who leaves had entered') - 1;
      if (left === 0) running.delete(scopeId);
      else running.set(scopeId, left);
      all.release();
    },
  };
}

export async function createSnapshot(
  context: SyncContext,
  gate: BuildGate,
  caller: Caller,
  replacement: SourceReplacement | null,
): Promise<SnapshotSessionResponse> {
  if (replacement !== null) checkReplacement(replacement, caller.sourceId);
  const enter = async (): Promise<SnapshotSessionResponse> => {
    if (!gate.tryEnter(caller.scopeId)) {
      refuse('snapshot_build_capacity', 'too many snapshots are being built', undefined, 1);
    }
    try {
      return await build(context, caller, replacement);
    } finally {
      gate.release(caller.scopeId);
    }
  };
  // Who still waits for the household's row builds nothing and takes no place from others.
  return replacement === null ? enter() : context.queue.run(caller.scopeId, enter);
}

async function build(
  context: SyncContext,
  caller: Caller,
  replacement: SourceReplacement | null,
): Promise<SnapshotSessionResponse> {
  const { scopeId } = caller;
  const snapshotId = context.ids.uuid();
  return context.database.transaction(
    { isolation: 'repeatable-read', readOnly: false, scopeId, plans: 'kept' },
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
