/**
 * The timeline as the sync panel shows it: what waits to be sent first, then by day, newest first. Pure;
 * filters keep whole entries.
 */
import type { TimelineEntry } from '../../shared/queries.ts';
import { wordsForSync } from '../text/sync.ts';
import { dayHeading } from '../text/time.ts';

export type PanelFilter = 'all' | 'sent' | 'received' | 'combined' | 'choices';

export interface PanelGroup {
  readonly title: string;
  readonly entries: readonly TimelineEntry[];
}

export function matchesFilter(entry: TimelineEntry, filter: PanelFilter): boolean {
  switch (filter) {
    case 'all':
      return true;
    case 'sent':
      return entry.direction === 'out';
    case 'received':
      return entry.direction === 'in';
    case 'combined':
      return entry.state === 'combined';
    case 'choices':
      return entry.state === 'choice' || entry.sentence.key.startsWith('choice.');
  }
}

export function isWaiting(entry: TimelineEntry): boolean {
  return entry.direction === 'out' && (entry.state === 'saved' || entry.state === 'sending');
}

export function groupTimeline(
  entries: readonly TimelineEntry[],
  filter: PanelFilter,
  nowMs: number,
): readonly PanelGroup[] {
  const shown = entries.filter((entry) => matchesFilter(entry, filter));
  const waiting = shown.filter(isWaiting);
  const groups = new Map<string, TimelineEntry[]>();
  for (const entry of shown) {
    if (isWaiting(entry)) continue;
    const title = dayHeading(entry.at, nowMs);
    groups.set(title, [...(groups.get(title) ?? []), entry]);
  }
  const days = [...groups].map(([title, dayEntries]) => ({ title, entries: dayEntries }));
  return waiting.length === 0 ? days : [{ title: wordsForSync.waiting, entries: waiting }, ...days];
}
