/**
 * Random programs of SQL against a captured database, and the oracles that judge the capture.
 *
 * First oracle: after every commit the records made so far must rebuild the file as it is read below SQLite.
 * Second oracle: `export()`, which knows nothing of the capture. It runs in the middle of programs as well,
 * because it goes through the same VFS. At the end a fresh SQLite opens what was rebuilt and checks it.
 *
 * A program is data, so a failing one shrinks. Content comes from `noise`, so a program replays.
 */
import { must } from '../../shared/assert.ts';
import type { CommittedPages } from '../../worker/store/page-log.ts';
import {
  applyRecord,
  encodeRecord,
  fitsAfter,
  PAGE_SIZE_BYTES,
} from '../../worker/store/format.ts';
import type { openCaptured } from '../../worker/host/page-capture.ts';
import type { SqliteEngine } from '../../worker/host/sqlite-engine.ts';
import { createRandom } from './prng.ts';

/** Which action, and two numbers that it makes its statements of. */
export type Step = readonly [action: number, a: number, b: number];

export const AUTO_VACUUMS = ['none', 'full', 'incremental'] as const;
/** Bound of the numbers that statements are made of. */
export const NUMBERS_MAX = 10_000;
/** So few pages of cache that transactions spill. */
const CACHE_PAGES = 12;

export interface Program {
  readonly autoVacuum: (typeof AUTO_VACUUMS)[number];
  readonly steps: readonly Step[];
}

export interface Judged {
  readonly commits: number;
  /** Statements that SQLite refused, as it should: a full `WITHOUT ROWID` key, a table that is gone. */
  readonly refused: number;
  readonly wrong: readonly string[];
}

/** One buffer for all programs: making 8 MB anew for each is most of what a program costs. */
const IMAGE = new Uint8Array(2048 * PAGE_SIZE_BYTES);
/** In page 1 of a SQLite file, big-endian. */
const CHANGE_COUNTER_AT = 24;
const FREE_LIST_AT = 32;

type Action = (a: number, b: number) => string;

/** Every way in which pages change, or could be thought to. */
const ACTIONS: readonly Action[] = [
  (a, b) => `insert into a(x, y) values ('k${a}', noise(${b % 3000}, ${a}))`,
  (a, b) => `insert into a(x, y) values ('k${a}', noise(${b % 900}, ${a}))`,
  (a, b) => `begin; insert into a(x, y) values ('m${a}', noise(100, ${b}));
    update a set x = 'u' || id || '${b}' where id % ${2 + (a % 9)} = 0;
    insert or replace into w values ('${b % 50}', noise(50, ${a})); commit`,
  // Spilled by the tiny cache, then taken back.
  (a) => `begin; update a set y = noise(900, ${a} + id); rollback`,
  (a, b) => `begin; savepoint s; delete from a where id % 3 = ${a % 3}; rollback to s;
    insert into f values ('hello ${a} world ${b}'); release s; commit`,
  (a, b) => `begin; savepoint s; update a set y = noise(${b % 1500}, id); savepoint t;
    delete from w where k < '${a % 50}'; rollback to t; release s;
    insert into w values ('s${a}', noise(${b % 300}, 1)); commit`,
  (a, b) =>
    `delete from a where id in (select id from a order by (id * ${a}) % 101 limit ${b % 40})`,
  (a) => `delete from a where id % ${2 + (a % 3)} = 0`,
  () => `delete from a`,
  () => `delete from w`,
  (a) => `pragma incremental_vacuum(${a % 20})`,
  () => `vacuum`,
  (a) =>
    `create table if not exists t${a % 5}(q); insert into t${a % 5} values (noise(${a % 5000}, 7))`,
  (a) => `drop table if exists t${a % 5}`,
  (a) => `alter table a add column c${a % 7} default ${a}`,
  (a) => `create index if not exists i${a % 3} on a(y, x)`,
  (a) => `drop index if exists i${a % 3}; reindex`,
  (a, b) => `insert or replace into w values ('${a % 300}', '${'z'.repeat(b % 500)}')`,
  (a, b) =>
    `insert into f select 'row ' || id || ' ${a}' from a limit ${b % 30}; delete from f where t match '${a % 30}'`,
  // Grown and freed in one transaction: leaves pages that SQLite never writes.
  (a, b) => `begin; insert into a(x, y) values ('big', noise(${9000 + ((a * 37) % 200_000)}, 3));
    insert into a(x, y) values ('big', noise(${9000 + ((b * 17) % 90_000)}, 4));
    delete from a where x = 'big'; commit`,
  // Grown past the cache: new pages are spilled more than once in one transaction.
  (a, b) => `begin; insert into a(x, y) select 'n' || id || '${a}', noise(700, id) from a limit 60;
    update a set x = 'v' || id || '${b}' where id % 3 = 1;
    update a set x = 'v' || id || '${a}' where id % 2 = 1; commit`,
  // Grown, spilled, taken back to the start, and grown again by other content.
  (a, b) => `begin; savepoint s; insert into a(x, y) select 'r', noise(1500, id) from a limit 40;
    rollback to s; insert into a(x, y) values ('after', noise(${(a * 13) % 30_000}, ${b})); release s; commit`,
  (a) => `create temp table if not exists tmp(q); insert into tmp values (noise(5000, ${a}))`,
  (
    a,
  ) => `attach ':memory:' as side; create table side.s(q); insert into side.s values (noise(9000, ${a}));
    insert into a(x) select length(q) from side.s; detach side`,
  // A second file of the same VFS, written in one transaction with the watched one.
  (a) => `attach '/side.db' as side; create table if not exists side.s(q);
    begin; insert into side.s values (noise(9000, ${a})); insert into a(x) values ('both'); commit;
    delete from side.s; detach side`,
  (a) => `pragma user_version = ${a}`,
  (
    a,
    b,
  ) => `begin; insert into a(x, y) values ('${a}', noise(${b % 4000}, ${a})); select count(*) from a;
    insert or fail into w values ('1', 1), ('1', 2)`,
];

