/** The merge rules, one by one, and what a removal meets. */
import { describe, expect, test } from 'vitest';
import { mergeRemoval, mergeRows } from './merge.ts';
import { mergeText } from './merge-text.ts';
import type { LocalRow } from './row-codec.ts';
import { tables } from './tables.ts';
import type { Table } from './types.ts';

const AT = '2026-11-22T10:00:00.000Z';
const LATER = '2026-11-22T11:00:00.000Z';

const line: LocalRow = {
  id: 'x',
  product_id: null,
  title: 'Milk',
  quantity_milli: 1000,
  unit: 'l',
  store_id: null,
  aisle_id: null,
  plan_entry_id: null,
  checked_at: null,
  trip_id: null,
  finished_at: null,
  later: 0,
  price_minor: null,
  note: null,
  added_by: null,
  position: 'a0',
  created_at: AT,
  edited_at: AT,
};
const batch: LocalRow = {
  id: 'x',
  product_id: null,
  title: 'Rice',
  quantity_milli: 5000,
  unit: 'g',
  place: 'fridge',
  expires_on: '2026-12-01',
  note: null,
  created_at: AT,
  edited_at: AT,
};
const recipe: LocalRow = {
  id: 'x',
  title: 'Lasagne',
  servings: 4,
  summary: null,
  notes: 'boil\nlayer\nbake',
  prep_minutes: null,
  cook_minutes: null,
  rating: null,
  source_name: null,
  source_url: null,
  based_on_id: null,
  cover_photo_id: null,
  trashed_at: null,
  created_at: AT,
  edited_at: AT,
};

const lines = (mine: object, theirs: object) =>
  mergeRows(tables.list_items, line, { ...line, ...mine }, { ...line, ...theirs });
const recipes = (mine: object, theirs: object) =>
  mergeRows(tables.recipes, recipe, { ...recipe, ...mine }, { ...recipe, ...theirs });

describe('two changes of one row', () => {
  test('[CONF-61] changes of different columns come together by themselves', () => {
    expect(lines({ note: 'the red one' }, { store_id: 's1' })).toEqual({
      type: 'keep-merged',
      row: { ...line, note: 'the red one', store_id: 's1' },
    });
  });

  test('[CONF-61] equal changes are no conflict, and a row that only one side changed is that side', () => {
    expect(lines({ title: 'Oat milk' }, { title: 'Oat milk' })).toEqual({ type: 'accept-server' });
    expect(lines({}, { title: 'Oat milk' })).toEqual({ type: 'accept-server' });
    expect(lines({ title: 'Oat milk' }, {})).toEqual({ type: 'keep-local' });
  });

  test('[CONF-62] what only a person can decide is asked, named by column and group', () => {
    expect(lines({ title: 'Oat milk' }, { title: 'Soy milk' })).toMatchObject({
      type: 'ask',
      columns: ['product_id', 'title'],
    });
    expect(lines({ quantity_milli: 2000 }, { unit: 'pack' })).toMatchObject({
      type: 'ask',
      columns: ['quantity_milli', 'unit'],
    });
  });

  test('[CONF-61] newest takes the later edit and a tie takes theirs', () => {
    expect(lines({ later: 1, edited_at: LATER }, { later: 0, store_id: 's' })).toMatchObject({
      row: { later: 1, store_id: 's', edited_at: LATER },
    });
    expect(lines({ price_minor: 1 }, { price_minor: 2 })).toEqual({ type: 'accept-server' });
  });

  test('[CONF-61] the state further along stays whole: open, in the basket, bought', () => {
    const bought = { checked_at: AT, trip_id: 't', finished_at: LATER };
    expect(lines({ checked_at: LATER }, bought)).toEqual({ type: 'accept-server' });
    expect(lines(bought, { checked_at: LATER })).toEqual({ type: 'keep-local' });
  });

  test('[CONF-61] notes are joined, one under the other, theirs first', () => {
    expect(lines({ note: 'ripe' }, { note: 'two bags' })).toMatchObject({
      row: { note: 'two bags\nripe' },
    });
  });

  test('[CONF-61] the order that was pushed last stands silently', () => {
    expect(lines({ position: 'b' }, { position: 'c' })).toEqual({ type: 'keep-local' });
  });

  test('[CONF-61] amounts add their differences and never fall below zero', () => {
    const used = (mine: number | null, theirs: number | null) =>
      mergeRows(
        tables.pantry_items,
        batch,
        { ...batch, quantity_milli: mine },
        { ...batch, quantity_milli: theirs },
      );
    expect(used(4000, 3000)).toMatchObject({ row: { quantity_milli: 2000 } });
    expect(used(1000, 1500)).toMatchObject({ row: { quantity_milli: 0 } });
  });

  test('[CONF-541] what is merged stays within the bounds of its column', () => {
    const most = 9_999_999_999;
    const sum = (base: number, mine: number, theirs: number) =>
      mergeRows(
        tables.pantry_items,
        { ...batch, quantity_milli: base },
        { ...batch, quantity_milli: mine },
        { ...batch, quantity_milli: theirs },
      );
    expect(sum(0, most, most - 1)).toMatchObject({ type: 'keep-local' });
    expect(sum(5, most - 1, most - 2)).toMatchObject({ row: { quantity_milli: most } });
    const counted: Table = {
      ...tables.tags,
      columns: {
        ...tables.tags.columns,
        hue: { kind: 'count', nullable: false, merge: 'delta', min: 2, max: 11 },
      },
    };
    const tag = { id: 'x', name: 'Quick', name_key: 'quick', created_at: AT, edited_at: AT };
    const hues = (base: number, mine: number, theirs: number) =>
      mergeRows(counted, { ...tag, hue: base }, { ...tag, hue: mine }, { ...tag, hue: theirs });
    expect(hues(5, 10, 9)).toMatchObject({ row: { hue: 11 } });
    expect(hues(9, 4, 3)).toMatchObject({ row: { hue: 2 } });
    // A step has at least one character: two removals that leave nothing are a person's business.
    const step = { id: 'x', recipe_id: 'r', timer_seconds: null, position: 'a0' };
    const stamps = { created_at: AT, edited_at: AT };
    expect(
      mergeRows(
        tables.recipe_steps,
        { ...step, ...stamps, wording: 'Boil.\n\nBake.' },
        { ...step, ...stamps, wording: '\nBake.' },
        { ...step, ...stamps, wording: 'Boil.\n' },
      ),
    ).toMatchObject({ type: 'ask', columns: ['wording'] });
  });

  test('[CONF-61] the earlier use-by day stands', () => {
    const days = (mine: string, theirs: string) =>
      mergeRows(
        tables.pantry_items,
        batch,
        { ...batch, expires_on: mine },
        { ...batch, expires_on: theirs },
      );
    expect(days('2026-11-28', '2026-11-30')).toEqual({ type: 'keep-local' });
    expect(days('2026-11-30', '2026-11-28')).toEqual({ type: 'accept-server' });
  });

  test('[CONF-61] texts merge by line and ask where they overlap', () => {
    expect(
      recipes({ notes: 'boil well\nlayer\nbake' }, { notes: 'boil\nlayer\nbake hot' }),
    ).toMatchObject({
      row: { notes: 'boil well\nlayer\nbake hot' },
    });
    expect(recipes({ notes: 'boil\nstack\nbake' }, { notes: 'boil\nfold\nbake' })).toMatchObject({
      type: 'ask',
      columns: ['notes'],
    });
  });

  test('[CONF-62] the trash against any other change asks, and twice is the earlier time', () => {
    expect(recipes({ trashed_at: AT }, { rating: 5 })).toMatchObject({
      type: 'ask',
      columns: ['trashed_at'],
    });
    expect(recipes({ rating: 5 }, { trashed_at: AT })).toMatchObject({ type: 'ask' });
    expect(recipes({ trashed_at: AT }, { trashed_at: LATER })).toEqual({ type: 'keep-local' });
  });

  test('[CONF-61] two rows made under one key keep the values of the server where they clash', () => {
    const twice = mergeRows(tables.pantry_items, null, { ...batch, created_at: LATER }, batch);
    expect(twice).toEqual({ type: 'accept-server' });
  });
});

