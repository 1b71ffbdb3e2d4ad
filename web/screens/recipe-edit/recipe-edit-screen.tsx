/**
 * Writing and changing a recipe (`app.md` §5.6): one form, one Save, one act that holds only what changed.
 * What is typed is kept as a draft on this device, so that nothing is lost by leaving. A change made
 * elsewhere meanwhile does not touch the form; it is merged when saving.
 *
 * The photo of a stored recipe is its own act, taken at once; that of a new recipe goes with its Save.
 */
import { type FormEvent, type KeyboardEvent, useState, useSyncExternalStore } from 'react';
import { useLocation } from 'wouter';

import type { PhotoDraft, Refusal } from '../../../shared/acts/acts.ts';
import type { RecipeView } from '../../../shared/queries.ts';
import type { Result } from '../../../shared/result.ts';
import { Button } from '../../components/button.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { Skeleton } from '../../components/skeleton.tsx';
import { View } from '../../components/view.tsx';
import { newId } from '../../ids.ts';
import { usePerform, useQuery } from '../../kitchen.tsx';
import { recipeEditText as text, recipeText } from '../../text/recipes.ts';
import { wordsForRefusal } from '../../text/refusals.ts';
import { readDraft } from './draft.ts';
import { FormFields } from './form-fields.tsx';
import { LeaveDialog } from './leave-dialog.tsx';
import { PhotoField } from './photo-field.tsx';
import css from './recipe-edit-screen.module.css';
import {
  changesOf,
  fieldsOf,
  findProblems,
  matchLines,
  stepsOf,
  tagsOf,
  textToLines,
} from './recipe-form.ts';
import { useRecipeDraft } from './use-recipe-draft.ts';

export interface RecipeEditScreenProps {
  /** Without an id a new recipe is written. */
  readonly params: { readonly id?: string | undefined };
}

export function RecipeEditScreen({ params }: RecipeEditScreenProps) {
  const { id } = params;
  return id === undefined ? (
    <RecipeEditor draftId="new" recipe={null} />
  ) : (
    <StoredRecipeEditor key={id} id={id} />
  );
}

function StoredRecipeEditor({ id }: { readonly id: string }) {
  const recipe = useQuery('recipe', { id });
  if (recipe === undefined) {
    return (
      <View title={text.editTitle}>
        <Skeleton kind="text" />
      </View>
    );
  }
  if (recipe === null) {
    return <GoneRecipe id={id} />;
  }
  return <RecipeEditor draftId={id} recipe={recipe} />;
}

const neverTold = () => () => undefined;

/** Deleted elsewhere while it was edited: what was typed goes on as a new recipe. */
function GoneRecipe({ id }: { readonly id: string }) {
  const [, go] = useLocation();
  // Looked at again once this is drawn: the form that was just closed keeps its last words as it goes.
  const hasDraft = useSyncExternalStore(
    neverTold,
    () => readDraft(localStorage, id, Date.now()) !== null,
  );
  const [goesOn, setGoesOn] = useState(false);
  if (goesOn) return <RecipeEditor draftId={id} recipe={null} />;
  return (
    <View title={text.editTitle}>
      <EmptyState
        title={recipeText.goneTitle}
        actions={
          <>
            {hasDraft ? (
              <Button tone="primary" onClick={() => setGoesOn(true)}>
                {text.goneGoOn}
              </Button>
            ) : null}
            <Button onClick={() => go('/recipes')}>{recipeText.backToRecipes}</Button>
          </>
        }
      >
        {hasDraft ? text.goneKept : recipeText.goneBody}
      </EmptyState>
    </View>
  );
}

