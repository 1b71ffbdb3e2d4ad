/** A browser that Playwright can drive, behind the interface of the conformance journey. */
import type { BrowserType, LaunchOptions } from '@playwright/test';
import { killBrowser, persistentContext } from '../browser-process.ts';
import { asExpression, type BrowserDriver } from './browser-driver.ts';

export function playwrightDriver(
  name: BrowserDriver['name'],
  browserType: BrowserType,
  options: LaunchOptions,
): BrowserDriver {
  return {
    name,
    home: null,
    async launch(profile) {
      const context = await persistentContext(browserType, profile, options);
      const page = await context.newPage();
      return {
        version: context.browser()?.version() ?? '',
        async goto(url) {
          await page.goto(url);
        },
        evaluate: async (work, ...given) =>
          JSON.parse(await page.evaluate<string>(asExpression(work, given))),
        runScript: (text) => page.evaluate(`{ ${text} }`),
        screenshot: () => page.screenshot(),
        kill: () => killBrowser(context),
      };
    },
  };
}
