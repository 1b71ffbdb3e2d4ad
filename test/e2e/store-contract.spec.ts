/**
 * The contract of stores on the real ones: OPFS and IndexedDB of the browser, inside a shared worker, where
 * the product uses them. The worker is built for this and served on an empty page.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@playwright/test';
import { build } from 'vite';
import { STORE_CASES } from '../contract/store.contract.ts';

let folder = '';
let server: Server | null = null;
let address = '';

test.beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'store-cases-'));
  await build({
    configFile: false,
    logLevel: 'error',
    publicDir: false,
    build: {
      outDir: folder,
      lib: {
        entry: join(import.meta.dirname, 'store-cases-worker.ts'),
        formats: ['es'],
        fileName: () => 'worker.js',
      },
    },
  });
  const script = await readFile(join(folder, 'worker.js'));
  const served = createServer((request, response) => {
    const isScript = request.url === '/worker.js';
    response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html');
    response.end(isScript ? script : '<!doctype html><title>stores</title>');
  });
  server = served;
  await new Promise<void>((resolve) => {
    served.listen(0, '127.0.0.1', resolve);
  });
  const bound = served.address();
  if (bound === null || typeof bound === 'string') throw new Error('the server has a port');
  address = `http://127.0.0.1:${bound.port}/`;
});

test.afterAll(async () => {
  server?.closeAllConnections();
  server?.close();
  await rm(folder, { recursive: true, force: true });
});

for (const kind of ['opfs-async', 'indexeddb'] as const) {
  for (const { title } of STORE_CASES) {
    test(`[STORE-31] ${kind}: ${title}`, async ({ page }) => {
      await page.goto(address);
      const said = await page.evaluate(
        ([store, name]) =>
          new Promise<unknown>((resolve) => {
            const { port } = new SharedWorker('/worker.js', { type: 'module' });
            port.addEventListener('message', ({ data }) => resolve(data));
            port.start();
            port.postMessage([store, name]);
          }),
        [kind, title] as const,
      );
      expect(said).toBe('holds');
    });
  }
}
