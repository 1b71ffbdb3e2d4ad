/**
 * The directory of the kitchens on this device: which database is open, whose household each one holds, and
 * what waits in those that are closed. One small record in IndexedDB, written with strict durability, because
 * it decides whose rows the next start shows; and a second copy of it in the private file system, because
 * IndexedDB can vanish by itself (`directory-mirror.ts`). The copy with the higher revision counts.
 *
 * What must hold: the record is replaced whole in one transaction, so a start finds the old one or the new
 * one. A device without a record has one kitchen under the first name. Names of databases are opaque: they
 * say nothing about people. Where IndexedDB does not exist, the record lives as long as the worker does.
 * Nothing here opens, closes or removes a database.
 */
import type { Account } from '../../shared/rpc.ts';
import { readMirror, writeMirror } from './directory-mirror.ts';

/** The database of every device that was used before there were several. */
export const FIRST_KITCHEN = 'kitchen';

export interface KitchenEntry {
  /** Name of the database. */
  readonly name: string;
  /** Whose household it holds; null for the one that needs no account. */
  readonly account: Account | null;
  /** Somebody began to bring these rows into a household, and it is not known yet whether it worked. */
  readonly adopting: Account | null;
  /** Its sign-out has begun: once it let go of the household, the database goes. */
  readonly isLeaving: boolean;
  /** What the household had not got when the database was closed. */
  readonly unsent: { readonly acts: number; readonly rows: number };
}

export interface Directory {
  readonly version: 1;
  /** Name of the one that is open. */
  readonly current: string;
  readonly kitchens: readonly KitchenEntry[];
  /** Names of databases whose files are damaged: nothing opens or removes them. */
  readonly setAside?: readonly string[];
}

export interface DirectoryFile {
  /** Null where nothing was ever written. */
  read(): Promise<Directory | null>;
  /** Resolves when the record is on disk. */
  write(directory: Directory): Promise<void>;
}

const DATABASE = 'larder-kitchens';
const RECORDS = 'records';
const KEY = 'directory';

/** Rejects when IndexedDB exists and does not answer: guessing would show somebody else's kitchen. */
export async function openKitchenDirectory(): Promise<DirectoryFile> {
  try {
    (await connect()).close();
  } catch (error) {
    if (isMissing(error)) return createMemoryDirectory();
    throw error;
  }
  let revision = 0;
  return {
    async read() {
      const [kept, mirrored] = await Promise.all([readRecord(), readMirror(parseRecord)]);
      // A kill may have come between the two writes, and either of them can be gone altogether.
      const newest = (kept?.revision ?? -1) >= (mirrored?.revision ?? -1) ? kept : mirrored;
      revision = newest?.revision ?? 0;
      return newest?.directory ?? null;
    },
    async write(directory) {
      revision += 1;
      const record = { revision, directory };
      await Promise.all([writeRecord(record), writeMirror(record)]);
    },
  };
}

interface DirectoryRecord {
  readonly revision: number;
  readonly directory: Directory;
}

/** Records from before there were two copies are bare, and older than any that has a revision. */
function parseRecord(found: unknown): DirectoryRecord {
  if (typeof found === 'object' && found !== null && 'revision' in found && 'directory' in found) {
    return { revision: Number(found.revision), directory: parseDirectory(found.directory) };
  }
  return { revision: 0, directory: parseDirectory(found) };
}

const readRecord = (): Promise<DirectoryRecord | null> =>
  withDatabase(async (database) => {
    const found: unknown = await settled(
      database.transaction(RECORDS).objectStore(RECORDS).get(KEY),
    );
    return found === undefined ? null : parseRecord(found);
  });

const writeRecord = (record: DirectoryRecord): Promise<void> =>
  withDatabase(async (database) => {
    const transaction = database.transaction(RECORDS, 'readwrite', { durability: 'strict' });
    const done = new Promise<void>((resolve, reject) => {
      transaction.addEventListener('complete', () => resolve());
      transaction.addEventListener('abort', () =>
        reject(transaction.error ?? new Error('the directory was not written')),
      );
    });
    transaction.objectStore(RECORDS).put(record, KEY);
    await done;
  });

export function createMemoryDirectory(): DirectoryFile {
  let kept: Directory | null = null;
  return {
    read: () => Promise.resolve(kept),
    write(directory) {
      kept = directory;
      return Promise.resolve();
    },
  };
}

/** What was read, or an error: a record of another version belongs to newer code. */
export function parseDirectory(found: unknown): Directory {
  const record = found as Partial<Directory> | null;
  const isKnown =
    typeof record === 'object' &&
    record !== null &&
    record.version === 1 &&
    typeof record.current === 'string' &&
    Array.isArray(record.kitchens) &&
    record.kitchens.some((entry: Partial<KitchenEntry>) => entry.name === record.current);
  if (!isKnown) throw new Error('the directory of kitchens is not one that this version can read');
  return record as Directory;
}

async function withDatabase<T>(work: (database: IDBDatabase) => Promise<T>): Promise<T> {
  // Opened for each call: it is rare, and no connection is there to be lost.
  const database = await connect();
  try {
    return await work(database);
  } finally {
    database.close();
  }
}

function connect(): Promise<IDBDatabase> {
  const request = indexedDB.open(DATABASE, 1);
  request.addEventListener('upgradeneeded', () => request.result.createObjectStore(RECORDS));
  return settled(request);
}

function settled<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.addEventListener('success', () => resolve(request.result));
    request.addEventListener('error', () =>
      reject(request.error ?? new Error('the request failed')),
    );
  });
}

/** How browsers say "not here": refused by a private window, or never built in. */
const isMissing = (error: unknown): boolean =>
  error instanceof Error &&
  ['SecurityError', 'NotSupportedError', 'TypeError', 'ReferenceError'].includes(error.name);
