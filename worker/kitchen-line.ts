/**
 * The open database of this device and everybody who looks at it. Databases change under the watchers; this
 * file sees to it that they do so whole: one open at a time, the old one ended properly before the next.
 *
 * What must hold: a call that has begun ends before its database is closed; when another one opens, every
 * watcher is subscribed to it in the same turn; acts wait while it is undecided which database is current;
 * however a step ends, the database that the directory names is open, or the worker ends. A database that
 * lost its store is closed and opened again. Where its files are gone altogether, nothing is opened and no act
 * is answered until a person has said what is to become of the copy in memory: an empty kitchen in its place
 * would hide the loss. Which one is to be open is decided in `kitchen-switch.ts`.
 */
import { assert, must } from '../shared/assert.ts';
import type { AfterClearing, Cleared, StopWatching } from '../shared/rpc.ts';
import type { Directory, DirectoryFile } from './host/kitchen-directory.ts';
import type { LocalKitchen, OpenKitchen } from './kitchen.ts';
import { currentEntry, firstDirectory } from './kitchens.ts';
import { StoreError } from './store/files.ts';

export interface KitchenSwitchDeps {
  readonly file: DirectoryFile;
  /**
   * Opens (and makes) one database; `onLost` is told once if it cannot save any more. `after-full`: the one
   * before found no room, so nothing is written for a while that nobody asked for.
   */
  readonly open: (
    name: string,
    onLost: (error: unknown) => void,
    start: KitchenStart,
  ) => Promise<OpenKitchen>;
  /** Removes a database that is closed, with everything in it. */
  readonly remove: (name: string) => Promise<void>;
  readonly newName: () => string;
  /** Begins a database that has no files any more with what memory still held of it. */
  readonly restore: (name: string, image: Uint8Array<ArrayBuffer>) => Promise<void>;
  /** No database can be kept open here: the worker must end. */
  readonly onLost: (error: unknown) => void;
}

export type KitchenStart = 'at-once' | 'after-full';

/** A store that fails more often than this in one life of the worker is not mended by opening it again. */
const REOPENS_MAX = 5;

/** `cleared`: there is nothing to subscribe to. `recorded`: the directory changed. */
export type LineNews = 'cleared' | 'recorded';

/** One live query or status watcher of a tab, across databases. */
interface Subscription {
  readonly begin: (opened: OpenKitchen) => StopWatching;
  readonly onNews: (news: LineNews) => void;
  stop: StopWatching;
}

/** The files of a kitchen that was open here are gone: site data was cleared, or evicted. */
class StorageCleared extends Error {
  override readonly name = 'StorageCleared';
}

const nothing = (): void => undefined;

/** The open database, who watches it, and the record of all of them. */
export interface Line {
  know(directory: Directory): void;
  directory(): Directory;
  /** Puts the record on disk; from then on it is what the next start finds. */
  record(directory: Directory): Promise<void>;
  /** The open kitchen of this moment, for steps that have the line to themselves. */
  local(): LocalKitchen;
  openCurrent(): Promise<void>;
  /** Closes what is open and opens another; acts wait until the step is over. */
  moveTo(name: string): Promise<void>;
  /** Runs steps that sign in or out, one at a time. */
  step<T>(work: () => Promise<T>): Promise<T>;
  /** Runs a call on the open kitchen, which stays open until the call has ended. */
  call<T>(work: (kitchen: LocalKitchen) => Promise<T>): Promise<T>;
  /** The same for writes: they wait until a step has decided whose kitchen is current. */
  act<T>(work: (kitchen: LocalKitchen) => Promise<T>): Promise<T>;
  /** For steps: acts wait from here on until the step is over, and those that have begun are done. */
  readonly hold: () => Promise<void>;
  subscribe(begin: Subscription['begin'], onNews?: Subscription['onNews']): StopWatching;
  /** Closes what is open and ends this owner; acts that have begun are answered before. */
  handOver(): Promise<void>;
  /** The person's word after storage was cleared; another tab may have said it already. */
  afterClearing(choice: AfterClearing): Promise<Cleared>;
  isOpen(opened: OpenKitchen): boolean;
}

