/** Tabs that the browser puts to sleep: a phone does it to whatever is in the background. */
import type { Page } from '@playwright/test';
import { endSharedWorkers, setFrozen } from './browser-faults.ts';
import { type Device, expect, newPerson, signUp, type Tab } from './fixtures.ts';
import { line } from './kitchen-data.ts';
import { test } from './plain-browser.ts';

const shown = (page: Page, title: string) => page.getByText(title, { exact: true });

async function addLine(page: Page, title: string): Promise<void> {
  const field = page.getByRole('textbox', { name: 'Add to the list' });
  await field.fill(title);
  await field.press('Enter');
  await expect(shown(page, title)).toBeVisible({ timeout: 10_000 });
}

/** Makes sure that it did: a browser that keeps a tab in sight only says so. */
async function freeze({ page }: Tab): Promise<void> {
  await setFrozen(page, true);
  await page.evaluate(() => {
    const counted = { ticks: 0 };
    setInterval(() => (counted.ticks += 1), 10);
    Object.assign(window, { counted });
  });
  await new Promise((resolve) => setTimeout(resolve, 200));
  const ticks = await page.evaluate(
    () => (window as unknown as { counted: { ticks: number } }).counted.ticks,
  );
  expect(ticks, 'a frozen tab has no timers').toBe(0);
}

/** A browser without SharedWorker: the first tab hosts, the second one reaches it. */
async function hostAndGuest(device: Device): Promise<readonly [Tab, Tab]> {
  await device.context.addInitScript(() => {
    Reflect.deleteProperty(window, 'SharedWorker');
  });
  const host = await device.openTab();
  await addLine(host.page, 'Quinoa');
  await host.shellStored();
  const guest = await device.openTab();
  await expect(shown(guest.page, 'Quinoa')).toBeVisible();
  return [host, guest];
}

test('[TABS-208] a frozen tab stops neither the others nor sync, and catches up when it thaws', async ({
  plainDevice,
  serverDump,
}) => {
  const ana = newPerson('Ana');
  const frozen = await plainDevice.openTab();
  await signUp(frozen, ana);
  const awake = await plainDevice.openTab();
  await freeze(frozen);
  await awake.perform('list.add', { entries: [line('While it slept')] });
  await expect
    .poll(async () => (await serverDump(ana))['list_items']?.map((row) => row['title']))
    .toEqual(['While it slept']);
  await setFrozen(frozen.page, false);
  await expect(shown(frozen.page, 'While it slept')).toBeVisible();
});

test('[TABS-213] a tab that hosts and is frozen lets another one host, and reaches that one when it thaws', async ({
  plainDevice,
}) => {
  const [host, second] = await hostAndGuest(plainDevice);

  await freeze(host);
  await addLine(second.page, 'Zucchini');
  const third = await plainDevice.openTab();
  for (const title of ['Quinoa', 'Zucchini']) {
    await expect(shown(third.page, title)).toBeVisible();
  }

  await setFrozen(host.page, false);
  await expect(shown(host.page, 'Zucchini')).toBeVisible();
  await addLine(host.page, 'Yuzu');
  for (const { page } of [second, third]) await expect(shown(page, 'Yuzu')).toBeVisible();
});

test('[TABS-214] a frozen guest is not the next host, and the others go on when the host closes', async ({
  plainDevice,
}) => {
  // The first guest is the first in line for the place of the host.
  const [host, guest] = await hostAndGuest(plainDevice);
  const other = await plainDevice.openTab();
  await expect(shown(other.page, 'Quinoa')).toBeVisible();
  await freeze(guest);
  await host.page.close();
  await addLine(other.page, 'Zucchini');
  await setFrozen(guest.page, false);
  await expect(shown(guest.page, 'Zucchini')).toBeVisible();
});

test('[TABS-215] a frozen tab does not keep from the others that the worker ended', async ({
  plainDevice,
}) => {
  // First in line for the lifeline of the worker.
  const frozen = await plainDevice.openTab();
  const awake = await plainDevice.openTab();
  await awake.perform('list.add', { entries: [line('Before')] });
  await freeze(frozen);
  await endSharedWorkers(plainDevice.context, plainDevice.proxy.url);
  await addLine(awake.page, 'Meanwhile');
  await setFrozen(frozen.page, false);
  for (const title of ['Before', 'Meanwhile']) {
    await expect(shown(frozen.page, title)).toBeVisible();
  }
});
