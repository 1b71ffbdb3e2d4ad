/** A store that fails under a running kitchen: opened again in the same worker, and nobody notices. */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { expect, test } from 'vitest';
import type { Kitchen } from '../shared/rpc.ts';
import { kitchenSchema } from '../shared/schema/tables.ts';
import { err } from '../shared/result.ts';
import { createJournal } from './acts/journal.ts';
import { localTablesSql } from './acts/local-tables.ts';
import { createEngine } from './engine/engine.ts';
import { createBrowserClock } from './host/browser-clock.ts';
import { createCryptoIds, randomBytes } from './host/crypto-ids.ts';
import { createMemoryDirectory } from './host/kitchen-directory.ts';
import { openLocalDatabase } from './host/local-database.ts';
import { createMemoryFiles } from './host/memory-files.ts';
import { openKitchenSwitch } from './kitchen-switch.ts';
import { createKitchen, type OpenKitchen } from './kitchen.ts';
import { prefsTableSql } from './prefs.ts';
import type { Store } from './store/files.ts';
import { putImage } from './store/put-image.ts';

const wasm = new Uint8Array(
  await readFile(createRequire(import.meta.url).resolve('sql.js/dist/sql-wasm.wasm')),
);
const clock = createBrowserClock();
const ids = createCryptoIds(clock);
const nowIso = () => new Date(clock.nowMs()).toISOString();

async function open(store: Store, onLost: (error: unknown) => void): Promise<OpenKitchen> {
  const database = await openLocalDatabase({ store, clock, randomBytes, wasm, onFailed: onLost });
  const engine = createEngine({
    database,
    schema: kitchenSchema,
    transport: {
      request: () => Promise.resolve({ type: 'no-answer', reason: 'network' }),
      watch: () => () => undefined,
    },
    clock,
    ids,
    journal: createJournal(nowIso),
    extraTables: localTablesSql + prefsTableSql,
    onDefect: onLost,
  });
  expect(await engine.open()).toMatchObject({ ok: true });
  engine.start();
  return {
    kitchen: createKitchen({ engine, ids, nowIso, todayIso: () => nowIso().slice(0, 10) }),
    isNew: database.opening.seq === 0,
    image: () => database.image(),
    halt: () => undefined,
    async close() {
      await engine.stop();
      await database.close();
    },
  };
}

/** Every put fails while `isBroken` says so. */
function createWorld() {
  let inner = createMemoryFiles();
  const world = {
    isBroken: false,
    failure: 'gone' as 'gone' | 'full',
    /** Smaller files still fit while it is broken. */
    fitsBytes: 0,
    opens: 0,
    lost: [] as unknown[],
    /** As when a person clears the data of the site. */
    clear() {
      inner = createMemoryFiles();
      world.isBroken = true;
    },
  };
  const store: Store = {
    ...inner,
    list: () => inner.list(),
    read: (name) => inner.read(name),
    remove: (name) => inner.remove(name),
    put: (name, bytes) =>
      world.isBroken && bytes.byteLength > world.fitsBytes
        ? Promise.resolve(err({ type: world.failure, detail: 'planted' }))
        : inner.put(name, bytes),
  };
  const opening = openKitchenSwitch({
    file: createMemoryDirectory(),
    open: (_name, onLost) => {
      world.opens++;
      return open(store, (error) => {
        // The disk is well again by the time somebody looks, unless it is full.
        if (world.failure === 'gone') world.isBroken = false;
        onLost(error);
      });
    },
    remove: () => {
      inner = createMemoryFiles();
      return Promise.resolve();
    },
    restore: async (_name, image) => {
      const first = { databaseId: randomBytes(16), schemaVersion: 0, oldestWriterVersion: 0 };
      expect(await putImage(inner, image, first)).toMatchObject({ ok: true });
    },
    newName: () => 'another',
    onLost: (error) => void world.lost.push(error),
  });
  return { world, opening };
}

const line = (title: string) => ({
  entries: [{ title, quantityMilli: null, unit: null, note: null, storeName: null }],
});

test('[TABS-10] a store that fails is opened again in the same worker, and the act is kept once', async () => {
  const { world, opening } = createWorld();
  const kitchen = await opening;
  const seen: number[] = [];
  await kitchen.watch('list', { storeId: null }, (rows) => void seen.push(rows.openCount));
  await kitchen.perform('list.add', line('Milk'), ids.uuid());
  world.isBroken = true;
  expect(await kitchen.perform('list.add', line('Eggs'), ids.uuid())).toMatchObject({ ok: true });
  expect(world).toMatchObject({ opens: 2, lost: [] });
  expect((await kitchen.ask('list', { storeId: null })).openCount).toBe(2);
  // The watch of the tab was carried over.
  await kitchen.perform('list.add', line('Flour'), ids.uuid());
  await expect.poll(() => seen.at(-1)).toBe(3);
});

