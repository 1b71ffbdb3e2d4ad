import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { expect, test } from 'vitest';
import { err, ok } from '../../shared/result.ts';
import type { Witness } from '../store/home.ts';
import type { Store, StoreError } from '../store/files.ts';
import { createBrowserClock } from './browser-clock.ts';
import { randomBytes } from './crypto-ids.ts';
import { openLocalDatabase, testCapture } from './local-database.ts';
import { createMemoryFiles } from './memory-files.ts';
import { loadSqliteEngine } from './sqlite-engine.ts';
import type { SqliteEngine } from './sqlite-engine.ts';

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

test('[MIG-500] older code refuses a database that newer code has had, and not a byte of its files changes', async () => {
  const store = createMemoryFiles();
  const deps = { store, clock: createBrowserClock(), randomBytes, wasm };
  const openAs = (version: number) =>
    openLocalDatabase({ ...deps, schemaVersion: version, oldestWriterVersion: version });
  const older = await openAs(4);
  older.sql.script('create table line(id text primary key)');
  await older.close();
  const newer = await openAs(5);
  newer.sql.script('alter table line add column amount integer');
  await newer.whenDurable(newer.committedSeq());
  // Not closed, and there is a damaged file as well: both would be reasons to write.
  const damaged = 'log-00000000000a-00000000000b-00000001-00000001-00.larder';
  await store.put(damaged, new Uint8Array(100).fill(7).buffer);
  const before = await contentsOf(store);
  await expect(openAs(4)).rejects.toMatchObject({
    outcome: 'refused',
    failure: { detail: 'newer-schema' },
  });
  expect(await contentsOf(store)).toEqual(before);
  for (const version of [5, 6]) {
    const again = await openAs(version);
    expect(again.sql.all('select amount from line')).toEqual([]);
    await again.close();
  }
});

async function contentsOf(store: Store): Promise<ReadonlyMap<string, unknown>> {
  const listed = await store.list();
  if (!listed.ok) throw new Error(listed.error.detail);
  const files = listed.value.map(async (name) => [name, await store.read(name)] as const);
  return new Map(await Promise.all(files));
}

test('[STORE-317] a SQLite whose insides have changed is not served: the self-test names what is missing', async () => {
  const engine = await loadSqliteEngine(wasm);
  expect(testCapture(engine)).toBeNull();
  // As if SQLite no longer told its file when a transaction is committed.
  const notFound = 12;
  const silent: SqliteEngine = {
    ...engine,
    addFunction: (work, signature) =>
      engine.addFunction(signature === 'iiii' ? () => notFound : work, signature),
  };
  expect(testCapture(silent)).toBe('0 commits for one statement');
});

test('[STORE-318] a poisoned capture acknowledges nothing more, and memory is rebuilt from the files', async () => {
  const store = createMemoryFiles();
  const failures: StoreError[] = [];
  const deps = { store, clock: createBrowserClock(), randomBytes, wasm };
  const onFailed = (failure: StoreError): void => void failures.push(failure);
  const first = await openLocalDatabase({ ...deps, onFailed });
  first.sql.script('create table line(id text primary key)');
  first.sql.run(`insert into line values ('milk')`);
  await first.whenDurable(first.committedSeq());
  first.sql.script('pragma page_size = 8192; vacuum');
  const unknown = expect.objectContaining({ outcome: 'outcome-unknown' });
  expect(() => first.sql.run(`insert into line values ('eggs')`)).toThrow(unknown);
  await expect(first.whenDurable(first.committedSeq())).rejects.toThrow(unknown);
  expect(() => first.sql.all('select id from line')).toThrow(unknown);
  expect(failures).toHaveLength(1);
  expect(first.image()).toBeNull();
  await first.close();
  const second = await openLocalDatabase(deps);
  expect(second.sql.all('select id from line')).toEqual([{ id: 'milk' }]);
  expect(second.sql.all('pragma page_size')).toEqual([{ page_size: 4096 }]);
  second.sql.run(`insert into line values ('eggs')`);
  await second.whenDurable(second.committedSeq());
  await second.close();
});

test('[STORE-313] after an unknown outcome the database is read-only until the store answers again', async () => {
  const inner = createMemoryFiles();
  let isBroken = false;
  const broken = () => Promise.resolve(err({ type: 'broken' as const, detail: 'planted' }));
  const store: Store = {
    ...inner,
    put: (name, bytes) => (isBroken ? broken() : inner.put(name, bytes)),
    // The fence finds no names either: nobody can say what became of the attempt.
    list: () => (isBroken && first !== null ? broken() : inner.list()),
  };
  const deps = { store, clock: createBrowserClock(), randomBytes, wasm };
  let first: Awaited<ReturnType<typeof openLocalDatabase>> | null = null;
  first = await openLocalDatabase(deps);
  first.sql.script('create table line(id text primary key)');
  await first.whenDurable(first.committedSeq());
  isBroken = true;
  first.sql.run(`insert into line values ('milk')`);
  const { sql } = first;
  await expect(first.whenDurable(first.committedSeq())).rejects.toThrow(
    expect.objectContaining({ outcome: 'outcome-unknown' }),
  );
  expect(() => sql.all('select id from line')).toThrow('planted');
  await first.close();
  first = null;
  const second = await openLocalDatabase(deps);
  const eggs = () =>
    second.sql.transaction(() => second.sql.run(`insert into line values ('eggs')`));
  expect(second.readOnly()).toMatchObject({ type: 'broken' });
  expect(second.sql.all('select id from line')).toEqual([]);
  expect(eggs).toThrow(expect.objectContaining({ outcome: 'not-saved' }));
  isBroken = false;
  await second.retrySaving();
  eggs();
  await second.whenDurable(second.committedSeq());
  await second.close();
});
