/**
 * When compaction works: soon after the opening, at once when there is much to merge, else after some
 * quiet, and again while files wait for their age. One round at a time; none after `stop`.
 */
import type { Compaction } from './compact.ts';
import type { LogClock } from './files.ts';

/** How soon compaction looks again while files wait for their age. */
const PENDING_ROUND_MS = 15_000;
/** The first round waits until the screen had its data. */
const OPENING_ROUND_MS = 500;

export interface Rounds {
  /** The log is served: a first round soon, writes or not. Sessions may be short. */
  noteOpened(): void;
  /** Something was written: a round at once if there is work, else after some quiet. */
  noteWrite(): void;
  readonly stop: () => void;
}

export function createRounds(clock: LogClock, compaction: Compaction, quietMs: number): Rounds {
  let cancel = (): void => undefined;
  let isRunning = false;
  let isStopped = false;
  let waitsForQuiet = true;

  function schedule(delayMs: number, isQuiet: boolean): void {
    cancel();
    waitsForQuiet = isQuiet;
    cancel = clock.after(delayMs, () => void round(isQuiet));
  }

  async function round(isQuiet: boolean): Promise<void> {
    isRunning = true;
    await compaction.run({ isQuiet });
    isRunning = false;
    waitsForQuiet = true;
    if (isStopped) return;
    if (compaction.isDue(false)) schedule(0, false);
    else if (compaction.hasPending()) schedule(PENDING_ROUND_MS, true);
  }

  return {
    noteOpened() {
      cancel();
      waitsForQuiet = false;
      cancel = clock.after(OPENING_ROUND_MS, () => void round(true));
    },
    noteWrite() {
      if (isStopped || isRunning) return;
      // Waiting for quiet only when there is no hurry: a steady stream of writes is never quiet.
      if (compaction.isDue(false)) schedule(0, false);
      else if (waitsForQuiet) schedule(quietMs, true);
    },
    stop() {
      isStopped = true;
      cancel();
    },
  };
}
