/**
 * Home markers and witnesses in a small IndexedDB database of their own, one key per local database, each
 * record replaced whole with strict durability (0.7-1 ms in Chromium). What they mean is in
 * `worker/store/home.ts`. Where IndexedDB does not exist every call fails with `absent`.
 */
import { err, ok } from '../../shared/result.ts';
import type { Result } from '../../shared/result.ts';
import type { StoreFailure } from '../store/files.ts';
import type { HomeMarker, HomeRecords, Witness } from '../store/home.ts';

const DATABASE = 'larder-homes';
const MARKERS = 'markers';
const WITNESSES = 'witnesses';

export function createHomeRecords(databaseName: string): HomeRecords {
  let connection: IDBDatabase | null = null;

  async function connect(): Promise<IDBDatabase> {
    if (connection !== null) return connection;
    const request = indexedDB.open(DATABASE, 1);
    request.addEventListener('upgradeneeded', () => {
      request.result.createObjectStore(MARKERS);
      request.result.createObjectStore(WITNESSES);
    });
    const opened = await settled(request);
    const letGo = (): void => {
      opened.close();
      if (connection === opened) connection = null;
    };
    opened.addEventListener('close', letGo);
    opened.addEventListener('versionchange', letGo);
    connection = opened;
    return opened;
  }

  /** Once more on a fresh connection: Safari closes them behind our back. */
  async function run<T>(
    work: (database: IDBDatabase) => Promise<T>,
  ): Promise<Result<T, StoreFailure>> {
    try {
      return ok(await work(await connect()));
    } catch (error) {
      const failure = failureOf(error);
      if (failure.type !== 'gone') return err(failure);
    }
    connection?.close();
    connection = null;
    try {
      return ok(await work(await connect()));
    } catch (error) {
      return err(failureOf(error));
    }
  }

  const read = async <T>(
    storeName: string,
    parse: (found: unknown) => T | null,
  ): Promise<Result<T | null, StoreFailure>> =>
    run(async (database) => {
      const found: unknown = await settled(
        database.transaction(storeName).objectStore(storeName).get(databaseName),
      );
      return parse(found);
    });

  return {
    marker: () => read(MARKERS, parseMarker),
    mark: (marker) =>
      run((database) =>
        write(database, [MARKERS], (transaction) =>
          transaction.objectStore(MARKERS).put(marker, databaseName),
        ),
      ),
    witness: () => read(WITNESSES, parseWitness),
    attest: (witness) =>
      run((database) =>
        write(database, [WITNESSES], (transaction) =>
          transaction.objectStore(WITNESSES).put(witness, databaseName),
        ),
      ),
    forget: () =>
      run((database) =>
        write(database, [MARKERS, WITNESSES], (transaction) => {
          transaction.objectStore(MARKERS).delete(databaseName);
          transaction.objectStore(WITNESSES).delete(databaseName);
        }),
      ),
  };
}

function parseMarker(found: unknown): HomeMarker | null {
  if (typeof found !== 'object' || found === null || !('store' in found)) return null;
  const { store } = found;
  if (store !== 'opfs-async' && store !== 'indexeddb') return null;
  return { store, state: 'state' in found && found.state === 'moving' ? 'moving' : 'live' };
}

function parseWitness(found: unknown): Witness | null {
  if (typeof found !== 'object' || found === null) return null;
  if (!('databaseId' in found) || !('seq' in found)) return null;
  const { databaseId, seq } = found;
  return typeof databaseId === 'string' && typeof seq === 'number' ? { databaseId, seq } : null;
}

function write(
  database: IDBDatabase,
  storeNames: readonly string[],
  work: (transaction: IDBTransaction) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const transaction = database.transaction([...storeNames], 'readwrite', {
      durability: 'strict',
    });
    transaction.addEventListener('complete', () => resolve());
    transaction.addEventListener('abort', () =>
      reject(transaction.error ?? new Error('the transaction was aborted')),
    );
    work(transaction);
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

function failureOf(error: unknown): StoreFailure {
  const name = error instanceof Error ? error.name : 'unknown';
  const detail = `${name}: ${error instanceof Error ? error.message : String(error)}`;
  switch (name) {
    case 'SecurityError':
    case 'NotSupportedError':
    case 'TypeError':
    case 'ReferenceError':
      return { type: 'absent', detail };
    case 'InvalidStateError':
    case 'UnknownError':
    case 'NotFoundError':
      return { type: 'gone', detail };
    case 'QuotaExceededError':
      return { type: 'full', detail };
    default:
      return { type: 'broken', detail };
  }
}
