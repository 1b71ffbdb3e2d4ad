/** Meals change their places in the week. */
import { expect, test } from './fixtures.ts';

test('[UI-489] a meal is moved to a place that is taken beside the other meal, or changes places with it, by dialogue and by mouse', async ({
  device,
}) => {
  const tab = await (await device()).openTab();
  const { page } = tab;
  await tab.perform('samples.remove', {});
  const day = (index: number): string => `2026-11-${23 + index}`;
  for (const [index, title] of ['Soup', 'Pizza', 'Salad'].entries()) {
    const id = crypto.randomUUID();
    await tab.perform('plan.addText', { id, title, day: day(index), meal: 'dinner' });
  }
  const places = async () => {
    const meals = await tab.ask('week', { from: day(0) });
    return meals.map((meal) => `${meal.title} ${meal.day}`);
  };
  await page.setViewportSize({ width: 1280, height: 900 });
  await page.goto(new URL('/week/2026-W48', page.url()).href);

  await page.getByRole('button', { name: 'Actions for Soup' }).click();
  await page.getByRole('menuitem', { name: 'Move to…' }).click();
  await page.getByLabel('Day', { exact: true }).selectOption(day(1));
  await page.getByRole('button', { name: 'Swap with Pizza' }).click();
  const swapped = [`Pizza ${day(0)}`, `Soup ${day(1)}`, `Salad ${day(2)}`];
  await expect.poll(places).toEqual(swapped);

  const meal = (title: string) => page.getByRole('article', { name: title });
  await meal('Salad').dragTo(meal('Pizza'));
  await expect.poll(places).toEqual([`Salad ${day(0)}`, `Soup ${day(1)}`, `Pizza ${day(2)}`]);

  await page.getByRole('button', { name: 'Actions for Salad' }).click();
  await page.getByRole('menuitem', { name: 'Move to…' }).click();
  await page.getByLabel('Day', { exact: true }).selectOption(day(1));
  await page.getByRole('button', { name: /^Move to/u }).click();
  await expect.poll(places).toEqual([`Soup ${day(1)}`, `Salad ${day(1)}`, `Pizza ${day(2)}`]);
});
