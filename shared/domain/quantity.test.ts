import { lengthOf } from './characters.ts';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatAmount } from './format-amount.ts';
import { readIngredientLine } from './ingredient-line.ts';
import { readAmount } from './quantity.ts';
import { readQuickAdd } from './quick-add.ts';
import { scaleMilli } from './scale.ts';
import { convertMilli, sumAmounts } from './unit.ts';

const first = (text: string) => {
  const { title, quantityMilli, unit, note } = readQuickAdd(text)[0] ?? {};
  return [title, quantityMilli, unit, note];
};

test('[SCHEMA-20] amounts are read as thousandths, fractions included', () => {
  const read = (text: string) => readAmount(text)?.milli ?? null;
  expect(['½', '1 1/2', '1½', '1-1/2', '⅓', '2/3', '1,5', '0.125', '12', '1 ½'].map(read)).toEqual([
    500, 1500, 1500, 1500, 333, 667, 1500, 125, 12_000, 1500,
  ]);
});

test('[SCHEMA-21] what is not clearly one amount is none', () => {
  const doubtful = [
    '2-3',
    '2 – 3',
    '1 or 2',
    '4 to 6',
    '1,000',
    '1.000',
    '00',
    '007',
    '50%',
    '4-cheese',
    '2"',
    '2 inch',
    '50/50',
    '1/0',
    '0',
    '',
    'x',
    '1.2.3',
    '6+',
    '1.500 g',
    '2.250ml',
  ];
  expect(doubtful.filter((text) => readAmount(text) !== null)).toEqual([]);
});

test('[UI-70] quick add reads amounts before and after, and leaves names alone', () => {
  expect(first('2 l milk')).toEqual(['milk', 2000, 'l', null]);
  expect(first('1,5 l water')).toEqual(['water', 1500, 'l', null]);
  expect(first('500g flour')).toEqual(['flour', 500_000, 'g', null]);
  expect(first('milk 2 l')).toEqual(['milk', 2000, 'l', null]);
  expect(first('eggs x2')).toEqual(['eggs', 2000, null, null]);
  expect(first('2x yoghurt')).toEqual(['yoghurt', 2000, null, null]);
  expect(first('a dozen eggs')).toEqual(['eggs', 12_000, null, null]);
  expect(first('½ cucumber')).toEqual(['cucumber', 500, null, null]);
  expect(first('1 1/2 cups rice')).toEqual(['rice', 1500, 'cup', null]);
  expect(first('3 cans of tomatoes (peeled)')).toEqual(['tomatoes', 3000, 'can', 'peeled']);
  for (const name of [
    '7up',
    '00 flour',
    '4-cheese pizza',
    'vitamin B12',
    '5 spice powder',
    '2% milk',
  ]) {
    expect(first(name)).toEqual([name, null, null, null]);
  }
  expect(readQuickAdd('2 l milk, eggs; bread\n1,5 l water, flour @mart')).toMatchObject([
    { title: 'milk', storeName: null },
    { title: 'eggs' },
    { title: 'bread' },
    { title: 'water', quantityMilli: 1500 },
    { title: 'flour', storeName: 'mart' },
  ]);
  expect(readQuickAdd('milk, @corner_shop').map((entry) => entry.storeName)).toEqual([
    'corner shop',
  ]);
  expect(readQuickAdd('2 l milk', new Set(['2 l milk']))[0]).toMatchObject({
    title: '2 l milk',
    quantityMilli: null,
  });
});

test('[UI-460] quick add invents no amount and no shop: halves, dozens, sums and prices', () => {
  expect(first('1 dozen eggs')).toEqual(['eggs', 12_000, null, null]);
  expect(first('two dozen eggs')).toEqual(['eggs', 24_000, null, null]);
  for (const name of [
    'half and half',
    'half fat milk',
    '1 cup + 2 tbsp butter',
    'butter 1 cup + 2 tbsp',
    'flour 1 and 1/2 cup',
    '2 and a half cups flour',
    '1.500 g flour',
    'eggs @2.99',
    'eggs @ 2',
  ]) {
    expect(first(name)).toEqual([name, null, null, null]);
    expect(readQuickAdd(name)[0]?.storeName).toBeNull();
  }
  expect(readQuickAdd('eggs @7eleven')[0]?.storeName).toBe('7eleven');
});

