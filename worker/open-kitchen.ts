/**
 * Opens one kitchen of this device: finds its store (`find-store.ts`), recovers the database, starts the
 * engine. Whoever calls this holds the owner lock (`OWNED`) until `close` has resolved.
 */
import { assert } from '../shared/assert.ts';
import { appVersion } from '../shared/app-version.ts';
import { err } from '../shared/result.ts';
import { kitchenSchema } from '../shared/schema/tables.ts';
import { createJournal } from './acts/journal.ts';
import { keptImages, localTablesSql } from './acts/local-tables.ts';
import { KitchenClosed, salvage, whyClosed } from './closed-kitchen.ts';
import { createEngine, type Engine } from './engine/engine.ts';
import type { SyncFailure } from './engine/failures.ts';
import { writerVersion } from './engine/local-tables.ts';
import { createBrowserClock } from './host/browser-clock.ts';
import { createCryptoIds, randomBytes } from './host/crypto-ids.ts';
import { createFetchTransport } from './host/fetch-transport.ts';
import { findStore, type FoundStore } from './host/find-store.ts';
import { createHomeRecords } from './host/home-records.ts';
import { removeIndexedDbDatabase } from './host/indexeddb-files.ts';
import { FIRST_KITCHEN } from './host/kitchen-directory.ts';
import { openLocalDatabase, UnsoundDatabase, type OwnedDatabase } from './host/local-database.ts';
import { removeOpfsDatabase } from './host/opfs-async-files.ts';
import { isMissing } from './host/probe-store.ts';
import { isDamage } from './host/sqlite-damage.ts';
import type { WasmSource } from './host/sqlite-engine.ts';
import { createStoppableTransport, type StoppableTransport } from './host/stoppable-transport.ts';
import { createWitnessedTransport } from './host/witnessed-transport.ts';
import type { KitchenStart } from './kitchen-line.ts';
import { createKitchen, layOutSamples, type OpenKitchen } from './kitchen.ts';
import { withLostWork } from './lost-work.ts';
import { prefsTableSql } from './prefs.ts';
import type { CompactionLimits } from './store/compact.ts';
import { DATABASE_ID_BYTES } from './store/file-format.ts';
import { StoreError, type LogClock } from './store/files.ts';
import { putImage } from './store/put-image.ts';
import { createStoreNews, withStore, type StoreNews } from './stored-engine.ts';

/**
 * One lock for all kitchens of this device, not one for each: whoever holds it also decides which of them
 * is open. Builds from before there were several ask for the same name.
 */
export const OWNED: string = FIRST_KITCHEN;

/** A short-lived owner leaves files as it found them: nothing is merged, based or deleted. */
const PUTS_ONLY: Partial<CompactionLimits> = {
  mergeSegmentsMin: Infinity,
  mergeMergedMin: Infinity,
  quietMergeSegmentsMin: Infinity,
  baseAfterBytesMin: Infinity,
  baseAfterBytesMax: Infinity,
  replaceableAfterMs: Infinity,
  replaceableAfterWallMs: Infinity,
};

/** An exchange that finds no room either would end the database again, and that without a pause. */
const AFTER_FULL_MS = 10_000;

export interface OpenKitchenDeps {
  /** Where the sync service is; its paths are appended. */
  readonly baseUrl: string;
  readonly databaseName: string;
  readonly wasm: WasmSource;
  /**
   * `lasting` exchanges by itself until it is closed; `brief` (the service worker) does only what it is
   * told, and leaves merging and first things to a lasting owner.
   */
  readonly stay: 'lasting' | 'brief';
  readonly start?: KitchenStart;
  /** The database cannot save any more, or hit a bug: it must be closed and opened again. */
  readonly onLost: (error: unknown) => void;
}

