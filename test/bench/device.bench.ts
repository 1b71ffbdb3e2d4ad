/**
 * What the device costs in a real browser, measured inside a shared worker (`device-worker.ts`). Sizes come
 * from the environment: `ROWS` of the large household (20,000 when absent; the design speaks of 100,000),
 * `LINES` finished long ago beside 60 open ones, `COMMITS`.
 */
import { join } from 'node:path';
import { type Page, test } from '@playwright/test';
import { serveWorkerPage, type WorkerPage } from '../e2e/worker-page.ts';
import type { Figures } from './device-worker.ts';
import { report, reportOne } from './harness.ts';

const ROWS = Number(process.env['ROWS'] ?? 20_000);
const LINES = Number(process.env['LINES'] ?? 10_000);
const COMMITS = Number(process.env['COMMITS'] ?? 150);

let served: WorkerPage;

test.beforeAll(async () => {
  served = await serveWorkerPage(join(import.meta.dirname, 'device-worker.ts'));
});

test.afterAll(async () => {
  await served.close();
});

async function measure(page: Page, what: string, size: number): Promise<Figures> {
  const answer = await page.evaluate(
    ([name, count]) =>
      new Promise<{ readonly figures?: Figures; readonly error?: string }>((resolve) => {
        const { port } = new SharedWorker('/worker.js', { type: 'module' });
        port.addEventListener('message', ({ data }) => resolve(data));
        port.start();
        port.postMessage([name, count]);
      }),
    [what, size] as const,
  );
  if (answer.figures === undefined) throw new Error(answer.error);
  return answer.figures;
}

test('durable commits, capture and what they write', async ({ page }) => {
  await page.goto(served.address);
  const commits = await measure(page, 'commits', COMMITS);
  report(
    { name: 'durable commit, one row', unit: 'ms', target: 'p50 ≤ 5, p99 ≤ 25' },
    commits['one'] ?? [],
  );
  report({ name: 'durable commit, 100 rows', unit: 'ms' }, commits['hundred'] ?? []);
  report(
    {
      name: 'act with its timeline entry, one row',
      unit: 'ms',
      reference: 'durable commit, one row',
    },
    commits['act'] ?? [],
  );
  report(
    { name: 'new row: log bytes ÷ bytes of row and intent', unit: 'x', target: '≤ 5' },
    commits['amplification'] ?? [],
  );
  report({ name: 'new row: log written', unit: 'KB' }, commits['kilobytes'] ?? []);
  const capture = await measure(page, 'capture', COMMITS);
  report({ name: 'one-row edit, bare sql.js', unit: 'ms' }, capture['bare'] ?? []);
  report(
    {
      name: 'one-row edit, captured and encoded',
      unit: 'ms',
      reference: 'one-row edit, bare sql.js',
      target: '≤ 0.2 more',
    },
    capture['captured'] ?? [],
  );
  await measure(page, 'clear', 0);
});

test('a long list', async ({ page }) => {
  await page.goto(served.address);
  const list = await measure(page, 'live-query', LINES);
  report({ name: `list query, 60 open of ${LINES} lines`, unit: 'ms' }, list['query'] ?? []);
  report(
    { name: `edit to rows of the list, 60 open of ${LINES} lines`, unit: 'ms', target: 'p95 < 16' },
    list['visible'] ?? [],
  );
  await measure(page, 'clear', 0);
});

test('a large household', async ({ page }) => {
  await page.goto(served.address);
  const large = await measure(page, 'hydrate', ROWS);
  const bare = `bare prepared insert, ${ROWS} rows`;
  report({ name: bare, unit: 'rows/s' }, large['bare'] ?? []);
  report(
    {
      name: `hydrate, ${ROWS} rows, no network`,
      unit: 'rows/s',
      reference: bare,
      target: '≥ 100,000, ≥ 0.5',
    },
    large['hydrate'] ?? [],
  );
  report({ name: 'hydrate, longest block of the worker', unit: 'ms' }, large['block'] ?? []);
  const open = await measure(page, 'cold-open', 0);
  reportOne({ name: 'cold open, size of the database', unit: 'MB' }, open['megabytes']?.[0] ?? 0);
  report(
    { name: 'cold open to the first answer', unit: 'ms', target: '≤ 400 at 60 MB' },
    open['clean'] ?? [],
  );
  report(
    { name: 'cold open after an unclean end', unit: 'ms', target: '≤ 600 at 60 MB' },
    open['unclean'] ?? [],
  );
  await measure(page, 'clear', 0);
});
