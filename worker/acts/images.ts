/**
 * Whole rows as the local tables keep them (`choices`, `versions`): the device's own JSON, bytes in hex.
 * Reading one gives the values that an act writes.
 */
import { hexDecode } from '../../shared/bytes.ts';
import { assert } from '../../shared/assert.ts';
import { rowToLocalJson } from '../../shared/schema/row-codec.ts';
import type { LocalRow } from '../../shared/schema/row-codec.ts';
import { kitchenSchema, tables } from '../../shared/schema/tables.ts';
import type { Column, Table } from '../../shared/schema/types.ts';
import type { SqlValue } from '../engine/ports.ts';
import type { PeopleTable } from './work.ts';

export const isPeopleTable = (name: string): name is PeopleTable =>
  name in tables && !kitchenSchema.tables[name as PeopleTable].serverWritten;

export const tableOf = (name: string): Table => {
  assert(name in tables, 'an image is of a declared table');
  return kitchenSchema.tables[name as PeopleTable];
};

export const columnsOf = (table: PeopleTable): readonly (readonly [string, Column])[] =>
  Object.entries<Column>(tables[table].columns);

export const imageText = (table: string, row: LocalRow | null): string | null =>
  row === null ? null : rowToLocalJson(tableOf(table), row);

/** Numbers of the kitchen are exact below 2^53, so plain JSON reads them. */
export function readImage(table: string, text: SqlValue | undefined): LocalRow | null {
  if (typeof text !== 'string') return null;
  const image = JSON.parse(text) as Record<string, string | number | null>;
  const row: Record<string, SqlValue> = { ...image };
  for (const [name, column] of Object.entries(tableOf(table).columns)) {
    const value = image[name];
    if (column.kind === 'blob' && typeof value === 'string') row[name] = hexDecode(value);
  }
  return row;
}

export function readNames(text: SqlValue | undefined): readonly string[] {
  const names: unknown = typeof text === 'string' ? JSON.parse(text) : [];
  return Array.isArray(names) ? names.filter((name) => typeof name === 'string') : [];
}

/** What people call a row: its title, name or wording; a step of a recipe by its words. */
export function titleOfRow(row: LocalRow | null): string {
  for (const name of ['title', 'name', 'wording']) {
    const value = row?.[name];
    if (typeof value === 'string') return value;
  }
  return '';
}
