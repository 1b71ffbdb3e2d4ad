import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { readRecipes } from '../../shared/domain/recipe-jsonld.ts';
import { createLocalKitchen, type LocalKitchen } from '../../test/kitchen/local-kitchen.ts';

const fields = {
  title: 'Tomato soup',
  servings: 4,
  summary: null,
  notes: null,
  prepMinutes: null,
  cookMinutes: null,
  sourceName: null,
  sourceUrl: null,
};

const photo = (byte: number) => ({
  mime: 'image/webp' as const,
  width: 4,
  height: 3,
  bytes: Uint8Array.from([byte, 2, 3, 255, 0]),
});

function writeSoup(kitchen: LocalKitchen): string {
  const id = kitchen.newId();
  kitchen.done('recipe.create', {
    id,
    fields,
    ingredients: ['1 kg tomatoes', '1 onion', '2-3 basil leaves'].map((wording) => ({
      id: null,
      wording,
      section: null,
      optional: false,
    })),
    steps: ['Chop.', 'Cook.', 'Blend.'].map((wording) => ({
      id: null,
      wording,
      timerSeconds: null,
    })),
    tags: ['Soup', 'soup ', 'Quick'],
    photo: photo(1),
  });
  return id;
}

const getRecipe = (kitchen: LocalKitchen, id: string) => {
  const recipe = kitchen.ask('recipe', { id });
  if (recipe === null) throw new Error('the recipe is gone');
  return recipe;
};

test('[ACT-14] one Save writes only what changed and touches the recipe itself', () => {
  const kitchen = createLocalKitchen();
  const id = writeSoup(kitchen);
  const before = getRecipe(kitchen, id);
  expect(before.tags.map((tag) => tag.name)).toEqual(['Quick', 'Soup']);
  expect(before.ingredients.map((line) => [line.wording, line.quantityMilli, line.unit])).toEqual([
    ['1 kg tomatoes', 1000, 'kg'],
    ['1 onion', 1000, null],
    ['2-3 basil leaves', null, null],
  ]);
  const [tomatoes, onion, basil] = before.ingredients;
  if (tomatoes === undefined || onion === undefined || basil === undefined)
    throw new Error('lines');
  const editedAt = kitchen.rows('recipes')[0]?.['edited_at'];
  const saved = kitchen.done('recipe.edit', {
    id,
    ingredients: [
      { id: onion.id, wording: '2 onions', section: null, optional: false },
      { id: tomatoes.id, wording: tomatoes.wording, section: null, optional: false },
      { id: null, wording: '½ l stock', section: 'Broth', optional: true },
    ],
    tags: ['Soup'],
  });
  expect(saved.sentence.values).toMatchObject({ ingredients: 4, steps: 0, fields: 0 });
  expect(getRecipe(kitchen, id).ingredients.map((line) => line.wording)).toEqual([
    '2 onions',
    '1 kg tomatoes',
    '½ l stock',
  ]);
  expect(kitchen.rows('recipes')[0]?.['edited_at']).not.toBe(editedAt);
  const rows = kitchen.ask('timeline', { limit: 1 })[0]?.rows;
  expect(rows).not.toContainEqual(expect.objectContaining({ table: 'recipe_steps' }));
  const nothing = kitchen.done('recipe.edit', {
    id,
    fields: { ...fields, title: ' Tomato soup ' },
    steps: before.steps.map(({ id: stepId, wording, timerSeconds }) => ({
      id: stepId,
      wording,
      timerSeconds,
    })),
  });
  expect(nothing.undoable).toBe(false);
  kitchen.done('act.undo', { actId: saved.actId });
  expect(getRecipe(kitchen, id).ingredients).toEqual(before.ingredients);
});

