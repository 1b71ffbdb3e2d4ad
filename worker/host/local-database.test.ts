import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { expect, test } from 'vitest';
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
