/** What somebody has typed and not sent yet is never lost: not by a sheet, a panel, another device or Esc. */
import type { Page } from '@playwright/test';
import { expect, type Tab, test } from './fixtures.ts';

const quickAdd = (page: Page) => page.getByRole('textbox', { name: 'Add to the list' });

async function titlesOf(tab: Tab): Promise<unknown[]> {
  return ((await tab.dump())['list_items'] ?? []).map(({ title }) => title);
}

/** Acts of this page wait until they are let go, as on a slow disk. */
function holdActs(): void {
  const scope = window as unknown as { letActsGo: () => void };
  type Send = (this: MessagePort, message: unknown, more?: unknown) => void;
  const send = Reflect.get(MessagePort.prototype, 'postMessage') as Send;
  const held: (() => void)[] = [];
  const isAct = (message: unknown): boolean =>
    JSON.stringify(message ?? null).includes('"path":["perform"]');
  MessagePort.prototype.postMessage = function hold(
    this: MessagePort,
    ...given: [unknown, unknown?]
  ) {
    if (isAct(given[0])) held.push(() => send.apply(this, given));
    else send.apply(this, given);
  };
  scope.letActsGo = () => {
    Reflect.set(MessagePort.prototype, 'postMessage', send);
    for (const go of held) go();
  };
}

const letActsGo = (page: Page) =>
  page.evaluate(() => (window as unknown as { letActsGo: () => void }).letActsGo());

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

test('[UI-451] Enter twice while the disk is slow adds one meal, and words typed meanwhile stay', async ({
  device,
}) => {
  const tab = await (await device()).openTab('/week');
  const { page } = tab;
  await page
    .getByRole('button', { name: /^Add a meal on|^Add dinner on/ })
    .first()
    .click();
  const words = page.getByRole('textbox', { name: 'Recipe or your own words' });
  await words.fill('Pizza out');
  await page.evaluate(holdActs);
  await words.press('Enter');
  await words.press('Enter');
  await letActsGo(page);
  await expect(page.getByRole('dialog')).toHaveCount(0);
  const meals = async () =>
    ((await tab.dump())['plan_entries'] ?? []).filter(({ title }) => title === 'Pizza out').length;
  await expect.poll(meals).toBe(1);

  await page.goto(new URL('/pantry', page.url()).href);
  const field = page.getByRole('textbox', { name: 'Add to the pantry' });
  await field.fill('quinoa');
  await page.evaluate(holdActs);
  await field.press('Enter');
  await field.press('Enter');
  await field.pressSequentially('okra');
  await letActsGo(page);
  const batches = async () =>
    ((await tab.dump())['pantry_items'] ?? []).filter(({ title }) => title === 'Quinoa').length;
  await expect.poll(batches).toBe(1);
  await expect(page.getByText('Quinoa', { exact: true })).toHaveCount(1);
  await expect(field).toHaveValue('okra');
});