test('[ACT-15] a photo is replaced as a new row, and undo brings the old bytes back', () => {
  const kitchen = createLocalKitchen();
  const id = writeSoup(kitchen);
  const first = getRecipe(kitchen, id).photoId ?? '';
  const replaced = kitchen.done('recipe.photo', { id, photo: photo(9) });
  const second = getRecipe(kitchen, id).photoId ?? '';
  expect(second).not.toBe(first);
  expect(kitchen.ask('photo', { id: first })).toBeNull();
  expect(kitchen.ask('photo', { id: second })).toEqual({
    mime: 'image/webp',
    bytes: Uint8Array.from([9, 2, 3, 255, 0]),
  });
  kitchen.done('act.undo', { actId: replaced.actId });
  expect(getRecipe(kitchen, id).photoId).toBe(first);
  expect(kitchen.ask('photo', { id: first })?.bytes).toEqual(Uint8Array.from([1, 2, 3, 255, 0]));
  expect(
    kitchen.perform('recipe.photo', {
      id,
      photo: { ...photo(1), bytes: new Uint8Array(65_537) },
    }),
  ).toEqual({
    ok: false,
    error: { type: 'invalid', field: 'photo.bytes', reason: 'too-many-bytes' },
  });
});

test('[ACT-16] erasing a recipe takes everything below it, and undo brings all of it back', () => {
  const kitchen = createLocalKitchen();
  const id = writeSoup(kitchen);
  const entryId = kitchen.newId();
  kitchen.done('plan.add', {
    id: entryId,
    recipeId: id,
    day: '2026-11-24',
    meal: 'lunch',
    servings: 4,
    lines: [],
  });
  kitchen.done('recipe.trash', { ids: [id] });
  expect(kitchen.ask('trash', {})).toMatchObject([{ id, title: 'Tomato soup' }]);
  expect(kitchen.ask('recipes', { search: '', tagId: null })).toEqual([]);
  const before = kitchen.dump();
  const erased = kitchen.done('recipe.erase', { ids: [id] });
  for (const table of [
    'recipes',
    'recipe_ingredients',
    'recipe_steps',
    'recipe_tags',
    'recipe_photos',
  ]) {
    expect(kitchen.rows(table)).toEqual([]);
  }
  expect(kitchen.ask('timeline', { limit: 1 })[0]?.rows).toEqual([
    { table: 'plan_entries', op: 'update', rows: 1 },
    { table: 'recipe_ingredients', op: 'delete', rows: 3 },
    { table: 'recipe_photos', op: 'delete', rows: 1 },
    { table: 'recipe_steps', op: 'delete', rows: 3 },
    { table: 'recipe_tags', op: 'delete', rows: 2 },
    { table: 'recipes', op: 'delete', rows: 1 },
  ]);
  kitchen.done('act.undo', { actId: erased.actId });
  expect(kitchen.dump()).toBe(before);
});

test('[ACT-17] undo never tramples a newer edit: it is refused and names the columns', () => {
  const kitchen = createLocalKitchen();
  const id = writeSoup(kitchen);
  const rated = kitchen.done('recipe.set', { id, rating: 3 });
  kitchen.done('recipe.set', { id, rating: 5 });
  const before = kitchen.dump();
  expect(kitchen.perform('act.undo', { actId: rated.actId })).toEqual({
    ok: false,
    error: { type: 'changed-since', fields: ['recipes.rating'] },
  });
  expect(kitchen.dump()).toBe(before);
  const renamed = kitchen.done('recipe.edit', { id, fields: { title: 'Red soup' } });
  kitchen.done('recipe.set', { id, servings: 8 });
  const undone = kitchen.done('act.undo', { actId: renamed.actId });
  expect(undone.sentence).toMatchObject({ key: 'act.undo', values: { of: 'recipe.edit' } });
  expect(getRecipe(kitchen, id)).toMatchObject({ title: 'Tomato soup', servings: 8, rating: 5 });
  expect(kitchen.perform('act.undo', { actId: renamed.actId })).toMatchObject({
    ok: false,
    error: { type: 'gone' },
  });
});

