/** Sheets and panels over a view: they close to where one was, and what fails in them stays in them. */
import { expect, test } from './fixtures.ts';
import { line } from './kitchen-data.ts';

test('[UI-446] finishing leaves shopping mode, and no way back leads to the sheet again', async ({
  device,
}) => {
  const tab = await (await device()).openTab();
  const { page } = tab;
  await tab.perform('list.add', { entries: [line('Quinoa')] });
  await page.getByRole('link', { name: 'Start shopping' }).click();
  await page.getByRole('checkbox', { name: 'Quinoa' }).click();
  await page.getByRole('button', { name: 'Finish', exact: true }).click();
  await page.getByRole('button', { name: /^Finish with/ }).click();
  await expect(page).toHaveURL(/\/list$/);
  await expect(page.getByRole('heading', { name: 'Shopping list' })).toBeVisible();
  await expect(page.getByRole('dialog')).toHaveCount(0);
  await page.goBack();
  await expect(page).toHaveURL(/\/shop$/);
  await expect(page.getByRole('dialog')).toHaveCount(0);
  await page.goBack();
  await expect(page).toHaveURL(/\/list$/);
});

test('[UI-447] a row opened in a tab of its own closes to the list, whichever row was chosen since', async ({
  device,
}) => {
  const phone = await device();
  const tab = await phone.openTab();
  await tab.perform('list.add', { entries: [line('Quinoa'), line('Okra')] });
  const quinoa = (await tab.dump())['list_items']?.find(({ title }) => title === 'Quinoa');
  const { page } = await phone.openTab(`/list?item=${String(quinoa?.['id'])}`);
  await page.setViewportSize({ width: 1400, height: 900 });
  await expect(page.getByRole('heading', { name: 'Quinoa' })).toBeVisible();
  await page.getByRole('button', { name: 'Edit Okra' }).click();
  await expect(page.getByRole('heading', { name: 'Okra' })).toBeVisible();
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await expect(page).toHaveURL(/\/list$/);
  await expect(page.getByText('Choose a thing to see its details.')).toBeVisible();
});

test('[UI-448] a panel that cannot be loaded says so itself, and the view under it stays', async ({
  device,
}) => {
  const phone = await device();
  const parts = /\/assets\/(sync-panel|more-sheet|quick-add-sheet|item-sheet|finish-sheet)-.*\.js$/;
  await phone.context.route(parts, (route) => route.abort());
  const tab = await phone.openTab();
  const { page } = tab;
  await tab.perform('list.add', { entries: [line('Quinoa')] });
  const row = page.getByText('Quinoa', { exact: true });
  await expect(row).toBeVisible();
  const sheet = page.getByRole('dialog', { name: 'This view hit a problem' });
  for (const open of [
    page.locator('[data-sync-state]'),
    page.getByRole('button', { name: 'Everything else' }),
    page.getByRole('button', { name: 'Edit Quinoa' }),
  ]) {
    await open.click();
    await expect(sheet).toBeVisible();
    await expect(row).toBeVisible();
    await sheet.getByRole('button', { name: 'Close' }).click();
    await expect(sheet).toHaveCount(0);
  }
  await page.getByRole('link', { name: 'Week' }).click();
  await page.getByRole('button', { name: 'Add things to the list' }).click();
  await expect(sheet).toBeVisible();
});

test('[UI-449] where the browser blocks the storage of notes, every view opens and takes words', async ({
  device,
}) => {
  const phone = await device();
  await phone.context.addInitScript(() => {
    for (const name of ['localStorage', 'sessionStorage']) {
      Object.defineProperty(window, name, {
        get() {
          throw new DOMException('blocked', 'SecurityError');
        },
      });
    }
  });
  const tab = await phone.openTab('/');
  const { page } = tab;
  const field = page.getByRole('textbox', { name: 'Add to the list' });
  await field.fill('quinoa');
  await page.getByRole('link', { name: 'Week' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
  await page.getByRole('link', { name: 'List' }).click();
  await expect(field).toHaveValue('quinoa');
  await field.press('Enter');
  await expect(page.getByText('Quinoa', { exact: true })).toBeVisible();
  for (const path of ['/recipes/new', '/import', '/settings', '/pantry', '/shop']) {
    await page.evaluate((to) => history.pushState(null, '', to), path);
    await expect(page.getByRole('heading', { level: 1 }).first(), path).toBeVisible();
    await expect(page.getByText('This view hit a problem'), path).toHaveCount(0);
  }
});

test('[TABS-440] where the browser lets no worker be started, the page says so instead of opening for ever', async ({
  device,
}) => {
  const phone = await device();
  await phone.context.addInitScript(() => {
    const blocked = function SharedWorker() {
      throw new DOMException('blocked', 'SecurityError');
    };
    window.SharedWorker = blocked as unknown as typeof SharedWorker;
  });
  const { page } = await phone.openTab();
  await expect(page.getByText('Larder stopped')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Reload' })).toBeVisible();
});