test('[UI-463] a name that is too long goes on in its note and in further things, word by word', () => {
  const words = Array.from({ length: 90 }, (_, index) => `word${String(index)}`).join(' ');
  const things = readQuickAdd(`2 l ${words}`);
  expect(things.length).toBeGreaterThan(1);
  expect(things.flatMap(({ title, note }) => [title, note ?? []].flat()).join(' ')).toBe(words);
  expect(things.map(({ quantityMilli }) => quantityMilli)).toEqual([
    2000,
    ...things.slice(1).map(() => null),
  ]);
  const solid = '𓀀'.repeat(700);
  expect(
    readQuickAdd(solid)
      .flatMap(({ title, note }) => [title, note ?? ''])
      .join(''),
  ).toBe(solid);
});

test('[UI-463] a bracket that is too long for a note, or stands alone, keeps its words', () => {
  const inside = Array.from({ length: 50 }, (_, index) => `word${String(index)}`).join(' ');
  const [milk, ...more] = readQuickAdd(`milk (${inside})`);
  expect(milk?.title).toBe('milk');
  const behind = more.flatMap(({ title, note }) => [title, note ?? []].flat());
  expect([milk?.note, ...behind].join(' ')).toBe(inside);
  expect(readQuickAdd('milk (fresh), (only a note) @mart, tea')).toMatchObject([
    { title: 'milk', note: 'fresh' },
    { title: 'only a note', note: null, storeName: 'mart' },
    { title: 'tea', note: null },
  ]);
});

test('[UI-463] a list longer than one act takes is read whole', () => {
  const lines = Array.from({ length: 600 }, (_, index) => `thing ${String(index)} of many`);
  expect(readQuickAdd(lines.join('\n')).map(({ title }) => title)).toEqual(lines);
  const all = readQuickAdd(lines.concat(lines).join('\n'));
  const kept = all.flatMap(({ title, note }) => [title, note ?? '']).join(' ');
  expect(kept.match(/thing/gu)).toHaveLength(1200);
});

test('[UI-71] pasted lines lose bullets, boxes and numbers', () => {
  const pasted =
    '- milk\n* eggs\n• 2 l juice\n[ ] bread\n- [x] salt\n☐ rice\n1. oil\n2) tea\n\n  \n–  jam';
  expect(readQuickAdd(pasted).map((entry) => entry.title)).toEqual([
    'milk',
    'eggs',
    'juice',
    'bread',
    'salt',
    'rice',
    'oil',
    'tea',
    'jam',
  ]);
});

test('[UI-72] any text gives entries that fit their columns, and no number that is not in it', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 200 }), (text) => {
      for (const entry of readQuickAdd(text)) {
        expect(lengthOf(entry.title)).toBeLessThanOrEqual(120);
        expect(entry.title.trim()).not.toBe('');
        expect(lengthOf(entry.note ?? '')).toBeLessThanOrEqual(200);
        const says = /[\d½⅓⅔¼¾⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞]|\p{L}/u.test(text);
        expect(entry.quantityMilli === null || says).toBe(true);
      }
    }),
  );
});

test('[UI-73] a written amount is read back as it was shown', () => {
  const units = fc.constantFrom('g', 'kg', 'ml', 'l', 'tsp', 'cup', 'can', 'bunch', null);
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 99_999 }), units, (hundredths, unit) => {
      const shown = formatAmount(hundredths * 10, unit);
      const [entry] = readQuickAdd(`${shown} things`);
      const milli = entry?.quantityMilli ?? 0;
      // A fraction sign may stand for a value one thousandth away.
      const back = convertMilli(milli, entry?.unit ?? null, unit);
      expect(Math.abs((back ?? 0) - hundredths * 10)).toBeLessThanOrEqual(1);
    }),
  );
});

