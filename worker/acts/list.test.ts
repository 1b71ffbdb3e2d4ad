import { expect, test } from 'vitest';
import { readQuickAdd } from '../../shared/domain/quick-add.ts';
import { createLocalKitchen, type LocalKitchen } from '../../test/kitchen/local-kitchen.ts';

const add = (kitchen: LocalKitchen, text: string) =>
  kitchen.done('list.add', { entries: readQuickAdd(text) });

const openTitles = (kitchen: LocalKitchen): readonly string[] =>
  kitchen
    .ask('list', { storeId: null })
    .sections.flatMap((section) => section.rows.map((row) => row.title));

test('[ACT-1] one field of quick add is one act, and one undo takes all of it', () => {
  const kitchen = createLocalKitchen();
  const empty = kitchen.dump();
  const added = add(kitchen, '2 l milk, eggs, 500 g flour');
  expect(added.sentence).toMatchObject({ key: 'list.add', values: { title: 'Milk', more: 2 } });
  const view = kitchen.ask('list', { storeId: null });
  expect(view.openCount).toBe(3);
  expect(
    view.sections.map((section) => [section.name, section.rows.map((row) => row.title)]),
  ).toEqual([
    ['Dairy and eggs', ['Milk', 'Eggs']],
    ['Baking and spices', ['Flour']],
  ]);
  kitchen.done('act.undo', { actId: added.actId });
  expect(openTitles(kitchen)).toEqual([]);
  expect(kitchen.rows('products')).toEqual([]);
  expect(JSON.parse(empty)).not.toBe(null);
  expect(kitchen.rows('aisles')).toHaveLength(11);
});

test('[ACT-2] adding what is in the basket un-ticks it instead of doubling it', () => {
  const kitchen = createLocalKitchen();
  add(kitchen, 'Milk');
  const [line] = kitchen.rows('list_items');
  kitchen.done('list.tick', { ids: [String(line?.['id'])] });
  expect(kitchen.ask('list', { storeId: null })).toMatchObject({ openCount: 0, basketCount: 1 });
  const again = add(kitchen, 'milk');
  expect(again.sentence.key).toBe('list.add.back');
  expect(kitchen.rows('list_items')).toHaveLength(1);
  expect(openTitles(kitchen)).toEqual(['Milk']);
});

test('[ACT-3] adding what is open, without an amount, adds nothing', () => {
  const kitchen = createLocalKitchen();
  add(kitchen, 'Milk');
  const again = add(kitchen, 'milk');
  expect(again).toMatchObject({ sentence: { key: 'list.add.already' }, undoable: false });
  expect(kitchen.rows('list_items')).toHaveLength(1);
  add(kitchen, '2 l milk');
  add(kitchen, '500 ml milk');
  const rows = kitchen.ask('list', { storeId: null }).sections.flatMap((section) => section.rows);
  expect(rows).toHaveLength(1);
  expect(rows[0]).toMatchObject({ title: 'Milk', quantityMilli: 2500, unit: 'l' });
  expect(rows[0]?.parts).toHaveLength(3);
});

test('[ACT-4] the same act id again changes nothing and gives the stored answer', () => {
  const kitchen = createLocalKitchen();
  const actId = kitchen.newId();
  const first = kitchen.done('list.add', { entries: readQuickAdd('Milk') }, actId);
  const before = kitchen.dump();
  const second = kitchen.done('list.add', { entries: readQuickAdd('Milk, Bread') }, actId);
  expect(second).toEqual(first);
  expect(kitchen.dump()).toBe(before);
});

test('[ACT-5] a refused act names the field and leaves nothing behind', () => {
  const kitchen = createLocalKitchen();
  const before = kitchen.dump();
  const entry = { title: 'Milk', quantityMilli: null, unit: null, note: null, storeName: null };
  const cases = [
    [{ ...entry, title: 'x'.repeat(121) }, 'entries.1.title', 'too-long'],
    [{ ...entry, title: '   ' }, 'entries.1.title', 'missing'],
    [{ ...entry, title: 'a\0b' }, 'entries.1.title', 'characters'],
    [{ ...entry, title: 'a\ud800' }, 'entries.1.title', 'characters'],
    [{ ...entry, quantityMilli: -1 }, 'entries.1.quantityMilli', 'out-of-range'],
    [{ ...entry, quantityMilli: 1.5 }, 'entries.1.quantityMilli', 'wrong-kind'],
    [{ ...entry, note: 'n'.repeat(201) }, 'entries.1.note', 'too-long'],
  ] as const;
  for (const [bad, field, reason] of cases) {
    const answer = kitchen.perform('list.add', { entries: [{ ...entry, title: 'Bread' }, bad] });
    expect(answer).toEqual({ ok: false, error: { type: 'invalid', field, reason } });
    expect(kitchen.dump()).toBe(before);
    expect(kitchen.rows('acts')).toEqual([]);
  }
});

