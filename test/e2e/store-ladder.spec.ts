/** Which store the worker takes in browsers that lack one, and what a person sees where there is none. */
import { AxeBuilder } from '@axe-core/playwright';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BrowserContext, chromium } from '@playwright/test';
import { launchOptions } from '../../playwright.config.ts';
import { clearSiteData } from './browser-faults.ts';
import { persistentContext } from './browser-process.ts';
import { expect, prepareContext, Tab, test as base } from './fixtures.ts';
import { line } from './kitchen-data.ts';
import { type PreludeProxy, startPreludeProxy } from './prelude-proxy.ts';

/** Safari before 26 has the folder, and no call there that writes into it. */
const NO_CREATE_WRITABLE = 'delete FileSystemFileHandle.prototype.createWritable';
const REFUSED = `throw new DOMException('refused in this window', 'SecurityError')`;
const NO_OPFS = `StorageManager.prototype.getDirectory = async () => { ${REFUSED} }`;
const NO_INDEXEDDB = `IDBFactory.prototype.open = () => { ${REFUSED} }`;

/** A busy page: whatever it says to the worker arrives when that has failed already. */
function delayFirstWords(): void {
  const port = MessagePort.prototype as {
    postMessage: (this: MessagePort, ...words: unknown[]) => void;
  };
  const post = port.postMessage;
  port.postMessage = function (...words) {
    const say = (): void => post.apply(this, words);
    // What carries nothing is the page's own scheduler.
    if (words[0] === null || performance.now() > 3_000) say();
    else setTimeout(say, 3_000 - performance.now());
  };
}

const test = base.extend<{ ladder: PreludeProxy; anew: (init?: () => void) => Promise<Tab> }>({
  ladder: async ({ larder }, use) => {
    const proxy = await startPreludeProxy(larder.url);
    await use(proxy);
    await proxy.close();
  },
  /** Starts the browser, the first time or again, and opens the app. */
  anew: async ({ ladder }, use) => {
    const profile = await mkdtemp(join(tmpdir(), 'larder-ladder-'));
    let context: BrowserContext | null = null;
    await use(async (init) => {
      await context?.close();
      // A stored shell would answer with the worker of the first visit.
      const options = { ...launchOptions, serviceWorkers: 'block' } as const;
      context = await persistentContext(chromium, profile, options);
      await prepareContext(context);
      if (init !== undefined) await context.addInitScript(init);
      const page = await context.newPage();
      await page.goto(`${ladder.url}/list`);
      return new Tab(page);
    });
    await (context as BrowserContext | null)?.close();
    await rm(profile, { recursive: true, force: true });
  },
});

test('[STORE-283] OPFS that cannot be written is no home: the kitchen lives in IndexedDB', async ({
  ladder,
  anew,
}) => {
  ladder.setPrelude(NO_CREATE_WRITABLE);
  const tab = await anew();
  await tab.perform('list.add', { entries: [line('Quinoa')] });
  expect((await tab.status()).durable).toBe('strict');
});

test('[STORE-284] a kitchen stays where it is when a better store appears', async ({
  ladder,
  anew,
}) => {
  ladder.setPrelude(NO_OPFS);
  const before = await anew();
  await before.perform('list.add', { entries: [line('Quinoa')] });
  ladder.setPrelude('');
  const after = await anew();
  await expect(after.page.getByText('Quinoa', { exact: true })).toBeVisible();
  expect((await after.status()).durable).toBe('strict');
});

for (const keeps of [true, false]) {
  const choice = keeps ? 'kept when a person says so' : 'not kept when a person says so';
  test(`[STORE-501] site data cleared under a kitchen in IndexedDB is said, and ${choice}`, async ({
    ladder,
    anew,
  }) => {
    ladder.setPrelude(NO_OPFS);
    const tab = await anew();
    const { page } = tab;
    await tab.perform('list.add', { entries: [line('Quinoa')] });
    await clearSiteData(page);
    const field = page.getByRole('textbox', { name: 'Add to the list' });
    await field.fill('Afterwards');
    await field.press('Enter');
    const dialog = page.getByRole('alertdialog', { name: /storage was cleared/ });
    await expect(dialog).toBeVisible();
    await dialog.getByRole('button', { name: keeps ? 'Keep it' : 'Start anew' }).click();
    await expect(page.getByText('Afterwards', { exact: true })).toBeVisible();
    const after = await anew();
    await expect(after.page.getByText('Afterwards', { exact: true })).toBeVisible();
    await expect(after.page.getByText('Quinoa', { exact: true })).toHaveCount(keeps ? 1 : 0);
    expect((await after.status()).durable).toBe('strict');
  });
}

test('[STORE-285] a home that does not answer is said, and no empty kitchen is begun', async ({
  ladder,
  anew,
}) => {
  const before = await anew();
  await before.perform('list.add', { entries: [line('Quinoa')] });
  ladder.setPrelude(NO_OPFS);
  const refused = await anew(delayFirstWords);
  await expect(refused.page.getByText('Larder stopped')).toBeVisible({ timeout: 30_000 });
  ladder.setPrelude('');
  const after = await anew();
  await expect(after.page.getByText('Quinoa', { exact: true })).toBeVisible();
});

test('[STORE-286] where nothing is kept every screen says so, and nothing calls it saved', async ({
  ladder,
  anew,
}) => {
  ladder.setPrelude(`${NO_OPFS}; ${NO_INDEXEDDB}`);
  const tab = await anew();
  const { page } = tab;
  const banner = page.getByRole('complementary', { name: 'Nothing is kept on this device' });
  await tab.perform('list.add', { entries: [line('Quinoa')] });
  await expect(page.getByText('Quinoa', { exact: true })).toBeVisible();
  await expect(page.getByText('Saved on this')).toHaveCount(0);
  for (const path of ['/list', '/shop', '/week', '/recipes', '/pantry', '/settings', '/sign-in']) {
    await page.evaluate((to) => history.pushState(null, '', to), path);
    await expect(banner, path).toBeInViewport({ ratio: 1 });
    await expect(page.getByRole('heading', { level: 1 }).first()).toBeVisible();
    await expect(
      page.getByText(/is saved on|keeps your kitchen until|only copy/),
      path,
    ).toHaveCount(0);
  }
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    const { violations } = await new AxeBuilder({ page }).include('aside').analyze();
    expect(violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html ?? ''}`)).toEqual([]);
  }
  await banner.getByRole('link', { name: 'Why?' }).click();
  await expect(page.getByText('This window cannot store anything').first()).toBeVisible();
});
