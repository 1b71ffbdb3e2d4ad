/** What the operations of the service share: ports, tables, settings. */
import type { Caller } from './caller.ts';
import type { limits } from '../../shared/limits.ts';
import type { Clock, Database, HashRows, Ids, Log } from './ports.ts';
import type { Registry } from './registry.ts';
import type { HistorySummary } from './retention.ts';
import type { SchemaPolicy } from './schema-gate.ts';
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
  prunedBundles: number;
  /** Clients that were ahead of the server: the sign of a restore that nobody declared. */
  checkpointAhead: number;
  inflight: number;
}

/** What the process learned of the database as it went. */
export interface SyncState {
  history: HistorySummary | null;
  /** As last seen; another process may have begun a new one since. */
  serverEpoch: string | null;
}

/** Whether hints are given at all, and to this account; null asks for nobody in particular. */
export type WatchPolicy = (accountId: string | null) => 'allowed' | 'forbidden' | 'disabled';

export interface SyncContext {
  readonly database: Database;
  readonly registry: Registry;
  readonly limits: SyncLimits;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly hashRows: HashRows;
  readonly log: Log;
  readonly queue: ScopeQueue;
  readonly hub: WatchHub;
  readonly counters: SyncCounters;
  readonly state: SyncState;
  readonly schemaPolicy: SchemaPolicy;
  /** What clients do with work that a restore lost. */
  readonly restorePolicy: 'reoffer' | 'discard';
  readonly watchPolicy: WatchPolicy;
  /** Extensions that this host offers. */
  readonly extensions: ReadonlySet<string>;
}

/** The schema version that the caller's answers are rendered for. */
export const versionOf = (context: SyncContext, caller: Caller): number =>
  caller.schemaVersion ?? context.registry.schemaVersion;
