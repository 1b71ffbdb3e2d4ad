/** Time of the host: the wall clock for people, the monotonic clock for ages, timers for patience. */
import type { Clock } from '../engine/ports.ts';
import type { LogClock } from '../store/files.ts';

export function createBrowserClock(): Clock & LogClock {
  return {
    nowMs: () => Date.now(),
    elapsedMs: () => performance.now(),
    after(delayMs, work) {
      const timer = setTimeout(work, delayMs);
      return () => clearTimeout(timer);
    },
  };
}
