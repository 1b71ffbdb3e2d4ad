/**
 * A change that waits for a person: refused by a rule, or changed on two devices. It says what it is about,
 * why it waits, and that it is kept. Answering is the choice card's business.
 */
import { CircleStop, GitFork } from 'lucide-react';

import type { HeldRow } from '../../shared/queries.ts';
import { wordsForSync } from '../text/sync.ts';
import { clockTime, exactTime } from '../text/time.ts';
import css from './held-card.module.css';

export function HeldCard({ held }: { readonly held: HeldRow }) {
  const Icon = held.reason === 'conflict' ? GitFork : CircleStop;
  return (
    <article className={css['card']} data-reason={held.reason}>
      <Icon size={18} strokeWidth={1.75} aria-hidden="true" />
      <div className={css['words']}>
        <h4 className={css['title']}>{held.title}</h4>
        <p>{wordsForSync.heldReason[held.reason]}</p>
        <p className={css['kept']}>{wordsForSync.heldKept}</p>
        <p className={css['kept']}>
          <time dateTime={held.heldAt} title={exactTime(held.heldAt)}>
            {wordsForSync.heldSince(clockTime(held.heldAt))}
          </time>
          {held.detail === '' ? null : ` · ${held.detail}`}
        </p>
      </div>
    </article>
  );
}
