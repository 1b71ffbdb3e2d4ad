/**
 * What an opening could not find again, in the engine's answers: the engine turns to a fresh source after such
 * a loss (`engine.ts`), and here the person is told. It is remembered in the database itself, so that it is
 * said until somebody has seen it, however often the kitchen is opened meanwhile. A loss that is only possible
 * follows every end that was not clean, and is not said.
 */
import type { SyncStatus } from '../shared/status.ts';
import type { Engine } from './engine/engine.ts';
import { setWorkLost, wasWorkLost } from './prefs.ts';
import type { Loss } from './store/recover.ts';

export async function withLostWork(engine: Engine, loss: Loss): Promise<Engine> {
  const watchers = new Set<(status: SyncStatus) => void>();
  let isWorkLost = loss === 'certain' || (await engine.read(wasWorkLost));
  // Where it cannot be kept, for want of room, it is said at least now.
  if (loss === 'certain') await engine.write((sql) => setWorkLost(sql, true));

  const told = (status: SyncStatus): SyncStatus =>
    isWorkLost ? { ...status, isWorkLost } : status;

  return {
    ...engine,
    status: () => told(engine.status()),
    watchStatus(onStatus) {
      watchers.add(onStatus);
      const stop = engine.watchStatus((status) => onStatus(told(status)));
      return () => {
        watchers.delete(onStatus);
        stop();
      };
    },
    async dismissLost() {
      await engine.dismissLost();
      if (!isWorkLost) return;
      const written = await engine.write((sql) => setWorkLost(sql, false));
      if (!written.ok) return;
      isWorkLost = false;
      for (const watcher of watchers) watcher(engine.status());
    },
  };
}
