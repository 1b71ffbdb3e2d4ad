import { expect, test } from 'vitest';
import { trashDaysLeft } from './trash-days.ts';

test('[UI-51] a recipe in the Trash has thirty days, counted down and never below none', () => {
  const at = '2026-11-01T12:00:00.000Z';
  const ms = Date.parse(at);
  const day = 24 * 60 * 60 * 1000;
  expect(trashDaysLeft(at, ms)).toBe(30);
  expect(trashDaysLeft(at, ms + 1.5 * day)).toBe(29);
  expect(trashDaysLeft(at, ms + 31 * day)).toBe(0);
  expect(trashDaysLeft('', ms)).toBe(30);
});
