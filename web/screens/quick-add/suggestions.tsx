/** Names from this household's own history, under the field. A tap takes one; the keyboard moves in it. */
import type { Suggestion } from '../../../shared/queries.ts';
import { cx } from '../../components/cx.ts';
import { wordsForQuickAdd } from '../../text/list.ts';
import css from './quick-add.module.css';

interface SuggestionsProps {
  readonly id: string;
  readonly suggestions: readonly Suggestion[];
  readonly chosen: number;
  readonly onTake: (suggestion: Suggestion) => void;
}

export const suggestionId = (listId: string, index: number): string => `${listId}-${index}`;

const ON_LIST_WORDS: Readonly<Record<Suggestion['onList'], string>> = {
  no: '',
  open: wordsForQuickAdd.alreadyOpen,
  basket: wordsForQuickAdd.alreadyBasket,
};

export function Suggestions({ id, suggestions, chosen, onTake }: SuggestionsProps) {
  return (
    <div
      id={id}
      // oxlint-disable-next-line jsx-a11y/prefer-tag-over-role -- HTML has no list of options under a text field
      role="listbox"
      aria-label={wordsForQuickAdd.suggestions}
      className={css['suggestions']}
      hidden={suggestions.length === 0}
    >
      {suggestions.map((suggestion, index) => (
        // oxlint-disable-next-line jsx-a11y/click-events-have-key-events -- keys are handled by the field
        <div
          key={suggestion.title}
          id={suggestionId(id, index)}
          // oxlint-disable-next-line jsx-a11y/prefer-tag-over-role -- an option of that list
          role="option"
          tabIndex={-1}
          aria-selected={index === chosen}
          className={cx(css['suggestion'], index === chosen && css['chosen'])}
          // The field keeps the focus: the list would close before the click arrives.
          onPointerDown={(event) => event.preventDefault()}
          onClick={() => onTake(suggestion)}
        >
          <span>{suggestion.title}</span>
          <span className={css['onList']}>{ON_LIST_WORDS[suggestion.onList]}</span>
        </div>
      ))}
    </div>
  );
}
