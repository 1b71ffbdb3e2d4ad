/**
 * Which tables a statement touches, asked of SQLite itself: `explain` prints the program, the program
 * opens B-trees by root page, and the schema says whose they are. Triggers and cascades are part of the
 * program. Answers hold until the schema changes (VACUUM moves root pages as well).
 */
import type { Database, SqlValue } from 'sql.js';

export interface TableCatalogue {
  /** Every table a person of this code would name: tables and virtual tables, not indexes or shadows. */
  readonly tables: ReadonlySet<string>;
  tablesRead(statement: string): ReadonlySet<string>;
  /**
   * Tables this statement may write without the update hook noticing: WITHOUT ROWID tables, and tables
   * emptied as a whole.
   */
  tablesWrittenUnseen(statement: string): ReadonlySet<string>;
  /** The table people know for a name the update hook reports: shadow tables belong to their virtual one. */
  ownerOf(table: string): string;
}

const OPENS_FOR_READING: ReadonlySet<SqlValue> = new Set(['OpenRead', 'ReopenIdx', 'OpenWrite']);
const VIRTUAL_OPERATIONS: ReadonlySet<SqlValue> = new Set(['VOpen', 'VUpdate']);
const TABLES_SQL = `select schema, name, type, wr from pragma_table_list`;
const ROOTS_SQL = `select 0, rootpage, tbl_name from main.sqlite_schema where rootpage > 0
  union all select 1, rootpage, tbl_name from temp.sqlite_schema where rootpage > 0`;

interface Operation {
  readonly code: SqlValue;
  readonly p1: SqlValue;
  readonly p2: SqlValue;
  readonly p3: SqlValue;
}

export function readCatalogue(database: Database): TableCatalogue {
  const rows = (sql: string): SqlValue[][] => database.exec(sql)[0]?.values ?? [];
  const tables = new Set<string>();
  const withoutRowid = new Set<string>();
  const virtual: string[] = [];
  const shadows: string[] = [];
  for (const [, name, type, isWithoutRowid] of rows(TABLES_SQL)) {
    const table = String(name);
    if (type === 'shadow') shadows.push(table);
    if (type === 'table' || type === 'virtual') tables.add(table);
    if (type === 'virtual') virtual.push(table);
    if (isWithoutRowid === 1) withoutRowid.add(table);
  }
  const ownerByShadow = new Map<string, string>();
  for (const shadow of shadows) {
    const owner = virtual.find((name) => shadow.startsWith(`${name}_`));
    if (owner !== undefined) ownerByShadow.set(shadow, owner);
  }
  const tableByRoot = new Map<string, string>([
    ['0:1', 'sqlite_schema'],
    ['1:1', 'sqlite_temp_schema'],
  ]);
  for (const [schema, root, table] of rows(ROOTS_SQL)) {
    tableByRoot.set(`${String(schema)}:${String(root)}`, String(table));
  }
  const ownerOf = (table: string): string => ownerByShadow.get(table) ?? table;
  const program = (statement: string): Operation[] =>
    rows(`explain ${statement}`).map(([, code = null, p1 = null, p2 = null, p3 = null]) => ({
      code,
      p1,
      p2,
      p3,
    }));
  const tableAt = (schema: SqlValue, root: SqlValue): string | undefined =>
    tableByRoot.get(`${String(schema)}:${String(root)}`);
  /** The program names a virtual table by address only, so the text says which; in doubt, all. */
  const virtualIn = (statement: string): string[] => {
    const text = statement.toLowerCase();
    const named = virtual.filter((name) => text.includes(name.toLowerCase()));
    return named.length > 0 ? named : virtual;
  };
  return {
    tables,
    ownerOf,
    tablesRead: cached((statement) => {
      const found = new Set<string>();
      for (const { code, p2, p3 } of program(statement)) {
        const table = OPENS_FOR_READING.has(code) ? tableAt(p3, p2) : undefined;
        if (table !== undefined) found.add(ownerOf(table));
        if (VIRTUAL_OPERATIONS.has(code)) for (const name of virtualIn(statement)) found.add(name);
      }
      return found;
    }),
    tablesWrittenUnseen: cached((statement) => {
      const found = new Set<string>();
      for (const { code, p1, p2, p3 } of program(statement)) {
        const opened = code === 'OpenWrite' ? tableAt(p3, p2) : undefined;
        if (opened !== undefined && withoutRowid.has(opened)) found.add(opened);
        const emptied = code === 'Clear' ? tableAt(p2, p1) : undefined;
        if (emptied !== undefined) found.add(ownerOf(emptied));
      }
      return found;
    }),
  };
}

function cached(find: (statement: string) => ReadonlySet<string>): typeof find {
  const answers = new Map<string, ReadonlySet<string>>();
  return (statement) => {
    const known = answers.get(statement);
    if (known !== undefined) return known;
    const found = find(statement);
    answers.set(statement, found);
    return found;
  };
}
