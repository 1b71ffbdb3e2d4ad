/**
 * The HTTP application as a value: everything it needs comes in, nothing listens on a port here.
 * Order matters: headers and log wrap everything, data routes come before the app's files, and what
 * no route knows is the static route's to answer.
 */
import { getConnInfo } from '@hono/node-server/conninfo';
import { type Context, Hono } from 'hono';
import type { Logger } from 'pino';
import { addressHeader } from './auth/auth.ts';
import { describeCause } from './describe-cause.ts';
import { log } from './middleware/log.ts';
import { security } from './middleware/security.ts';
import { type AuthRoutesDeps, createAuthRoutes } from './routes/auth.ts';
import { type Lifecycle, createHealthRoutes } from './routes/health.ts';
import { createOpenapiRoutes } from './routes/openapi.ts';
import { refuse } from './routes/refuse.ts';
import { type StaticFiles, createStaticRoute } from './routes/static.ts';

export interface AppDeps extends AuthRoutesDeps {
  readonly logger: Logger;
  readonly lifecycle: Lifecycle;
  /** `/sync/*` and `/syncx/*`. */
  readonly syncRoutes: Hono;
  readonly staticFiles: StaticFiles;
  readonly isHttps: boolean;
  readonly trustProxy: boolean;
}

/** The peer's address, or what the trusted proxy nearest to us says it is. Never a client's word. */
function findAddress(context: Context, trustProxy: boolean): string | null {
  if (trustProxy) {
    const forwarded = context.req.header('x-forwarded-for')?.split(',').at(-1)?.trim();
    if (forwarded !== undefined && forwarded !== '') return forwarded;
  }
  // Absent when the app is called without a socket, as tests do.
  return context.env === undefined || !('incoming' in Object(context.env))
    ? null
    : (getConnInfo(context).remote.address ?? null);
}

export function createApp(deps: AppDeps): Hono {
  const app = new Hono();
  app.use(log(deps.logger), security(deps.isHttps));
  app.use('/api/*', async (context, next) => {
    const headers = new Headers(context.req.raw.headers);
    headers.delete(addressHeader);
    const address = findAddress(context, deps.trustProxy);
    if (address !== null) headers.set(addressHeader, address);
    context.req.raw = new Request(context.req.raw, { headers });
    await next();
  });
  app.route('/', createHealthRoutes(deps.lifecycle));
  app.route('/', deps.syncRoutes);
  app.route('/', createOpenapiRoutes());
  app.route('/', createAuthRoutes(deps));
  app.all('*', createStaticRoute(deps.staticFiles));
  app.onError((error) => {
    // A bug. Its message may hold what people wrote, so only its kind and place are kept.
    deps.logger.error({ event: 'defect', ...describeCause(error) });
    return refuse(500, 'internal_error', 'Something went wrong on the server.');
  });
  return app;
}
