/**
 * The contract of stores on the real ones: OPFS and IndexedDB of the browser, inside a shared worker, where
 * the product uses them. The worker is built for this and served on an empty page.
 */
import { join } from 'node:path';
import { expect, test } from '@playwright/test';
import { STORE_CASES, VANISHING_CASES } from '../contract/store.contract.ts';
import { serveWorkerPage, type WorkerPage } from './worker-page.ts';

let served: WorkerPage;

test.beforeAll(async () => {
  served = await serveWorkerPage(join(import.meta.dirname, 'store-cases-worker.ts'));
});

test.afterAll(async () => {
  await served.close();
});

const cases = [
  ...STORE_CASES.map(({ title }) => ['[STORE-31]', title] as const),
  ...VANISHING_CASES.map(({ title }) => ['[STORE-500]', title] as const),
];

for (const kind of ['opfs-async', 'indexeddb'] as const) {
  for (const [rule, title] of cases) {
    test(`${rule} ${kind}: ${title}`, async ({ page }) => {
      await page.goto(served.address);
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
