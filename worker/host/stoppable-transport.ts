/**
 * A `Transport` that can be ended: whoever closes a kitchen does not wait half a minute for an answer that
 * nobody will read. A request that is cut off this way is answered with `aborted`; the next owner repeats
 * it, and the server knows it again.
 */
import type { Stop, SyncAnswer, SyncRequest, Transport } from '../engine/ports.ts';

export interface StoppableTransport extends Transport {
  /** Ends every request and stream in flight; from now on nothing leaves. */
  halt(): void;
}

export function createStoppableTransport(inner: Transport): StoppableTransport {
  const inFlight = new Set<() => void>();
  let isHalted = false;
  return {
    async request(request: SyncRequest): Promise<SyncAnswer> {
      if (isHalted) return { type: 'no-answer', reason: 'aborted' };
      let abort = (): void => undefined;
      const stop: Stop = {
        get stopped() {
          return isHalted;
        },
        onStop(listener) {
          abort = listener;
        },
      };
      const cut = (): void => abort();
      inFlight.add(cut);
      try {
        return await inner.request(request, stop);
      } finally {
        inFlight.delete(cut);
      }
    },
    watch(request, onEvent) {
      if (isHalted) {
        onEvent({ type: 'ended' });
        return () => undefined;
      }
      const end = inner.watch(request, onEvent);
      inFlight.add(end);
      return () => {
        inFlight.delete(end);
        end();
      };
    },
    halt() {
      isHalted = true;
      for (const cut of inFlight) cut();
      inFlight.clear();
    },
  };
}