/** Saves the form as one act; null when there is nothing to save. */
function useSave(recipe: RecipeView | null, photo: PhotoDraft | null) {
  const perform = usePerform();
  return async (
    draft: ReturnType<typeof useRecipeDraft>,
  ): Promise<Result<{ readonly id: string }, Refusal>> => {
    const { form, opened, openedRecipe } = draft;
    if (recipe === null || openedRecipe === null) {
      const id = newId();
      const result = await perform(
        'recipe.create',
        {
          id,
          fields: fieldsOf(form),
          ingredients: matchLines(textToLines(form.ingredients, draft.linesWithColon), []),
          // The steps of a recipe that is gone are written anew, never under its ids.
          steps: stepsOf(form).map((step) => ({ ...step, id: null })),
          tags: tagsOf(form),
          photo,
        },
        { refusal: 'none' },
      );
      return result.ok ? { ok: true, value: { id } } : result;
    }
    const { id } = recipe;
    const changes = changesOf(opened, openedRecipe, form, recipe);
    if (Object.keys(changes).length === 0) return { ok: true, value: { id } };
    const result = await perform('recipe.edit', { id, ...changes }, { refusal: 'none' });
    return result.ok ? { ok: true, value: { id } } : result;
  };
}

interface RecipeEditorProps {
  readonly draftId: string;
  /** Null where a new one is written. */
  readonly recipe: RecipeView | null;
}

function RecipeEditor({ draftId, recipe }: RecipeEditorProps) {
  const [, go] = useLocation();
  const perform = usePerform();
  const draft = useRecipeDraft(draftId, recipe);
  const [photo, setPhoto] = useState<PhotoDraft | null>(null);
  const [tried, setTried] = useState(false);
  const [saving, setSaving] = useState(false);
  const [refused, setRefused] = useState<string | null>(null);
  const [leaving, setLeaving] = useState(false);
  const saveForm = useSave(recipe, photo);
  const problems = findProblems(draft.form);
  const isClean = draft.changes === 0 && photo === null;
  const backTo = recipe === null ? '/recipes' : `/recipes/${recipe.id}`;

  const save = async () => {
    setTried(true);
    if (saving || Object.keys(problems).length > 0) return;
    setSaving(true);
    setRefused(null);
    const result = await saveForm(draft);
    setSaving(false);
    if (!result.ok) {
      setRefused(`${wordsForRefusal(result.error)} ${text.textKept}`);
      return;
    }
    draft.forget();
    go(`/recipes/${result.value.id}`, { replace: true });
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void save();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    void save();
  };
  const takePhoto = (next: PhotoDraft | null) => {
    if (recipe === null) setPhoto(next);
    else if (next === null) void perform('recipe.unphoto', { id: recipe.id });
    else void perform('recipe.photo', { id: recipe.id, photo: next });
  };

  return (
    <View title={recipe === null ? text.newTitle : text.editTitle}>
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions -- Ctrl/⌘ Enter saves from any field */}
      <form className={css['form']} noValidate onSubmit={submit} onKeyDown={onKeyDown}>
        {draft.restored ? (
          <output className={css['restored']}>
            <span>{text.draftRestored}</span>
            <Button tone="quiet" onClick={draft.startOver}>
              {text.discardDraft}
            </Button>
          </output>
        ) : null}
        <PhotoField
          title={draft.form.title}
          photoId={recipe?.photoId ?? null}
          draft={photo}
          onPhoto={takePhoto}
        />
        <FormFields
          form={draft.form}
          problems={tried ? problems : {}}
          isNew={recipe === null}
          linesWithColon={draft.linesWithColon}
          onForm={draft.setForm}
        />
        <div className={css['bar']}>
          <output className={refused === null ? css['barWords'] : css['error']}>
            {refused ?? (isClean ? text.nothingChanged : text.changes(draft.changes))}
          </output>
          <Button
            onClick={() => {
              if (isClean) go(backTo);
              else setLeaving(true);
            }}
          >
            {text.cancel}
          </Button>
          <Button tone="primary" type="submit" disabled={saving || (isClean && recipe !== null)}>
            {saving ? text.saving : text.save}
          </Button>
        </div>
      </form>
      {leaving ? (
        <LeaveDialog
          onStay={() => setLeaving(false)}
          onLeave={() => go(backTo)}
          onThrowAway={() => {
            draft.forget();
            go(backTo);
          }}
        />
      ) : null}
    </View>
  );
}
