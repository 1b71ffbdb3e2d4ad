/** The question on the page of what it is about: what happened, what each answer does, and the way there. */
import { GitFork } from 'lucide-react';
import { Link } from 'wouter';

import { Button } from '../../components/button.tsx';
import { wordsForChoices as text } from '../../text/choices.ts';
import css from './choice-notice.module.css';
import { useAnswer, useChoiceOf } from './use-choices.ts';

export function ChoiceNotice({ ids }: { readonly ids: readonly string[] }) {
  const choice = useChoiceOf(ids);
  const answer = useAnswer();
  if (choice === null) return null;
  const isPlain = choice.kind === 'field' || choice.kind === 'moved';
  return (
    <section className={css['notice']} aria-label={text.open(choice.title)} data-choice={choice.id}>
      <p className={css['what']}>
        <GitFork size={18} strokeWidth={1.75} aria-hidden="true" />
        {text.what(choice.kind, choice.theirsBy)}
      </p>
      {isPlain ? (
        <Link href={`/choices?choice=${choice.id}`} className={css['link']}>
          {text.open(choice.title)}
        </Link>
      ) : (
        <div className={css['answers']}>
          <div>
            <Button onClick={() => void answer(choice.id, { side: 'theirs' })}>
              {text.takeTheirs(choice.kind)}
            </Button>
            <p className={css['does']}>{text.doesTheirs(choice)}</p>
          </div>
          <div>
            <Button onClick={() => void answer(choice.id, { side: 'mine' })}>
              {text.takeMine(choice.kind)}
            </Button>
            <p className={css['does']}>{text.doesMine(choice)}</p>
          </div>
        </div>
      )}
    </section>
  );
}
