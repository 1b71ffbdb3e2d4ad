/** What somebody has typed and not sent yet is never lost: not by a sheet, a panel, another device or Esc. */
import type { Page } from '@playwright/test';
import { expect, sameCheckpoint, type Tab, test, twoDevices } from './fixtures.ts';
import { line } from './kitchen-data.ts';

const noteOf = (page: Page) => page.getByRole('textbox', { name: 'Note' });
const quickAdd = (page: Page) => page.getByRole('textbox', { name: 'Add to the list' });
const editing = (page: Page, title: string) => page.getByRole('button', { name: `Edit ${title}` });

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

test('[UI-441] words typed beside a row of the list survive another row, the sync panel and a reload', async ({
  device,
}) => {
  const tab = await (await device()).openTab();
  const { page } = tab;
  await page.setViewportSize({ width: 1400, height: 900 });
  await tab.perform('list.add', { entries: [line('Quinoa'), line('Okra')] });

  await editing(page, 'Quinoa').click();
  await noteOf(page).fill('the red one');
  await editing(page, 'Okra').click();
  await expect(noteOf(page)).toHaveValue('');
  await editing(page, 'Quinoa').click();
  await expect(noteOf(page)).toHaveValue('the red one');

  await page.locator('[data-sync-state]').click();
  await expect(page).toHaveURL(/\/sync$/);
  await expect(page.getByRole('dialog')).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(page).toHaveURL(/item=/);
  await expect(noteOf(page)).toHaveValue('the red one');
  await page.reload();
  await expect(noteOf(page)).toHaveValue('the red one');

  await page.getByRole('button', { name: 'Save', exact: true }).click();
  const saved = async () =>
    (await tab.dump())['list_items']?.find(({ title }) => title === 'Quinoa')?.['note'];
  await expect.poll(saved).toBe('the red one');
  await tab.perform('list.edit', {
    id: String((await tab.dump())['list_items']?.find(({ title }) => title === 'Quinoa')?.['id']),
    note: 'the white one',
  });
  await editing(page, 'Quinoa').click();
  await expect(noteOf(page)).toHaveValue('the white one');
  await noteOf(page).fill('neither');
  await page.getByRole('button', { name: 'Discard changes' }).click();
  await expect(noteOf(page)).toHaveValue('the white one');
});

test('[UI-441] words typed in the sheet of a row survive its ways out on a phone', async ({
  device,
}) => {
  const tab = await (await device()).openTab();
  const { page } = tab;
  await tab.perform('list.add', { entries: [line('Quinoa')] });
  await editing(page, 'Quinoa').click();
  await noteOf(page).fill('the red one');
  for (const leave of [
    () => page.keyboard.press('Escape'),
    () => page.getByRole('button', { name: 'Close' }).click(),
    () => page.mouse.click(10, 10),
  ]) {
    await expect(noteOf(page)).toHaveValue('the red one');
    await leave();
    await expect(page.getByRole('dialog')).toHaveCount(0);
    await editing(page, 'Quinoa').click();
  }
  await expect(noteOf(page)).toHaveValue('the red one');
});

test('[UI-442] a row that leaves the list under its form says so, and the words stay to copy', async ({
  device,
}) => {
  const { laptopTab, phoneTab } = await twoDevices(device);
  await laptopTab.perform('list.add', { entries: [line('Quinoa')] });
  await sameCheckpoint(laptopTab, phoneTab);
  const { page } = phoneTab;
  await page.goto(new URL('/list', page.url()).href);
  await editing(page, 'Quinoa').click();
  await noteOf(page).fill('the red one');

  const id = String(
    (await laptopTab.dump())['list_items']?.find(({ title }) => title === 'Quinoa')?.['id'],
  );
  await laptopTab.perform('list.remove', { ids: [id] });
  await expect(page.getByText('That thing is no longer on the list.')).toBeVisible();
  await expect(page.getByRole('textbox', { name: 'What you had typed' })).toHaveValue(
    'the red one',
  );
});

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
  await page.getByRole('button', { name: 'Add things to the list' }).click();
  await page.keyboard.type(' r');
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
