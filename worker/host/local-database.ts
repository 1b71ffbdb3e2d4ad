/**
 * Composes SQL, page capture and page log into the database of one owner. The caller holds the owner lock
 * (`web-locks.ts`) from before `openLocalDatabase` until `close` has resolved.
 *
 * What must hold: SQLite is served only if the capture has just been seen to work; a hook that failed or
 * a log that cannot save ends the object, and every call from then on says so. Memory is rebuilt by
 * opening again: what was acknowledged is in the files, what was not is reported as not saved.
 */
import { assert } from '../../shared/assert.ts';
import type { LocalDatabase, Sql } from '../engine/ports.ts';
import type { CompactionLimits } from '../store/compact.ts';
import { StoreError } from '../store/files.ts';
import type { LogClock, Store, StoreFailure } from '../store/files.ts';
import { judgeLoss } from '../store/home.ts';
import type { HomeRecords } from '../store/home.ts';
import { schemaVersionOf } from '../store/compact.ts';
import { applyRecord, encodeRecord, PAGE_SIZE_BYTES } from '../store/format.ts';
import { openPageLog } from '../store/page-log.ts';
import type { CommittedPages, Opening, PageLog } from '../store/page-log.ts';
import { openCaptured } from './page-capture.ts';
import type { CapturedDatabase } from './page-capture.ts';
import { isDamage } from './sqlite-damage.ts';
import { loadSqliteEngine } from './sqlite-engine.ts';
import type { SqliteEngine, WasmSource } from './sqlite-engine.ts';
import { createSqljsSql } from './sqljs-sql.ts';
import type { SqljsSql } from './sqljs-sql.ts';

export interface LocalDatabaseDeps {
  readonly store: Store;
  readonly clock: LogClock;
  randomBytes(count: number): Uint8Array;
  /** Address or bytes of `sql-wasm.wasm` of the installed sql.js. */
  readonly wasm: WasmSource;
  /** Version of the schema this code writes, and the oldest code that may still write the result. */
  readonly schemaVersion?: number;
  readonly oldestWriterVersion?: number;
  readonly limits?: Partial<CompactionLimits>;
  /** Where the witness is kept; without it loss is judged by the files alone. */
  readonly records?: Pick<HomeRecords, 'witness' | 'attest'> | null;
  /** Saving has been silent for 10 s, or answers again. */
  onSlow?(isSlow: boolean): void;
  /** `noRoom` has another answer than before. */
  onRoom?(): void;
  /** This object is dead: close it, open the database anew, run live queries again. Called once. */
  onFailed?(failure: StoreError): void;
}

/** The recovered file is damaged inside. What can be read of it is read before `letGo`. */
export class UnsoundDatabase extends Error {
  override readonly name = 'UnsoundDatabase';
  readonly sql: Sql;
  /** Frees memory and leaves the files as they are. */
  readonly letGo: () => void;

  constructor(problem: string, sql: Sql, letGo: () => void) {
    super(problem);
    this.sql = sql;
    this.letGo = letGo;
  }
}

export interface OwnedDatabase extends LocalDatabase {
  readonly opening: Opening;
  readonly storeKind: Store['kind'];
  durableSeq(): number;
  /**
   * Resolves when everything up to `seq` is durable and the witness says so: before anything that the
   * server will remember leaves. A witness that cannot be written does not stop the work: pushing is what
   * frees a full disk, and the hashes of bundles are the second wall.
   */
  whenWitnessed(seq: number): Promise<void>;
  /** Why nothing is acknowledged any more, or null. */
  failure(): StoreError | null;
  /** Why writes are refused at the moment (`not-saved`), while reading goes on; or null. */
  readOnly(): StoreFailure | null;
  /** Why only what is needed for sending should be written (the disk is full), or null. */
  noRoom(): StoreFailure | null;
  /** Tries to save again at once; every refused write does so, too. */
  retrySaving(): Promise<void>;
  /** A copy of the database as memory holds it; null where the capture has missed pages. */
  image(): Uint8Array<ArrayBuffer> | null;
  /** One round of merging and deleting now. */
  compact(): Promise<void>;
  /** Closes a database that cannot be served: nothing is merged or removed, and no clean end is written. */
  letGo(): void;
}

