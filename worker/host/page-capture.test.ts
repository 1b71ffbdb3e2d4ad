import { array, assert, constantFrom, nat, property, record, tuple } from 'fast-check';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { InitSqlJsStatic } from 'sql.js';
import { describe, expect, test } from 'vitest';
import {
  ACTION_COUNT,
  AUTO_VACUUMS,
  drawProgram,
  NUMBERS_MAX,
  runProgram,
} from '../../test/sim/capture-fuzz.ts';
import { medianSeeds, runs, SEEDS_MAX } from '../../test/sim/planted.ts';
import type { Mistake } from '../../test/sim/planted.ts';
import { PAGE_SIZE_BYTES } from '../store/format.ts';
import { openCaptured } from './page-capture.ts';
import type * as PageCapture from './page-capture.ts';
import { testCapture } from './local-database.ts';
import { loadBuild, loadSqliteEngine } from './sqlite-engine.ts';

const PROGRAMS = 2_000 * runs();
const TEST_MS_MAX = 600_000 * runs();

const wasm = new Uint8Array(
  await readFile(createRequire(import.meta.url).resolve('sql.js/dist/sql-wasm.wasm')),
);
const engine = await loadSqliteEngine(wasm);

describe('other builds of sql.js', () => {
  const require = createRequire(import.meta.url);

  test.each(['sql-wasm-debug', 'sql-wasm-browser'])(
    '[STORE-307] the capture works on %s as well',
    async (build) => {
      const init = require(`sql.js/dist/${build}.js`) as InitSqlJsStatic;
      const bytes = await readFile(require.resolve(`sql.js/dist/${build}.wasm`));
      const other = await loadBuild(init, new Uint8Array(bytes));
      expect(testCapture(other)).toBeNull();
      for (let seed = 1; seed <= 10; seed++) {
        expect(runProgram(other, openCaptured, drawProgram(seed, 20)).wrong).toEqual([]);
      }
    },
    TEST_MS_MAX,
  );
});

describe('page capture', () => {
  const step = tuple(nat(ACTION_COUNT - 1), nat(NUMBERS_MAX - 1), nat(NUMBERS_MAX - 1));
  const program = record({
    autoVacuum: constantFrom(...AUTO_VACUUMS),
    steps: array(step, { minLength: 4, maxLength: 20 }),
  });

  test(
    '[STORE-4] whatever a program of SQL does, the captured pages rebuild the true file after every commit',
    () => {
      let commits = 0;
      assert(
        property(program, (drawn) => {
          const judged = runProgram(engine, openCaptured, drawn);
          commits += judged.commits;
          expect(judged.wrong).toEqual([]);
        }),
        { numRuns: PROGRAMS },
      );
      process.stdout.write(`capture: ${PROGRAMS} programs, ${commits} commits, 0 wrong states\n`);
      expect(commits).toBeGreaterThan(10 * PROGRAMS);
    },
    TEST_MS_MAX,
  );

  test('[STORE-4] long programs on a large file do so too', () => {
    for (let seed = 1; seed <= 3; seed++) {
      const judged = runProgram(engine, openCaptured, drawProgram(seed, 250));
      expect(judged.wrong).toEqual([]);
      expect(judged.commits).toBeGreaterThan(150);
    }
  });

  test('[STORE-300] memory that grows between two statements of a transaction moves nothing', () => {
    const held: number[] = [];
    const before = engine.memory.buffer.byteLength;
    const steps = drawProgram(4, 20).steps;
    const judged = runProgram(engine, openCaptured, { autoVacuum: 'none', steps }, (index) => {
      if (index % 4 === 0) held.push(engine.allocate(24 * 1024 * 1024));
    });
    for (const pointer of held) engine.free(pointer);
    expect(engine.memory.buffer.byteLength).toBeGreaterThan(before + 48 * 1024 * 1024);
    expect(judged.wrong).toEqual([]);
  });

  test.each([1024, 8192])('[STORE-4] a page size of %i poisons the capture', (pageSize) => {
    const captured = openCaptured(engine, new Uint8Array(0), () => undefined);
    captured.database.exec(`pragma page_size = ${pageSize}; create table t(x)`);
    expect(captured.poison()).not.toBeNull();
    captured.close();
  });

  test('[STORE-301] a vacuum that changes the page size poisons the capture', () => {
    const captured = openCaptured(engine, new Uint8Array(0), () => undefined);
    captured.database.exec('create table t(x); insert into t values (1)');
    expect(captured.poison()).toBeNull();
    captured.database.exec('pragma page_size = 8192; vacuum');
    expect(captured.poison()).not.toBeNull();
    captured.close();
  });

  test('[STORE-4] an image opened again goes on where it was', () => {
    let image = new Uint8Array(0);
    for (let round = 1; round <= 5; round++) {
      let commits = 0;
      const captured = openCaptured(engine, image, () => commits++);
      captured.database.exec(`create table if not exists t(x); insert into t values (${round})`);
      expect(commits).toBe(round === 1 ? 2 : 1);
      image = new Uint8Array(captured.imageBytes());
      captured.copyImage(image);
      captured.close();
    }
    const database = engine.openDatabase(image);
    expect(database.exec('select sum(x) from t')[0]?.values).toEqual([[15]]);
    expect(image.length % PAGE_SIZE_BYTES).toBe(0);
    database.close();
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
    {
      name: 'before-images outlive their transaction',
      file: 'worker/host/page-capture.ts',
      right: 'before.clear();',
      wrong: '',
    },
    {
      name: 'pages past a truncation stay pending',
      file: 'worker/host/page-capture.ts',
      right: 'for (const offset of touched) if (offset >= size) touched.delete(offset);',
      wrong: '',
    },
  ];

  test.each(mistakes)(
    '[STORE-4] the programs notice a planted mistake: $name',
    async (mistake) => {
      const entry = 'worker/host/page-capture.ts';
      const median = await medianSeeds(entry, mistake, (planted: typeof PageCapture, seed) => {
        const judged = runProgram(engine, planted.openCaptured, drawProgram(seed, 100));
        return judged.wrong.length > 0;
      });
      expect(median).toBeLessThanOrEqual(SEEDS_MAX);
    },
    TEST_MS_MAX,
  );
});
