/**
 * Finds the store of one local database: asks for the home marker and the stores, lets `chooseHome` decide,
 * and writes the marker before anything is put. The ladder of stores is climbed down only where a rung does
 * not exist in this browser; a store that exists and does not answer is an error to try again.
 */
import type { SyncStatus } from '../../shared/status.ts';
import type { Store } from '../store/files.ts';
import { chooseHome } from '../store/home.ts';
import type { HomeMarker, HomeRecords, HomeStore } from '../store/home.ts';
import { createHomeRecords } from './home-records.ts';
import { openIndexedDbFiles } from './indexeddb-files.ts';
import { createMemoryFiles } from './memory-files.ts';
import { openOpfsAsyncFiles } from './opfs-async-files.ts';
import { probeStore } from './probe-store.ts';

export interface FoundStore {
  readonly store: Store;
  readonly durability: SyncStatus['durable'];
  /** Null where nothing is kept at all, or no record can be. */
  readonly records: HomeRecords | null;
}

const DURABILITY: Readonly<Record<HomeStore, SyncStatus['durable']>> = {
  'opfs-async': 'relaxed',
  indexeddb: 'strict',
};

/** Rejects when the store that holds the database does not answer. */
export async function findStore(databaseName: string): Promise<FoundStore> {
  const homeRecords = createHomeRecords(databaseName);
  const found = await homeRecords.marker();
  const hasRecords = found.ok || found.error.type !== 'absent';
  const marker = found.ok ? found.value : found.error.type === 'absent' ? null : 'unreadable';
  // The marked store alone is asked: the other one could only tempt.
  const marked = marker === null || marker === 'unreadable' ? null : marker.store;
  const opfs =
    marked === 'indexeddb' ? null : await probeStore(() => openOpfsAsyncFiles(databaseName), wait);
  // Asking IndexedDB for a database makes an empty one: only where it could be the home.
  const isAsked =
    marked === 'indexeddb' || (marked === null && opfs?.result !== 'has-files' && hasRecords);
  const indexedDb = isAsked ? await probeStore(() => openIndexedDbFiles(databaseName), wait) : null;
  const choice = chooseHome({
    marker,
    opfs: opfs?.result ?? 'missing',
    indexedDb: indexedDb?.result ?? 'missing',
  });
  const records = hasRecords ? homeRecords : null;
  if (choice === 'memory') return { store: createMemoryFiles(), durability: 'none', records: null };
  const store = choice === 'opfs-async' ? opfs?.store : indexedDb?.store;
  if (choice === 'try-again' || store === undefined || store === null) {
    const detail = [opfs, indexedDb].map((asked) => asked?.detail).find(Boolean);
    throw new Error(
      `storage does not answer: ${detail ?? 'the home of the database is not there'}`,
    );
  }
  if (marked === null && records !== null) {
    const live: HomeMarker = { store: choice, state: 'live' };
    const written = await records.mark(live);
    // A hint that could not be written is missed, not waited for: the files are found without it.
    if (!written.ok && written.error.type === 'gone') throw new Error(written.error.detail);
  }
  return { store, durability: DURABILITY[choice], records };
}

const wait = (delayMs: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, delayMs));
