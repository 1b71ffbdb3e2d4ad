/**
 * Calendar days as text (`2026-11-24`), without a clock or a zone: Tuesday stays Tuesday wherever it is
 * read. Arithmetic runs over the number of days since 1970-01-01 in the proleptic Gregorian calendar;
 * weeks are those of ISO 8601 (Monday first, week 1 holds the first Thursday).
 */

const DAY = /^(\d{4})-(\d{2})-(\d{2})$/u;
const WEEK = /^(\d{4})-W(\d{2})$/u;

export const weekdayNames = [
  'Monday',
  'Tuesday',
  'Wednesday',
  'Thursday',
  'Friday',
  'Saturday',
  'Sunday',
] as const;

const floorDiv = (a: number, b: number): number => Math.floor(a / b);

/** Days since 1970-01-01; March-based years make the leap day the last of its year. */
function serialOf(year: number, month: number, date: number): number {
  const y = month <= 2 ? year - 1 : year;
  const era = floorDiv(y, 400);
  const yearOfEra = y - era * 400;
  const dayOfYear = floorDiv(153 * (month + (month > 2 ? -3 : 9)) + 2, 5) + date - 1;
  const dayOfEra = yearOfEra * 365 + floorDiv(yearOfEra, 4) - floorDiv(yearOfEra, 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}

function textOf(serial: number): string {
  const z = serial + 719_468;
  const era = floorDiv(z, 146_097);
  const dayOfEra = z - era * 146_097;
  const yearOfEra = floorDiv(
    dayOfEra - floorDiv(dayOfEra, 1460) + floorDiv(dayOfEra, 36_524) - floorDiv(dayOfEra, 146_096),
    365,
  );
  const dayOfYear =
    dayOfEra - (365 * yearOfEra + floorDiv(yearOfEra, 4) - floorDiv(yearOfEra, 100));
  const shifted = floorDiv(5 * dayOfYear + 2, 153);
  const date = dayOfYear - floorDiv(153 * shifted + 2, 5) + 1;
  const month = shifted < 10 ? shifted + 3 : shifted - 9;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  const two = (n: number): string => String(n).padStart(2, '0');
  return `${String(year).padStart(4, '0')}-${two(month)}-${two(date)}`;
}

/** Days since 1970-01-01, or null for what is not a day of the calendar. */
export function daySerial(day: string): number | null {
  const [, year, month, date] = DAY.exec(day) ?? [];
  if (year === undefined || month === undefined || date === undefined) return null;
  const serial = serialOf(Number(year), Number(month), Number(date));
  return textOf(serial) === day ? serial : null;
}

export const isDay = (day: string): boolean => daySerial(day) !== null;

/** The day `count` days later; a text that is no day comes back unchanged. */
export function addDays(day: string, count: number): string {
  const serial = daySerial(day);
  return serial === null ? day : textOf(serial + count);
}

/** Days from `from` to `to`; 0 where one of them is no day. */
export function daysBetween(from: string, to: string): number {
  const [a, b] = [daySerial(from), daySerial(to)];
  return a === null || b === null ? 0 : b - a;
}

/** 0 for Monday … 6 for Sunday. */
export function weekdayIndex(day: string): number {
  const serial = daySerial(day) ?? 0;
  // 1970-01-01 was a Thursday.
  return (((serial + 3) % 7) + 7) % 7;
}

export const weekdayName = (day: string): string => weekdayNames[weekdayIndex(day)] ?? day;

export const mondayOf = (day: string): string => addDays(day, -weekdayIndex(day));

/** The seven days from `from` on. */
export const weekDays = (from: string): readonly string[] =>
  [0, 1, 2, 3, 4, 5, 6].map((count) => addDays(from, count));

export interface IsoWeek {
  readonly year: number;
  readonly week: number;
}

export function isoWeek(day: string): IsoWeek {
  const thursday = addDays(mondayOf(day), 3);
  const year = Number(thursday.slice(0, 4));
  const firstDay = `${thursday.slice(0, 4)}-01-01`;
  return { year, week: floorDiv(daysBetween(firstDay, thursday), 7) + 1 };
}

/** `2026-W48`, as it stands in addresses. */
export function weekText(day: string): string {
  const { year, week } = isoWeek(day);
  return `${String(year).padStart(4, '0')}-W${String(week).padStart(2, '0')}`;
}

/** The Monday of `2026-W48`, or null for what is no week of its year. */
export function mondayOfWeekText(text: string): string | null {
  const [, year, week] = WEEK.exec(text) ?? [];
  if (year === undefined || week === undefined) return null;
  // 4 January is in week 1 of every year.
  const monday = addDays(mondayOf(`${year}-01-04`), (Number(week) - 1) * 7);
  return weekText(monday) === text ? monday : null;
}
