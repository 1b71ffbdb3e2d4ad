/**
 * Instants and days as text, compared as times without a Date. A synced instant has exactly one local
 * form, `2026-11-22T14:02:31.000Z` (24 characters), so that text order is time order. Other UTC spellings
 * are rewritten to it; anything that is not UTC, not a real moment, or finer than a millisecond is refused,
 * because what cannot be written back exactly must not come in.
 */

import { isCalendarDay } from './value-wire.ts';

const INSTANT = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,9}))?(?:Z|[+-]00:00)$/;
/** The 24-character form of a UTC instant, or null for what is none. */
export function normalizeInstant(text: string): string | null {
  const match = INSTANT.exec(text);
  if (match === null) return null;
  const [, year, month, day, hour, minute, second, fraction = ''] = match;
  if (!isCalendarDay(`${year}-${month}-${day}`)) return null;
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return null;
  const millis = fraction.slice(0, 3).padEnd(3, '0');
  if (/[1-9]/.test(fraction.slice(3))) return null;
  return `${year}-${month}-${day}T${hour}:${minute}:${second}.${millis}Z`;
}

const MONTH_DAYS_MIN = 28;

/** Two digits at a place, or -1. */
function twoDigits(text: string, at: number): number {
  const tens = text.charCodeAt(at) - 48;
  const ones = text.charCodeAt(at + 1) - 48;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : -1;
}

/**
 * Whether `text` is in the 24-character form already, decided without a pattern, because nearly every instant
 * that arrives is. False also for the last days of a month, whose calendar `normalizeInstant` knows.
 */
export function isPlainlyInstant(text: string): boolean {
  if (text.length !== 24 || text[4] !== '-' || text[7] !== '-' || text[10] !== 'T') return false;
  if (text[13] !== ':' || text[16] !== ':' || text[19] !== '.' || text[23] !== 'Z') return false;
  const month = twoDigits(text, 5);
  const day = twoDigits(text, 8);
  const hour = twoDigits(text, 11);
  const minute = twoDigits(text, 14);
  const second = twoDigits(text, 17);
  const isMoment =
    hour >= 0 && hour < 24 && minute >= 0 && minute < 60 && second >= 0 && second < 60;
  const isDay = month >= 1 && month <= 12 && day >= 1 && day <= MONTH_DAYS_MIN;
  const isFraction = twoDigits(text, 20) >= 0 && twoDigits(text, 21) >= 0;
  // The year 0 does not exist.
  const isYear = twoDigits(text, 0) > 0 && twoDigits(text, 2) >= 0;
  return isMoment && isDay && isFraction && isYear;
}

export const isDay = (text: string): boolean => isCalendarDay(text);

/** Milliseconds since 1970 as a synced instant: the way a clock's reading enters a row. */
export function instantOfMs(ms: number): string {
  const dayMs = 86_400_000;
  let days = Math.floor(ms / dayMs);
  const rest = Math.floor(ms - days * dayMs);
  // Civil date from a day count, with the era arithmetic that needs no table of years.
  days += 719_468;
  const era = Math.floor(days / 146_097);
  const dayOfEra = days - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra -
      Math.floor(dayOfEra / 1460) +
      Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) /
      365,
  );
  const dayOfYear =
    dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shifted = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * shifted + 2) / 5) + 1;
  const month = shifted < 10 ? shifted + 3 : shifted - 9;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  const two = (value: number): string => String(value).padStart(2, '0');
  const clock = `${two(Math.floor(rest / 3_600_000))}:${two(Math.floor(rest / 60_000) % 60)}:${two(Math.floor(rest / 1000) % 60)}`;
  return `${String(year).padStart(4, '0')}-${two(month)}-${two(day)}T${clock}.${String(rest % 1000).padStart(3, '0')}Z`;
}
