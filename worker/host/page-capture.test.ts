import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { describe, expect, test } from 'vitest';
import { withMistake } from '../../test/sim/planted.ts';
import type { Mistake } from '../../test/sim/planted.ts';
import { createRandom } from '../../test/sim/prng.ts';
import { applyRecord, encodeRecord, fitsAfter, PAGE_SIZE_BYTES } from '../store/format.ts';
import { openCaptured } from './page-capture.ts';
import type * as PageCapture from './page-capture.ts';
import { loadSqliteEngine } from './sqlite-engine.ts';

const wasm = new Uint8Array(
  await readFile(createRequire(import.meta.url).resolve('sql.js/dist/sql-wasm.wasm')),
);
const engine = await loadSqliteEngine(wasm);

const hash = (bytes: Uint8Array): string => createHash('sha1').update(bytes).digest('hex');

interface FuzzResult {
  readonly commits: number;
  readonly refused: number;
  readonly wrong: number;
  readonly differsFromExport: boolean;
  readonly integrity: unknown;
  readonly poison: Error | null;
}

/**
 * Random SQL with a page cache of 12 pages. After every commit the image rebuilt from records must equal
 * the true file, read below SQLite.
 */
function fuzz(seed: number, steps: number, open: typeof openCaptured): FuzzResult {
  const random = createRandom(seed);
  const rebuilt = new Uint8Array(4096 * PAGE_SIZE_BYTES);
  let pageCount = 0;
  let commits = 0;
  let wrong = 0;
  const captured = open(engine, new Uint8Array(0), (pages) => {
    commits++;
    const header = { seq: commits, epoch: 1, nonce: 0, previousCrc: 0, flags: 0 };
    const record = encodeRecord({ ...header, pageCount: pages.pageCount }, pages.readChanges());
    if (!fitsAfter(pageCount, record)) wrong++;
    else applyRecord(rebuilt, record);
    pageCount = pages.pageCount;
    const truth = new Uint8Array(pageCount * PAGE_SIZE_BYTES);
    captured.copyImage(truth);
    if (hash(truth) !== hash(rebuilt.subarray(0, truth.length))) wrong++;
  });
  const { database } = captured;
  let refused = 0;
  const run = (sql: string): void => {
    try {
      database.exec(sql);
    } catch {
      refused++;
      try {
        database.exec('rollback');
      } catch {
        // No transaction was open.
      }
    }
  };
  run('pragma journal_mode = memory; pragma synchronous = off; pragma temp_store = memory');
  run('pragma cache_size = 12; pragma auto_vacuum = incremental');
  run('create table a(id integer primary key, x text, y blob); create index ax on a(x)');
  run('create table w(k text primary key, v) without rowid; create virtual table f using fts4(t)');
  const rarely = (sql: () => string) => (): void => {
    if (random(4) === 0) run(sql());
  };
  const actions: readonly (() => void)[] = [
    () => run(`insert into a(x, y) values ('k${random(1e6)}', randomblob(${random(3000)}))`),
    () =>
      run(`begin; insert into a(x, y) values ('m${random(1e6)}', randomblob(100));
        update a set x = 'u' || id where id % ${2 + random(9)} = 0;
        insert or replace into w values ('${random(50)}', randomblob(50)); commit`),
    () => run('begin; update a set y = randomblob(900); rollback'),
    () =>
      run(`begin; savepoint s; delete from a where id % 3 = 0; rollback to s;
        insert into f values ('hello ${random(1e6)} world'); release s; commit`),
    () => run(`delete from a where id in (select id from a order by random() limit ${random(40)})`),
    () => run(`pragma incremental_vacuum(${random(20)})`),
    rarely(() => 'vacuum'),
    () => run(`create table if not exists t${random(5)}(q); insert into t${random(5)} values (1)`),
    () => run(`drop table if exists t${random(5)}`),
    () => run(`insert or replace into w values ('${random(300)}', '${'z'.repeat(random(500))}')`),
    // Grown and freed in one transaction: leaves pages that SQLite never writes.
    rarely(
      () => `begin; insert into a(x, y) values ('big', randomblob(${9000 + random(200_000)}));
        insert into a(x, y) values ('big', randomblob(${9000 + random(90_000)}));
        delete from a where x = 'big'; commit`,
    ),
    // Grown past the cache: new pages are spilled more than once in one transaction.
    rarely(
      () => `begin; insert into a(x, y) select hex(randomblob(8)), randomblob(700) from a limit 60;
        update a set x = hex(randomblob(8)) where id % 3 = 1; commit`,
    ),
    rarely(() => `delete from a where id % ${2 + random(3)} = 0`),
    rarely(
      () => `create temp table if not exists tmp(q); insert into tmp values (randomblob(5000))`,
    ),
    rarely(() => `attach ':memory:' as side; create table if not exists side.s(q); detach side`),
  ];
  for (let step = 0; step < steps; step++) {
    const action = actions[random(actions.length)];
    action?.();
  }
  const image = new Uint8Array(captured.imageBytes());
  captured.copyImage(image);
  const integrity = database.exec('pragma integrity_check')[0]?.values[0]?.[0];
  // `export()` is the second oracle; page 1 holds a counter that it changes.
  const exported = database.export();
  const differsFromExport =
    hash(exported.subarray(PAGE_SIZE_BYTES)) !== hash(image.subarray(PAGE_SIZE_BYTES));
  const result = {
    commits,
    refused,
    wrong,
    differsFromExport,
    integrity,
    poison: captured.poison(),
  };
  captured.close();
  return result;
}

