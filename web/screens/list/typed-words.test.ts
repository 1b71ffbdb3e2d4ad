import { expect, test } from 'vitest';

import { keepTyped, readTyped, typedSince, wordsTyped } from './typed-words.ts';

test('[UI-441] what was typed is kept for its line alone, until it was saved', () => {
  keepTyped('a', { note: 'the red one', amount: '2', unit: 'kg' });
  keepTyped('b', { title: 'Okra' });
  expect(readTyped('a')).toEqual({ note: 'the red one', amount: '2', unit: 'kg' });
  expect(wordsTyped(['a', 'b', 'c'])).toBe('2 kg\nthe red one\nOkra');
  keepTyped('a', {});
  expect([readTyped('a'), readTyped('b')]).toEqual([{}, { title: 'Okra' }]);
});

test('[UI-441] words typed while the ones before are being saved stay', () => {
  const saved = { title: 'Okra', note: 'the red' };
  expect(typedSince(saved, saved)).toEqual({});
  expect(typedSince(saved, { ...saved, note: 'the red one', unit: 'kg' })).toEqual({
    note: 'the red one',
    unit: 'kg',
  });
});

test('[UI-441] no more than fifty lines are kept, the newest', () => {
  for (let index = 0; index < 60; index += 1) keepTyped(`line ${index}`, { note: 'x' });
  expect([readTyped('line 9'), readTyped('line 10')]).toEqual([{}, { note: 'x' }]);
});
