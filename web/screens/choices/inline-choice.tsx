/**
 * The usual form of a choice, on the row itself: "you had 2 l  [3 l] [2 l]". One tap answers, and the toast
 * takes it back. Where more than one amount is in question the row leads to the card.
 */
import { GitFork } from 'lucide-react';
import { Link } from 'wouter';

import { Button } from '../../components/button.tsx';
import { cx } from '../../components/cx.ts';
import { wordsForChoices as text } from '../../text/choices.ts';
import { inlineField, valueText } from './choice-values.ts';
import css from './inline-choice.module.css';
import { useAnswer, useChoiceOf } from './use-choices.ts';

interface InlineChoiceProps {
  readonly ids: readonly string[];
  /** Below the line of a row, where the name begins, or inside a card. */
  readonly place?: 'row' | 'card';
}

export function InlineChoice({ ids, place = 'row' }: InlineChoiceProps) {
  const choice = useChoiceOf(ids);
  const answer = useAnswer();
  if (choice === null) return null;
  const field = inlineField(choice);
  if (field === null) {
    return (
      <div className={cx(css['inline'], css[place])} data-choice={choice.id}>
        <GitFork size={16} aria-hidden="true" />
        <Link href={`/choices?choice=${choice.id}`} className={css['link']}>
          {text.open(choice.title)}
        </Link>
      </div>
    );
  }
  const [theirs, mine] = [
    valueText(field.columns, field.theirs),
    valueText(field.columns, field.mine),
  ];
  return (
    <fieldset
      className={cx(css['inline'], css[place])}
      data-choice={choice.id}
      aria-label={text.open(choice.title)}
    >
      <span className={css['words']}>{text.had(mine)}</span>
      <Button
        aria-label={text.inlineTheirs(choice.title, theirs)}
        onClick={() => void answer(choice.id, { side: 'theirs' })}
      >
        {theirs}
      </Button>
      <Button
        aria-label={text.inlineMine(choice.title, mine)}
        onClick={() => void answer(choice.id, { side: 'mine' })}
      >
        {mine}
      </Button>
    </fieldset>
  );
}
