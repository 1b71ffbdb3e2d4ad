/**
 * Headers that every answer carries, errors and 304 included, and the content policy of everything
 * that may become a document or a worker: a worker obeys the policy of its own script.
 */
import type { MiddlewareHandler } from 'hono';

export const contentPolicy = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "worker-src 'self'",
  "connect-src 'self'",
  "style-src 'self'",
  "img-src 'self' data: blob:",
  "font-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "object-src 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  'trusted-types default',
].join('; ');

/** `isHttps` adds HSTS; a loopback address must not be pinned to https. */
export function security(isHttps: boolean): MiddlewareHandler {
  return async (context, next) => {
    await next();
    const { headers } = context.res;
    headers.set('Content-Security-Policy', contentPolicy);
    headers.set('X-Content-Type-Options', 'nosniff');
    headers.set('Referrer-Policy', 'no-referrer');
    headers.set('Cross-Origin-Opener-Policy', 'same-origin');
    headers.set('Cross-Origin-Resource-Policy', 'same-origin');
    headers.set('Permissions-Policy', 'camera=(), geolocation=(), microphone=()');
    if (isHttps) headers.set('Strict-Transport-Security', 'max-age=31536000');
    // Data is the default; only the static route says that something may be kept.
    if (!headers.has('Cache-Control')) headers.set('Cache-Control', 'no-store');
  };
}
