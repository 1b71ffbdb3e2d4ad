import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { findRepairs, guardDriver } from './driver-guard.ts';

const source = (name: string): string =>
  fileURLToPath(new URL(`../../node_modules/postgres/src/${name}`, import.meta.url));

test.each([
  ['connection.js', 'if (socket === null) {'],
  ['index.js', 'return q.reject(lost)'],
])('[OPS-12] the guard fits %s of the installed driver exactly once', (name, mended) => {
  const file = source(name);
  const repairs = findRepairs(file);
  if (repairs === null) throw new Error('the file is guarded');
  const guarded = guardDriver(readFileSync(file, 'utf8'), repairs);
  expect(guarded).toContain(mended);
  expect(() => guardDriver('', repairs)).toThrow('postgres.js changed');
});

test('[OPS-12] no other file is touched', () => {
  expect(findRepairs(source('query.js'))).toBeNull();
});
