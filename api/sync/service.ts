/**
 * The sync service as the routes see it: one function per operation, each a `Result`. Here refusals,
 * lost databases and defects become values, once; nothing is thrown to the routes. While the service is
 * stopping every call answers 503 (B18).
 */
import type { CapabilitiesResponse } from '../../shared/protocol/capabilities.ts';
import type { ConnectResponse } from '../../shared/protocol/connect.ts';
import type { ErrorCode } from '../../shared/protocol/errors.ts';
import type { PushChunkResponse, PushCreateResponse } from '../../shared/protocol/push.ts';
import type { SnapshotSessionResponse } from '../../shared/protocol/snapshot.ts';
import { limits as defaultLimits } from '../../shared/limits.ts';
import { type Result, err, ok } from '../../shared/result.ts';
import type { Caller } from './caller.ts';
import { describeCapabilities } from './capabilities.ts';
import { commitPush } from './commit.ts';
import { type CommittedRowsRequest, committedRows } from './committed-rows.ts';
import { clean, runBehind } from './cleaning.ts';
import { connect } from './connect.ts';
import type { SyncContext, SyncCounters, SyncLimits, WatchPolicy } from './context.ts';
import {
  type Clock,
  CommitOutcomeUnknown,
  type Database,
  DatabaseUnavailable,
  type HashRows,
  type Ids,
  type JsonStream,
  type JsonText,
  type Log,
} from './ports.ts';
import { type PullRequest, pull, readLatest } from './pull.ts';
import { type PushTuple, createPushSession, deletePushSession, pushChunk } from './push-session.ts';
import { Refusal, type SyncFailure } from './refusal.ts';
import type { Registry } from './registry.ts';
import type { SchemaPolicy } from './schema-gate.ts';
import { readEpoch } from './scope.ts';
import { createScopeQueue } from './scope-queue.ts';
import { type SinglePush, pushOnce } from './single-push.ts';
import { createBuildGate, createSnapshot, createSnapshotGate, deleteSnapshot } from './snapshot.ts';
import { type SnapshotPageRequest, readSnapshotPage } from './snapshot-page.ts';
import { retainHistory } from './retention.ts';
import {
  type SnapshotLines,
  type SnapshotStreamRequest,
  openSnapshotStream,
} from './snapshot-stream.ts';
import type { CommittedTuple, SourceReplacement } from './sources.ts';
import { type StatusCounters, describeStatus } from './status.ts';
import { type WatchHub, createWatchHub } from './watch.ts';
import {
  type ServerWrite,
  type ServerWriteResult,
  type WriteServerBundle,
  writeServerBundle,
} from './write-bundle.ts';

export type Lifecycle = 'running' | 'shutting_down' | 'closed';
export type Answer<T> = Promise<Result<T, SyncFailure>>;

export interface SyncService {
  readonly limits: SyncLimits;
  readonly counters: Readonly<SyncCounters>;
  readonly hub: WatchHub;
  readonly registry: Registry;
  readonly schemaPolicy: SchemaPolicy;
  readonly watchPolicy: WatchPolicy;
  lifecycle(): Lifecycle;
  /** Whether the extension is switched on. */
  offers(extension: string): boolean;
  connect(caller: Caller, hasLocalPendingRows: boolean): Answer<ConnectResponse>;
  createPushSession(
    caller: Caller,
    tuple: PushTuple,
    plannedRowCount: number,
  ): Answer<PushCreateResponse>;
  pushChunk(
    caller: Caller,
    pushId: string,
    startOrdinal: number,
    rows: readonly unknown[],
  ): Answer<PushChunkResponse>;
  commitPush(caller: Caller, pushId: string): Answer<CommittedTuple>;
  deletePushSession(caller: Caller, pushId: string): Answer<void>;
  pushOnce(caller: Caller, push: SinglePush): Answer<JsonText | JsonStream>;
  committedRows(caller: Caller, request: CommittedRowsRequest): Answer<JsonText>;
  pull(caller: Caller, request: PullRequest): Answer<JsonText | JsonStream>;
  /** The latest bundle number, after the gate; the first thing a watch stream compares. */
  readLatest(caller: Caller): Answer<number>;
  createSnapshot(
    caller: Caller,
    replacement: SourceReplacement | null,
  ): Answer<SnapshotSessionResponse>;
  readSnapshotPage(caller: Caller, request: SnapshotPageRequest): Answer<JsonText | JsonStream>;
  deleteSnapshot(caller: Caller, snapshotId: string): Answer<void>;
  /** E5. The pages of the answer may throw a `Refusal` or a lost database while they are read. */
  openSnapshotStream(caller: Caller, request: SnapshotStreamRequest): Answer<SnapshotLines>;
  /** Takes one of the permits for streams; held until the last line is written. Null: none is free. */
  enterSnapshotStream(): (() => void) | null;
  /** Takes one of the permits for snapshot pages; held until the body is written. Null: none is free. */
  enterSnapshotPage(): (() => void) | null;
  /** The current server epoch, null while the database has not been heard. */
  serverEpoch(): Promise<string | null>;
  capabilities(
    accountId: string | null,
    areExtensionsAsked: boolean,
    schemaVersion?: number,
  ): CapabilitiesResponse;
  /** False when the service stops, the database does not answer, or a floor is above its history. */
  isHealthy(defect: 'health_failed' | 'status_failed'): Answer<boolean>;
  /** Removes what expired. The host calls it every minute. */
  clean(): Promise<void>;
  /** Lets old history go and refreshes what status shows. The host calls it now and then. */
  retain(): Promise<void>;
  /** Counters for operators; constant in cost. */
  status(): Answer<StatusCounters>;
  /** The one door for server-side writers; throws like a database transaction does. */
  withServerBundle<T>(
    write: ServerWrite,
    work: WriteServerBundle<T>,
  ): Promise<ServerWriteResult<T>>;
  /** Refuses new work, ends streams, and resolves when what was in flight is done. */
  stop(): Promise<void>;
}