test('[ACT-18] undoing a creation is refused while something made since depends on it', () => {
  const kitchen = createLocalKitchen();
  const actId = kitchen.newId();
  const id = kitchen.newId();
  kitchen.done(
    'recipe.create',
    { id, fields, ingredients: [], steps: [], tags: ['Soup'], photo: null },
    actId,
  );
  kitchen.done('plan.add', {
    id: kitchen.newId(),
    recipeId: id,
    day: '2026-11-24',
    meal: 'lunch',
    servings: 4,
    lines: [],
  });
  expect(kitchen.perform('act.undo', { actId })).toEqual({
    ok: false,
    error: { type: 'changed-since', fields: ['recipes.id'] },
  });
  expect(kitchen.rows('recipes')).toHaveLength(1);
});

test('[ACT-19] a field that cannot be kept refuses the Save by its path', () => {
  const kitchen = createLocalKitchen();
  const id = writeSoup(kitchen);
  const refusal = (edit: Parameters<typeof attempt>[0]) => attempt(edit);
  const attempt = (edit: {
    fields?: Partial<typeof fields>;
    steps?: { id: null; wording: string; timerSeconds: number | null }[];
  }) => kitchen.perform('recipe.edit', { id, ...edit });
  expect(refusal({ fields: { servings: 100 } })).toMatchObject({
    error: { field: 'servings', reason: 'out-of-range' },
  });
  expect(refusal({ steps: [{ id: null, wording: ' ', timerSeconds: null }] })).toMatchObject({
    error: { field: 'steps.0.wording', reason: 'missing' },
  });
  const badSource = { ...fields, sourceUrl: 'javascript:alert(1)' as string | null };
  expect(kitchen.perform('recipe.edit', { id, fields: badSource })).toMatchObject({
    error: { field: 'sourceUrl', reason: 'not-an-address' },
  });
  expect(getRecipe(kitchen, id).steps).toHaveLength(3);
});

test('[IMPORT-9] an import is all or nothing and one undo takes it back', () => {
  const kitchen = createLocalKitchen();
  const good = readRecipes(
    JSON.stringify({
      '@type': 'Recipe',
      name: 'Soup',
      recipeIngredient: ['1 onion'],
      keywords: 'quick',
    }),
  ).recipes;
  const [recipe] = good;
  if (recipe === undefined) throw new Error('no recipe');
  const bad = { ...recipe, steps: [{ wording: 'x'.repeat(4001), timerSeconds: null }] };
  expect(kitchen.perform('import.apply', { recipes: [recipe, bad] })).toEqual({
    ok: false,
    error: { type: 'invalid', field: 'recipes.1.steps.0.wording', reason: 'too-long' },
  });
  expect(kitchen.rows('recipes')).toEqual([]);
  const applied = kitchen.done('import.apply', {
    recipes: [recipe, { ...recipe, photo: photo(4) }],
  });
  expect(applied.sentence.values).toMatchObject({ count: 2, tags: 1, photos: 1 });
  expect(kitchen.rows('tags')).toHaveLength(1);
  kitchen.done('act.undo', { actId: applied.actId });
  expect(kitchen.rows('recipes')).toEqual([]);
  expect(kitchen.rows('recipe_photos')).toEqual([]);
});

const real = new URL('../../../shared/vectors/recipes/recipes-240.jsonld', import.meta.url);

test('[IMPORT-10] the 240 real recipes become rows with every wording byte for byte', () => {
  if (!existsSync(real)) {
    process.stdout.write(`not run: ${real.pathname} is missing\n`);
    return;
  }
  const kitchen = createLocalKitchen();
  const { recipes } = readRecipes(readFileSync(real, 'utf8'));
  const applied = kitchen.done('import.apply', { recipes });
  expect(applied.sentence.values['count']).toBe(240);
  expect(kitchen.ask('recipes', { search: '', tagId: null })).toHaveLength(240);
  const written = kitchen.sql
    .all('select wording from recipe_ingredients order by recipe_id, position')
    .map((row) => row['wording']);
  expect(written).toEqual(
    recipes.flatMap((recipe) => recipe.ingredients.map((line) => line.wording)),
  );
  expect(kitchen.ask('recipes', { search: 'ratatouille', tagId: null }).length).toBeGreaterThan(0);
  kitchen.done('act.undo', { actId: applied.actId });
  expect(kitchen.rows('recipe_ingredients')).toEqual([]);
}, 30_000);

