/**
 * Asks the browser to send later what could not be sent now, when there may be no tab left to do it. Only
 * Chromium can (Background Sync); elsewhere the next start, the `online` event and a tab that becomes visible
 * do the same.
 *
 * Asked for when an exchange has failed with something unsent, and when a tab that shows unsent work is
 * hidden, for it may never come back. Not at every edit: a worker that sends at once needs no second one.
 */
import { type Kitchen, SYNC_TAG } from '../shared/rpc.ts';
import type { SyncStatus } from '../shared/status.ts';

interface SyncRegistration extends ServiceWorkerRegistration {
  readonly sync?: { register(tag: string): Promise<void> };
}

const hasFailed = ({ phase }: SyncStatus): boolean =>
  phase === 'offline' || phase === 'server-trouble';

export function askForBackgroundSync(kitchen: Pick<Kitchen, 'watchStatus'>): void {
  if (!('serviceWorker' in navigator)) return;
  let hasUnsent = false;
  let isAsked = false;

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
      hasUnsent = status.unsent.rows > 0 && status.phase !== 'local-only';
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
