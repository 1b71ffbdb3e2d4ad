/** What the merge rules settle comes together by itself; what only a person can settle waits, visible. */
import { expect, type Tab, test, twoDevices } from './fixtures.ts';

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

test('[CONF-91] two amounts for one thing wait for a person, visible, while the rest goes on', async ({
  device,
}) => {
  const { laptop, phone, laptopTab, phoneTab } = await twoDevices(device);
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

  await expect.poll(async () => (await phoneTab.status()).held).toBe(1);
  expect(await findLine(phoneTab, 'Milk'), 'mine is kept here').toMatchObject({
    quantity_milli: 3000,
  });
  await expect.poll(() => findLine(laptopTab, 'Juice')).toBeDefined();
  expect(await findLine(laptopTab, 'Milk')).toMatchObject({ quantity_milli: 2000 });
  await phoneTab.page.goto(new URL('/sync', phoneTab.page.url()).href);
  const panel = phoneTab.page.getByRole('dialog', { name: 'Sync' });
  await expect(panel.getByText('Milk').first()).toBeVisible();
  // One tap answers it, on every device.
  await panel.getByRole('button', { name: 'Use mine' }).click();
  await expect.poll(() => findLine(laptopTab, 'Milk')).toMatchObject({ quantity_milli: 3000 });
  await expect.poll(async () => (await phoneTab.status()).held).toBe(0);
});
