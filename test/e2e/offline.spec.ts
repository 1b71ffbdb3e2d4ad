/** The network is cut at a proxy, since a running SharedWorker does not care for `setOffline`. */
import { expect, type Tab, test, twoDevices } from './fixtures.ts';
import { lasagne, line, planLasagne } from './kitchen-data.ts';

test('[PULL-40] without a network both devices go on, reload and reopen, and are equal afterwards', async ({
  device,
  serverDump,
}) => {
  const { ana, laptop, phone, laptopTab, phoneTab } = await twoDevices(device);
  await laptopTab.perform('list.add', { entries: [line('Milk'), line('Eggs'), line('Flour')] });
  await laptopTab.settled();
  await expect.poll(async () => openCount(phoneTab)).toBe(await openCount(laptopTab));

  await laptop.goOffline();
  await phone.goOffline();

  const recipe = lasagne('Offline lasagne');
  await laptopTab.perform('recipe.create', recipe);
  await planLasagne(laptopTab, recipe, '2026-11-23', 1);
  await phoneTab.perform('list.add', { entries: [line('Basil'), line('Batteries')] });

  await laptopTab.page.reload();
  await expect(laptopTab.page.getByRole('main')).toBeVisible();
  expect((await laptopTab.ask('week', { from: '2026-11-23' })).length).toBe(1);

  await phone.closeTabs();
  const reopened = await phone.openTab('/list');
  await expect(reopened.page.getByText('Basil', { exact: true })).toBeVisible();
  const milk = (await reopened.dump())['list_items']?.find((row) => row['title'] === 'Milk');
  await reopened.perform('list.tick', { ids: [String(milk?.['id'])] });
  await laptopTab.perform('list.add', { entries: [line('Olives')] });
  expect((await laptopTab.status()).unsent.rows).toBeGreaterThan(0);

  laptop.proxy.heal();
  phone.proxy.heal();
  await laptopTab.page.reload();
  await reopened.page.reload();
  await laptopTab.settled();
  await reopened.settled();

  await expect.poll(async () => equal(await laptopTab.dump(), await reopened.dump())).toBe(true);
  const server = await serverDump(ana);
  const local = await laptopTab.dump();
  for (const table of Object.keys(server)) {
    expect(local[table], `${table} is the same on the device and in Postgres`).toEqual(
      server[table],
    );
  }
  const titles = local['list_items']?.map((row) => row['title']);
  expect(titles).toEqual(expect.arrayContaining(['Milk', 'Basil', 'Batteries', 'Olives']));
  expect(
    local['list_items']?.find((row) => row['title'] === 'Milk')?.['checked_at'],
  ).not.toBeNull();
});

async function openCount(tab: Tab): Promise<number> {
  return (await tab.ask('list', { storeId: null })).openCount;
}

const equal = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);
