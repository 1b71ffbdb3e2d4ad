/**
 * The switch over databases that are plain records: what is tested here is the order of record, opening,
 * closing and removing, killed at every step. The real databases under it are the business of the browser
 * journeys (`test/e2e/households.spec.ts`) and, for a store that fails, of `store-loss.test.ts`.
 */
import { describe, expect, test } from 'vitest';
import { ok } from '../shared/result.ts';
import type { Account, Kitchen } from '../shared/rpc.ts';
import type { SyncStatus } from '../shared/status.ts';
import {
  createMemoryDirectory,
  type Directory,
  type DirectoryFile,
} from './host/kitchen-directory.ts';
import { openKitchenSwitch } from './kitchen-switch.ts';
import type { LocalKitchen, OpenKitchen } from './kitchen.ts';

const account = (name: string): Account => ({
  accountId: `account-${name}`,
  name,
  email: `${name.toLowerCase()}@example.test`,
  householdId: `household-${name}`,
  householdName: `${name}'s household`,
});
const [ana, ben] = [account('Ana'), account('Ben')];

interface Rows {
  household: string | null;
  account: Account | null;
  sent: string[];
  unsent: string[];
}

/** One browser profile and the households on the server; workers come and go over it. */
function createProfile() {
  const databases = new Map<string, Rows>();
  const households = new Map<string, string[]>();
  const file = createMemoryDirectory();
  let isOnline = true;
  let isSilent = false;
  let names = 0;
  return {
    databases,
    households,
    file,
    newName: () => `kitchen-${++names}`,
    /** May throw, as a disk without room does. */
    beforeRecord: (_directory: Directory): void => undefined,
    online: (now: boolean) => {
      isOnline = now;
    },
    isOnline: () => isOnline,
    /** The server takes requests and answers none. */
    fallSilent: () => {
      isSilent = true;
    },
    isSilent: () => isSilent,
  };
}
type Profile = ReturnType<typeof createProfile>;

const noop = (): void => undefined;

const status = (rows: Rows): SyncStatus => ({
  phase: rows.household === null ? 'local-only' : 'idle',
  unsent: { acts: rows.unsent.length, rows: rows.unsent.length },
  held: 0,
  choices: 0,
  durable: 'strict',
  progress: null,
  lastExchangeAt: null,
  nextTryAt: null,
  lastError: null,
  checkpoint: 0,
  sourceId: '',
});

/** A worker that is killed before its `killAt`-th step and then never answers anything. */
function startWorker(profile: Profile, killAt = Infinity, onStep: (count: number) => void = noop) {
  let steps = 0;
  let open: string | null = null;
  let isHandedOver = false;
  const step = (): Promise<void> => {
    steps += 1;
    if (steps >= killAt) return new Promise(() => undefined);
    onStep(steps);
    return Promise.resolve();
  };

  const send = (rows: Rows): boolean => {
    if (rows.household === null || !profile.isOnline()) return false;
    const known = profile.households.get(rows.household) ?? [];
    profile.households.set(rows.household, [...known, ...rows.unsent]);
    rows.sent = [...known, ...rows.unsent];
    rows.unsent = [];
    return true;
  };

  const kitchenOf = (rows: Rows, halted: Promise<void>): LocalKitchen =>
    ({
      async perform(_act: string, args: { readonly title: string }) {
        await step();
        rows.unsent.push(args.title);
        return ok({ actId: '', sentence: { key: '', values: {} }, undoable: false });
      },
      ask: () => Promise.resolve([...rows.sent, ...rows.unsent]),
      watch(_query: string, _args: unknown, onRows: (titles: string[]) => void) {
        onRows([...rows.sent, ...rows.unsent]);
        return () => undefined;
      },
      watchStatus(onStatus: (now: SyncStatus) => void) {
        onStatus(status(rows));
        return () => undefined;
      },
      status: () => status(rows),
      household: () => rows.household,
      async join(joining: Account) {
        await step();
        if (profile.isSilent()) {
          await halted;
          return { type: 'unreachable' };
        }
        if (!profile.isOnline() && rows.household === null) return { type: 'unreachable' };
        rows.household = joining.householdId;
        rows.account = joining;
        send(rows);
        await step();
        return { type: 'attached', keptRows: 0 };
      },
      async leave(hold: () => Promise<void>) {
        await step();
        if (rows.household === null) return { type: 'detached' };
        if (profile.isSilent()) await halted.then(() => profile.online(false));
        if (!send(rows)) return { type: 'failed', code: 'network' };
        await step();
        await hold();
        send(rows);
        Object.assign(rows, { household: null, account: null, sent: [] });
        await step();
        return { type: 'detached' };
      },
      account: () => Promise.resolve(rows.account),
      setAccount(next: Account) {
        rows.account = next;
        return Promise.resolve();
      },
      forgetPast() {
        rows.account = null;
        return Promise.resolve(true);
      },
      countOwnRows: () => Promise.resolve(rows.unsent.length),
      dump: () => Promise.resolve(''),
    }) as unknown as LocalKitchen;

  const file: DirectoryFile = {
    read: () => profile.file.read(),
    async write(directory) {
      await step();
      profile.beforeRecord(directory);
      await profile.file.write(directory);
      await step();
    },
  };
  const opening: Promise<Kitchen> = openKitchenSwitch({
    file,
    async open(name): Promise<OpenKitchen> {
      await step();
      expect(open, 'one database is open at a time').toBeNull();
      open = name;
      const rows = profile.databases.get(name) ?? {
        household: null,
        account: null,
        sent: [],
        unsent: [],
      };
      profile.databases.set(name, rows);
      let halt = noop;
      const halted = new Promise<void>((resolve) => {
        halt = resolve;
      });
      return {
        kitchen: kitchenOf(rows, halted),
        isNew: false,
        image: () => null,
        halt: () => halt(),
        async close() {
          await step();
          open = null;
        },
      };
    },
    async remove(name) {
      await step();
      expect(open).not.toBe(name);
      profile.databases.delete(name);
    },
    newName: profile.newName,
    restore: () => Promise.reject(new Error('nothing was cleared here')),
    onLost: (error) => {
      if (!String(error).includes('handed over')) throw error;
      expect(open, 'nothing is open when it ends').toBeNull();
      isHandedOver = true;
    },
  });
  return { opening, steps: () => steps, isHandedOver: () => isHandedOver };
}

