import { expect, test } from 'vitest';
import { wordsForSentence } from './sentences.ts';

const say = (key: string, values: Record<string, string | number> = {}): string =>
  wordsForSentence({ key, values });

test('[ACT-20] a sentence counts, names and says days', () => {
  expect(say('list.add', { title: 'Milk', count: 3, more: 2 })).toBe(
    'Added Milk and 2 more to the list',
  );
  expect(say('list.add', { title: 'Milk', count: 1, more: 0 })).toBe('Added Milk to the list');
  expect(say('list.edit.amount', { title: 'Milk', quantityMilli: 1500, unit: 'l' })).toBe(
    'Changed Milk to 1.5 l',
  );
  expect(say('list.keepOne', { title: 'Milk', lines: 2 })).toBe('Kept one Milk of 2');
  expect(say('plan.swap', { title: 'Soup', other: 'Pizza' })).toBe('Swapped Soup and Pizza');
  expect(say('plan.add', { title: 'Lasagne', day: '2026-11-24', count: 9 })).toBe(
    'Planned Lasagne for Tuesday · 9 things on the list',
  );
  expect(say('plan.servings', { title: 'Lasagne', servings: 6, count: 1 })).toBe(
    'Lasagne is now for 6 · 1 amount changed',
  );
  expect(say('recipe.edit', { title: 'Lasagne', ingredients: 2, steps: 1 })).toBe(
    'Changed Lasagne: 2 ingredients, 1 step',
  );
  expect(say('trip.finish', { store: 'Mart', count: 23 })).toBe(
    'Finished shopping at Mart: 23 things',
  );
  expect(say('act.undo', { of: 'plan.add', title: 'Lasagne', day: '2026-11-24', count: 0 })).toBe(
    'Undid: Planned Lasagne for Tuesday',
  );
  expect(say('received', { table: 'plan_entries', op: 'insert', count: 1, more: 9 })).toBe(
    'Added 1 meal · 9 more changes',
  );
});

test('[ACT-21] an unknown sentence still says something true', () => {
  expect(say('from.the.future')).toBe('Changed something in the kitchen');
  expect(say('act.undo', { of: 'from.the.future' })).toBe('Undid a change');
});
