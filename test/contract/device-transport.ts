/** The device's real transport, straight into a test server: no socket, nothing in between. */
import { createFetchTransport } from '../../worker/host/fetch-transport.ts';
import type { Transport } from '../../worker/engine/ports.ts';
import type { SyncServer } from './sync-server.ts';

export function transportTo(
  server: SyncServer,
  householdId: string,
  /** Takes headers away on the way out, as an old build or a proxy would. */
  without: readonly string[] = [],
): Transport {
  return createFetchTransport({
    baseUrl: 'http://localhost/',
    bearerToken: () => 'test',
    fetch: (input, init) => {
      const url = new URL(input instanceof Request ? input.url : input);
      const headers = new Headers(init?.headers);
      for (const name of without) headers.delete(name);
      headers.set('x-test-account', `account-of-${householdId}`);
      headers.set('x-test-household', householdId);
      return server.request(`${url.pathname}${url.search}`, { ...init, headers });
    },
  });
}