export async function openKitchen(open: OpenKitchenDeps): Promise<OpenKitchen> {
  const { databaseName, stay, onLost } = open;
  const clock = createBrowserClock();
  const ids = createCryptoIds(clock);
  const nowIso = () => new Date(clock.nowMs()).toISOString();
  const { store, durability, records } = await findStore(databaseName);
  const news = createStoreNews();
  const database = await openDatabase(open, { store, records, clock, news });
  const transport = createStoppableTransport(
    createWitnessedTransport(createFetchTransport({ baseUrl: open.baseUrl }), () =>
      database.whenWitnessed(database.durableSeq()),
    ),
  );
  const engine = createEngine({
    database,
    schema: kitchenSchema,
    transport,
    clock,
    ids,
    journal: createJournal(nowIso),
    hostImages: keptImages,
    client: `larder/${appVersion}`,
    extraTables: localTablesSql + prefsTableSql,
    durability,
    onDefect: onLost,
  });
  await openEngine(engine, database);
  const stored = withStore(engine, database, news);
  const deps = {
    engine: await withLostWork(stored, database.opening.loss),
    ids,
    nowIso,
    todayIso: () => localDay(clock.nowMs()),
  };
  const wake = (): void => engine.wake('online');
  let startLater = (): void => undefined;
  if (stay === 'lasting') {
    // Samples teach once; a kitchen that came later belongs to somebody who has seen them.
    if (databaseName === FIRST_KITCHEN) await layOutSamples(deps);
    if (open.start === 'after-full') startLater = clock.after(AFTER_FULL_MS, () => engine.start());
    else engine.start();
    addEventListener('online', wake);
  }
  return {
    kitchen: createKitchen(deps),
    isNew: database.opening.seq === 0,
    image: () => database.image(),
    halt: () => halt(transport, engine),
    async close() {
      removeEventListener('online', wake);
      startLater();
      halt(transport, engine);
      await engine.stop();
      await database.close();
    },
  };
}

async function openDatabase(
  { wasm, stay, onLost }: OpenKitchenDeps,
  parts: Pick<FoundStore, 'store' | 'records'> & { clock: LogClock; news: StoreNews },
): Promise<OwnedDatabase> {
  const { store, records, clock, news } = parts;
  return openLocalDatabase({
    store,
    clock,
    randomBytes,
    wasm,
    schemaVersion: writerVersion(kitchenSchema.version),
    oldestWriterVersion: writerVersion(kitchenSchema.version),
    ...(stay === 'brief' ? { limits: PUTS_ONLY } : {}),
    records,
    onSlow: news.onSlow,
    onRoom: news.onRoom,
    onFailed: onLost,
  }).catch((error: unknown) => {
    const closed = whyClosed(error);
    if (error instanceof UnsoundDatabase) error.letGo();
    throw closed;
  });
}

/** What is in flight ends, and what waits to be tried again finds nothing to be tried on. */
function halt(transport: StoppableTransport, engine: Engine): void {
  transport.halt();
  engine.endWaits();
}

/** A database that cannot be served is let go of as it is. */
async function openEngine(engine: Engine, database: OwnedDatabase): Promise<void> {
  const opened = await engine.open().catch((error: unknown) => {
    if (!isDamage(error)) throw error;
    return err<SyncFailure>({ type: 'apply', detail: String(error) });
  });
  if (opened.ok) return;
  const failure = opened.error;
  const isAhead = failure.type === 'state' && failure.code === 'layout-ahead';
  const isDamaged = failure.type === 'apply' && isDamage(failure.detail);
  assert(isAhead || isDamaged, `the local database opens: ${JSON.stringify(opened)}`);
  const closed = isAhead
    ? new KitchenClosed('newer-kitchen')
    : new KitchenClosed('unreadable', salvage(database.sql));
  database.letGo();
  throw closed;
}

/** Begins a kitchen whose files are gone with what memory still held of it. */
export async function restoreKitchen(
  databaseName: string,
  image: Uint8Array<ArrayBuffer>,
): Promise<void> {
  const { store } = await findStore(databaseName);
  const version = writerVersion(kitchenSchema.version);
  const written = await putImage(store, image, {
    databaseId: randomBytes(DATABASE_ID_BYTES),
    schemaVersion: version,
    oldestWriterVersion: version,
  });
  if (!written.ok) throw new StoreError('not-saved', written.error);
}

/** Removes a kitchen that nobody has open, wherever it was kept. */
export async function removeKitchen(databaseName: string): Promise<void> {
  for (const remove of [removeOpfsDatabase, removeIndexedDbDatabase]) {
    const removed = await remove(databaseName);
    if (!removed.ok && !isMissing(removed.error.detail)) {
      throw new Error(`the kitchen stays: ${removed.error.detail}`);
    }
  }
  // Last: a marker without files opens an empty store, files without a marker are still found.
  const forgotten = await createHomeRecords(databaseName).forget();
  if (!forgotten.ok && forgotten.error.type !== 'absent') {
    throw new Error(`the kitchen's marker stays: ${forgotten.error.detail}`);
  }
}

/** The person's own calendar day, not the one in Greenwich. */
function localDay(nowMs: number): string {
  const now = new Date(nowMs);
  const two = (part: number) => String(part).padStart(2, '0');
  return `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}`;
}
