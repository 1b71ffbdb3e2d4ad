/**
 * The browser takes room or files away under an open kitchen: nothing is called saved that is not, what was
 * acknowledged is kept as long as there is a place for it, and the person is told.
 */
import type { Page } from '@playwright/test';
import { clearSiteData, fillStorage } from './browser-faults.ts';
import { expect, newPerson, signUp, type Tab } from './fixtures.ts';
import { test } from './kept-profile.ts';
import { line, photo, lasagne } from './kitchen-data.ts';

const REFUSALS_IN_A_ROW = 5;

/** Letters only: quick add and the list read numbers as amounts. */
const word = (n: number): string =>
  String.fromCodePoint(97 + (n % 26)).repeat(3 + Math.floor(n / 26));

const field = (page: Page) => page.getByRole('textbox', { name: 'Add to the list' });

async function titles(tab: Tab): Promise<unknown[]> {
  return (await tab.dump())['list_items']?.map((row) => row['title']) ?? [];
}

test('[STORE-200] on a full disk an act is refused aloud and its words stay in the form, until there is room', async ({
  keptDevice,
  serverDump,
}) => {
  const phone = await keptDevice();
  const ana = newPerson('Ana');
  const tab = await phone.openTab();
  const { page } = tab;
  await signUp(tab, ana);
  await tab.perform('list.add', { entries: [line('Before')] });
  const giveRoom = await fillStorage(page, 0);

  // Photos use up what is spared, and lines what is left then; each answer is taken at its word.
  const kept: string[] = [];
  const phases = new Set<string>();
  for (let n = 0, refusals = 0; refusals < REFUSALS_IN_A_ROW; n += 1) {
    const title = `Thing ${word(n)}`;
    const outcome =
      refusals === 0 && n < 40
        ? await tab.tryPerform('recipe.create', { ...lasagne(title), photo: photo(n) })
        : await tab.tryPerform('list.add', { entries: [line(title)] });
    refusals = outcome.ok ? 0 : refusals + 1;
    if (outcome.ok) kept.push(title);
    else expect(outcome.error).toEqual({ type: 'not-saved', reason: 'full' });
    phases.add((await tab.status()).phase);
  }
  expect([...phases]).toContain('storage-full');

  await page.goto(`${phone.proxy.url}/list`);
  await expect(async () => {
    await field(page).fill('No room for this');
    await field(page).press('Enter');
    await expect(page.getByText('This device has no room.').first()).toBeVisible({
      timeout: 5_000,
    });
  }).toPass();
  await expect(field(page)).toHaveValue('No room for this');

  await giveRoom();
  await expect(async () => {
    if ((await field(page).inputValue()) !== '') await field(page).press('Enter');
    await expect(page.getByText('No room for this', { exact: true })).toBeVisible({
      timeout: 5_000,
    });
  }).toPass();
  await tab.settled();
  const dump = await tab.dump();
  const present = [...(dump['recipes'] ?? []), ...(dump['list_items'] ?? [])];
  expect(present.map((row) => row['title'])).toEqual(
    expect.arrayContaining(['Before', ...kept, 'No room for this']),
  );
  expect(dump).toEqual(await serverDump(ana));
});

for (const keeps of [true, false]) {
  const rule = keeps
    ? '[STORE-201] site data cleared under open tabs is said in each, and kept when a person says so'
    : '[STORE-202] site data cleared on purpose stays cleared';
  test(rule, async ({ keptDevice }) => {
    const laptop = await keptDevice();
    const [tab, other] = [await laptop.openTab(), await laptop.openTab()];
    await tab.perform('list.add', { entries: [line('Before')] });
    await clearSiteData(tab.page);
    await field(tab.page).fill('Afterwards');
    await field(tab.page).press('Enter');
    for (const { page } of [tab, other]) {
      await expect(page.getByRole('alertdialog', { name: /storage was cleared/ })).toBeVisible();
    }
    await tab.page
      .getByRole('button', { name: keeps ? 'Keep it on this device' : 'Start anew' })
      .click();
    for (const { page } of [tab, other]) {
      await expect(page.getByRole('alertdialog')).toHaveCount(0);
      await expect(page.getByText('Afterwards', { exact: true })).toBeVisible();
      await expect(page.getByText('Before', { exact: true })).toHaveCount(keeps ? 1 : 0);
    }
    await laptop.closeTabs();
    const again = await laptop.openTab();
    expect(await titles(again)).toContain('Afterwards');
    expect((await titles(again)).includes('Before')).toBe(keeps);
  });
}
