/** Two devices, two tabs each: what one tab does, the other three show; whole, or not at all. */
import { expect, test, twoDevices } from './fixtures.ts';
import { lasagne, line, planLasagne } from './kitchen-data.ts';

test('[TABS-1] an edit in any tab is in the other tab and on the other device without a reload', async ({
  device,
}) => {
  const { laptop, phone, laptopTab, phoneTab } = await twoDevices(device);
  const tabs = [laptopTab, await laptop.openTab(), phoneTab, await phone.openTab()];
  for (const tab of tabs) await tab.page.goto(new URL('/list', tab.page.url()).href);

  const titles = ['Apples', 'Bread', 'Carrots', 'Dates'];
  for (const [index, tab] of tabs.entries()) {
    const title = titles[index] ?? '';
    const field = tab.page.getByRole('textbox', { name: 'Add to the list' });
    await field.fill(title);
    await field.press('Enter');
    for (const other of tabs) {
      await expect(other.page.getByText(title, { exact: true })).toBeVisible();
    }
  }
  // What the server kept replaces what was typed, a moment later on the device that typed it.
  await expect(async () => {
    const dumps = await Promise.all(tabs.map((each) => each.dump()));
    for (const dump of dumps) expect(dump['list_items']).toEqual(dumps[0]?.['list_items']);
  }).toPass();
});

test('[LIVE-40] a planned meal and its list lines appear on the other device whole', async ({
  device,
}) => {
  const { laptopTab, phoneTab } = await twoDevices(device);

  const from = '2026-11-23';
  await phoneTab.sample('week', { from });
  const recipe = lasagne();
  await laptopTab.perform('recipe.create', recipe);
  const planned = 12;
  for (let index = 0; index < planned; index++) {
    await planLasagne(laptopTab, recipe, from, index);
  }
  await expect.poll(async () => (await phoneTab.ask('week', { from })).length).toBe(planned);

  const samples = await phoneTab.samples('week');
  const seen = samples.flat();
  expect(seen.length).toBeGreaterThanOrEqual(planned);
  for (const entry of seen) {
    expect(entry.lines.all, `${entry.title} is shown with all its lines`).toBe(
      recipe.ingredients.length,
    );
    expect(entry.recipeState).toBe('live');
  }
});

test('[LIVE-523] a tab that is looked at again shows what its device was not told while it slept', async ({
  device,
}) => {
  const { phone, laptopTab, phoneTab } = await twoDevices(device);
  await phoneTab.page.goto(new URL('/list', phoneTab.page.url()).href);
  await laptopTab.perform('list.add', { entries: [line('Told')] });
  await expect(phoneTab.page.getByText('Told', { exact: true })).toBeVisible();

  phone.proxy.muteStreams();
  await laptopTab.perform('list.add', { entries: [line('Overnight')] });
  await laptopTab.settled();
  const { checkpoint } = await laptopTab.status();
  expect((await phoneTab.status()).checkpoint).toBeLessThan(checkpoint);
  await phoneTab.page.evaluate(() => {
    for (const state of ['hidden', 'visible']) {
      Object.defineProperty(document, 'visibilityState', { configurable: true, value: state });
      document.dispatchEvent(new Event('visibilitychange'));
    }
  });
  await expect(phoneTab.page.getByText('Overnight', { exact: true })).toBeVisible();
});
