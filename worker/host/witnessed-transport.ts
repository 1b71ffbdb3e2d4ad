/**
 * A `Transport` that lets nothing but questions leave before the witness says how far this device got: a
 * server that knows a bundle which the device then forgets is the worst fault of all, and the witness is how
 * the next opening finds out (storage.md §9).
 */
import type { Transport } from '../engine/ports.ts';

export function createWitnessedTransport(
  inner: Transport,
  attestDurable: () => Promise<void>,
): Transport {
  return {
    async request(request, stop) {
      if (request.method !== 'GET') {
        try {
          await attestDurable();
        } catch {
          // The database is lost to this owner, which is told elsewhere. Nothing leaves any more.
          return { type: 'no-answer', reason: 'aborted' };
        }
      }
      return inner.request(request, stop);
    },
    watch: (request, onEvent) => inner.watch(request, onEvent),
  };
}
