import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { expect, test } from 'vitest';
import { err, ok } from '../../shared/result.ts';
import type { Witness } from '../store/home.ts';
import type { Store } from '../store/files.ts';
import { createBrowserClock } from './browser-clock.ts';
import { randomBytes } from './crypto-ids.ts';
import { openLocalDatabase } from './local-database.ts';
import { createMemoryFiles } from './memory-files.ts';

const wasm = new Uint8Array(
  await readFile(createRequire(import.meta.url).resolve('sql.js/dist/sql-wasm.wasm')),
);

test('[STORE-1] a transaction that was acknowledged is there after the next opening', async () => {
  const store = createMemoryFiles();
  const deps = { store, clock: createBrowserClock(), randomBytes, wasm };
  const first = await openLocalDatabase(deps);
  first.sql.script('create table line(id text primary key, amount integer)');
  first.sql.transaction(() => first.sql.run('insert into line values (?1, ?2)', ['milk', 2]));
  await first.whenDurable(first.committedSeq());
  const second = await openLocalDatabase(deps);
  expect(second.sql.all('select id, amount from line')).toEqual([{ id: 'milk', amount: 2 }]);
  expect(second.opening).toMatchObject({ clean: false, loss: 'possible' });
  await second.close();
  const third = await openLocalDatabase(deps);
  expect(third.opening).toMatchObject({ clean: true, loss: 'none' });
  await third.close();
});

test('[STORE-21] on a full disk writes are rolled back and said to be not saved until there is room', async () => {
  const inner = createMemoryFiles();
  let isFull = false;
  const store: Store = {
    ...inner,
    put: (name, bytes) =>
      isFull ? Promise.resolve(err({ type: 'full', detail: 'planted' })) : inner.put(name, bytes),
  };
  const deps = { store, clock: createBrowserClock(), randomBytes, wasm };
  const first = await openLocalDatabase(deps);
  first.sql.script('create table line(id text primary key)');
  first.sql.run(`insert into line values ('milk')`);
  await first.close();
  isFull = true;
  const second = await openLocalDatabase(deps);
  const lines = () => second.sql.all('select id from line').map(({ id }) => id);
  const addEggs = () =>
    second.sql.transaction(() => second.sql.run(`insert into line values ('eggs')`));
  const addTable = () => second.sql.transaction(() => second.sql.script('create table more(id)'));
  const refused = expect.objectContaining({
    outcome: 'not-saved',
    failure: expect.objectContaining({ type: 'full' }),
  });
  expect(addEggs).toThrow(refused);
  expect(addTable).toThrow(refused);
  expect(() => second.sql.run(`insert into line values ('eggs')`)).toThrow(refused);
  expect(second.sql.transaction(lines)).toEqual(['milk']);
  isFull = false;
  await second.retrySaving();
  addEggs();
  await second.whenDurable(second.committedSeq());
  await second.close();
  const third = await openLocalDatabase(deps);
  expect(third.sql.all('select id from line order by id')).toEqual([
    { id: 'eggs' },
    { id: 'milk' },
  ]);
  await third.close();
});

test('[STORE-23] what left the device and is gone from the files is certain loss', async () => {
  const store = createMemoryFiles();
  let witness: Witness | null = null;
  const records = {
    witness: () => Promise.resolve(ok(witness)),
    attest(seen: Witness) {
      witness = seen;
      return Promise.resolve(ok(undefined));
    },
  };
  const deps = { store, clock: createBrowserClock(), randomBytes, wasm, records };
  const first = await openLocalDatabase(deps);
  expect(first.opening.loss).toBe('none');
  first.sql.script('create table line(id text primary key)');
  await first.whenDurable(first.committedSeq());
  const before = await store.list();
  first.sql.run(`insert into line values ('milk')`);
  await first.whenWitnessed(first.committedSeq());
  expect(witness).toMatchObject({ seq: first.committedSeq() });
  // The last file goes without a trace, as in a power cut.
  const after = await store.list();
  if (!before.ok || !after.ok) throw new Error('memory can be listed');
  for (const name of after.value) if (!before.value.includes(name)) await store.remove(name);
  const second = await openLocalDatabase(deps);
  expect(second.opening.loss).toBe('certain');
  second.sql.run(`insert into line values ('eggs')`);
  await second.close();
  const third = await openLocalDatabase(deps);
  expect(third.opening).toMatchObject({ clean: true, loss: 'none' });
  await third.close();
});
