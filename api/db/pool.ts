/**
 * Connections to Postgres: how many, how long anybody waits for one, and what every session is pinned
 * to. Waiting is bounded: after two seconds without a free connection the caller gets "unavailable"
 * instead of joining an endless line. Waiting for a busy household does not happen here but in front
 * (api/sync/scope-queue.ts), so that it starves nobody else.
 */
import postgres from 'postgres';
import { DatabaseUnavailable } from '../sync/ports.ts';

export interface Pool {
  readonly sql: postgres.Sql;
  /** Runs `work` when fewer than `connections` are in use; fails when none came free in time. */
  withPermit<T>(work: () => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

export interface PoolOptions {
  readonly url: string;
  readonly connections?: number;
  readonly waitMs?: number;
  /** Sees the text of every statement; for measurements. */
  readonly onStatement?: (statement: string) => void;
}

/**
 * The driver waits up to twenty seconds before it tries a lost server again, and lets requests wait with it.
 * A restart of Postgres takes a fraction of a second (measured), so half a second is the longest pause.
 */
export const reconnectSeconds = (attempt: number): number => Math.min(0.5, 0.02 * 2 ** attempt);

/** A counting semaphore with a bounded wait. */
function createPermits(count: number, waitMs: number): Pool['withPermit'] {
  let free = count;
  const waiting: (() => void)[] = [];
  const take = (): Promise<void> => {
    if (free > 0) {
      free -= 1;
      return Promise.resolve();
    }
    return new Promise((resolve, reject) => {
      const grant = () => {
        clearTimeout(timer);
        resolve();
      };
      const timer = setTimeout(() => {
        waiting.splice(waiting.indexOf(grant), 1);
        reject(new DatabaseUnavailable('no database connection came free in time'));
      }, waitMs);
      waiting.push(grant);
    });
  };
  return async (work) => {
    await take();
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next === undefined) free += 1;
      else next();
    }
  };
}

export function createPool(options: PoolOptions): Pool {
  const connections = options.connections ?? 10;
  const { onStatement } = options;
  const sql = postgres(options.url, {
    max: connections,
    // Idle connections are kept: a household's first request after a pause should not pay for one.
    idle_timeout: 0,
    connect_timeout: 5,
    backoff: reconnectSeconds,
    max_lifetime: 60 * 30,
    // The service reads text and numbers only; asking the catalogue for array types costs a round trip.
    fetch_types: false,
    onnotice: () => undefined,
    connection: { application_name: 'larder' },
    ...(onStatement === undefined ? {} : { debug: (_connection, query) => onStatement(query) }),
  });
  return {
    sql,
    withPermit: createPermits(connections, options.waitMs ?? 2000),
    close: () => sql.end({ timeout: 5 }),
  };
}
