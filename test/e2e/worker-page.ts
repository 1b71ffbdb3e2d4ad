/**
 * An empty page of its own origin with one shared worker that is built for a test or a bench: what a real
 * browser does with a part of the product, without the product around it.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { build } from 'vite';

export interface WorkerPage {
  /** Shows nothing; the worker is `/worker.js` beside it. */
  readonly address: string;
  close(): Promise<void>;
}

const TYPES: Readonly<Record<string, string>> = {
  '.js': 'text/javascript',
  '.wasm': 'application/wasm',
};

export async function serveWorkerPage(entry: string): Promise<WorkerPage> {
  const folder = await mkdtemp(join(tmpdir(), 'worker-page-'));
  await build({
    configFile: false,
    logLevel: 'error',
    publicDir: false,
    build: {
      outDir: folder,
      target: 'es2023',
      assetsInlineLimit: 0,
      rolldownOptions: { input: entry, output: { entryFileNames: 'worker.js' } },
    },
  });
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://localhost').pathname;
    const type = TYPES[extname(path)];
    if (type === undefined) {
      response.setHeader('content-type', 'text/html');
      response.end('<!doctype html><title>worker</title>');
      return;
    }
    readFile(join(folder, path)).then(
      (bytes) => response.setHeader('content-type', type).end(bytes),
      () => response.writeHead(404).end(),
    );
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const bound = server.address();
  if (bound === null || typeof bound === 'string') throw new Error('the server has a port');
  return {
    address: `http://127.0.0.1:${bound.port}/`,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