// oxlint-disable-next-line max-lines-per-function -- one closure owns the state; its parts are short functions
export function createLine(deps: KitchenSwitchDeps): Line {
  let directory = firstDirectory();
  let opened: OpenKitchen | null = null;
  let openedName = '';
  let reopens = 0;
  let hasEnded = false;
  let isCleared = false;
  /** A newer version waits for the database. */
  let isWanted = false;
  let start: KitchenStart = 'at-once';
  /** The last database that lost its store, as memory held it. */
  let salvaged: Uint8Array<ArrayBuffer> | null = null;
  /** Names of databases that this worker has had open. */
  const seen = new Set<string>();
  const subscriptions = new Set<Subscription>();
  const running = new Set<Promise<unknown>>();
  /** The tail of the steps. */
  let queue: Promise<unknown> = Promise.resolve();
  /** Resolves when a database is open, and when the step that moved is over. */
  let opening = createGate();
  let moving = createGate();
  moving.open();

  /** From here on nobody reaches it; what has begun on it may end. */
  function letGo(): OpenKitchen | null {
    if (opened === null) return null;
    const left = opened;
    opened = null;
    opening = createGate();
    for (const subscription of subscriptions) {
      subscription.stop();
      subscription.stop = nothing;
    }
    left.halt();
    return left;
  }

  async function close(): Promise<void> {
    const closing = letGo();
    await Promise.allSettled(running);
    await closing?.close();
  }

  async function open(name: string): Promise<void> {
    let self: OpenKitchen | null = null;
    let lostEarly: { readonly error: unknown } | null = null;
    const onLost = (error: unknown): void => {
      if (self === null) lostEarly = { error };
      else if (opened === self) reopenAfter(error);
    };
    self = await deps.open(name, onLost, start);
    if (self.isNew && seen.has(name)) {
      await self.close().catch(nothing);
      throw new StorageCleared();
    }
    seen.add(name);
    salvaged = null;
    start = 'at-once';
    opened = self;
    openedName = name;
    if (isWanted) self.halt();
    for (const subscription of subscriptions) subscription.stop = subscription.begin(self);
    opening.open();
    const early = lostEarly as { readonly error: unknown } | null;
    if (early !== null) reopenAfter(early.error);
  }

  async function moveTo(name: string): Promise<void> {
    if (opened !== null && openedName === name) return;
    moving.close();
    await close();
    await open(name);
  }

  function tellAll(news: LineNews): void {
    for (const { onNews } of subscriptions) onNews(news);
  }

  function end(cause: unknown): void {
    hasEnded = true;
    deps.onLost(cause);
  }

  /** The object is dead, the files are not: whatever was acknowledged is there when it opens again. */
  function reopenAfter(cause: unknown): void {
    moving.close();
    const failed = letGo();
    // A full disk is no fault of the store, and lasts as long as it lasts.
    start = cause instanceof StoreError && cause.failure.type === 'full' ? 'after-full' : 'at-once';
    if (start === 'at-once') reopens++;
    if (reopens > REOPENS_MAX) {
      end(cause);
      return;
    }
    // A step that is under way loses its kitchen and ends; every step ends with the right one open.
    step(async () => {
      await Promise.allSettled(running);
      salvaged = failed?.image() ?? null;
      // What the old object still says about its end changes nothing: the files are read anew.
      await failed?.close().catch(nothing);
    }).catch(end);
  }

  function step<T>(work: () => Promise<T>): Promise<T> {
    const result = queue.then(async () => {
      try {
        return await work();
      } finally {
        await comeHome();
      }
    });
    queue = result.catch(() => undefined);
    return result;
  }

  /** However a step ended, the database that the record names is open, and acts may go on. */
  async function comeHome(): Promise<void> {
    if (isCleared || hasEnded) return;
    try {
      if (opened === null || openedName !== directory.current) {
        await close();
        await open(directory.current);
      }
      moving.open();
    } catch (error) {
      if (!(error instanceof StorageCleared)) end(error);
      else {
        isCleared = true;
        tellAll('cleared');
      }
    }
  }

  /** Acts have been waiting, and are done in whichever kitchen is open afterwards. */
  async function beginAfterClearing(choice: AfterClearing): Promise<Cleared> {
    if (!isCleared) return 'kept';
    const here = currentEntry(directory);
    const image = choice === 'keep' ? salvaged : null;
    await deps.remove(here.name); // what was begun in its place
    if (image === null) seen.clear();
    else await deps.restore(here.name, image);
    const next = image === null ? firstDirectory() : { ...directory, kitchens: [here] };
    await deps.file.write(next);
    directory = next;
    isCleared = false;
    return image === null ? 'started-anew' : 'kept';
  }

  async function handOver(): Promise<void> {
    isWanted = true;
    // A step may wait for the server, for minutes; whoever owns the database next asks it again.
    opened?.halt();
    await step(async () => {
      // Only here is what memory holds of it: handed over once a person has said what becomes of that.
      if (isCleared || hasEnded) return;
      // What cannot be ended cleanly is recovered by the next owner.
      await close().catch(nothing);
      end(new Error('handed over'));
    });
  }

  const closedToReads = (): Gate | null => (opened === null ? opening : null);
  const closedToActs = (): Gate | null => (moving.isClosed() ? moving : closedToReads());

  /** From the last look at the gates to the beginning no turn passes: whoever closes one misses nothing. */
  async function call<T>(
    work: (kitchen: LocalKitchen) => Promise<T>,
    closed = closedToReads,
  ): Promise<T> {
    for (;;) {
      assert(!hasEnded, 'the worker has a database');
      const gate = closed();
      if (gate === null) break;
      await gate.passed();
    }
    const result = work(must(opened, 'open gates have a kitchen behind them').kitchen);
    running.add(result);
    try {
      return await result;
    } finally {
      running.delete(result);
    }
  }

  return {
    know(found) {
      directory = found;
    },
    directory: () => directory,
    async record(next) {
      await deps.file.write(next);
      directory = next;
      tellAll('recorded');
    },
    local: () => must(opened, 'a step finds a kitchen open').kitchen,
    openCurrent: () => open(directory.current),
    moveTo,
    step,
    call,
    act: (work) => call(work, closedToActs),
    async hold() {
      moving.close();
      await Promise.allSettled(running);
    },
    subscribe(begin, onNews = nothing) {
      const subscription: Subscription = { begin, onNews, stop: nothing };
      subscriptions.add(subscription);
      if (isCleared) onNews('cleared');
      if (opened !== null) subscription.stop = begin(opened);
      return () => {
        subscriptions.delete(subscription);
        subscription.stop();
      };
    },
    handOver,
    async afterClearing(choice) {
      const cleared = await step(() => beginAfterClearing(choice));
      if (isWanted) handOver().catch(end);
      return cleared;
    },
    isOpen: (candidate) => opened === candidate,
  };
}

interface Gate {
  open(): void;
  close(): void;
  isClosed(): boolean;
  passed(): Promise<void>;
}

/** Closed at first. */
function createGate(): Gate {
  let isClosed = true;
  let waiting: (() => void)[] = [];
  return {
    open() {
      isClosed = false;
      for (const go of waiting) go();
      waiting = [];
    },
    close() {
      isClosed = true;
    },
    isClosed: () => isClosed,
    passed: () =>
      isClosed
        ? new Promise((resolve) => {
            waiting.push(resolve);
          })
        : Promise.resolve(),
  };
}
