import { expect, test } from 'vitest';
import { readQuickAdd } from '../../shared/domain/quick-add.ts';
import { createLocalKitchen, type LocalKitchen } from '../../test/kitchen/local-kitchen.ts';

/** Rows of tables that only the server writes arrive while the engine applies, so the guards stand aside. */
function applied(kitchen: LocalKitchen, work: () => void): void {
  kitchen.sql.transaction(() => {
    kitchen.sql.run('update _sync_apply_state set apply_mode = 1');
    work();
    kitchen.sql.run('update _sync_apply_state set apply_mode = 0');
  });
}

function bought(
  kitchen: LocalKitchen,
  productId: string,
  at: string,
  aisleId: string | null,
): void {
  applied(kitchen, () => {
    kitchen.sql.run(
      `insert into purchases (id, product_id, store_id, aisle_id, trip_id, title, bought_at)
       values (?1, ?2, (select id from stores limit 1), ?3, ?1, 'x', ?4)`,
      [kitchen.newId(), productId, aisleId, at],
    );
  });
}

const productId = (kitchen: LocalKitchen, name: string): string =>
  String(kitchen.rows('products').find((row) => row['name'] === name)?.['id']);

const add = (kitchen: LocalKitchen, text: string) =>
  kitchen.done('list.add', { entries: readQuickAdd(text) });

test('[LIVE-24] a shop shows its own sections in its own order, and where a thing was last bought', () => {
  const kitchen = createLocalKitchen();
  kitchen.done('store.add', { id: kitchen.newId(), name: 'Mart' });
  add(kitchen, 'milk, bread, flour');
  const storeId = String(kitchen.rows('stores')[0]?.['id']);
  const home = (name: string): string =>
    kitchen.ask('aisles', {}).find((aisle) => aisle.name === name)?.id ?? '';
  const section = (name: string, parentId: string | null, position: string): string => {
    const id = kitchen.newId();
    kitchen.sql.run(
      `insert into aisles (id, store_id, parent_id, name, hue, position, created_at, edited_at)
       values (?1, ?2, ?3, ?4, 1, ?5, '2026-11-22T10:00:00.000Z', '2026-11-22T10:00:00.000Z')`,
      [id, storeId, parentId, name, position],
    );
    return id;
  };
  section('Cooler', home('Dairy and eggs'), 'b');
  const entrance = section('By the entrance', null, 'a');
  bought(kitchen, productId(kitchen, 'Bread'), '2026-11-20T10:00:00.000Z', entrance);
  const sections = (shop: string | null) =>
    kitchen
      .ask('list', { storeId: shop })
      .sections.map(({ name, rows }) => [name, rows.map((row) => row.title).join()]);
  expect(sections(storeId)).toEqual([
    ['By the entrance', 'Bread'],
    ['Cooler', 'Milk'],
    ['Baking and spices', 'Flour'],
  ]);
  expect(sections(null)).toEqual([
    ['Bakery', 'Bread'],
    ['Dairy and eggs', 'Milk'],
    ['Baking and spices', 'Flour'],
  ]);
  expect(sections(kitchen.newId())).toEqual(sections(null));
});

test('[LIVE-25] suggestions put what is bought most often, then most recently, first', () => {
  const kitchen = createLocalKitchen();
  add(kitchen, 'mint, milk, oat milk, mince');
  bought(kitchen, productId(kitchen, 'Oat milk'), '2026-11-01T10:00:00.000Z', null);
  bought(kitchen, productId(kitchen, 'Oat milk'), '2026-11-02T10:00:00.000Z', null);
  bought(kitchen, productId(kitchen, 'Mint'), '2026-10-01T10:00:00.000Z', null);
  bought(kitchen, productId(kitchen, 'Milk'), '2026-11-03T10:00:00.000Z', null);
  expect(kitchen.ask('suggest', { text: ' MI' }).map(({ title }) => title)).toEqual([
    'Oat milk',
    'Milk',
    'Mint',
    'Mince',
    'Minced meat',
    'Mineral water',
  ]);
  expect(kitchen.ask('suggest', { text: '' })).toEqual([]);
});

const fields = {
  servings: 2,
  summary: null,
  notes: null,
  prepMinutes: 5,
  cookMinutes: null,
  sourceName: null,
  sourceUrl: null,
};