/** Set after every open: up to sql.js 1.15 `export()` reopened the file and dropped them. */
const PRAGMAS = `pragma journal_mode = memory; pragma synchronous = off; pragma temp_store = memory;
  pragma foreign_keys = on;`;

/** Rejects with a `StoreError` whose outcome is `refused`, or with an `UnsoundDatabase`. */
export async function openLocalDatabase(deps: LocalDatabaseDeps): Promise<OwnedDatabase> {
  let lost: StoreError | null = null;
  const fail = (failure: StoreError): void => {
    if (lost !== null) return;
    lost = failure;
    deps.onFailed?.(failure);
  };
  const [engine, { log, opening }] = await Promise.all([
    loadSqliteEngine(deps.wasm),
    openLog(deps, fail),
  ]);
  const captured = openImage(engine, log);
  const { database } = captured;
  const checkUsable = (): void => {
    const poison = captured.poison();
    if (poison !== null) fail(brokenCapture(poison));
    if (lost !== null) throw lost;
  };
  const sql = createSqljsSql(database, checkUsable, () => refusalOf(log));
  const letGo = (): void => {
    log.abandon();
    sql.close();
    captured.close();
  };
  const problem = findDamage(captured, log.opening);
  if (problem !== null) throw new UnsoundDatabase(problem, sql, letGo);
  if (log.readOnly() === null) markVersion(captured, deps.schemaVersion ?? 0);
  log.attachImage((into) => {
    assert(!sql.isInTransaction(), 'an image is copied between transactions');
    checkUsable();
    captured.copyImage(into);
  });
  const attest = createAttester(deps.records ?? null, opening.databaseId);
  return {
    sql,
    opening,
    storeKind: deps.store.kind,
    committedSeq: () => log.committedSeq(),
    durableSeq: () => log.durableSeq(),
    async whenDurable(seq) {
      checkUsable();
      await log.whenDurable(seq);
      checkUsable();
    },
    async whenWitnessed(seq) {
      checkUsable();
      await log.whenDurable(seq);
      await attest(seq);
    },
    takeChangedTables: () => sql.takeChangedTables(),
    tablesRead: (statement) => sql.tablesRead(statement),
    failure: () => lost,
    readOnly: () => log.readOnly(),
    noRoom: () => log.noRoom(),
    hasRoom: () => hasRoom(log),
    retrySaving: () => log.retrySaving(),
    compact: () => log.compact(),
    image: () => (captured.poison() === null && !sql.isInTransaction() ? imageOf(captured) : null),
    letGo,
    async close() {
      await close(log, sql, captured);
      if (lost === null && captured.poison() === null) await attest(log.durableSeq());
    },
  };
}

/** The page log, and what its files and the witness together say about the opening. */
async function openLog(
  deps: LocalDatabaseDeps,
  onFailed: (failure: StoreError) => void,
): Promise<{ readonly log: PageLog; readonly opening: Opening }> {
  const asked = await deps.records?.witness();
  const witness = asked?.ok === true ? asked.value : null;
  const schemaVersion = deps.schemaVersion ?? 0;
  const opened = await openPageLog({
    ...deps,
    schemaVersion,
    isAhead: (image) => schemaVersionOf(image) > schemaVersion,
    oldestWriterVersion: deps.oldestWriterVersion ?? 0,
    knownId: witness?.databaseId ?? null,
    onFailed,
  });
  if (!opened.ok) throw new StoreError('refused', opened.error);
  const log = opened.value;
  const opening =
    asked === undefined ? log.opening : { ...log.opening, loss: judgeLoss(log.opening, witness) };
  return { log, opening };
}

/** The same for the engine's rounds: by the next one there may be room. */
function hasRoom(log: PageLog): boolean {
  if (log.noRoom() === null) return true;
  void log.retrySaving();
  return false;
}

function imageOf(captured: CapturedDatabase): Uint8Array<ArrayBuffer> {
  const image = new Uint8Array(captured.imageBytes());
  captured.copyImage(image);
  return image;
}

