/**
 * One exchange with no tab open: the service worker becomes the owner for a moment and runs the same engine
 * (`storage.md` §12). Push, replay, pull, all durable; no merging of files, no first things, no loop.
 *
 * What must hold: it never races a tab. It works only under the owner lock, waits for it 5 s at most, and
 * lets go as soon as anybody else asks for it, or after its budget: requests in flight are cut (the next
 * owner repeats them, the server knows them again), the local transaction is finished and made durable.
 */
import { openKitchenDirectory } from './host/kitchen-directory.ts';
import type { WasmSource } from './host/sqlite-engine.ts';
import { acquireOwnerLock, type HeldLock, ownerLockName } from './host/web-locks.ts';
import { currentEntry, firstDirectory } from './kitchens.ts';
import { openKitchen, OWNED } from './open-kitchen.ts';

const LOCK_PATIENCE_MS = 5_000;
/** Browsers end an event after minutes; a phone that was woken up should sleep again much sooner. */
const BUDGET_MS = 60_000;
/** How often it looks whether a tab wants the database. */
const LOOK_EVERY_MS = 200;

export type BackgroundSyncOutcome =
  /** Everything this device had to say is answered, or there is nobody to say it to. */
  | 'done'
  /** A tab's worker owns the database and sends by itself. */
  | 'owned'
  /** Something is still unsent: the browser may try again. */
  | 'unsent';

export interface BackgroundSyncDeps {
  readonly baseUrl: string;
  readonly wasm: () => Promise<WasmSource>;
}

export async function syncInBackground(deps: BackgroundSyncDeps): Promise<BackgroundSyncOutcome> {
  const lock = await tryOwning();
  if (lock === null) return 'owned';
  try {
    return await exchangeOnce(deps);
  } finally {
    lock.release();
  }
}

/** Null when the owner does not let go in time. */
async function tryOwning(): Promise<HeldLock | null> {
  try {
    return await acquireOwnerLock(OWNED, { signal: AbortSignal.timeout(LOCK_PATIENCE_MS) });
  } catch {
    return null;
  }
}

async function exchangeOnce({ baseUrl, wasm }: BackgroundSyncDeps): Promise<BackgroundSyncOutcome> {
  const directory = (await (await openKitchenDirectory()).read()) ?? firstDirectory();
  const { name, isLeaving } = currentEntry(directory);
  // A sign-out that was cut off is the next tab's business.
  if (isLeaving) return 'done';
  let isLost = false;
  let halt = (): void => undefined;
  const opened = await openKitchen({
    baseUrl,
    databaseName: name,
    wasm: await wasm(),
    stay: 'brief',
    onLost: () => {
      isLost = true;
      halt();
    },
  });
  halt = () => opened.halt();
  const stopLooking = haltWhenWanted(halt);
  try {
    if (opened.kitchen.household() === null) return 'done';
    const { failure } = await opened.kitchen.sync();
    if (isLost) return 'unsent';
    return failure === null && opened.kitchen.status().unsent.rows === 0 ? 'done' : 'unsent';
  } finally {
    stopLooking();
    await opened.close();
  }
}

/** Calls `halt` once when somebody waits for the database, or the budget is used up. */
function haltWhenWanted(halt: () => void): () => void {
  const name = ownerLockName(OWNED);
  const look = async (): Promise<void> => {
    const { pending = [] } = await navigator.locks.query();
    if (pending.some((request) => request.name === name)) halt();
  };
  const looking = setInterval(() => void look().catch(halt), LOOK_EVERY_MS);
  const ending = setTimeout(halt, BUDGET_MS);
  return () => {
    clearInterval(looking);
    clearTimeout(ending);
  };
}
