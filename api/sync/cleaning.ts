/**
 * Removes what expired (protocol.md §8.3): frozen rows of snapshots that are over, in batches that are
 * bounded by rows and by sessions, and push sessions that nobody came back to. Headers stay for one more
 * life, so that who comes late learns "expired" and not "unknown".
 */
import type { SyncContext } from './context.ts';
import { flagOf } from './record.ts';

const CLEAN_SNAPSHOTS = `
  with over as materialized (
    select scope_id, snapshot_id from sync.snapshot_session
    where expires_at_ms <= $1::bigint and not rows_gone order by expires_at_ms limit $3::int
  ), gone as (
    delete from sync.snapshot_row r using (
      select r.scope_id, r.snapshot_id, r.ordinal from over o
      join sync.snapshot_row r on r.scope_id = o.scope_id and r.snapshot_id = o.snapshot_id
      limit $2::int
    ) old
    where r.scope_id = old.scope_id and r.snapshot_id = old.snapshot_id and r.ordinal = old.ordinal
    returning 1
  ), counted as materialized (
    select count(*) as n from gone
  ), emptied as (
    update sync.snapshot_session s set rows_gone = true from over o, counted c
    where s.scope_id = o.scope_id and s.snapshot_id = o.snapshot_id and c.n < $2::int
    returning 1
  )
  select (select n from counted) >= $2::int or (select count(*) from over) >= $3::int as has_more`;

const DROP_SNAPSHOT_HEADERS =
  'delete from sync.snapshot_session where rows_gone and expires_at_ms < $1::bigint';

const CLEAN_PUSHES = `
  with over as materialized (
    select scope_id, push_id from sync.push_session
    where expires_at_ms < $1::bigint order by expires_at_ms limit $2::int
  ), rows as (
    delete from sync.push_session_row r using over o where r.scope_id = o.scope_id and r.push_id = o.push_id
  ), sessions as (
    delete from sync.push_session s using over o where s.scope_id = o.scope_id and s.push_id = o.push_id
  )
  select count(*) >= $2::int as has_more from over`;

async function cleanSnapshots(context: SyncContext): Promise<boolean> {
  const { rowsPerBatchMax, sessionsPerBatchMax } = context.limits.cleaning;
  return context.database.transaction(
    { isolation: 'read-committed', readOnly: false, scopeId: null },
    async (tx) => {
      const nowMs = context.clock.nowMs();
      const [row] = await tx.query(CLEAN_SNAPSHOTS, [nowMs, rowsPerBatchMax, sessionsPerBatchMax]);
      await tx.query(DROP_SNAPSHOT_HEADERS, [nowMs - context.limits.snapshot.sessionTtlMs]);
      return row !== undefined && flagOf(row, 'has_more');
    },
  );
}

async function cleanPushes(context: SyncContext): Promise<boolean> {
  return context.database.transaction(
    { isolation: 'read-committed', readOnly: false, scopeId: null },
    async (tx) => {
      const [row] = await tx.query(CLEAN_PUSHES, [
        context.clock.nowMs() - context.limits.push.sessionTtlMs,
        context.limits.cleaning.sessionsPerBatchMax,
      ]);
      return row !== undefined && flagOf(row, 'has_more');
    },
  );
}

export async function clean(context: SyncContext): Promise<void> {
  for (const cleanBatch of [cleanSnapshots, cleanPushes]) {
    for (let batch = 0; batch < context.limits.cleaning.batchesMax; batch += 1) {
      if (!(await cleanBatch(context))) break;
    }
  }
}

/**
 * Work that is done behind answers, one run at a time: who asks while it runs is served by one more run, for
 * the one under way may have looked already. `work` must not reject.
 */
export function runBehind(work: () => Promise<unknown>): () => void {
  let isRunning = false;
  let isAsked = false;
  const runWhileAsked = async (): Promise<void> => {
    isRunning = true;
    while (isAsked) {
      isAsked = false;
      await work();
    }
    isRunning = false;
  };
  return () => {
    isAsked = true;
    if (!isRunning) void runWhileAsked();
  };
}
