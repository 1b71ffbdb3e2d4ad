/**
 * Chromium keeps the directory of the private file system in a LevelDB log and writes each record in two steps,
 * a header and its payload. A kill in between leaves half a record; the next start appends behind it; the start
 * after that reads what follows as the rest of the record and drops it: files that were acknowledged in a
 * session that ended properly. Here the half record is written to the profile while no browser runs, which is
 * the state such a kill leaves, at will. `TORN` lengthens a run.
 */
import { appendFile, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BrowserContext, chromium } from '@playwright/test';
import { killBrowser, persistentContext } from './browser-process.ts';
import {
  Device,
  expect,
  newPerson,
  prepareContext,
  signIn,
  signUp,
  Tab,
  test,
} from './fixtures.ts';
import { line } from './kitchen-data.ts';
import { startProxy } from './proxy.ts';

const TORN = Number(process.env['TORN'] ?? 1);
const EDITS = 12;

async function open(profile: string, url: string) {
  const context = await persistentContext(chromium, profile);
  await prepareContext(context);
  const page = await context.newPage();
  await page.goto(`${url}/list`);
  return { context, tab: new Tab(page) };
}

async function write(tab: Tab, name: string, acknowledged: string[]): Promise<void> {
  for (let n = 0; n < EDITS; n += 1) {
    const title = `${name} edit ${n}`;
    await tab.perform('list.add', { entries: [line(title)] });
    acknowledged.push(title);
  }
}

async function lostOf(tab: Tab, acknowledged: readonly string[]): Promise<string[]> {
  const rows = (await tab.dump())['list_items'] ?? [];
  const present = new Set(rows.map((row) => row['title']));
  return acknowledged.filter((title) => !present.has(title));
}

const DIRECTORY_LOGS = /File System\/.*\/Paths\/\d+\.log$/;
const INDEXED_DB_LOGS = /IndexedDB\/.*\/\d+\.log$/;

/** A header without its payload at the end of each log, as a kill between the two leaves it. */
async function tear(profile: string, which: RegExp): Promise<number> {
  const files = await readdir(profile, { recursive: true });
  const logs = files.filter((path) => which.test(path));
  // Checksum, length of the payload that never came (300), and "whole record".
  const header = Uint8Array.of(0xde, 0xad, 0xbe, 0xef, 300 & 0xff, 300 >> 8, 1);
  for (const path of logs) await appendFile(join(profile, path), header);
  return logs.length;
}

test('[STORE-205] half a record in the directory log of the browser costs nothing that was acknowledged', async ({
  larder,
}, info) => {
  test.setTimeout(TORN * 180_000 + 60_000);
  const acknowledged: string[] = [];
  const profile = await mkdtemp(join(tmpdir(), 'larder-torn-'));
  let running: BrowserContext | null = null;
  const start = async () => {
    const opened = await open(profile, larder.url);
    running = opened.context;
    return opened;
  };
  try {
    for (let round = 0; round < TORN; round += 1) {
      const killed = await start();
      await write(killed.tab, `Killed ${round}`, acknowledged);
      await killBrowser(killed.context);
      expect(await tear(profile, DIRECTORY_LOGS)).toBeGreaterThan(0);

      const ended = await start();
      expect(await lostOf(ended.tab, acknowledged), 'at the next start').toEqual([]);
      await write(ended.tab, `Ended ${round}`, acknowledged);
      await ended.context.close();

      const after = await start();
      expect(await lostOf(after.tab, acknowledged), 'at the start after that').toEqual([]);
      await after.context.close();
    }
  } finally {
    await (running as BrowserContext | null)?.close();
    await rm(profile, { recursive: true, force: true });
  }
  info.annotations.push({
    type: 'torn logs',
    description: `${TORN} torn logs, ${acknowledged.length} edits acknowledged, 0 lost`,
  });
});

test('[STORE-206] a device whose IndexedDB is gone opens the kitchen of the person who used it last', async ({
  larder,
}) => {
  test.setTimeout(300_000);
  const [ana, ben] = [newPerson('Ana'), newPerson('Ben')];
  const profile = await mkdtemp(join(tmpdir(), 'larder-torn-'));
  const proxy = await startProxy(larder.url);
  let running: BrowserContext | null = null;
  const start = async () => {
    const context = await persistentContext(chromium, profile);
    running = context;
    await prepareContext(context);
    const device = new Device(context, proxy);
    return { context, device, tab: await device.openTab() };
  };
  try {
    const killed = await start();
    await signUp(killed.tab, ana);
    await signUp(killed.tab, ben);
    await killBrowser(killed.context);
    expect(await tear(profile, INDEXED_DB_LOGS)).toBeGreaterThan(0);

    // Signing in writes behind the half record, and all of it is gone at the start after.
    const ended = await start();
    const { kitchen } = await ended.tab.status();
    // Notes of the browser that the kill threw back are put right first: it begins every view anew.
    const notesOf = () => ended.tab.page.evaluate(() => localStorage.getItem('larder:kitchen'));
    await expect.poll(notesOf).toBe(kitchen);
    await signIn(ended.tab, ben);
    await ended.device.goOffline();
    await ended.tab.perform('list.add', { entries: [line('Unsent of Ben')] });
    expect((await ended.tab.status()).kitchen).toBe(kitchen);
    await ended.context.close();

    const after = await start();
    expect((await after.tab.status()).kitchen).toBe(kitchen);
    const titles = (await after.tab.dump())['list_items']?.map((row) => row['title']);
    expect(titles).toEqual(['Unsent of Ben']);
  } finally {
    await (running as BrowserContext | null)?.close();
    await proxy.close();
    await rm(profile, { recursive: true, force: true });
  }
});
