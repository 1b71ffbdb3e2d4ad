/**
 * Devices in a profile on disk, as people have them; the contexts of the other tests live in memory, where
 * quotas, locks and workers are not quite the same. One browser serves a whole file: every device has an
 * origin of its own (its proxy), so its storage and workers are its own as well.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BrowserContext, chromium } from '@playwright/test';
import { persistentContext } from './browser-process.ts';
import { Device, prepareContext, test as base } from './fixtures.ts';
import { startProxy } from './proxy.ts';

interface KeptProfile {
  readonly profile: BrowserContext;
}

export const test = base.extend<{ keptDevice: () => Promise<Device> }, KeptProfile>({
  profile: [
    // oxlint-disable-next-line no-empty-pattern -- Playwright reads the names from the pattern
    async ({}, use) => {
      const folder = await mkdtemp(join(tmpdir(), 'larder-profile-'));
      const context = await persistentContext(chromium, folder);
      await prepareContext(context);
      await use(context);
      await context.close();
      await rm(folder, { recursive: true, force: true });
    },
    { scope: 'worker', timeout: 60_000 },
  ],
  keptDevice: async ({ profile, larder }, use) => {
    const devices: Device[] = [];
    await use(async () => {
      const device = new Device(profile, await startProxy(larder.url));
      devices.push(device);
      return device;
    });
    for (const device of devices) {
      await device.closeTabs();
      await device.proxy.close();
    }
  },
});
