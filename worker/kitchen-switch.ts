/**
 * The one `Kitchen` that all tabs talk to, over whichever database of this device is open: one per household
 * and one that needs no account (`protocol.md` B42). It decides which one that is, and nothing else does.
 *
 * What must hold:
 * - One database is open at a time, and the old one is closed, clean end written, before the next is opened.
 * - A watcher sees rows of the open database only. When another one opens, every watcher of every tab is
 *   subscribed again at once, so no tab goes on showing the previous household.
 * - The record in the directory is the moment of the switch: killed before it, the next start is in the old
 *   kitchen, killed after it, in the new one. Rows are never copied between databases.
 * - Acts wait while it is undecided which database is current; a call that has begun ends before its
 *   database is closed. A database that lost its store is opened again in this worker, and acts that were
 *   cut off are done again under their id, which changes nothing if they were kept.
 * - A database is removed only after it let go of its household with nothing unsent. Acts wait from before it
 *   lets go; if its end cannot be recorded and people go on in it, it stays as the one without an account.
 */
import type { Performed, Refusal } from '../shared/acts/acts.ts';
import { assert } from '../shared/assert.ts';
import { err, type Result } from '../shared/result.ts';
import type { Account, AttachOutcome, DetachOutcome, Kitchen, LocalRows } from '../shared/rpc.ts';
import { OPENING, type SyncStatus } from '../shared/status.ts';
import type { Directory, KitchenEntry } from './host/kitchen-directory.ts';
import { createLine, type KitchenSwitchDeps, type Line, type LineNews } from './kitchen-line.ts';
import {
  currentEntry,
  findAnonymous,
  findHousehold,
  firstDirectory,
  getEntry,
  newEntry,
  sealedKitchens,
  unsentOf,
  withCurrent,
  withEntry,
  withoutEntry,
} from './kitchens.ts';
import { StoreError } from './store/files.ts';

const nothing = (): void => undefined;

export async function openKitchenSwitch(deps: KitchenSwitchDeps): Promise<Kitchen> {
  const line = createLine(deps);
  const directory = (await deps.file.read()) ?? firstDirectory();
  line.know(directory);
  await line.openCurrent();
  await finishWhatBegan(deps, line);
  return kitchenOver(deps, line);
}

function kitchenOver(deps: KitchenSwitchDeps, line: Line): Kitchen {
  const statuses = createStatuses(line);
  return {
    async perform(act, args, actId) {
      const once = () => line.act((kitchen) => kitchen.perform(act, args, actId));
      const first = await notSavedAsValue(once);
      // The store failed under the call. Opened again, the act is there or it is not; its id tells.
      const outcome = hasLostItsStore(first) ? await notSavedAsValue(once) : first;
      statuses.noteOutcome(outcome);
      return outcome;
    },
    ask: (query, args) => twice(() => line.call((kitchen) => kitchen.ask(query, args))),
    async watch(query, args, onRows) {
      return line.subscribe((opened) =>
        opened.kitchen.watch(query, args, (rows) => {
          if (line.isOpen(opened)) onRows(rows);
        }),
      );
    },
    async watchStatus(onStatus) {
      const tell = statuses.teller(onStatus);
      const stop = line.subscribe(
        (opened) =>
          opened.kitchen.watchStatus((status) => {
            if (!line.isOpen(opened)) return;
            noteAdopted(line, status);
            tell(status);
          }),
        tell,
      );
      return () => {
        stop();
        statuses.forget(tell);
      };
    },
    attach: (account, localRows) => line.step(() => attach(deps, line, account, localRows)),
    detach: (unsent) =>
      line.step(() => (unsent === 'keep-locked' ? seal(deps, line) : leave(deps, line))),
    account: () => twice(() => line.call((kitchen) => kitchen.account())),
    decide: (table, id, side) => line.act((kitchen) => kitchen.decide(table, id, side)),
    syncNow: () =>
      line.act(async (kitchen) => {
        await kitchen.sync();
      }),
    wake: () =>
      line.call((kitchen) => {
        kitchen.wake();
        return Promise.resolve();
      }),
    afterClearing: (choice) => line.afterClearing(choice),
    exportUnsent: () => line.act((kitchen) => kitchen.exportUnsent()),
    discardUnsent: (confirmation) => line.act((kitchen) => kitchen.discardUnsent(confirmation)),
    exportLost: () => twice(() => line.call((kitchen) => kitchen.exportLost())),
    dismissLost: () => line.act((kitchen) => kitchen.dismissLost()),
    handOver: () => line.handOver(),
    dump: () => twice(() => line.call((kitchen) => kitchen.dump())),
  };
}

type Teller = (news: SyncStatus | LineNews | 'as before') => void;

/**
 * Statuses as tabs are told them: which kitchen is open and what is locked, and what acts have found out
 * about the disk. An act that found no room is the truth about it until another one was saved, whatever
 * smaller writes of the exchange manage to squeeze in.
 */
