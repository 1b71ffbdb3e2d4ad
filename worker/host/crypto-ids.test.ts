import { expect, test } from 'vitest';
import { createCryptoIds } from './crypto-ids.ts';

test('[STORE-11] row ids are UUIDv7 that ascend strictly, also when the clock stands still or jumps back', () => {
  let nowMs = Date.UTC(2026, 0, 2);
  const ids = createCryptoIds({ nowMs: () => nowMs });
  const made: string[] = [];
  for (let index = 0; index < 9_000; index++) {
    if (index === 3_000) nowMs += 5;
    if (index === 6_000) nowMs -= 60_000;
    made.push(ids.rowId());
  }
  expect(new Set(made).size).toBe(made.length);
  expect([...made].sort()).toEqual(made);
  for (const id of made) {
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  }
  expect(parseInt((made[0] ?? '').replaceAll('-', '').slice(0, 12), 16)).toBe(Date.UTC(2026, 0, 2));
});
