/**
 * The owner of the database ends under open tabs, or a tab ends under the owner: acknowledged work is there,
 * what was asked for is asked again and done once, and nobody has to reload.
 */
import type { Page } from '@playwright/test';
import { crashTab, endSharedWorkers } from './browser-faults.ts';
import { type Device, expect, newPerson, signUp, type Tab } from './fixtures.ts';
import { test } from './kept-profile.ts';
import { line } from './kitchen-data.ts';

const field = (page: Page) => page.getByRole('textbox', { name: 'Add to the list' });

/** Through the screen: asked for, not waited for. */
async function type(page: Page, title: string): Promise<void> {
  await field(page).fill(title);
  await field(page).press('Enter');
}

async function countOf(tab: Tab, title: string): Promise<number> {
  const rows = (await tab.dump())['list_items'] ?? [];
  return rows.filter((row) => row['title'] === title).length;
}

/** Without numbers: quick add would read those as amounts. */
const names = (prefix: string, count: number): string[] =>
  Array.from({ length: count }, (_, index) => prefix + String.fromCodePoint(97 + index).repeat(3));

test('[TABS-204] a shared worker that is ended under open tabs is replaced, and every act is kept once', async ({
  keptDevice,
}) => {
  const laptop = await keptDevice();
  const [tab, other] = [await laptop.openTab(), await laptop.openTab()];
  await tab.perform('list.add', { entries: [line('Acknowledged')] });
  const titles = names('Cut', 6);
  for (const title of titles) {
    // The act is on its way when the worker goes.
    await type(tab.page, title);
    await endSharedWorkers(laptop.context, laptop.proxy.url);
    for (const { page } of [tab, other]) {
      await expect(page.getByText(title, { exact: true })).toBeVisible();
    }
  }
  for (const title of ['Acknowledged', ...titles]) {
    expect(await countOf(tab, title), title).toBe(1);
  }
  await expect(tab.page.getByText('Larder stopped')).toHaveCount(0);
});

test('[TABS-216] whoever stands in line for the pulse of a tab does not keep it from noticing the end of a worker', async ({
  keptDevice,
}) => {
  const laptop = await keptDevice();
  const [tab, other] = [await laptop.openTab(), await laptop.openTab()];
  await tab.perform('list.add', { entries: [line('Acknowledged')] });
  // As a worker does that was killed a moment ago.
  await other.page.evaluate(async () => {
    const { held = [] } = await navigator.locks.query();
    for (const { name = '' } of held)
      if (name.startsWith('larder:tab:'))
        void navigator.locks.request(name, () => new Promise(() => undefined));
  });
  for (const title of names('Cut', 2)) {
    await endSharedWorkers(laptop.context, laptop.proxy.url);
    await type(tab.page, title);
    await expect(tab.page.getByText(title, { exact: true })).toBeVisible();
    await tab.page.waitForTimeout(1_500);
  }
});

/** A busy page: its first hello comes when the worker that it is meant for is gone. */
function delayHello(): void {
  const port = MessagePort.prototype as {
    postMessage: (this: MessagePort, ...words: unknown[]) => void;
  };
  const post = port.postMessage;
  let isFirst = true;
  port.postMessage = function (...words) {
    const [message] = words as [{ path?: unknown[] } | null];
    const isHello = message?.path?.[0] === 'hello';
    if (isFirst && isHello) setTimeout(() => post.apply(this, words), 3_000);
    else post.apply(this, words);
    if (isHello) isFirst = false;
  };
}

test('[TABS-217] a worker that ends before it said hello is noticed by asking again', async ({
  keptDevice,
}) => {
  const laptop = await keptDevice();
  const tab = await laptop.openTab();
  await tab.perform('list.add', { entries: [line('Acknowledged')] });
  await tab.page.addInitScript(delayHello);
  await tab.page.reload();
  await expect(tab.page.getByText('Acknowledged', { exact: true })).toBeVisible();
  await endSharedWorkers(laptop.context, laptop.proxy.url);
  await type(tab.page, 'Meanwhile');
  await expect(tab.page.getByText('Meanwhile', { exact: true })).toBeVisible();
});

test('[TABS-205] the same act sent again to the next worker changes nothing', async ({
  keptDevice,
}) => {
  const laptop = await keptDevice();
  const tab = await laptop.openTab();
  const actId = crypto.randomUUID();
  const entries = [line('Once')];
  await tab.perform('list.add', { entries }, actId);
  await endSharedWorkers(laptop.context, laptop.proxy.url);
  await tab.perform('list.add', { entries }, actId);
  expect(await countOf(tab, 'Once')).toBe(1);
});

test('[TABS-206] a tab that crashes takes nothing along, and the other one goes on writing', async ({
  keptDevice,
}) => {
  const laptop = await keptDevice();
  // The first tab started the worker, and its process may be the worker's too.
  const [first, second] = [await laptop.openTab(), await laptop.openTab()];
  await first.perform('list.add', { entries: [line('Of the crashed one')] });
  const titles = names('Line', 20);
  const writing = (async () => {
    for (const title of titles) {
      await type(second.page, title);
      await expect(second.page.getByText(title, { exact: true })).toBeVisible();
    }
  })();
  await expect(second.page.getByText('Lineccc', { exact: true })).toBeVisible();
  await crashTab(first.page);
  await writing;
  for (const title of ['Of the crashed one', ...titles]) {
    expect(await countOf(second, title), title).toBe(1);
  }
  await first.page.close();
});

test('[TABS-207] five tabs closed in any order never stop sync for more than five seconds', async ({
  keptDevice,
  serverDump,
}, info) => {
  const laptop = await keptDevice();
  const ana = newPerson('Ana');
  const tabs = [await laptop.openTab()];
  const [signedUp] = tabs;
  if (signedUp !== undefined) await signUp(signedUp, ana);
  while (tabs.length < 5) tabs.push(await laptop.openTab());
  const titles = async () => (await serverDump(ana))['list_items']?.map((row) => row['title']);
  let longestMs = 0;
  // Last, first, middle: whoever started the worker is not the last to go.
  for (const index of [4, 0, 1, 0]) {
    const [closed] = tabs.splice(index, 1);
    await closed?.page.close();
    const closedAtMs = performance.now();
    const title = `After ${tabs.length} were left`;
    await tabs[0]?.perform('list.add', { entries: [line(title)] });
    await expect.poll(titles, { intervals: [100] }).toContain(title);
    longestMs = Math.max(longestMs, performance.now() - closedAtMs);
  }
  info.annotations.push({
    type: 'sync after a closed tab',
    description: `at most ${longestMs.toFixed(0)} ms until the next edit was on the server`,
  });
});

test('[TABS-209] a storm of reloads loses nothing and ends with every tab open', async ({
  keptDevice,
}) => {
  const laptop = await keptDevice();
  const tabs = await openTabs(laptop, 3);
  const [writer] = tabs;
  const titles = names('Storm', 8);
  for (const title of titles) {
    await writer?.perform('list.add', { entries: [line(title)] });
    await Promise.all(tabs.map(({ page }) => page.reload({ waitUntil: 'commit' })));
  }
  for (const tab of tabs) {
    for (const title of titles) {
      await expect(tab.page.getByText(title, { exact: true })).toBeVisible();
    }
  }
});

async function openTabs(device: Device, count: number): Promise<Tab[]> {
  const tabs: Tab[] = [];
  while (tabs.length < count) tabs.push(await device.openTab());
  return tabs;
}
