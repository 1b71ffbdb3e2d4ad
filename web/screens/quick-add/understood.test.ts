import { expect, test } from 'vitest';

import { completeLast, understand } from './understood.ts';

test('[UI-23] each piece of the field is paired with what it is understood as', () => {
  const pieces = understand('2 l milk, eggs, 500 g flour @mart', new Set());
  expect(pieces.map(({ entry }) => [entry.title, entry.quantityMilli, entry.unit])).toEqual([
    ['milk', 2000, 'l'],
    ['eggs', null, null],
    ['flour', 500_000, 'g'],
  ]);
});

test('[UI-23] a piece that was turned back into text keeps its words', () => {
  const [milk] = understand('2 l milk (fresh) @mart', new Set());
  const again = understand('2 l milk (fresh) @mart', new Set([milk?.textKey ?? '']));
  expect(again.map(({ entry }) => [entry.title, entry.quantityMilli])).toEqual([
    ['2 l milk', null],
  ]);
});

test('[UI-23] a piece with a price is turned back into text by its own words', () => {
  const [eggs] = understand('2 eggs @2.99', new Set());
  expect(eggs?.entry).toMatchObject({ title: 'eggs @2.99', quantityMilli: 2000, storeName: null });
  const [again] = understand('2 eggs @2.99', new Set([eggs?.textKey ?? '']));
  expect(again?.entry).toMatchObject({ title: '2 eggs @2.99', quantityMilli: null });
});

test('[UI-24] a suggestion completes the last name and keeps the amount before it', () => {
  expect(completeLast('eggs, 2 l mi', 'mi', 'Milk')).toBe('eggs, 2 l Milk');
  expect(completeLast('', '', 'Milk')).toBe('Milk');
});
