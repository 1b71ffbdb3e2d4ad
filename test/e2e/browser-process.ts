/** A browser whose process the test owns, so that it can be killed like a power switch would. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import type { BrowserContext, BrowserType } from '@playwright/test';
import { launchOptions } from '../../playwright.config.ts';

const profiles = new WeakMap<BrowserContext, string>();

export async function persistentContext(
  browserType: BrowserType,
  profile: string,
  options: Parameters<BrowserType['launchPersistentContext']>[1] = launchOptions,
): Promise<BrowserContext> {
  const context = await browserType.launchPersistentContext(profile, { ...options });
  profiles.set(context, profile);
  return context;
}

/**
 * SIGKILL to the main process and all its children at once, found by the profile folder that only
 * this browser has on its command line. Resolves when they are gone.
 */
export async function killBrowser(context: BrowserContext): Promise<void> {
  const profile = profiles.get(context);
  if (profile === undefined) throw new Error('this context was not started by persistentContext');
  const closed = new Promise<void>((resolve) => context.once('close', () => resolve()));
  const main = findProcesses(profile);
  if (main.length === 0) throw new Error('no browser process has this profile');
  for (const pid of main) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // A child may have followed its parent already.
    }
  }
  await closed;
}

/** A fresh folder, so its name stands in no other command line. */
function findProcesses(profile: string): number[] {
  if (process.platform !== 'linux') {
    const lines = execFileSync('ps', ['-axo', 'pid=,args='], { encoding: 'utf8' }).split('\n');
    return lines.filter((line) => line.includes(profile)).map((line) => Number.parseInt(line, 10));
  }
  const found: number[] = [];
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      if (readFileSync(`/proc/${entry}/cmdline`, 'utf8').includes(profile))
        found.push(Number(entry));
    } catch {
      // The process ended while the folder was read.
    }
  }
  return found;
}