function createStatuses(line: Line) {
  const tellers = new Set<Teller>();
  let last = OPENING;
  let isFull = false;
  return {
    teller(onStatus: (status: SyncStatus) => void): Teller {
      const tell: Teller = (news) => {
        if (typeof news !== 'string') last = news;
        const directory = line.directory();
        const whole = {
          ...last,
          kitchen: directory.current,
          sealed: sealedKitchens(directory),
        };
        if (news === 'cleared') onStatus({ ...whole, phase: 'storage-cleared' });
        else onStatus(isFull ? { ...whole, phase: 'storage-full' } : whole);
      };
      tellers.add(tell);
      return tell;
    },
    forget: (tell: Teller) => tellers.delete(tell),
    noteOutcome(outcome: Outcome): void {
      const foundNoRoom = !outcome.ok && isNotSaved(outcome.error, 'full');
      if (isFull === foundNoRoom || (!outcome.ok && !foundNoRoom)) return;
      isFull = foundNoRoom;
      for (const tell of tellers) tell('as before');
    },
  };
}

/** Reading again is harmless, and after a lost store it reads what was kept. */
async function twice<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    return read();
  }
}

type Outcome = Result<Performed, Refusal>;

const isNotSaved = (refusal: Refusal, reason: 'full' | 'broken'): boolean =>
  refusal.type === 'not-saved' && refusal.reason === reason;

const hasLostItsStore = (outcome: Outcome): boolean =>
  !outcome.ok && isNotSaved(outcome.error, 'broken');

async function notSavedAsValue(perform: () => Promise<Outcome>): Promise<Outcome> {
  try {
    return await perform();
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    const reason = error.failure.type === 'full' ? 'full' : 'broken';
    return err({ type: 'not-saved', reason });
  }
}

async function attach(
  deps: KitchenSwitchDeps,
  line: Line,
  account: Account,
  localRows: LocalRows,
): Promise<AttachOutcome> {
  const here = currentEntry(line.directory());
  if (here.account === null && localRows === 'adopt') return adopt(deps, line, here, account);
  if (here.account?.householdId === account.householdId) return resume(line, account);
  return enter(deps, line, account);
}

/** The same household again, perhaps another person of it. */
async function resume(line: Line, account: Account): Promise<AttachOutcome> {
  const outcome = await line.local().join(account);
  if (outcome.type === 'attached') await recordJoined(line, account);
  return outcome;
}

/** Marks the open kitchen as the account's. */
async function recordJoined(line: Line, account: Account): Promise<void> {
  const directory = line.directory();
  const here = currentEntry(directory);
  await line.record(withEntry(directory, { ...here, account, adopting: null, isLeaving: false }));
}

/** The rows made without an account become the household's: their database becomes its database. */
async function adopt(
  deps: KitchenSwitchDeps,
  line: Line,
  here: KitchenEntry,
  account: Account,
): Promise<AttachOutcome> {
  const known = findHousehold(line.directory(), account.householdId);
  if (known !== undefined && (await line.local().countOwnRows()) === 0) {
    return enter(deps, line, account);
  }
  if (known !== undefined && !(await sendAndRemove(deps, line, known))) {
    // The household's own database on this device still has something to say, and only it can say it.
    const outcome = await enter(deps, line, account);
    return outcome.type === 'attached' ? { type: 'attached-apart' } : outcome;
  }
  await line.record(withEntry(line.directory(), { ...here, adopting: account }));
  return resume(line, account);
}

/** Sends what a closed kitchen of the household has kept, and removes it. False: it must stay. */
async function sendAndRemove(
  deps: KitchenSwitchDeps,
  line: Line,
  known: KitchenEntry,
): Promise<boolean> {
  const here = line.directory().current;
  await line.moveTo(known.name);
  const left = await line.local().leave(line.hold);
  const isGone = left.type === 'detached';
  // Only now: a closed kitchen that is marked so is removed at the next start.
  if (isGone) await line.record(withEntry(line.directory(), { ...known, isLeaving: true }));
  await line.moveTo(here);
  if (isGone) await removeLeft(deps, line, known.name);
  return isGone;
}

/** Opens the household's own database. The one that was open stays as it is, sealed. */
async function enter(
  deps: KitchenSwitchDeps,
  line: Line,
  account: Account,
): Promise<AttachOutcome> {
  const before = line.directory();
  const here = noteUnsent(before, line.local().status());
  const target = findHousehold(before, account.householdId) ?? newEntry(deps.newName(), account);
  await line.record(withEntry(withEntry(before, here), target));
  await line.moveTo(target.name);
  const outcome = await line.local().join(account);
  // If it did not work, the record still names the kitchen that was open, and the step ends there.
  if (outcome.type !== 'attached') return outcome;
  await line.record(withCurrent(line.directory(), target.name));
  await recordJoined(line, account);
  return outcome;
}

const noteUnsent = (directory: Directory, status: SyncStatus): KitchenEntry => ({
  ...currentEntry(directory),
  isLeaving: false,
  unsent: unsentOf(status),
});