const EXPORT = ACTIONS.length;
/** Bound of the first number of a step. */
export const ACTION_COUNT: number = ACTIONS.length + 1;

export function runProgram(
  engine: SqliteEngine,
  open: typeof openCaptured,
  program: Program,
  between: (step: number) => void = () => undefined,
): Judged {
  const wrong: string[] = [];
  const rebuilt = createRebuilt(wrong);
  const captured = open(engine, new Uint8Array(0), (pages) => {
    rebuilt.commit(pages);
    const truth = new Uint8Array(pages.pageCount * PAGE_SIZE_BYTES);
    pages.copyImage(truth);
    rebuilt.compare(truth, 'the file below SQLite');
  });
  const { database } = captured;
  database.create_function('noise', (size: number, seed: number) => noise(size, seed));
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
      if (attached(database)) database.exec('detach side');
    }
  };
  const compareExport = (): void => {
    if (rebuilt.pageCount() > 0) rebuilt.compareCopy(database.export());
  };
  run('pragma journal_mode = memory; pragma synchronous = off; pragma temp_store = memory');
  run(`pragma auto_vacuum = ${program.autoVacuum}`);
  run(`pragma cache_size = ${CACHE_PAGES}`);
  run('create table a(id integer primary key, x text, y blob); create index ax on a(x)');
  run('create table w(k text primary key, v) without rowid; create virtual table f using fts4(t)');
  for (const [index, [action, a, b]] of program.steps.entries()) {
    between(index);
    if (action === EXPORT) compareExport();
    else run(must(ACTIONS[action], 'an action has its number')(a, b));
  }
  compareExport();
  const poison = captured.poison();
  if (poison !== null) wrong.push(`poisoned: ${poison.message}`);
  captured.close();
  wrong.push(...checkIntegrity(engine, rebuilt.image()));
  return { commits: rebuilt.commits(), refused, wrong };
}

const attached = (database: ReturnType<SqliteEngine['openDatabase']>): boolean =>
  database.exec('pragma database_list')[0]?.values.some(([, name]) => name === 'side') ?? false;

