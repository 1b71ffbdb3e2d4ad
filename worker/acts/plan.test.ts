import { expect, test } from 'vitest';
import type { PlannedLine } from '../../shared/acts/acts.ts';
import { createLocalKitchen, type LocalKitchen } from '../../test/kitchen/local-kitchen.ts';

const fields = {
  title: 'Lasagne',
  servings: 4,
  summary: null,
  notes: null,
  prepMinutes: 20,
  cookMinutes: 40,
  sourceName: null,
  sourceUrl: null,
};

function writeLasagne(kitchen: LocalKitchen): string {
  const id = kitchen.newId();
  kitchen.done('recipe.create', {
    id,
    fields,
    ingredients: [
      '500 g beef mince',
      '⅓ cup milk',
      '2 large onions, chopped',
      'Salt',
      '1 pinch nutmeg (optional)',
    ].map((wording) => ({
      id: null,
      wording,
      section: null,
      optional: wording.includes('optional'),
    })),
    steps: [{ id: null, wording: 'Bake it.', timerSeconds: 2400 }],
    tags: ['Supper'],
    photo: null,
  });
  return id;
}

function planLasagne(kitchen: LocalKitchen, recipeId: string, servings: number): string {
  const sheet = kitchen.ask('planSheet', { recipeId, servings });
  const lines: PlannedLine[] = sheet
    .filter((line) => line.on)
    .map(({ ingredientId, title, quantityMilli, unit, productId }) => ({
      ingredientId,
      title,
      quantityMilli,
      unit,
      productId,
    }));
  const id = kitchen.newId();
  kitchen.done('plan.add', { id, recipeId, day: '2026-11-24', meal: 'dinner', servings, lines });
  return id;
}

const lineOf = (kitchen: LocalKitchen, title: string) => {
  const line = kitchen.rows('list_items').find((row) => row['title'] === title);
  if (line === undefined) throw new Error(`no line ${title}`);
  return line;
};

test('[ACT-9] a planned meal and its list lines are one act, undone as one', () => {
  const kitchen = createLocalKitchen();
  const recipeId = writeLasagne(kitchen);
  const sheet = kitchen.ask('planSheet', { recipeId, servings: 6 });
  expect(
    sheet.map(({ title, quantityMilli, unit, on, offReason }) => [
      title,
      quantityMilli,
      unit,
      on,
      offReason,
    ]),
  ).toEqual([
    ['Beef mince', 750_000, 'g', true, null],
    ['Milk', 500, 'cup', true, null],
    ['Onions', 3000, null, true, null],
    ['Salt', null, null, true, null],
    ['Nutmeg', 1500, 'pinch', false, 'optional'],
  ]);
  const before = kitchen.dump();
  const entryId = planLasagne(kitchen, recipeId, 6);
  expect(kitchen.rows('list_items').map((line) => line['plan_entry_id'])).toEqual(
    Array(4).fill(entryId),
  );
  expect(kitchen.ask('week', { from: '2026-11-23' })).toMatchObject([
    { id: entryId, title: 'Lasagne', recipeState: 'live', servings: 6, lines: { done: 0, all: 4 } },
  ]);
  const [entry] = kitchen.ask('timeline', { limit: 1 });
  expect(entry).toMatchObject({
    sentence: { key: 'plan.add', values: { title: 'Lasagne', day: '2026-11-24', count: 4 } },
    state: 'saved',
    direction: 'out',
  });
  expect(entry?.rows).toContainEqual({ table: 'list_items', op: 'insert', rows: 4 });
  kitchen.done('act.undo', { actId: entry?.id ?? '' });
  const withoutAisles = (dump: string): string =>
    JSON.stringify((JSON.parse(dump) as [string, unknown][]).filter(([name]) => name !== 'aisles'));
  expect(withoutAisles(kitchen.dump())).toBe(withoutAisles(before));
});

