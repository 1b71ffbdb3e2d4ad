/**
 * What the device costs, measured where the product runs: a shared worker with sql.js, page capture and OPFS.
 * Built and served by `device.bench.ts`; answers one message with the figures of one measurement. References
 * are measured here as well, in the same worker and the same run.
 */
import wasmUrl from 'sql.js/dist/sql-wasm-browser.wasm?url';
import { createJournal } from '../../worker/acts/journal.ts';
import { localTablesSql } from '../../worker/acts/local-tables.ts';
import { createEngine, type Engine } from '../../worker/engine/engine.ts';
import { createBrowserClock } from '../../worker/host/browser-clock.ts';
import { createCryptoIds, randomBytes } from '../../worker/host/crypto-ids.ts';
import { openLocalDatabase, type OwnedDatabase } from '../../worker/host/local-database.ts';
import { openOpfsAsyncFiles, removeOpfsDatabase } from '../../worker/host/opfs-async-files.ts';
import { openCaptured } from '../../worker/host/page-capture.ts';
import { loadSqliteEngine } from '../../worker/host/sqlite-engine.ts';
import { prefsTableSql } from '../../worker/prefs.ts';
import { runQuery } from '../../worker/queries/run-query.ts';
import { createKitchen } from '../../worker/kitchen.ts';
import type { CompactionLimits } from '../../worker/store/compact.ts';
import type { Store } from '../../worker/store/files.ts';
import { encodeRecord } from '../../worker/store/format.ts';
import { kitchenSchema } from '../../shared/schema/tables.ts';
import { largeHousehold, snapshotTransport } from './large-household.ts';

export type Figures = Readonly<Record<string, readonly number[]>>;

const clock = createBrowserClock();
const ids = createCryptoIds(clock);
const today = { todayIso: '2026-11-22' };

interface Device {
  readonly database: OwnedDatabase;
  readonly engine: Engine;
  /** Bytes handed to the store so far. */
  readonly putBytes: () => number;
}

/** Nothing is merged and no base is made: what an edit writes by itself. */
const NO_COMPACTION: Partial<CompactionLimits> = {
  mergeSegmentsMin: Infinity,
  mergeMergedMin: Infinity,
  quietMergeSegmentsMin: Infinity,
  baseAfterBytesMin: Infinity,
  baseAfterBytesMax: Infinity,
};

async function openDevice(
  name: string,
  rowCount: number,
  limits: Partial<CompactionLimits> = {},
): Promise<Device> {
  const opened = await openOpfsAsyncFiles(name);
  if (!opened.ok) throw new Error(opened.error.detail);
  let bytesPut = 0;
  const store: Store = {
    ...opened.value,
    put: (file, bytes) => {
      bytesPut += bytes.byteLength;
      return opened.value.put(file, bytes);
    },
  };
  const database = await openLocalDatabase({ store, clock, randomBytes, wasm: wasmUrl, limits });
  const transport = snapshotTransport(rowCount === 0 ? [] : largeHousehold(rowCount));
  const engine = createEngine({
    database,
    schema: kitchenSchema,
    transport,
    clock,
    ids,
    journal: createJournal(() => '2026-11-22T10:00:00.000Z'),
    extraTables: localTablesSql + prefsTableSql,
  });
  const ready = await engine.open();
  if (!ready.ok) throw new Error(JSON.stringify(ready.error));
  return { database, engine, putBytes: () => bytesPut };
}

/** The longest time in which no timer ran. */
function watchBlocks(): () => number {
  let longest = 0;
  let last = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
  }, 1);
  return () => {
    clearInterval(timer);
    return Math.max(longest, performance.now() - last);
  };
}

const since = (begun: number): number => performance.now() - begun;

