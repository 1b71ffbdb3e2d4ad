/**
 * A device that joins a household with many rows, through the real screens, server and database: how long,
 * how long the page cannot react, and how long the worker does not answer. `HOUSEHOLD` rows, 10,000 when absent.
 */
import type { PushRequestRow } from '../../shared/protocol/shapes.ts';
import { newPerson, signIn, test } from '../e2e/fixtures.ts';
import type { ProbeWindow } from '../e2e/probe.ts';
import { report, reportOne } from './harness.ts';
import { signUpOverHttp } from './http-client.ts';
import { largeHousehold } from './large-household.ts';

const HOUSEHOLD = Number(process.env['HOUSEHOLD'] ?? 10_000);
const ROWS_PER_PUSH = 1000;

interface Watched {
  readonly pings: readonly number[];
  readonly downloadMs: number;
}
type WatchedWindow = ProbeWindow & { watched: Promise<Watched>; longTasks: number[] };

/** Asks the worker again and again, and takes the time from the first sign of the download to its end. */
function watchDownload(): void {
  const scope = window as unknown as WatchedWindow;
  const pings: number[] = [];
  const watch = async (): Promise<Watched> => {
    let begunMs: number | null = null;
    for (;;) {
      const begun = performance.now();
      await scope.probe.ask('stores', {});
      pings.push(performance.now() - begun);
      const { phase, checkpoint } = (await scope.probe.status()) as {
        readonly phase: string;
        readonly checkpoint: number;
      };
      if (phase === 'first-download') begunMs ??= begun;
      if (checkpoint > 0) return { pings, downloadMs: performance.now() - (begunMs ?? begun) };
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  };
  scope.watched = watch();
}

test('the first download of a large household', async ({ device, larder }) => {
  const ana = newPerson('Ana');
  const source = await (await signUpOverHttp(larder.url, ana))();
  const rows = largeHousehold(HOUSEHOLD).map(
    ({ row_version: _version, ...row }): PushRequestRow => ({
      ...row,
      op: 'INSERT',
      base_row_version: 0,
    }),
  );
  for (let at = 0, id = 1; at < rows.length; at += ROWS_PER_PUSH, id += 1)
    await source.push(id, id - 1, rows.slice(at, at + ROWS_PER_PUSH));

  const phone = await device();
  await phone.context.addInitScript(() => {
    const scope = window as unknown as WatchedWindow;
    scope.longTasks = [];
    new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) scope.longTasks.push(duration);
    }).observe({ type: 'longtask' });
  });
  const watching = await phone.openTab('/settings');
  await watching.status();
  await watching.page.evaluate(watchDownload);
  const tab = await phone.openTab();
  await signIn(tab, ana);
  const { pings, downloadMs } = await watching.page.evaluate(
    () => (window as unknown as WatchedWindow).watched,
  );
  const longTasks = await tab.page.evaluate(() => (window as unknown as WatchedWindow).longTasks);
  reportOne(
    {
      name: `first download of ${HOUSEHOLD} rows, everything real`,
      unit: 'rows/s',
      target: '≥ 100,000',
    },
    (HOUSEHOLD / downloadMs) * 1000,
  );
  report({ name: 'first download, worker answers a question', unit: 'ms' }, pings);
  reportOne(
    { name: 'first download, longest silence of the worker', unit: 'ms' },
    Math.max(...pings),
  );
  reportOne(
    { name: 'first download, longest block of the page', unit: 'ms' },
    Math.max(0, ...longTasks),
  );
});
