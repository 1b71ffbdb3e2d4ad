/**
 * Removes what expired (protocol.md §8.3): frozen rows of snapshots that are over, and push sessions that
 * nobody came back to, both in batches that are bounded by rows and by sessions. Headers stay for one more
 * life, so that who comes late learns "expired" and not "unknown". Several processes may clean at once.
 */
import type { SyncContext } from './context.ts';
import { flagOf } from './record.ts';

/** Sessions that are over, and where their rows are. */
interface Kind {
  readonly sessions: string;
  readonly rows: string;
  readonly id: string;
  /** Over at $1. */
  readonly isOver: string;
}

const SNAPSHOTS: Kind = {
  sessions: 'sync.snapshot_session',
  rows: 'sync.snapshot_row',
  id: 'snapshot_id',
  isOver: 'expires_at_ms <= $1::bigint and not rows_gone',
};
const PUSHES: Kind = {
  sessions: 'sync.push_session',
  rows: 'sync.push_session_row',
  id: 'push_id',
  isOver: 'expires_at_ms < $1::bigint',
};

/** At most $2 rows of at most $3 sessions. What another cleaner is at is left to it. */
const takeRowsSql = ({ sessions, rows, id, isOver }: Kind): string => `
  with over as materialized (
    select scope_id, ${id} from ${sessions} where ${isOver}
    order by expires_at_ms limit $3::int for update skip locked
  ), old as materialized (
    select r.scope_id, r.${id}, r.ordinal from over o
    join ${rows} r on r.scope_id = o.scope_id and r.${id} = o.${id}
    limit $2::int
  ), gone as (
    delete from ${rows} r using old
    where r.scope_id = old.scope_id and r.${id} = old.${id} and r.ordinal = old.ordinal
  )
  select (select count(*) from old) >= $2::int or (select count(*) from over) >= $3::int as has_more`;

/**
 * Sessions that have no row left, seen by a statement of its own: how many rows the one before took says
 * nothing when others take rows too. "offset" keeps it a look-up for each session.
 */
const emptySql = ({ sessions, rows, id, isOver }: Kind): string => `
  with empty as materialized (
    select s.scope_id, s.${id} from ${sessions} s where ${isOver} and not exists (
      select from ${rows} r where r.scope_id = s.scope_id and r.${id} = s.${id} offset 0)
    order by s.expires_at_ms limit $2::int for update skip locked
  )`;

const TAKE_SNAPSHOT_ROWS = takeRowsSql(SNAPSHOTS);
const MARK_EMPTY_SNAPSHOTS = `${emptySql(SNAPSHOTS)}
  update sync.snapshot_session s set rows_gone = true from empty e
  where s.scope_id = e.scope_id and s.snapshot_id = e.snapshot_id`;
const DROP_SNAPSHOT_HEADERS =
  'delete from sync.snapshot_session where rows_gone and expires_at_ms < $1::bigint';

const TAKE_PUSH_ROWS = takeRowsSql(PUSHES);
const DROP_EMPTY_PUSHES = `${emptySql(PUSHES)}
  delete from sync.push_session s using empty e where s.scope_id = e.scope_id and s.push_id = e.push_id`;

async function cleanSnapshots(context: SyncContext): Promise<boolean> {
  const { rowsPerBatchMax, sessionsPerBatchMax } = context.limits.cleaning;
  return context.database.transaction(
    { isolation: 'read-committed', readOnly: false, scopeId: null },
    async (tx) => {
      const nowMs = context.clock.nowMs();
      const [row] = await tx.query(TAKE_SNAPSHOT_ROWS, [
        nowMs,
        rowsPerBatchMax,
        sessionsPerBatchMax,
      ]);
      await tx.query(MARK_EMPTY_SNAPSHOTS, [nowMs, sessionsPerBatchMax]);
      await tx.query(DROP_SNAPSHOT_HEADERS, [nowMs - context.limits.snapshot.sessionTtlMs]);
      return row !== undefined && flagOf(row, 'has_more');
    },
  );
}

async function cleanPushes(context: SyncContext): Promise<boolean> {
  const { rowsPerBatchMax, sessionsPerBatchMax } = context.limits.cleaning;
  return context.database.transaction(
    { isolation: 'read-committed', readOnly: false, scopeId: null },
    async (tx) => {
      const overMs = context.clock.nowMs() - context.limits.push.sessionTtlMs;
      const [row] = await tx.query(TAKE_PUSH_ROWS, [overMs, rowsPerBatchMax, sessionsPerBatchMax]);
      await tx.query(DROP_EMPTY_PUSHES, [overMs, sessionsPerBatchMax]);
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
 * the one under way may have looked already. What is returned ends with the run that serves the asker.
 * `work` must not reject.
 */
export function runBehind(work: () => Promise<unknown>): () => Promise<void> {
  let current: Promise<void> | null = null;
  let following: Promise<void> | null = null;
  const run = async (): Promise<void> => {
    await work();
    current = following;
    following = null;
  };
  return () => {
    if (current === null) {
      current = run();
      return current;
    }
    following ??= current.then(run);
    return following;
  };
}
