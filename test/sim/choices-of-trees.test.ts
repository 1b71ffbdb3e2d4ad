/** Conflicts about more than one row: a recipe with its parts, a meal with its lines, an act as a whole. */
import { describe, expect, test } from 'vitest';
import { readQuickAdd } from '../../shared/domain/quick-add.ts';
import { createHousehold, dump, idle, ids, lasagne, lostOf } from './household.ts';
import type { KitchenDevice } from './kitchen-device.ts';

describe('recipes', () => {
  test('[CONF-330] trashed there, edited here: both facts are kept and the answer is told what hangs on it', async () => {
    const id = ids.rowId();
    const home = await createHousehold(async (kitchen) => {
      await kitchen.done('recipe.create', lasagne(id));
      await kitchen.done('plan.add', {
        id: ids.rowId(),
        recipeId: id,
        day: '2026-11-24',
        meal: 'dinner',
        servings: 4,
        lines: [],
      });
    });
    const { laptop, phone } = home;
    await laptop.done('recipe.trash', { ids: [id] });
    await phone.done('recipe.set', { id, rating: 5 });
    await laptop.sync();
    await phone.sync();
    await laptop.sync();
    for (const kitchen of [laptop, phone])
      expect(kitchen.ask('recipe', { id })).toMatchObject({
        rating: 5,
        trashedAt: expect.any(String),
      });
    expect(laptop.choices()).toEqual([]);
    const [choice] = phone.choices();
    expect(choice).toMatchObject({
      kind: 'trashed-there',
      title: 'Lasagne',
      parts: [
        { table: 'recipe_ingredients', rows: 2 },
        { table: 'recipe_steps', rows: 1 },
        { table: 'recipe_photos', rows: 1 },
        { table: 'plan_entries', rows: 1 },
      ],
    });
    await phone.done('choice.answer', { choiceId: choice?.id ?? 0, answer: { side: 'mine' } });
    await phone.sync();
    await laptop.sync();
    for (const kitchen of [laptop, phone])
      expect(kitchen.ask('recipe', { id })).toMatchObject({ rating: 5, trashedAt: null });
  });

  test('[CONF-330] an edited ingredient alone is a change that meets the Trash', async () => {
    const id = ids.rowId();
    const home = await createHousehold((kitchen) => kitchen.done('recipe.create', lasagne(id)));
    const [line] = home.phone.ask('recipe', { id })?.ingredients ?? [];
    await home.laptop.done('recipe.trash', { ids: [id] });
    await home.phone.done('recipe.edit', {
      id,
      ingredients: [
        { id: line?.id ?? null, wording: '600 g flour', section: null, optional: false },
      ],
    });
    await home.laptop.sync();
    await home.phone.sync();
    expect(home.phone.choices()).toMatchObject([{ kind: 'trashed-there' }]);
  });

  test.each(['pull', 'rebuild'] as const)(
    '[CONF-331] deleted there, edited here (found by %s): it goes, and mine comes back whole, photo and all',
    async (how) => {
      const id = ids.rowId();
      const home = await createHousehold((kitchen) => kitchen.done('recipe.create', lasagne(id)));
      const { laptop, phone } = home;
      const [line] = phone.ask('recipe', { id })?.ingredients ?? [];
      await laptop.done('recipe.erase', { ids: [id] });
      await phone.done('recipe.edit', {
        id,
        ingredients: [
          { id: line?.id ?? null, wording: '600 g flour', section: null, optional: false },
          { id: null, wording: 'salt', section: null, optional: false },
        ],
      });
      const mine = phone.ask('recipe', { id });
      await laptop.sync();
      if (how === 'rebuild') {
        home.server.prune(home.server.latest());
        await laptop.done('list.add', { entries: readQuickAdd('Bread') });
        await laptop.sync();
        home.server.prune(home.server.latest());
      }
      await phone.sync();
      expect(phone.ask('recipe', { id })).toBeNull();
      expect(phone.device.engine.status()).toMatchObject({ ...idle, choices: 1 });
      expect(dump(phone)).toEqual(dump(laptop));
      const [choice] = phone.choices();
      expect(choice).toMatchObject({ kind: 'gone-there', title: 'Lasagne' });
      await phone.done('choice.answer', { choiceId: choice?.id ?? 0, answer: { side: 'mine' } });
      await phone.sync();
      await laptop.sync();
      await phone.sync();
      expect(laptop.ask('recipe', { id })).toEqual(mine);
      expect(laptop.rows('recipe_photos')).toMatchObject([
        { bytes: new Uint8Array([0, 1, 254, 255]) },
      ]);
      expect(dump(phone)).toEqual(dump(laptop));
      expect(phone.device.engine.status()).toMatchObject({ ...idle, choices: 0 });
    },
  );

  test('[CONF-331] letting it go keeps mine among the earlier versions, and it comes back from there', async () => {
    const id = ids.rowId();
    const home = await createHousehold((kitchen) => kitchen.done('recipe.create', lasagne(id)));
    const { laptop, phone } = home;
    await laptop.done('recipe.erase', { ids: [id] });
    await phone.done('recipe.set', { id, rating: 4 });
    const mine = phone.ask('recipe', { id });
    await laptop.sync();
    await phone.sync();
    const [choice] = phone.choices();
    await phone.done('choice.answer', { choiceId: choice?.id ?? 0, answer: { side: 'theirs' } });
    expect(phone.choices()).toEqual([]);
    const [version] = lostOf(phone, id);
    await phone.done('version.restore', { versionId: version?.id ?? '' });
    await phone.sync();
    await laptop.sync();
    expect(laptop.ask('recipe', { id })).toEqual(mine);
  });
});

