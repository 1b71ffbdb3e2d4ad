/** Fields of a choice in words, the one question a row can ask itself, and what makes a mix. */
import { describe, expect, test } from 'vitest';
import type { ChoiceField, ChoiceView } from '../../../shared/queries.ts';
import {
  inlineField,
  mixedValues,
  NO_MIX,
  resultOf,
  typedText,
  valueText,
} from './choice-values.ts';

const amount: ChoiceField = {
  columns: ['quantity_milli', 'unit'],
  clash: true,
  before: { quantity_milli: 1000, unit: 'l' },
  mine: { quantity_milli: 2000, unit: 'l' },
  theirs: { quantity_milli: 3000, unit: 'l' },
};
const what: ChoiceField = {
  columns: ['product_id', 'title'],
  clash: true,
  before: { product_id: 'p', title: 'Milk' },
  mine: { product_id: 'q', title: 'Oat milk' },
  theirs: { product_id: 'r', title: 'Soy milk' },
};
const choice = (...fields: ChoiceField[]): ChoiceView => ({
  id: 1,
  kind: 'field',
  table: 'list_items',
  subjectId: 'x',
  title: 'Milk',
  at: '2026-11-22T14:02:31.000Z',
  theirsBy: { person: null, device: null },
  madeBy: null,
  fields,
  changedSince: false,
  settles: 0,
  parts: [],
});

describe('words', () => {
  test('[UI-323] a field reads as people say it, and no side reads as an id', () => {
    expect(valueText(amount.columns, amount.mine)).toBe('2 l');
    expect(valueText(amount.columns, { quantity_milli: null, unit: null })).toBe('some');
    expect(valueText(what.columns, what.theirs)).toBe('Soy milk');
    expect(valueText(what.columns, null)).toBe('nothing');
    expect(valueText(['trashed_at'], { trashed_at: '2026-11-22T14:02:31.000Z' })).toBe(
      'In the Trash',
    );
    expect(valueText(['day', 'meal'], { day: '2026-11-24', meal: 'dinner' })).toBe(
      'Tuesday 24 · dinner',
    );
    expect(
      valueText(['checked_at', 'trip_id', 'finished_at'], {
        checked_at: 'x',
        trip_id: null,
        finished_at: null,
      }),
    ).toBe('In the basket');
  });

  test('[UI-323] a row asks itself only about one amount', () => {
    expect(inlineField(choice(amount, { ...what, clash: false }))).toBe(amount);
    expect(inlineField(choice(amount, what))).toBeNull();
    expect(inlineField(choice(what))).toBeNull();
    expect(inlineField({ ...choice(amount), kind: 'gone-here' })).toBeNull();
  });
});

describe('a mix', () => {
  test('[UI-324] is off until it differs from both sides', () => {
    const both = choice(amount, what);
    expect(mixedValues(both, NO_MIX)).toBeNull();
    const mine = { sides: { quantity_milli: 'mine', title: 'mine' }, typed: {} } as const;
    expect(mixedValues(both, mine)).toBeNull();
    expect(mixedValues(both, { sides: { title: 'mine' }, typed: {} })).toEqual({
      quantity_milli: 3000,
      unit: 'l',
      product_id: 'q',
      title: 'Oat milk',
    });
    expect(mixedValues(choice(amount), { sides: {}, typed: { quantity_milli: '3 l' } })).toBeNull();
  });

  test('[UI-324] takes typed amounts and words, and none that cannot be read', () => {
    const typed = (words: string) => ({ sides: {}, typed: { quantity_milli: words } });
    expect(resultOf(typed('2,5'), amount)).toEqual({ quantity_milli: 2500, unit: 'l' });
    expect(resultOf(typed('half a crate of'), amount)).toBeNull();
    expect(mixedValues(choice(amount), typed('half a crate of'))).toBeNull();
    expect(resultOf({ sides: { title: 'mine' }, typed: { title: ' Rice milk ' } }, what)).toEqual({
      product_id: 'q',
      title: ' Rice milk ',
    });
    expect(typedText(what, what.mine)).toBe('Oat milk');
  });
});
