/**
 * Which spellings of a column value may travel, per Postgres type, and the category with which every
 * other spelling is refused (protocol.md §3.1). Numbers of columns never travel as JSON numbers: 2^53
 * is no bound here. The server refuses with these categories before anything is stored; a client uses
 * the same function on what it receives. It judges spelling only: whether Postgres takes the value
 * (length, enum, domain) is found out by asking Postgres.
 */
import { base64Decode, isWellFormed } from '../bytes.ts';
import type { ValueCategory } from '../protocol/errors.ts';
import type { ColumnKind } from './types.ts';

export type WireType =
  | 'int2'
  | 'int4'
  | 'int8'
  | 'numeric'
  | 'float4'
  | 'float8'
  | 'boolean'
  | 'bytea'
  | 'uuid'
  | 'text'
  | 'date'
  | 'timestamp'
  | 'timestamptz'
  | 'json'
  | 'array';

/** The Postgres type behind each kind of column that Larder declares. */
export const wireTypeOfKind: Readonly<Record<ColumnKind, WireType>> = {
  id: 'uuid',
  key: 'text',
  text: 'text',
  instant: 'timestamptz',
  day: 'date',
  milli: 'int8',
  minor: 'int8',
  count: 'int4',
  flag: 'boolean',
  order: 'text',
  blob: 'bytea',
};

const INTEGER_BOUNDS = {
  int2: [-32_768n, 32_767n],
  int4: [-2_147_483_648n, 2_147_483_647n],
  int8: [-9_223_372_036_854_775_808n, 9_223_372_036_854_775_807n],
} as const;

const NUMBER = /^[+-]?\d+(\.\d+)?([eE][+-]?\d+)?$/;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const DATE = /^(\d{4})-(\d{2})-(\d{2})$/;
const TIME = /^([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,6})?$/;
const ZONE = /(Z|[+-](0\d|1[0-5]):?[0-5]\d)$/;

const isZero = (text: string): boolean => /^-?0*(\.0*)?([eE].*)?$/.test(text);

/** What both number families refuse alike, before they look at their own rules. */
function numberSpelling(text: string): ValueCategory | null {
  if (/^[+-]?(nan|inf(inity)?)$/i.test(text)) return 'non_finite';
  if (!NUMBER.test(text)) return 'malformed';
  if (text.startsWith('+')) return 'leading_plus';
  if (/^-?0\d/.test(text)) return 'leading_zero';
  return null;
}

function checkInteger(type: 'int2' | 'int4' | 'int8', text: string): ValueCategory | null {
  const spelling = numberSpelling(text);
  if (spelling !== null) return spelling === 'non_finite' ? 'malformed' : spelling;
  if (/[eE]/.test(text)) return 'exponent';
  if (text.includes('.')) return 'fraction';
  if (text === '-0') return 'negative_zero';
  // Longer than any int64: BigInt of a megabyte of digits would cost for nothing.
  if (text.length > 20) return 'out_of_range';
  const value = BigInt(text);
  const [least, greatest] = INTEGER_BOUNDS[type];
  return value < least || value > greatest ? 'out_of_range' : null;
}

function checkDecimal(text: string): ValueCategory | null {
  const spelling = numberSpelling(text);
  if (spelling !== null) return spelling;
  return text.startsWith('-') && isZero(text) ? 'negative_zero' : null;
}

function checkFloat(text: string): ValueCategory | null {
  const spelling = numberSpelling(text);
  if (spelling !== null) return spelling;
  const value = Number(text);
  if (!Number.isFinite(value)) return 'out_of_range';
  return String(value) === text && text !== '-0' ? null : 'noncanonical';
}

const MONTH_DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] as const;

/** True for a day that exists in the Gregorian calendar, from year 1. */
export function isCalendarDay(text: string): boolean {
  const [, yearText, monthText, dayText] = DATE.exec(text) ?? [];
  const year = Number(yearText);
  const month = Number(monthText);
  const day = Number(dayText);
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  const days = month === 2 && isLeap ? 29 : (MONTH_DAYS[month - 1] ?? 0);
  return year >= 1 && day >= 1 && day <= days;
}

const MINUTE_MICROS = 60_000_000;
const DAY_MICROS = 1440 * MINUTE_MICROS;

/** A time of day, its spelling checked, as microseconds. */
function microsOfTime(time: string): number {
  const minutes = Number(time.slice(0, 2)) * 60 + Number(time.slice(3, 5));
  return minutes * MINUTE_MICROS + Number(time.slice(6, 8) + time.slice(9).padEnd(6, '0'));
}

