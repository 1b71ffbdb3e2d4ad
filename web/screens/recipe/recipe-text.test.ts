import { expect, test } from 'vitest';
import type { RecipeView } from '../../../shared/queries.ts';
import { recipeAsText, safeLink, scaledSections } from './recipe-text.ts';

const pancakes: RecipeView = {
  id: 'r1',
  title: 'Pancakes',
  servings: 4,
  summary: 'For a slow morning.',
  notes: null,
  prepMinutes: 10,
  cookMinutes: 20,
  rating: null,
  sourceName: null,
  sourceUrl: 'https://example.org/pancakes',
  photoId: null,
  basedOn: null,
  trashedAt: null,
  ingredients: [
    {
      id: 'i1',
      wording: '1/3 cup milk',
      quantityMilli: 333,
      unit: 'cup',
      rest: 'milk',
      productId: null,
      section: null,
      optional: false,
    },
    {
      id: 'i2',
      wording: 'A little [butter](/butter)',
      quantityMilli: null,
      unit: null,
      rest: 'A little butter',
      productId: null,
      section: 'For the pan',
      optional: true,
    },
  ],
  steps: [{ id: 's1', wording: 'Fry as in [this recipe](x.html).', timerSeconds: null }],
  tags: [],
  planned: [],
};

test('[UI-49] scaling changes what is shown, with kitchen fractions, and leaves the words', () => {
  const [first, pan] = scaledSections(pancakes, 6);
  expect(first?.name).toBeNull();
  expect(first?.lines[0]).toMatchObject({ amount: '½ cup', words: 'milk' });
  expect(pan?.name).toBe('For the pan');
  expect(pan?.lines[0]).toMatchObject({ amount: '', words: 'A little butter' });
});

test('[UI-461] for the servings it was written for a line is shown as it was written', () => {
  const line = (wording: string, quantityMilli: number, unit: string | null, rest: string) => ({
    id: wording,
    wording,
    quantityMilli,
    unit,
    rest,
    productId: null,
    section: null,
    optional: false,
  });
  const ingredients = [
    line('1 pound (500 g) [pasta](/pasta)', 1000, 'lb', 'pasta'),
    line('Rice (50 grams)', 50_000, 'g', 'Rice'),
  ];
  const shown = (servings: number) =>
    scaledSections({ ...pancakes, ingredients }, servings)[0]?.lines.map(({ amount, words }) => [
      amount,
      words,
    ]);
  expect(shown(4)).toEqual([
    ['1 pound (500 g)', 'pasta'],
    ['', 'Rice (50 grams)'],
  ]);
  expect(shown(8)).toEqual([
    ['2 lb', 'pasta'],
    ['100 g', 'Rice'],
  ]);
});

test('[UI-49] a shared recipe is plain text at the servings on screen', () => {
  expect(recipeAsText(pancakes, 8)).toBe(
    [
      'Pancakes (servings: 8)',
      '',
      'For a slow morning.',
      '',
      '- ⅔ cup milk',
      'For the pan:',
      '- A little butter',
      '',
      '1. Fry as in this recipe.',
      '',
      'https://example.org/pancakes',
    ].join('\n'),
  );
});

test('[UI-50] only addresses of the web become links', () => {
  expect(safeLink('https://example.org')).toBe('https://example.org');
  expect(safeLink('javascript:alert(1)')).toBeNull();
  expect(safeLink('data:text/html,x')).toBeNull();
  expect(safeLink(null)).toBeNull();
});
