/** A deletion with all its cascades, and what the server's triggers wrote, arrive as one. */
import { expect, sameCheckpoint, test, twoDevices } from './fixtures.ts';
import { lasagne, photo, planLasagne } from './kitchen-data.ts';

test('[PULL-41] deleting a recipe with ingredients, plan entries and photo is one bundle elsewhere, trigger writes included', async ({
  device,
  serverDump,
}) => {
  const { ana, laptopTab, phoneTab } = await twoDevices(device);

  const recipe = { ...lasagne('Goes for good'), photo: photo(1) };
  await laptopTab.perform('recipe.create', recipe);
  await planLasagne(laptopTab, recipe, '2026-11-23', 2);
  await sameCheckpoint(laptopTab, phoneTab);
  expect((await phoneTab.ask('recipe', { id: recipe.id }))?.photoId).toBeTruthy();
  const activityBefore = (await phoneTab.dump())['activity']?.length ?? 0;
  const checkpointBefore = (await phoneTab.status()).checkpoint;

  await phoneTab.sample('recipe', { id: recipe.id });
  await phoneTab.sample('week', { from: '2026-11-23' });
  await phoneTab.sample('activity', { limit: 500 });
  await laptopTab.perform('recipe.erase', { ids: [recipe.id] });

  await expect.poll(async () => phoneTab.ask('recipe', { id: recipe.id })).toBeNull();
  expect((await phoneTab.status()).checkpoint, 'one bundle').toBe(checkpointBefore + 1);
  const dump = await phoneTab.dump();
  for (const table of ['recipe_ingredients', 'recipe_steps', 'recipe_photos', 'recipe_tags']) {
    const left = dump[table]?.filter((row) => row['recipe_id'] === recipe.id);
    expect(left, `${table} went with the recipe`).toEqual([]);
  }
  const meal = dump['plan_entries']?.find((row) => row['title'] === 'Goes for good');
  expect(meal, 'the planned meal keeps its title').toMatchObject({ recipe_id: null });
  expect(dump['activity']?.length, 'the server recorded it in the same bundle').toBe(
    activityBefore + 1,
  );

  // Never a recipe without its ingredients or with half of them, never a photo without its recipe.
  for (const sample of await phoneTab.samples('recipe')) {
    if (sample === null) continue;
    expect(sample.ingredients).toHaveLength(recipe.ingredients.length);
    expect(sample.photoId).not.toBeNull();
  }
  const server = await serverDump(ana);
  for (const table of Object.keys(server)) expect(dump[table], table).toEqual(server[table]);
});

test('[PULL-42] purchases that the server writes arrive in the bundle of the finished trip', async ({
  device,
}) => {
  const { laptopTab, phoneTab } = await twoDevices(device);

  const titles = ['Milk', 'Eggs', 'Flour'];
  await laptopTab.perform('list.add', {
    entries: titles.map((title) => ({
      title,
      quantityMilli: 2000,
      unit: 'l',
      note: null,
      storeName: null,
    })),
  });
  const ids = (await laptopTab.dump())['list_items']
    ?.filter((row) => titles.includes(String(row['title'])))
    .map((row) => String(row['id']));
  await laptopTab.perform('list.tick', { ids: ids ?? [] });
  await sameCheckpoint(laptopTab, phoneTab);
  expect((await phoneTab.ask('list', { storeId: null })).basketCount).toBe(titles.length);
  const before = (await phoneTab.status()).checkpoint;
  await laptopTab.perform('trip.finish', { storeId: null, pantryLineIds: [] });
  await expect.poll(async () => (await phoneTab.status()).checkpoint).toBe(before + 1);
  const dump = await phoneTab.dump();
  expect(dump['purchases']?.map((row) => row['id']).sort()).toEqual([...(ids ?? [])].sort());
  expect(dump['activity']?.some((row) => row['verb'] === 'bought')).toBe(true);
});