/** Signs out and keeps the database as it is, closed, for when its people come back. */
async function seal(deps: KitchenSwitchDeps, line: Line): Promise<DetachOutcome> {
  const directory = line.directory();
  if (currentEntry(directory).account === null) return leave(deps, line);
  const here = noteUnsent(directory, line.local().status());
  await toAnonymous(deps, line, withEntry(directory, here));
  return { type: 'detached' };
}

/** Signs out with nothing unsent; the copy on this device goes. */
async function leave(deps: KitchenSwitchDeps, line: Line): Promise<DetachOutcome> {
  const here = currentEntry(line.directory());
  if (here.account === null) return line.local().leave(line.hold);
  await line.record(withEntry(line.directory(), { ...here, isLeaving: true }));
  const outcome = await line.local().leave(line.hold);
  if (outcome.type === 'detached') await finishLeaving(deps, line);
  else await line.record(withEntry(line.directory(), { ...here, isLeaving: false }));
  return outcome;
}

/** The open kitchen let go of its household: out of it, and away with it. */
async function finishLeaving(deps: KitchenSwitchDeps, line: Line): Promise<void> {
  const left = line.directory().current;
  if (unsentOf(line.local().status()).rows > 0) {
    // It could not be recorded at once that they left, and somebody went on writing.
    await keepAsAnonymous(line);
    return;
  }
  await toAnonymous(deps, line, line.directory());
  await removeLeft(deps, line, left);
}

/** The household's rows went when it let go; what is left was written afterwards, by whoever was here. */
async function keepAsAnonymous(line: Line): Promise<void> {
  // Until that is on disk it stays as it is, and the next start tries again.
  if (!(await line.local().forgetPast())) return;
  const directory = line.directory();
  const here = currentEntry(directory);
  await line.record(withEntry(directory, { ...here, account: null, isLeaving: false }));
}

async function toAnonymous(
  deps: KitchenSwitchDeps,
  line: Line,
  directory: Directory,
): Promise<void> {
  const target = findAnonymous(directory, directory.current) ?? newEntry(deps.newName(), null);
  // Nothing of the old kitchen is shown from here on, not even after a crash.
  await line.record(withCurrent(withEntry(directory, target), target.name));
  await line.moveTo(target.name);
}

async function removeLeft(deps: KitchenSwitchDeps, line: Line, name: string): Promise<void> {
  assert(getEntry(line.directory(), name).isLeaving, 'only a kitchen that was left is removed');
  assert(line.directory().current !== name, 'the open kitchen is not removed');
  // Its rows are gone already; files that resist now are tried again at the next start.
  const isRemoved = await deps.remove(name).then(
    () => true,
    () => false,
  );
  if (isRemoved) await line.record(withoutEntry(line.directory(), name));
}

/** A first download that was interrupted goes on by itself; once it is done, the kitchen has its account. */
function noteAdopted(line: Line, { phase }: SyncStatus): void {
  if (phase === 'local-only' || phase === 'first-download') return;
  if (currentEntry(line.directory()).adopting === null) return;
  void line.step(() => settleAdopting(line)).catch(nothing);
}

async function settleAdopting(line: Line): Promise<void> {
  const { adopting } = currentEntry(line.directory());
  if (adopting === null || line.local().household() !== adopting.householdId) return;
  await line.local().setAccount(adopting);
  await recordJoined(line, adopting);
}

async function finishOrForgetLeaving(deps: KitchenSwitchDeps, line: Line): Promise<void> {
  const kitchen = line.local();
  const isUnsent = unsentOf(kitchen.status()).rows > 0;
  // Without a household, but with its account and unsent work: the server forgot it, nobody left it.
  const isForgotten = isUnsent && (await kitchen.account()) !== null;
  if (kitchen.household() === null && !isForgotten) {
    await finishLeaving(deps, line);
    return;
  }
  const here = currentEntry(line.directory());
  await line.record(withEntry(line.directory(), { ...here, isLeaving: false }));
}

/** Steps that an earlier worker did not live to end. */
async function finishWhatBegan(deps: KitchenSwitchDeps, line: Line): Promise<void> {
  await settleAdopting(line);
  if (currentEntry(line.directory()).isLeaving) await finishOrForgetLeaving(deps, line);
  const here = currentEntry(line.directory());
  if (here.account !== null && line.local().household() === null) {
    // The server had forgotten the household, and the worker ended before it was joined anew.
    const { account } = here;
    void line.step(() => resume(line, account)).catch(nothing);
  }
  const account = await line.local().account();
  // Devices that were used before there was a directory know it from the database alone.
  if (here.account === null && account !== null && line.local().household() !== null) {
    await recordJoined(line, account);
  }
  for (const { name, isLeaving } of line.directory().kitchens) {
    // One that is not current was marked after it let go, or was current while it did.
    if (isLeaving && name !== line.directory().current) await removeLeft(deps, line, name);
  }
}
