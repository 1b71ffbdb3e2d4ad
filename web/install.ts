/**
 * Registers the service worker and watches for a new version of the app. Nothing reloads by itself: a
 * waiting version is told once, and only when the person says so is the worker swapped and this tab
 * reloaded, exactly once.
 *
 * A browser that loses the network while the shell is being stored gives up and forgets the registration.
 * It is tried again in the same tab: when the network is back, when the tab is looked at, and in between at
 * growing intervals, for a server that was down is never told as a network that came back.
 */
import { Workbox } from 'workbox-window';

export interface UpdateNotice {
  /** A new version waits; call `reload` when it suits the person. */
  readonly onWaiting: (reload: () => void) => void;
  /** A new version is in charge, and this tab is of the old one. Resolves when it has let go of everything. */
  readonly onSuperseded: () => Promise<void>;
  /** The shell is stored: the app opens without a network from now on. */
  readonly onReadyOffline: () => void;
}

/** An hour, as long as the tab is looked at. */
const CHECK_EVERY_MS = 3_600_000;
/** A tab that cannot let go in this time reloads all the same: what was acknowledged is on disk. */
const LET_GO_MS = 5_000;
const RETRY_FIRST_MS = 2_000;
const RETRY_MAX_MS = 300_000;

export async function installServiceWorker(notice: UpdateNotice): Promise<void> {
  if (!('serviceWorker' in navigator)) return;
  watchController(notice);
  let retryAfterMs = RETRY_FIRST_MS;
  for (;;) {
    const workbox = await install(notice);
    if (workbox !== null) {
      lookForUpdates(workbox);
      return;
    }
    await nextChance(retryAfterMs);
    retryAfterMs = Math.min(retryAfterMs * 2, RETRY_MAX_MS);
  }
}

/** A person asked for the new version in this tab. */
let isReloadWanted = false;

function watchController(notice: UpdateNotice): void {
  const container = navigator.serviceWorker;
  let ours = findVersion(container);
  let isSuperseded = false;
  const change = async (): Promise<void> => {
    const before = ours;
    const now = container.controller;
    ours = Promise.resolve(now);
    const known = await before;
    // The first one makes this very version work without a network.
    const isNewer = known !== null && now !== known;
    if ((!isNewer && !isReloadWanted) || isSuperseded) return;
    isSuperseded = true;
    const letGo = notice.onSuperseded();
    if (!isReloadWanted) return;
    const late = new Promise<void>((resolve) => {
      setTimeout(resolve, LET_GO_MS);
    });
    void Promise.race([letGo, late]).finally(() => location.reload());
  };
  container.addEventListener('controllerchange', () => void change());
}

/** The version that was in charge when this tab began: a forced reload goes past it, and is served by none. */
async function findVersion(container: ServiceWorkerContainer): Promise<ServiceWorker | null> {
  if (container.controller !== null) return container.controller;
  const registration = await container.getRegistration().catch(() => undefined);
  return registration?.active ?? null;
}

/** Null when there is no stored shell at the end of it, neither this nor an older one. */
async function install(notice: UpdateNotice): Promise<Workbox | null> {
  const workbox = new Workbox('/sw.js');
  workbox.addEventListener('waiting', () => {
    notice.onWaiting(() => {
      isReloadWanted = true;
      workbox.messageSkipWaiting();
    });
  });
  workbox.addEventListener('installed', (event) => {
    if (event.isUpdate !== true) notice.onReadyOffline();
  });
  try {
    const registration = await workbox.register();
    return registration !== undefined && (await isStored(registration)) ? workbox : null;
  } catch (error) {
    // The script could not be fetched; anything else would be the same at every further try.
    if (error instanceof TypeError) return null;
    throw error;
  }
}

async function isStored({
  installing,
  waiting,
  active,
}: ServiceWorkerRegistration): Promise<boolean> {
  if (waiting !== null || active !== null) return true;
  if (installing === null) return false;
  while (installing.state === 'installing') {
    await new Promise((resolve) =>
      installing.addEventListener('statechange', resolve, { once: true }),
    );
  }
  return installing.state !== 'redundant';
}

function nextChance(afterMs: number): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      removeEventListener('online', end);
      document.removeEventListener('visibilitychange', look);
      resolve();
    };
    const look = (): void => {
      if (document.visibilityState === 'visible') end();
    };
    const timer = setTimeout(end, afterMs);
    addEventListener('online', end);
    document.addEventListener('visibilitychange', look);
  });
}

function lookForUpdates(workbox: Workbox): void {
  let checkedAtMs = Date.now();
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState !== 'visible' || Date.now() - checkedAtMs < CHECK_EVERY_MS) return;
    checkedAtMs = Date.now();
    // Without a network there is no newer version to find; the next look will tell.
    workbox.update().catch(() => undefined);
  });
}
