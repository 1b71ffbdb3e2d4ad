/** Benches in a real browser: the journeys' world, measured instead of judged. */
import { defineConfig } from '@playwright/test';
import journeys from '../../playwright.config.ts';

export default defineConfig({
  ...journeys,
  testDir: import.meta.dirname,
  testMatch: '*.bench.ts',
  outputDir: '../../test-results/bench',
  reporter: [['line']],
  timeout: 600_000,
  // What is measured has the machine for itself.
  workers: 1,
  use: { ...journeys.use, trace: 'off' },
});
