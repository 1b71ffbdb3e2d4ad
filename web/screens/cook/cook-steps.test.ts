import { expect, test } from 'vitest';
import { clockText, findTimerSeconds } from './cook-steps.ts';

test('[UI-52] a step that names a time offers it as a timer', () => {
  expect(findTimerSeconds('Bake 40 min.')).toBe(2400);
  expect(findTimerSeconds('Cook stirring for about 7-8 minutes')).toBe(420);
  expect(findTimerSeconds('Leave it for 2 hours')).toBe(7200);
  expect(findTimerSeconds('a 10-minute rest')).toBe(600);
});

test('[UI-52] what is no time offers nothing', () => {
  expect(findTimerSeconds('Add 2 minced onions')).toBeNull();
  expect(findTimerSeconds('Heat to 180 C')).toBeNull();
  expect(findTimerSeconds('Stir.')).toBeNull();
});

test('[UI-52] the time left reads like a clock', () => {
  expect(clockText(245)).toBe('4:05');
  expect(clockText(3600)).toBe('1:00:00');
  expect(clockText(-3)).toBe('0:00');
});