test('[ACT-10] new servings change open lines nobody touched; what is ticked or changed by hand stays', () => {
  const kitchen = createLocalKitchen();
  const recipeId = writeLasagne(kitchen);
  const entryId = planLasagne(kitchen, recipeId, 4);
  kitchen.done('list.edit', { id: String(lineOf(kitchen, 'Onions')['id']), quantityMilli: 5000 });
  kitchen.done('list.tick', { ids: [String(lineOf(kitchen, 'Beef mince')['id'])] });
  const changed = kitchen.done('plan.servings', { id: entryId, servings: 6 });
  expect(changed.sentence.values).toMatchObject({ servings: 6, count: 1 });
  expect(lineOf(kitchen, 'Milk')['quantity_milli']).toBe(500);
  expect(lineOf(kitchen, 'Onions')['quantity_milli']).toBe(5000);
  expect(lineOf(kitchen, 'Beef mince')['quantity_milli']).toBe(500_000);
  kitchen.done('plan.servings', { id: entryId, servings: 8 });
  expect(lineOf(kitchen, 'Milk')['quantity_milli']).toBe(667);
});

test('[ACT-11] taking a meal off removes its open lines only', () => {
  const kitchen = createLocalKitchen();
  const entryId = planLasagne(kitchen, writeLasagne(kitchen), 4);
  kitchen.done('list.tick', { ids: [String(lineOf(kitchen, 'Milk')['id'])] });
  const removed = kitchen.done('plan.remove', { ids: [entryId] });
  expect(removed.sentence.values).toMatchObject({ title: 'Lasagne', count: 1, lines: 3 });
  expect(kitchen.rows('list_items')).toMatchObject([{ title: 'Milk', plan_entry_id: null }]);
  kitchen.done('act.undo', { actId: removed.actId });
  expect(kitchen.rows('list_items').map((line) => line['plan_entry_id'])).toEqual(
    Array(4).fill(entryId),
  );
});

test('[ACT-12] a meal outlives its recipe with its title, and cooking uses what the pantry holds', () => {
  const kitchen = createLocalKitchen();
  const pantry = (text: string, quantityMilli: number, unit: string) =>
    kitchen.done('pantry.add', {
      entries: [{ title: text, quantityMilli, unit, note: null, storeName: null }],
      place: 'fridge',
    });
  pantry('Beef mince', 1_000_000, 'g');
  pantry('Milk', 50_000, 'ml');
  const recipeId = writeLasagne(kitchen);
  expect(
    kitchen.ask('planSheet', { recipeId, servings: 4 }).map((line) => [line.title, line.offReason]),
  ).toEqual([
    ['Beef mince', 'in-pantry'],
    ['Milk', null],
    ['Onions', null],
    ['Salt', null],
    ['Nutmeg', 'optional'],
  ]);
  const entryId = planLasagne(kitchen, recipeId, 4);
  const cooked = kitchen.done('plan.cook', { id: entryId });
  expect(cooked.sentence.values['count']).toBe(2);
  expect(kitchen.ask('pantry', {})).toMatchObject([
    { title: 'Beef mince', quantityMilli: 500_000 },
  ]);
  kitchen.done('act.undo', { actId: cooked.actId });
  expect(kitchen.ask('pantry', {})).toHaveLength(2);
  const erased = kitchen.done('recipe.erase', { ids: [recipeId] });
  expect(kitchen.ask('week', { from: '2026-11-23' })).toMatchObject([
    { title: 'Lasagne', recipeId: null, recipeState: 'none' },
  ]);
  expect(kitchen.done('plan.servings', { id: entryId, servings: 2 }).sentence.values['count']).toBe(
    2,
  );
  kitchen.done('act.undo', { actId: erased.actId });
  expect(kitchen.ask('week', { from: '2026-11-23' })).toMatchObject([
    { recipeId, recipeState: 'live', servings: 2 },
  ]);
  kitchen.done('recipe.trash', { ids: [recipeId] });
  expect(kitchen.ask('week', { from: '2026-11-23' })).toMatchObject([{ recipeState: 'trashed' }]);
});

test('[ACT-13] moving places a meal at the end of its new slot', () => {
  const kitchen = createLocalKitchen();
  const ids = ['Soup', 'Pizza out'].map((title) => {
    const id = kitchen.newId();
    kitchen.done('plan.addText', { id, title, day: '2026-11-24', meal: 'dinner' });
    return id;
  });
  const moved = kitchen.done('plan.move', { id: ids[0] ?? '', day: '2026-11-27', meal: 'lunch' });
  expect(moved.sentence.values).toMatchObject({ from: '2026-11-24', day: '2026-11-27' });
  kitchen.done('plan.move', { id: ids[1] ?? '', day: '2026-11-27', meal: 'lunch' });
  expect(kitchen.ask('week', { from: '2026-11-23' }).map((entry) => entry.title)).toEqual([
    'Soup',
    'Pizza out',
  ]);
  expect(
    kitchen.perform('plan.move', { id: ids[0] ?? '', day: '2026-02-30', meal: 'lunch' }),
  ).toEqual({ ok: false, error: { type: 'invalid', field: 'day', reason: 'not-a-day' } });
});

