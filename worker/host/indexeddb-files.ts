/**
 * The `Store` over IndexedDB with strict durability: the second backend, and the only one where OPFS is
 * refused. One database per local database, one object store, one key per file.
 *
 * What must hold: `add`, never `put`, so no name can be overwritten; one write transaction per file,
 * `durability: 'strict'`, resolved on `complete` only; reads and writes never overlap, because WebKit was
 * seen to leave a database dead when a worker ended with both in flight (WebKit #73930). A connection
 * that was closed under us is opened again once per call. Where that would make the database anew, its files
 * are gone: the store says so from then on, and begins nothing in their place. A call that hangs holds up
 * those after it for no longer than anybody waits for it.
 */
import { assert } from '../../shared/assert.ts';
import { err, ok } from '../../shared/result.ts';
import type { Result } from '../../shared/result.ts';
import type { Store, StoreFailure } from '../store/files.ts';
import { isChromium } from './browser-engine.ts';

const DATABASE_PREFIX = 'larder-files-';
const FILES = 'files';
const FILLER = 'filler';
/**
 * 110 values of 40 KB pass the 4 MB write buffer of Chromium's LevelDB, so that its torn log is behind us
 * before the first put; larger values bypass the log and do not help (Chromium 156).
 */
const FILLER_COUNT = 110;
const FILLER_BYTES = 40 * 1024;
/** As long as the page log waits for a put. */
const HANGS_MS = 30_000;

export async function openIndexedDbFiles(
  databaseName: string,
): Promise<Result<Store, StoreFailure>> {
  const connection = createConnection(`${DATABASE_PREFIX}${databaseName}`);
  const opened = await connection.run(() => Promise.resolve());
  return opened.ok ? ok(createStore(connection)) : opened;
}

/** Removes a database with everything in it; nobody may have it open. */
export async function removeIndexedDbDatabase(
  databaseName: string,
): Promise<Result<void, StoreFailure>> {
  return attempt(async () => {
    await settled(indexedDB.deleteDatabase(`${DATABASE_PREFIX}${databaseName}`));
  });
}

interface Connection {
  /** Runs `work` alone, on an open connection; once more on a fresh one if the connection was lost. */
  readonly run: <T>(
    work: (database: IDBDatabase) => Promise<T>,
  ) => Promise<Result<T, StoreFailure>>;
}

function createConnection(name: string): Connection {
  let database: IDBDatabase | null = null;
  let wasOpened = false;
  let isGone = false;
  let last: Promise<unknown> = Promise.resolve();

  async function connect(): Promise<IDBDatabase> {
    if (database !== null) return database;
    if (isGone) throw new DOMException('the database was removed', 'NotFoundError');
    const request = indexedDB.open(name, 1);
    request.addEventListener('upgradeneeded', () => {
      if (wasOpened) {
        // Site data was cleared. An empty database here would take what belongs behind lost files.
        isGone = true;
        request.transaction?.abort();
        return;
      }
      request.result.createObjectStore(FILES);
      request.result.createObjectStore(FILLER);
    });
    const opened = await settled(request);
    wasOpened = true;
    const forget = (): void => {
      if (database === opened) database = null;
    };
    opened.addEventListener('close', forget);
    opened.addEventListener('versionchange', () => {
      // Somebody deletes this database: hold nothing up, the next call finds out.
      opened.close();
      forget();
    });
    database = opened;
    return opened;
  }

  async function runOnce<T>(
    work: (opened: IDBDatabase) => Promise<T>,
  ): Promise<Result<T, StoreFailure>> {
    const first = await attempt(async () => work(await connect()));
    if (first.ok || first.error.type !== 'gone') return first;
    database?.close();
    database = null;
    return attempt(async () => work(await connect()));
  }

  /** A call that hangs gives its place up, with the connection it hangs on; its answer may still come. */
  async function orSilence(turn: Promise<unknown>): Promise<void> {
    let timer = 0;
    const silence = new Promise<void>((resolve) => {
      timer = setTimeout(() => {
        database?.close();
        database = null;
        resolve();
      }, HANGS_MS);
    });
    await Promise.race([turn, silence]);
    clearTimeout(timer);
  }

  return {
    run(work) {
      const before = last;
      const turn = before.then(() => runOnce(work));
      last = before.then(() => orSilence(turn));
      return turn;
    },
  };
}

function createStore({ run }: Connection): Store {
  return {
    kind: 'indexeddb',
    survives: { processKill: true, powerCut: true },
    settle: () => run(settle),
    list: () =>
      run(async (database) => {
        const keys = await settled(database.transaction(FILES).objectStore(FILES).getAllKeys());
        return keys.map(String);
      }),
    async read(name) {
      const found = await run(async (database): Promise<unknown> =>
        settled(database.transaction(FILES).objectStore(FILES).get(name)),
      );
      if (!found.ok) return found;
      if (found.value === undefined) return err({ type: 'absent', detail: name });
      assert(found.value instanceof ArrayBuffer, 'files are kept as bytes');
      return ok(new Uint8Array(found.value));
    },
    ageMs: () => Promise.resolve(null), // nothing waits for an age here: every put survives a power cut
    put: (name, bytes) =>
      run((database) => write(database, FILES, 'strict', (files) => files.add(bytes, name))),
    remove: (name) =>
      run((database) => write(database, FILES, 'strict', (files) => files.delete(name))),
  };
}

async function settle(database: IDBDatabase): Promise<void> {
  if (!isChromium()) return;
  for (let index = 0; index < FILLER_COUNT; index++) {
    const noise = crypto.getRandomValues(new Uint8Array(FILLER_BYTES)); // compresses to nothing otherwise
    await write(database, FILLER, 'relaxed', (filler) => filler.put(noise.buffer, index));
  }
  await write(database, FILLER, 'relaxed', (filler) => filler.clear());
}

function write(
  database: IDBDatabase,
  storeName: string,
  durability: IDBTransactionDurability,
  work: (store: IDBObjectStore) => IDBRequest,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const transaction = database.transaction(storeName, 'readwrite', { durability });
    transaction.addEventListener('complete', () => resolve());
    transaction.addEventListener('abort', () =>
      reject(transaction.error ?? new Error('the transaction was aborted')),
    );
    work(transaction.objectStore(storeName));
    transaction.commit();
  });
}

function settled<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.addEventListener('success', () => resolve(request.result));
    request.addEventListener('error', () =>
      reject(request.error ?? new Error('the request failed')),
    );
  });
}

async function attempt<T>(work: () => Promise<T>): Promise<Result<T, StoreFailure>> {
  try {
    return ok(await work());
  } catch (error) {
    const name = error instanceof Error ? error.name : 'unknown';
    const message = error instanceof Error ? error.message : String(error);
    return err({ type: failureType(name), detail: `${name}: ${message}` });
  }
}

function failureType(name: string): StoreFailure['type'] {
  switch (name) {
    case 'ConstraintError':
      return 'exists';
    case 'QuotaExceededError':
      return 'full';
    // A connection that was closed under us says one of these (Safari after suspension: UnknownError).
    case 'AbortError':
    case 'InvalidStateError':
    case 'UnknownError':
    case 'NotFoundError':
      return 'gone';
    default:
      return 'broken';
  }
}
