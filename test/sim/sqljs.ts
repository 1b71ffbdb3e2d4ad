/** SQLite in Node for the simulator: the stock sql.js build behind the engine's `Sql` port. */
import { createRequire } from 'node:module';
import initSqlJs from 'sql.js';
import type { BindParams, Database, SqlJsStatic, Statement } from 'sql.js';
import { assert } from '../../shared/assert.ts';
import type { Sql, SqlRow, SqlValue } from '../../worker/engine/ports.ts';

let loaded: Promise<SqlJsStatic> | null = null;

export function loadSqlJs(): Promise<SqlJsStatic> {
  const wasm = createRequire(import.meta.url).resolve('sql.js/dist/sql-wasm.wasm');
  loaded ??= initSqlJs({ locateFile: () => wasm });
  return loaded;
}

const received = (value: unknown): SqlValue => {
  if (typeof value === 'bigint') {
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : value;
  }
  return value as SqlValue;
};

/** sql.js binds a bigint as text; SQLite's integer affinity makes it exact again. */
const bound = (value: SqlValue): string | number | Uint8Array | null =>
  typeof value === 'bigint' ? value.toString() : value;

export interface SqljsSql extends Sql {
  /** Frees all statements; they are made again when needed. */
  readonly forget: () => void;
  readonly free: () => void;
}

export function createSqljsSql(db: Database, onCommit: () => void): SqljsSql {
  const cache = new Map<string, Statement>();
  let isInside = false;
  const prepared = (text: string, params: readonly SqlValue[]): Statement => {
    let statement = cache.get(text);
    if (statement === undefined) {
      statement = db.prepare(text);
      cache.set(text, statement);
    }
    statement.reset();
    statement.bind(params.map(bound) as BindParams);
    return statement;
  };
  const all = (text: string, params: readonly SqlValue[] = []): SqlRow[] => {
    const statement = prepared(text, params);
    const rows: SqlRow[] = [];
    while (statement.step()) {
      // The types of sql.js do not know that integers can be asked for as bigint.
      const reader = statement as unknown as {
        get(params: null, config: { readonly useBigInt: boolean }): unknown[];
      };
      const values = reader.get(null, { useBigInt: true });
      const names = statement.getColumnNames();
      rows.push(Object.fromEntries(names.map((name, index) => [name, received(values[index])])));
    }
    statement.reset();
    return rows;
  };
  const run = (text: string, params: readonly SqlValue[] = []): number => {
    const statement = prepared(text, params);
    statement.step();
    statement.reset();
    return db.getRowsModified();
  };
  const forget = (): void => {
    for (const statement of cache.values()) statement.free();
    cache.clear();
  };
  return {
    all,
    run,
    script: (text) => {
      db.exec(text);
    },
    transaction: (work) => {
      assert(!isInside, 'transactions do not nest');
      isInside = true;
      try {
        db.exec('begin immediate');
        const value = work();
        db.exec('commit');
        onCommit();
        return value;
      } catch (error) {
        rollback(db);
        throw error;
      } finally {
        isInside = false;
      }
    },
    forget,
    free: () => {
      forget();
      db.close();
    },
  };
}

function rollback(db: Database): void {
  try {
    db.exec('rollback');
  } catch (error) {
    // A failed COMMIT may have ended the transaction already.
    if (!(error instanceof Error) || !error.message.includes('no transaction')) throw error;
  }
}
