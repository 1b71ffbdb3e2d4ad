/**
 * The sync panel `/sync`: what is true now, what waits, what needs a choice, and what went out and came in.
 * One row is one act or one received bundle. What can be pressed: Sync now, Sign in, what waits for an answer.
 */
import { ChevronRight, GitFork } from 'lucide-react';
import { useState } from 'react';
import { Link } from 'wouter';

import { Button } from '../components/button.tsx';
import buttonCss from '../components/button.module.css';
import { cx } from '../components/cx.ts';
import { SegmentedTabs } from '../components/segmented-tabs.tsx';
import { Sheet } from '../components/sheet.tsx';
import { Skeleton } from '../components/skeleton.tsx';
import { UpdateLine } from '../frame/update-line.tsx';
import { useKitchen, useQuery, useStatus } from '../kitchen.tsx';
import { wordsForChoices } from '../text/choices.ts';
import { wordsForSync } from '../text/sync.ts';
import { exactTime } from '../text/time.ts';
import { describeChip } from './chip-state.ts';
import { HeldCard } from './held-card.tsx';
import { groupTimeline, type PanelFilter } from './panel-groups.ts';
import css from './sync-panel.module.css';
import { LostWork } from './lost-work.tsx';
import { TimelineRow } from './timeline-row.tsx';
import { clockTime } from '../text/time.ts';

const TIMELINE_ROWS_MAX = 200;

export function SyncPanel({ onClose }: { readonly onClose: () => void }) {
  return (
    <Sheet title={wordsForSync.title} open onClose={onClose} place="panel">
      <div className={css['panel']}>
        <StateNow />
        <UpdateLine />
        <OpenChoices />
        <LostWork />
        <HeldRows />
        <Timeline />
        <Details />
      </div>
    </Sheet>
  );
}

const NEEDS_SIGN_IN = new Set(['local-only', 'signed-out']);

function StateNow() {
  const status = useStatus();
  const kitchen = useKitchen();
  const [openedAtMs] = useState(() => Date.now());
  const chip = describeChip(status, { nowMs: openedAtMs, clock: clockTime });
  return (
    <div className={css['now']}>
      <div className={css['words']}>
        <p className={css['state']}>{chip.words}</p>
        <p className={css['below']}>{chip.below}</p>
      </div>
      {NEEDS_SIGN_IN.has(status.phase) ? (
        <Link href="/sign-in" className={cx(buttonCss['button'], buttonCss['primary'])}>
          {wordsForSync.signIn}
        </Link>
      ) : (
        <Button onClick={() => void kitchen.syncNow().catch(() => undefined)}>
          {wordsForSync.syncNow}
        </Button>
      )}
    </div>
  );
}

function OpenChoices() {
  const choices = useQuery('choices', {}) ?? [];
  if (choices.length === 0) return null;
  return (
    <section className={css['group']} aria-label={wordsForSync.needsChoice}>
      <h3 className={css['heading']}>
        {wordsForSync.needsChoice} <span>{choices.length}</span>
      </h3>
      <ul>
        {choices.map((choice) => (
          <li key={choice.id}>
            <Link href={`/choices?choice=${choice.id}`} className={css['choice']}>
              <GitFork size={16} strokeWidth={1.75} aria-hidden="true" />
              <span>
                {choice.title}: {wordsForChoices.what(choice.kind, choice.theirsBy)}
              </span>
              <ChevronRight size={16} aria-hidden="true" />
            </Link>
          </li>
        ))}
      </ul>
    </section>
  );
}

function HeldRows() {
  const held = useQuery('held', {}) ?? [];
  if (held.length === 0) return null;
  return (
    <section className={css['group']} aria-label={wordsForSync.notAccepted}>
      <h3 className={css['heading']}>
        {wordsForSync.notAccepted} <span>{held.length}</span>
      </h3>
      {held.map((row) => (
        <HeldCard key={`${row.table} ${row.id}`} held={row} />
      ))}
    </section>
  );
}

function Timeline() {
  const entries = useQuery('timeline', { limit: TIMELINE_ROWS_MAX });
  const [filter, setFilter] = useState<PanelFilter>('all');
  const [openedAtMs] = useState(() => Date.now());
  if (entries === undefined) return <Skeleton count={4} />;
  if (entries.length === 0) return <p className={css['below']}>{wordsForSync.empty}</p>;
  const groups = groupTimeline(entries, filter, openedAtMs);
  return (
    <>
      <SegmentedTabs
        label={wordsForSync.filter}
        wide
        value={filter}
        options={[
          { value: 'all', label: wordsForSync.all },
          { value: 'sent', label: wordsForSync.sent },
          { value: 'received', label: wordsForSync.received },
          { value: 'combined', label: wordsForSync.combined },
          { value: 'choices', label: wordsForSync.choices },
        ]}
        onChange={setFilter}
      />
      {groups.length === 0 ? <p className={css['below']}>{wordsForSync.emptyFilter}</p> : null}
      {groups.map((group) => (
        <section key={group.title} className={css['group']} aria-label={group.title}>
          <h3 className={css['heading']}>
            {group.title} <span>{group.entries.length}</span>
          </h3>
          <ul>
            {group.entries.map((entry) => (
              <TimelineRow key={entry.id} entry={entry} />
            ))}
          </ul>
        </section>
      ))}
    </>
  );
}

function Details() {
  const status = useStatus();
  const facts: readonly (readonly [string, string])[] = [
    [
      wordsForSync.lastExchange,
      status.lastExchangeAt === null ? wordsForSync.never : exactTime(status.lastExchangeAt),
    ],
    [wordsForSync.unsentRows, String(status.unsent.rows)],
    [wordsForSync.checkpoint, String(status.checkpoint)],
    [wordsForSync.durable, wordsForSync.durableWords[status.durable]],
    [wordsForSync.source, status.sourceId],
  ];
  const all =
    status.lastError === null
      ? facts
      : [...facts, [wordsForSync.lastError, status.lastError] as const];
  return (
    <details className={css['details']}>
      <summary>{wordsForSync.details}</summary>
      <dl className={css['facts']}>
        {all.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </details>
  );
}