test('[ACT-460] a recipe whose line names nothing but its unit can be planned', () => {
  const kitchen = createLocalKitchen();
  const recipeId = kitchen.newId();
  kitchen.done('recipe.create', {
    id: recipeId,
    fields: { ...fields, title: 'Stoofvlees' },
    ingredients: ['1 kg beef', '1 clove (spice)', '1 can (400 g)', '1 cup (chopped)'].map(
      (wording) => ({ id: null, wording, section: null, optional: false }),
    ),
    steps: [],
    tags: [],
    photo: null,
  });
  planLasagne(kitchen, recipeId, 4);
  expect(kitchen.rows('list_items').map((line) => line['title'])).toEqual([
    'Beef',
    'Clove',
    'Can',
    '1 cup (chopped)',
  ]);
});

test('[ACT-484] two meals change places, and undo puts both back', () => {
  const kitchen = createLocalKitchen();
  const [soup = '', pizza = ''] = ['Soup', 'Pizza out'].map((title, index) => {
    const id = kitchen.newId();
    kitchen.done('plan.addText', { id, title, day: `2026-11-2${index + 4}`, meal: 'dinner' });
    return id;
  });
  const places = () =>
    kitchen.ask('week', { from: '2026-11-23' }).map(({ title, day, meal }) => [title, day, meal]);
  kitchen.done('plan.move', { id: pizza, day: '2026-11-25', meal: 'lunch' });
  const before = kitchen.dump();
  const swapped = kitchen.done('plan.swap', { id: soup, otherId: pizza });
  expect(swapped.sentence.values).toEqual({ title: 'Soup', other: 'Pizza out' });
  expect(places()).toEqual([
    ['Pizza out', '2026-11-24', 'dinner'],
    ['Soup', '2026-11-25', 'lunch'],
  ]);
  kitchen.done('act.undo', { actId: swapped.actId });
  expect(kitchen.dump()).toBe(before);
  expect(kitchen.perform('plan.swap', { id: soup, otherId: kitchen.newId() })).toMatchObject({
    ok: false,
    error: { type: 'gone' },
  });
});

test('[ACT-482] not cooked after all gives back what the cooking took, and only as far as it is known', () => {
  const kitchen = createLocalKitchen();
  const stock = (title: string, quantityMilli: number, unit: string) =>
    kitchen.done('pantry.add', {
      entries: [{ title, quantityMilli, unit, note: null, storeName: null }],
      place: 'fridge',
    });
  stock('Beef mince', 1_200_000, 'g');
  stock('Milk', 50_000, 'ml');
  const held = () =>
    kitchen.rows('pantry_items').map((batch) => [batch['title'], batch['quantity_milli']]);
  const full = held();
  const entryId = planLasagne(kitchen, writeLasagne(kitchen), 4);

  kitchen.done('plan.cook', { id: entryId });
  expect(held()).toEqual([['Beef mince', 700_000]]);
  const back = kitchen.done('plan.uncook', { id: entryId });
  expect(back.sentence.values).toMatchObject({ count: 2, pantryStays: 0 });
  expect(held()).toEqual(full);

  kitchen.done('plan.cook', { id: entryId });
  kitchen.done('pantry.edit', {
    id: String(kitchen.rows('pantry_items')[0]?.['id']),
    quantityMilli: 600_000,
  });
  const [, milk] = full;
  kitchen.done('plan.uncook', { id: entryId });
  expect(held(), 'another use stays a use').toEqual([['Beef mince', 1_100_000], milk]);

  kitchen.done('plan.cook', { id: entryId });
  kitchen.sql.run(`update plan_entries set cooked_at = '2026-11-24T18:00:00.000Z'`);
  const unknown = kitchen.done('plan.uncook', { id: entryId });
  expect(unknown.sentence.values).toMatchObject({ count: 0, pantryStays: 1 });
  expect(held()).toEqual([['Beef mince', 600_000]]);
});
