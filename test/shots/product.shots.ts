/**
 * Pictures of Larder with a small kitchen of our own in it. The manifest's are 1080 × 2340 and 2560 × 1600
 * as its declarations say; the README's shows list and week beside each other.
 */
import { join } from 'node:path';
import type { ActArgs } from '../../shared/acts/acts.ts';
import { expect, newDevice, newPerson, signUp, type Tab, test } from '../e2e/fixtures.ts';

const shots = join(import.meta.dirname, '../../web/public/shots');
const images = join(import.meta.dirname, '../../docs/images');

const line = (title: string, quantityMilli: number | null, unit: string | null) => ({
  title,
  quantityMilli,
  unit,
  note: null,
  storeName: null,
});

const recipe = (
  title: string,
  wordings: readonly string[],
  tags: readonly string[],
): ActArgs['recipe.create'] => ({
  id: crypto.randomUUID(),
  fields: {
    title,
    servings: 4,
    summary: null,
    notes: null,
    prepMinutes: 15,
    cookMinutes: 30,
    sourceName: null,
    sourceUrl: null,
  },
  ingredients: wordings.map((wording) => ({ id: null, wording, section: null, optional: false })),
  steps: [{ id: null, wording: 'Cook it with care.', timerSeconds: null }],
  tags,
  photo: null,
});

async function furnish(tab: Tab): Promise<void> {
  const lasagne = recipe(
    'Lasagne',
    ['500 g minced beef', '800 g tomatoes', '600 ml milk'],
    ['weekend'],
  );
  const curry = recipe('Chickpea curry', ['2 cans chickpeas', '400 ml coconut milk'], ['quick']);
  const soup = recipe('Leek and potato soup', ['3 leeks', '500 g potatoes'], ['quick']);
  for (const each of [lasagne, curry, soup]) await tab.perform('recipe.create', each);
  const plans = [
    [lasagne, 1],
    [soup, 3],
    [curry, 4],
  ] as const;
  for (const [planned, day] of plans) {
    await tab.perform('plan.add', {
      id: crypto.randomUUID(),
      recipeId: planned.id,
      day: `2026-11-${23 + day}`,
      meal: 'dinner',
      servings: 4,
      lines: await tab.ask('planSheet', { recipeId: planned.id, servings: 4 }),
    });
  }
  await tab.perform('plan.addText', {
    id: crypto.randomUUID(),
    title: 'Pizza out',
    day: '2026-11-28',
    meal: 'dinner',
  });
  await tab.perform('list.add', {
    entries: [
      line('Eggs', 12_000, null),
      line('Butter', 250_000, 'g'),
      line('Basil', 1000, 'bunch'),
      line('Bread', null, null),
      line('Batteries', null, null),
    ],
  });
  const rows = (await tab.dump())['list_items'] ?? [];
  const ticked = rows.filter(({ title }) => title === 'Eggs' || title === 'Bread');
  await tab.perform('list.tick', { ids: ticked.map(({ id }) => String(id)) });
}

test('pictures of a phone and a desk', async ({ browser, larder }) => {
  const phone = await newDevice(browser, larder, {
    viewport: { width: 360, height: 780 },
    deviceScaleFactor: 3,
  });
  const tab = await phone.openTab();
  const ana = newPerson('Ana');
  await signUp(tab, ana);
  await furnish(tab);
  await tab.settled();
  const { page } = tab;
  const shoot = async (path: string, file: string) => {
    await page.goto(phone.proxy.url + path);
    await expect(page.getByRole('heading').first()).toBeVisible();
    await page.waitForLoadState('networkidle').catch(() => undefined);
    await expect(page.locator('[aria-busy=true]')).toHaveCount(0);
    await page.screenshot({ path: file, animations: 'disabled' });
  };
  await shoot('/shop', join(shots, 'phone-shop.png'));
  await shoot('/sync', join(shots, 'phone-sync.png'));
  await shoot('/list', join(images, 'list.png'));
  await page.setViewportSize({ width: 1280, height: 800 });
  await shoot(`/week/2026-W48`, join(images, 'week.png'));
  await phone.close();

  const desk = await newDevice(browser, larder, {
    viewport: { width: 1280, height: 800 },
    deviceScaleFactor: 2,
  });
  const deskTab = await desk.openTab();
  await signUp(deskTab, newPerson('Ben'));
  await furnish(deskTab);
  await deskTab.page.goto(`${desk.proxy.url}/week/2026-W48`);
  await expect(deskTab.page.getByText('Lasagne').first()).toBeVisible();
  await deskTab.page.screenshot({ path: join(shots, 'desk-week.png'), animations: 'disabled' });
  await desk.close();
});
