/**
 * Lets pages of any origin use the sync routes with a bearer token (protocol.md §1.3). Off unless the operator
 * asks for it; credentials of a browser are never allowed, so a cookie is of no use to such a page.
 */
import type { MiddlewareHandler } from 'hono';

const REQUEST_HEADERS = [
  'Authorization',
  'Content-Type',
  'Oversync-Source-ID',
  'Oversync-Extensions',
  'Oversync-Server-Epoch',
  'Oversync-Schema-Version',
  'Oversync-Client',
  'Oversync-Expect-User',
].join(', ');

export function cors(): MiddlewareHandler {
  return async (context, next) => {
    if (context.req.method === 'OPTIONS') {
      return new Response(null, {
        status: 204,
        headers: {
          'Access-Control-Allow-Origin': '*',
          'Access-Control-Allow-Methods': 'GET, POST, DELETE, OPTIONS',
          'Access-Control-Allow-Headers': REQUEST_HEADERS,
          'Access-Control-Max-Age': '600',
        },
      });
    }
    await next();
    context.res.headers.set('Access-Control-Allow-Origin', '*');
    context.res.headers.set('Access-Control-Expose-Headers', 'Retry-After, X-Request-Id');
    return undefined;
  };
}
