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
}

export interface Catalog {
  readonly schemaName: string;
  readonly schema: Schema;
  readonly tables: readonly SyncedTable[];
  readonly byName: ReadonlyMap<string, SyncedTable>;
}

const quoted = (name: string): string => `"${name}"`;

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

export function findRow(sql: Sql, table: SyncedTable, id: string): LocalRow | null {
  const columns = table.columnNames.map(quoted).join(', ');
  const [row] = sql.all(
    `select ${columns} from ${quoted(table.name)} where ${quoted(table.declared.key)} = ?1`,
    [id],
  );
  return row ?? null;
}

export function hasRow(sql: Sql, table: SyncedTable, id: string): boolean {
  const statement = `select 1 as found from ${quoted(table.name)} where ${quoted(table.declared.key)} = ?1`;
  return sql.all(statement, [id]).length > 0;
}

/** Inserts or updates by key; never replaces, which would delete the children first. */
export function writeRow(sql: Sql, table: SyncedTable, row: LocalRow): void {
  const names = table.columnNames;
  const others = names.filter((name) => name !== table.declared.key);
  const onConflict =
    others.length === 0
      ? 'do nothing'
      : `do update set ${others.map((name) => `${quoted(name)} = excluded.${quoted(name)}`).join(', ')}`;
  sql.run(
    `insert into ${quoted(table.name)} (${names.map(quoted).join(', ')})
     values (${names.map((_, index) => `?${index + 1}`).join(', ')})
     on conflict (${quoted(table.declared.key)}) ${onConflict}`,
    names.map((name) => row[name] ?? null),
  );
}

export function deleteRow(sql: Sql, table: SyncedTable, id: string): void {
  sql.run(`delete from ${quoted(table.name)} where ${quoted(table.declared.key)} = ?1`, [id]);
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
