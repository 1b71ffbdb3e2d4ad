/**
 * What every procedure of the engine works with: the ports, the catalogue, and the two ways to change the
 * local database. A transaction is one synchronous function; what it throws as `Rollback` becomes a value,
 * and so does a refusal by SQLite, because a server may send what this device cannot hold. Bugs
 * (`AssertionFailed`) go on as exceptions. After every commit the live queries are told.
 */
import { AssertionFailed } from '../../shared/assert.ts';
import type { CapabilitiesResponse } from '../../shared/protocol/capabilities.ts';
import { err, ok } from '../../shared/result.ts';
import type { Result } from '../../shared/result.ts';
import type { Resolver } from '../../shared/schema/resolve.ts';
import type { Catalog } from './catalog.ts';
import { Rollback } from './failures.ts';
import type { SyncFailure } from './failures.ts';
import type { HeldSnapshot } from './held-snapshot.ts';
import type { Clock, Ids, Journal, LocalDatabase, Sql, Transport } from './ports.ts';
import { applying } from './state.ts';

/** What the server said it can do, kept for a while (§9.1, B48). */
export interface KnownCapabilities {
  readonly document: CapabilitiesResponse;
  readonly atMs: number;
}

export interface Context {
  readonly database: LocalDatabase;
  readonly sql: Sql;
  readonly catalog: Catalog;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly journal: Journal;
  readonly resolver: Resolver;
  /** Product and version as the server is told, `larder/1.2.3`; empty says nothing. */
  readonly client: string;
  /** Told after each commit; wakes live queries and the status. */
  readonly committed: () => void;
  /** Changes while a long operation goes on; null when it ended. */
  readonly progress: (progress: { readonly done: number; readonly total: number } | null) => void;
  /** Mutable on purpose: what is remembered between operations and not in SQL. */
  readonly memory: {
    /** A first download as far as it has come. */
    held: HeldSnapshot | null;
    capabilities: KnownCapabilities | null;
    isStopped: boolean;
    /** Ends the waits for a next try: stopping does not sit them out. */
    readonly waits: Set<() => void>;
  };
}

/** One local transaction of the engine, capture left on. */
export function transact<T>(context: Context, work: (sql: Sql) => T): Result<T, SyncFailure> {
  const { sql } = context;
  try {
    const value = sql.transaction(() => work(sql));
    context.committed();
    return ok(value);
  } catch (error) {
    if (error instanceof Rollback) return err(error.failure);
    // What the language throws is a bug like a failed assertion; SQLite throws plain errors.
    const isBug =
      error instanceof AssertionFailed || error instanceof TypeError || error instanceof RangeError;
    if (isBug) throw error;
    return err({ type: 'apply', detail: error instanceof Error ? error.message : 'refused' });
  }
}

/** One apply transaction: capture off, foreign keys checked at its end, all or nothing. */
export const apply = <T>(context: Context, work: (sql: Sql) => T): Result<T, SyncFailure> =>
  transact(context, (sql) => applying(sql, () => work(sql)));

/** Everything committed so far is kept; nothing may leave the device before this. */
export const durable = (context: Context): Promise<void> =>
  context.database.whenDurable(context.database.committedSeq());

export const NO_ROOM: SyncFailure = { type: 'state', code: 'storage-full' };

/** False while only sending goes on, because the disk is full. */
export const hasRoom = ({ database }: Context): boolean => database.hasRoom?.() ?? true;

/** Resolves after the delay, or at once when the engine is stopped. */
export const wait = ({ clock, memory }: Context, delayMs: number): Promise<void> =>
  new Promise((resolve) => {
    if (memory.isStopped) {
      resolve();
      return;
    }
    const end = (): void => {
      takeBack();
      memory.waits.delete(end);
      resolve();
    };
    const takeBack = clock.after(delayMs, end);
    memory.waits.add(end);
  });
