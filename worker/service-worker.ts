/**
 * The app without a network: every file of the build is stored at install, navigations are answered
 * from it, and nothing else is touched; API and sync requests never pass through a cache.
 *
 * With no tab open it sends what is unsent when the browser says that there is a network
 * (`background-sync.ts`). A classic script cannot load code later, so the engine is part of this file.
 *
 * A new version waits until the person asks for it (`skip-waiting` from a tab): no reload by itself.
 */
import './zod-without-eval.ts';
import { clientsClaim } from 'workbox-core';
import {
  cleanupOutdatedCaches,
  createHandlerBoundToURL,
  matchPrecache,
  precacheAndRoute,
} from 'workbox-precaching';
import { NavigationRoute, registerRoute } from 'workbox-routing';
import { must } from '../shared/assert.ts';
import { REACH_HOST, SYNC_TAG } from '../shared/rpc.ts';
import { SHARE_PATH } from '../shared/share.ts';
import { syncInBackground } from './background-sync.ts';
import { takeShared } from './share-target.ts';

const HOST_ANSWERS_MS = 1_000;

/** Background Sync is Chromium's; the library of types does not know it. */
interface SyncEvent extends ExtendableEvent {
  readonly tag: string;
}

declare const self: ServiceWorkerGlobalScope & {
  /** Filled in by the build: every file of the shell with its revision. */
  readonly __WB_MANIFEST: { url: string; revision: string | null }[];
};

// oxlint-disable-next-line no-underscore-dangle -- the name that the build replaces
const precached = self.__WB_MANIFEST;
precacheAndRoute(precached);
cleanupOutdatedCaches();
clientsClaim();

/** Paths that the server answers itself. */
const serverPaths = [/^\/api\//, /^\/sync\//, /^\/syncx\//, /^\/health$/, /^\/ready$/];
registerRoute(
  new NavigationRoute(createHandlerBoundToURL('/index.html'), { denylist: serverPaths }),
);

registerRoute(
  ({ url }) => url.pathname === SHARE_PATH,
  ({ request }) => takeShared(request),
  'POST',
);

self.addEventListener('message', (event: ExtendableMessageEvent) => {
  const message: unknown = event.data;
  const [port] = event.ports;
  if (message === REACH_HOST && port !== undefined) event.waitUntil(passToHost(port));
  if (typeof message === 'object' && message !== null && 'type' in message) {
    if (message.type === 'SKIP_WAITING') void self.skipWaiting();
  }
});

/** A tab without a worker of its own asks again until somebody has its port. */
async function passToHost(port: MessagePort): Promise<void> {
  const windows = await self.clients.matchAll({ type: 'window', includeUncontrolled: true });
  await new Promise<void>((resolve) => {
    setTimeout(resolve, HOST_ANSWERS_MS);
    for (const tab of windows) {
      const { port1, port2 } = new MessageChannel();
      port1.addEventListener('message', () => {
        // Only the one that hosts answers, and there is one.
        port1.postMessage(null, [port]);
        resolve();
      });
      port1.start();
      tab.postMessage(REACH_HOST, [port2]);
    }
  });
}

// Periodic sync is for the morning after: what others did is here before the app is opened.
for (const name of ['sync', 'periodicsync']) {
  self.addEventListener(name, (event) => {
    const sync = event as SyncEvent;
    if (sync.tag === SYNC_TAG) sync.waitUntil(exchange());
  });
}

/** Rejects when the browser should try again later. */
async function exchange(): Promise<void> {
  const outcome = await syncInBackground({ baseUrl: `${self.location.origin}/`, wasm: readWasm });
  if (outcome === 'done') return;
  const windows = await self.clients.matchAll({ type: 'window', includeUncontrolled: true });
  // An open tab has its own worker, which goes on by itself.
  if (windows.length === 0) throw new Error('not everything could be sent');
}

/** The very file that the tabs' worker uses, without a request. */
async function readWasm(): Promise<Uint8Array<ArrayBuffer>> {
  const names = precached.map((entry) => (typeof entry === 'string' ? entry : entry.url));
  const found = names.find((name) => name.endsWith('.wasm'));
  const url = must(found, 'the SQLite module is part of the shell');
  const response = must((await matchPrecache(url)) ?? (await fetch(url)), 'it is stored');
  return new Uint8Array(await response.arrayBuffer());
}