function createRebuilt(wrong: string[]) {
  const image = IMAGE;
  let pageCount = 0;
  let commits = 0;
  let changeCounter = 0;
  return {
    commit(pages: CommittedPages): void {
      commits++;
      const header = { seq: commits, epoch: 1, nonce: 0, previousCrc: 0, flags: 0 };
      const record = encodeRecord({ ...header, pageCount: pages.pageCount }, pages.readChanges());
      const isEmpty = record.entryCount === 0 && pages.pageCount === pageCount;
      if (!fitsAfter(pageCount, record)) wrong.push(`commit ${commits}: the record does not fit`);
      else applyRecord(image, record);
      pageCount = pages.pageCount;
      // SQLite counts its transactions in page 1: a commit that was missed leaves a gap.
      const counter = uint32At(image, CHANGE_COUNTER_AT);
      if (counter !== changeCounter + (isEmpty ? 0 : 1)) {
        wrong.push(`commit ${commits}: one before it was not seen`);
      }
      changeCounter = counter;
    },
    compare(truth: Uint8Array, oracle: string): void {
      const ours = image.subarray(0, pageCount * PAGE_SIZE_BYTES);
      if (Buffer.compare(truth, ours) !== 0)
        wrong.push(`commit ${commits}: not what ${oracle} has`);
    },
    /** `export()` makes a backup: it counts anew in page 1, and free pages are never written to a file. */
    compareCopy(copy: Uint8Array): void {
      const unlike = [1, ...freeLeaves(copy)].map((page) => page * PAGE_SIZE_BYTES);
      const ours = image.slice(0, pageCount * PAGE_SIZE_BYTES);
      for (const end of unlike) {
        copy.fill(0, end - PAGE_SIZE_BYTES, end);
        ours.fill(0, end - PAGE_SIZE_BYTES, end);
      }
      if (Buffer.compare(copy, ours) !== 0) wrong.push(`commit ${commits}: not what export() has`);
    },
    image: () => image.slice(0, pageCount * PAGE_SIZE_BYTES),
    pageCount: () => pageCount,
    commits: () => commits,
  };
}

const uint32At = (image: Uint8Array, at: number): number =>
  new DataView(image.buffer, image.byteOffset).getUint32(at, false);

/** Pages on the free list that hold nothing: SQLite keeps their content out of the file at will. */
function freeLeaves(image: Uint8Array): number[] {
  const leaves: number[] = [];
  for (let trunk = uint32At(image, FREE_LIST_AT); trunk !== 0;) {
    const at = (trunk - 1) * PAGE_SIZE_BYTES;
    for (let index = 0; index < uint32At(image, at + 4); index++) {
      leaves.push(uint32At(image, at + 8 + 4 * index));
    }
    trunk = uint32At(image, at);
  }
  return leaves;
}

function checkIntegrity(engine: SqliteEngine, image: Uint8Array): string[] {
  const database = engine.openDatabase(image);
  let answer: unknown;
  try {
    answer = database.exec('pragma integrity_check')[0]?.values[0]?.[0];
  } catch (error) {
    answer = error;
  }
  database.close();
  return answer === 'ok' ? [] : [`integrity_check: ${String(answer)}`];
}

function noise(size: number, seed: number): Uint8Array {
  const random = createRandom(seed);
  const bytes = new Uint8Array(size);
  for (let index = 0; index < size; index += 4) {
    const word = random(2 ** 32);
    for (let byte = 0; byte < 4 && index + byte < size; byte++)
      bytes[index + byte] = word >> (8 * byte);
  }
  return bytes;
}

/** A program drawn from a seed, for planted mistakes: how many seeds it takes to notice. */
export function drawProgram(seed: number, stepCount: number): Program {
  const random = createRandom(seed);
  const steps = Array.from({ length: stepCount }, (): Step => [
    random(ACTION_COUNT),
    random(NUMBERS_MAX),
    random(NUMBERS_MAX),
  ]);
  return { autoVacuum: must(AUTO_VACUUMS[random(3)], 'one of three'), steps };
}
