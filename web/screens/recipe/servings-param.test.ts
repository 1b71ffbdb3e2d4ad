import { expect, test } from 'vitest';
import { servingsIn, withServings } from './servings-param.ts';

test('[UI-480] an address asks for servings that a recipe can have, or for none', () => {
  expect(servingsIn('?servings=6')).toBe(6);
  expect(servingsIn('step=2&servings=99')).toBe(99);
  const others = ['', '?servings=', '?servings=0', '?servings=100', '?servings=1.5'];
  expect(others.map(servingsIn)).toEqual([null, null, null, null, null]);
  expect(withServings('', 6)).toBe('?servings=6');
  expect(withServings('?step=2&servings=4', 6)).toBe('?step=2&servings=6');
  expect(withServings('?servings=4', null)).toBe('');
});
