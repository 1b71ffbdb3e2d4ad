/** What somebody has typed and not sent yet is never lost: not by a sheet, a panel, another device or Esc. */
import type { Page } from '@playwright/test';
import { expect, type Tab, test } from './fixtures.ts';

const quickAdd = (page: Page) => page.getByRole('textbox', { name: 'Add to the list' });

async function titlesOf(tab: Tab): Promise<unknown[]> {
  return ((await tab.dump())['list_items'] ?? []).map(({ title }) => title);
}

test('[UI-444] the large (+) leads to the field on the list, and no words are added twice', async ({
  device,
}) => {
  const tab = await (await device()).openTab();
  const { page } = tab;
  await quickAdd(page).fill('2 l quinoa');
  await page.getByRole('button', { name: 'Add things to the list' }).click();
  await expect(quickAdd(page)).toHaveCount(1);
  await expect(quickAdd(page)).toBeFocused();
  await quickAdd(page).press('Enter');
  await expect.poll(() => titlesOf(tab)).toContain('Quinoa');
  await expect(quickAdd(page)).toHaveValue('');
});

test('[UI-444] one Esc closes quick add and keeps the words, two on the list discard them', async ({
  device,
}) => {
  const tab = await (await device()).openTab('/week');
  const { page } = tab;
  await page.getByRole('button', { name: 'Add things to the list' }).click();
  await quickAdd(page).fill('quinoa');
  await quickAdd(page).press('Escape');
  await expect(page.getByRole('dialog')).toHaveCount(0);

  await page.getByRole('link', { name: 'List' }).click();
  await expect(quickAdd(page)).toHaveValue('quinoa');
  await quickAdd(page).press('End');
  await quickAdd(page).pressSequentially(' r');
  await quickAdd(page).press('Escape');
  await expect(quickAdd(page)).toHaveValue('quinoa r');
  await quickAdd(page).press('Escape');
  await expect(quickAdd(page)).toHaveValue('');
});
