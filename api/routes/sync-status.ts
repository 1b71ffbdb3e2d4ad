/**
 * Health and status for operators and load balancers (protocol.md §9.2): constant in cost, no scope is
 * touched, and without the operator's token they say nothing about use (B17).
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { Hono } from 'hono';
import type { SyncFailure } from '../sync/refusal.ts';
import { failureResponse, jsonResponse } from './sync-answer.ts';
import type { SyncRoutesDeps } from './sync-request.ts';

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/** Compared by digest, so that neither length nor content shows in the time it takes. */
function isOperator(request: Request, token: string | null): boolean {
  const given = /^Bearer (.+)$/.exec(request.headers.get('authorization') ?? '')?.[1];
  return token !== null && given !== undefined && timingSafeEqual(digest(given), digest(token));
}

export function mountStatus(deps: SyncRoutesDeps, routes: Hono): void {
  const { service } = deps;
  for (const path of ['/syncx/health', '/syncx/status']) {
    routes.get(path, async (context) => {
      const request = context.req.raw;
      const lifecycle = service.lifecycle();
      const defect = path === '/syncx/status' ? 'status_failed' : 'health_failed';
      const health = await service.isHealthy(defect);
      if (!health.ok) return failureResponse(request, health.error);
      const isHealthy = health.value;
      let counters = {};
      if (
        path === '/syncx/status' &&
        isHealthy &&
        isOperator(request, deps.operatorToken ?? null)
      ) {
        const status = await service.status();
        if (!status.ok) return failureResponse(request, status.error);
        counters = status.value;
      }
      const body = JSON.stringify({
        status: isHealthy ? 'healthy' : 'unhealthy',
        version: 'v1',
        app_name: service.registry.appName,
        lifecycle,
        accepting_operations: lifecycle === 'running',
        features: service.capabilities(null, false).features,
        ...counters,
      });
      return jsonResponse(request, isHealthy || path === '/syncx/status' ? 200 : 503, body);
    });
    routes.all(path, async (context) => {
      const failure: SyncFailure = { code: 'method_not_allowed', message: 'this path answers GET' };
      const response = await failureResponse(context.req.raw, failure);
      response.headers.set('Allow', 'GET');
      return response;
    });
  }
}