describe('a removal and a change', () => {
  test('[CONF-63] the declaration of the table says whose word stands', () => {
    expect(mergeRemoval(tables.list_items, 'them')).toBe('keep-local');
    expect(mergeRemoval(tables.list_items, 'me')).toBe('accept-server');
    expect(mergeRemoval(tables.recipe_tags, 'them')).toBe('accept-server');
    expect(mergeRemoval(tables.recipe_tags, 'me')).toBe('keep-local');
    expect(mergeRemoval(tables.recipes, 'me')).toBe('ask');
  });
});

describe('merging text', () => {
  test('[CONF-61] lines added, removed and changed on one side each come together', () => {
    expect(mergeText('a\nb\nc', 'a\nb\nc\nd', 'x\na\nb\nc')).toBe('x\na\nb\nc\nd');
    expect(mergeText('a\nb\nc', 'a\nc', 'a\nb\nc\nd')).toBe('a\nc\nd');
    expect(mergeText('a', 'b', 'b')).toBe('b');
    expect(mergeText('a', 'b', 'c')).toBeNull();
  });

  test('[CONF-338] words of one line changed on two sides come together, the same words do not', () => {
    const line = 'Bake for 40 minutes at 180 degrees';
    expect(
      mergeText(line, 'Bake for 45 minutes at 180 degrees', 'Bake for 40 minutes at 200 degrees'),
    ).toBe('Bake for 45 minutes at 200 degrees');
    expect(
      mergeText(line, 'Bake for 45 minutes at 180 degrees', 'Bake for 50 minutes at 180 degrees'),
    ).toBeNull();
    expect(
      mergeText(`Boil.\n${line}`, `Boil.\n${line}, covered`, `Boil well.\nBrush. ${line}`),
    ).toBe(`Boil well.\nBrush. ${line}, covered`);
    expect(mergeText('one two', 'one\ntwo', 'one two three')).toBeNull();
  });
});
