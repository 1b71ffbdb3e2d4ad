import { expect, test } from 'vitest';

import { amountFromFields, amountToText } from './amount-text.ts';

test('[UI-26] the amount field reads numbers, fractions and an amount with its unit', () => {
  expect(amountFromFields('3', 'l')).toEqual({ quantityMilli: 3000, unit: 'l' });
  expect(amountFromFields('½', 'cup')).toEqual({ quantityMilli: 500, unit: 'cup' });
  expect(amountFromFields('1,5 l', '')).toEqual({ quantityMilli: 1500, unit: 'l' });
  expect(amountFromFields('', '')).toEqual({ quantityMilli: null, unit: null });
  expect(amountFromFields('2', 'crate')).toEqual({ quantityMilli: 2000, unit: 'crate' });
});

test('[UI-26] what is not an amount is not guessed', () => {
  expect(amountFromFields('some', '')).toBeNull();
  expect(amountFromFields('7up', '')).toBeNull();
});

test('[UI-26] an amount read from its own text is unchanged', () => {
  for (const [milli, unit] of [
    [1500, 'l'],
    [333, 'cup'],
    [2000, null],
  ] as const) {
    const text = amountToText(milli, unit);
    expect(amountFromFields(text, unit ?? '')).toEqual({ quantityMilli: milli, unit });
  }
});
