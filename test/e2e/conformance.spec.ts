/**
 * The same short journey in every browser there is: open, sign up, write, kill, open again, exchange with
 * a Chromium device both ways. Which browsers are there is printed by `npm test`, missing ones too.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, newPerson, signIn, test } from './fixtures.ts';
import { findBrowsers } from './browsers/find-browsers.ts';
import { openSeat, type Seat } from './browsers/seat.ts';
import { line } from './kitchen-data.ts';
import { startProxy } from './proxy.ts';

/** How often the browser is killed: the start after the last kill is the one that tells. */
const KILLS = Number(process.env['BROWSER_KILLS'] ?? 2);
const EDITS_BEFORE_KILL = 5;
const EDITS_MAX = 500;

for (const driver of findBrowsers()) {
  test(`[STORE-280] ${driver.name} keeps every acknowledged edit over a kill and syncs with Chromium`, async ({
    larder,
    device,
    serverDump,
  }) => {
    test.setTimeout(120_000 + KILLS * 60_000);
    const profile = await mkdtemp(join(tmpdir(), 'larder-browser-'));
    const proxy = await startProxy(larder.url);
    const ana = newPerson('Ana');
    const acknowledged = new Set<string>();
    let seat: Seat = await openSeat(driver, profile, proxy.url);
    try {
      const home = await seat.home();
      if (driver.home !== null) expect(home, 'the store in use').toBe(driver.home);
      expect((await seat.status()).durable).toBe(home === 'indexeddb' ? 'strict' : 'relaxed');
      await seat.enterAccount('sign-up', ana);
      await seat.settled();

      for (let round = 1; round <= KILLS; round++) {
        await writeUntilKilled(seat, round, acknowledged);
        seat = await openSeat(driver, profile, proxy.url);
        const present = new Set((await seat.dump())['list_items']?.map(({ title }) => title));
        const lost = [...acknowledged].filter((title) => !present.has(title));
        expect(lost, `after ${round} kills`).toEqual([]);
        await seat.shows(`Round ${round} edit 0`);
        expect(await seat.home(), 'the store after a kill').toBe(home);
      }

      const laptop = await (await device()).openTab();
      await signIn(laptop, ana);
      await laptop.perform('list.add', { entries: [line('Leeks from the laptop')] });
      await seat.add('Bread from here');
      await laptop.settled();
      if (!(await seat.isSignedIn())) await seat.enterAccount('sign-in', ana);
      await seat.settled();
      await expect
        .poll(async () => (await seat.dump())['list_items']?.map(({ title }) => title))
        .toContain('Leeks from the laptop');
      const atServer = await serverDump(ana);
      expect(await seat.dump()).toEqual(atServer);
      await expect.poll(() => laptop.dump()).toEqual(atServer);
      expect(atServer['list_items']?.length).toBeGreaterThan(acknowledged.size);
      test.info().annotations.push({
        type: 'conformance',
        description: `${driver.name} ${seat.version}: ${home}, ${KILLS} kills, ${acknowledged.size} acknowledged, 0 lost`,
      });
    } catch (error) {
      const body = await seat.screenshot().catch(() => null);
      if (body !== null) await test.info().attach('page', { body, contentType: 'image/png' });
      throw error;
    } finally {
      await seat.kill();
      await proxy.close();
      await rm(profile, { recursive: true, force: true });
    }
  });
}

/** Edits one after another until the process is gone; each is counted when it is on disk. */
async function writeUntilKilled(
  seat: Seat,
  round: number,
  acknowledged: Set<string>,
): Promise<void> {
  const before = acknowledged.size;
  const stream = (async () => {
    for (let n = 0; n < EDITS_MAX; n++) {
      const title = `Round ${round} edit ${n}`;
      await seat.add(title);
      acknowledged.add(title);
    }
  })();
  const ended = stream.catch(() => 'cut off');
  await expect.poll(() => acknowledged.size - before).toBeGreaterThanOrEqual(EDITS_BEFORE_KILL);
  await seat.kill();
  expect(await ended, 'the stream ends with the browser').toBe('cut off');
}
