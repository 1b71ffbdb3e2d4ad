/** What the operations of the service share: ports, tables, settings. */
import type { limits } from '../../shared/limits.ts';
import type { Clock, Database, Ids, Log } from './ports.ts';
import type { Registry } from './registry.ts';
import type { ScopeQueue } from './scope-queue.ts';
import type { WatchHub } from './watch.ts';

/** Limits with the literal numbers opened up, so that hosts and tests can set their own. */
type Open<T> = { readonly [K in keyof T]: T[K] extends number ? number : Open<T[K]> };
export type SyncLimits = Open<typeof limits>;

/** Counters for operators (protocol.md §9.2): true, and kept rather than computed. */
export interface SyncCounters {
  historyPruned: number;
  acceptedReplays: number;
  committedBundles: number;
  committedBytes: number;
  inflight: number;
}

export interface SyncContext {
  readonly database: Database;
  readonly registry: Registry;
  readonly limits: SyncLimits;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Log;
  readonly queue: ScopeQueue;
  readonly hub: WatchHub;
  readonly counters: SyncCounters;
  /** Extensions that this host offers. */
  readonly extensions: ReadonlySet<string>;
}
