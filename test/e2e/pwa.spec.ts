/** Installable, usable from the first visit, and never reloading by itself. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type Page } from '@playwright/test';
import { persistentContext } from './browser-process.ts';
import { expect, test } from './fixtures.ts';
import { line } from './kitchen-data.ts';
import { makeNextBuild } from './next-build.ts';

test('[UI-90] the app is installable and its manifest is complete', async ({ larder }) => {
  const profile = await mkdtemp(join(tmpdir(), 'larder-install-'));
  const context = await persistentContext(chromium, profile);
  try {
    const page = await context.newPage();
    await page.goto(larder.url);
    await page.evaluate(() => navigator.serviceWorker.ready);
    const session = await context.newCDPSession(page);
    const { installabilityErrors } = await session.send('Page.getInstallabilityErrors');
    expect(installabilityErrors).toEqual([]);
    const { errors } = await session.send('Page.getAppManifest');
    expect(errors).toEqual([]);
    const manifest = (await (
      await page.request.get(`${larder.url}/manifest.webmanifest`)
    ).json()) as {
      id: string;
      icons: { src: string; purpose: string }[];
      shortcuts: unknown[];
    };
    expect(manifest.id).toBe('/');
    expect(manifest.shortcuts).toHaveLength(3);
    for (const icon of manifest.icons) {
      const answer = await page.request.get(larder.url + icon.src);
      expect(answer.headers()['content-type']).toBe('image/png');
    }
  } finally {
    await context.close();
    await rm(profile, { recursive: true, force: true });
  }
});

test('[UI-91] the shell opens without a network, at every address', async ({ device }) => {
  const laptop = await device();
  const tab = await laptop.openTab();
  await laptop.goOffline();
  for (const path of ['/list', '/week', '/recipes', '/pantry', '/settings', '/import', '/trash']) {
    await tab.page.goto(laptop.proxy.url + path);
    await expect(tab.page.getByRole('main'), path).toBeVisible();
    await expect(tab.page.getByRole('heading', { level: 1 }), path).toBeVisible();
  }
});

test('[UI-200] a first visit that lost the network while the shell was being stored finishes it without a reload', async ({
  device,
}) => {
  const laptop = await device();
  const { proxy } = laptop;
  const isStoring = proxy.swallowAnswerTo(/^GET \/icons\/\S*512/);
  const { page } = await laptop.openTab();
  await isStoring;
  proxy.cut();
  const registered = () =>
    page.evaluate(async () => (await navigator.serviceWorker.getRegistrations()).length);
  await expect.poll(registered, 'the browser gave up').toBe(0);

  proxy.heal();
  await page.evaluate(() => navigator.serviceWorker.ready);
  proxy.cut();
  await page.goto(`${proxy.url}/week`);
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
});

test('[UI-92] no page breaks the content security policy or logs an error', async ({ device }) => {
  const laptop = await device();
  const tab = await laptop.openTab();
  const complaints: string[] = [];
  tab.page.on('console', (message) => {
    if (message.type() === 'error' || /Content Security Policy/.test(message.text())) {
      complaints.push(message.text());
    }
  });
  tab.page.on('pageerror', (error) => complaints.push(String(error)));
  for (const path of ['/list', '/shop', '/week', '/recipes', '/recipes/new', '/import', '/sync']) {
    await tab.page.goto(laptop.proxy.url + path);
    await expect(tab.page.getByRole('heading', { level: 1 }).first(), path).toBeVisible();
  }
  expect(complaints).toEqual([]);
});

async function pressUpdate(page: Page): Promise<void> {
  await page.evaluate(async () => (await navigator.serviceWorker.ready).update());
  await page.getByRole('button', { name: 'Everything else' }).click();
  await page.getByRole('button', { name: 'Update ready' }).click();
}

test('[UI-201] an update asked for in one tab gets the database at once, and the other tab says that it is old', async ({
  device,
  larder,
}, info) => {
  const laptop = await device();
  const [tab, other] = [await laptop.openTab(), await laptop.openTab()];
  for (const { page } of [tab, other]) {
    await page.waitForFunction(() => navigator.serviceWorker.controller !== null);
  }
  await tab.perform('list.add', { entries: [line('Before')] });
  try {
    await larder.restart(makeNextBuild(info.outputPath('next')));
    laptop.proxy.retarget(larder.url);
    await pressUpdate(tab.page);
    // The old worker would keep the database for as long as the other tab is open.
    await expect(tab.page.locator('script[src*="Next.js"]')).toHaveCount(1);
    await expect(tab.page.getByText('Before', { exact: true })).toBeVisible();
    await expect(other.page.getByRole('alertdialog', { name: 'Larder was updated' })).toBeVisible();
    await tab.perform('list.add', { entries: [line('After')] });
    await other.page.getByRole('button', { name: 'Reload' }).click();
    await expect(other.page.getByText('After', { exact: true })).toBeVisible();
  } finally {
    await larder.restart();
  }
});

test('[UI-520] an update asked for in a tab that was loaded past the stored shell reloads it once, and others let go', async ({
  device,
  larder,
}, info) => {
  const laptop = await device();
  const [tab, other] = [await laptop.openTab(), await laptop.openTab()];
  for (const { page } of [tab, other]) {
    await page.waitForFunction(() => navigator.serviceWorker.controller !== null);
    const session = await laptop.context.newCDPSession(page);
    const loaded = page.waitForEvent('load');
    await session.send('Page.reload', { ignoreCache: true });
    await loaded;
    expect(await page.evaluate(() => navigator.serviceWorker.controller)).toBeNull();
  }
  await tab.perform('list.add', { entries: [line('Before')] });
  let loads = 0;
  tab.page.on('load', () => (loads += 1));
  try {
    await larder.restart(makeNextBuild(info.outputPath('next')));
    laptop.proxy.retarget(larder.url);
    await pressUpdate(tab.page);
    await expect(tab.page.locator('script[src*="Next.js"]')).toHaveCount(1);
    await expect(tab.page.getByText('Before', { exact: true })).toBeVisible();
    await expect(other.page.getByRole('alertdialog', { name: 'Larder was updated' })).toBeVisible();
    await tab.perform('list.add', { entries: [line('After')] });
    expect(loads).toBe(1);
  } finally {
    await larder.restart();
  }
});
