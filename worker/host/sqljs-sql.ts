/**
 * The `Sql` port over one sql.js database: statement cache, exact integers, transactions, and which tables
 * were written or are read. It knows nothing of files; `local-database.ts` adds durability.
 *
 * Integers come back as numbers while they are exact and as bigints beyond. Going in, a number outside 32
 * bits is bound as a double and a bigint outside ±2^53 as text, which is all sql.js offers: columns of
 * INTEGER affinity turn both into the exact integer, expressions without a column may not.
 */
import type { BindParams, Database, Statement } from 'sql.js';
import { assert } from '../../shared/assert.ts';
import type { Sql, SqlRow, SqlValue } from '../engine/ports.ts';
import { readCatalogue } from './table-catalogue.ts';
import type { TableCatalogue } from './table-catalogue.ts';

const STATEMENTS_CACHED_MAX = 256;
const CHANGES_SCHEMA = /^\s*(?:create|alter|drop|vacuum|reindex|attach|detach|pragma|rollback)\b/i;
const WRITES_ROWS = /^\s*(?:insert|update|delete|replace|with)\b/i;

export interface SqljsSql extends Sql {
  takeChangedTables(): ReadonlySet<string>;
  tablesRead(statement: string): ReadonlySet<string>;
  isInTransaction(): boolean;
  /** Frees the statements; the database itself belongs to the caller. */
  close(): void;
}

/** What 1.16 accepts and answers beyond the published types: bigints both ways. */
interface WideStatement extends Omit<Statement, 'get'> {
  get(params: null, options: { readonly useBigInt: true }): SqlValue[];
}

/**
 * `checkUsable` throws when nothing may be read or written any more; `refusal` says why
 * nothing may be written at the moment, or null: a transaction that wrote all the same is rolled back.
 */
// oxlint-disable-next-line max-lines-per-function -- one closure owns the state; its parts are short functions
export function createSqljsSql(
  database: Database,
  checkUsable: () => void,
  refusal: () => Error | null = () => null,
): SqljsSql {
  const statements = new Map<string, WideStatement>();
  const changed = new Set<string>();
  let catalogue: TableCatalogue | null = null;
  /** The statement that stands last in `statements`: many rows are written by the same one. */
  let newest = '';
  let isInTransaction = false;

  // Silent for WITHOUT ROWID tables and tables emptied as a whole: those come from the catalogue.
  database.updateHook((_operation, _schema, table) => changed.add(table));

  const tables = (): TableCatalogue => (catalogue ??= readCatalogue(database));

  function forgetSchema(): void {
    for (const statement of statements.values()) statement.free();
    statements.clear();
    newest = '';
    catalogue = null;
  }

  function prepare(text: string): WideStatement {
    const known = statements.get(text);
    if (known !== undefined && text === newest) return known;
    statements.delete(text);
    const statement: WideStatement = known ?? database.prepare(text);
    statements.set(text, statement);
    newest = text;
    if (statements.size > STATEMENTS_CACHED_MAX) {
      const [oldest] = statements;
      if (oldest !== undefined) {
        oldest[1].free();
        statements.delete(oldest[0]);
      }
    }
    return statement;
  }

  function noteWrites(text: string): void {
    if (CHANGES_SCHEMA.test(text)) {
      for (const table of tables().tables) changed.add(table);
      forgetSchema();
    } else if (WRITES_ROWS.test(text)) {
      for (const table of tables().tablesWrittenUnseen(text)) changed.add(table);
    }
  }

  function query(text: string, params: readonly SqlValue[]): SqlRow[] {
    const statement = prepare(text);
    try {
      statement.bind(params.map(toBindable) as BindParams);
      const rows: SqlRow[] = [];
      let columns: string[] | null = null;
      while (statement.step()) {
        columns ??= statement.getColumnNames();
        rows.push(toRow(columns, statement.get(null, { useBigInt: true })));
      }
      return rows;
    } finally {
      statement.reset();
    }
  }

  function transaction<T>(work: () => T): T {
    checkUsable();
    assert(!isInTransaction, 'transactions do not nest');
    query('begin immediate', []);
    isInTransaction = true;
    try {
      const before = refusal() === null ? null : writeCount();
      const result = work();
      assert(!isPromise(result), 'the work of a transaction is synchronous');
      if (before !== null && writeCount() !== before) refuse();
      query('commit', []);
      return result;
    } catch (error) {
      rollBack();
      throw error;
    } finally {
      isInTransaction = false;
    }
  }

  function refuse(): void {
    const reason = refusal();
    if (reason !== null) throw reason;
  }

  /** Rows and schema: DDL does not count as a change of rows. */
  function writeCount(): string {
    const [rows] = query('select total_changes() as n', []);
    const [schema] = query('pragma schema_version', []);
    return `${String(rows?.['n'])}:${String(schema?.['schema_version'])}`;
  }

  function rollBack(): void {
    try {
      database.run('rollback');
    } catch {
      // Some errors (a full disk, an interrupt) have rolled back already, and SQLite says so by failing.
    }
    forgetSchema();
  }

  return {
    all(text, params = []) {
      checkUsable();
      const rows = query(text, params);
      noteWrites(text);
      return rows;
    },
    run(text, params = []) {
      checkUsable();
      // By itself it is a transaction of its own.
      if (!isInTransaction && WRITES_ROWS.test(text)) refuse();
      query(text, params);
      // Asked before anything else runs: even `explain` of a write sets SQLite's count back.
      const rowCount = WRITES_ROWS.test(text) ? database.getRowsModified() : 0;
      noteWrites(text);
      return rowCount;
    },
    script(text) {
      checkUsable();
      const before = tables().tables;
      database.exec(text);
      forgetSchema();
      // A script is for schema and pragmas: rather every table than one too few.
      for (const table of [...before, ...tables().tables]) changed.add(table);
    },
    transaction,
    takeChangedTables() {
      const taken = new Set([...changed].map((table) => tables().ownerOf(table)));
      changed.clear();
      return taken;
    },
    tablesRead(text) {
      checkUsable();
      return tables().tablesRead(text);
    },
    isInTransaction: () => isInTransaction,
    close() {
      forgetSchema();
      database.updateHook(null);
    },
  };
}

const isPromise = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && 'then' in value;

function toBindable(value: SqlValue): SqlValue {
  if (typeof value !== 'bigint') return value;
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

function toRow(columns: readonly string[], values: readonly SqlValue[]): SqlRow {
  const row: Record<string, SqlValue> = {};
  for (const [index, column] of columns.entries()) row[column] = fromColumn(values[index] ?? null);
  return row;
}

function fromColumn(value: SqlValue): SqlValue {
  if (typeof value !== 'bigint') return value;
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}
