import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { expect, test } from 'vitest';
import { loadSqliteEngine } from './sqlite-engine.ts';
import { createSqljsSql } from './sqljs-sql.ts';

const wasm = new Uint8Array(
  await readFile(createRequire(import.meta.url).resolve('sql.js/dist/sql-wasm.wasm')),
);
const engine = await loadSqliteEngine(wasm);

function createKitchen() {
  const sql = createSqljsSql(engine.openDatabase(null), () => undefined);
  sql.script(`pragma foreign_keys = on;
    create table recipe(id text primary key, title text) without rowid;
    create table step(id text primary key, recipe_id text references recipe(id) on delete cascade, n integer);
    create index step_recipe on step(recipe_id);
    create table dirty(name text primary key, n integer) without rowid;
    create virtual table search using fts4(body);
    create view titles as select title from recipe;
    create trigger on_step after insert on step begin insert or replace into dirty values ('step', new.n); end`);
  sql.takeChangedTables();
  return sql;
}
const inOrder = (tables: ReadonlySet<string>): string[] =>
  [...tables].sort((a, b) => (a < b ? -1 : 1));

test('[STORE-9] integers come back exactly, as numbers while they are safe', () => {
  const sql = createKitchen();
  const wide = 9_007_199_254_740_993n;
  sql.run('insert into step values (?1, null, ?2), (?3, null, ?4), (?5, null, ?6)', [
    'a',
    5_000_000_000,
    'b',
    wide,
    'c',
    12n,
  ]);
  expect(sql.all('select n, typeof(n) as t from step order by id')).toEqual([
    { n: 5_000_000_000, t: 'integer' },
    { n: wide, t: 'integer' },
    { n: 12, t: 'integer' },
  ]);
});

test('[STORE-9] a transaction that throws leaves nothing behind, also when only its commit fails', () => {
  const sql = createKitchen();
  expect(() =>
    sql.transaction(() => {
      sql.run(`insert into recipe values ('r', 'Soup')`);
      throw new Error('no');
    }),
  ).toThrow('no');
  sql.script('pragma defer_foreign_keys = on');
  expect(() =>
    sql.transaction(() => {
      sql.script('pragma defer_foreign_keys = on');
      sql.run(`insert into step values ('s', 'nowhere', 1)`);
    }),
  ).toThrow(/FOREIGN KEY/);
  expect(sql.all('select * from recipe')).toEqual([]);
  expect(sql.transaction(() => sql.run(`insert into recipe values ('r', 'Soup')`))).toBe(1);
});

test('[LIVE-1] no written table is missing from the changed ones: cascades, triggers, WITHOUT ROWID, whole deletes', () => {
  const sql = createKitchen();
  sql.run(`insert into recipe values ('r', 'Soup')`);
  expect(inOrder(sql.takeChangedTables())).toEqual(['recipe']);
  sql.run(`insert into step values ('s', 'r', 1)`);
  expect(inOrder(sql.takeChangedTables())).toEqual(['dirty', 'step']);
  sql.run(`delete from recipe where id = 'r'`);
  expect(inOrder(sql.takeChangedTables())).toEqual(['recipe', 'step']);
  sql.run(`insert into step values ('s', null, 1)`);
  sql.takeChangedTables();
  sql.run('delete from step');
  expect(inOrder(sql.takeChangedTables())).toEqual(['step']);
  sql.run(`insert into search(body) values ('soup')`);
  expect(inOrder(sql.takeChangedTables())).toEqual(['search']);
  sql.all('select * from recipe');
  expect(inOrder(sql.takeChangedTables())).toEqual([]);
});

test('[LIVE-2] the tables a statement reads are found through views, indexes, subqueries and full-text search', () => {
  const sql = createKitchen();
  expect(inOrder(sql.tablesRead('select * from titles'))).toEqual(['recipe']);
  expect(inOrder(sql.tablesRead('select count(*) from step where recipe_id = ?1'))).toEqual([
    'step',
  ]);
  expect(
    inOrder(
      sql.tablesRead(
        'select title, (select max(n) from dirty) from recipe join step on recipe_id = recipe.id',
      ),
    ),
  ).toEqual(['dirty', 'recipe', 'step']);
  expect(inOrder(sql.tablesRead(`select docid from search where search match 'soup'`))).toContain(
    'search',
  );
  // The answer follows the schema, also when VACUUM moves every table.
  sql.script('drop view titles; create view titles as select name as title from dirty; vacuum');
  expect(inOrder(sql.tablesRead('select * from titles'))).toEqual(['dirty']);
});