/** How far a zone, its spelling checked, is ahead of UTC; no zone is not. */
function microsOfZone(zone: string): number {
  if (zone === '' || zone === 'Z') return 0;
  const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(-2));
  return (zone.startsWith('-') ? -minutes : minutes) * MINUTE_MICROS;
}

/** What a time is rounded to in a column of `sqlType`: milliseconds in `timestamptz(3)`. */
const keptMicros = (sqlType: string): number =>
  10 ** (6 - Number(/\((\d)\)/.exec(sqlType)?.[1] ?? 6));

/**
 * Whether a day and time are still in the years 1 to 9999 when Postgres has brought them to UTC and rounded
 * them. It keeps other years too, but nothing that it prints for them may travel. No zone is a day wide.
 */
function isInYears(day: string, time: string, zone: string, sqlType: string): boolean {
  if (day !== '0001-01-01' && day !== '9999-12-31') return true;
  const micros = microsOfTime(time) - microsOfZone(zone);
  if (day === '0001-01-01') return micros >= 0;
  const kept = keptMicros(sqlType);
  return Math.round(micros / kept) * kept < DAY_MICROS;
}

/** `2026-11-22T14:02:31.5Z`, a space instead of the T, and with `zoned` an offset instead of the Z. */
function checkTimestamp(text: string, zoned: boolean, sqlType: string): ValueCategory | null {
  const separator = text.charAt(10);
  if (separator !== 'T' && separator !== ' ') return 'malformed';
  const zone = ZONE.exec(text)?.[0] ?? '';
  if (zoned !== (zone !== '')) return 'malformed';
  const day = text.slice(0, 10);
  const time = text.slice(11, text.length - zone.length);
  if (!isCalendarDay(day) || !TIME.test(time)) return 'malformed';
  return isInYears(day, time, zone, sqlType) ? null : 'out_of_range';
}

function checkJson(value: unknown, depth: number): ValueCategory | null {
  if (typeof value === 'string') return checkText(value);
  if (typeof value === 'number') return Number.isFinite(value) ? null : 'non_finite';
  if (typeof value !== 'object' || value === null) return null;
  if (depth > 64) return 'malformed';
  for (const [name, member] of Object.entries(value)) {
    const refused = checkText(name) ?? checkJson(member, depth + 1);
    if (refused !== null) return refused;
  }
  return null;
}

const checkText = (text: string): ValueCategory | null =>
  text.includes('\u0000') || !isWellFormed(text) ? 'invalid_text' : null;

function checkString(type: WireType, text: string, sqlType: string): ValueCategory | null {
  switch (type) {
    case 'int2':
    case 'int4':
    case 'int8':
      return checkInteger(type, text);
    case 'numeric':
      return checkDecimal(text);
    case 'float4':
    case 'float8':
      return checkFloat(text);
    case 'boolean':
      return text === '0' || text === '1' ? null : 'invalid_boolean_bridge';
    case 'bytea':
      return base64Decode(text) === null ? 'noncanonical' : null;
    case 'uuid':
      return UUID.test(text) ? null : 'noncanonical';
    case 'date':
      return isCalendarDay(text) ? null : 'malformed';
    case 'timestamp':
      return checkTimestamp(text, false, sqlType);
    case 'timestamptz':
      return checkTimestamp(text, true, sqlType);
    case 'text':
    case 'json':
    case 'array':
      return checkText(text);
  }
}

const NUMERIC: ReadonlySet<WireType> = new Set([
  'int2',
  'int4',
  'int8',
  'numeric',
  'float4',
  'float8',
]);

/**
 * The category with which `value` is refused for a column of `type`, or null when it may travel. `sqlType` is
 * the column's full type where it is known: it says how finely a time is kept.
 */
export function checkWireValue(
  type: WireType,
  value: unknown,
  sqlType: string = type,
): ValueCategory | null {
  if (value === null) return null;
  if (type === 'json') return checkJson(value, 0);
  if (type === 'array') return Array.isArray(value) ? checkJson(value, 0) : 'malformed';
  if (typeof value === 'string') return checkString(type, value, sqlType);
  if (type === 'boolean') return typeof value === 'boolean' ? null : 'invalid_boolean_bridge';
  if (typeof value === 'number' && NUMERIC.has(type)) return 'legacy_json_number';
  return 'malformed';
}
