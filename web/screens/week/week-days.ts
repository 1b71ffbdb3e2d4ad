/**
 * Days as people read them, and the days a picker offers. A day is text without a zone, so it is given to
 * the formatter as UTC noon-free midnight and formatted in UTC: Tuesday stays Tuesday.
 */
import { addDays, daysBetween, mondayOf, weekText } from '../../../shared/domain/day.ts';

const formatter = (options: Intl.DateTimeFormatOptions) =>
  new Intl.DateTimeFormat('en-GB', { timeZone: 'UTC', ...options });

const formats = {
  /** "Tue" */
  weekday: formatter({ weekday: 'short' }),
  /** "Tuesday 24 November" */
  long: formatter({ weekday: 'long', day: 'numeric', month: 'long' }),
  /** "Tue 24 Nov" */
  medium: formatter({ weekday: 'short', day: 'numeric', month: 'short' }),
  /** "24 Nov" */
  date: formatter({ day: 'numeric', month: 'short' }),
  /** "24" */
  number: formatter({ day: 'numeric' }),
} as const;

const relativeNames: ReadonlyMap<number, string> = new Map([
  [-1, 'Yesterday'],
  [0, 'Today'],
  [1, 'Tomorrow'],
]);

/** With `today`, the three days around it are named: "Tomorrow, Tue 24 Nov". */
export const dayWords = (day: string, style: keyof typeof formats, today?: string): string => {
  const words = formats[style].format(new Date(`${day}T00:00:00Z`)).replace(',', '');
  const name = today === undefined ? undefined : relativeNames.get(daysBetween(today, day));
  return name === undefined ? words : `${name}, ${words}`;
};

/** "23–29 Nov", "30 Nov – 6 Dec". */
export const weekRangeWords = (monday: string): string => {
  const sunday = addDays(monday, 6);
  return monday.slice(0, 7) === sunday.slice(0, 7)
    ? `${dayWords(monday, 'number')}–${dayWords(sunday, 'date')}`
    : `${dayWords(monday, 'date')} – ${dayWords(sunday, 'date')}`;
};

const daysBefore = 7;
const daysAfter = 21;

/** What a day picker offers: from a week before the chosen day's week to three weeks after it or today. */
export const daysAround = (chosen: string, today: string): readonly string[] => {
  const [early, late] = chosen < today ? [chosen, today] : [today, chosen];
  const from = addDays(mondayOf(early), -daysBefore);
  // A plan that lies years away must not make the picker endless.
  const count = Math.min(daysBetween(from, late) + daysAfter, 120);
  const days = Array.from({ length: count }, (_, index) => addDays(from, index));
  return days.includes(chosen) ? days : [chosen, ...days];
};

export const weekPath = (day: string): string => `/week/${weekText(day)}`;
