/** Reading columns of database rows: what is not of the expected type is a defect, never a guess. */
import { assert } from '../../shared/assert.ts';
import type { SqlRecord } from './ports.ts';

export function textOf(row: SqlRecord, column: string): string {
  const value = row[column];
  assert(typeof value === 'string', `column ${column} is text`);
  return value;
}

export function textOrNull(row: SqlRecord, column: string): string | null {
  const value = row[column];
  return value === null || value === undefined ? null : textOf(row, column);
}

/** Counts and bundle numbers: int8 arrives as text and stays far below 2^53. */
export function numberOf(row: SqlRecord, column: string): number {
  const value = row[column];
  const number = typeof value === 'string' ? Number(value) : value;
  assert(Number.isSafeInteger(number), `column ${column} is an integer below 2^53`);
  return number as number;
}

export function numberOrNull(row: SqlRecord, column: string): number | null {
  const value = row[column];
  return value === null || value === undefined ? null : numberOf(row, column);
}

export function flagOf(row: SqlRecord, column: string): boolean {
  const value = row[column];
  assert(typeof value === 'boolean', `column ${column} is boolean`);
  return value;
}
