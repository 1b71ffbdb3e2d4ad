/**
 * Who watches what (`protocol.md` B50, `quality.md` I4, I22). A query runs again only when a table that it
 * read has changed; its rows go out only when they differ from the last ones, and only when everything they
 * show is durable.
 *
 * All queries that one commit concerns run in the same synchronous step, between transactions, and their
 * results go out together: no watcher ever sees part of a bundle, nor one watcher a newer state than
 * another. Several commits in one turn of the event loop cost one run.
 */
import { isEqualData } from './equality.ts';
import type { LocalDatabase, Sql, SqlRow, SqlValue } from './ports.ts';

interface Watcher {
  /** Asks now; what it returns hands over exactly these rows, if they are new. */
  readonly run: () => () => void;
  tables: ReadonlySet<string>;
  isStale: boolean;
}

export interface LiveQueries {
  watch<T>(work: (sql: Sql) => T, onRows: (rows: T) => void): () => void;
  /** A transaction was committed. */
  committed(): void;
  /** Resolves when everything that has been run is delivered. */
  settled(): Promise<void>;
}

/** A read-only view of the connection that remembers what was asked. */
function recordingSql(sql: Sql, statements: Set<string>): Sql {
  const all = (statement: string, params?: readonly SqlValue[]): SqlRow[] => {
    statements.add(statement);
    return sql.all(statement, params);
  };
  const refuse = (): never => {
    throw new TypeError('a live query only reads');
  };
  return { all, run: refuse, script: refuse, transaction: refuse };
}

// oxlint-disable-next-line max-lines-per-function -- one closure owns the state; its parts are short functions
export function createLiveQueries(
  database: LocalDatabase,
  onFailure: (error: unknown) => void,
): LiveQueries {
  const watchers = new Set<Watcher>();
  let isScheduled = false;
  let delivered: Promise<void> = Promise.resolve();

  const flush = (): void => {
    isScheduled = false;
    const changed = database.takeChangedTables();
    const due = [...watchers].filter(
      (watcher) => watcher.isStale || [...watcher.tables].some((table) => changed.has(table)),
    );
    if (due.length === 0) return;
    const answers = due.map((watcher) => ({ watcher, deliver: watcher.run() }));
    delivered = deliverAfter(delivered, database.committedSeq(), answers);
  };

  const deliverAfter = async (
    previous: Promise<void>,
    seq: number,
    answers: readonly { readonly watcher: Watcher; readonly deliver: () => void }[],
  ): Promise<void> => {
    await previous;
    try {
      await database.whenDurable(seq);
      for (const { watcher, deliver } of answers) if (watchers.has(watcher)) deliver();
    } catch (error) {
      onFailure(error);
    }
  };

  const schedule = (): void => {
    if (isScheduled) return;
    isScheduled = true;
    void Promise.resolve().then(flush);
  };

  return {
    watch<T>(work: (sql: Sql) => T, onRows: (rows: T) => void): () => void {
      let last: { readonly rows: T } | null = null;
      const nothing = (): void => undefined;
      const watcher: Watcher = {
        tables: new Set(),
        isStale: true,
        run(): () => void {
          const statements = new Set<string>();
          watcher.isStale = false;
          let rows: T;
          try {
            rows = work(recordingSql(database.sql, statements));
          } catch (error) {
            // One broken query must not keep the others from their rows; it stays silent until a change.
            onFailure(error);
            return nothing;
          } finally {
            watcher.tables = new Set(
              [...statements].flatMap((text) => [...database.tablesRead(text)]),
            );
          }
          return () => {
            if (last !== null && isEqualData(rows, last.rows)) return;
            last = { rows };
            onRows(rows);
          };
        },
      };
      watchers.add(watcher);
      schedule();
      return () => {
        watchers.delete(watcher);
      };
    },
    committed: schedule,
    async settled(): Promise<void> {
      await Promise.resolve();
      await delivered;
    },
  };
}
