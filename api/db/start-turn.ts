/**
 * What a starting process does to the database, it does in one transaction and one process at a time. Others
 * may be serving from the same database, so that it never waits long for a table: whoever waits for one
 * exclusively keeps everybody else away from it. It gives way, lets them go on, and tries again.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type postgres from 'postgres';
import { classifyFailure } from './database-errors.ts';
import type { Pool } from './pool.ts';

export class MigrationFailure extends Error {
  override readonly name = 'MigrationFailure';
}

/** Shorter than the second after which Postgres looks for deadlocks: a start gives way, never a push. */
const lockWaitMs = 500;
const pauseMs = 1000;
/** A minute and a half: as long as the largest snapshots take to be built. */
const turnsMax = 60;

export async function inTurn<T>(
  pool: Pool,
  work: (sql: postgres.TransactionSql) => Promise<T>,
  triesMax: number = turnsMax,
): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      // The driver types a result of promises apart; ours is never one.
      const outcome: unknown = await pool.sql.begin(async (sql) => {
        await sql.unsafe('select singleton from larder_migration.lock for update');
        await sql.unsafe(`set local lock_timeout = ${String(lockWaitMs)}`);
        return { value: await work(sql) };
      });
      return (outcome as { value: T }).value;
    } catch (error) {
      if (classifyFailure(error) !== 'retry') throw error;
      if (tries >= triesMax) {
        throw new MigrationFailure(
          'another connection holds a table that has to be prepared; start again when it is done',
        );
      }
      await sleep(pauseMs);
    }
  }
}
