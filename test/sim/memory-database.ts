/**
 * The engine's `LocalDatabase` without a disk: the simulator's double. What is committed is durable at once,
 * or only when the test says so; a crash falls back to the last durable image, as a killed worker would.
 * Changed tables are found by asking SQLite for the program of every write statement, triggers and foreign-key
 * actions included.
 */
import type { Database, SqlJsStatic } from 'sql.js';
import type { LocalDatabase, Sql, SqlRow, SqlValue } from '../../worker/engine/ports.ts';
import { createSqljsSql, loadSqlJs } from './sqljs.ts';

export interface MemoryDatabase extends LocalDatabase {
  /** The database as a restart would find it. */
  durableImage(): Uint8Array;
  /** From now on commits are durable at once (true) or wait for `flush` (false). */
  setDurableAtOnce(isAtOnce: boolean): void;
  flush(): void;
  /** Every wait for durability fails from now on. */
  refuse(error: Error): void;
}

const OPEN_WRITE = 'OpenWrite';
const OPEN_READ = 'OpenRead';

/** Names of tables by root page, to read the programs that `explain` prints. */
function tablesByRoot(db: Database): ReadonlyMap<number, string> {
  const [result] = db.exec('select rootpage, tbl_name from sqlite_master where rootpage > 0');
  return new Map((result?.values ?? []).map(([root, name]) => [Number(root), String(name)]));
}

function programTables(
  db: Database,
  statement: string,
): { reads: Set<string>; writes: Set<string> } {
  const roots = tablesByRoot(db);
  const reads = new Set<string>();
  const writes = new Set<string>();
  for (const row of db.exec(`explain ${statement}`)[0]?.values ?? []) {
    const [, opcode, , root] = row;
    const table = roots.get(Number(root));
    if (table === undefined) continue;
    if (opcode === OPEN_READ) reads.add(table);
    if (opcode === OPEN_WRITE) writes.add(table);
  }
  return { reads, writes };
}

interface Programs {
  readonly writes: Map<string, ReadonlySet<string>>;
  readonly reads: Map<string, ReadonlySet<string>>;
}

/** What statements do depends on the tables and triggers alone, and thousands of databases share those. */
const programsByTables = new Map<string, Programs>();

function programsOf(db: Database): Programs {
  const tables = JSON.stringify(db.exec('select sql from sqlite_master order by name')[0]?.values);
  const known = programsByTables.get(tables) ?? { writes: new Map(), reads: new Map() };
  programsByTables.set(tables, known);
  return known;
}

export async function createMemoryDatabase(
  image: Uint8Array | null = null,
  loss: LocalDatabase['opening']['loss'] = 'none',
): Promise<MemoryDatabase> {
  const sqlJs: SqlJsStatic = await loadSqlJs();
  const db = new sqlJs.Database(image);
  let committed = 0;
  let isAtOnce = true;
  let durableSeq = 0;
  let failure: Error | null = null;
  let kept: Uint8Array | null = null;
  let waiters: { seq: number; resolve: () => void; reject: (error: Error) => void }[] = [];
  const changed = new Set<string>();
  /** Null while tables or triggers may have changed. */
  let programs: Programs | null = null;

  const settle = (): void => {
    const due = waiters.filter((waiter) => waiter.seq <= durableSeq);
    waiters = waiters.filter((waiter) => waiter.seq > durableSeq);
    for (const waiter of due) waiter.resolve();
  };
  /** Exporting ends the connection's statements and pragmas; both are made anew. */
  const takeImage = (): Uint8Array => {
    inner.forget();
    const bytes = db.export();
    db.exec('pragma foreign_keys = on');
    return bytes;
  };
  const flush = (): void => {
    durableSeq = committed;
    if (!isAtOnce) kept = takeImage();
    settle();
  };
  const inner = createSqljsSql(db, () => {
    committed += 1;
    if (isAtOnce) flush();
  });
  const sql: Sql = {
    script: (statements) => {
      programs = null;
      inner.script(statements);
    },
    transaction: (work) => inner.transaction(work),
    run: (statement: string, params?: readonly SqlValue[]): number => {
      if (!/^\s*(insert|update|delete|replace)/i.test(statement)) {
        programs = null;
        return inner.run(statement, params);
      }
      programs ??= programsOf(db);
      let writes = programs.writes.get(statement);
      if (writes === undefined) {
        writes = programTables(db, statement).writes;
        programs.writes.set(statement, writes);
      }
      for (const table of writes) changed.add(table);
      return inner.run(statement, params);
    },
    all: (statement: string, params?: readonly SqlValue[]): SqlRow[] =>
      inner.all(statement, params),
  };
  return {
    sql,
    committedSeq: () => committed,
    whenDurable: (seq) =>
      new Promise((resolve, reject) => {
        if (failure !== null) reject(failure);
        else if (seq <= durableSeq) resolve();
        else waiters.push({ seq, resolve, reject });
      }),
    takeChangedTables: () => {
      const taken = new Set(changed);
      changed.clear();
      return taken;
    },
    tablesRead: (statement) => {
      programs ??= programsOf(db);
      let reads = programs.reads.get(statement);
      if (reads === undefined) {
        reads = programTables(db, statement).reads;
        programs.reads.set(statement, reads);
      }
      return reads;
    },
    opening: { clean: loss === 'none', loss },
    close: () => {
      inner.free();
      return Promise.resolve();
    },
    durableImage: () => (isAtOnce ? takeImage() : (kept ?? takeImage())),
    setDurableAtOnce: (value) => {
      if (!value) kept = takeImage();
      isAtOnce = value;
      if (value) flush();
    },
    flush,
    refuse: (error) => {
      failure = error;
      for (const waiter of waiters) waiter.reject(error);
      waiters = [];
    },
  };
}
