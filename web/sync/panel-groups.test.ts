import { expect, test } from 'vitest';

import type { TimelineEntry } from '../../shared/queries.ts';
import { groupTimeline } from './panel-groups.ts';

const nowMs = Date.parse('2026-11-22T14:05:00.000Z');

function entry(id: string, changes: Partial<TimelineEntry>): TimelineEntry {
  return {
    id,
    sentence: { key: 'list.tick', values: {} },
    at: '2026-11-22T13:00:00.000Z',
    by: null,
    direction: 'out',
    rows: [],
    state: 'accepted',
    bundleSeq: 1,
    ...changes,
  };
}

const titles = (entries: readonly TimelineEntry[], filter: 'all' | 'sent' | 'received'): unknown =>
  groupTimeline(entries, filter, nowMs).map((group) => [
    group.title,
    group.entries.map(({ id }) => id),
  ]);

test('[UI-27] what waits to be sent stands first, whatever its day; the rest goes by day', () => {
  const entries = [
    entry('today', {}),
    entry('waiting', { state: 'saved', bundleSeq: null, at: '2026-11-21T13:00:00.000Z' }),
    entry('yesterday', { at: '2026-11-21T13:00:00.000Z', direction: 'in' }),
  ];
  expect(titles(entries, 'all')).toEqual([
    ['Waiting to be sent', ['waiting']],
    ['Today', ['today']],
    ['Yesterday', ['yesterday']],
  ]);
  expect(titles(entries, 'received')).toEqual([['Yesterday', ['yesterday']]]);
});
