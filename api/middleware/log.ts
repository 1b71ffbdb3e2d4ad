/**
 * One line per request, of fields named here and no others: no bodies, addresses, queries, ids of
 * people or row values. The path is a template, because a path may hold an id.
 */
import { randomUUID } from 'node:crypto';
import type { Context, MiddlewareHandler } from 'hono';
import { matchedRoutes } from 'hono/route';
import type { Logger } from 'pino';
import { isOpenPath } from '../auth/auth.ts';
import { STATUS_PATHS, SYNC_PATHS } from '../routes/sync.ts';

/**
 * The pattern of the route that matched, never the path itself, which may hold an id or anything that
 * somebody typed. Patterns that only wrap other routes say nothing.
 */
function routeTemplate(context: Context): string {
  if (isOpenPath(context.req.path)) return context.req.path;
  const patterns = matchedRoutes(context).map((route) => route.path);
  return patterns.findLast((pattern) => !wrappers.has(pattern)) ?? '/*';
}

const wrappers = new Set<string>(['*', '/*', '/api/*', SYNC_PATHS, STATUS_PATHS]);

export function log(logger: Logger): MiddlewareHandler {
  return async (context, next) => {
    const requestId = context.res.headers.get('X-Request-Id') ?? randomUUID();
    const startedAt = performance.now();
    await next();
    context.res.headers.set('X-Request-Id', requestId);
    logger.info({
      request: requestId,
      method: context.req.method,
      route: routeTemplate(context),
      status: context.res.status,
      ms: Math.round(performance.now() - startedAt),
    });
  };
}
