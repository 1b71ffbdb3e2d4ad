/**
 * The background job that lets old history go (protocol.md §10.5). Per scope and step one short
 * transaction under the scope row, skipped when somebody holds it: bundles below the new floor are
 * removed together with moving the floor, so no reader ever finds a hole above it. Row state and each
 * source's last tuple stay; they are what a late retry and a conflict check need.
 *
 * Never removed: the newest bundles up to the kept number, bundles younger than the kept age (unless
 * there are more than the largest number), and what a live snapshot still builds on. Bundles are counted,
 * not subtracted, since their numbers may have a gap.
 */
import type { SyncContext } from './context.ts';
import { numberOf, textOf } from './record.ts';

/** Takes the scope row with SKIP LOCKED: a busy household is pruned another time. */
const PRUNE = `
  with scope as materialized (
    select scope_id, retained_bundle_floor from sync.scope where scope_id = $1::uuid for update skip locked
  ), step as materialized (
    select b.bundle_seq, bool_and(b.committed_at_ms < $4::bigint) over (order by b.bundle_seq) as is_old
    from (
      select bundle_seq, committed_at_ms from sync.bundle
      where scope_id = $1::uuid and bundle_seq > (select retained_bundle_floor from scope)
      order by bundle_seq limit $5::int
    ) b
  ), bound as (
    select
      (select bundle_seq from sync.bundle where scope_id = $1::uuid order by bundle_seq desc offset $2::int limit 1) as counted,
      (select bundle_seq from sync.bundle where scope_id = $1::uuid order by bundle_seq desc offset $3::int limit 1) as capped,
      (select min(snapshot_bundle_seq) from sync.snapshot_session
        where scope_id = $1::uuid and expires_at_ms > $6::bigint) as frozen
  ), target as materialized (
    select max(s.bundle_seq) as seq, count(*) as removed from step s cross join bound b
    where s.bundle_seq <= b.counted and (s.is_old or s.bundle_seq <= b.capped)
      and s.bundle_seq <= coalesce(b.frozen, s.bundle_seq)
  ), rows as (
    delete from sync.bundle_row using target where scope_id = $1::uuid and bundle_seq <= target.seq
  ), bundles as (
    delete from sync.bundle using target where scope_id = $1::uuid and bundle_seq <= target.seq
  ), moved as (
    update sync.scope s set retained_bundle_floor = target.seq from target
    where s.scope_id = $1::uuid and target.seq is not null
  )
  select removed from target`;

const DROP_TOMBSTONES = `
  with gone as (
    delete from sync.row_state r using (
      select t.ctid as place from sync.row_state t join sync.scope s on s.scope_id = t.scope_id
      where t.scope_id = $1::uuid and t.deleted and t.deleted_at_ms < $2::bigint
        and t.row_version <= s.retained_bundle_floor
      order by t.deleted_at_ms limit $3::int
    ) old where r.ctid = old.place and r.scope_id = $1::uuid returning 1
  )
  select count(*) as removed from gone`;

const DROP_RECEIPTS =
  'delete from sync.write_receipt where scope_id = $1::uuid and created_at_ms < $2::bigint';

const SCOPES = `
  select scope_id::text, latest_bundle_seq, retained_bundle_floor from sync.scope
  where scope_id > $1::uuid order by scope_id limit $2::int`;

/** What operators see of all scopes together, as of the job's last run. */
export interface HistorySummary {
  readonly latestBundleSeqMax: number;
  readonly floorMin: number;
  readonly floorMax: number;
  readonly windowMin: number;
  readonly windowMax: number;
  /** Scopes whose floor is above their latest bundle: always 0, or the database is damaged. */
  readonly floorAheadCount: number;
}

async function pruneScope(context: SyncContext, scopeId: string): Promise<void> {
  const { history } = context.limits;
  const write = { isolation: 'read-committed', readOnly: false, scopeId } as const;
  for (let step = 0; step < history.stepsPerScopeMax; step += 1) {
    const removed = await context.database.transaction(write, async (tx) => {
      const nowMs = context.clock.nowMs();
      const [row] = await tx.query(PRUNE, [
        scopeId,
        history.bundlesMin,
        history.bundlesMax,
        nowMs - history.ageMsMin,
        history.stepBundlesMax,
        nowMs,
      ]);
      return row === undefined ? 0 : numberOf(row, 'removed');
    });
    context.counters.prunedBundles += removed;
    if (removed < history.stepBundlesMax) break;
  }
  for (let step = 0; step < history.stepsPerScopeMax; step += 1) {
    const removed = await context.database.transaction(write, async (tx) => {
      const nowMs = context.clock.nowMs();
      await tx.query(DROP_RECEIPTS, [scopeId, nowMs - history.receiptAgeMs]);
      const [row] = await tx.query(DROP_TOMBSTONES, [
        scopeId,
        nowMs - history.tombstoneAgeMs,
        history.stepTombstonesMax,
      ]);
      return row === undefined ? 0 : numberOf(row, 'removed');
    });
    if (removed < history.stepTombstonesMax) return;
  }
}

/** One pass over all scopes, in pages; also counts what status shows. */
export async function retainHistory(context: SyncContext): Promise<HistorySummary> {
  const { history } = context.limits;
  const summary = {
    latestBundleSeqMax: 0,
    floorMin: 0,
    floorMax: 0,
    windowMin: 0,
    windowMax: 0,
    floorAheadCount: 0,
  };
  let seen = 0;
  let after = '00000000-0000-0000-0000-000000000000';
  for (;;) {
    const page = await context.database.transaction(
      { isolation: 'read-committed', readOnly: true, scopeId: null },
      (tx) => tx.query(SCOPES, [after, history.scopesPerPageMax]),
    );
    for (const row of page) {
      const latest = numberOf(row, 'latest_bundle_seq');
      const floor = numberOf(row, 'retained_bundle_floor');
      const window = latest - floor;
      summary.latestBundleSeqMax = Math.max(summary.latestBundleSeqMax, latest);
      summary.floorMin = seen === 0 ? floor : Math.min(summary.floorMin, floor);
      summary.floorMax = Math.max(summary.floorMax, floor);
      summary.windowMin = seen === 0 ? window : Math.min(summary.windowMin, window);
      summary.windowMax = Math.max(summary.windowMax, window);
      if (floor > latest) summary.floorAheadCount += 1;
      seen += 1;
      if (latest > 0) await pruneScope(context, textOf(row, 'scope_id'));
    }
    const last = page.at(-1);
    if (last === undefined || page.length < history.scopesPerPageMax) return summary;
    after = textOf(last, 'scope_id');
  }
}
