/**
 * A change that waits for a person: refused by a rule, or changed on two devices. It says what it is about,
 * why it waits, and that it is kept; one tap answers. Choosing column by column is for a card of its own.
 */
import { CircleStop, GitFork } from 'lucide-react';

import type { HeldRow } from '../../shared/queries.ts';
import { Button } from '../components/button.tsx';
import { useToast } from '../components/toast.tsx';
import { useKitchen } from '../kitchen.tsx';
import { wordsForSync } from '../text/sync.ts';
import { clockTime, exactTime } from '../text/time.ts';
import css from './held-card.module.css';

export function HeldCard({ held }: { readonly held: HeldRow }) {
  const kitchen = useKitchen();
  const toast = useToast();
  const decide = async (side: 'mine' | 'theirs') => {
    const outcome = await kitchen.decide(held.table, held.id, side);
    if (outcome === 'failed') toast({ words: wordsForSync.heldDecideFailed, tone: 'problem' });
  };
  const isConflict = held.reason === 'conflict';
  const Icon = isConflict ? GitFork : CircleStop;
  return (
    <article className={css['card']} data-reason={held.reason}>
      <Icon size={18} strokeWidth={1.75} aria-hidden="true" />
      <div className={css['words']}>
        <h4 className={css['title']}>
          {held.title === '' ? wordsForSync.heldNameless : held.title}
        </h4>
        <p>{wordsForSync.heldReason[held.reason]}</p>
        <p className={css['kept']}>{wordsForSync.heldKept}</p>
        <p className={css['kept']}>
          <time dateTime={held.heldAt} title={exactTime(held.heldAt)}>
            {wordsForSync.heldSince(clockTime(held.heldAt))}
          </time>
          {held.detail === '' ? null : ` · ${held.detail}`}
        </p>
        <div className={css['answers']}>
          <Button onClick={() => void decide('theirs')}>
            {isConflict ? wordsForSync.heldTheirs : wordsForSync.heldDrop}
          </Button>
          {held.reason === 'orphaned' ? null : (
            <Button onClick={() => void decide('mine')}>
              {isConflict ? wordsForSync.heldMine : wordsForSync.heldRetry}
            </Button>
          )}
        </div>
      </div>
    </article>
  );
}
