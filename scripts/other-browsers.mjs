/**
 * Firefox and a WebKit for the conformance journey: Playwright's own builds, else the system's, else
 * Debian's packages when this is root. Returns what is missing as sentences to be said aloud; a browser that
 * is not there is never a failure of `npm test`, and never passes either.
 *
 * The tests find them by the same list of places (`test/e2e/browsers/find-browsers.ts`).
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { attempt, canInstallPackages, installPackages } from './browser.mjs';
import { root } from './prepare.mjs';

const places = JSON.parse(readFileSync(join(root, 'test/e2e/browsers/places.json'), 'utf8'));
const isAt = (paths) => paths.some((path) => existsSync(path));

const wanted = [
  {
    name: 'Firefox',
    own: 'firefox',
    isInSystem: () => isAt(places.firefox),
    packages: ['firefox-esr'],
  },
  {
    name: 'WebKit',
    own: 'webkit',
    // Its window needs a screen, which on a server is a virtual one.
    isInSystem: () => isAt(places.webkit) && isAt(places.screen),
    packages: ['webkit2gtk-driver', 'xvfb'],
  },
];

/** `download`: also ask Playwright for its builds, a few hundred megabytes, where no package will do. */
export async function ensureOtherBrowsers({ download }) {
  const playwright = await import('@playwright/test');
  const findMissing = () =>
    wanted.filter(
      ({ own, isInSystem }) => !existsSync(playwright[own].executablePath()) && !isInSystem(),
    );
  let missing = findMissing();
  if (missing.length > 0 && canInstallPackages()) {
    // Both at once: 141 MB, less than two minutes (docs/decisions/0007).
    await installPackages(
      missing.map(({ name }) => name).join(' and '),
      missing.flatMap(({ packages }) => packages),
    );
    missing = findMissing();
  }
  if (missing.length > 0 && download) {
    const cli = join(root, 'node_modules/@playwright/test/cli.js');
    const args = [cli, 'install', ...missing.map(({ own }) => own)];
    await attempt('downloading browsers', process.execPath, args, 10 * 60_000);
    missing = findMissing();
  }
  return missing.map(
    ({ name, packages }) =>
      `not run: ${name}, for none was found (apt-get install ${packages.join(' ')}, or npm run browsers)`,
  );
}
