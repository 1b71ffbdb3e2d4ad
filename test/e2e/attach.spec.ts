/** A kitchen begins without an account; signing in later keeps everything, on either side. */
import { sampleIdPrefix } from '../../shared/domain/samples.ts';
import { expect, newPerson, signIn, signUp, test } from './fixtures.ts';
import { lasagne, line, planLasagne } from './kitchen-data.ts';

test('[CONN-40] what was made without an account is kept when one is made', async ({
  device,
  serverDump,
}) => {
  const ana = newPerson('Ana');
  const laptop = await device();
  const tab = await laptop.openTab();
  const recipe = lasagne('Before the account');
  await tab.perform('recipe.create', recipe);
  await planLasagne(tab, recipe, '2026-11-23', 0);
  await tab.perform('list.add', { entries: [line('Milk'), line('Eggs')] });
  expect((await tab.status()).phase).toBe('local-only');
  const before = await tab.dump();

  await signUp(tab, ana);
  const after = await tab.dump();
  for (const table of [
    'recipes',
    'recipe_ingredients',
    'recipe_steps',
    'plan_entries',
    'list_items',
  ]) {
    const kept = new Set(after[table]?.map((row) => row['id']));
    const lost = (before[table] ?? []).filter(
      (row) => !kept.has(row['id'] ?? null) && !isSample(row['id']),
    );
    expect(lost, `${table} is kept`).toEqual([]);
  }
  const server = await serverDump(ana);
  for (const table of Object.keys(server)) expect(after[table], table).toEqual(server[table]);
  expect(server['recipes']?.some((row) => row['id'] === recipe.id)).toBe(true);
});

test('[CONN-41] signing in to a household that has data adds the local rows to it', async ({
  device,
  serverDump,
}) => {
  const ana = newPerson('Ana');
  const [laptop, phone] = [await device(), await device()];
  const laptopTab = await laptop.openTab();
  await signUp(laptopTab, ana);
  await laptopTab.perform('list.add', { entries: [line('From the laptop')] });
  await laptopTab.settled();

  const phoneTab = await phone.openTab();
  await phoneTab.perform('list.add', { entries: [line('From the phone')] });
  await signIn(phoneTab, ana);
  const titles = async (tab: typeof phoneTab) =>
    (await tab.dump())['list_items']?.map((row) => row['title']);
  for (const tab of [phoneTab, laptopTab]) {
    await expect
      .poll(() => titles(tab))
      .toEqual(expect.arrayContaining(['From the laptop', 'From the phone']));
  }
  const server = await serverDump(ana);
  expect(await phoneTab.dump()).toEqual(server);
});

/** Samples nobody touched leave with the first sign-in; their ids are fixed. */
const isSample = (id: unknown) => String(id).startsWith(sampleIdPrefix);
