/**
 * Locks of the origin, as the page log and the tabs use them: one owner per database, and lifelines by
 * which either side notices that the other died. A lock is released by the browser when its holder ends,
 * however it ends. Nothing here is ever stolen.
 */

export interface HeldLock {
  release(): void;
}

export interface LockOptions {
  /** Called once if the lock is not ours after this long; the request stays in line. */
  readonly patienceMs?: number;
  readonly onWaiting?: () => void;
  /** Gives up the place in line: the promise then rejects with an `AbortError`. */
  readonly signal?: AbortSignal;
}

/** Chromium keeps the locks of a killed worker for over a second, so waiting is normal after a crash. */
const OWNER_PATIENCE_MS = 5_000;

export const ownerLockName = (databaseName: string): string => `larder:owner:${databaseName}`;

/** The right to write one database; asked for in line behind its present owner. */
export function acquireOwnerLock(
  databaseName: string,
  options: LockOptions = {},
): Promise<HeldLock> {
  return acquireLock(ownerLockName(databaseName), { patienceMs: OWNER_PATIENCE_MS, ...options });
}

export function acquireLock(name: string, options: LockOptions = {}): Promise<HeldLock> {
  const { patienceMs, onWaiting, signal } = options;
  return new Promise((resolve, reject) => {
    const timer =
      patienceMs === undefined || onWaiting === undefined
        ? undefined
        : setTimeout(() => onWaiting(), patienceMs);
    const hold = (): Promise<void> => {
      clearTimeout(timer);
      // The lock is held until this promise resolves.
      return new Promise((release) => resolve({ release: () => release() }));
    };
    const request =
      signal === undefined
        ? navigator.locks.request(name, hold)
        : navigator.locks.request(name, { signal }, hold);
    request.catch((error: unknown) => {
      clearTimeout(timer);
      reject(error instanceof Error ? error : new Error(String(error)));
    });
  });
}

/**
 * Calls `work` once when the holder of a lifeline has let go or died. The lifeline must be held before
 * this is called; the returned function stops watching.
 */
export function whenLifelineEnds(name: string, work: () => void): () => void {
  const stop = new AbortController();
  acquireLock(name, { signal: stop.signal }).then(
    (lock) => {
      lock.release();
      work();
      return undefined;
    },
    () => undefined, // watching was stopped, or the context is ending
  );
  return () => stop.abort();
}
