/** Kitchens that cannot be opened: what it is called, what is saved of them, and what takes their place. */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { expect, test } from 'vitest';
import { kitchenSchema } from '../shared/schema/tables.ts';
import type { SyncStatus } from '../shared/status.ts';
import { createMemoryDatabase } from '../test/sim/memory-database.ts';
import { addTag, ids } from '../test/sim/tags.ts';
import { createDevice } from '../test/sim/world.ts';
import { createClosedKitchen, KitchenClosed, salvage, whyClosed } from './closed-kitchen.ts';
import type { Transport } from './engine/ports.ts';
import { createBrowserClock } from './host/browser-clock.ts';
import { randomBytes } from './host/crypto-ids.ts';
import { openLocalDatabase } from './host/local-database.ts';
import { createMemoryFiles } from './host/memory-files.ts';
import { isDamage } from './host/sqlite-damage.ts';
import { loadSqliteEngine } from './host/sqlite-engine.ts';
import {
  currentEntry,
  findAnonymous,
  firstDirectory,
  withEntry,
  withSetAside,
} from './kitchens.ts';
import { StoreError } from './store/files.ts';
import { putImage } from './store/put-image.ts';

const nobody: Transport = {
  request: () => Promise.resolve({ type: 'no-answer', reason: 'network' }),
  watch: () => () => undefined,
};

const PAGE_BYTES = 4096;

const wasm = new Uint8Array(
  await readFile(createRequire(import.meta.url).resolve('sql.js/dist/sql-wasm.wasm')),
);
// sql.js has one instance per process, and the store must be the one that makes it.
await loadSqliteEngine(wasm);

test('[STORE-341] of a database whose synced tables are damaged the unsent work is saved', async () => {
  const device = await createDevice({ schema: kitchenSchema, transport: nobody, ids });
  await addTag(device, 'unsent');
  const [root] = device.sql.all(`select rootpage from sqlite_master where name = 'tags'`);
  const image = device.database.durableImage();
  const at = (Number(root?.['rootpage']) - 1) * PAGE_BYTES;
  image.fill(0xff, at, at + PAGE_BYTES);
  const damaged = await createMemoryDatabase(image);
  expect(() => damaged.sql.all('select * from tags')).toThrow('malformed');
  expect(isDamage(new Error('database disk image is malformed'))).toBe(true);
  const saved = salvage(damaged.sql);
  expect(saved.rows).toBe(1);
  expect(saved.text).toContain('"name": "unsent"');
  // Where even that cannot be read, nothing is claimed.
  const nothing = await createMemoryDatabase(null);
  expect(salvage(nothing.sql)).toEqual({ text: '', rows: 0, confirmation: '' });
});

/** Reopens a file with one unsent tag as after an unclean end, once `damage` has been at it. */
async function reopened(damage: (image: Uint8Array, tagsAt: number) => void): Promise<unknown> {
  const device = await createDevice({ schema: kitchenSchema, transport: nobody, ids });
  await addTag(device, 'unsent');
  const [root] = device.sql.all(`select rootpage from sqlite_master where name = 'tags'`);
  const image = device.database.durableImage();
  damage(image, (Number(root?.['rootpage']) - 1) * PAGE_BYTES);
  const store = createMemoryFiles();
  const made = { databaseId: randomBytes(16), schemaVersion: 0, oldestWriterVersion: 0 };
  expect(await putImage(store, image, made)).toMatchObject({ ok: true });
  const opening = openLocalDatabase({ store, clock: createBrowserClock(), randomBytes, wasm });
  const closed = whyClosed(await opening.catch((error: unknown) => error));
  const files = await store.list();
  return { closed, bases: files.ok ? files.value.filter((name) => name.startsWith('base-')) : [] };
}

test('[STORE-504] a recovered file in which a check finds damage is unreadable, and the unsent work is saved', async () => {
  const found = await reopened((image, at) => void image.fill(0xff, at, at + PAGE_BYTES));
  expect(found).toMatchObject({
    closed: { phase: 'unreadable', salvaged: { rows: 1 } },
    bases: [expect.any(String)],
  });
});

test('[STORE-504] a recovered file that cannot even be checked is unreadable', async () => {
  const found = await reopened((image) => void image.fill(0xff, 100, PAGE_BYTES));
  expect(found).toMatchObject({ closed: { phase: 'unreadable', salvaged: { rows: 0 } } });
});

test('[STORE-342] only newer code and damage close a kitchen; any other trouble is what it is', () => {
  const newer = new StoreError('refused', { type: 'broken', detail: 'newer-schema' });
  expect(whyClosed(newer)).toMatchObject({ phase: 'newer-kitchen' });
  expect(whyClosed(new Error('database disk image is malformed'))).toMatchObject({
    phase: 'unreadable',
  });
  const nothing = new StoreError('refused', { type: 'broken', detail: 'nothing-readable' });
  expect(whyClosed(nothing)).toMatchObject({ phase: 'unreadable' });
  const busy = new StoreError('refused', { type: 'busy', detail: 'locked' });
  const offline = new TypeError('Failed to fetch');
  for (const other of [busy, offline]) expect(whyClosed(other)).toBe(other);
});

test('[STORE-343] a closed kitchen says why, writes nothing, and begins anew only when it is damaged', async () => {
  for (const phase of ['newer-kitchen', 'unreadable'] as const) {
    let begun = 0;
    const salvaged = { text: '{}', rows: 2, confirmation: 'c' };
    let ended = 0;
    const beginAnew = (): Promise<void> => {
      begun += 1;
      return Promise.resolve();
    };
    const kitchen = createClosedKitchen(new KitchenClosed(phase, salvaged), beginAnew, () => {
      ended += 1;
    });
    const seen: SyncStatus[] = [];
    await kitchen.watchStatus((status) => seen.push(status));
    expect(seen).toMatchObject([{ phase, unsent: { rows: 2 } }]);
    expect(await kitchen.perform('samples.add', {}, 'id')).toEqual({
      ok: false,
      error: { type: 'not-saved', reason: 'broken' },
    });
    expect(await kitchen.exportUnsent()).toBe(salvaged);
    await kitchen.afterClearing('start-anew');
    expect(begun).toBe(phase === 'unreadable' ? 1 : 0);
    expect(ended).toBe(0);
    await kitchen.handOver();
    expect(ended).toBe(1);
  }
});

test('[STORE-344] another kitchen takes the place of a damaged one, for the same household, and its files stay', () => {
  const account = {
    accountId: 'a',
    name: 'Ana',
    email: 'ana@example.org',
    householdId: 'h',
    householdName: 'Home',
  };
  const before = firstDirectory();
  const mine = withEntry(before, { ...currentEntry(before), account });
  const after = withSetAside(mine, 'kitchen-2');
  expect(currentEntry(after)).toMatchObject({ name: 'kitchen-2', account });
  expect(after.kitchens.map(({ name }) => name)).toEqual(['kitchen-2']);
  expect(after.setAside).toEqual([mine.current]);
  expect(findAnonymous(after, 'kitchen-2')).toBeUndefined();
});
