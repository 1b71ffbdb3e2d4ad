/**
 * How many things a person made on this device before signing in: what the question "do these come along?"
 * is about. Samples are nobody's, and what was undone is gone.
 */
import type { TimelineEntry } from '../../../shared/queries.ts';
import { isWaiting } from '../../sync/panel-groups.ts';

const THINGS: ReadonlySet<string> = new Set([
  'list_items',
  'recipes',
  'plan_entries',
  'pantry_items',
]);

export function countOwnThings(entries: readonly TimelineEntry[]): number {
  const own = entries.filter((entry) => isWaiting(entry) && entry.sentence.key !== 'samples.add');
  const made = own
    .flatMap((entry) => entry.rows)
    .filter(({ op, table }) => op === 'insert' && THINGS.has(table));
  return made.reduce((sum, { rows }) => sum + rows, 0);
}
