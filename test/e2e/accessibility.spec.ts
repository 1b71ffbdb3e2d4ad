/** axe on every screen, with things in it, light and dark; nothing scrolls sideways. */
import { AxeBuilder } from '@axe-core/playwright';
import { expect, newDevice, newPerson, signUp, test } from './fixtures.ts';
import { lasagne, planLasagne } from './kitchen-data.ts';

const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];

for (const colorScheme of ['light', 'dark'] as const) {
  test(`[UI-93] no screen has an accessibility fault or scrolls sideways (${colorScheme})`, async ({
    browser,
    larder,
  }) => {
    test.setTimeout(300_000);
    const device = await newDevice(browser, larder, {
      colorScheme,
      viewport: { width: 390, height: 844 },
      reducedMotion: 'reduce',
    });
    const tab = await device.openTab();
    await signUp(tab, newPerson('Ana'));
    const recipe = lasagne();
    await tab.perform('recipe.create', recipe);
    await planLasagne(tab, recipe, '2026-11-23', 1);
    const { page } = tab;
    const paths = [
      '/list',
      '/shop',
      '/week/2026-W48',
      '/recipes',
      `/recipes/${recipe.id}`,
      `/recipes/${recipe.id}/edit`,
      '/import',
      '/pantry',
      '/activity',
      '/trash',
      '/choices',
      '/settings',
      '/sync',
    ];
    for (const path of paths) {
      await page.goto(device.proxy.url + path);
      await expect(page.getByRole('heading').first(), path).toBeVisible();
      await expect(page.locator('[aria-busy=true]'), path).toHaveCount(0);
      const { violations } = await new AxeBuilder({ page }).withTags(tags).analyze();
      const faults = violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html ?? ''}`);
      expect(faults, path).toEqual([]);
      const sideways = await page.evaluate(
        () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
      );
      expect(sideways, `${path} fits its width`).toBe(0);
    }
    await device.close();
  });
}
