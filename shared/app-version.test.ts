import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { appVersion } from './app-version.ts';

test('[OPS-340] the version that the server is told is that of the package', () => {
  const text = readFileSync(join(import.meta.dirname, '../package.json'), 'utf8');
  expect(appVersion).toBe((JSON.parse(text) as { readonly version: string }).version);
});
