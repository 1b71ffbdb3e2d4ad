/** What the merge rules settle comes together by itself; what only a person can settle is asked, and waits. */
import { AxeBuilder } from '@axe-core/playwright';
import { expect, type Tab, test, twoDevices } from './fixtures.ts';
import { lasagne, planLasagne } from './kitchen-data.ts';

type Devices = Awaited<ReturnType<typeof twoDevices>>;

const entry = (title: string, quantityMilli: number) => ({
  title,
  quantityMilli,
  unit: 'l',
  note: null,
  storeName: null,
});

async function findLine(tab: Tab, title: string) {
  const lines = (await tab.dump())['list_items'] ?? [];
  return lines.find((line) => line['title'] === title);
}

test('[CONF-90] amount here and note there, both cut off, come together without a question', async ({
  device,
}) => {
  const { laptop, phone, laptopTab, phoneTab } = await twoDevices(device);
  await laptopTab.perform('list.add', { entries: [entry('Milk', 1000)] });
  await expect.poll(() => findLine(phoneTab, 'Milk')).toBeDefined();
  const id = String((await findLine(laptopTab, 'Milk'))?.['id']);

  laptop.proxy.cut();
  phone.proxy.cut();
  await laptopTab.perform('list.edit', { id, quantityMilli: 2000 });
  await phoneTab.perform('list.edit', { id, note: 'the blue one' });
  laptop.proxy.heal();
  phone.proxy.heal();
  await laptopTab.page.reload();
  await phoneTab.page.reload();
  for (const tab of [laptopTab, phoneTab]) {
    await expect
      .poll(() => findLine(tab, 'Milk'))
      .toMatchObject({ quantity_milli: 2000, note: 'the blue one' });
    await expect.poll(async () => (await tab.status()).held).toBe(0);
  }
});

/** The laptop says 2, the phone 3 and something more; the phone comes second. */
async function disagree({ laptop, phone, laptopTab, phoneTab }: Devices): Promise<string> {
  await laptopTab.perform('list.add', { entries: [entry('Milk', 1000)] });
  await expect.poll(() => findLine(phoneTab, 'Milk')).toBeDefined();
  const id = String((await findLine(laptopTab, 'Milk'))?.['id']);
  laptop.proxy.cut();
  phone.proxy.cut();
  await laptopTab.perform('list.edit', { id, quantityMilli: 2000 });
  await phoneTab.perform('list.edit', { id, quantityMilli: 3000 });
  await phoneTab.perform('list.add', { entries: [entry('Juice', 1000)] });
  laptop.proxy.heal();
  await laptopTab.page.reload();
  await laptopTab.settled();
  phone.proxy.heal();
  await phoneTab.page.reload();
  return id;
}

test('[CONF-91] two amounts for one thing: everything is sent, the row itself asks, one tap answers, undo asks again', async ({
  device,
}) => {
  const devices = await twoDevices(device);
  const { laptopTab, phoneTab } = devices;
  await disagree(devices);
  await phoneTab.settled();
  expect(await phoneTab.status()).toMatchObject({ held: 0, choices: 1 });
  await expect.poll(() => findLine(laptopTab, 'Juice')).toBeDefined();
  for (const tab of [laptopTab, phoneTab])
    expect(await findLine(tab, 'Milk'), 'theirs stands on both').toMatchObject({
      quantity_milli: 2000,
    });
  expect((await laptopTab.status()).choices, 'only the second device asks').toBe(0);

  const row = phoneTab.page.locator('[data-row]').filter({ hasText: 'Milk' });
  await expect(row.getByText('you had 3 l')).toBeVisible();
  await expect(phoneTab.page.getByRole('button', { name: '1 needs your choice' })).toBeVisible();
  await row.getByRole('button', { name: 'Milk: use 3 l, yours' }).click();
  await expect(phoneTab.page.getByText('Milk: took 3 l').first()).toBeVisible();
  for (const tab of [laptopTab, phoneTab])
    await expect.poll(() => findLine(tab, 'Milk')).toMatchObject({ quantity_milli: 3000 });
  expect((await phoneTab.status()).choices).toBe(0);

  await phoneTab.page.getByRole('button', { name: 'Undo' }).click();
  await expect(row.getByText('you had 3 l')).toBeVisible();
  await expect.poll(() => findLine(laptopTab, 'Milk')).toMatchObject({ quantity_milli: 2000 });
});

