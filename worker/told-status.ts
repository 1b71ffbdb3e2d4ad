/** The engine's status with something added that the engine does not know. */
import type { SyncStatus } from '../shared/status.ts';
import type { Engine } from './engine/engine.ts';

export interface ToldStatus {
  readonly answers: Pick<Engine, 'status' | 'watchStatus'>;
  /** What `add` adds has changed: every watcher hears it. */
  readonly tell: () => void;
}

export function createToldStatus(
  engine: Pick<Engine, 'status' | 'watchStatus'>,
  add: (status: SyncStatus) => SyncStatus,
): ToldStatus {
  const watchers = new Set<(status: SyncStatus) => void>();
  return {
    answers: {
      status: () => add(engine.status()),
      watchStatus(onStatus) {
        watchers.add(onStatus);
        const stop = engine.watchStatus((status) => onStatus(add(status)));
        return () => {
          watchers.delete(onStatus);
          stop();
        };
      },
    },
    tell() {
      for (const watcher of watchers) watcher(add(engine.status()));
    },
  };
}
