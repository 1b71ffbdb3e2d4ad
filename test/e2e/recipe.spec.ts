/** For how many a recipe is shown, cooked and bought. */
import { expect, test } from './fixtures.ts';
import { heldCount, holdAnswers, installHeldAnswers, letAnswersGo } from './held-answers.ts';
import { lasagne, planLasagne } from './kitchen-data.ts';

test('[UI-481] a meal planned for six opens, cooks and stays for six, and always for six keeps the amounts on screen', async ({
  device,
}) => {
  const tab = await (await device()).openTab();
  const recipe = lasagne();
  await tab.perform('recipe.create', recipe);
  await planLasagne(tab, recipe, '2026-11-23', 1);
  const { page } = tab;
  const beef = (amount: string) => page.getByRole('checkbox', { name: `${amount} minced beef` });
  await page.goto(new URL('/week/2026-W48', page.url()).href);
  await page.getByRole('link', { name: 'Lasagne' }).click();
  await expect(page.getByRole('spinbutton', { name: 'Servings' })).toHaveText('6');
  await expect(beef('750 g')).toBeVisible();

  await page.getByRole('button', { name: 'More: Servings' }).click();
  await page.getByRole('button', { name: 'Less: Servings' }).click();
  await page.getByRole('button', { name: 'Cook', exact: true }).click();
  await page.getByRole('button', { name: 'Next' }).click();
  await page.getByRole('button', { name: 'Ingredients' }).click();
  await expect(page.getByRole('heading', { name: 'Ingredients for 6' })).toBeVisible();
  await expect(beef('750 g')).toBeVisible();
  await page.getByRole('button', { name: 'Close', exact: true }).click();
  await page.getByRole('button', { name: 'Close cook mode' }).click();
  await expect(beef('750 g')).toBeVisible();

  await page.getByRole('button', { name: 'Always for 6' }).click();
  await expect(page.getByRole('button', { name: 'Always for 6' })).toHaveCount(0);
  await expect(beef('750 g')).toBeVisible();
  await page.goto(new URL(`/recipes/${recipe.id}`, page.url()).href);
  await expect(page.getByRole('spinbutton', { name: 'Servings' })).toHaveText('6');
  await expect(beef('750 g')).toBeVisible();
});

test('[UI-482] Plan waits for the amounts of the servings that are chosen', async ({ device }) => {
  const phone = await device();
  const tab = await phone.openTab();
  const recipe = lasagne();
  await tab.perform('recipe.create', recipe);
  const { page } = tab;
  await installHeldAnswers(page);
  await page.goto(new URL(`/recipes/${recipe.id}?sheet=plan`, page.url()).href);
  const sheet = page.getByRole('dialog');
  const plan = sheet.getByRole('button', { name: 'Plan · 9 things' });
  await expect(plan).toBeEnabled();

  await holdAnswers(page, 'ingredientId');
  await sheet.getByRole('button', { name: 'More: Servings' }).click();
  await expect.poll(() => heldCount(page)).toBeGreaterThan(0);
  await expect(plan).toBeDisabled();
  await letAnswersGo(page);
  await plan.click();
  await expect(sheet).toHaveCount(0);
  const { sections } = await tab.ask('list', { storeId: null });
  const beef = sections.flatMap(({ rows }) => rows).find(({ title }) => title === 'Minced beef');
  expect(beef?.quantityMilli).toBe(625_000);
});
