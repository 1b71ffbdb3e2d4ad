import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { commonGroceries, guessAisle } from './aisle.ts';
import {
  addDays,
  isDay,
  isoWeek,
  mondayOf,
  mondayOfWeekText,
  weekdayName,
  weekText,
} from './day.ts';
import { closingCharacters, orderBetween } from './fractional-order.ts';
import { nameKey, singularKey } from './name-key.ts';
import { groupLines } from './shopping.ts';

test('[SCHEMA-23] a position always fits between two others, by code unit, and never ends in 0', () => {
  const step = fc.record({ at: fc.nat(1000), random: fc.string({ maxLength: 12 }) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
      const keys: string[] = [];
      for (const { at, random } of steps) {
        const index = at % (keys.length + 1);
        const [before, after] = [keys[index - 1] ?? null, keys[index] ?? null];
        const key = orderBetween(before, after, closingCharacters(random));
        expect(before === null || before < key).toBe(true);
        expect(after === null || key < after).toBe(true);
        expect(key).toMatch(/^[0-9A-Za-z]*[1-9A-Za-z]$/u);
        keys.splice(index, 0, key);
      }
    }),
  );
});

test('[SCHEMA-24] appending a thousand times does not lengthen positions', () => {
  let last: string | null = null;
  for (let count = 0; count < 1000; count += 1) {
    last = orderBetween(last, null, closingCharacters(String(count)));
  }
  expect(last?.length).toBe(6);
  expect(orderBetween('zz', 'a', '11') > 'zz').toBe(true);
});

test('[SCHEMA-25] days, weeks and Mondays agree with the calendar', () => {
  fc.assert(
    fc.property(fc.integer({ min: -20_000, max: 60_000 }), (serial) => {
      const real = new Date(serial * 86_400_000).toISOString().slice(0, 10);
      expect(addDays('1970-01-01', serial)).toBe(real);
      expect(isDay(real)).toBe(true);
      const monday = mondayOf(real);
      expect(weekdayName(monday)).toBe('Monday');
      expect(mondayOfWeekText(weekText(real))).toBe(monday);
    }),
  );
  expect(isoWeek('2026-11-24')).toEqual({ year: 2026, week: 48 });
  expect([weekText('2027-01-01'), weekText('2024-12-30')]).toEqual(['2026-W53', '2025-W01']);
  expect(['2026-02-30', '2026-13-01', '26-01-01', ''].map(isDay)).toEqual([
    false,
    false,
    false,
    false,
  ]);
  expect(mondayOfWeekText('2026-W54')).toBeNull();
});

test('[SCHEMA-26] one name has one key, and the singular finds the plural', () => {
  expect(nameKey('  Oat\u00A0 MILK ')).toBe('oat milk');
  expect(nameKey('ﬁsh')).toBe('fish');
  const pairs = [
    'onions onion',
    'tomatoes tomato',
    'cherries cherry',
    'peas pea',
    'radishes radish',
  ];
  for (const pair of pairs) {
    const [plural = '', singular = ''] = pair.split(' ');
    expect(singularKey(plural)).toBe(singular);
  }
  expect(singularKey('asparagus')).toBe('asparagus');
});

test('[UI-74] common groceries land in a sensible aisle', () => {
  const aisle = (name: string) => guessAisle(name)?.key ?? null;
  expect(
    ['Ripe cherry tomatoes', 'Oat milk', 'Eggs', '00 flour', 'Toilet paper', '7up'].map(aisle),
  ).toEqual(['produce', 'dairy', 'dairy', 'baking', 'home', 'drinks']);
  expect(['Frozen peas', 'Tomato paste', 'Chicken breasts', 'Batteries'].map(aisle)).toEqual([
    'frozen',
    'tins',
    'meat',
    'home',
  ]);
  expect(aisle('Tap the circle')).toBeNull();
  expect(commonGroceries.length).toBeGreaterThan(200);
});

test('[UI-75] lines of one product, unit family, shop and state are one row', () => {
  const line = (id: string, more: object) => ({
    id,
    title: 'Milk',
    productId: 'p',
    quantityMilli: null,
    unit: null,
    storeId: null,
    planEntryId: null,
    state: 'open' as const,
    ...more,
  });
  const groups = groupLines([
    line('1', { quantityMilli: 2000, unit: 'l' }),
    line('2', { quantityMilli: 500_000, unit: 'ml', planEntryId: 'e' }),
    line('3', {}),
    line('4', { quantityMilli: 3000, unit: 'bottle' }),
    line('5', { state: 'basket' }),
    line('6', { storeId: 's' }),
    line('7', { productId: null, title: 'Onions' }),
    line('8', { productId: null, title: 'onion' }),
  ]);
  expect(
    groups.map(({ lines, quantityMilli, unit, addedTwice }) => [
      lines.map(({ id }) => id).join(''),
      quantityMilli,
      unit,
      addedTwice,
    ]),
  ).toEqual([
    ['123', 2500, 'l', false],
    ['4', 3000, 'bottle', false],
    ['5', null, null, false],
    ['6', null, null, false],
    ['78', null, null, true],
  ]);
});