test('[ACT-480] always for another number of servings writes the amounts anew with it', () => {
  const kitchen = createLocalKitchen();
  const id = kitchen.newId();
  const wordings = ['400 g flour, sifted', '⅓ cup milk', '2-3 basil leaves', 'Rice (200 grams)'];
  const ingredients = wordings.map((wording) => ({
    id: null,
    wording,
    section: null,
    optional: false,
  }));
  kitchen.done('recipe.create', { id, fields, ingredients, steps: [], tags: [], photo: null });
  const written = kitchen.dump();
  const bought = (servings: number) =>
    kitchen.ask('planSheet', { recipeId: id, servings }).map((line) => line.quantityMilli);
  const [forFour, forSix] = [bought(4), bought(6)];
  expect(forSix).toEqual([600_000, 500, null, 300_000]);

  const kept = kitchen.done('recipe.set', { id, servings: 6 });
  expect(kept.sentence).toMatchObject({ key: 'recipe.set.servings', values: { servings: 6 } });
  const recipe = getRecipe(kitchen, id);
  expect(recipe.servings).toBe(6);
  expect(recipe.ingredients.map((line) => line.wording)).toEqual([
    '600 g flour, sifted',
    '½ cup milk',
    '2-3 basil leaves',
    '300 g Rice',
  ]);
  expect([bought(6), bought(4)]).toEqual([forSix, forFour]);

  kitchen.done('act.undo', { actId: kept.actId });
  expect(kitchen.dump()).toBe(written);
});

test('[ACT-481] a meal that was planned before goes on following its recipe written for others', () => {
  const kitchen = createLocalKitchen();
  const id = writeSoup(kitchen);
  const entryId = kitchen.newId();
  const lines = kitchen.ask('planSheet', { recipeId: id, servings: 4 });
  const plan = { id: entryId, recipeId: id, day: '2026-11-24', meal: 'dinner' as const };
  kitchen.done('plan.add', { ...plan, servings: 4, lines });
  kitchen.done('plan.servings', { id: entryId, servings: 6 });
  kitchen.done('recipe.set', { id, servings: 6 });
  kitchen.done('plan.servings', { id: entryId, servings: 8 });
  const tomatoes = kitchen.rows('list_items').find((line) => line['title'] === 'Tomatoes');
  expect(tomatoes?.['quantity_milli']).toBe(2000);
});

test('[ACT-461] an amount that an older version read otherwise does not stand beside new words', () => {
  const kitchen = createLocalKitchen();
  const id = kitchen.newId();
  kitchen.done('recipe.create', {
    id,
    fields,
    ingredients: [
      { id: null, wording: '1 cup plus 2 tbsp sugar', section: null, optional: false },
      { id: null, wording: '1 dozen eggs', section: null, optional: false },
    ],
    steps: [],
    tags: [],
    photo: null,
  });
  kitchen.sql.script("update recipe_ingredients set quantity_milli = 1000, unit = 'cup'");
  expect(
    getRecipe(kitchen, id).ingredients.map((line) => [line.quantityMilli, line.unit, line.rest]),
  ).toEqual([
    [null, null, '1 cup plus 2 tbsp sugar'],
    [12_000, null, 'eggs'],
  ]);
  expect(
    kitchen
      .ask('planSheet', { recipeId: id, servings: 8 })
      .map((line) => [line.title, line.quantityMilli, line.unit]),
  ).toEqual([
    ['Sugar', null, null],
    ['Eggs', 24_000, null],
  ]);
});
