/**
 * The device's SQLite tables, made from the declarations: STRICT, one text key, a check per bound, foreign
 * keys with their actions, all deferred to the commit because a bundle may bring a child before its parent.
 * No UNIQUE besides the key: a peer's bundle may swap two values and SQLite cannot defer uniqueness.
 */
import { must } from '../assert.ts';
import type { Column, Schema, Table } from './types.ts';
import { tableOrder } from './validate.ts';

/** Thousandths and money: 0 … 9 999 999 999 (`app.md` §3.1). */
export const AMOUNT_MAX = 9_999_999_999;

const quoted = (name: string): string => `"${name}"`;
const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;

const INSTANT_GLOB = `${'[0-9]'.repeat(4)}-[0-1][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9].${'[0-9]'.repeat(3)}Z`;
const DAY_GLOB = `${'[0-9]'.repeat(4)}-[0-1][0-9]-[0-3][0-9]`;
const UUID_GLOB = [8, 4, 4, 4, 12].map((digits) => '[0-9a-f]'.repeat(digits)).join('-');

function sqliteType(column: Column): 'TEXT' | 'INTEGER' | 'BLOB' {
  switch (column.kind) {
    case 'milli':
    case 'minor':
    case 'count':
    case 'flag':
      return 'INTEGER';
    case 'blob':
      return 'BLOB';
    case 'id':
    case 'key':
    case 'text':
    case 'instant':
    case 'day':
    case 'order':
      return 'TEXT';
  }
}

function checkOf(name: string, column: Column): string | null {
  const at = quoted(name);
  switch (column.kind) {
    case 'id':
      return `${at} glob '${UUID_GLOB}'`;
    case 'instant':
      return `${at} glob '${INSTANT_GLOB}'`;
    case 'day':
      return `${at} glob '${DAY_GLOB}'`;
    case 'milli':
    case 'minor':
      return `${at} between 0 and ${AMOUNT_MAX}`;
    case 'flag':
      return `${at} in (0, 1)`;
    case 'count':
      return `${at} between ${column.min ?? 0} and ${column.max ?? AMOUNT_MAX}`;
    case 'text':
    case 'key':
      return column.values === undefined
        ? `length(${at}) between ${column.min ?? 0} and ${column.max ?? 1024}`
        : `${at} in (${column.values.map(literal).join(', ')})`;
    case 'blob':
      return `length(${at}) between ${column.min ?? 0} and ${column.max ?? AMOUNT_MAX}`;
    case 'order':
      return `length(${at}) > 0`;
  }
}

function columnSql(table: Table, name: string, column: Column): string {
  const parts = [quoted(name), sqliteType(column)];
  if (!column.nullable) parts.push('not null');
  if (name === table.key) parts.push('primary key');
  if (column.default !== undefined)
    parts.push(
      `default ${typeof column.default === 'number' ? column.default : literal(column.default)}`,
    );
  const check = checkOf(name, column);
  if (check !== null) parts.push(`check (${check})`);
  const target = column.references;
  if (target !== undefined)
    parts.push(
      `references ${quoted(target.table)} (id) on delete ${target.onDelete} deferrable initially deferred`,
    );
  return `  ${parts.join(' ')}`;
}

/** One more column for a table that is there; existing rows get its default, or null. */
export const addColumnSql = (tableName: string, table: Table, name: string): string =>
  `alter table ${quoted(tableName)} add column${columnSql(table, name, must(table.columns[name], 'the column is declared'))}`;

/** `create table` and `create index` statements, parents first; harmless to run again. */
export function sqliteTables(schema: Schema): readonly string[] {
  const statements: string[] = [];
  for (const name of tableOrder(schema)) {
    const table = schema.tables[name];
    if (table === undefined) continue;
    const columns = Object.entries(table.columns);
    statements.push(
      `create table if not exists ${quoted(name)} (\n${columns
        .map(([columnName, column]) => columnSql(table, columnName, column))
        .join(',\n')}\n) strict`,
    );
    const lists = [
      ...columns.flatMap(([columnName, column]) =>
        column.references === undefined ? [] : [[columnName]],
      ),
      ...table.indexes,
    ];
    for (const list of lists)
      statements.push(
        `create index if not exists ${quoted(`idx_${name}_${list.join('_')}`)} on ${quoted(name)} (${list
          .map(quoted)
          .join(', ')})`,
      );
  }
  return statements;
}
