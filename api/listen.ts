/**
 * The socket of this server. It is taken before anything slow happens, so that a busy port is known
 * at once; until the application is there, and again while it stops, requests get 503.
 */
import { createAdaptorServer } from '@hono/node-server';
import type { Server } from 'node:http';
import { type Result, err, ok } from '../shared/result.ts';

type Fetch = (request: Request, env: unknown) => Response | Promise<Response>;

export interface Listener {
  readonly port: number;
  /** From now on requests go to `fetch`. */
  readonly open: (fetch: Fetch) => void;
  /** Takes no new connection; resolves when the open requests are answered or `graceMs` is over. */
  readonly close: (graceMs: number) => Promise<void>;
}

const unavailable: Fetch = () =>
  Response.json(
    { error: 'service_unavailable', message: 'Larder is starting or stopping.' },
    { status: 503, headers: { 'Retry-After': '1', 'Cache-Control': 'no-store' } },
  );

function explain(error: unknown, host: string, port: number): string {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : '';
  switch (code) {
    case 'EADDRINUSE':
      return `Port ${port} is busy. Stop the program that uses it, or choose another: npm start -- --port ${port + 1}`;
    case 'EACCES':
      return `No permission to listen on port ${port}. Choose one above 1023: npm start -- --port 4700`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return `HOST=${host} is not an address of this machine.`;
    default:
      return `Cannot listen on ${host}:${port} (${String(code)}).`;
  }
}

export async function listen(host: string, port: number): Promise<Result<Listener, string>> {
  let current: Fetch = unavailable;
  const server = createAdaptorServer({
    fetch: (request: Request, env: unknown) => current(request, env),
    serverOptions: { headersTimeout: 10_000, requestTimeout: 60_000 },
  }) as Server;
  const failure = await new Promise<unknown>((resolve) => {
    server.once('error', resolve);
    server.listen(port, host, () => {
      server.removeListener('error', resolve);
      resolve(null);
    });
  });
  if (failure !== null) return err(explain(failure, host, port));
  const address = server.address();
  return ok({
    port: typeof address === 'object' && address !== null ? address.port : port,
    open: (fetch) => {
      current = fetch;
    },
    close: async (graceMs) => {
      const closed = new Promise<void>((resolve) => {
        server.close(() => {
          resolve();
        });
      });
      server.closeIdleConnections();
      const late = setTimeout(() => {
        server.closeAllConnections();
      }, graceMs);
      await closed;
      clearTimeout(late);
    },
  });
}