/** The same rows by prepared statements into tables without keys, indexes, checks and triggers. */
async function bareInsert(rowCount: number): Promise<number> {
  const sqlite = await loadSqliteEngine(wasmUrl);
  const rows = largeHousehold(rowCount);
  const database = sqlite.openDatabase(null);
  const begun = performance.now();
  database.exec('begin');
  const statements = new Map<string, ReturnType<typeof database.prepare>>();
  for (const { table, payload } of rows) {
    let statement = statements.get(table);
    if (statement === undefined) {
      const names = Object.keys(payload);
      database.exec(`create table ${table} (${names.join(', ')})`);
      statement = database.prepare(
        `insert into ${table} values (${names.map(() => '?').join(', ')})`,
      );
      statements.set(table, statement);
    }
    statement.run(Object.values(payload).map((value) => (value === false ? 0 : String(value))));
  }
  database.exec('commit');
  const ms = since(begun);
  database.close();
  return ms;
}

async function hydrate(name: string, rowCount: number): Promise<Figures> {
  const bare = await bareInsert(rowCount);
  const { database, engine } = await openDevice(name, rowCount);
  const stopBlocks = watchBlocks();
  const begun = performance.now();
  const attached = await engine.attach('household');
  const ms = since(begun);
  if (attached.type !== 'attached') throw new Error(JSON.stringify(attached));
  const block = stopBlocks();
  await database.close();
  return { bare: [(rowCount / bare) * 1000], hydrate: [(rowCount / ms) * 1000], block: [block] };
}

/** To the first answered query, clean and after an owner that never said goodbye. */
async function coldOpen(name: string): Promise<Figures> {
  const figures = { clean: [] as number[], unclean: [] as number[], megabytes: [] as number[] };
  for (let n = 0; n < 6; n += 1) {
    const begun = performance.now();
    const { database, engine } = await openDevice(name, 0);
    await engine.read((sql) =>
      runQuery(sql, 'recipes', { search: '', tagIds: [] } as never, today),
    );
    (database.opening.clean ? figures.clean : figures.unclean).push(since(begun));
    const [pages] = database.sql.all('select page_count as n from pragma_page_count');
    figures.megabytes.push((Number(pages?.['n']) * 4096) / 1e6);
    // Every second owner vanishes: the next opening finds no clean end.
    if (n % 2 === 1) await database.close();
  }
  return figures;
}

const addLines = (engine: Engine, count: number, finishedAt: string | null = null) =>
  engine.write((sql) => {
    for (let n = 0; n < count; n += 1)
      sql.run(
        `insert into list_items (id, title, quantity_milli, position, created_at, edited_at, later,
           finished_at) values (?1, ?2, 1000, ?3, ?4, ?4, 0, ?5)`,
        [ids.rowId(), `Thing number ${n}`, `a${n}`, '2026-11-22T10:00:00.000Z', finishedAt],
      );
  });

/** Durable commits of one and of a hundred rows, and what they write. */
async function commits(name: string, rounds: number): Promise<Figures> {
  const { database, engine, putBytes } = await openDevice(name, 0, NO_COMPACTION);
  await addLines(engine, 200);
  const lines = database.sql.all('select id from list_items order by id').map((row) => row['id']);
  const edit = async (count: number, round: number): Promise<number> => {
    const begun = performance.now();
    await engine.write((sql) => {
      for (const id of lines.slice(0, count))
        sql.run('update list_items set quantity_milli = ?2 where id = ?1', [id ?? null, round]);
    });
    return since(begun);
  };
  const figures = {
    one: [] as number[],
    hundred: [] as number[],
    act: [] as number[],
    kilobytes: [] as number[],
    amplification: [] as number[],
  };
  const nowIso = () => '2026-11-22T10:00:00.000Z';
  const kitchen = createKitchen({ engine, ids, nowIso, todayIso: () => today.todayIso });
  for (let n = 0; n < rounds; n += 1) figures.one.push(await edit(1, n));
  for (let n = 0; n < rounds; n += 1) figures.hundred.push(await edit(100, n));
  for (let n = 0; n < rounds; n += 1) {
    const begun = performance.now();
    const args = { id: String(lines[0]), quantityMilli: 3000 + n };
    await kitchen.perform('list.edit', args, crypto.randomUUID());
    figures.act.push(since(begun));
  }
  const [size] = database.sql.all(
    'select avg(length(payload)) as bytes from _sync_dirty_rows where payload is not null',
  );
  const before = putBytes();
  for (let n = 0; n < 20; n += 1) await addLines(engine, 1);
  const written = (putBytes() - before) / 20;
  figures.kilobytes.push(written / 1024);
  // A new line is its row and its intent, which is as long.
  figures.amplification.push(written / (2 * Number(size?.['bytes'])));
  await database.close();
  return figures;
}

