/**
 * A Chromium for the browser tests: Playwright's own when it is there or can be downloaded, else one
 * that the system has, else Debian's package when this is root. Returns what to set LARDER_CHROMIUM
 * to (empty: Playwright's own), or null when there is none.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './prepare.mjs';
import { StepFailed, runStep, say } from './report.mjs';

const candidates = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/usr/bin/google-chrome-stable',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

const runs = (path) => spawnSync(path, ['--version'], { timeout: 20_000 }).status === 0;

const findSystemBrowser = () => candidates.find((path) => existsSync(path) && runs(path));

async function findOwn() {
  const { chromium } = await import('@playwright/test');
  // The tests run headless, for which Playwright has a program of its own; either will do.
  return existsSync(chromium.executablePath());
}

/** A step that may fail: what follows looks for its result. */
export async function attempt(label, command, args, timeoutMs, env = process.env) {
  try {
    await runStep(label, command, args, { cwd: root, timeoutMs, env });
    return true;
  } catch (error) {
    if (error instanceof StepFailed) return false;
    throw error;
  }
}

export const canInstallPackages = () => process.getuid?.() === 0 && existsSync('/usr/bin/apt-get');

export async function installPackages(label, packages) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const install = ['install', '-y', '--no-install-recommends', ...packages];
  await attempt('asking Debian for its packages', 'apt-get', ['update'], 3 * 60_000, env);
  await attempt(`installing Debian’s ${label}`, 'apt-get', install, 10 * 60_000, env);
}

export async function ensureBrowser() {
  const given = process.env.LARDER_CHROMIUM;
  if (given !== undefined && given !== '') return given;
  if (await findOwn()) return '';
  const system = findSystemBrowser();
  if (system !== undefined) {
    say(`using the browser ${system}`);
    return system;
  }
  const playwright = join(root, 'node_modules/@playwright/test/cli.js');
  const args = [playwright, 'install', 'chromium'];
  if (await attempt('downloading a browser', process.execPath, args, 5 * 60_000)) {
    if (await findOwn()) return '';
  }
  if (canInstallPackages()) await installPackages('Chromium', ['chromium']);
  return findSystemBrowser() ?? null;
}
