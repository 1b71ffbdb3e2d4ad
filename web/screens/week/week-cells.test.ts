import { expect, test } from 'vitest';
import type { WeekEntry } from '../../../shared/queries.ts';
import { isMeal, planDays, removalOf } from './week-cells.ts';

const entry = (id: string, day: string, meal: WeekEntry['meal']): WeekEntry => ({
  id,
  day,
  meal,
  title: id,
  recipeId: null,
  recipeState: 'none',
  photoId: null,
  servings: 2,
  cooked: false,
  note: null,
  lines: { done: 2, all: 9 },
  unsent: false,
});

test('[UI-46] every entry of the week stands in the cell of its day and meal, in row order', () => {
  const rows = [
    entry('soup', '2026-11-24', 'dinner'),
    entry('bread', '2026-11-24', 'dinner'),
    entry('oats', '2026-11-23', 'breakfast'),
    entry('elsewhere', '2026-12-01', 'dinner'),
  ];
  const days = planDays(['2026-11-23', '2026-11-24'], rows);
  expect(days.map((day) => day.count)).toEqual([1, 2]);
  expect(days[0]?.cells.map((cell) => cell.entries.length)).toEqual([1, 0, 0, 0]);
  expect(days[1]?.cells[2]?.entries.map((row) => row.id)).toEqual(['soup', 'bread']);
});

test('[UI-47] a removal counts the open lines that go and the others that stay', () => {
  const row = entry('soup', '2026-11-24', 'dinner');
  expect(removalOf(row)).toEqual({ open: 7, done: 2, all: 9 });
  expect(removalOf({ ...row, lines: { done: 0, all: 0 } })).toEqual({ open: 0, done: 0, all: 0 });
});

test('[UI-46] only the four meals are meals', () => {
  expect(isMeal('dinner')).toBe(true);
  expect(isMeal('brunch')).toBe(false);
});