test('[IMPORT-11] ingredient lines: the first measure counts, ranges and sizes have none', () => {
  const read = (wording: string) => {
    const { quantityMilli, unit, rest, name } = readIngredientLine(wording);
    return [quantityMilli, unit, rest, name];
  };
  expect(read('2 large onions, chopped')).toEqual([2000, null, 'large onions, chopped', 'Onions']);
  expect(read('500 g minced beef')).toEqual([500_000, 'g', 'minced beef', 'Minced beef']);
  expect(read('2 cloves minced garlic')).toEqual([2000, 'clove', 'minced garlic', 'Garlic']);
  expect(read('1 l whole milk')).toEqual([1000, 'l', 'whole milk', 'Whole milk']);
  expect(read('1 pound (500g) spaghetti')).toEqual([1000, 'lb', 'spaghetti', 'Spaghetti']);
  expect(read('500 g / 1 lbs porkchops')).toEqual([500_000, 'g', 'porkchops', 'Porkchops']);
  expect(read('600g or 5 cups bread flour')).toEqual([600_000, 'g', 'bread flour', 'Bread flour']);
  expect(read('1 can (15 oz) beans')).toEqual([1000, 'can', '(15 oz) beans', 'Beans']);
  expect(read('4 15oz cans of beans')).toEqual([
    4000,
    null,
    '15oz cans of beans',
    '15oz cans of beans',
  ]);
  expect(read('Spaghetti: 320 g | 11 oz')).toEqual([320_000, 'g', 'Spaghetti', 'Spaghetti']);
  expect(read('Rice (50 grams)')).toEqual([50_000, 'g', 'Rice', 'Rice']);
  expect(read('8 cloves')).toEqual([8000, null, 'cloves', 'Cloves']);
  expect(read('A cup of milk.')).toEqual([1000, 'cup', 'milk.', 'Milk']);
  expect(read('[sourdough starter](/sourdough-starter)')).toEqual([
    null,
    null,
    'sourdough starter',
    'Sourdough starter',
  ]);
  for (const wording of [
    '2-3 tbsp oil',
    '1 or 2 onions',
    '4cm ginger',
    '2 inch ginger',
    '<1 liter of milk',
  ]) {
    expect(read(wording).slice(0, 2)).toEqual([null, null]);
    expect(readIngredientLine(wording).doubtful).toBe(true);
  }
});

test('[IMPORT-12] reading a line never throws and its rest is part of its words', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 120 }), (wording) => {
      const { rest, quantityMilli } = readIngredientLine(wording);
      expect(wording.replace(/\[([^\]]*)\]\([^)]*\)/gu, '$1')).toContain(rest);
      expect(quantityMilli ?? 1).toBeGreaterThan(0);
    }),
  );
});

test('[SCHEMA-22] scaling takes thirds for thirds and sums stay in their family', () => {
  expect(scaleMilli(333, 4, 6)).toBe(500);
  expect(scaleMilli(333, 1, 3)).toBe(1000);
  expect(scaleMilli(1667, 5, 3)).toBe(1000);
  expect(scaleMilli(1, 99, 1)).toBe(1);
  expect(
    sumAmounts([
      { quantityMilli: 2000, unit: 'l' },
      { quantityMilli: 500_000, unit: 'ml' },
    ]),
  ).toEqual({ quantityMilli: 2500, unit: 'l' });
  expect(
    sumAmounts([
      { quantityMilli: 500_000, unit: 'g' },
      { quantityMilli: 1000, unit: 'lb' },
    ]),
  ).toEqual({ quantityMilli: 953_592, unit: 'g' });
  expect(convertMilli(1000, 'l', 'g')).toBeNull();
  expect(convertMilli(1000, 'cup', 'tbsp')).toBe(16_000);
  expect(['½ cup', '1½ cups', '2 cups', '800 g', '2 kg', '1 bunch', '2 bunches', '12', '']).toEqual(
    [
      formatAmount(500, 'cup'),
      formatAmount(1500, 'cup'),
      formatAmount(2000, 'cup'),
      formatAmount(800_000, 'g'),
      formatAmount(2_000_000, 'g'),
      formatAmount(1000, 'bunch'),
      formatAmount(2000, 'bunch'),
      formatAmount(12_000, null),
      formatAmount(null, 'g'),
    ],
  );
});

test('[SCHEMA-460] a unit that is written out has a plural, a short one has none', () => {
  expect(
    [2000, 1500, 1000, 500].flatMap((milli) => [
      formatAmount(milli, 'cup'),
      formatAmount(milli, 'sprig'),
      formatAmount(milli, 'tbsp'),
    ]),
  ).toEqual([
    '2 cups',
    '2 sprigs',
    '2 tbsp',
    '1½ cups',
    '1½ sprigs',
    '1½ tbsp',
    '1 cup',
    '1 sprig',
    '1 tbsp',
    '½ cup',
    '½ sprig',
    '½ tbsp',
  ]);
});
