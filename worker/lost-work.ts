/**
 * What an opening could not find again, in the engine's answers: the engine turns to a fresh source after such
 * a loss (`engine.ts`), and here the person is told. It is remembered in the database itself, so that it is
 * said until somebody has seen it, however often the kitchen is opened meanwhile. A loss that is only possible
 * follows every end that was not clean, and is not said.
 */
import type { Engine } from './engine/engine.ts';
import { setWorkLost, wasWorkLost } from './prefs.ts';
import type { Loss } from './store/recover.ts';
import { createToldStatus } from './told-status.ts';

export async function withLostWork(engine: Engine, loss: Loss): Promise<Engine> {
  let isWorkLost = loss === 'certain' || (await engine.read(wasWorkLost));
  // Where it cannot be kept, for want of room, it is said at least now.
  if (loss === 'certain') await engine.write((sql) => setWorkLost(sql, true));

  const { answers, tell } = createToldStatus(engine, (status) =>
    isWorkLost ? { ...status, isWorkLost } : status,
  );
  return {
    ...engine,
    ...answers,
    async dismissLost() {
      await engine.dismissLost();
      if (!isWorkLost) return;
      const written = await engine.write((sql) => setWorkLost(sql, false));
      if (!written.ok) return;
      isWorkLost = false;
      tell();
    },
  };
}
