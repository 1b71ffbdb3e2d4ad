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

test.each([
  ['eggs, 2 l mi', 'Milk', ['eggs', '2000 l Milk']],
  ['eggs, sour  cr', 'Sour cream', ['eggs', 'Sour cream']],
  ['mi @mimart', 'Milk', ['Milk @mimart']],
  ['mi, 2 mi (mild)', 'Milk', ['mi', '2000 Milk (mild)']],
])(
  '[UI-24] a suggestion names the last piece alone and keeps what stands around it: %s',
  (typed, title, entries) => {
    const taken = completeLast(understand(typed, new Set()), title).map(({ entry }) =>
      [
        entry.quantityMilli,
        entry.unit,
        entry.title,
        entry.note === null ? null : `(${entry.note})`,
        entry.storeName === null ? null : `@${entry.storeName}`,
      ]
        .filter((part) => part !== null)
        .join(' '),
    );
    expect(taken).toEqual(entries);
  },
);
