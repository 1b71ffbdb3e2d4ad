/**
 * A store that answers within bounds, over one that may not: whoever saved something is answered, whatever the
 * store does. What a silent call asked for may still happen, so a put without an answer is looked for later,
 * and a look without an answer says nothing.
 */
import { err } from '../../shared/result.ts';
import type { Result } from '../../shared/result.ts';
import type { LogClock, Store, StoreFailure } from './files.ts';

/** Settling puts as well. */
const PUT_HANGS_MS = 30_000;
const LOOK_HANGS_MS = 10_000;

export const NO_ANSWER: StoreFailure = { type: 'broken', detail: 'the store did not answer' };

export function withPatience(store: Store, clock: LogClock): Store {
  async function within<T>(limitMs: number, late: T, work: Promise<T>): Promise<T> {
    let cancel = (): void => undefined;
    const silence = new Promise<T>((resolve) => {
      cancel = clock.after(limitMs, () => resolve(late));
    });
    const answer = await Promise.race([work, silence]);
    cancel();
    return answer;
  }
  const answered = <T>(limitMs: number, work: Promise<Result<T, StoreFailure>>) =>
    within<Result<T, StoreFailure>>(limitMs, err(NO_ANSWER), work);

  return {
    kind: store.kind,
    survives: store.survives,
    settle: () => answered(PUT_HANGS_MS, store.settle()),
    list: () => answered(LOOK_HANGS_MS, store.list()),
    read: (name) => answered(LOOK_HANGS_MS, store.read(name)),
    ageMs: (name) => within(LOOK_HANGS_MS, null, store.ageMs(name)),
    put: (name, bytes) => answered(PUT_HANGS_MS, store.put(name, bytes)),
    remove: (name) => answered(LOOK_HANGS_MS, store.remove(name)),
  };
}
