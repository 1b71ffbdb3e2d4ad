import { expect, test } from 'vitest';
import { groupLines, type ShoppingLine } from './shopping.ts';

let made = 0;
const line = (title: string, change: Partial<ShoppingLine> = {}): ShoppingLine => ({
  id: String((made += 1)),
  title,
  productId: null,
  quantityMilli: null,
  unit: null,
  storeId: null,
  planEntryId: null,
  state: 'open',
  ...change,
});
const litres = (count: number) => ({ quantityMilli: count * 1000, unit: 'l' });

const shown = (lines: readonly ShoppingLine[]) =>
  groupLines(lines).map((group) => [
    group.lines.map(({ title }) => title).join('+'),
    group.quantityMilli,
    group.unit,
  ]);

test('[ACT-100] lines of one thing are one row: its product, or free text of its name', () => {
  const milk = { productId: 'milk' };
  expect(
    shown([
      line('Milk', litres(2)),
      line('Milk', { ...milk, ...litres(1) }),
      line('milks'),
      line('Oat milk', litres(1)),
    ]),
  ).toEqual([
    ['Milk+Milk+milks', 3000, 'l'],
    ['Oat milk', 1000, 'l'],
  ]);
});

test('[ACT-101] what cannot be added up, or stands elsewhere, is a row of its own', () => {
  const milk = { productId: 'milk' };
  expect(
    shown([
      line('Milk', { ...milk, ...litres(1) }),
      line('Milk', { ...milk, quantityMilli: 2000, unit: 'bottle' }),
      line('Milk', { ...milk, ...litres(1), storeId: 'mart' }),
      line('Milk', { ...milk, ...litres(1), state: 'basket' }),
    ]).map(([, amount, unit]) => [amount, unit]),
  ).toEqual([
    [1000, 'l'],
    [2000, 'bottle'],
    [1000, 'l'],
    [1000, 'l'],
  ]);
});