describe('page capture', () => {
  test.each([1, 2, 3, 4, 5, 6])(
    '[STORE-4] the captured pages rebuild the true file after every commit (seed %i)',
    (seed) => {
      const { commits, ...rest } = fuzz(seed, 250, openCaptured);
      expect(commits).toBeGreaterThan(80);
      expect({ ...rest, refused: 0 }).toEqual({
        refused: 0,
        wrong: 0,
        differsFromExport: false,
        integrity: 'ok',
        poison: null,
      });
    },
    30_000,
  );

  test('[STORE-4] a page size other than 4096 poisons the capture', () => {
    const captured = openCaptured(engine, new Uint8Array(0), () => undefined);
    captured.database.exec('pragma page_size = 1024; create table t(x)');
    expect(captured.poison()).not.toBeNull();
    captured.close();
  });

  test('[STORE-4] an error while a transaction is taken over poisons the capture and spares SQLite', () => {
    const captured = openCaptured(engine, new Uint8Array(0), () => {
      throw new Error('no');
    });
    captured.database.exec('create table t(x); insert into t values (1)');
    expect(captured.poison()?.message).toBe('no');
    expect(captured.database.exec('select x from t')[0]?.values).toEqual([[1]]);
    captured.close();
  });

  const mistakes: readonly Mistake[] = [
    {
      name: 'pages never written get no entry',
      file: 'worker/host/page-capture.ts',
      right: 'for (let at = committedSize; at < size; at += PAGE_SIZE_BYTES) touched.add(at);',
      wrong: '',
    },
    {
      name: 'before-images past the committed end',
      file: 'worker/host/page-capture.ts',
      right: 'offset >= Math.min(committedSize, size)',
      wrong: 'offset >= size',
    },
  ];

  test.each(mistakes)(
    '[STORE-4] the fuzz notices a planted mistake: $name',
    async (mistake) => {
      const entry = 'worker/host/page-capture.ts';
      const isCaught = await withMistake(entry, mistake, async (planted: typeof PageCapture) => {
        for (let seed = 1; seed <= 6; seed++) {
          if (fuzz(seed, 250, planted.openCaptured).wrong > 0) return true;
        }
        return false;
      });
      expect(isCaught).toBe(true);
    },
    60_000,
  );
});