test('[UI-320] the card: keys answer, a mix is its own value, and the side not taken can be brought back', async ({
  device,
}) => {
  const devices = await twoDevices(device);
  const { laptopTab, phoneTab } = devices;
  await disagree(devices);
  await phoneTab.settled();
  const { page } = phoneTab;
  await page.getByRole('button', { name: '1 needs your choice' }).click();
  const card = page.getByRole('region', { name: 'Milk', exact: true });
  await expect(card.getByRole('row', { name: /Amount/ })).toBeVisible();
  await expect(card.getByRole('radio', { name: /Amount: This device, 3 l/ })).not.toBeChecked();
  await expect(card.getByRole('button', { name: 'Save this mix' })).toBeDisabled();
  await card.getByLabel('Result: Amount').fill('5 l');
  await card.getByRole('button', { name: 'Save this mix' }).click();
  await expect(page.getByRole('heading', { name: 'Nothing needs you.' })).toBeVisible();
  await expect.poll(() => findLine(laptopTab, 'Milk')).toMatchObject({ quantity_milli: 5000 });

  await page.getByRole('button', { name: 'Undo' }).click();
  await expect(card).toBeVisible();
  await card.getByRole('radio', { name: /Amount: This device/ }).focus();
  await page.keyboard.press('2');
  await expect.poll(() => findLine(laptopTab, 'Milk')).toMatchObject({ quantity_milli: 3000 });

  await page.goto(new URL('/list', page.url()).href);
  await page.getByRole('button', { name: 'Edit Milk' }).click();
  await page.getByText(/earlier versions?$/).click();
  await page
    .getByRole('button', { name: /^Bring back Milk/ })
    .first()
    .click();
  await expect.poll(() => findLine(laptopTab, 'Milk')).toMatchObject({ quantity_milli: 2000 });
});

test('[UI-321] trashed there, edited here: the recipe asks, and says what each answer does', async ({
  device,
}) => {
  const { laptop, phone, laptopTab, phoneTab } = await twoDevices(device);
  const recipe = lasagne();
  await laptopTab.perform('recipe.create', recipe);
  await planLasagne(laptopTab, recipe, '2026-11-24', 1);
  const findRecipe = async (tab: Tab) =>
    (await tab.dump())['recipes']?.find((row) => row['id'] === recipe.id);
  await expect.poll(() => findRecipe(phoneTab)).toBeDefined();
  laptop.proxy.cut();
  phone.proxy.cut();
  await laptopTab.perform('recipe.trash', { ids: [recipe.id] });
  await phoneTab.perform('recipe.set', { id: recipe.id, rating: 5 });
  laptop.proxy.heal();
  await laptopTab.page.reload();
  await laptopTab.settled();
  phone.proxy.heal();
  await phoneTab.page.reload();
  await expect.poll(async () => (await phoneTab.status()).choices).toBe(1);
  await phoneTab.settled();
  for (const tab of [laptopTab, phoneTab])
    await expect
      .poll(() => findRecipe(tab))
      .toMatchObject({ rating: 5, trashed_at: expect.any(String) });

  const { page } = phoneTab;
  await page.goto(new URL(`/recipes/${recipe.id}`, page.url()).href);
  const notice = page.getByRole('region', { name: /^Decide about/ });
  await expect(notice.getByText(/put it in the Trash/)).toBeVisible();
  await expect(notice.getByText(/Comes out of the Trash, with 9 ingredients/)).toBeVisible();
  await expect(notice.getByText(/1 planned meal/).first()).toBeVisible();
  const { violations } = await new AxeBuilder({ page }).analyze();
  expect(violations.map(({ id }) => id)).toEqual([]);
  await notice.getByRole('button', { name: 'Take it out of the Trash' }).click();
  for (const tab of [laptopTab, phoneTab])
    await expect.poll(() => findRecipe(tab)).toMatchObject({ rating: 5, trashed_at: null });
});

test('[UI-322] another device’s timeline says what was done and by whom', async ({ device }) => {
  const { laptopTab, phoneTab } = await twoDevices(device);
  await laptopTab.perform('list.add', { entries: [entry('Milk', 1000)] });
  await expect.poll(() => findLine(phoneTab, 'Milk')).toBeDefined();
  await phoneTab.page.goto(new URL('/sync', phoneTab.page.url()).href);
  const panel = phoneTab.page.getByRole('dialog', { name: 'Sync' });
  await expect(panel.getByText('Added Milk to the list')).toBeVisible();
  await expect(panel.getByText(/Ana/).first()).toBeVisible();
});
