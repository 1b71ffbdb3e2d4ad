/** A browser without SharedWorker: one tab's worker owns the kitchen, the other tabs reach it. */
import type { Page } from '@playwright/test';
import { expect, test } from './fixtures.ts';

test('[TABS-12] without SharedWorker one tab hosts, others share its kitchen, and one of them takes over', async ({
  device,
}) => {
  const phone = await device();
  await phone.context.addInitScript(() => {
    Reflect.deleteProperty(window, 'SharedWorker');
  });
  const host = (await phone.openTab()).page;
  await addLine(host, 'Quinoa');
  await host.evaluate(() => navigator.serviceWorker.ready);

  const [second, third] = [(await phone.openTab()).page, (await phone.openTab()).page];
  for (const page of [second, third]) {
    await expect(page.getByText('Quinoa', { exact: true })).toBeVisible();
  }
  await addLine(second, 'Zucchini');
  for (const page of [host, third]) {
    await expect(page.getByText('Zucchini', { exact: true })).toBeVisible();
  }

  await host.close();
  let tries = 0;
  await expect(async () => {
    tries += 1;
    const title = `Yuzu${'u'.repeat(tries)}`;
    await addLine(second, title, 5_000);
    await expect(third.getByText(title, { exact: true })).toBeVisible({ timeout: 5_000 });
  }).toPass();
  for (const title of ['Quinoa', 'Zucchini']) {
    await expect(second.getByText(title, { exact: true })).toBeVisible();
  }
});

async function addLine(page: Page, title: string, timeout = 30_000): Promise<void> {
  const field = page.getByRole('textbox', { name: 'Add to the list' });
  await field.fill(title, { timeout });
  await field.press('Enter', { timeout });
  await expect(page.getByText(title, { exact: true })).toBeVisible({ timeout });
}
