/** What another app shares with Larder opens the place it belongs to, filled in, with no network as well. */
import type { Page } from '@playwright/test';
import { SYNC_TAG } from '../../shared/rpc.ts';
import type { Shared } from '../../shared/share.ts';
import { controlServiceWorker, endSharedWorkers } from './browser-faults.ts';
import { expect, newPerson, signIn, signUp, test } from './fixtures.ts';
import { line } from './kitchen-data.ts';

/** As the system does it: the form of the manifest, posted to the address of the manifest. */
async function share(page: Page, shared: Partial<Shared>): Promise<void> {
  await page.evaluate(async (given) => {
    const manifest = (await (await fetch('/manifest.webmanifest')).json()) as {
      share_target: { action: string; method: string; enctype: string; params: object };
    };
    const { action, method, enctype, params } = manifest.share_target;
    const form = Object.assign(document.createElement('form'), { action, method, enctype });
    for (const [field, name] of Object.entries(params)) {
      const input = document.createElement('textarea');
      input.name = String(name);
      input.value = (given as Record<string, string>)[field] ?? '';
      form.append(input);
    }
    document.body.append(form);
    form.submit();
  }, shared);
}

test('[UI-282] lines that are shared without a network wait in quick add, and nothing is written by itself', async ({
  device,
}) => {
  const phone = await device();
  const tab = await phone.openTab('/week');
  await tab.shellStored();
  await phone.goOffline();
  await share(tab.page, { text: '2 l milk, eggs' });
  const field = tab.page.getByRole('textbox', { name: 'Add to the list' });
  await expect(field).toHaveValue('2 l milk, eggs');
  await expect(tab.page).toHaveURL(/\/list\?add=1$/);
  const titles = async () => (await tab.dump())['list_items']?.map(({ title }) => title);
  expect(await titles()).not.toContain('Eggs');
  await field.press('Enter');
  await expect.poll(titles).toContain('Eggs');
});

test('[UI-283] a page that is shared begins a recipe with title and link, kept after a restart, and overwrites none', async ({
  device,
}) => {
  const phone = await device();
  const tab = await phone.openTab();
  await tab.shellStored();
  await phone.goOffline();
  await share(tab.page, { title: 'Pea soup', text: 'https://example.test/soup' });
  await expect(tab.page).toHaveURL(/\/recipes\/new$/);
  await phone.closeTabs();

  const again = await phone.openTab('/recipes/new');
  const title = again.page.getByRole('textbox', { name: 'Title' });
  await expect(title).toHaveValue('Pea soup');
  await expect(again.page.locator('input[value="https://example.test/soup"]')).toHaveCount(1);

  await share(again.page, { title: 'Another', url: 'https://example.test/other' });
  await expect(again.page.getByText('Only a link')).toBeVisible();
  await again.page.goto(`${phone.proxy.url}/recipes/new`);
  await expect(title).toHaveValue('Pea soup');
});

test('[UI-440] a recipe that was begun is never overwritten by a link, and what came with it stays to copy', async ({
  device,
}) => {
  const tab = await (await device()).openTab('/recipes/new');
  const { page } = tab;
  await tab.shellStored();
  const title = page.getByRole('textbox', { name: 'Title' });
  await title.fill('Half a sentence');
  await page.goto(new URL('/import', page.url()).href);
  await page.getByRole('textbox', { name: /^Or paste/ }).fill('https://example.test/soup');
  await page.getByRole('button', { name: 'Read it' }).click();
  const begin = page.getByRole('button', { name: 'Begin a recipe with this link' });
  await begin.click();
  const waiting = page.getByRole('textbox', { name: 'Not taken yet' });
  await expect(waiting).toHaveValue('https://example.test/soup');
  await page.getByRole('button', { name: 'To the recipe I began' }).click();
  await expect(title).toHaveValue('Half a sentence');

  const words = 'Pea soup\n500 g peas\n1 onion\nhttps://example.test/soup';
  await share(page, { text: words });
  await begin.click();
  await expect(waiting).toHaveValue(words);
  await page.goto(new URL('/recipes/new', page.url()).href);
  await expect(title).toHaveValue('Half a sentence');
});

