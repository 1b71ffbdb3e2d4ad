/**
 * The choices `/choices`: one card at a time, which one stands in the address. Answering goes on to the next
 * question; where several are plain ones, theirs can be taken for all of them, after showing the list.
 */
import { ChevronLeft, ChevronRight, ListChecks } from 'lucide-react';
import { useState } from 'react';
import { useLocation, useSearch } from 'wouter';

import type { ChoiceAnswer } from '../../../shared/acts/acts.ts';
import type { ChoiceView } from '../../../shared/queries.ts';
import { Button, IconButton } from '../../components/button.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { Sheet } from '../../components/sheet.tsx';
import { Skeleton } from '../../components/skeleton.tsx';
import { View } from '../../components/view.tsx';
import { usePerform, useQuery } from '../../kitchen.tsx';
import { wordsForChoices as text } from '../../text/choices.ts';
import { ChoiceCard } from './choice-card.tsx';
import css from './choices-screen.module.css';
import { useAnswer } from './use-choices.ts';

export function ChoicesScreen() {
  const choices = useQuery('choices', {});
  if (choices === undefined) {
    return (
      <View title={text.title}>
        <Skeleton />
      </View>
    );
  }
  if (choices.length === 0) {
    return (
      <View title={text.title}>
        <EmptyState
          title={text.empty}
          icon={<ListChecks size={28} strokeWidth={1.5} aria-hidden="true" />}
        >
          {text.emptyBody}
        </EmptyState>
      </View>
    );
  }
  return <Choices choices={choices} />;
}

function Choices({ choices }: { readonly choices: readonly ChoiceView[] }) {
  const asked = Number(new URLSearchParams(useSearch()).get('choice'));
  const [, navigate] = useLocation();
  const answer = useAnswer();
  const found = choices.findIndex(({ id }) => id === asked);
  const at = Math.max(0, found);
  const choice = choices[at];
  if (choice === undefined) return null;
  const goTo = (index: number) => {
    const next = choices[(index + choices.length) % choices.length];
    if (next !== undefined) navigate(`/choices?choice=${next.id}`, { replace: true });
  };
  const later = () => {
    if (choices.length > 1) goTo(at + 1);
    else history.back();
  };
  const give = (given: ChoiceAnswer) => void answer(choice.id, given);
  return (
    <View
      title={text.title}
      actions={
        <nav className={css['steps']} aria-label={text.title}>
          <IconButton
            label={text.previous}
            icon={<ChevronLeft size={20} />}
            disabled={choices.length < 2}
            onClick={() => goTo(at - 1)}
          />
          <span className={css['position']} aria-live="polite">
            {text.position(at + 1, choices.length)}
          </span>
          <IconButton
            label={text.next}
            icon={<ChevronRight size={20} />}
            disabled={choices.length < 2}
            onClick={() => goTo(at + 1)}
          />
        </nav>
      }
    >
      <ChoiceCard
        key={choice.id}
        choice={choice}
        onAnswer={give}
        onLater={later}
        onStep={(step) => goTo(at + step)}
      />
      <AnswerAll choices={choices} />
      <p className={css['keys']}>{text.keys}</p>
    </View>
  );
}

/** Only questions about single fields can be answered together, and only after all of them were shown. */
function AnswerAll({ choices }: { readonly choices: readonly ChoiceView[] }) {
  const perform = usePerform();
  const [open, setOpen] = useState(false);
  const plain = choices.filter(({ kind }) => kind === 'field');
  if (plain.length < 2) return null;
  const answerAll = async () => {
    const choiceIds = plain.map(({ id }) => id);
    const result = await perform('choice.answerAll', { choiceIds, side: 'theirs' });
    if (result.ok) setOpen(false);
  };
  return (
    <>
      <Button onClick={() => setOpen(true)}>{text.answerAll(plain.length)}</Button>
      <Sheet
        title={text.answerAllTitle(plain.length)}
        open={open}
        onClose={() => setOpen(false)}
        foot={
          <>
            <Button onClick={() => setOpen(false)}>{text.cancel}</Button>
            <Button tone="primary" onClick={() => void answerAll()}>
              {text.answerAll(plain.length)}
            </Button>
          </>
        }
      >
        <ul className={css['list']}>
          {plain.map(({ id, title }) => (
            <li key={id}>{title}</li>
          ))}
        </ul>
        <p>{text.answerAllBody}</p>
      </Sheet>
    </>
  );
}
