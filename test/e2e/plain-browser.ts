/**
 * A browser that is not told to keep every tab in sight. Playwright's own is, so there a tab is never hidden
 * and can never be frozen; here tabs live and sleep as they do for people.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BrowserContext, chromium } from '@playwright/test';
import { launchOptions } from '../../playwright.config.ts';
import { Device, prepareContext, test as base } from './fixtures.ts';
import { startProxy } from './proxy.ts';

const START_MS = 30_000;
const LOOK_MS = 50;

export const test = base.extend<{ plainContext: BrowserContext; plainDevice: Device }>({
  // oxlint-disable-next-line no-empty-pattern -- Playwright reads the names from the pattern
  plainContext: async ({}, use) => {
    const folder = await mkdtemp(join(tmpdir(), 'larder-plain-'));
    const child = start(folder);
    try {
      const endpoint = `http://127.0.0.1:${await portOf(folder, child)}`;
      const browser = await chromium.connectOverCDP(endpoint, { noDefaults: true });
      const [context] = browser.contexts();
      if (context === undefined) throw new Error('the browser has no profile');
      await prepareContext(context);
      await use(context);
      await browser.close();
    } finally {
      const hasEnded = child.exitCode === null ? once(child, 'exit') : null;
      child.kill();
      await hasEnded;
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    }
  },
  plainDevice: async ({ plainContext, larder }, use) => {
    const proxy = await startProxy(larder.url);
    await use(new Device(plainContext, proxy));
    await proxy.close();
  },
});

function start(folder: string): ChildProcess {
  const program = launchOptions.executablePath ?? chromium.executablePath();
  const args = ['--headless=new', '--remote-debugging-port=0', `--user-data-dir=${folder}`];
  return spawn(program, [...(launchOptions.args ?? []), ...args, 'about:blank'], {
    stdio: 'ignore',
  });
}

/** The browser writes the port that it took into its profile. */
async function portOf(folder: string, child: ChildProcess): Promise<string> {
  const deadlineMs = performance.now() + START_MS;
  while (performance.now() < deadlineMs) {
    if (child.exitCode !== null) throw new Error(`the browser ended with ${child.exitCode}`);
    const text = await readFile(join(folder, 'DevToolsActivePort'), 'utf8').catch(() => '');
    const [port, path] = text.split('\n');
    if (port !== undefined && path !== undefined) return port;
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
  throw new Error('the browser did not say where it listens');
}
