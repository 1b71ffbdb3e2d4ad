/**
 * What the store has to say, in the engine's answers: the engine knows no stores. While the disk has no room,
 * acts and decisions are refused as not saved before they begin, and the status says so before anything else;
 * sending goes on, because it is the way out. Each refused act looks for room first, so the one that comes
 * after there is some again is saved. A put that is silent for long is said as well.
 */
import { err } from '../shared/result.ts';
import type { SyncStatus } from '../shared/status.ts';
import type { Engine } from './engine/engine.ts';
import { StoreError, type StoreFailure } from './store/files.ts';
import { createToldStatus } from './told-status.ts';

export interface StoreState {
  /** Why acts are refused at the moment, or null. */
  noRoom(): StoreFailure | null;
  /** Looks for room. */
  retrySaving(): Promise<void>;
}

/** What the database says while it runs: made before it, listened to by what is made after it. */
export interface StoreNews {
  readonly onSlow: (isSlow: boolean) => void;
  readonly onRoom: () => void;
  readonly isSlow: () => boolean;
  readonly listen: (listener: () => void) => void;
}

export function createStoreNews(): StoreNews {
  let isSlow = false;
  let tell = (): void => undefined;
  return {
    onSlow(now) {
      isSlow = now;
      tell();
    },
    onRoom: () => tell(),
    isSlow: () => isSlow,
    listen(listener) {
      tell = listener;
    },
  };
}

export function withStore(engine: Engine, store: StoreState, news: StoreNews): Engine {
  function told(status: SyncStatus): SyncStatus {
    const slow = news.isSlow() ? { ...status, isSavingSlow: true } : status;
    return store.noRoom()?.type === 'full' ? { ...slow, phase: 'storage-full' } : slow;
  }

  async function refusal(): Promise<StoreError | null> {
    await store.retrySaving();
    const reason = store.noRoom();
    return reason === null ? null : new StoreError('not-saved', reason);
  }

  const { answers, tell } = createToldStatus(engine, told);
  news.listen(tell);
  return {
    ...engine,
    ...answers,
    async write(work) {
      // With room the transaction begins within the call: acts keep their order.
      const cause = store.noRoom() === null ? null : await refusal();
      if (cause !== null) return err({ type: 'not-durable', cause });
      try {
        return await engine.write(work);
      } catch (error) {
        if (error instanceof StoreError) return err({ type: 'not-durable', cause: error });
        throw error;
      }
    },
    async decide(table, id, side) {
      const isRefused = store.noRoom() !== null && (await refusal()) !== null;
      if (isRefused) return err({ type: 'state', code: 'storage-full' });
      return engine.decide(table, id, side);
    },
  };
}