/** CPU of a one-row edit on the bare database and on the captured one, records made included. */
async function capture(rounds: number): Promise<Figures> {
  const sqlite = await loadSqliteEngine(wasmUrl);
  const pragmas = 'pragma journal_mode = memory; pragma synchronous = off';
  const fill = `${pragmas}; create table line (id integer primary key, body text);
    with recursive n(value) as (select 1 union all select value + 1 from n where value < 2000)
    insert into line select value, hex(zeroblob(300)) from n`;
  const bare = sqlite.openDatabase(null);
  bare.exec(fill);
  let seq = 0;
  const captured = openCaptured(sqlite, new Uint8Array(0), (pages) => {
    seq += 1;
    const header = {
      seq,
      epoch: 1,
      nonce: 0,
      previousCrc: 0,
      pageCount: pages.pageCount,
      flags: 0,
    };
    encodeRecord(header, pages.readChanges());
  });
  captured.database.exec(fill);
  const edit = (database: typeof bare, n: number): number => {
    const begun = performance.now();
    database.run('update line set body = ? where id = ?', [`edited ${n}`, 1 + ((n * 37) % 2000)]);
    return since(begun);
  };
  const figures = { bare: [] as number[], captured: [] as number[] };
  // In blocks of ten, because the clock of a page is coarse.
  for (let n = 0; n < rounds; n += 1) {
    let [plain, kept] = [0, 0];
    for (let k = 0; k < 10; k += 1) plain += edit(bare, n * 10 + k);
    for (let k = 0; k < 10; k += 1) kept += edit(captured.database, n * 10 + k);
    figures.bare.push(plain / 10);
    figures.captured.push(kept / 10);
  }
  captured.close();
  bare.close();
  return figures;
}

/** From a commit to the rows of the list on their way to the tab: 60 open lines among so many finished ones. */
async function liveQuery(name: string, lines: number): Promise<Figures> {
  const { database, engine } = await openDevice(name, 0);
  await addLines(engine, lines, '2026-11-22T10:00:00.000Z');
  await addLines(engine, 60);
  const [first] = database.sql.all('select id from list_items where finished_at is null limit 1');
  const figures = { query: [] as number[], visible: [] as number[] };
  let arrived: (() => void) | null = null;
  engine.watch(
    (sql) => {
      const begun = performance.now();
      const rows = runQuery(sql, 'list', { storeId: null }, today);
      figures.query.push(since(begun));
      return rows;
    },
    () => arrived?.(),
  );
  for (let n = 0; n < 12; n += 1) {
    const shown = new Promise<void>((resolve) => (arrived = resolve));
    const begun = performance.now();
    await engine.write((sql) => {
      sql.run('update list_items set quantity_milli = ?2 where id = ?1', [
        first?.['id'] ?? null,
        2000 + n,
      ]);
    });
    await shown;
    figures.visible.push(since(begun));
  }
  await engine.stop();
  await database.close();
  return figures;
}

const measurements: Readonly<Record<string, (size: number) => Promise<Figures>>> = {
  hydrate: (rows) => hydrate('bench-large', rows),
  'cold-open': () => coldOpen('bench-large'),
  commits: (rounds) => commits('bench-commits', rounds),
  capture,
  'live-query': (lines) => liveQuery('bench-list', lines),
  clear: async () => {
    for (const name of ['bench-large', 'bench-commits', 'bench-list'])
      await removeOpfsDatabase(name);
    return {};
  },
};

addEventListener('connect', (event) => {
  if (!(event instanceof MessageEvent)) return;
  const [port] = event.ports;
  if (port === undefined) return;
  port.addEventListener('message', ({ data }: MessageEvent<[string, number]>) => {
    const [what, size] = data;
    const work = measurements[what];
    if (work === undefined) return;
    work(size).then(
      (figures) => port.postMessage({ figures }),
      (error: unknown) => port.postMessage({ error: String(error) }),
    );
  });
  port.start();
});
