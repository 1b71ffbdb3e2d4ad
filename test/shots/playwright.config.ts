/** `npm run shots`: the pictures of the manifest and the README, taken from the real thing. */
import { defineConfig } from '@playwright/test';
import journeys from '../../playwright.config.ts';

export default defineConfig({
  ...journeys,
  testDir: import.meta.dirname,
  testMatch: '*.shots.ts',
  outputDir: '../../test-results/shots',
  reporter: [['line']],
});
