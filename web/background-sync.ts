/**
 * Asks the browser to send later what could not be sent now, when there may be no tab left to do it. Only
 * Chromium can (Background Sync); elsewhere the next start, the `online` event and a tab that becomes visible
 * (`wakeWhenSeen`) do the same.
 *
 * Asked for when an exchange has failed with something unsent, and when a tab that shows unsent work is
 * hidden, for it may never come back. Not at every edit: a worker that sends at once needs no second one.
 * A kitchen with a household also asks for a periodic exchange, where the browser has that.
 */
import { type Kitchen, SYNC_TAG } from '../shared/rpc.ts';
import type { SyncStatus } from '../shared/status.ts';

interface SyncRegistration extends ServiceWorkerRegistration {
  readonly sync?: { register(tag: string): Promise<void> };
  readonly periodicSync?: {
    register(tag: string, options: { readonly minInterval: number }): Promise<void>;
  };
}

/** The browser makes it rarer as it sees fit, by how often the app is opened. */
const PERIOD_MS_MIN = 12 * 3_600_000;

const hasFailed = ({ phase }: SyncStatus): boolean =>
  phase === 'offline' || phase === 'server-trouble';

/** A device that slept may hold a stream that died without a word, and no `online` event tells of it. */
export function wakeWhenSeen(kitchen: Pick<Kitchen, 'wake'>): void {
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState !== 'visible') return;
    // A worker that is gone is told by the frame, and the next one asks by itself.
    kitchen.wake().catch(() => undefined);
  });
}

export function askForBackgroundSync(kitchen: Pick<Kitchen, 'watchStatus'>): void {
  if (!('serviceWorker' in navigator)) return;
  let hasUnsent = false;
  let isAsked = false;
  let isPeriodic = false;

  const ask = (): void => {
    if (isAsked) return;
    isAsked = true;
    register().catch(() => {
      // Refused by the person or not there: the other ways of sending remain.
      isAsked = false;
    });
  };
  kitchen
    .watchStatus((status) => {
      const isAttached = status.phase !== 'local-only' && status.phase !== 'opening';
      hasUnsent = status.unsent.rows > 0 && isAttached;
      if (isAttached && !isPeriodic) {
        isPeriodic = true;
        // Given to installed apps alone.
        registerPeriodic().catch(() => undefined);
      }
      if (!hasUnsent) isAsked = false;
      else if (hasFailed(status)) ask();
    })
    // A worker that is gone is told by the frame.
    .catch(() => undefined);
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState !== 'hidden' || !hasUnsent) return;
    // The one asked for earlier may have come and gone while the tab was open.
    isAsked = false;
    ask();
  });
}

async function register(): Promise<void> {
  const registration: SyncRegistration = await navigator.serviceWorker.ready;
  await registration.sync?.register(SYNC_TAG);
}

async function registerPeriodic(): Promise<void> {
  const registration: SyncRegistration = await navigator.serviceWorker.ready;
  await registration.periodicSync?.register(SYNC_TAG, { minInterval: PERIOD_MS_MIN });
}
