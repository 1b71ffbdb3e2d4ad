/**
 * The interface that tabs call and the owner of the local database answers, over comlink. Everything
 * that crosses is plain data. Watchers are pushed to; a tab never polls.
 */
import type { ActArgs, ActName, Performed, Refusal } from './acts/acts.ts';
import type { QueryArgs, QueryName, QueryRows } from './queries.ts';
import type { Result } from './result.ts';
import type { SyncStatus } from './status.ts';

export type StopWatching = () => void;

/** Who is signed in, as the server told it; absent while nobody is. */
export interface Account {
  readonly accountId: string;
  readonly name: string;
  readonly email: string;
  readonly householdId: string;
  readonly householdName: string;
}

/** What to do with rows that were made without an account (`protocol.md` §11.6, B40). */
export type LocalRows = 'adopt' | 'keep-apart';

export type AttachOutcome =
  | { readonly type: 'attached'; readonly keptRows: number }
  /** Signed in, but the rows made without an account could not come along yet; they are kept apart. */
  | { readonly type: 'attached-apart' }
  | { readonly type: 'retry-later'; readonly seconds: number }
  | { readonly type: 'unreachable' }
  | { readonly type: 'refused'; readonly code: string };

export type DetachOutcome =
  | { readonly type: 'detached' }
  | { readonly type: 'unsent'; readonly rows: number }
  | { readonly type: 'failed'; readonly code: string };

/** What is to become of a kitchen whose files the browser has removed under it. */
export type AfterClearing = 'keep' | 'start-anew';
/** `started-anew` also where there was nothing left to keep. */
export type Cleared = 'kept' | 'started-anew';

/** `not-held`: it was decided meanwhile, here or by a newer row. */
export type DecideOutcome = 'decided' | 'not-held' | 'failed';

export interface SavedRows {
  readonly text: string;
  readonly rows: number;
  readonly confirmation: string;
}

/** The kitchen as tabs see it. */
export interface Kitchen {
  /** One act, one transaction. Resolves when it is on disk; the same `actId` again is a no-op. */
  perform<A extends ActName>(
    act: A,
    args: ActArgs[A],
    actId: string,
  ): Promise<Result<Performed, Refusal>>;
  /** One answer now. */
  ask<Q extends QueryName>(query: Q, args: QueryArgs<Q>): Promise<QueryRows<Q>>;
  /** The first answer at once, then one per change of it. */
  watch<Q extends QueryName>(
    query: Q,
    args: QueryArgs<Q>,
    onRows: (rows: QueryRows<Q>) => void,
  ): Promise<StopWatching>;
  watchStatus(onStatus: (status: SyncStatus) => void): Promise<StopWatching>;
  /** The person signed in: join local rows with the household's (network needed). */
  attach(account: Account, localRows: LocalRows): Promise<AttachOutcome>;
  /** The person signs out: never silently drops what the household has not got. */
  detach(unsent: 'send-first' | 'keep-locked'): Promise<DetachOutcome>;
  account(): Promise<Account | null>;
  /**
   * The person's word about a row that waits: their own version, or what the household has. An orphan and a
   * refused row can be given up (`theirs`); `mine` tries a refused row again.
   */
  decide(table: string, id: string, side: 'mine' | 'theirs'): Promise<DecideOutcome>;
  syncNow(): Promise<void>;
  /** A tab is looked at again: what this device slept through is asked for. */
  wake(): Promise<void>;
  /** Everything that the household has not got, as a file for the person, and its fingerprint. */
  exportUnsent(): Promise<SavedRows>;
  /** Lets go of exactly what was saved under that fingerprint; `changed` did nothing. */
  discardUnsent(confirmation: string): Promise<'discarded' | 'changed' | 'failed'>;
  /** What the household's restored server had otherwise than this device, as a file. */
  exportLost(): Promise<SavedRows>;
  dismissLost(): Promise<void>;
  /**
   * While the phase is `storage-cleared` (acts wait for this answer) or `unreadable` (`start-anew` sets the
   * damaged files aside), and only then.
   */
  afterClearing(choice: AfterClearing): Promise<Cleared>;
  /** Ends this owner in order, for a newer version of the app that wants the database. */
  handOver(): Promise<void>;
  /** A canonical dump of the synced tables as JSON text, for export and for tests. */
  dump(): Promise<string>;
}

/**
 * What a tab's port answers: the kitchen, and first of all who is calling. Either side holds a Web Lock
 * while it lives and queues for the other's: being granted it means that the other died without a word.
 */
export type TabPort = Kitchen & {
  hello(tabId: string): Promise<{ readonly instanceId: string }>;
};

export const tabLockName = (tabId: string): string => `larder:tab:${tabId}`;
export const aliveLockName = (instanceId: string): string => `larder:alive:${instanceId}`;

/** Under this tag the browser tells the service worker that what is unsent may go. */
export const SYNC_TAG = 'larder-unsent';

/** Held by the tab whose own worker owns the kitchens, where there is no SharedWorker. */
export const HOST_LOCK = 'larder:host';
/** To the service worker, with a port: hand it to the tab that hosts. From it to tabs: do you host? */
export const REACH_HOST = 'larder-reach-host';
/** What a host answers, to the service worker and first of all on the port itself. */
export const SERVED = 'larder-served';
