/**
 * One choice in full (`app.md` §7): what both sides did, field by field, and what each answer does. Answers
 * stand always in one order: theirs, mine, the mix. The mix is off until it differs from both sides. When
 * theirs changes under the reader the buttons rest for a second, so that nobody answers something else.
 */
import { GitFork } from 'lucide-react';
import { type KeyboardEvent, useEffect, useState } from 'react';

import type { ChoiceAnswer } from '../../../shared/acts/acts.ts';
import type { ChoiceView } from '../../../shared/queries.ts';
import { wordsForSentence } from '../../../shared/text/sentences.ts';
import { Button } from '../../components/button.tsx';
import { wordsForChoices as text } from '../../text/choices.ts';
import { clockTime, exactTime } from '../../text/time.ts';
import css from './choice-card.module.css';
import { ChoiceFields, ChoiceResult } from './choice-fields.tsx';
import { mixedValues, NO_MIX, type Mix } from './choice-values.ts';

const REST_MS = 1000;

/** True for a moment after `value` changed while it was being looked at. */
function useResting(value: string): boolean {
  const [seen, setSeen] = useState(value);
  useEffect(() => {
    if (seen === value) return undefined;
    const timer = setTimeout(() => setSeen(value), REST_MS);
    return () => clearTimeout(timer);
  }, [seen, value]);
  return seen !== value;
}

interface ChoiceCardProps {
  readonly choice: ChoiceView;
  readonly onAnswer: (answer: ChoiceAnswer) => void;
  readonly onLater: () => void;
  readonly onStep: (step: 1 | -1) => void;
}

export function ChoiceCard({ choice, onAnswer, onLater, onStep }: ChoiceCardProps) {
  const [mix, setMix] = useState<Mix>(NO_MIX);
  const resting = useResting(JSON.stringify(choice.fields.map(({ theirs }) => theirs)));
  const canMix = choice.kind === 'field' || choice.kind === 'moved';
  const mixed = canMix ? mixedValues(choice, mix) : null;
  const act = (answer: ChoiceAnswer) => {
    if (!resting) onAnswer(answer);
  };
  const byKey: ReadonlyMap<string, () => void> = new Map([
    ['1', () => act({ side: 'theirs' })],
    ['2', () => act({ side: 'mine' })],
    ['3', () => (mixed === null ? undefined : act({ side: 'mix', values: mixed }))],
    ['l', onLater],
    ['j', () => onStep(1)],
    ['k', () => onStep(-1)],
  ]);
  const onKey = (event: KeyboardEvent<HTMLElement>) => {
    const run = byKey.get(event.key.toLowerCase());
    const isTyping =
      event.target instanceof HTMLTextAreaElement ||
      (event.target instanceof HTMLInputElement && event.target.type !== 'radio');
    if (run === undefined || isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    run();
  };
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions -- keys of the buttons inside
    <section
      className={css['card']}
      aria-label={choice.title}
      data-choice={choice.id}
      data-kind={choice.kind}
      onKeyDown={onKey}
    >
      <Facts choice={choice} />
      {choice.fields.length === 0 ? null : canMix ? (
        <>
          <ChoiceFields choice={choice} mix={mix} onMix={setMix} />
          <ChoiceResult choice={choice} mix={mix} onMix={setMix} />
        </>
      ) : null}
      <div className={css['answers']}>
        <Answer
          label={text.takeTheirs(choice.kind)}
          does={text.doesTheirs(choice)}
          disabled={resting}
          onClick={() => act({ side: 'theirs' })}
        />
        <Answer
          label={text.takeMine(choice.kind)}
          does={text.doesMine(choice)}
          disabled={resting}
          danger={choice.kind === 'gone-here'}
          onClick={() => act({ side: 'mine' })}
        />
        {canMix ? (
          <Answer
            label={text.takeMix}
            does=""
            disabled={resting || mixed === null}
            onClick={() => (mixed === null ? undefined : act({ side: 'mix', values: mixed }))}
          />
        ) : null}
      </div>
      <div className={css['foot']}>
        <Button tone="quiet" onClick={onLater}>
          {text.later}
        </Button>
        <p className={css['quiet']}>{text.meanwhile}</p>
      </div>
    </section>
  );
}

function Facts({ choice }: { readonly choice: ChoiceView }) {
  return (
    <header className={css['head']}>
      <h2 className={css['title']}>
        <GitFork size={20} strokeWidth={1.75} aria-hidden="true" />
        {choice.title}
      </h2>
      <p>
        {text.what(choice.kind, choice.theirsBy)}{' '}
        <time dateTime={choice.at} title={exactTime(choice.at)}>
          {text.since(clockTime(choice.at))}
        </time>
      </p>
      {choice.madeBy === null ? null : (
        <p className={css['quiet']}>{text.madeBy(wordsForSentence(choice.madeBy))}</p>
      )}
      {choice.changedSince ? <p className={css['since']}>{text.changedSince}</p> : null}
    </header>
  );
}

function Answer(props: {
  readonly label: string;
  readonly does: string;
  readonly disabled: boolean;
  readonly danger?: boolean;
  readonly onClick: () => void;
}) {
  const { label, does, disabled, danger = false, onClick } = props;
  return (
    <div className={css['answer']}>
      <Button tone={danger ? 'danger' : 'plain'} disabled={disabled} onClick={onClick}>
        {label}
      </Button>
      {does === '' ? null : <p className={css['quiet']}>{does}</p>}
    </div>
  );
}
