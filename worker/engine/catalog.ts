/**
 * The declared tables as the engine works with them: SQL made once, references in both directions, the
 * order in which rows can be written. It reads and writes single rows; why a row is written is decided
 * elsewhere. All writes here belong inside an apply transaction (`apply_mode` 1) or an application's own.
 */
import { must } from '../../shared/assert.ts';
import { rowFromJsonColumns } from '../../shared/schema/row-codec.ts';
import type { LocalRow } from '../../shared/schema/row-codec.ts';
import type { DeleteAction, Schema, Table } from '../../shared/schema/types.ts';
import { tableOrder } from '../../shared/schema/validate.ts';
import type { Sql } from './ports.ts';

export interface Reference {
  readonly column: string;
  readonly parent: string;
  readonly onDelete: DeleteAction;
}

export interface BackReference {
  readonly child: string;
  readonly column: string;
  readonly onDelete: DeleteAction;
}

export interface SyncedTable {
  readonly name: string;
  readonly declared: Table;
  readonly columnNames: readonly string[];
  /** Place in the order of writing, parents first. */
  readonly order: number;
  readonly references: readonly Reference[];
  readonly referencedBy: readonly BackReference[];
  readonly statements: RowStatements;
}

interface RowStatements {
  /** Inserts or updates by key; never replaces, which would delete the children first. */
  readonly write: string;
  readonly find: string;
  readonly has: string;
  readonly remove: string;
}

export interface Catalog {
  readonly schemaName: string;
  readonly schema: Schema;
  readonly tables: readonly SyncedTable[];
  readonly byName: ReadonlyMap<string, SyncedTable>;
}

const quoted = (name: string): string => `"${name}"`;

function rowStatements(name: string, declared: Table): RowStatements {
  const names = Object.keys(declared.columns);
  const others = names.filter((column) => column !== declared.key);
  const columns = names.map(quoted).join(', ');
  const onConflict =
    others.length === 0
      ? 'do nothing'
      : `do update set ${others.map((column) => `${quoted(column)} = excluded.${quoted(column)}`).join(', ')}`;
  const where = `where ${quoted(declared.key)} = ?1`;
  return {
    write: `insert into ${quoted(name)} (${columns})
     values (${names.map((_, index) => `?${index + 1}`).join(', ')})
     on conflict (${quoted(declared.key)}) ${onConflict}`,
    find: `select ${columns} from ${quoted(name)} ${where}`,
    has: `select 1 as found from ${quoted(name)} ${where}`,
    remove: `delete from ${quoted(name)} ${where}`,
  };
}

export function createCatalog(schema: Schema): Catalog {
  const names = tableOrder(schema);
  const referencesOf = (name: string): Reference[] =>
    Object.entries(must(schema.tables[name], 'an ordered table is declared').columns).flatMap(
      ([column, declared]) =>
        declared.references === undefined
          ? []
          : [{ column, parent: declared.references.table, onDelete: declared.references.onDelete }],
    );
  const tables = names.map((name, order): SyncedTable => {
    const declared = must(schema.tables[name], 'an ordered table is declared');
    return {
      name,
      declared,
      columnNames: Object.keys(declared.columns),
      statements: rowStatements(name, declared),
      order,
      references: referencesOf(name),
      referencedBy: names.flatMap((child) =>
        referencesOf(child)
          .filter((reference) => reference.parent === name)
          .map(({ column, onDelete }) => ({ child, column, onDelete })),
      ),
    };
  });
  return {
    schemaName: schema.name,
    schema,
    tables,
    byName: new Map(tables.map((table) => [table.name, table])),
  };
}

export const getTable = (catalog: Catalog, name: string): SyncedTable =>
  must(catalog.byName.get(name), 'a table of the engine is declared');

/** The key as the engine's tables spell it; the same text as SQLite's `json_object` makes. */
export const keyJsonOf = (table: SyncedTable, id: string): string =>
  JSON.stringify({ [table.declared.key]: id });

export function idOfKeyJson(table: SyncedTable, keyJson: string): string {
  const key = JSON.parse(keyJson) as Readonly<Record<string, unknown>>;
  const id = key[table.declared.key];
  return must(typeof id === 'string' ? id : null, 'a stored key holds its key column as text');
}

/** The columns of a JSON text as SQL result columns `c_<name>`, read by SQLite so that integers stay exact. */
export const jsonColumns = (table: SyncedTable, json: string): string =>
  table.columnNames.map((name) => `json_extract(${json}, '$.${name}') as "c_${name}"`).join(', ');

export const rowFromColumns = (table: SyncedTable, columns: LocalRow): LocalRow =>
  rowFromJsonColumns(table.declared, columns, 'c_');

export function rowFromLocalJson(sql: Sql, table: SyncedTable, json: string): LocalRow {
  const [columns] = sql.all(`select ${jsonColumns(table, '?1')}`, [json]);
  return rowFromColumns(table, must(columns, 'a select without a table gives one row'));
}

export const findRow = (sql: Sql, table: SyncedTable, id: string): LocalRow | null =>
  sql.all(table.statements.find, [id])[0] ?? null;

export const hasRow = (sql: Sql, table: SyncedTable, id: string): boolean =>
  sql.all(table.statements.has, [id]).length > 0;

export function writeRow(sql: Sql, table: SyncedTable, row: LocalRow): void {
  sql.run(
    table.statements.write,
    table.columnNames.map((name) => row[name] ?? null),
  );
}

export function deleteRow(sql: Sql, table: SyncedTable, id: string): void {
  sql.run(table.statements.remove, [id]);
}

/** Keys of the rows whose `column` refers to `parentId`. */
export function childIds(sql: Sql, child: SyncedTable, column: string, parentId: string): string[] {
  const key = quoted(child.declared.key);
  return sql
    .all(
      `select ${key} as id from ${quoted(child.name)} where ${quoted(column)} = ?1 order by ${key}`,
      [parentId],
    )
    .flatMap((row) => (typeof row['id'] === 'string' ? [row['id']] : []));
}
