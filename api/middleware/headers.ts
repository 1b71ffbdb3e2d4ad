/**
 * What every `/sync/*` answer carries, errors included: nothing of it may be kept by anybody, and a cache
 * that keeps it all the same must tell requests apart by what changed the answer.
 */
import { randomUUID } from 'node:crypto';
import type { MiddlewareHandler } from 'hono';
import { readExtensions } from './source.ts';

const VARY = [
  'Authorization',
  'Cookie',
  'Accept-Encoding',
  'Oversync-Source-ID',
  'Oversync-Extensions',
  'Oversync-Expect-User',
  'Oversync-Server-Epoch',
  'Oversync-Schema-Version',
  'Oversync-Client',
].join(', ');

export function syncHeaders(): MiddlewareHandler {
  return async (context, next) => {
    await next();
    const { headers } = context.res;
    if (!headers.has('Cache-Control')) headers.set('Cache-Control', 'no-store');
    headers.set('X-Content-Type-Options', 'nosniff');
    headers.set('Vary', VARY);
    if (!headers.has('X-Request-Id')) headers.set('X-Request-Id', randomUUID());
  };
}

/** With extension `server_epoch` asked, every answer says which history it speaks of. */
export function epochHeader(readEpoch: () => Promise<string | null>): MiddlewareHandler {
  return async (context, next) => {
    await next();
    if (!readExtensions(context.req.raw).names.has('server_epoch')) return;
    const epoch = await readEpoch();
    if (epoch !== null) context.res.headers.set('Oversync-Server-Epoch', epoch);
  };
}
