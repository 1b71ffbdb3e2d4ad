/**
 * Where a database lives, and how far it got: two small records outside of its files, and the choice of the
 * store that follows from the first. Pure; the records are kept by `worker/host/home-records.ts`.
 *
 * What must hold
 *  - The home marker is written before the first file. From then on the marked store is the only one that is
 *    opened: if it is out of order for a moment, that is an error to try again, and never a reason to begin
 *    an empty database in the next store.
 *  - The marker is a hint that can vanish by itself. Without it files win over the order of the stores.
 *  - The witness says that a seq was reached before something left the device. A recovery that ends below
 *    it has certainly lost work, even where the files show no gap.
 */
import type { Result } from '../../shared/result.ts';
import type { StoreFailure } from './files.ts';
import type { Loss } from './recover.ts';

export type HomeStore = 'opfs-async' | 'indexeddb';

export interface HomeMarker {
  readonly store: HomeStore;
  /** `moving`: a planned move to another store has begun; the marked one still holds the truth. */
  readonly state: 'live' | 'moving';
}

export interface Witness {
  readonly databaseId: string;
  readonly seq: number;
}

/** The records of one database. A failure `absent` means that there is no place for them at all. */
export interface HomeRecords {
  marker(): Promise<Result<HomeMarker | null, StoreFailure>>;
  mark(marker: HomeMarker): Promise<Result<void, StoreFailure>>;
  witness(): Promise<Result<Witness | null, StoreFailure>>;
  /** Resolves when the record outlives a power cut. */
  attest(witness: Witness): Promise<Result<void, StoreFailure>>;
  forget(): Promise<Result<void, StoreFailure>>;
}

/** What asking a store for its folder gave. `missing`: this browser has no such store. */
export type Probe = 'has-files' | 'empty' | 'missing' | 'fails';

export interface HomeProbes {
  readonly marker: HomeMarker | null | 'unreadable';
  readonly opfs: Probe;
  readonly indexedDb: Probe;
}

/** `try-again`: the store that holds the database, or may hold it, does not answer. */
export type HomeChoice = HomeStore | 'memory' | 'try-again';

export function chooseHome({ marker, opfs, indexedDb }: HomeProbes): HomeChoice {
  if (marker !== null && marker !== 'unreadable') {
    const probe = marker.store === 'opfs-async' ? opfs : indexedDb;
    return probe === 'fails' || probe === 'missing' ? 'try-again' : marker.store;
  }
  if (opfs === 'has-files') return 'opfs-async';
  // A store that is silent may be the one that holds the files.
  if (opfs === 'fails') return 'try-again';
  if (indexedDb === 'has-files') return 'indexeddb';
  if (marker === 'unreadable' || indexedDb === 'fails') return 'try-again';
  if (opfs === 'empty') return 'opfs-async';
  return indexedDb === 'empty' ? 'indexeddb' : 'memory';
}

/** What an opening that found `seq` has to say, given the witness that was read before it. */
export function judgeLoss(
  found: { readonly loss: Loss; readonly seq: number; readonly databaseId: string },
  witness: Witness | null,
): Loss {
  if (found.loss === 'certain' || found.seq === 0) return found.loss;
  if (witness === null || witness.databaseId !== found.databaseId) return 'possible';
  return witness.seq > found.seq ? 'certain' : found.loss;
}