export interface SyncServiceOptions {
  readonly database: Database;
  readonly registry: Registry;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly hashRows: HashRows;
  readonly log: Log;
  readonly limits?: SyncLimits;
  /** What clients are told to do with work that a restore lost; `reoffer` when absent. */
  readonly restorePolicy?: 'reoffer' | 'discard';
  /** Everybody may watch when absent. */
  readonly watchPolicy?: WatchPolicy;
  /** Extensions that are offered; all of this build when absent. */
  readonly extensions?: readonly string[];
}

export const EXTENSIONS: readonly string[] = [
  'single_request_push',
  'all_conflicts',
  'push_rejections',
  'bundle_notes',
  'snapshot_stream',
  'server_epoch',
  'schema_negotiation',
  'expected_user',
];

function createContext(options: SyncServiceOptions): SyncContext {
  const limits = options.limits ?? defaultLimits;
  return {
    database: options.database,
    registry: options.registry,
    limits,
    clock: options.clock,
    ids: options.ids,
    hashRows: options.hashRows,
    log: options.log,
    queue: createScopeQueue(limits.database.waitersPerScopeMax),
    hub: createWatchHub(limits.watch),
    counters: {
      historyPruned: 0,
      acceptedReplays: 0,
      committedBundles: 0,
      committedBytes: 0,
      prunedBundles: 0,
      checkpointAhead: 0,
      inflight: 0,
    },
    state: { history: null, serverEpoch: null },
    restorePolicy: options.restorePolicy ?? 'reoffer',
    watchPolicy: options.watchPolicy ?? (() => 'allowed'),
    schemaPolicy: {
      minRead: 1,
      minWrite: 1,
      defaultVersion: options.registry.schemaVersion,
      minClientVersions: {},
      ...options.registry.schemaPolicy,
      current: options.registry.schemaVersion,
    },
    extensions: new Set(options.extensions ?? EXTENSIONS),
  };
}

const UNAVAILABLE: SyncFailure = {
  code: 'service_unavailable',
  message: 'the service cannot answer just now',
  retryAfterSeconds: 1,
};

type Run = <T>(defect: ErrorCode, work: (context: SyncContext) => Promise<T>) => Answer<T>;

/** Counts what is in flight, refuses while stopping, and sorts what went wrong. */
function createRunner(context: SyncContext): {
  readonly run: Run;
  readonly stop: () => Promise<void>;
  readonly lifecycle: () => Lifecycle;
} {
  let lifecycle: Lifecycle = 'running';
  let onIdle: (() => void) | null = null;
  const leave = (): void => {
    context.counters.inflight -= 1;
    if (context.counters.inflight === 0) onIdle?.();
  };
  return {
    lifecycle: () => lifecycle,
    run: async (defect, work) => {
      if (lifecycle !== 'running') return err(UNAVAILABLE);
      context.counters.inflight += 1;
      try {
        return ok(await work(context));
      } catch (error) {
        if (error instanceof Refusal) return err(error.failure);
        if (error instanceof DatabaseUnavailable || error instanceof CommitOutcomeUnknown)
          return err(UNAVAILABLE);
        context.log.error('sync operation failed', { operation: defect, cause: error });
        return err({ code: defect, message: 'the server failed to answer' });
      } finally {
        leave();
      }
    },
    stop: async () => {
      lifecycle = 'shutting_down';
      context.hub.close();
      if (context.counters.inflight > 0) {
        await new Promise<void>((resolve) => {
          onIdle = resolve;
        });
      }
      lifecycle = 'closed';
    },
  };
}

