/**
 * One kitchen, in one database: acts, queries and its household over the engine. Here the product meets
 * the engine; this file knows no wire and no page log, and no other database (`kitchen-switch.ts` does).
 *
 * An act is one local transaction: refused means rolled back whole, resolved means on disk. The account
 * is kept in the database it belongs to, so that a start without a network knows whose kitchen this is.
 */
import type { ActArgs, ActName, Performed, Refusal } from '../shared/acts/acts.ts';
import { sampleIdPrefix } from '../shared/domain/samples.ts';
import { err, type Result } from '../shared/result.ts';
import type { QueryArgs, QueryName, QueryRows } from '../shared/queries.ts';
import type {
  Account,
  AttachOutcome,
  DetachOutcome,
  Kitchen,
  StopWatching,
} from '../shared/rpc.ts';
import type { SyncStatus } from '../shared/status.ts';
import { forgetActs } from './acts/local-tables.ts';
import { performAct } from './acts/perform.ts';
import { dumpTables } from './dump.ts';
import { Refused, type Engine, type WriteFailure } from './engine/engine.ts';
import type { SyncFailure } from './engine/failures.ts';
import type { Ids, Sql } from './engine/ports.ts';
import { hasHousehold } from './engine/state.ts';
import { failureCode } from './engine/status.ts';
import type { SyncReport } from './engine/sync.ts';
import { findAccount, rememberSamples, setAccount, wereSamplesLaidOut } from './prefs.ts';
import { runQuery } from './queries/run-query.ts';
import { StoreError } from './store/files.ts';

export interface KitchenDeps {
  readonly engine: Engine;
  readonly ids: Ids;
  /** RFC 3339 in UTC with milliseconds, and the person's own calendar day. */
  readonly nowIso: () => string;
  readonly todayIso: () => string;
}

/** What one open database offers to whoever decides which database is open. */
export interface LocalKitchen extends Pick<
  Kitchen,
  | 'perform'
  | 'ask'
  | 'account'
  | 'decide'
  | 'dump'
  | 'exportUnsent'
  | 'discardUnsent'
  | 'exportLost'
  | 'dismissLost'
> {
  watch<Q extends QueryName>(
    query: Q,
    args: QueryArgs<Q>,
    onRows: (rows: QueryRows<Q>) => void,
  ): StopWatching;
  watchStatus(onStatus: (status: SyncStatus) => void): StopWatching;
  status(): SyncStatus;
  /** The household it is attached to, or null. */
  household(): string | null;
  /** Attaches to the account's household, its rows included, or goes on being attached. */
  join(account: Account): Promise<AttachOutcome>;
  /**
   * Sends what is unsent, then lets go of the household and its rows. Before that it asks for `hold`: from
   * then on nobody writes here, so nothing is written into a database that is about to go.
   */
  leave(hold: () => Promise<void>): Promise<DetachOutcome>;
  /**
   * Removes what is known here of a household that was left, besides its rows: account, timeline, choices.
   * False where that could not be saved.
   */
  forgetPast(): Promise<boolean>;
  setAccount(account: Account): Promise<void>;
  /** Rows that somebody made here and no household has; samples that nobody touched go first. */
  countOwnRows(): Promise<number>;
  sync(): Promise<SyncReport>;
  /** Somebody looks: what was slept through is asked for. */
  wake(): void;
}

/** A kitchen with the database under it. Whoever opened it closes it, before another one is opened. */
export interface OpenKitchen {
  readonly kitchen: LocalKitchen;
  /** There was nothing in its store: it was made just now. */
  readonly isNew: boolean;
  /** The database as memory holds it, or null where that cannot be trusted. */
  image(): Uint8Array<ArrayBuffer> | null;
  /** Ends all exchange with the server now; local work goes on. */
  halt(): void;
  /** Writes the clean end. Nothing may be called afterwards. */
  close(): Promise<void>;
}

export function createKitchen(deps: KitchenDeps): LocalKitchen {
  const { engine } = deps;

  const perform = async <A extends ActName>(
    act: A,
    args: ActArgs[A],
    actId: string,
  ): Promise<Result<Performed, Refusal>> => {
    const written = await engine.write((sql) => performIn(deps, sql, act, args, actId));
    return written.ok ? written : err(refusalOf(written.error));
  };

  return {
    perform,
    ask: (query, args) =>
      engine.read((sql) => runQuery(sql, query, args, { todayIso: deps.todayIso() })),
    watch: (query, args, onRows) =>
      engine.watch((sql) => runQuery(sql, query, args, { todayIso: deps.todayIso() }), onRows),
    watchStatus: (onStatus) => engine.watchStatus(onStatus),
    status: () => engine.status(),
    household: () => engine.attachedUser(),
    async join(account): Promise<AttachOutcome> {
      await leaveUntouchedSamples(deps);
      const attached = await engine.attach(account.householdId);
      if (attached.type === 'failed') return attachFailure(attached.failure);
      if (attached.type === 'attached') await engine.write((sql) => setAccount(sql, account));
      return attached;
    },
    leave: (hold) => leave(engine, hold),
    forgetPast: () => forgetPast(engine),
    async countOwnRows() {
      await leaveUntouchedSamples(deps);
      return engine.status().unsent.rows;
    },
    async setAccount(account) {
      await engine.write((sql) => setAccount(sql, account));
    },
    account: () => engine.read(findAccount),
    async decide(table, id, side) {
      const decided = await engine.decide(table, id, side);
      return decided.ok ? decided.value : 'failed';
    },
    async exportUnsent() {
      await leaveUntouchedSamples(deps);
      return engine.exportUnsent();
    },
    async discardUnsent(confirmation) {
      const discarded = await engine.discardUnsent(confirmation);
      return discarded.ok ? discarded.value : 'failed';
    },
    exportLost: () => engine.exportLost(),
    dismissLost: () => engine.dismissLost(),
    sync: () => engine.sync(),
    wake: () => engine.wake('visible'),
    dump: () => engine.read(dumpTables),
  };
}

