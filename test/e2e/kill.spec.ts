/** The whole browser is killed with SIGKILL in the middle of a stream of edits, again and again. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type BrowserContext } from '@playwright/test';
import { killBrowser, persistentContext } from './browser-process.ts';
import { expect, prepareContext, Tab, test } from './fixtures.ts';

const KILLS = Number(process.env['KILLS'] ?? 20);

test('[STORE-30] every edit that was acknowledged is there after the browser was killed', async ({
  larder,
}) => {
  test.setTimeout(KILLS * 40_000 + 60_000);
  const profile = await mkdtemp(join(tmpdir(), 'larder-kill-'));
  const acknowledged = new Set<string>();
  let attempted = 0;
  let context: BrowserContext | null = null;
  try {
    for (let round = 0; round <= KILLS; round++) {
      context = await persistentContext(chromium, profile);
      await prepareContext(context);
      const page = await context.newPage();
      await page.goto(`${larder.url}/list`);
      const tab = new Tab(page);
      const present = new Set((await tab.dump())['list_items']?.map((row) => String(row['title'])));
      const lost = [...acknowledged].filter((title) => !present.has(title));
      expect(lost, `after ${round} kills`).toEqual([]);
      if (round === KILLS) break;

      // Edits one after another until the process is gone; each resolves when it is on disk.
      const stream = (async () => {
        for (let n = 0; n < 500; n++) {
          const title = `Round ${round} edit ${n}`;
          attempted += 1;
          await page.evaluate(
            ([text, id]) =>
              (
                window as never as {
                  probe: { perform(a: string, b: unknown, c: string): Promise<unknown> };
                }
              ).probe.perform(
                'list.add',
                {
                  entries: [
                    { title: text, quantityMilli: null, unit: null, note: null, storeName: null },
                  ],
                },
                id,
              ),
            [title, crypto.randomUUID()] as const,
          );
          acknowledged.add(title);
        }
      })().catch(() => undefined);
      const before = acknowledged.size;
      await expect.poll(() => acknowledged.size - before).toBeGreaterThan(3 + (round % 7));
      // A moment that no step of the stream is in step with.
      await new Promise((resolve) => setTimeout(resolve, (round * 37) % 90));
      await killBrowser(context);
      context = null;
      await stream;
    }
  } finally {
    await context?.close();
    await rm(profile, { recursive: true, force: true });
  }
  expect(acknowledged.size).toBeGreaterThan(KILLS * 4);
  test.info().annotations.push({
    type: 'kills',
    description: `${KILLS} kills, ${attempted} edits begun, ${acknowledged.size} acknowledged, 0 lost`,
  });
});
