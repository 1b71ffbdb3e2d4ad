/**
 * The driver: opens the local database, runs writes and reads against it, and lets one exchange at a time
 * talk to the server. It owns the order of operations and nothing else; rules live in the files it calls.
 *
 * Promises: a write is acknowledged only when it is durable, and no answer, no live query and no request
 * leaves before everything it depends on is durable. Local writes never wait for the network.
 */
import { assert } from '../../shared/assert.ts';
import { err, ok } from '../../shared/result.ts';
import type { Result } from '../../shared/result.ts';
import { createResolver } from '../../shared/schema/resolve.ts';
import type { Resolver } from '../../shared/schema/resolve.ts';
import type { Schema } from '../../shared/schema/types.ts';
import { schemaFaults } from '../../shared/schema/validate.ts';
import type { SyncStatus } from '../../shared/status.ts';
import { attach, detach } from './attach.ts';
import type { AttachResult, DetachResult } from './attach.ts';
import { createBackground } from './background.ts';
import type { WakeReason } from './background.ts';
import { createCatalog } from './catalog.ts';
import { durable, transact } from './context.ts';
import type { Context } from './context.ts';
import { decideHeld } from './decide.ts';
import { isEqualData } from './equality.ts';
import { Rollback } from './failures.ts';
import type { SyncFailure } from './failures.ts';
import { createLiveQueries } from './live-queries.ts';
import type { KeptImages } from './migrate-tables.ts';
import { isLayoutAhead, prepareLocalTables } from './local-tables.ts';
import type { Clock, Ids, Journal, LocalDatabase, Sql, Transport } from './ports.ts';
import { beginRotation } from './rotate.ts';
import { computeStatus, IDLE } from './status.ts';
import type { Activity } from './status.ts';
import { discardUnsent, dismissLost, exportLost, exportUnsent } from './unsent.ts';
import type { RowsFile } from './unsent.ts';
import { hasHousehold, householdToJoin, readAttachment, setAttachment } from './state.ts';
import { syncRound } from './sync.ts';
import type { SyncReport } from './sync.ts';

/** Thrown by the work of a write to take it back; the value is handed to the caller. */
export class Refused<R = unknown> extends Error {
  override readonly name = 'Refused';
  readonly refusal: R;

  constructor(refusal: R) {
    super('refused');
    this.refusal = refusal;
  }
}

export type WriteFailure =
  /** The work refused itself; nothing changed. */
  | { readonly type: 'refused'; readonly refusal: unknown }
  /** Committed in memory, but the store did not keep it. */
  | { readonly type: 'not-durable'; readonly cause: unknown };

export interface EngineDeps {
  readonly database: LocalDatabase;
  readonly schema: Schema;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly journal: Journal;
  /** Settles conflicts; by the merge rules of `schema` where the application brings none. */
  readonly resolver?: Resolver;
  /** DDL of host tables that live in the same database; harmless to run again. */
  readonly extraTables?: string;
  /** Tables of the host that keep images of synced rows; an update of the tables fills them as well. */
  readonly hostImages?: readonly KeptImages[];
  /** Product and version, `larder/1.2.3`: the server may no longer serve an old one. */
  readonly client?: string;
  /** What this host's store survives; shown in the status. */
  readonly durability?: SyncStatus['durable'];
  /** Told about defects that have no caller: a live query that threw, a store that failed. */
  readonly onDefect?: (error: unknown) => void;
}

export interface Engine {
  open(): Promise<Result<void, SyncFailure>>;
  write<T>(work: (sql: Sql) => T): Promise<Result<T, WriteFailure>>;
  read<T>(work: (sql: Sql) => T): Promise<T>;
  watch<T>(work: (sql: Sql) => T, onRows: (rows: T) => void): () => void;
  watchStatus(onStatus: (status: SyncStatus) => void): () => void;
  status(): SyncStatus;
  attach(userId: string): Promise<AttachResult>;
  detach(): Promise<DetachResult>;
  /** Sends first, up to three rounds, then leaves if nothing is left to send. */
  syncThenDetach(): Promise<DetachResult>;
  /** The household of this database, or null. */
  attachedUser(): string | null;
  sync(): Promise<SyncReport>;
  rebuild(): Promise<SyncReport>;
  decide(
    table: string,
    id: string,
    side: 'mine' | 'theirs',
  ): Promise<Result<'decided' | 'not-held', SyncFailure>>;
  /** Everything unsent as a file, and its fingerprint. */
  exportUnsent(): Promise<RowsFile>;
  /** Lets go of exactly what that file holds. */
  discardUnsent(confirmation: string): Promise<Result<'discarded' | 'changed', SyncFailure>>;
  /** What a restored server replaced, until it is dismissed. */
  exportLost(): Promise<RowsFile>;
  dismissLost(): Promise<void>;
  start(): void;
  stop(): Promise<void>;
  /** What waits to try a request again tries now: for whoever has ended the transport under it. */
  endWaits(): void;
  wake(reason: WakeReason): void;
}

