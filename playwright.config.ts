/**
 * Browser tests: the built app and server, real Chromium. `npm test` finds or installs the browser and
 * names it in LARDER_CHROMIUM; run by hand, Playwright's own is used, else the system's.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type LaunchOptions, chromium, defineConfig } from '@playwright/test';

function findChromium(): string | undefined {
  const given = process.env['LARDER_CHROMIUM'];
  if (given !== undefined && given !== '') return given;
  if (existsSync(chromium.executablePath())) return undefined;
  return ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) =>
    existsSync(path),
  );
}

const executablePath = findChromium();

/** Also for browsers that a test launches itself (persistent profiles). */
export const launchOptions: LaunchOptions = {
  ...(executablePath === undefined ? {} : { executablePath }),
  args: [
    // Chromium's sandbox does not start as root; whoever runs tests as root has no other choice.
    ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ],
};

export default defineConfig({
  testDir: 'test/e2e',
  globalSetup: join(import.meta.dirname, 'test/e2e/built.mjs'),
  outputDir: 'test-results',
  fullyParallel: false,
  // A journey mostly waits, for browsers that start and for times that pass.
  workers: 2,
  retries: 0,
  forbidOnly: true,
  // For a machine that has other things to do: a limit that is not reached costs nothing.
  timeout: 120_000,
  expect: { timeout: 30_000 },
  reporter: [['list'], ['json', { outputFile: 'test-results/browser.json' }]],
  use: {
    browserName: 'chromium',
    launchOptions,
    trace: 'retain-on-failure',
    viewport: { width: 390, height: 844 },
  },
});
