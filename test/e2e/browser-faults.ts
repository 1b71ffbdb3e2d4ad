/** Faults of the browser itself, made through its developer protocol. Everything after them is real. */
import type { BrowserContext, CDPSession, Page } from '@playwright/test';
import { expect } from '@playwright/test';

/**
 * Ends the shared workers of an origin, as the system does when it needs memory, and as Chromium does by
 * itself a while after the last tab. Resolves when they are gone.
 */
export async function endSharedWorkers(context: BrowserContext, appUrl: string): Promise<void> {
  const page = await context.newPage();
  const session = await context.newCDPSession(page);
  const living = async () => {
    const { targetInfos } = await session.send('Target.getTargets');
    return targetInfos
      .filter(({ type, url }) => type === 'shared_worker' && url.startsWith(appUrl))
      .map(({ targetId }) => targetId);
  };
  const found = await living();
  for (const targetId of found) await session.send('Target.closeTarget', { targetId });
  // Tabs may have started the next one already.
  await expect
    .poll(async () => (await living()).filter((targetId) => found.includes(targetId)))
    .toEqual([]);
  await page.close();
}

/** The renderer of the tab dies; its page stays open and shows nothing. */
export async function crashTab(page: Page): Promise<void> {
  const crashed = page.waitForEvent('crash');
  const session = await page.context().newCDPSession(page);
  // The answer never comes: who would give it is gone.
  session.send('Page.crash').catch(() => undefined);
  await crashed;
}

/** What a phone does with a tab in the background: its timers and promises stand still. */
export async function setFrozen(page: Page, isFrozen: boolean): Promise<void> {
  const session = await page.context().newCDPSession(page);
  await session.send('Page.setWebLifecycleState', { state: isFrozen ? 'frozen' : 'active' });
  await session.detach();
}

/**
 * The origin is full, but for `spareBytes`. The browser believes it as long as the session lives: the returned
 * function gives the room back.
 */
export async function fillStorage(page: Page, spareBytes: number): Promise<() => Promise<void>> {
  const session = await page.context().newCDPSession(page);
  const { origin } = new URL(page.url());
  const { usage } = await session.send('Storage.getUsageAndQuota', { origin });
  await session.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: usage + spareBytes });
  return () => session.detach();
}

/** "Clear site data" while tabs are open. */
export async function clearSiteData(page: Page): Promise<void> {
  const session = await page.context().newCDPSession(page);
  await session.send('Storage.clearDataForOrigin', {
    origin: new URL(page.url()).origin,
    storageTypes: 'all',
  });
  await session.detach();
}

export interface ServiceWorkerControl {
  dispatchSync(tag: string): Promise<void>;
  dispatchPeriodicSync(tag: string): Promise<void>;
  /** Ends the running worker; its registration stays, and the next event starts it again. */
  stop(): Promise<void>;
}

/** Through a page of the same profile that is not one of ours, so that it counts as no tab. */
export async function controlServiceWorker(
  context: BrowserContext,
  appUrl: string,
): Promise<ServiceWorkerControl> {
  const session: CDPSession = await context.newCDPSession(await context.newPage());
  const { origin } = new URL(appUrl);
  let versionId: string | null = null;
  session.on('ServiceWorker.workerVersionUpdated', ({ versions }) => {
    for (const { scriptURL, runningStatus, versionId: id } of versions) {
      if (!scriptURL.startsWith(origin)) continue;
      if (runningStatus === 'running' || runningStatus === 'starting') versionId = id;
      else if (versionId === id) versionId = null;
    }
  });
  const registration = new Promise<string>((resolve) => {
    session.on('ServiceWorker.workerRegistrationUpdated', ({ registrations }) => {
      const ours = registrations.find(({ scopeURL }) => scopeURL.startsWith(origin));
      if (ours !== undefined) resolve(ours.registrationId);
    });
  });
  await session.send('ServiceWorker.enable');
  const registrationId = await registration;
  return {
    async dispatchSync(tag) {
      await session.send('ServiceWorker.dispatchSyncEvent', {
        origin,
        registrationId,
        tag,
        lastChance: false,
      });
    },
    async dispatchPeriodicSync(tag) {
      await session.send('ServiceWorker.dispatchPeriodicSyncEvent', {
        origin,
        registrationId,
        tag,
      });
    },
    async stop() {
      if (versionId === null) throw new Error('the service worker is not running');
      await session.send('ServiceWorker.stopWorker', { versionId });
    },
  };
}