test('[UI-455] lines that were shared are still there after a restart', async ({ device }) => {
  const phone = await device();
  const tab = await phone.openTab();
  await tab.shellStored();
  await share(tab.page, { text: '2 l milk\neggs' });
  await expect(tab.page).toHaveURL(/\/list\?add=1$/);
  await phone.closeTabs();
  const { page } = await phone.openTab();
  await expect(page.getByRole('button', { name: 'Add 2 things' })).toBeVisible();
});

test('[UI-456] a draft that travels behind the address is taken up, and too much says what to do', async ({
  device,
}) => {
  const phone = await device();
  const draft: Shared = { title: '', text: '50 % cream, eggs', url: '' };
  const { page } = await phone.openTab(
    `/share?draft=none#${encodeURIComponent(JSON.stringify(draft))}`,
  );
  const field = page.getByRole('textbox', { name: 'Add to the list' });
  await expect(field).toHaveValue('50 % cream, eggs');
  await expect(page).toHaveURL(/\/list\?add=1$/);

  const broken = await phone.openTab('/share?draft=none#%');
  await expect(broken.page).toHaveURL(/\/list\?add=1$/);

  await page.goto(`${phone.proxy.url}/share?too-large`);
  await expect(page.getByText('That was too much at once')).toBeVisible();
  await page.getByRole('link', { name: 'To the import' }).click();
  await expect(page.getByRole('heading', { name: 'Import recipes' })).toBeVisible();
});

test('[UI-284] the source of a recipe that is shared is shown in the import', async ({
  device,
}) => {
  const phone = await device();
  const tab = await phone.openTab();
  await tab.shellStored();
  const recipe = {
    '@context': 'https://schema.org',
    '@type': 'Recipe',
    name: 'Pea soup',
    recipeIngredient: ['500 g peas'],
    recipeInstructions: ['Cook.'],
  };
  await share(tab.page, { text: JSON.stringify(recipe) });
  await expect(tab.page.getByText('1 recipe found')).toBeVisible();
  await expect(tab.page.getByText('Pea soup').first()).toBeVisible();
});

test('[OPS-280] a periodic sync brings what others did, and sends what is unsent, with no tab open', async ({
  device,
  serverDump,
}) => {
  const ana = newPerson('Ana');
  const [phone, laptop] = [await device(), await device()];
  const tab = await phone.openTab();
  await signUp(tab, ana);
  await tab.shellStored();
  const worker = await controlServiceWorker(phone.context, phone.proxy.url);
  phone.proxy.cut();
  await tab.perform('list.add', { entries: [line('From the phone')] });
  await tab.page.close();
  await endSharedWorkers(phone.context, phone.proxy.url);

  const desk = await laptop.openTab();
  await signIn(desk, ana);
  await desk.perform('list.add', { entries: [line('From the laptop')] });
  await desk.settled();
  phone.proxy.heal();
  const titles = async () => (await serverDump(ana))['list_items']?.map((row) => row['title']);
  await expect(async () => {
    await worker.dispatchPeriodicSync(SYNC_TAG);
    await expect.poll(titles, { timeout: 10_000 }).toHaveLength(2);
  }).toPass();

  // Both are on the device already: the tab that opens next has no network to get them from.
  const atServer = await serverDump(ana);
  await expect(async () => {
    await worker.dispatchPeriodicSync(SYNC_TAG);
    phone.proxy.cut();
    const again = await phone.openTab();
    const dump = await again.dump();
    await again.page.close();
    await endSharedWorkers(phone.context, phone.proxy.url);
    phone.proxy.heal();
    expect(dump).toEqual(atServer);
  }).toPass();
});
