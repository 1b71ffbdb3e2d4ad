/**
 * The form of one recipe with its draft: what was typed before comes back, what is typed is kept at each
 * pause and when the page goes away. Photos are not part of it.
 */
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';

import type { RecipeView } from '../../../shared/queries.ts';
import { deviceNotes } from '../../browser-storage.ts';
import { dropDraft, keepDraft, readDraft } from './draft.ts';
import { colonLines, countChanges, emptyForm, formOf, type RecipeForm } from './recipe-form.ts';

/** A pause in typing: short enough that a crash costs a word, long enough not to write per key. */
const pauseMs = 400;

export interface RecipeDraft {
  readonly form: RecipeForm;
  readonly setForm: (form: RecipeForm) => void;
  /** The recipe as it was when this text was begun: Save compares with it. */
  readonly openedRecipe: RecipeView | null;
  readonly opened: RecipeForm;
  /** Its lines that are no headings, though they end with a colon. */
  readonly linesWithColon: ReadonlySet<string>;
  readonly changes: number;
  readonly restored: boolean;
  /** Forgets the draft and shows the recipe as it is stored. */
  readonly startOver: () => void;
  /** Forgets the draft, after Save or when it is thrown away. */
  readonly forget: () => void;
}

export function useRecipeDraft(draftId: string, recipe: RecipeView | null): RecipeDraft {
  const [start] = useState(() => readDraft(deviceNotes, draftId, Date.now()));
  const [openedRecipe, setOpenedRecipe] = useState(start === null ? recipe : start.opened);
  const opened = useMemo(
    () => (openedRecipe === null ? emptyForm : formOf(openedRecipe)),
    [openedRecipe],
  );
  const linesWithColon = useMemo(() => colonLines(openedRecipe?.ingredients ?? []), [openedRecipe]);
  const [form, setForm] = useState(start?.form ?? opened);
  const [restored, setRestored] = useState(start !== null);
  const forgotten = useRef(false);
  const changes = countChanges(opened, form);

  const keep = useCallback(() => {
    if (forgotten.current) return;
    if (changes === 0) dropDraft(deviceNotes, draftId);
    else keepDraft(deviceNotes, draftId, { form, opened: openedRecipe }, Date.now());
  }, [changes, draftId, form, openedRecipe]);

  useEffect(() => {
    const timer = setTimeout(keep, pauseMs);
    globalThis.addEventListener('pagehide', keep);
    return () => {
      clearTimeout(timer);
      globalThis.removeEventListener('pagehide', keep);
    };
  }, [keep]);

  // Leaving the view inside the app fires no pagehide: the last words are kept here.
  const keepLast = useRef(keep);
  useEffect(() => {
    keepLast.current = keep;
  }, [keep]);
  useEffect(() => () => keepLast.current(), []);

  return {
    form,
    setForm,
    openedRecipe,
    opened,
    linesWithColon,
    changes,
    restored,
    startOver: () => {
      dropDraft(deviceNotes, draftId);
      setOpenedRecipe(recipe);
      setForm(recipe === null ? emptyForm : formOf(recipe));
      setRestored(false);
    },
    forget: () => {
      forgotten.current = true;
      dropDraft(deviceNotes, draftId);
    },
  };
}
