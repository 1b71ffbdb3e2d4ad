/**
 * What happened in the household `/activity`, as the server wrote it, by day. What this device did and has
 * not sent yet stands on top in grey: it will be recorded when it arrives.
 */
import { Activity } from 'lucide-react';

import type { ActivityRow } from '../../../shared/queries.ts';
import { EmptyState } from '../../components/empty-state.tsx';
import { Skeleton } from '../../components/skeleton.tsx';
import { View } from '../../components/view.tsx';
import { useQuery } from '../../kitchen.tsx';
import { isWaiting } from '../../sync/panel-groups.ts';
import { wordsForSentence } from '../../../shared/text/sentences.ts';
import { clockTime, dayHeading, exactTime } from '../../text/time.ts';
import { wordsForActivity } from '../../text/views.ts';
import css from './activity.module.css';

const ROWS_MAX = 200;

export function ActivityScreen() {
  const rows = useQuery('activity', { limit: ROWS_MAX });
  const unsent = (useQuery('timeline', { limit: ROWS_MAX }) ?? []).filter(isWaiting);
  return (
    <View title={wordsForActivity.title}>
      {rows === undefined ? <Skeleton /> : null}
      {unsent.length === 0 ? null : (
        <ul className={css['unsent']}>
          {unsent.map((entry) => (
            <li key={entry.id}>
              {wordsForSentence(entry.sentence)} · {wordsForActivity.unsent}
            </li>
          ))}
        </ul>
      )}
      {rows && rows.length === 0 && unsent.length === 0 ? (
        <EmptyState icon={<Activity size={28} strokeWidth={1.5} aria-hidden="true" />}>
          {wordsForActivity.empty}
        </EmptyState>
      ) : null}
      {byDay(rows ?? []).map(([day, ofDay]) => (
        <section key={day} className={css['day']} aria-label={day}>
          <h2 className={css['heading']}>{day}</h2>
          <ul className={css['rows']}>
            {ofDay.map((row) => (
              <li key={row.id} className={css['row']}>
                <span className={css['words']}>
                  <strong>{row.actor ?? wordsForActivity.someone}</strong> {wordsOf(row)}
                </span>
                <time
                  className={css['time']}
                  dateTime={row.happenedAt}
                  title={exactTime(row.happenedAt)}
                >
                  {clockTime(row.happenedAt)}
                </time>
              </li>
            ))}
          </ul>
        </section>
      ))}
    </View>
  );
}

function byDay(
  rows: readonly ActivityRow[],
): readonly (readonly [string, readonly ActivityRow[]])[] {
  const days = new Map<string, ActivityRow[]>();
  const nowMs = Date.now();
  for (const row of rows) {
    const day = dayHeading(row.happenedAt, nowMs);
    days.set(day, [...(days.get(day) ?? []), row]);
  }
  return [...days];
}

const VERBS: Readonly<Record<string, string>> = wordsForActivity.verbs;

function wordsOf(row: ActivityRow): string {
  const verb = VERBS[row.verb] ?? row.verb;
  const what =
    row.howMany === 1 && row.title !== null
      ? row.title
      : wordsForActivity.things(row.subjectTable, row.howMany);
  return `${verb} ${what}`;
}
