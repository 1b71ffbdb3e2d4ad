import { expect, test } from 'vitest';
import { daysAround, dayWords, weekPath, weekRangeWords } from './week-days.ts';

test('[UI-48] a day reads the same in every time zone', () => {
  expect(dayWords('2026-11-24', 'long')).toBe('Tuesday 24 November');
  expect(dayWords('2026-11-24', 'medium', '2026-11-23')).toBe('Tomorrow, Tue 24 Nov');
  expect(dayWords('2026-11-24', 'medium', '2026-11-20')).toBe('Tue 24 Nov');
});

test('[UI-48] a week over a month end names both months', () => {
  expect(weekRangeWords('2026-11-23')).toBe('23–29 Nov');
  expect(weekRangeWords('2026-11-30')).toBe('30 Nov – 6 Dec');
});

test('[UI-48] the day picker always holds the chosen day and today, and is bounded', () => {
  const near = daysAround('2026-11-24', '2026-11-22');
  expect(near).toContain('2026-11-24');
  expect(near).toContain('2026-11-22');
  const far = daysAround('2031-01-01', '2026-11-22');
  expect(far).toContain('2031-01-01');
  expect(far.length).toBeLessThanOrEqual(121);
});

test('[UI-48] the address of a week is its ISO week', () => {
  expect(weekPath('2026-11-24')).toBe('/week/2026-W48');
  expect(weekPath('2027-01-02')).toBe('/week/2026-W53');
});
