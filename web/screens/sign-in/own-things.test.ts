import { expect, test } from 'vitest';

import type { TimelineEntry } from '../../../shared/queries.ts';
import { countOwnThings } from './own-things.ts';

function act(key: string, changes: Partial<TimelineEntry>): TimelineEntry {
  return {
    id: key,
    sentence: { key, values: {} },
    at: '2026-11-22T13:00:00.000Z',
    by: null,
    direction: 'out',
    rows: [],
    state: 'saved',
    bundleSeq: null,
    ...changes,
  };
}

test('[UI-31] what comes along at sign-in is what a person made here, never the samples', () => {
  const rows = (table: string, count: number) => [{ table, op: 'insert' as const, rows: count }];
  expect(
    countOwnThings([
      act('samples.add', { rows: rows('recipes', 3) }),
      act('list.add', { rows: [...rows('list_items', 3), ...rows('products', 3)] }),
      act('list.add', { rows: rows('list_items', 9), state: 'undone' }),
      act('plan.add', { rows: [...rows('plan_entries', 1), ...rows('list_items', 9)] }),
    ]),
  ).toBe(13);
});
