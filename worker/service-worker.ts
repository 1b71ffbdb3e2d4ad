/**
 * The app without a network: every file of the build is stored at install, navigations are answered
 * from it, and nothing else is touched; API and sync requests never pass through a cache.
 *
 * A new version waits until the person asks for it (`skip-waiting` from a tab): no reload by itself.
 */
import { clientsClaim } from 'workbox-core';
import {
  cleanupOutdatedCaches,
  createHandlerBoundToURL,
  precacheAndRoute,
} from 'workbox-precaching';
import { NavigationRoute, registerRoute } from 'workbox-routing';

declare const self: ServiceWorkerGlobalScope & {
  /** Filled in by the build: every file of the shell with its revision. */
  readonly __WB_MANIFEST: { url: string; revision: string | null }[];
};

// oxlint-disable-next-line no-underscore-dangle -- the name that the build replaces
precacheAndRoute(self.__WB_MANIFEST);
cleanupOutdatedCaches();
clientsClaim();

/** Paths that the server answers itself. */
const serverPaths = [/^\/api\//, /^\/sync\//, /^\/syncx\//, /^\/health$/, /^\/ready$/];
registerRoute(
  new NavigationRoute(createHandlerBoundToURL('/index.html'), { denylist: serverPaths }),
);

self.addEventListener('message', (event: ExtendableMessageEvent) => {
  const message: unknown = event.data;
  if (typeof message === 'object' && message !== null && 'type' in message) {
    if (message.type === 'SKIP_WAITING') void self.skipWaiting();
  }
});
