/**
 * State changes of our own JSON routes: only from a script of this origin, never from a form. A form
 * cannot send JSON without a preflight, and a preflight is never answered.
 */
import type { MiddlewareHandler } from 'hono';
import { refuse } from '../routes/refuse.ts';

export function sameOrigin(originsOf: (request: Request) => readonly string[]): MiddlewareHandler {
  return async (context, next) => {
    const { method, headers } = context.req.raw;
    // A bearer client has no ambient credential that another site could use.
    if (method === 'GET' || method === 'HEAD' || headers.has('authorization')) return next();
    const origin = headers.get('origin');
    const site = headers.get('sec-fetch-site');
    const isOurs =
      (origin !== null || site !== null) &&
      (origin === null || originsOf(context.req.raw).includes(origin)) &&
      (site === null || site === 'same-origin');
    if (!isOurs) return refuse(403, 'origin_forbidden', 'This request came from another site.');
    const type = headers.get('content-type')?.split(';')[0]?.trim().toLowerCase();
    if (type !== undefined && type !== 'application/json') {
      return refuse(400, 'invalid_request', 'The body must be application/json.');
    }
    return next();
  };
}
