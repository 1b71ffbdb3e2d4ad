/**
 * What may enter a column, decided from its declaration before SQLite or the server has to: a refusal
 * here names the field in words a form can show, and nothing unsendable gets into the dirty set. Texts
 * are put into the kept form (NFC, trimmed; an empty text is no text); everything else is taken as it is
 * or refused.
 */
import { lengthOf } from '../../shared/domain/characters.ts';
import { isDay } from '../../shared/domain/day.ts';
import { quantityMilliMax } from '../../shared/domain/quantity.ts';
import { err, ok, type Result } from '../../shared/result.ts';
import type { Column, ColumnKind } from '../../shared/schema/types.ts';
import type { SqlValue } from '../engine/ports.ts';

/** Why a value was refused; the catalogue in `web/text/` has a sentence for each. */
export type ValueFault =
  | 'missing'
  | 'too-long'
  | 'too-short'
  | 'characters'
  | 'wrong-kind'
  | 'out-of-range'
  | 'not-a-choice'
  | 'not-a-day'
  | 'not-an-instant'
  | 'not-an-id'
  | 'too-many-bytes';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/u;
const INSTANT = /^\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d\.\d{3}Z$/u;
/** U+0000, which Postgres cannot hold, and surrogates without their other half. */
const UNSENDABLE = /\0|\p{Surrogate}/u;

type Checked = Result<SqlValue, ValueFault>;

function checkText(column: Column, value: unknown): Checked {
  if (typeof value !== 'string') return err('wrong-kind');
  if (UNSENDABLE.test(value)) return err('characters');
  const text = value.normalize('NFC').trim();
  if (text === '') return column.nullable ? ok(null) : err('missing');
  const length = lengthOf(text);
  if (column.max !== undefined && length > column.max) return err('too-long');
  if (column.min !== undefined && length < column.min) return err('too-short');
  if (column.values !== undefined && !column.values.includes(text)) return err('not-a-choice');
  return ok(text);
}

function checkInteger(value: unknown, min: number, max: number): Checked {
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) return err('wrong-kind');
  return value < min || value > max ? err('out-of-range') : ok(value);
}

function checkPattern(value: unknown, fits: (text: string) => boolean, fault: ValueFault): Checked {
  return typeof value === 'string' && fits(value) ? ok(value) : err(fault);
}

function checkBytes(column: Column, value: unknown): Checked {
  if (!(value instanceof Uint8Array)) return err('wrong-kind');
  if (value.length < (column.min ?? 0)) return err('missing');
  return column.max !== undefined && value.length > column.max ? err('too-many-bytes') : ok(value);
}

const checkAmount = (_column: Column, value: unknown): Checked =>
  checkInteger(value, 0, quantityMilliMax);

const CHECKS: Readonly<Record<ColumnKind, (column: Column, value: unknown) => Checked>> = {
  id: (_column, value) => checkPattern(value, (text) => UUID.test(text), 'not-an-id'),
  key: checkText,
  text: checkText,
  instant: (_column, value) => checkPattern(value, (text) => INSTANT.test(text), 'not-an-instant'),
  day: (_column, value) => checkPattern(value, isDay, 'not-a-day'),
  milli: checkAmount,
  minor: checkAmount,
  count: (column, value) => checkInteger(value, column.min ?? 0, column.max ?? 2_147_483_647),
  flag: (_column, value) => checkInteger(value, 0, 1),
  order: (_column, value) =>
    checkPattern(value, (text) => /^[0-9A-Za-z]{1,200}$/u.test(text), 'wrong-kind'),
  blob: checkBytes,
};

/** The value as it is stored, or what is wrong with it. */
export function checkValue(column: Column, value: unknown): Checked {
  if (value === null || value === undefined) return column.nullable ? ok(null) : err('missing');
  return CHECKS[column.kind](column, value);
}
