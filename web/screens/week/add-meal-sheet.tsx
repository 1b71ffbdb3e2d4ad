/**
 * Adding a meal to a day: type, and either plan the words as they are ("Pizza out") or pick a recipe, which
 * leads on to the plan sheet. Enter plans the words, so that the quickest way needs no pointer.
 */
import { type FormEvent, useDeferredValue, useState } from 'react';

import type { RecipeCard } from '../../../shared/queries.ts';
import { Button } from '../../components/button.tsx';
import { Photo } from '../../components/photo.tsx';
import { Sheet } from '../../components/sheet.tsx';
import { Skeleton } from '../../components/skeleton.tsx';
import { TextField } from '../../components/text-field.tsx';
import { newId } from '../../ids.ts';
import { usePerform } from '../../kitchen.tsx';
import { recipesText } from '../../text/recipes.ts';
import { mealDialogText as text } from '../../text/week.ts';
import { useLatestQuery } from '../../use-latest-query.ts';
import { useBusy } from '../../use-busy.ts';
import css from './meal-dialogs.module.css';
import { PlaceFields } from './place-fields.tsx';
import { PlanSheet } from './plan-sheet.tsx';
import type { Place } from './week-cells.ts';

/** More than this nobody reads in a sheet; typing narrows it down. */
const resultsMax = 40;

export interface AddMealSheetProps {
  readonly place: Place;
  readonly onClose: () => void;
}

export function AddMealSheet({ place, onClose }: AddMealSheetProps) {
  const perform = usePerform();
  const [busy, once] = useBusy();
  // One meal for as long as the sheet is open, however often it is sent.
  const [id] = useState(newId);
  const [where, setWhere] = useState(place);
  const [words, setWords] = useState('');
  const [recipe, setRecipe] = useState<RecipeCard | null>(null);
  const title = words.trim();

  const planWords = async () => {
    const result = await perform('plan.addText', { id, title, ...where });
    if (result.ok) onClose();
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (title !== '') once(planWords);
  };

  if (recipe !== null) return <PlanSheet recipe={recipe} place={where} onClose={onClose} />;
  return (
    <Sheet open onClose={onClose} title={text.addTitle}>
      <div className={css['stack']}>
        <PlaceFields place={where} onChange={setWhere} />
        <form className={css['search']} onSubmit={submit}>
          <TextField
            label={text.searchLabel}
            placeholder={text.searchPlaceholder}
            value={words}
            maxLength={160}
            autoComplete="off"
            enterKeyHint="done"
            // oxlint-disable-next-line jsx-a11y/no-autofocus -- the person just asked to add a meal
            autoFocus
            onValue={setWords}
          />
          {title === '' ? null : (
            <Button type="submit" wide disabled={busy}>
              {text.planAsText(title)}
            </Button>
          )}
        </form>
        <RecipeResults search={title} onPick={setRecipe} />
      </div>
    </Sheet>
  );
}

function RecipeResults(props: {
  readonly search: string;
  readonly onPick: (recipe: RecipeCard) => void;
}) {
  const search = useDeferredValue(props.search);
  const recipes = useLatestQuery('recipes', { search, tagId: null });
  if (recipes === undefined) return <Skeleton count={4} />;
  if (recipes.length === 0) {
    return <p className={css['quiet']}>{search === '' ? text.noRecipes : text.noneFound}</p>;
  }
  return (
    <ul className={css['results']} aria-label={text.recipesFound}>
      {recipes.slice(0, resultsMax).map((recipe) => (
        <li key={recipe.id}>
          <button type="button" className={css['result']} onClick={() => props.onPick(recipe)}>
            <Photo
              photoId={recipe.photoId}
              alt=""
              title={recipe.title}
              hue={recipe.hue}
              className={css['thumb'] ?? ''}
            />
            <span>{recipe.title}</span>
            {recipe.minutes === null ? null : (
              <span className={css['minutes']}>{recipesText.minutes(recipe.minutes)}</span>
            )}
          </button>
        </li>
      ))}
    </ul>
  );
}
