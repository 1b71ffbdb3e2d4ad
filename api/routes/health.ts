/**
 * `/health`: the process answers. `/ready`: it should get traffic, i.e. it is not stopping and its
 * database takes writes. Both are constant in cost and say nothing but a word.
 */
import { Hono } from 'hono';

export interface Lifecycle {
  readonly isStopping: () => boolean;
  /** One cheap round trip; false when the database is unreachable or read-only. */
  readonly isDatabaseWritable: () => Promise<boolean>;
}

export function createHealthRoutes(lifecycle: Lifecycle): Hono {
  const routes = new Hono();
  routes.get('/health', (context) => context.json({ status: 'live' }));
  routes.get('/ready', async (context) => {
    if (lifecycle.isStopping()) return context.json({ status: 'stopping' }, 503);
    if (!(await lifecycle.isDatabaseWritable())) {
      return context.json({ status: 'database-unavailable' }, 503);
    }
    return context.json({ status: 'ready' });
  });
  return routes;
}
