/**
 * The whole browser is killed with SIGKILL in the middle of a stream of edits, again and again. What a kill
 * does to the browser's own log may show only at the start after the next one, so after a kill there are
 * lives that end properly: kill, start, close, start. `KILLS` lengthens a run; more than the default puts
 * such a life after every kill.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type BrowserContext } from '@playwright/test';
import { killBrowser, persistentContext } from './browser-process.ts';
import { expect, prepareContext, Tab, test } from './fixtures.ts';
import { line } from './kitchen-data.ts';

const KILLS_BY_DEFAULT = 20;
const KILLS = Number(process.env['KILLS'] ?? KILLS_BY_DEFAULT);
const PROPER_END_EVERY = KILLS > KILLS_BY_DEFAULT ? 1 : 5;
const EDITS_MAX = 500;

interface Tally {
  readonly acknowledged: Set<string>;
  attempted: number;
  opens: number;
}

/** Opens the profile and looks for everything that was ever acknowledged. */
async function open(profile: string, url: string, tally: Tally, when: string) {
  const context = await persistentContext(chromium, profile);
  await prepareContext(context);
  const page = await context.newPage();
  await page.goto(`${url}/list`);
  const tab = new Tab(page);
  const present = new Set((await tab.dump())['list_items']?.map((row) => String(row['title'])));
  const lost = [...tally.acknowledged].filter((title) => !present.has(title));
  expect(lost, when).toEqual([]);
  tally.opens += 1;
  return { context, tab };
}

/** Edits one after another until there are enough or the process is gone; each resolves when it is on disk. */
async function write(tab: Tab, tally: Tally, name: string, count: number): Promise<void> {
  for (let n = 0; n < count; n += 1) {
    const title = `${name} edit ${n}`;
    tally.attempted += 1;
    await tab.perform('list.add', { entries: [line(title)] });
    tally.acknowledged.add(title);
  }
}

test('[STORE-30] every edit that was acknowledged is there after the browser was killed', async ({
  larder,
}, info) => {
  test.setTimeout(KILLS * 60_000 + 60_000);
  const profile = await mkdtemp(join(tmpdir(), 'larder-kill-'));
  const tally: Tally = { acknowledged: new Set(), attempted: 0, opens: 0 };
  let context: BrowserContext | null = null;
  try {
    for (let round = 0; round < KILLS; round += 1) {
      const killed = await open(profile, larder.url, tally, `after ${round} kills`);
      ({ context } = killed);
      const before = tally.acknowledged.size;
      const writing = write(killed.tab, tally, `Round ${round}`, EDITS_MAX).catch(() => undefined);
      await expect
        .poll(() => tally.acknowledged.size - before, { intervals: [50], timeout: 120_000 })
        .toBeGreaterThan(3 + (round % 7));
      // A moment that no step of the stream is in step with.
      await new Promise((resolve) => setTimeout(resolve, (round * 37) % 90));
      await killBrowser(context);
      context = null;
      await writing;

      if ((round + 1) % PROPER_END_EVERY > 0) continue;
      const ended = await open(profile, larder.url, tally, `after ${round + 1} kills`);
      await write(ended.tab, tally, `Proper end ${round}`, 3);
      await ended.context.close();
    }
    const last = await open(profile, larder.url, tally, `after ${KILLS} kills`);
    await last.context.close();
  } finally {
    await context?.close();
    await rm(profile, { recursive: true, force: true });
  }
  expect(tally.acknowledged.size).toBeGreaterThan(KILLS * 4);
  info.annotations.push({
    type: 'kills',
    description: `${KILLS} kills, ${tally.opens} starts, ${tally.attempted} edits begun, ${tally.acknowledged.size} acknowledged, 0 lost, 0 starts that failed`,
  });
});