const READ_ONLY = { isolation: 'read-committed', readOnly: true, scopeId: null } as const;

/** As last seen by any operation; read once when nothing has been seen. */
async function findServerEpoch(context: SyncContext, run: Run): Promise<string | null> {
  if (context.state.serverEpoch === null) {
    const read = await run('status_failed', (c) => c.database.transaction(READ_ONLY, readEpoch));
    if (read.ok) context.state.serverEpoch = read.value.id;
  }
  return context.state.serverEpoch;
}

/** A database that is away makes the service unhealthy; a defect is the answer `defect`. */
async function readHealth(
  context: SyncContext,
  run: Run,
  defect: 'health_failed' | 'status_failed',
): Promise<Result<boolean, SyncFailure>> {
  const outcome = await run(defect, (c) =>
    c.database.transaction(READ_ONLY, (tx) => tx.query('select 1 as one')),
  );
  if (outcome.ok) return ok((context.state.history?.floorAheadCount ?? 0) === 0);
  return outcome.error.code === defect ? outcome : ok(false);
}

export function createSyncService(options: SyncServiceOptions): SyncService {
  const context = createContext(options);
  const { run, stop, lifecycle } = createRunner(context);
  const { buildsMax, buildsPerScopeMax } = context.limits.snapshot;
  const builds = createBuildGate(buildsMax, buildsPerScopeMax);
  const pages = createSnapshotGate(context.limits.snapshot.pageRequestsMax);
  const streams = createSnapshotGate(context.limits.snapshotStream.streamsMax);
  const cleanBehind = runBehind(() => run('snapshot_session_delete_failed', clean));
  const cleanSoon = (): void => void cleanBehind();
  return {
    limits: context.limits,
    counters: context.counters,
    hub: context.hub,
    registry: context.registry,
    schemaPolicy: context.schemaPolicy,
    watchPolicy: context.watchPolicy,
    lifecycle,
    offers: (extension) => context.extensions.has(extension),
    stop,
    connect: (caller, pending) => run('connect_failed', (c) => connect(c, caller, pending)),
    createPushSession: (caller, tuple, planned) =>
      run('push_session_create_failed', (c) => createPushSession(c, caller, tuple, planned)),
    pushChunk: (caller, pushId, start, rows) =>
      run('push_chunk_failed', (c) => pushChunk(c, caller, pushId, start, rows)),
    commitPush: (caller, pushId) =>
      run('push_session_commit_failed', (c) => commitPush(c, caller, pushId)),
    deletePushSession: (caller, pushId) =>
      run('push_session_delete_failed', (c) => deletePushSession(c, caller, pushId)),
    pushOnce: (caller, push) => run('push_failed', (c) => pushOnce(c, caller, push)),
    committedRows: (caller, request) =>
      run('committed_bundle_rows_failed', (c) => committedRows(c, caller, request)),
    pull: (caller, request) => run('pull_failed', (c) => pull(c, caller, request)),
    readLatest: (caller) => run('bundle_change_watch_failed', (c) => readLatest(c, caller)),
    createSnapshot: (caller, replacement) =>
      run('snapshot_session_create_failed', (c) =>
        createSnapshot(c, builds, caller, replacement),
      ).finally(cleanSoon),
    readSnapshotPage: (caller, request) =>
      run('snapshot_chunk_failed', (c) => readSnapshotPage(c, caller, request)),
    deleteSnapshot: (caller, snapshotId) =>
      run('snapshot_session_delete_failed', (c) => deleteSnapshot(c, caller, snapshotId)).finally(
        cleanSoon,
      ),
    openSnapshotStream: (caller, request) =>
      run('snapshot_chunk_failed', (c) => openSnapshotStream(c, caller, request)),
    enterSnapshotStream: () => (streams.tryEnter() ? () => streams.release() : null),
    enterSnapshotPage: () => (pages.tryEnter() ? () => pages.release() : null),
    capabilities: (accountId, areAsked, version) =>
      describeCapabilities(context, accountId, areAsked, version),
    serverEpoch: () => findServerEpoch(context, run),
    isHealthy: (defect) => readHealth(context, run, defect),
    clean: cleanBehind,
    retain: async () => {
      const summary = await run('status_failed', retainHistory);
      if (summary.ok) context.state.history = summary.value;
    },
    status: () => run('status_failed', describeStatus),
    withServerBundle: (write, work) => writeServerBundle(context, write, work),
  };
}
