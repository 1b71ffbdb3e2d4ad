/**
 * What comes before any route of `/sync/*`: nothing is served while the service stops (protocol.md §1.4, B18),
 * and HEAD is no method of the protocol. The router would run a GET for it and throw the body away without
 * telling anybody, so that whatever the body holds, a permit or a stream, would be held for ever.
 */
import type { MiddlewareHandler } from 'hono';
import type { SyncService } from '../sync/service.ts';
import { failureResponse } from './sync-answer.ts';

export function syncGate(service: SyncService): MiddlewareHandler {
  return async (context, next) => {
    const request = context.req.raw;
    if (service.lifecycle() !== 'running') {
      return failureResponse(request, {
        code: 'service_unavailable',
        message: 'the service is shutting down',
        retryAfterSeconds: 1,
      });
    }
    if (request.method !== 'HEAD') return next();
    const response = await failureResponse(request, {
      code: 'method_not_allowed',
      message: 'HEAD is no method of this protocol',
    });
    response.headers.set('Allow', 'GET, POST, DELETE');
    return response;
  };
}
