/**
 * The browsers on this machine for the conformance journey: Playwright's own builds, else the system's.
 * `npm test` installs what it can beforehand and says aloud what is missing; nothing is skipped here.
 */
import { existsSync } from 'node:fs';
import { type BrowserType, chromium, firefox, webkit } from '@playwright/test';
import { launchOptions } from '../../../playwright.config.ts';
import type { BrowserDriver } from './browser-driver.ts';
import { firefoxDriver } from './firefox-driver.ts';
import places from './places.json' with { type: 'json' };
import { playwrightDriver } from './playwright-driver.ts';
import { webkitDriver } from './webkit-driver.ts';

export function findBrowsers(): readonly BrowserDriver[] {
  const found = [
    playwrightDriver('Chromium', chromium, launchOptions),
    ownBuild('Firefox', firefox) ?? atFirst(places.firefox, firefoxDriver),
    ownBuild('WebKit', webkit) ?? systemWebKit(),
  ];
  return found.filter((driver) => driver !== null);
}

const ownBuild = (name: BrowserDriver['name'], type: BrowserType): BrowserDriver | null =>
  existsSync(type.executablePath()) ? playwrightDriver(name, type, {}) : null;

/** Its window needs a screen, which on a server is a virtual one. */
const systemWebKit = (): BrowserDriver | null =>
  atFirst(places.screen, (screen) => screen) === null ? null : atFirst(places.webkit, webkitDriver);

function atFirst<T>(paths: readonly string[], found: (path: string) => T): T | null {
  const path = paths.find((candidate) => existsSync(candidate));
  return path === undefined ? null : found(path);
}
