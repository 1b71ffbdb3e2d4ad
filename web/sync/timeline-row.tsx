/**
 * One act, or one received bundle: what happened, when, by whom, in which state; unfolded, which rows and
 * which bundle. Nothing technical is seen before it is asked for.
 */
import {
  ArrowDown,
  ArrowUp,
  Circle,
  CircleStop,
  GitFork,
  GitMerge,
  type LucideIcon,
  Undo2,
} from 'lucide-react';

import type { TimelineEntry } from '../../shared/queries.ts';
import { wordsForSentence } from '../../shared/text/sentences.ts';
import { wordsForSync } from '../text/sync.ts';
import { clockTime, exactTime } from '../text/time.ts';
import css from './timeline-row.module.css';

const ICON_BY_STATE: Readonly<Record<TimelineEntry['state'], LucideIcon>> = {
  saved: Circle,
  sending: ArrowUp,
  accepted: ArrowUp,
  combined: GitMerge,
  choice: GitFork,
  refused: CircleStop,
  undone: Undo2,
};

export function TimelineRow({ entry }: { readonly entry: TimelineEntry }) {
  const received = entry.direction === 'in';
  const Icon = received && entry.state === 'accepted' ? ArrowDown : ICON_BY_STATE[entry.state];
  const state =
    received && entry.state === 'accepted'
      ? wordsForSync.received
      : wordsForSync.state[entry.state];
  const rowCount = entry.rows.reduce((sum, { rows }) => sum + rows, 0);
  return (
    <li data-entry={entry.id} data-direction={entry.direction} data-state={entry.state}>
      <details className={css['entry']}>
        <summary className={css['summary']}>
          <Icon className={css['icon']} size={16} strokeWidth={1.75} aria-hidden="true" />
          <span className="spoken">{state}: </span>
          <span className={css['sentence']}>
            {received && entry.by ? (
              <span className={css['by']}>
                {wordsForSync.from(entry.by.person, entry.by.device)}:{' '}
              </span>
            ) : null}
            {wordsForSentence(entry.sentence)}
          </span>
          <time className={css['time']} dateTime={entry.at} title={exactTime(entry.at)}>
            {clockTime(entry.at)}
          </time>
        </summary>
        <div className={css['more']}>
          <p>
            {state} · {wordsForSync.rows(rowCount)}
            {entry.bundleSeq === null ? null : ` · ${wordsForSync.bundle(entry.bundleSeq)}`}
          </p>
          <p>
            {entry.rows
              .map(({ table, op, rows }) => wordsForSync.rowChange(table, op, rows))
              .join(' · ')}
          </p>
        </div>
      </details>
    </li>
  );
}
