/** Writing and changing a recipe: what was typed is there when it is saved, whatever happened meanwhile. */
import { expect, test } from './fixtures.ts';
import { lasagne } from './kitchen-data.ts';

test('[UI-465] a tag that is still being typed is part of what Ctrl and Enter save', async ({
  device,
}) => {
  const tab = await (await device()).openTab();
  const recipe = lasagne();
  await tab.perform('recipe.create', recipe);
  const { page } = tab;
  await page.goto(new URL(`/recipes/${recipe.id}/edit`, page.url()).href);
  const tag = page.getByRole('combobox', { name: 'Add a tag' });
  await tag.fill('supper');
  await tag.press('Control+Enter');
  await expect(page).toHaveURL(new RegExp(`/recipes/${recipe.id}$`));
  const saved = await tab.ask('recipe', { id: recipe.id });
  expect(saved?.tags.map(({ name }) => name)).toEqual(['supper', 'weekend']);
});

test('[UI-467] a step or a tag that is too long is refused beside its field, never cut', async ({
  device,
}) => {
  const { page } = await (await device()).openTab('/recipes/new');
  await page.getByRole('textbox', { name: 'Title' }).fill('Soup');
  await page.getByRole('textbox', { name: 'Step 1' }).focus();
  await page.keyboard.insertText('x'.repeat(4100));
  const tag = page.getByRole('combobox', { name: 'Add a tag' });
  await tag.focus();
  await page.keyboard.insertText('y'.repeat(50));
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await expect(page.getByText('At most 4000 characters.')).toBeVisible();
  await expect(page.getByText('At most 40 characters.')).toBeVisible();
  await expect(page.getByRole('textbox', { name: 'Step 1' })).toHaveValue('x'.repeat(4100));
  await expect(tag).toHaveValue('y'.repeat(50));
});

test('[UI-466] what was typed for a recipe that is deleted meanwhile goes on as a new recipe', async ({
  device,
}) => {
  const tab = await (await device()).openTab();
  const recipe = lasagne();
  await tab.perform('recipe.create', recipe);
  const { page } = tab;
  await page.goto(new URL(`/recipes/${recipe.id}/edit`, page.url()).href);
  await page.getByRole('textbox', { name: 'Title' }).fill('Better lasagne');
  await tab.perform('recipe.erase', { ids: [recipe.id] });
  await page.getByRole('button', { name: 'Go on with it as a new recipe' }).click();
  await expect(page.getByRole('textbox', { name: 'Title' })).toHaveValue('Better lasagne');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await expect(page).toHaveURL(/\/recipes\/[0-9a-f-]{36}$/);
  const id = page.url().slice(-36);
  expect(id).not.toBe(recipe.id);
  const saved = await tab.ask('recipe', { id });
  expect(saved?.title).toBe('Better lasagne');
  expect(saved?.ingredients.map(({ wording }) => wording)).toEqual(
    recipe.ingredients.map(({ wording }) => wording),
  );
  expect(saved?.steps).toHaveLength(recipe.steps.length);
});
