/**
 * Opens the kitchen of this device: waits for the owner lock, finds a store that keeps what it is given,
 * recovers the database, starts the engine. Whoever calls this owns the database until the worker ends.
 *
 * The ladder of stores is climbed down only where a rung does not exist in this browser. A store that
 * exists and does not answer is an error, never a reason to begin an empty kitchen elsewhere.
 */
import wasmUrl from 'sql.js/dist/sql-wasm-browser.wasm?url';
import { assert } from '../shared/assert.ts';
import { kitchenSchema } from '../shared/schema/tables.ts';
import type { Kitchen } from '../shared/rpc.ts';
import type { SyncStatus } from '../shared/status.ts';
import { createJournal } from './acts/journal.ts';
import { localTablesSql } from './acts/local-tables.ts';
import { createEngine } from './engine/engine.ts';
import { createBrowserClock } from './host/browser-clock.ts';
import { createCryptoIds, randomBytes } from './host/crypto-ids.ts';
import { createFetchTransport } from './host/fetch-transport.ts';
import { openIndexedDbFiles } from './host/indexeddb-files.ts';
import { openLocalDatabase } from './host/local-database.ts';
import { createMemoryFiles } from './host/memory-files.ts';
import { openOpfsAsyncFiles } from './host/opfs-async-files.ts';
import { acquireOwnerLock } from './host/web-locks.ts';
import { createKitchen, layOutSamples } from './kitchen.ts';
import { prefsTableSql } from './prefs.ts';
import type { Store } from './store/files.ts';

const DATABASE_NAME = 'kitchen';

export interface OpenKitchenDeps {
  /** Where the sync service is; its paths are appended. */
  readonly baseUrl: string;
  /** The database is lost to this worker (storage failed): it must end and be started again. */
  readonly onLost: (error: unknown) => void;
}

export async function openKitchen({ baseUrl, onLost }: OpenKitchenDeps): Promise<Kitchen> {
  await acquireOwnerLock(DATABASE_NAME);
  const clock = createBrowserClock();
  const ids = createCryptoIds(clock);
  const nowIso = () => new Date(clock.nowMs()).toISOString();
  const { store, durability } = await findStore();
  const database = await openLocalDatabase({
    store,
    clock,
    randomBytes,
    wasm: wasmUrl,
    schemaVersion: kitchenSchema.version,
    oldestWriterVersion: kitchenSchema.version,
    onFailed: onLost,
  });
  const engine = createEngine({
    database,
    schema: kitchenSchema,
    transport: createFetchTransport({ baseUrl }),
    clock,
    ids,
    journal: createJournal(nowIso),
    extraTables: localTablesSql + prefsTableSql,
    durability,
    onDefect: onLost,
  });
  const opened = await engine.open();
  assert(opened.ok, `the local database opens: ${JSON.stringify(opened)}`);
  const deps = { engine, ids, nowIso, todayIso: () => localDay(clock.nowMs()) };
  await layOutSamples(deps);
  engine.start();
  addEventListener('online', () => engine.wake('online'));
  return createKitchen(deps);
}

interface FoundStore {
  readonly store: Store;
  readonly durability: SyncStatus['durable'];
}

async function findStore(): Promise<FoundStore> {
  const opfs = await openOpfsAsyncFiles(DATABASE_NAME);
  if (opfs.ok) return { store: opfs.value, durability: 'relaxed' };
  if (!isMissing(opfs.error.detail)) throw new Error(`storage does not answer: ${opfs.error.detail}`);
  const indexedDb = await openIndexedDbFiles(DATABASE_NAME);
  if (indexedDb.ok) return { store: indexedDb.value, durability: 'strict' };
  if (!isMissing(indexedDb.error.detail)) {
    throw new Error(`storage does not answer: ${indexedDb.error.detail}`);
  }
  return { store: createMemoryFiles(), durability: 'none' };
}

/** How browsers say "not here": refused by a private window, or never built in. */
const isMissing = (detail: string): boolean =>
  /^(SecurityError|NotSupportedError|TypeError|ReferenceError)/.test(detail);

/** The person's own calendar day, not the one in Greenwich. */
function localDay(nowMs: number): string {
  const now = new Date(nowMs);
  const two = (part: number) => String(part).padStart(2, '0');
  return `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}`;
}