const add = (kitchen: Kitchen, title: string): Promise<unknown> =>
  kitchen.perform('list.add', { title } as never, title);

const shown = async (kitchen: Kitchen): Promise<unknown> => kitchen.ask('list', { storeId: null });

/** Everything that anybody wrote, wherever it is now. */
function everywhere(profile: Profile): string[] {
  const kept = [...profile.databases.values()].flatMap(({ unsent }) => unsent);
  return [...[...profile.households.values()].flat(), ...kept].sort((a, b) => (a < b ? -1 : 1));
}

describe('which kitchen is open', () => {
  test('[CONN-55] rows kept apart come back after signing out, in every tab', async () => {
    const profile = createProfile();
    profile.households.set(ana.householdId, ['household']);
    const kitchen = await startWorker(profile).opening;
    const tab: unknown[] = [];
    await add(kitchen, 'mine');
    await kitchen.watch('list', { storeId: null }, (rows) => void tab.push(rows));
    expect(await kitchen.attach(ana, 'keep-apart')).toMatchObject({ type: 'attached' });
    expect(await shown(kitchen)).toEqual(['household']);
    expect(await kitchen.detach('send-first')).toEqual({ type: 'detached' });
    expect(await shown(kitchen)).toEqual(['mine']);
    expect(tab.at(-1)).toEqual(['mine']);
    expect(profile.databases.size).toBe(1);
  });

  test('[CONN-56] sealed work is told, survives a restart, and goes out with its own people only', async () => {
    const profile = createProfile();
    let kitchen = await startWorker(profile).opening;
    await kitchen.attach(ana, 'adopt');
    profile.online(false);
    await add(kitchen, 'locked');
    expect(await kitchen.detach('send-first')).toMatchObject({ type: 'failed' });
    expect(await kitchen.detach('keep-locked')).toEqual({ type: 'detached' });
    kitchen = await startWorker(profile).opening;
    const told: SyncStatus[] = [];
    await kitchen.watchStatus((now) => void told.push(now));
    expect(told.at(-1)?.sealed).toEqual([{ name: 'Ana', acts: 1, rows: 1 }]);
    profile.online(true);
    await kitchen.attach(ben, 'adopt');
    expect(await shown(kitchen)).toEqual([]);
    expect(profile.households.get(ben.householdId) ?? []).toEqual([]);
    await kitchen.detach('send-first');
    await kitchen.attach(ana, 'adopt');
    expect(profile.households.get(ana.householdId)).toEqual(['locked']);
  });

  test('[CONN-52] every tab is told at once which kitchen is open, when nothing else happens there', async () => {
    const profile = createProfile();
    const kitchen = await startWorker(profile).opening;
    const told: (string | undefined)[] = [];
    await kitchen.watchStatus(({ kitchen: name }) => void told.push(name));
    const current = async () => (await profile.file.read())?.current;
    await kitchen.attach(ana, 'adopt');
    const ofAna = await current();
    await kitchen.attach(ben, 'keep-apart');
    expect(await current()).not.toBe(ofAna);
    expect(told.at(-1)).toBe(await current());
    await kitchen.attach(ana, 'keep-apart');
    expect(told.at(-1)).toBe(ofAna);
    await kitchen.detach('keep-locked');
    expect(told.at(-1)).toBe(await current());
  });

  test('[CONN-57] rows that cannot join yet are kept apart, and the person is told', async () => {
    const profile = createProfile();
    const kitchen = await startWorker(profile).opening;
    await kitchen.attach(ana, 'adopt');
    profile.online(false);
    await add(kitchen, 'locked');
    await kitchen.detach('keep-locked');
    await add(kitchen, 'later');
    expect(await kitchen.attach(ana, 'adopt')).toEqual({ type: 'attached-apart' });
    expect(await shown(kitchen)).toEqual(['locked']);
    profile.online(true);
    await kitchen.detach('send-first');
    expect(await shown(kitchen)).toEqual(['later']);
  });
});

