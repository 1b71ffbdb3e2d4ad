/** The list and the shop by keyboard and by ear, and what a row says of itself. */
import type { Page } from '@playwright/test';
import type { ActArgs } from '../../shared/acts/acts.ts';
import { expect, test, type Tab } from './fixtures.ts';
import { lasagne, line } from './kitchen-data.ts';

/** Four things of one aisle, in this order. */
const cold: ActArgs['list.add']['entries'] = [
  { ...line('Milk'), note: 'not the skimmed one', storeName: 'Mart' },
  line('Butter'),
  line('Yoghurt'),
  line('Cream'),
];

async function listOfFour(tab: Tab): Promise<Page> {
  await tab.perform('samples.remove', {});
  await tab.perform('list.add', { entries: cold });
  return tab.page;
}

/** The row that has the focus. */
const focusedRow = (page: Page) => page.locator('[data-row]:focus-within');
/** The place that a ticked row is held at is given up; the focus must have gone on. */
const waitUntilSunk = async (page: Page, count: number): Promise<void> =>
  expect(page.locator('section', { hasText: 'In the basket' }).locator('[data-row]')).toHaveCount(
    count,
  );

test('[UI-483] a row that leaves by key hands the focus to the next one, and the keys go on working', async ({
  device,
}) => {
  const page = await listOfFour(await (await device()).openTab());
  await page.getByRole('button', { name: 'Edit Milk' }).focus();
  await page.keyboard.press('x');
  await waitUntilSunk(page, 1);
  await expect(focusedRow(page)).toContainText('Butter');
  await page.keyboard.press('ArrowDown');
  await expect(focusedRow(page)).toContainText('Yoghurt');
  await page.keyboard.press('l');
  await expect(focusedRow(page)).toContainText('Cream');
  await page.keyboard.press('ArrowUp');
  await page.keyboard.press('Delete');
  await expect(page.getByRole('button', { name: 'Edit Butter' })).toHaveCount(0);
  await expect(focusedRow(page)).toContainText('Cream');
});

test('[UI-484] in the shop Space ticks and moves on', async ({ device }) => {
  const tab = await (await device()).openTab();
  const page = await listOfFour(tab);
  await page.goto(new URL('/shop', page.url()).href);
  await page.getByRole('checkbox', { name: 'Milk' }).focus();
  await page.keyboard.press(' ');
  await expect(page.getByRole('checkbox', { name: 'Butter' })).toBeFocused();
  await page.keyboard.press(' ');
  await expect(page.getByRole('checkbox', { name: 'Yoghurt' })).toBeFocused();
  await waitUntilSunk(page, 2);
  await expect(page.getByRole('checkbox', { name: 'Yoghurt' })).toBeFocused();
  const { basket } = await tab.ask('list', { storeId: null });
  expect(basket.map(({ title }) => title).sort()).toEqual(['Butter', 'Milk']);
});

test('[UI-485] a view that opens says where one is', async ({ device }) => {
  const tab = await (await device()).openTab();
  await tab.perform('recipe.create', lasagne());
  const { page } = tab;
  await page.goto(new URL('/recipes', page.url()).href);
  await expect(page.getByRole('heading', { level: 1 })).not.toBeFocused();
  await page.getByRole('link', { name: 'Lasagne' }).press('Enter');
  await expect(page.getByRole('heading', { level: 1, name: 'Lasagne' })).toBeFocused();
  await page.getByRole('link', { name: 'List', exact: true }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Shopping list' })).toBeFocused();
});

test('[UI-486] note, meal and shop of a row are spoken, on the list and in the shop', async ({
  device,
}) => {
  const page = await listOfFour(await (await device()).openTab());
  const about = 'not the skimmed one · Mart';
  await expect(page.getByRole('button', { name: 'Edit Milk' })).toHaveAccessibleDescription(about);
  await expect(page.getByRole('checkbox', { name: 'Milk' })).toHaveAccessibleDescription(about);
  await page.goto(new URL('/shop', page.url()).href);
  await expect(page.getByRole('checkbox', { name: 'Milk' })).toHaveAccessibleDescription(about);
});

test('[UI-487] of a thing that was added twice one can be kept, and one part of a row can be removed alone', async ({
  device,
}) => {
  const tab = await (await device()).openTab();
  const { page } = tab;
  await tab.perform('samples.remove', {});
  const litres = (quantityMilli: number) => ({ ...line('Milk'), quantityMilli, unit: 'l' });
  for (const milli of [2000, 2000, 1000]) {
    await tab.perform('list.add', { entries: [litres(milli)] });
  }
  const milk = (amount: string) => page.getByRole('checkbox', { name: `Milk, ${amount}` });
  await expect(milk('5 l')).toHaveAccessibleDescription('Added twice');
  await page.getByRole('button', { name: 'Keep one Milk' }).click();
  await expect(milk('3 l')).toHaveAccessibleDescription('');
  await expect(page.getByRole('button', { name: 'Edit Milk' })).toBeFocused();
  await page.getByRole('button', { name: 'Edit Milk' }).click();
  await page.getByRole('button', { name: 'Remove Milk, 1 l' }).click();
  await expect(milk('2 l')).toHaveCount(1);
  const { sections } = await tab.ask('list', { storeId: null });
  expect(sections.flatMap(({ rows }) => rows.map(({ ids }) => ids.length))).toEqual([1]);
});

test('[UI-488] without an account nothing on the list waits to be sent', async ({ device }) => {
  const phone = await device();
  const page = await phone.context.newPage();
  await page.clock.install();
  await page.goto(`${phone.proxy.url}/list`);
  await expect(page.getByRole('button', { name: 'Edit Tomatoes' })).toBeVisible();
  await page.clock.fastForward(61_000);
  await expect(page.getByText('Saved here, not sent yet')).toHaveCount(0);
});
