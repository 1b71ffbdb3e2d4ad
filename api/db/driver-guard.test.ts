import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { guardDriver, isDriverFile } from './driver-guard.ts';

const file = fileURLToPath(
  new URL('../../node_modules/postgres/src/connection.js', import.meta.url),
);

test('[OPS-12] the guard fits the installed driver exactly once', () => {
  expect(isDriverFile(file)).toBe(true);
  const guarded = guardDriver(readFileSync(file, 'utf8'));
  expect(guarded).toContain('if (socket === null) {');
  expect(() => guardDriver(guarded)).toThrow('postgres.js changed');
  expect(() => guardDriver('')).toThrow('postgres.js changed');
});
