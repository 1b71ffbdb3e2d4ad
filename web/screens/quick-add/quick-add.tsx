/**
 * One field that understands `2 l milk, eggs, 500 g flour @mart` while it is typed. Everything in the field
 * is one act. Enter adds and stays; a suggestion completes the last name and adds; several pasted lines are
 * shown before they are added. The text survives leaving the view, and stands in every field that is open;
 * one Esc leaves it alone, two discard it.
 */
import { CornerDownLeft } from 'lucide-react';
import {
  type ClipboardEvent,
  type KeyboardEvent,
  type Ref,
  useEffect,
  useId,
  useState,
} from 'react';

import { nameKey } from '../../../shared/domain/name-key.ts';
import type { Suggestion } from '../../../shared/queries.ts';
import { Button } from '../../components/button.tsx';
import { cx } from '../../components/cx.ts';
import { useKitchen, usePerform } from '../../kitchen.tsx';
import { wordsForQuickAdd } from '../../text/list.ts';
import { readAsText, rememberAsText } from './as-text.ts';
import css from './quick-add.module.css';
import { keepQuickAddDraft, readQuickAddDraft, useQuickAddDraft } from './quick-add-draft.ts';
import { Suggestions, suggestionId } from './suggestions.tsx';
import { UnderstoodChips } from './understood-chips.tsx';
import { completeLast, understand, type UnderstoodPiece } from './understood.ts';

interface QuickAddProps {
  readonly inputRef?: Ref<HTMLInputElement>;
  readonly focusFirst?: boolean;
  readonly onAdded?: () => void;
}

/** A different example each time the field is opened, without a clock in view. */
const EXAMPLE = wordsForQuickAdd.examples[Date.now() % wordsForQuickAdd.examples.length];

export function QuickAdd({ inputRef, focusFirst = false, onAdded }: QuickAddProps) {
  const perform = usePerform();
  const listId = useId();
  const text = useQuickAddDraft();
  const [asText, setAsText] = useState(readAsText);
  const [chosen, setChosen] = useState(-1);
  const [closed, setClosed] = useState(false);
  /** Esc was pressed once on this text. */
  const [leaving, setLeaving] = useState(false);

  const setText = (next: string) => {
    keepQuickAddDraft(next);
    setChosen(-1);
    setClosed(false);
    setLeaving(false);
  };
  const pieces = understand(text, asText);
  const isPasted = text.includes('\n');
  const typedTitle = isPasted ? '' : (pieces.at(-1)?.entry.title ?? '');
  const suggested = useSuggestions(text.endsWith(',') ? '' : typedTitle);
  const suggestions = closed ? [] : suggested;

  const add = async (what: readonly UnderstoodPiece[]) => {
    if (what.length === 0) return;
    const before = text;
    setText('');
    const result = await perform('list.add', { entries: what.map(({ entry }) => entry) });
    if (result.ok) onAdded?.();
    // Not saved: the words come back, before whatever was typed meanwhile.
    else setText([before, readQuickAddDraft()].filter(Boolean).join(', '));
  };
  const take = (suggestion: Suggestion) => add(completeLast(pieces, suggestion.title));

  const onKeyDown = (event: KeyboardEvent) => {
    const picked = suggestions[chosen];
    if (event.key === 'Enter' && !event.nativeEvent.isComposing) {
      event.preventDefault();
      void (picked ? take(picked) : add(pieces));
    } else if (event.key === 'ArrowDown' && suggestions.length > 0) {
      event.preventDefault();
      setChosen((chosen + 1) % suggestions.length);
    } else if (event.key === 'ArrowUp' && suggestions.length > 0) {
      event.preventDefault();
      setChosen(chosen <= 0 ? suggestions.length - 1 : chosen - 1);
    } else if (event.key === 'Escape' && suggestions.length > 0) {
      event.stopPropagation();
      setClosed(true);
    } else if (event.key === 'Escape' && text !== '') {
      // The first one closes what the field stands in, if anything.
      if (leaving) setText('');
      else setLeaving(true);
    }
  };
  const onPaste = (event: ClipboardEvent) => {
    const pasted = event.clipboardData.getData('text/plain').trim();
    if (!pasted.includes('\n')) return;
    event.preventDefault();
    setText(text === '' ? pasted : `${text}\n${pasted}`);
  };

  return (
    <div className={css['quickAdd']}>
      <div className={css['line']}>
        <input
          ref={inputRef}
          className={css['input']}
          type="text"
          aria-label={wordsForQuickAdd.label}
          aria-controls={listId}
          aria-autocomplete="list"
          aria-activedescendant={chosen >= 0 ? suggestionId(listId, chosen) : undefined}
          autoComplete="off"
          autoCapitalize="none"
          enterKeyHint="done"
          // oxlint-disable-next-line jsx-a11y/no-autofocus -- opened by the person in order to type
          autoFocus={focusFirst}
          data-quick-add=""
          placeholder={EXAMPLE}
          readOnly={isPasted}
          value={isPasted ? wordsForQuickAdd.pasted(pieces.length) : text}
          onChange={(event) => setText(event.target.value)}
          onKeyDown={onKeyDown}
          onPaste={onPaste}
          onBlur={() => {
            setClosed(true);
            setLeaving(false);
          }}
          onFocus={() => setClosed(false)}
        />
        <button
          type="button"
          className={cx(css['submit'], pieces.length > 0 && css['ready'])}
          aria-label={wordsForQuickAdd.add}
          disabled={pieces.length === 0}
          onClick={() => void add(pieces)}
        >
          <CornerDownLeft size={20} strokeWidth={1.75} aria-hidden="true" />
        </button>
      </div>
      <UnderstoodChips pieces={pieces} onAsText={(key) => setAsText(rememberAsText(asText, key))} />
      {isPasted ? (
        <div className={css['pasted']}>
          <Button tone="quiet" onClick={() => setText('')}>
            {wordsForQuickAdd.discard}
          </Button>
          <Button tone="primary" onClick={() => void add(pieces)}>
            {wordsForQuickAdd.addPasted(pieces.length)}
          </Button>
        </div>
      ) : (
        <Suggestions
          id={listId}
          suggestions={suggestions}
          chosen={chosen}
          onTake={(suggestion) => void take(suggestion)}
        />
      )}
    </div>
  );
}

/**
 * Nothing typed, nothing suggested; the same name typed in full is not suggested either. Each prefix is
 * asked once and not watched: the next key asks again.
 */
function useSuggestions(title: string): readonly Suggestion[] {
  const kitchen = useKitchen();
  const [found, setFound] = useState<readonly Suggestion[]>([]);
  useEffect(() => {
    if (title === '') return undefined;
    let current = true;
    const show = (suggestions: readonly Suggestion[]): void => {
      if (current) setFound(suggestions);
    };
    // Without suggestions the field still works.
    kitchen.ask('suggest', { text: title }).then(show, () => undefined);
    return () => {
      current = false;
    };
  }, [kitchen, title]);
  if (title === '') return [];
  const key = nameKey(title);
  return found
    .filter((suggestion) => nameKey(suggestion.title) !== key)
    .filter((suggestion) => nameKey(suggestion.title).includes(key))
    .slice(0, SUGGESTIONS_MAX);
}

const SUGGESTIONS_MAX = 5;
