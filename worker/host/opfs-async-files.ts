/**
 * The `Store` over the origin private file system with `createWritable`: shared worker, service worker,
 * dedicated worker, window. One folder per database, `/larder/<database name>/`, in which no file is
 * overwritten or appended to.
 *
 * What must hold: a put resolves only after the stream is closed and the file has its size. A bare
 * `ArrayBuffer` of exact size is written: WebKit was seen to write the whole backing buffer of a view.
 * Chromium's `.crswap` leftovers of writes that were killed are neither listed nor kept.
 */
import { assert } from '../../shared/assert.ts';
import { err, ok } from '../../shared/result.ts';
import type { Result } from '../../shared/result.ts';
import type { Store, StoreFailure } from '../store/files.ts';
import { isChromium } from './browser-engine.ts';

const ROOT_FOLDER = 'larder';
const DATABASE_NAME = /^[a-z0-9][a-z0-9-]{0,79}$/;
const SWAP_SUFFIX = '.crswap';
const FILLER_PREFIX = 'filler-';
/**
 * 48 names of 210 characters are 44 KB of directory log: more than the rest of the 32 KB block of
 * Chromium's LevelDB log in which a torn record would swallow what is appended behind it (Chromium 156).
 */
const FILLER_COUNT = 48;
const FILLER_NAME_LENGTH = 210;

type Folder = FileSystemDirectoryHandle;

/** Lib types miss the iteration of directories in workers. */
interface Listable {
  keys(): AsyncIterable<string>;
}

/** Opens (and makes) the folder of one database. */
export async function openOpfsAsyncFiles(
  databaseName: string,
): Promise<Result<Store, StoreFailure>> {
  return attempt('absent', async () => {
    const root = await (
      await navigator.storage.getDirectory()
    ).getDirectoryHandle(ROOT_FOLDER, {
      create: true,
    });
    const folder = await root.getDirectoryHandle(checkName(databaseName), { create: true });
    return createStore(folder);
  });
}

/** Removes a database with everything in it; nobody may have it open. Absent counts as removed. */
export async function removeOpfsDatabase(
  databaseName: string,
): Promise<Result<void, StoreFailure>> {
  const removed = await attempt('absent', async () => {
    const root = await (await navigator.storage.getDirectory()).getDirectoryHandle(ROOT_FOLDER);
    await root.removeEntry(checkName(databaseName), { recursive: true });
  });
  return !removed.ok && removed.error.type === 'absent' ? ok(undefined) : removed;
}

function checkName(databaseName: string): string {
  assert(DATABASE_NAME.test(databaseName), 'a database name is a short lower-case word');
  return databaseName;
}

async function namesIn(folder: Folder): Promise<string[]> {
  const names: string[] = [];
  for await (const name of (folder as Folder & Listable).keys()) names.push(name);
  return names;
}

function createStore(folder: Folder): Store {
  /** Names that are used, for ever; null until the folder was listed once. */
  let taken: Set<string> | null = null;

  async function listNames(): Promise<string[]> {
    const names = await namesIn(folder);
    taken = new Set([...(taken ?? []), ...names]);
    return names;
  }

  async function write(name: string, bytes: ArrayBuffer): Promise<void> {
    const handle = await folder.getFileHandle(name, { create: true });
    const stream = await handle.createWritable();
    await stream.write(bytes);
    await stream.close();
    const { size } = await handle.getFile();
    // A wrong size is an outcome of storage, not a bug: it travels as a failure like any other.
    if (size !== bytes.byteLength) throw new Error(`${size} bytes instead of ${bytes.byteLength}`);
  }
  return {
    kind: 'opfs-async',
    survives: { processKill: true, powerCut: false },
    settle: () => attempt('gone', async () => settle(folder, await listNames())),
    list: () => attempt('gone', async () => (await listNames()).filter(isOurs)),
    read: (name) =>
      attempt('absent', async () => {
        const file = await (await folder.getFileHandle(name)).getFile();
        return new Uint8Array(await file.arrayBuffer());
      }),
    async ageMs(name) {
      const file = await attempt('absent', async () =>
        (await folder.getFileHandle(name)).getFile(),
      );
      return file.ok ? Date.now() - file.value.lastModified : null;
    },
    async put(name, bytes) {
      if (taken === null) {
        const listed = await attempt('gone', listNames);
        if (!listed.ok) return listed;
      }
      if (taken?.has(name) === true) return err({ type: 'exists', detail: name });
      taken?.add(name);
      return attempt('gone', () => write(name, bytes));
    },
    async remove(name) {
      const removed = await attempt('absent', () => folder.removeEntry(name));
      // The name stays taken: nothing is ever written a second time under it.
      return !removed.ok && removed.error.type === 'absent' ? ok(undefined) : removed;
    },
  };
}

const isOurs = (name: string): boolean =>
  !name.endsWith(SWAP_SUFFIX) && !name.startsWith(FILLER_PREFIX);

async function settle(folder: Folder, names: readonly string[]): Promise<void> {
  for (const name of names) {
    if (!isOurs(name)) await folder.removeEntry(name);
  }
  if (!isChromium()) return;
  const padding = 'x'.repeat(FILLER_NAME_LENGTH);
  await Promise.all(
    Array.from({ length: FILLER_COUNT }, async (_, index) => {
      const name = `${FILLER_PREFIX}${index}-${padding}`.slice(0, FILLER_NAME_LENGTH);
      await folder.getFileHandle(name, { create: true });
      await folder.removeEntry(name);
    }),
  );
}

/** One platform call chain as a value. `notFound` says what a missing entry means here. */
async function attempt<T>(
  notFound: 'absent' | 'gone' | 'broken',
  work: () => Promise<T>,
): Promise<Result<T, StoreFailure>> {
  try {
    return ok(await work());
  } catch (error) {
    const name = error instanceof Error ? error.name : 'unknown';
    const message = error instanceof Error ? error.message : String(error);
    return err({ type: failureType(name, notFound), detail: `${name}: ${message}` });
  }
}

function failureType(name: string, notFound: 'absent' | 'gone' | 'broken'): StoreFailure['type'] {
  switch (name) {
    case 'NotFoundError':
      return notFound;
    case 'QuotaExceededError':
      return 'full';
    case 'NoModificationAllowedError':
    case 'InvalidStateError':
    case 'NotReadableError':
      return 'busy';
    default:
      return 'broken';
  }
}