test('[ACT-6] finishing a trip buys the basket once and fills the pantry under the same ids', () => {
  const kitchen = createLocalKitchen();
  kitchen.done('store.add', { id: kitchen.newId(), name: 'Mart' });
  add(kitchen, '2 l milk, eggs, bread @mart, soap');
  const ids = kitchen
    .rows('list_items')
    .filter((line) => line['title'] !== 'Soap')
    .map((line) => String(line['id']));
  kitchen.done('list.tick', { ids });
  const milkId = String(
    kitchen.rows('list_items').find((line) => line['title'] === 'Milk')?.['id'],
  );
  const storeId = String(kitchen.rows('stores')[0]?.['id']);
  const trip = kitchen.done('trip.finish', { storeId, pantryLineIds: [milkId] });
  expect(trip.sentence).toMatchObject({ key: 'trip.finish', values: { store: 'Mart', count: 3 } });
  expect(openTitles(kitchen)).toEqual(['Soap']);
  expect(kitchen.ask('pantry', {})).toMatchObject([
    { id: milkId, title: 'Milk', quantityMilli: 2000, unit: 'l', place: 'fridge' },
  ]);
  kitchen.done('act.undo', { actId: trip.actId });
  expect(kitchen.ask('pantry', {})).toEqual([]);
  expect(kitchen.ask('list', { storeId: null }).basketCount).toBe(3);
  const again = kitchen.done('trip.finish', { storeId: null, pantryLineIds: [milkId] });
  kitchen.done('trip.reopen', { tripId: String(again.sentence.values['tripId']) });
  expect(kitchen.ask('pantry', {})).toEqual([]);
  expect(kitchen.ask('list', { storeId: null }).basketCount).toBe(3);
});

test('[ACT-7] moving with "always" moves the product, and a shop that goes takes only itself away', () => {
  const kitchen = createLocalKitchen();
  add(kitchen, 'oat milk @corner');
  const [line] = kitchen.rows('list_items');
  const drinks = kitchen.ask('aisles', {}).find((aisle) => aisle.name === 'Drinks');
  kitchen.done('list.move', {
    ids: [String(line?.['id'])],
    aisleId: drinks?.id ?? null,
    always: true,
  });
  expect(kitchen.rows('products')[0]?.['aisle_id']).toBe(drinks?.id);
  expect(kitchen.ask('stores', {})).toMatchObject([{ name: 'Corner', openCount: 1 }]);
  const storeId = String(kitchen.rows('stores')[0]?.['id']);
  expect(kitchen.ask('list', { storeId }).sections[0]?.name).toBe('Drinks');
  const erased = kitchen.done('store.erase', { id: storeId });
  expect(kitchen.ask('list', { storeId: null }).sections[0]?.rows[0]).toMatchObject({
    title: 'Oat milk',
    storeId: null,
    storeName: null,
  });
  kitchen.done('act.undo', { actId: erased.actId });
  expect(kitchen.ask('stores', {})).toMatchObject([{ name: 'Corner', openCount: 1 }]);
});

test('[ACT-8] later, remove and edit say what they did; suggestions know what is on the list', () => {
  const kitchen = createLocalKitchen();
  add(kitchen, 'milk, bread (sliced), batteries');
  const idOf = (title: string): string =>
    String(kitchen.rows('list_items').find((line) => line['title'] === title)?.['id']);
  kitchen.done('list.later', { ids: [idOf('Batteries')], later: true });
  expect(kitchen.ask('list', { storeId: null }).later.map((row) => row.title)).toEqual([
    'Batteries',
  ]);
  const edited = kitchen.done('list.edit', { id: idOf('Milk'), quantityMilli: 3000, unit: 'l' });
  expect(edited.sentence.key).toBe('list.edit.amount');
  expect(kitchen.ask('suggest', { text: 'mi' })[0]).toMatchObject({
    title: 'Milk',
    onList: 'open',
  });
  kitchen.done('list.tick', { ids: [idOf('Milk')] });
  expect(kitchen.ask('suggest', { text: 'MI' })[0]).toMatchObject({
    title: 'Milk',
    onList: 'basket',
  });
  kitchen.done('list.remove', { ids: [idOf('Bread')] });
  expect(kitchen.perform('list.tick', { ids: [kitchen.newId()] })).toMatchObject({
    ok: false,
    error: { type: 'gone', table: 'list_items' },
  });
  expect(kitchen.ask('timeline', { limit: 2 }).map((entry) => entry.sentence.key)).toEqual([
    'list.remove',
    'list.tick',
  ]);
});

test('[ACT-462] a list longer than one act takes is refused whole, never shortened', () => {
  const kitchen = createLocalKitchen();
  const lines = Array.from({ length: 600 }, (_, index) => `thing ${String(index)}`);
  const result = kitchen.perform('list.add', { entries: readQuickAdd(lines.join('\n')) });
  expect(result).toEqual({
    ok: false,
    error: { type: 'too-large', limit: 'entries', max: 500 },
  });
  expect(kitchen.rows('list_items')).toEqual([]);
});

test('[ACT-483] keep one leaves one of the lines that say the same, with all their notes; others are not touched', () => {
  const kitchen = createLocalKitchen();
  for (const text of [
    '2 l milk (skimmed)',
    '2 l milk',
    '2 l milk (not the skimmed one)',
    '1 l milk',
  ])
    add(kitchen, text);
  const milk = () => {
    const { sections } = kitchen.ask('list', { storeId: null });
    const row = sections[0]?.rows[0];
    if (row === undefined) throw new Error('the milk is gone');
    return row;
  };
  const before = kitchen.dump();
  const { ids, addedTwice } = milk();
  expect([ids.length, addedTwice]).toEqual([4, true]);
  const kept = kitchen.done('list.keepOne', { ids });
  expect(kept.sentence).toEqual({ key: 'list.keepOne', values: { title: 'Milk', lines: 3 } });
  expect(milk()).toMatchObject({ quantityMilli: 3000, addedTwice: false });
  expect(milk().ids).toEqual([ids[0], ids[3]]);
  expect(milk().notes).toEqual(['skimmed\nnot the skimmed one']);
  kitchen.done('act.undo', { actId: kept.actId });
  expect(kitchen.dump()).toBe(before);
});