async function leave(engine: Engine, hold: () => Promise<void>): Promise<DetachOutcome> {
  const account = await engine.read(findAccount);
  const isOfHousehold = account !== null || engine.attachedUser() !== null;
  if (isOfHousehold && engine.status().unsent.rows > 0) {
    // People go on writing meanwhile; what comes too late for it is sent while they wait.
    const { failure } = await engine.sync();
    if (failure !== null) return { type: 'failed', code: failureCode(failure) };
  }
  await hold();
  const detached = await engine.syncThenDetach();
  if (detached.type === 'failed') return { type: 'failed', code: failureCode(detached.failure) };
  if (detached.type === 'detached' && isOfHousehold) await forgetPast(engine);
  return detached;
}

async function forgetPast(engine: Engine): Promise<boolean> {
  const forgotten = await engine.write((sql) => {
    setAccount(sql, null);
    forgetActs(sql);
  });
  return forgotten.ok;
}

/** First start only: five lines, three recipes and a meal that teach. */
export async function layOutSamples(deps: KitchenDeps): Promise<void> {
  if (await deps.engine.read(wereSamplesLaidOut)) return;
  await deps.engine.write((sql) => {
    performIn(deps, sql, 'samples.add', {}, deps.ids.uuid());
    rememberSamples(sql);
  });
}

/**
 * Samples that nobody touched teach one person on one device; a household does not need them. Any act
 * that wrote a sample row, or used a sample recipe, keeps them all. Samples that a household has are its
 * own rows: what others did to them is not known here, so no device takes them away.
 */
async function leaveUntouchedSamples(deps: KitchenDeps): Promise<void> {
  const canGo = await deps.engine.read(
    (sql) => !hasHousehold(sql) && haveSamples(sql) && !wereSamplesUsed(sql),
  );
  if (!canGo) return;
  await deps.engine.write((sql) => performIn(deps, sql, 'samples.remove', {}, deps.ids.uuid()));
}

/** Sample ids share a prefix; `~` sorts behind every digit. */
const sampleRange = [sampleIdPrefix, `${sampleIdPrefix}~`];

const haveSamples = (sql: Sql): boolean =>
  sql.all(
    `select 1 from recipes where id >= ?1 and id < ?2
     union all select 1 from list_items where id >= ?1 and id < ?2
     union all select 1 from plan_entries where id >= ?1 and id < ?2 limit 1`,
    sampleRange,
  ).length > 0;

function wereSamplesUsed(sql: Sql): boolean {
  const rows = sql.all(
    `select 1 from act_rows r join acts a on a.id = r.act_id
     where r.row_id >= ?1 and r.row_id < ?2 and a.act not in ('samples.add', 'samples.remove')
     union all
     select 1 from plan_entries
     where recipe_id >= ?1 and recipe_id < ?2 and not (id >= ?1 and id < ?2)
     limit 1`,
    sampleRange,
  );
  return rows.length > 0;
}

function performIn<A extends ActName>(
  deps: KitchenDeps,
  sql: Sql,
  act: A,
  args: ActArgs[A],
  actId: string,
): Performed {
  const performed = performAct(sql, act, args, {
    actId,
    nowIso: deps.nowIso(),
    newId: () => deps.ids.rowId(),
    accountId: findAccount(sql)?.accountId ?? null,
  });
  if (!performed.ok) throw new Refused(performed.error);
  return performed.value;
}

/** Acts refuse with their own value; what the store could not keep is said as not saved. */
function refusalOf(failure: WriteFailure): Refusal {
  switch (failure.type) {
    case 'refused':
      return failure.refusal as Refusal;
    case 'not-durable':
      return { type: 'not-saved', reason: notSavedReason(failure.cause) };
  }
}

function notSavedReason(cause: unknown): 'full' | 'broken' | 'unknown' {
  if (!(cause instanceof StoreError)) return 'unknown';
  return cause.failure.type === 'full' ? 'full' : 'broken';
}

function attachFailure(failure: SyncFailure): AttachOutcome {
  return failure.type === 'network'
    ? { type: 'unreachable' }
    : { type: 'refused', code: failureCode(failure) };
}
