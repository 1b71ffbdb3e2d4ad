/**
 * Begins server epochs (protocol.md §13.7). A restore is noticed at start by the identity of the database
 * cluster, where it can be read; the operator's `new-epoch` command is part of the restore procedure and
 * does it in any case. An epoch too many costs nothing: no client has lost anything below its base.
 */
import { randomUUID } from 'node:crypto';
import type postgres from 'postgres';

const begin = (sql: postgres.TransactionSql): Promise<unknown> =>
  sql.unsafe('select sync.begin_epoch($1::uuid, $2::bigint)', [randomUUID(), String(Date.now())]);

interface Cluster {
  readonly system_identifier: string;
  readonly timeline_id: number;
}

/** Null where the database does not tell this role. */
async function readCluster(sql: postgres.TransactionSql): Promise<Cluster | null> {
  const [readable] = await sql.unsafe(`select
    has_function_privilege('pg_control_system()', 'execute')
      and has_function_privilege('pg_control_checkpoint()', 'execute') as is_readable`);
  if (readable?.['is_readable'] !== true) return null;
  const [row] = await sql.unsafe<Cluster[]>(`select system_identifier::text, timeline_id
    from pg_control_system(), pg_control_checkpoint()`);
  return row ?? null;
}

const REMEMBER = `update sync.server_epoch set system_identifier = $1, timeline_id = $2::int
  where ordinal = (select max(ordinal) from sync.server_epoch)`;

/** At every start: the first epoch, or the next one when another cluster or timeline is found. */
export async function ensureServerEpoch(sql: postgres.TransactionSql): Promise<void> {
  const cluster = await readCluster(sql);
  const [last] = await sql.unsafe<
    { system_identifier: string | null; timeline_id: number | null }[]
  >('select system_identifier, timeline_id from sync.server_epoch order by ordinal desc limit 1');
  const isOther =
    cluster !== null &&
    last !== undefined &&
    last.system_identifier !== null &&
    (last.system_identifier !== cluster.system_identifier ||
      last.timeline_id !== cluster.timeline_id);
  if (last === undefined || isOther) await begin(sql);
  if (cluster !== null)
    await sql.unsafe(REMEMBER, [cluster.system_identifier, cluster.timeline_id]);
}

/** The operator's command. Run it after a restore, before the first server starts on the database. */
export async function beginServerEpoch(sql: postgres.Sql): Promise<string> {
  return sql.begin(async (transaction) => {
    await begin(transaction);
    const cluster = await readCluster(transaction);
    if (cluster !== null) {
      await transaction.unsafe(REMEMBER, [cluster.system_identifier, cluster.timeline_id]);
    }
    const [row] = await transaction.unsafe<{ id: string }[]>(
      'select epoch_id::text as id from sync.server_epoch order by ordinal desc limit 1',
    );
    return row?.id ?? '';
  });
}
