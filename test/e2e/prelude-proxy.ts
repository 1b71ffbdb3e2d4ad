/**
 * An HTTP proxy that puts a few lines of script before the app's worker, so that the worker finds itself in a
 * browser that lacks something. A page can be prepared by Playwright, a SharedWorker cannot.
 */
import { createServer, request } from 'node:http';

const WORKER = /^\/assets\/shared-worker-.*\.js$/;

export interface PreludeProxy {
  readonly url: string;
  /** What the worker reads first, from its next start on. */
  setPrelude(script: string): void;
  close(): Promise<void>;
}

export async function startPreludeProxy(upstreamUrl: string): Promise<PreludeProxy> {
  const { port } = new URL(upstreamUrl);
  let prelude = '';
  const server = createServer((asked, answer) => {
    const { 'accept-encoding': _whole, ...headers } = asked.headers;
    const { url: path = '/', method } = asked;
    const upstream = request({ host: '127.0.0.1', port, path, method, headers }, (found) => {
      const { 'content-length': _length, ...rest } = found.headers;
      const isWorker = WORKER.test(path);
      // Kept for ever otherwise, by its name, and another prelude would never be seen.
      if (isWorker) rest['cache-control'] = 'no-store';
      answer.writeHead(found.statusCode ?? 502, isWorker ? rest : found.headers);
      if (isWorker) answer.write(`${prelude};\n`);
      found.pipe(answer);
    });
    upstream.on('error', () => answer.destroy());
    asked.pipe(upstream);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port');
  return {
    url: `http://localhost:${address.port}`,
    setPrelude(script) {
      prelude = script;
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
