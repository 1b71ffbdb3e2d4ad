/**
 * Reading columns of an answer as what they are declared to be. A value of another kind is a bug of the
 * statement, not of a person.
 */
import { assert } from '../../shared/assert.ts';
import { kitchenSchema, type TableName } from '../../shared/schema/tables.ts';
import type { Sql, SqlRow } from '../engine/ports.ts';

export function textOf(row: SqlRow, column: string): string {
  const value = row[column];
  assert(typeof value === 'string', `${column} holds text`);
  return value;
}

export function textOrNull(row: SqlRow, column: string): string | null {
  const value = row[column];
  assert(typeof value === 'string' || value === null, `${column} holds text or nothing`);
  return value;
}

export function numberOf(row: SqlRow, column: string): number {
  const value = row[column];
  assert(typeof value === 'number', `${column} holds a number`);
  return value;
}

export function numberOrNull(row: SqlRow, column: string): number | null {
  const value = row[column];
  assert(typeof value === 'number' || value === null, `${column} holds a number or nothing`);
  return value;
}

export const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

const ids = (rows: readonly SqlRow[]): ReadonlySet<string> =>
  new Set(rows.map((row) => textOf(row, 'id')));

/**
 * SQL that says 1 for a row with changes that are not frozen yet. Asked row by row through the key: a device
 * without a household keeps every row it ever made dirty, and a view shows few of them.
 */
export const isDirty = (table: TableName, id: string): string =>
  `exists (select 1 from _sync_dirty_rows d where d.schema_name = '${kitchenSchema.name}'
     and d.table_name = '${table}' and d.key_json = json_object('id', ${id}))`;

/** Ids of rows that are on their way to the household. */
export const frozenIds = (sql: Sql, table: TableName): ReadonlySet<string> =>
  ids(
    sql.all(
      `select json_extract(key_json, '$.id') as id from _sync_outbox_rows
       where schema_name = ?1 and table_name = ?2`,
      [kitchenSchema.name, table],
    ),
  );

/** Ids of all rows that the household has not acknowledged yet: for tables with few rows. */
export const unsentIds = (sql: Sql, table: TableName): ReadonlySet<string> => {
  const dirty = ids(
    sql.all(
      `select json_extract(key_json, '$.id') as id from _sync_dirty_rows
       where schema_name = ?1 and table_name = ?2`,
      [kitchenSchema.name, table],
    ),
  );
  return new Set([...dirty, ...frozenIds(sql, table)]);
};

/** Ids of rows that wait for a person: held ones, and those with an open choice. */
export const questionIds = (sql: Sql, table: TableName): ReadonlySet<string> =>
  ids(
    sql.all(
      `select json_extract(key_json, '$.id') as id from _sync_x_held
       where schema_name = ?1 and table_name = ?2
       union
       select row_id as id from choices where state = 'open' and table_name = ?2`,
      [kitchenSchema.name, table],
    ),
  );
