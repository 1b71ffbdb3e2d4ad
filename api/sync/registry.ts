/**
 * The synced tables as the service sees them. The service knows no table by name: it takes the list
 * below, checks it, puts it into foreign-key order and numbers it as the catalogue in the database does.
 *
 * Order: strongly connected groups together, parents first, ties by name (protocol.md §8.1). Every name
 * that ever becomes SQL text comes from here and matches `[a-z0-9_]+`; requests only select among them.
 */
import { assert, must } from '../../shared/assert.ts';
import type { SchemaPolicy } from './schema-gate.ts';
import type { WireType } from '../../shared/schema/value-wire.ts';

export interface SyncColumn {
  readonly name: string;
  readonly type: WireType;
  /** The full Postgres type, as `format_type` spells it: `numeric(30,10)`. */
  readonly sqlType: string;
  /** The schema version that brought it; 1 when absent. */
  readonly since?: number;
  /** What history from before it means, in wire form: its constant default, or null. */
  readonly wireDefault?: string | boolean | null;
}

export interface SyncForeignKey {
  readonly name: string;
  readonly column: string;
  readonly table: string;
}

export interface SyncTable {
  readonly schema: string;
  readonly table: string;
  readonly key: string;
  readonly keyType: 'uuid' | 'text';
  /** The schema version that brought it; 1 when absent. */
  readonly since?: number;
  /** Pushed rows are refused; only triggers and server-side writers fill it. */
  readonly serverWritten: boolean;
  /** All columns that travel, the key included, the scope column not. */
  readonly columns: readonly SyncColumn[];
  /** References to other synced tables of the same schema, by their key. */
  readonly foreignKeys: readonly SyncForeignKey[];
  /** Uniqueness beyond the key, without the scope column. */
  readonly uniques: readonly { readonly name: string; readonly columns: readonly string[] }[];
}

export interface RegisteredTable extends SyncTable {
  /** Its number in `sync.table_catalog`. */
  readonly tableNo: number;
  readonly columnsByName: ReadonlyMap<string, SyncColumn>;
}

export type ServedVersions = Partial<Omit<SchemaPolicy, 'current'>>;

export interface Registry {
  readonly appName: string;
  readonly schemaVersion: number;
  /** Which versions are still served; all of them when empty. */
  readonly schemaPolicy: ServedVersions;
  /** In foreign-key order. */
  readonly tables: readonly RegisteredTable[];
  /** True while every table and column is as old as the first version. */
  readonly hasOneVersion: boolean;
  /** The tables as a client of this version knows them, in the same order. */
  tablesAt(version: number): readonly RegisteredTable[];
  find(schema: string, table: string): RegisteredTable | undefined;
  get(tableNo: number): RegisteredTable;
}

export const SCOPE_COLUMN = '_sync_scope_id';
const IDENTIFIER = /^[a-z0-9_]+$/;

export const qualifiedName = (table: SyncTable): string => `${table.schema}.${table.table}`;
/** `"schema"."table"`; both parts were checked against the grammar. */
export const tableSql = (table: SyncTable): string => `"${table.schema}"."${table.table}"`;

function checkTable(table: SyncTable, names: ReadonlySet<string>): void {
  const where = `synced table ${qualifiedName(table)}`;
  for (const name of [table.schema, table.table, ...table.columns.map((column) => column.name)]) {
    assert(IDENTIFIER.test(name), `${where}: the name "${name}" does not match [a-z0-9_]+`);
    assert(name !== SCOPE_COLUMN, `${where}: the scope column is hidden and must not be declared`);
  }
  const columns = new Set(table.columns.map((column) => column.name));
  assert(columns.size === table.columns.length, `${where}: a column is declared twice`);
  const key = table.columns.find((column) => column.name === table.key);
  assert(key?.type === table.keyType, `${where}: its key column must be of type uuid or text`);
  for (const foreignKey of table.foreignKeys) {
    assert(columns.has(foreignKey.column), `${where}: ${foreignKey.name} has no column`);
    assert(
      names.has(`${table.schema}.${foreignKey.table}`),
      `${where}: ${foreignKey.name} refers to a table that is not synced`,
    );
  }
  for (const unique of table.uniques) {
    assert(
      unique.columns.every((column) => columns.has(column)),
      `${where}: ${unique.name} names an unknown column`,
    );
  }
}

