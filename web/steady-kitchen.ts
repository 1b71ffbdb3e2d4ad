/**
 * The kitchen of one tab, over as many owners as it takes. An owner can end without a word (the browser
 * killed its worker, its tab closed, its store was lost); what the tab asked for is then asked again of the
 * next one, and nobody above this file notices.
 *
 * What must hold: a call is answered once, by whichever owner lived long enough. Asking again is safe: an
 * act carries its id and is applied once, everything else says what is wanted, not what to do. A watch goes
 * on over all owners until it is stopped. Owners that end again and again are given up, aloud: then every
 * call that waits is refused, and nothing claims to be saved. A tab that a newer version has taken the place of
 * hands its owner over and asks for no other: two versions would take the database from each other for ever.
 */
import type { Kitchen, StopWatching } from '../shared/rpc.ts';

/** One life of an owner, as this tab reached it. */
export interface OwnerLife {
  readonly kitchen: Kitchen;
  /** Resolves with the reason once the owner is known to be gone. */
  readonly ended: Promise<unknown>;
}

export interface SteadyKitchen extends Kitchen {
  /** A newer version is here. Resolves when the owner of this one has let go of the database. */
  retire(): Promise<void>;
}

export interface SteadyDeps {
  readonly reach: () => OwnerLife;
  readonly onGivenUp: (error: unknown) => void;
  readonly nowMs: () => number;
  readonly pause: (ms: number) => Promise<void>;
}

/** Before the next owner is asked for; the last one is the end. The browser may need a moment itself. */
const PAUSES_MS = [0, 250, 1_000, 2_000, 4_000] as const;
/** An owner that lived this long was no failure of starting. */
const HEALTHY_AFTER_MS = 30_000;

interface Watch {
  readonly begin: (kitchen: Kitchen) => Promise<StopWatching>;
  stop: StopWatching;
  isOver: boolean;
  /** Being asked for anew; the asking itself goes on over further owners. */
  isCarried: boolean;
}

const nothing = (): void => undefined;
const LOST = Symbol('the owner ended');

// oxlint-disable-next-line max-lines-per-function -- one closure owns the state; its parts are short functions
export function createSteadyKitchen(deps: SteadyDeps): SteadyKitchen {
  let owner: Kitchen | null = null;
  let givenUp: { readonly error: unknown } | null = null;
  let waiting: (() => void)[] = [];
  let tellRetired: (() => void) | null = null;
  /** Told when the present owner ends; a promise for each call would grow with every call of the tab. */
  const pending = new Set<() => void>();
  const watches = new Set<Watch>();

  async function follow(): Promise<void> {
    for (let losses = 0; ; losses += 1) {
      if (tellRetired !== null) {
        retireNow(tellRetired);
        return;
      }
      const reachedAtMs = deps.nowMs();
      const life = reachOrGiveUp();
      if (life === null) return;
      owner = life.kitchen;
      wakeWaiting();
      for (const watch of watches) void carryOn(watch);
      const reason = await life.ended;
      owner = null;
      for (const tell of pending) tell();
      if (deps.nowMs() - reachedAtMs >= HEALTHY_AFTER_MS) losses = 0;
      const pauseMs = PAUSES_MS[losses];
      if (pauseMs === undefined) {
        giveUp(reason);
        return;
      }
      if (tellRetired === null) await deps.pause(pauseMs);
    }
  }

  /** A browser that blocks site data throws where a worker is asked for, and will the next time too. */
  function reachOrGiveUp(): OwnerLife | null {
    try {
      return deps.reach();
    } catch (error) {
      giveUp(error);
      return null;
    }
  }

  function retireNow(tell: () => void): void {
    givenUp = { error: new Error('this tab is from an older version') };
    wakeWaiting();
    tell();
  }

  function giveUp(error: unknown): void {
    givenUp = { error };
    wakeWaiting();
    deps.onGivenUp(error);
  }

  function wakeWaiting(): void {
    const woken = waiting;
    waiting = [];
    for (const wake of woken) wake();
  }

  async function call<T>(work: (kitchen: Kitchen) => Promise<T>): Promise<T> {
    for (;;) {
      if (givenUp !== null) throw givenUp.error;
      if (owner === null) {
        await new Promise<void>((resolve) => waiting.push(resolve));
        continue;
      }
      const outcome = await unlessLost(work(owner));
      if (outcome !== LOST) return outcome;
    }
  }

  function unlessLost<T>(answer: Promise<T>): Promise<T | typeof LOST> {
    return new Promise((resolve, reject) => {
      const tell = (): void => resolve(LOST);
      pending.add(tell);
      answer.then(resolve, reject).finally(() => pending.delete(tell));
    });
  }

  /** The same watch at the next owner; the one before took its own end of it along. */
  async function carryOn(watch: Watch): Promise<void> {
    if (watch.isCarried) return;
    watch.isCarried = true;
    watch.stop = nothing;
    try {
      const stop = await call(watch.begin);
      if (watch.isOver) stop();
      else watch.stop = stop;
    } catch (error) {
      if (givenUp === null) giveUp(error);
    }
    watch.isCarried = false;
  }

  async function watching(begin: Watch['begin']): Promise<StopWatching> {
    const watch: Watch = { begin, stop: await call(begin), isOver: false, isCarried: false };
    watches.add(watch);
    return () => {
      watch.isOver = true;
      watches.delete(watch);
      watch.stop();
    };
  }

  function retire(): Promise<void> {
    return new Promise((resolve) => {
      tellRetired = resolve;
      // Its end is what counts: the answer may go down with it.
      owner?.handOver().catch(nothing);
    });
  }

  void follow();
  return {
    retire,
    handOver: () => call((kitchen) => kitchen.handOver()),
    perform: (act, args, actId) => call((kitchen) => kitchen.perform(act, args, actId)),
    ask: (query, args) => call((kitchen) => kitchen.ask(query, args)),
    watch: (query, args, onRows) => watching((kitchen) => kitchen.watch(query, args, onRows)),
    watchStatus: (onStatus) => watching((kitchen) => kitchen.watchStatus(onStatus)),
    attach: (account, localRows) => call((kitchen) => kitchen.attach(account, localRows)),
    detach: (unsent) => call((kitchen) => kitchen.detach(unsent)),
    account: () => call((kitchen) => kitchen.account()),
    decide: (table, id, side) => call((kitchen) => kitchen.decide(table, id, side)),
    syncNow: () => call((kitchen) => kitchen.syncNow()),
    wake: () => call((kitchen) => kitchen.wake()),
    afterClearing: (choice) => call((kitchen) => kitchen.afterClearing(choice)),
    exportUnsent: () => call((kitchen) => kitchen.exportUnsent()),
    discardUnsent: (confirmation) => call((kitchen) => kitchen.discardUnsent(confirmation)),
    exportLost: () => call((kitchen) => kitchen.exportLost()),
    dismissLost: () => call((kitchen) => kitchen.dismissLost()),
    dump: () => call((kitchen) => kitchen.dump()),
  };
}
