/**
 * Registers the service worker and watches for a new version of the app. Nothing reloads by itself: a
 * waiting version is told once, and only when the person says so is the worker swapped and this tab
 * reloaded, exactly once.
 */
import { Workbox } from 'workbox-window';

export interface UpdateNotice {
  /** A new version waits; call `reload` when it suits the person. */
  readonly onWaiting: (reload: () => void) => void;
  /** The shell is stored: the app opens without a network from now on. */
  readonly onReadyOffline: () => void;
}

/** An hour, as long as the tab is looked at. */
const CHECK_EVERY_MS = 3_600_000;

export async function installServiceWorker(notice: UpdateNotice): Promise<void> {
  if (!('serviceWorker' in navigator)) return;
  const workbox = new Workbox('/sw.js');
  let reloading = false;
  workbox.addEventListener('waiting', () => {
    notice.onWaiting(() => {
      workbox.addEventListener('controlling', () => {
        if (reloading) return;
        reloading = true;
        location.reload();
      });
      workbox.messageSkipWaiting();
    });
  });
  workbox.addEventListener('installed', (event) => {
    if (event.isUpdate !== true) notice.onReadyOffline();
  });
  await workbox.register();
  let checkedAtMs = Date.now();
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState !== 'visible' || Date.now() - checkedAtMs < CHECK_EVERY_MS) return;
    checkedAtMs = Date.now();
    // Without a network there is no newer version to find; the next look will tell.
    workbox.update().catch(() => undefined);
  });
}
