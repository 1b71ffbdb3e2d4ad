/**
 * The end of the process. Steps are registered as things start and run in reverse. The first signal
 * asks for an orderly end, a second one ends at once; npm passes Ctrl-C on to a process that the
 * terminal has already told, so an echo within a second is not a second signal.
 */

export interface Stop {
  readonly isStopping: () => boolean;
  /** Runs `step` at the end, before the steps that were registered earlier. */
  readonly atEnd: (step: () => Promise<void> | void) => void;
  /** Runs the steps once and ends the process. */
  readonly end: (exitCode: number) => Promise<void>;
}

const echoMs = 1000;
/** A step that hangs must not keep the process for ever; the database alone may take 20 s. */
const stepsMsMax = 40_000;

export function createStop(onProgress: (line: string) => void): Stop {
  const steps: (() => Promise<void> | void)[] = [];
  let ending: Promise<void> | null = null;
  let firstSignalAt = 0;

  const run = async (exitCode: number): Promise<void> => {
    setTimeout(() => process.exit(exitCode === 0 ? 1 : exitCode), stepsMsMax).unref();
    for (const step of steps.toReversed()) {
      try {
        await step();
      } catch (error) {
        onProgress(`a step of stopping failed: ${error instanceof Error ? error.name : 'unknown'}`);
      }
    }
    process.exit(exitCode);
  };
  const end = async (exitCode: number): Promise<void> => (ending ??= run(exitCode));

  const onSignal = (): void => {
    const now = performance.now();
    if (ending === null) {
      firstSignalAt = now;
      onProgress('stopping');
      void end(0);
    } else if (now - firstSignalAt > echoMs) {
      process.exit(130);
    }
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal);
  // A parent that gave us a channel and is gone cannot stop us any more.
  process.on('disconnect', onSignal);
  watchNpm(onSignal);

  return {
    isStopping: () => ending !== null,
    atEnd: (step) => {
      steps.push(step);
    },
    end,
  };
}

/** `npm start` that was killed hard passes no signal on; its child then has another parent. */
function watchNpm(onGone: () => void): void {
  if (process.env['npm_lifecycle_event'] === undefined) return;
  const parent = process.ppid;
  setInterval(() => {
    if (process.ppid !== parent) onGone();
  }, 1000).unref();
}