/** Signs in and out in every way there is, with something unsent at each turn. */
const journey = [
  (kitchen: Kitchen) => add(kitchen, 'anonymous'),
  (kitchen: Kitchen) => kitchen.attach(ana, 'keep-apart'),
  (kitchen: Kitchen) => add(kitchen, 'of Ana'),
  (kitchen: Kitchen) => kitchen.detach('keep-locked'),
  (kitchen: Kitchen) => kitchen.attach(ben, 'keep-apart'),
  (kitchen: Kitchen) => add(kitchen, 'of Ben'),
  (kitchen: Kitchen) => kitchen.attach(ana, 'adopt'),
  (kitchen: Kitchen) => kitchen.detach('send-first'),
  (kitchen: Kitchen) => kitchen.attach(ben, 'adopt'),
  (kitchen: Kitchen) => add(kitchen, 'more of Ben'),
  (kitchen: Kitchen) => kitchen.detach('send-first'),
];

/** What a worker of this life managed to acknowledge before it was killed. */
async function live(profile: Profile, killAt: number, acknowledged: string[]): Promise<boolean> {
  const worker = startWorker(profile, killAt);
  const life = { isOver: false };
  const whole = (async () => {
    const kitchen = await worker.opening;
    for (const turn of journey) {
      const before = everywhere(profile);
      await turn(kitchen);
      for (const title of everywhere(profile)) {
        if (!before.includes(title)) acknowledged.push(title);
      }
    }
    life.isOver = true;
  })();
  // A killed worker hangs for ever: everything that can happen has happened after some turns.
  for (let turns = 0; turns < 2_000 && !life.isOver; turns++) await Promise.resolve();
  if (life.isOver) await whole;
  return life.isOver;
}

test('[CONN-58] killed at any step of signing in and out, nothing is lost, doubled or shown to others', async () => {
  let isOver = false;
  let killAt = 1;
  for (; !isOver; killAt++) {
    const profile = createProfile();
    const acknowledged: string[] = [];
    isOver = await live(profile, killAt, acknowledged);
    expect(everywhere(profile)).toEqual(acknowledged.toSorted((a, b) => (a < b ? -1 : 1)));
    const next = await startWorker(profile).opening;
    await next.detach('keep-locked');
    for (const person of [ana, ben]) {
      expect(await next.attach(person, 'keep-apart')).toMatchObject({ type: 'attached' });
      const mine = `of ${person.name}`;
      const rows = (await shown(next)) as string[];
      expect(rows.filter((title) => title.includes(' of ') && !title.includes(mine))).toEqual([]);
      expect(await next.detach('send-first')).toEqual({ type: 'detached' });
    }
    const all = everywhere(profile);
    expect(all).toEqual([...new Set(all)]);
    expect(all).toEqual(expect.arrayContaining(acknowledged));
    const isStray = ([name]: [string, Rows]) =>
      name !== 'kitchen' && profile.databases.get(name)?.account !== null;
    expect([...profile.databases].filter(isStray)).toEqual([]);
  }
  expect(killAt).toBeGreaterThan(60);
});