function write(kitchen: LocalKitchen, title: string, wordings: string[], tags: string[]): string {
  const id = kitchen.newId();
  kitchen.done('recipe.create', {
    id,
    fields: { ...fields, title },
    ingredients: wordings.map((wording) => ({ id: null, wording, section: null, optional: false })),
    steps: [],
    tags,
    photo: null,
  });
  return id;
}

test('[LIVE-26] the recipe search ignores case and accents and reads titles, tags and ingredients', () => {
  const kitchen = createLocalKitchen();
  write(kitchen, 'Crème brûlée', ['5 egg yolks'], ['Sweet']);
  write(kitchen, 'Chili', ['2 Jalapeños', '1 kg beef'], ['Supper', 'Hot']);
  write(kitchen, 'Beef stew', ['1 kg shin'], []);
  const found = (search: string, tagId: string | null = null) =>
    kitchen.ask('recipes', { search, tagId }).map((card) => card.title);
  expect(found('')).toEqual(['Beef stew', 'Chili', 'Crème brûlée']);
  expect(found('creme BRU')).toEqual(['Crème brûlée']);
  expect(found('jalapeno')).toEqual(['Chili']);
  expect(found('beef')).toEqual(['Beef stew', 'Chili']);
  expect(found('beef hot')).toEqual(['Chili']);
  expect(found('sweet')).toEqual(['Crème brûlée']);
  const hot = kitchen.ask('tags', {}).find((tag) => tag.name === 'Hot');
  expect(found('', hot?.id ?? null)).toEqual(['Chili']);
  expect(kitchen.ask('recipes', { search: 'stew', tagId: null })).toMatchObject([
    { title: 'Beef stew', minutes: 5, servings: 2, tags: [], photoId: null, unsent: true },
  ]);
});

test('[LIVE-27] every query answers on an empty kitchen and about things that are gone', () => {
  const kitchen = createLocalKitchen();
  const gone = kitchen.newId();
  expect(kitchen.ask('list', { storeId: gone })).toMatchObject({ sections: [], samples: false });
  expect(kitchen.ask('recipe', { id: gone })).toBeNull();
  expect(kitchen.ask('photo', { id: gone })).toBeNull();
  expect(kitchen.ask('planSheet', { recipeId: gone, servings: 2 })).toEqual([]);
  const all = [
    kitchen.ask('week', { from: '2026-11-23' }),
    kitchen.ask('recipes', { search: 'x', tagId: gone }),
    kitchen.ask('stores', {}),
    kitchen.ask('aisles', {}),
    kitchen.ask('tags', {}),
    kitchen.ask('trash', {}),
    kitchen.ask('pantry', {}),
    kitchen.ask('timeline', { limit: 5 }),
    kitchen.ask('held', {}),
    kitchen.ask('activity', { limit: 5 }),
  ];
  expect(all).toEqual(all.map(() => []));
});

test('[LIVE-28] a variant names what it is based on until that is gone', () => {
  const kitchen = createLocalKitchen();
  const lasagne = write(kitchen, 'Lasagne', ['1 onion'], []);
  const veggie = write(kitchen, 'Veggie lasagne', ['1 onion'], []);
  kitchen.sql.run('update recipes set based_on_id = ?1 where id = ?2', [lasagne, veggie]);
  expect(kitchen.ask('recipe', { id: veggie })?.basedOn).toEqual({ id: lasagne, title: 'Lasagne' });
  kitchen.done('recipe.erase', { ids: [lasagne] });
  expect(kitchen.ask('recipe', { id: veggie })?.basedOn).toBeNull();
});

test('[LIVE-29] activity is read as the server wrote it, newest first', () => {
  const kitchen = createLocalKitchen();
  applied(kitchen, () => {
    for (const [verb, at] of [
      ['added', '2026-11-21T10:00:00.000Z'],
      ['cooked', '2026-11-22T10:00:00.000Z'],
    ] as const) {
      kitchen.sql.run(
        `insert into activity (id, happened_at, actor, verb, subject_table, how_many)
         values (?1, ?2, 'Ana', ?3, 'plan_entries', 1)`,
        [kitchen.newId(), at, verb],
      );
    }
  });
  expect(kitchen.ask('activity', { limit: 1 })).toMatchObject([
    { actor: 'Ana', verb: 'cooked', subjectTable: 'plan_entries', title: null, howMany: 1 },
  ]);
});
