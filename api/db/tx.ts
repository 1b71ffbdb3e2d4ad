/**
 * The `Database` port over postgres.js. Each transaction begins with one statement that pins what the
 * service relies on, in LOCAL form only, so that it also works behind a transaction-mode pooler: the
 * unprivileged role, the scope for row-level security, time limits, UTC and the text forms of values.
 *
 * Plans: a plan that was made and kept while a table was small goes on using what was cheap then (measured:
 * eight seconds instead of a quarter for a push of 1,000 rows into a table of 5,000), while planning anew
 * costs a push of ten rows more than its work. So `fresh` transactions plan each execution, and `kept` ones,
 * whose statements look every row up by a whole key, keep their plans and are given no other way to join
 * than such look-ups. Plans that read a whole table are ruled out for both.
 */
import type postgres from 'postgres';
import { limits } from '../../shared/limits.ts';
import {
  CommitOutcomeUnknown,
  type Database,
  DatabaseRefusal,
  DatabaseUnavailable,
  type SqlRecord,
  type TransactionOptions,
  type Tx,
} from '../sync/ports.ts';
import { classifyFailure, isConnectionLoss, toServiceFailure } from './database-errors.ts';
import type { Pool } from './pool.ts';

const { lockWaitMs, statementMs, idleInTransactionMs, triesMax, connectionsPerScopeMax } =
  limits.database;
const retryStepMs = 25;

const settingsSql = (plans: string): string => `
  select set_config('lock_timeout', '${String(lockWaitMs)}', true),
    set_config('statement_timeout', '${String(statementMs)}', true),
    set_config('idle_in_transaction_session_timeout', '${String(idleInTransactionMs)}', true),
    set_config('timezone', 'UTC', true), set_config('datestyle', 'ISO, YMD', true),
    set_config('intervalstyle', 'postgres', true), set_config('bytea_output', 'hex', true),
    set_config('extra_float_digits', '1', true),
    ${plans},
    set_config('enable_seqscan', 'off', true), set_config('jit', 'off', true),
    set_config('sync.scope_id', $1::text, true), set_config('role', $2::text, true)`;

const SETTINGS = {
  fresh: settingsSql("set_config('plan_cache_mode', 'force_custom_plan', true)"),
  kept: settingsSql(`set_config('plan_cache_mode', 'force_generic_plan', true),
    set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true)`),
};

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

function createTx(sql: postgres.TransactionSql): Tx {
  const query: Tx['query'] = async (statement, params = []) => {
    // The driver's row list is an array with extra members; callers see a plain one.
    const rows = await sql.unsafe<SqlRecord[]>(statement, [...params], { prepare: true });
    return rows;
  };
  return {
    query,
    attempt: async (work) => {
      try {
        // The driver remembers every failed query of a transaction and fails the whole of it at the end,
        // even when somebody caught the failure; only its own savepoints forgive.
        const outcome: unknown = await sql.savepoint(async (inner) => ({
          value: await work(createTx(inner)),
        }));
        return outcome as { value: Awaited<ReturnType<typeof work>> };
      } catch (error) {
        const failure = toServiceFailure(error);
        if (!(failure instanceof DatabaseRefusal)) throw error;
        return { refused: failure };
      }
    },
  };
}

function beginOptions(options: TransactionOptions): string {
  const isolation = options.isolation === 'repeatable-read' ? 'repeatable read' : 'read committed';
  return `isolation level ${isolation}${options.readOnly ? ' read only' : ''}`;
}

/**
 * Lets one scope have only so many connections at once (B29): who comes later waits here, outside the
 * pool, so that a busy household starves nobody. The wait is bounded like the pool's.
 */
function createScopeShare(
  count: number,
): <T>(scopeId: string, work: () => Promise<T>) => Promise<T> {
  const lines = new Map<string, { running: number; readonly waiting: (() => void)[] }>();
  return async (scopeId, work) => {
    const line = lines.get(scopeId) ?? { running: 0, waiting: [] };
    lines.set(scopeId, line);
    if (line.running < count) line.running += 1;
    else {
      await new Promise<void>((resolve, reject) => {
        const grant = (): void => {
          clearTimeout(timer);
          resolve();
        };
        const timer = setTimeout(() => {
          line.waiting.splice(line.waiting.indexOf(grant), 1);
          reject(new DatabaseUnavailable('this household uses all of its connections'));
        }, lockWaitMs);
        line.waiting.push(grant);
      });
    }
    try {
      return await work();
    } finally {
      const next = line.waiting.shift();
      if (next !== undefined) next();
      else {
        line.running -= 1;
        if (line.running === 0) lines.delete(scopeId);
      }
    }
  };
}

export interface DatabaseOptions {
  readonly appRole: string | null;
  /** The default of the limits when absent. */
  readonly connectionsPerScope?: number;
}

export function createDatabase(pool: Pool, options: DatabaseOptions): Database {
  const shareOf = createScopeShare(options.connectionsPerScope ?? connectionsPerScopeMax);
  const once = async <T>(
    settings: TransactionOptions,
    work: (tx: Tx) => Promise<T>,
  ): Promise<T> => {
    let isWorkDone = false;
    try {
      // The driver types a result of promises apart; ours is never one.
      const outcome: unknown = await pool.sql.begin(beginOptions(settings), async (sql) => {
        const tx = createTx(sql);
        // Sent together with the first statement of the work, which the server runs after it.
        const pinned = tx.query(SETTINGS[settings.plans ?? 'fresh'], [
          settings.scopeId ?? '',
          options.appRole ?? 'none',
        ]);
        const [first, second] = await Promise.allSettled([pinned, work(tx)]);
        // When the settings failed, the failure of the work only says so.
        if (first.status === 'rejected') throw first.reason;
        if (second.status === 'rejected') throw second.reason;
        isWorkDone = true;
        return { value: second.value };
      });
      return (outcome as { value: T }).value;
    } catch (error) {
      if (isWorkDone && isConnectionLoss(error) && !settings.readOnly) {
        throw new CommitOutcomeUnknown('the connection was lost while the commit was under way');
      }
      throw error;
    }
  };

  const inShare = <T>(scopeId: string | null, work: () => Promise<T>): Promise<T> =>
    scopeId === null ? pool.withPermit(work) : shareOf(scopeId, () => pool.withPermit(work));

  return {
    transaction: (settings, work) =>
      inShare(settings.scopeId, async () => {
        for (let attempt = 1; ; attempt += 1) {
          try {
            return await once(settings, work);
          } catch (error) {
            if (classifyFailure(error) !== 'retry' || attempt >= triesMax)
              throw toServiceFailure(error);
            await pause(retryStepMs * attempt + Math.random() * retryStepMs);
          }
        }
      }),
  };
}