function refusalOf(log: PageLog): StoreError | null {
  const reason = log.readOnly();
  if (reason === null) return null;
  // Space may have been freed since: this write is refused, and the next one finds out.
  void log.retrySaving();
  return new StoreError('not-saved', reason);
}

/** Keeps the witness from being written twice for the same seq, and from going back. */
function createAttester(
  records: Pick<HomeRecords, 'attest'> | null,
  databaseId: string,
): (seq: number) => Promise<void> {
  let witnessedSeq = 0;
  return async (seq) => {
    if (records === null || seq <= witnessedSeq) return;
    const written = await records.attest({ databaseId, seq });
    if (written.ok) witnessedSeq = Math.max(witnessedSeq, seq);
  };
}

function openImage(engine: SqliteEngine, log: PageLog): CapturedDatabase {
  const problem = testCapture(engine);
  if (problem !== null) {
    throw new StoreError('refused', { type: 'broken', detail: `page capture: ${problem}` });
  }
  return openCaptured(engine, log.takeImage(), (pages) => log.commit(pages));
}

/** Prepares the file; what is wrong with it, or null. After a clean end it is not searched. */
function findDamage({ database }: CapturedDatabase, { clean, seq }: Opening): string | null {
  try {
    database.exec(PRAGMAS);
    if (clean || seq === 0) return null;
    const [found] = database.exec('pragma quick_check(1)');
    const word = String(found?.values[0]?.[0]);
    return word === 'ok' ? null : word;
  } catch (error) {
    if (isDamage(error)) return String(error);
    throw error;
  }
}

/**
 * Before this code changes anything in it: code from before then knows from the file alone that it must not
 * touch it. The engine's own record of its layout is inside and says it only after the log has been taken over.
 */
function markVersion({ database }: CapturedDatabase, schemaVersion: number): void {
  const found = Number(database.exec('pragma user_version')[0]?.values[0]?.[0]);
  if (found < schemaVersion) database.exec(`pragma user_version = ${schemaVersion}`);
}

const brokenCapture = (error: Error): StoreError =>
  new StoreError('outcome-unknown', { type: 'broken', detail: `page capture: ${error.message}` });

async function close(log: PageLog, sql: SqljsSql, captured: CapturedDatabase): Promise<void> {
  assert(!sql.isInTransaction(), 'a database is closed between transactions');
  // A poisoned capture has missed pages: a clean-end record would vouch for what is not in the log.
  if (captured.poison() === null) await log.close();
  sql.close();
  captured.close();
}

/**
 * Whether this build of sql.js still yields its pages: a scratch database is written, and the records
 * made of what was captured must rebuild its file byte for byte. Null when all is well.
 */
export function testCapture(engine: SqliteEngine): string | null {
  const rebuilt = new Uint8Array(64 * PAGE_SIZE_BYTES);
  let commits = 0;
  const haveSeen = (count: number): boolean => commits === count;
  const onCommit = (pages: CommittedPages): void => {
    commits++;
    const { pageCount } = pages;
    const header = { seq: commits, epoch: 1, nonce: 0, previousCrc: 0, pageCount, flags: 0 };
    applyRecord(rebuilt, encodeRecord(header, pages.readChanges()));
  };
  const captured = openCaptured(engine, new Uint8Array(0), onCommit);
  const { database } = captured;
  try {
    database.exec(`${PRAGMAS} create table scratch(id integer primary key, body text)`);
    if (!haveSeen(1)) return `${commits} commits for one statement`;
    database.exec(`begin; insert into scratch(body) values (hex(zeroblob(3000))); rollback`);
    if (!haveSeen(1)) return 'a commit was seen for a rollback';
    database.exec(`begin; insert into scratch(body) values (hex(zeroblob(5000)));
      insert into scratch(body) values ('second'); commit`);
    if (!haveSeen(2)) return `${commits} commits for two transactions`;
    const image = new Uint8Array(captured.imageBytes());
    captured.copyImage(image);
    if (image.length < 3 * PAGE_SIZE_BYTES) return `${image.length} bytes were written`;
    if (!image.every((byte, index) => byte === rebuilt[index])) return 'captured pages differ';
    return captured.poison()?.message ?? null;
  } finally {
    captured.close();
  }
}