/** Every table that `start` needs, directly or not. */
function reachable(start: string, parents: ReadonlyMap<string, readonly string[]>): Set<string> {
  const seen = new Set<string>();
  const open = [...(parents.get(start) ?? [])];
  while (open.length > 0) {
    const name = must(open.pop(), 'the list was not empty');
    if (seen.has(name)) continue;
    seen.add(name);
    open.push(...(parents.get(name) ?? []));
  }
  return seen;
}

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Parents before children; tables on one cycle stand together. */
export function foreignKeyOrder(tables: readonly SyncTable[]): readonly SyncTable[] {
  const byName = new Map(tables.map((table) => [qualifiedName(table), table]));
  const parents = new Map(
    tables.map((table) => [
      qualifiedName(table),
      table.foreignKeys.map((foreignKey) => `${table.schema}.${foreignKey.table}`),
    ]),
  );
  const needs = new Map([...byName.keys()].map((name) => [name, reachable(name, parents)]));
  const onCycleWith = (a: string, b: string): boolean =>
    a === b || (needs.get(a)?.has(b) === true && needs.get(b)?.has(a) === true);
  const ordered: string[] = [];
  const left = [...byName.keys()].sort(byText);
  while (left.length > 0) {
    const ready = must(
      left.find((name) =>
        [...(needs.get(name) ?? [])].every(
          (parent) => ordered.includes(parent) || onCycleWith(name, parent),
        ),
      ),
      'among the tables left one needs only itself, its cycle and what is already placed',
    );
    const group = left.filter((name) => onCycleWith(name, ready));
    ordered.push(...group);
    for (const name of group) left.splice(left.indexOf(name), 1);
  }
  return ordered.map((name) => must(byName.get(name), 'every ordered name was a table'));
}

export function createRegistry(options: {
  readonly appName: string;
  readonly schemaVersion: number;
  readonly schemaPolicy?: ServedVersions;
  readonly tables: readonly SyncTable[];
  /** Numbers by `schema.table`, from the catalogue: a table keeps its number for ever. */
  readonly numbers: ReadonlyMap<string, number>;
}): Registry {
  const names = new Set(options.tables.map(qualifiedName));
  assert(names.size === options.tables.length, 'a synced table is registered twice');
  for (const table of options.tables) checkTable(table, names);
  const tables = foreignKeyOrder(options.tables).map((table) => ({
    ...table,
    tableNo: must(options.numbers.get(qualifiedName(table)), 'every synced table has a number'),
    columnsByName: new Map(table.columns.map((column) => [column.name, column])),
  }));
  const byName = new Map(tables.map((table) => [qualifiedName(table), table]));
  const byNumber = new Map(tables.map((table) => [table.tableNo, table]));
  const sinceOf = ({ since }: { readonly since?: number }): number => since ?? 1;
  const tablesByVersion = new Map<number, readonly RegisteredTable[]>();
  return {
    appName: options.appName,
    schemaVersion: options.schemaVersion,
    schemaPolicy: options.schemaPolicy ?? {},
    tables,
    hasOneVersion: tables.every((table) =>
      [table, ...table.columns].every((part) => sinceOf(part) === 1),
    ),
    tablesAt: (version) => {
      if (version >= options.schemaVersion) return tables;
      const known = tablesByVersion.get(version);
      if (known !== undefined) return known;
      const seen = tables
        .filter((table) => sinceOf(table) <= version)
        .map((table) => {
          const columns = table.columns.filter((column) => sinceOf(column) <= version);
          const columnsByName = new Map(columns.map((column) => [column.name, column]));
          return { ...table, columns, columnsByName };
        });
      tablesByVersion.set(version, seen);
      return seen;
    },
    find: (schema, table) => byName.get(`${schema}.${table}`),
    get: (tableNo) =>
      must(byNumber.get(tableNo), 'every table number in the database is registered'),
  };
}
