/** Real recipes, through the import screen, to a second device, byte for byte. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, twoDevices } from './fixtures.ts';
import { writtenRecipes } from './recipe-file.ts';

const vectors = join(import.meta.dirname, '../../../shared/vectors/recipes');

test('[IMPORT-1] what one device imports, a second one shows byte for byte', async ({
  device,
  serverDump,
}, info) => {
  test.setTimeout(300_000);
  const { ana, laptopTab, phoneTab } = await twoDevices(device);
  const before = (await laptopTab.dump())['recipes']?.length ?? 0;

  const real = existsSync(vectors);
  if (!real)
    info.annotations.push({ type: 'vectors missing', description: 'own recipes were used' });
  const files = real
    ? [
        join(vectors, 'recipes-240.jsonld'),
        ...readdirSync(join(vectors, 'photos')).map((name) => join(vectors, 'photos', name)),
      ]
    : [await writtenRecipes(info.outputPath('recipes.json'))];
  const expected = real ? 240 : 2;

  const { page } = laptopTab;
  await page.goto(new URL('/import', page.url()).href);
  await page.locator('input[type=file]').setInputFiles(files);
  const importButton = page.getByRole('button', { name: `Import ${expected} recipes` });
  await expect(importButton).toBeEnabled({ timeout: 60_000 });
  await importButton.click();
  await expect
    .poll(async () => ((await laptopTab.dump())['recipes']?.length ?? 0) - before, {
      timeout: 120_000,
    })
    .toBe(expected);
  await laptopTab.settled(120_000);
  await expect
    .poll(async () => ((await phoneTab.dump())['recipes']?.length ?? 0) - before, {
      timeout: 120_000,
    })
    .toBe(expected);

  const [mine, theirs, server] = [
    await laptopTab.dump(),
    await phoneTab.dump(),
    await serverDump(ana),
  ];
  for (const table of [
    'recipes',
    'recipe_ingredients',
    'recipe_steps',
    'recipe_photos',
    'recipe_tags',
    'tags',
  ]) {
    expect(theirs[table], table).toEqual(mine[table]);
    expect(server[table], table).toEqual(mine[table]);
  }
  if (real) expect(mine['recipe_photos']?.length).toBeGreaterThanOrEqual(30);
});

test('[IMPORT-467] words in which no recipe was found are back after starting over', async ({
  device,
}) => {
  const { page } = await (await device()).openTab('/import');
  const field = page.getByRole('textbox', { name: /Or paste a recipe/ });
  await field.fill('Pea soup: peas, water, patience');
  await page.getByRole('button', { name: 'Read it' }).click();
  await page.getByRole('button', { name: 'Start over' }).click();
  await expect(field).toHaveValue('Pea soup: peas, water, patience');
});