test('[STORE-203] a kitchen opens on a full disk, shows everything, and saves again once there is room', async () => {
  const { world, opening } = createWorld();
  const kitchen = await opening;
  const phases: string[] = [];
  await kitchen.watchStatus(({ phase }) => void phases.push(phase));
  await kitchen.perform('list.add', line('Milk'), ids.uuid());
  world.failure = 'full';
  world.isBroken = true;
  const full = { ok: false, error: { type: 'not-saved', reason: 'full' } };
  // The store fails under the first, and the kitchen is opened again on what is still full.
  for (const title of ['Eggs', 'Flour']) {
    expect(await kitchen.perform('list.add', line(title), ids.uuid())).toEqual(full);
    expect(phases.at(-1)).toBe('storage-full');
  }
  expect(await titles(kitchen)).toEqual(['Milk']);
  world.isBroken = false;
  const salt = line('Salt');
  const saltId = ids.uuid();
  await expect
    .poll(() => kitchen.perform('list.add', salt, saltId), { timeout: 10_000 })
    .toMatchObject({ ok: true });
  expect(await titles(kitchen)).toEqual(['Milk', 'Salt']);
  expect(phases.at(-1)).toBe('local-only');
  expect(world.lost).toEqual([]);
});

test('[STORE-204] a disk on which only the smallest files fit refuses acts for as long as it takes', async () => {
  const { world, opening } = createWorld();
  const kitchen = await opening;
  await kitchen.perform('list.add', line('Milk'), ids.uuid());
  Object.assign(world, { failure: 'full', isBroken: true, fitsBytes: 512 });
  for (let tries = 0; tries < 12; tries += 1) {
    expect(await kitchen.perform('list.add', line('Eggs'), ids.uuid())).toEqual({
      ok: false,
      error: { type: 'not-saved', reason: 'full' },
    });
  }
  expect(await titles(kitchen)).toEqual(['Milk']);
  expect(world.lost).toEqual([]);
  world.isBroken = false;
  expect(await kitchen.perform('list.add', line('Eggs'), ids.uuid())).toMatchObject({ ok: true });
});

async function clearedKitchen() {
  const { world, opening } = createWorld();
  const kitchen = await opening;
  const phases: string[] = [];
  await kitchen.watchStatus(({ phase }) => void phases.push(phase));
  await kitchen.perform('list.add', line('Milk'), ids.uuid());
  world.clear();
  let answered = 0;
  const waiting = kitchen.perform('list.add', line('Eggs'), ids.uuid()).finally(() => answered++);
  await expect.poll(() => phases.at(-1), { timeout: 20_000 }).toBe('storage-cleared');
  expect(answered, 'nothing is acknowledged').toBe(0);
  return { world, kitchen, phases, waiting };
}

const titles = async (kitchen: Kitchen) =>
  (JSON.parse(await kitchen.dump()) as { list_items: { title: string }[] }).list_items
    .map(({ title }) => title)
    .toSorted((a, b) => (a < b ? -1 : 1));

test('[TABS-210] storage that was cleared under a running kitchen is said, and what memory holds can be kept', async () => {
  const { world, kitchen, phases, waiting } = await clearedKitchen();
  const late: string[] = [];
  await kitchen.watchStatus(({ phase }) => void late.push(phase));
  expect(late, 'a tab that comes later is told as well').toEqual(['storage-cleared']);
  expect(await kitchen.afterClearing('keep')).toBe('kept');
  expect(await waiting).toMatchObject({ ok: true });
  expect(await titles(kitchen)).toEqual(['Eggs', 'Milk']);
  expect(phases.at(-1)).toBe('local-only');
  expect(world.lost).toEqual([]);

  // It is on disk again: a store that fails once more finds it there.
  world.isBroken = true;
  expect(await kitchen.perform('list.add', line('Flour'), ids.uuid())).toMatchObject({ ok: true });
  expect(await titles(kitchen)).toEqual(['Eggs', 'Flour', 'Milk']);
});

test('[TABS-211] whoever cleared the storage on purpose starts anew, and nothing of it comes back', async () => {
  const { kitchen, waiting } = await clearedKitchen();
  expect(await kitchen.afterClearing('start-anew')).toBe('started-anew');
  expect(await waiting).toMatchObject({ ok: true });
  expect(await titles(kitchen)).toEqual(['Eggs']);
});

test('[TABS-521] a hand-over that came while storage was cleared is carried out after the person has answered', async () => {
  const { world, kitchen, waiting } = await clearedKitchen();
  await kitchen.handOver();
  expect(world.lost, 'only here is what memory holds').toEqual([]);
  expect(await kitchen.afterClearing('keep')).toBe('kept');
  expect(await waiting).toMatchObject({ ok: true });
  await expect.poll(() => world.lost.map(String)).toEqual(['Error: handed over']);
});