/** What another tab writes at a given step of a sign-out, with the worker killed at another. */
async function writeWhileLeaving(writeAt: number, killAt: number) {
  const profile = createProfile();
  const acknowledged: string[] = [];
  let begunAt = Infinity;
  let tab: Kitchen | null = null;
  const worker = startWorker(profile, killAt, (step) => {
    if (tab === null || step - begunAt !== writeAt) return;
    void add(tab, 'late').then(() => acknowledged.push('late'));
  });
  const life = { isOver: false };
  const whole = (async () => {
    const kitchen = await worker.opening;
    await kitchen.attach(ana, 'adopt');
    await add(kitchen, 'early');
    acknowledged.push('early');
    begunAt = worker.steps();
    tab = kitchen;
    expect(await kitchen.detach('send-first')).toEqual({ type: 'detached' });
    life.isOver = true;
  })();
  for (let turns = 0; turns < 500; turns++) await Promise.resolve();
  if (life.isOver) await whole;
  return { profile, acknowledged, isOver: life.isOver, steps: worker.steps() - begunAt };
}

test('[CONN-520] what another tab writes while somebody signs out is kept, killed at any step', async () => {
  const unkilled = await writeWhileLeaving(0, Infinity);
  expect(unkilled.steps).toBeGreaterThan(10);
  for (let writeAt = 1; writeAt <= unkilled.steps; writeAt++) {
    let isOver = false;
    for (let killAt = 1; !isOver; killAt++) {
      const life = await writeWhileLeaving(writeAt, killAt);
      isOver = life.isOver;
      const next = await startWorker(life.profile).opening;
      expect(everywhere(life.profile)).toEqual(expect.arrayContaining(life.acknowledged));
      await next.detach('keep-locked');
      expect(await shown(next), 'nothing of the household').not.toContain('early');
    }
    const { acknowledged } = await writeWhileLeaving(writeAt, Infinity);
    expect(acknowledged.toSorted((a, b) => (a < b ? -1 : 1))).toEqual(['early', 'late']);
  }
});

test('[CONN-521] what is written after a sign-out that could not be recorded is kept, and shown without an account', async () => {
  for (const isKilled of [true, false]) {
    const profile = createProfile();
    const first = await startWorker(profile).opening;
    await first.attach(ana, 'adopt');
    await add(first, 'of Ana');
    profile.beforeRecord = ({ current }) => {
      if (current !== 'kitchen') throw new Error('the disk is full');
    };
    await expect(first.detach('send-first')).rejects.toThrow('the disk is full');
    await add(first, 'later');
    profile.beforeRecord = noop;
    const next = isKilled ? await startWorker(profile).opening : first;
    expect(await next.detach('send-first')).toEqual({ type: 'detached' });
    expect(await shown(next)).toEqual(['later']);
    expect(everywhere(profile)).toEqual(['later', 'of Ana']);
    expect(profile.databases.get('kitchen')?.account).toBeNull();
    expect(await profile.file.read()).toMatchObject({
      current: 'kitchen',
      kitchens: [{ account: null, isLeaving: false }],
    });
  }
});

test('[CONN-523] a sign-out that was cut off removes nothing unsent of a household that the server has forgotten', async () => {
  const profile = createProfile();
  const first = await startWorker(profile).opening;
  await first.attach(ana, 'adopt');
  await add(first, 'of Ana');
  const before = await profile.file.read();
  const [entry] = before?.kitchens ?? [];
  if (before === null || entry === undefined) throw new Error('there is a record');
  await profile.file.write({ ...before, kitchens: [{ ...entry, isLeaving: true }] });
  profile.databases.set('kitchen', { household: null, account: ana, sent: [], unsent: ['of Ana'] });
  const next = await startWorker(profile).opening;
  // It is joined anew behind this step, by itself.
  await next.afterClearing('keep');
  expect(profile.databases.get('kitchen')?.household).toBe(ana.householdId);
  expect(profile.households.get(ana.householdId)).toEqual(['of Ana']);
});

test('[TABS-520] a hand-over waits for no answer of the server, wherever a sign-in stands', async () => {
  for (const localRows of ['adopt', 'keep-apart'] as const) {
    let isReached = true;
    for (let askAt = 1; isReached; askAt++) {
      const profile = createProfile();
      isReached = false;
      let begunAt = Infinity;
      let tab: Kitchen | null = null;
      const worker = startWorker(profile, Infinity, (step) => {
        if (tab === null || step - begunAt !== askAt) return;
        isReached = true;
        void tab.handOver();
      });
      tab = await worker.opening;
      await add(tab, 'mine');
      await tab.attach(ana, 'keep-apart');
      profile.online(false);
      await add(tab, 'of Ana');
      await tab.detach('keep-locked');
      profile.online(true);
      profile.fallSilent();
      begunAt = worker.steps();
      void tab.attach(ana, localRows);
      for (let turns = 0; turns < 500; turns++) await Promise.resolve();
      expect(worker.isHandedOver()).toBe(isReached);
      expect(everywhere(profile)).toEqual(['mine', 'of Ana']);
    }
  }
});