const DETACH_ROUNDS_MAX = 3;

// oxlint-disable-next-line max-lines-per-function -- one closure owns the state; its parts are short functions
export function createEngine(deps: EngineDeps): Engine {
  const { database, clock, ids } = deps;
  const { sql } = database;
  const onDefect = deps.onDefect ?? ((): void => undefined);
  const live = createLiveQueries(database, onDefect);
  const statusWatchers = new Map<(status: SyncStatus) => void, SyncStatus | null>();
  let activity: Activity = IDLE;
  let isStatusDue = false;
  /** The tail of the operations that may talk to the server: one at a time, in order. */
  let queue: Promise<unknown> = Promise.resolve();
  let running: Promise<SyncReport> | null = null;

  const context: Context = {
    database,
    sql,
    catalog: createCatalog(deps.schema),
    transport: deps.transport,
    clock,
    ids,
    journal: deps.journal,
    resolver: deps.resolver ?? createResolver(deps.schema),
    client: deps.client ?? '',
    committed: () => {
      live.committed();
      tellStatus();
    },
    progress: (progress) => {
      act({ progress });
    },
    memory: { held: null, capabilities: null, isStopped: false, waits: new Set() },
  };

  const currentStatus = (): SyncStatus =>
    computeStatus(context, activity, deps.durability ?? 'strict');

  const flushStatus = async (): Promise<void> => {
    isStatusDue = false;
    if (!activity.isOpen) return;
    const status = currentStatus();
    await durable(context);
    for (const [watcher, last] of statusWatchers) {
      if (last !== null && isEqualData(last, status)) continue;
      statusWatchers.set(watcher, status);
      watcher(status);
    }
  };

  function tellStatus(): void {
    if (isStatusDue || statusWatchers.size === 0) return;
    isStatusDue = true;
    void Promise.resolve().then(flushStatus).catch(onDefect);
  }

  function act(change: Partial<Activity>): void {
    activity = { ...activity, ...change };
    tellStatus();
  }

  /** Runs after everything that was asked for before it. */
  const exclusively = <T>(work: () => Promise<T>): Promise<T> => {
    const result = queue.then(async () => {
      act({ isBusy: true });
      try {
        return await work();
      } finally {
        act({ isBusy: false, progress: null });
      }
    });
    queue = result.catch(() => undefined);
    return result;
  };

  const round = async (): Promise<SyncReport> => {
    if (!activity.isOpen) return notNow({ type: 'state', code: 'not-open' });
    if (!hasHousehold(sql)) return notNow({ type: 'state', code: 'not-attached' });
    const household = householdToJoin(sql);
    if (household !== null) {
      // Joining was interrupted: it goes on by itself.
      const resumed = await attach(context, household);
      const failure = attachFailure(resumed);
      if (failure !== null) {
        act({ lastFailure: failure });
        return notNow(failure);
      }
    }
    const report = await syncRound(context);
    act({
      lastFailure: report.failure,
      ...(report.failure === null ? { lastExchangeAtMs: clock.nowMs() } : {}),
    });
    if (report.failure === null) background.succeeded();
    return report;
  };

  /** A second caller joins the round that is running. */
  const sync = (): Promise<SyncReport> => {
    running ??= exclusively(round).finally(() => {
      running = null;
    });
    return running;
  };

  const background = createBackground(context, {
    round: sync,
    isExchanging: () => activity.isBusy,
    nextTry: (atMs) => {
      if (activity.nextTryAtMs !== atMs) act({ nextTryAtMs: atMs });
    },
    defect: onDefect,
  });

  const open = async (): Promise<Result<void, SyncFailure>> => {
    const sentences = schemaFaults(deps.schema);
    if (sentences.length > 0) return err({ type: 'state', code: 'schema-invalid', sentences });
    sql.run('pragma foreign_keys = on');
    const fresh = ids.uuid();
    if (isLayoutAhead(sql, context.catalog)) return err({ type: 'state', code: 'layout-ahead' });
    const prepared = transact(context, (sql) => {
      if (deps.extraTables !== undefined) sql.script(deps.extraTables);
      const outcome = prepareLocalTables(sql, context.catalog, fresh, deps.hostImages);
      if (outcome !== 'ready') throw new Rollback({ type: 'state', code: outcome });
    });
    if (!prepared.ok) return prepared;
    if (database.opening.loss === 'certain' && readAttachment(sql).isAttached) {
      // What was lost may have been sent: its source_bundle_id must never carry other content.
      const rotated = beginRotation(context, 'source_sequence_changed', '');
      if (!rotated.ok) return rotated;
    }
    await durable(context);
    act({ isOpen: true });
    return ok(undefined);
  };

  const write = async <T>(work: (sql: Sql) => T): Promise<Result<T, WriteFailure>> => {
    assert(activity.isOpen, 'the engine is open before it is written to');
    let value: T;
    try {
      value = sql.transaction(() => {
        sql.run('update _sync_x_meta set local_tx = local_tx + 1');
        return work(sql);
      });
    } catch (error) {
      if (error instanceof Refused) return err({ type: 'refused', refusal: error.refusal });
      throw error;
    }
    context.committed();
    background.wrote();
    try {
      await durable(context);
    } catch (cause) {
      return err({ type: 'not-durable', cause });
    }
    return ok(value);
  };

  const endWaits = (): void => {
    for (const end of context.memory.waits) end();
  };

  return {
    open,
    write,
    async read(work) {
      const value = work(sql);
      await durable(context);
      return value;
    },
    watch: (work, onRows) => live.watch(work, onRows),
    watchStatus(onStatus) {
      statusWatchers.set(onStatus, null);
      tellStatus();
      return () => {
        statusWatchers.delete(onStatus);
      };
    },
    status: currentStatus,
    attach: (userId) =>
      exclusively(async () => {
        if (!activity.isOpen)
          return { type: 'failed', failure: { type: 'state', code: 'not-open' } };
        const result = await attach(context, userId);
        act({ lastFailure: result.type === 'failed' ? result.failure : null });
        if (result.type === 'attached') background.wake('online');
        await durable(context);
        return result;
      }),
    detach: () =>
      exclusively(async () => {
        const result = detach(context);
        act({ lastFailure: null, lastExchangeAtMs: null });
        await durable(context);
        return result;
      }),
    syncThenDetach: () =>
      exclusively(async () => {
        let result = detach(context);
        for (let rounds = 0; rounds < DETACH_ROUNDS_MAX && result.type === 'unsent'; rounds += 1) {
          const before = result.rows;
          const report = await round();
          if (report.failure !== null) return { type: 'failed', failure: report.failure };
          result = detach(context);
          if (result.type === 'unsent' && result.rows >= before) break;
        }
        await durable(context);
        return result;
      }),
    attachedUser: () => {
      const attachment = readAttachment(sql);
      return attachment.isAttached ? attachment.userId : null;
    },
    sync,
    rebuild: () =>
      exclusively(async () => {
        const stored = transact(context, (sql) => {
          setAttachment(sql, { rebuild_required: 1 });
        });
        return stored.ok ? round() : notNow(stored.error);
      }),
    async decide(table, id, side) {
      const decided = decideHeld(context, table, id, side);
      background.wrote();
      await durable(context);
      return decided;
    },
    async exportUnsent() {
      const file = exportUnsent(sql);
      await durable(context);
      return file;
    },
    discardUnsent: (confirmation) =>
      exclusively(async () => {
        const discarded = discardUnsent(context, confirmation);
        await durable(context);
        return discarded;
      }),
    async exportLost() {
      const file = exportLost(sql);
      await durable(context);
      return file;
    },
    async dismissLost() {
      dismissLost(context);
      await durable(context);
    },
    start: () => {
      context.memory.isStopped = false;
      background.start();
    },
    async stop() {
      context.memory.isStopped = true;
      endWaits();
      background.stop();
      await queue;
      await live.settled();
    },
    endWaits,
    wake: (reason) => {
      background.wake(reason);
    },
  };
}

/** Why a first download did not end; a server that says later is asked again like one that is silent. */
function attachFailure(result: AttachResult): SyncFailure | null {
  switch (result.type) {
    case 'attached':
      return null;
    case 'failed':
      return result.failure;
    case 'retry-later':
      return {
        type: 'network',
        operation: 'connect',
        reason: 'retry-later',
        retryAfterMs: result.seconds * 1000,
      };
  }
}

const notNow = (failure: SyncFailure): SyncReport => ({
  pushed: 'no-change',
  pulled: 'not-tried',
  failure,
});