describe('what belongs together', () => {
  test('[CONF-332] a meal cooked twice is counted once: the second cooking is withdrawn whole', async () => {
    const [id, entry] = [ids.rowId(), ids.rowId()];
    const home = await createHousehold(async (kitchen) => {
      // The pantry makes the product that the recipe then finds.
      await kitchen.done('pantry.add', {
        entries: readQuickAdd('2000 g flour'),
        place: 'cupboard',
      });
      await kitchen.done('recipe.create', lasagne(id));
      await kitchen.done('plan.add', {
        id: entry,
        recipeId: id,
        day: '2026-11-24',
        meal: 'dinner',
        servings: 4,
        lines: [],
      });
    });
    const { laptop, phone } = home;
    const flour = (kitchen: KitchenDevice) => kitchen.rows('pantry_items')[0]?.['quantity_milli'];
    const full = flour(laptop);
    await laptop.done('plan.cook', { id: entry });
    const once = flour(laptop);
    expect(once).not.toBe(full);
    // Another use on the phone is no part of its cooking, and counts.
    const batch = String(phone.rows('pantry_items')[0]?.['id']);
    await phone.done('pantry.edit', { id: batch, quantityMilli: Number(full) - 100_000 });
    await phone.done('plan.cook', { id: entry });
    await laptop.sync();
    await phone.sync();
    await laptop.sync();
    await phone.sync();
    for (const kitchen of [laptop, phone]) {
      expect(flour(kitchen)).toBe(Number(once) - 100_000);
      expect(kitchen.rows('plan_entries')).toMatchObject([{ cooked_at: expect.any(String) }]);
      expect(kitchen.device.engine.status()).toMatchObject({ ...idle, choices: 0 });
    }
    expect(dump(phone)).toEqual(dump(laptop));
    expect(phone.ask('timeline', { limit: 9 }).map(({ sentence }) => sentence)).toContainEqual({
      key: 'act.withdrawn',
      values: { title: 'Lasagne' },
    });
  });

  test('[CONF-333] lines of a meal are not asked one by one: the answer to its servings decides them', async () => {
    const [id, entry] = [ids.rowId(), ids.rowId()];
    const home = await createHousehold(async (kitchen) => {
      await kitchen.done('recipe.create', lasagne(id));
      const lines = kitchen
        .ask('planSheet', { recipeId: id, servings: 4 })
        .map(({ ingredientId, title, quantityMilli, unit, productId }) => ({
          ingredientId,
          title,
          quantityMilli,
          unit,
          productId,
        }));
      await kitchen.done('plan.add', {
        id: entry,
        recipeId: id,
        day: '2026-11-24',
        meal: 'dinner',
        servings: 4,
        lines,
      });
    });
    const { laptop, phone } = home;
    const amounts = (kitchen: KitchenDevice) =>
      kitchen.rows('list_items').map((row) => row['quantity_milli']);
    await laptop.done('plan.servings', { id: entry, servings: 8 });
    await phone.done('plan.servings', { id: entry, servings: 2 });
    const [eight, two] = [amounts(laptop), amounts(phone)];
    expect(two).not.toEqual(eight);
    await laptop.sync();
    await phone.sync();
    expect(amounts(phone)).toEqual(eight);
    const open = phone.choices();
    expect(open).toMatchObject([{ table: 'plan_entries', settles: eight.length }]);
    await phone.done('choice.answer', {
      choiceId: open[0]?.id ?? 0,
      answer: { side: 'mine' },
    });
    await phone.sync();
    await laptop.sync();
    expect(amounts(laptop)).toEqual(two);
    expect(laptop.rows('plan_entries')).toMatchObject([{ servings: 2 }]);
  });
});
