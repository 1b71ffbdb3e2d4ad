/** A recovery that certainly lost work: said to the person until somebody has seen it. */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { expect, test } from 'vitest';
import { kitchenSchema } from '../shared/schema/tables.ts';
import type { SyncStatus } from '../shared/status.ts';
import { createJournal } from './acts/journal.ts';
import { localTablesSql } from './acts/local-tables.ts';
import { createEngine, type Engine } from './engine/engine.ts';
import { createBrowserClock } from './host/browser-clock.ts';
import { createCryptoIds, randomBytes } from './host/crypto-ids.ts';
import { openLocalDatabase } from './host/local-database.ts';
import { createMemoryFiles } from './host/memory-files.ts';
import { withLostWork } from './lost-work.ts';
import { prefsTableSql } from './prefs.ts';
import type { Store } from './store/files.ts';
import { createStoreNews, withStore } from './stored-engine.ts';

const wasm = new Uint8Array(
  await readFile(createRequire(import.meta.url).resolve('sql.js/dist/sql-wasm.wasm')),
);
const clock = createBrowserClock();
const nowIso = () => new Date(clock.nowMs()).toISOString();

async function open(store: Store): Promise<{ engine: Engine; close: () => Promise<void> }> {
  const database = await openLocalDatabase({ store, clock, randomBytes, wasm });
  const inner = createEngine({
    database,
    schema: kitchenSchema,
    transport: {
      request: () => Promise.resolve({ type: 'no-answer', reason: 'network' }),
      watch: () => () => undefined,
    },
    clock,
    ids: createCryptoIds(clock),
    journal: createJournal(nowIso),
    extraTables: localTablesSql + prefsTableSql,
  });
  expect(await inner.open()).toMatchObject({ ok: true });
  const stored = withStore(inner, database, createStoreNews());
  const engine = await withLostWork(stored, database.opening.loss);
  return { engine, close: () => database.close() };
}

async function namesOf(store: Store): Promise<readonly string[]> {
  const listed = await store.list();
  if (!listed.ok) throw new Error('memory can be listed');
  return listed.value.toSorted();
}

test('[STORE-505] work that is certainly lost is in the status until it was seen, across restarts', async () => {
  const store = createMemoryFiles();
  const first = await open(store);
  expect(first.engine.status().isWorkLost).toBeUndefined();
  for (let count = 0; count < 3; count++) {
    await first.engine.write((sql) => sql.run('delete from tags'));
  }
  // The last file but one goes: what follows on it is there, and cannot be reached.
  const [missing] = (await namesOf(store)).filter((name) => name.startsWith('log-')).slice(-2);
  await store.remove(missing ?? '');

  const second = await open(store);
  expect(second.engine.status().isWorkLost).toBe(true);
  await second.close();

  const third = await open(store);
  const seen: SyncStatus[] = [];
  third.engine.watchStatus((status) => void seen.push(status));
  await expect.poll(() => seen.at(-1)?.isWorkLost).toBe(true);
  await third.engine.dismissLost();
  await expect.poll(() => seen.at(-1)?.isWorkLost).toBeUndefined();
  await third.close();

  const fourth = await open(store);
  expect(fourth.engine.status().isWorkLost).toBeUndefined();
  await fourth.close();
});
