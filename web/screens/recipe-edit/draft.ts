/**
 * What someone typed into a recipe form and has not saved, kept on this device so that a closed tab
 * loses nothing (`app.md` §5.6 "drafts kept at each pause"). Text only, no photo: one entry per recipe,
 * with the recipe as it was when the form was opened, because Save compares with that.
 *
 * Must hold: what is read back is checked before it is used; a broken or old draft is dropped. A browser
 * without storage only loses the draft, never the form.
 */
import type { RecipeView } from '../../../shared/queries.ts';
import { emptyForm, type RecipeForm, type StepField } from './recipe-form.ts';

export interface Draft {
  readonly form: RecipeForm;
  /** The stored recipe behind the form; null for a new one. */
  readonly opened: RecipeView | null;
}

/** The part of `Storage` that drafts need, so that tests can bring their own. */
export type DraftStorage = Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;

const draftAgeMaxMs = 30 * 24 * 60 * 60 * 1000;
const draftVersion = 1;

const keyOf = (recipeId: string): string => `larder.draft.recipe.${recipeId}`;

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isStep = (value: unknown): value is StepField =>
  isObject(value) &&
  typeof value['key'] === 'string' &&
  (value['id'] === null || typeof value['id'] === 'string') &&
  typeof value['wording'] === 'string' &&
  (value['timerSeconds'] === null || typeof value['timerSeconds'] === 'number');

const isForm = (value: unknown): value is RecipeForm => {
  if (!isObject(value)) return false;
  const { steps, tags } = value;
  const texts = Object.entries(emptyForm).filter(([, example]) => typeof example === 'string');
  return (
    texts.every(([field]) => typeof value[field] === 'string') &&
    Array.isArray(steps) &&
    steps.every(isStep) &&
    Array.isArray(tags) &&
    tags.every((tag) => typeof tag === 'string')
  );
};

const isRecipe = (value: unknown, recipeId: string): value is RecipeView =>
  isObject(value) &&
  value['id'] === recipeId &&
  Array.isArray(value['ingredients']) &&
  Array.isArray(value['steps']) &&
  Array.isArray(value['tags']);

const parseDraft = (text: string, recipeId: string, nowMs: number): Draft | null => {
  let stored: unknown;
  try {
    stored = JSON.parse(text);
  } catch {
    // Not written by us, or cut off: treated like no draft.
    return null;
  }
  if (!isObject(stored) || stored['version'] !== draftVersion) return null;
  const { savedAtMs, opened } = stored;
  // Drafts of an older version know no half-typed tag.
  const form = isObject(stored['form']) ? { tag: '', ...stored['form'] } : null;
  if (typeof savedAtMs !== 'number' || nowMs - savedAtMs > draftAgeMaxMs) return null;
  if (!isForm(form)) return null;
  if (opened === null) return { form, opened: null };
  return isRecipe(opened, recipeId) ? { form, opened } : null;
};

export const readDraft = (storage: DraftStorage, recipeId: string, nowMs: number): Draft | null => {
  try {
    const text = storage.getItem(keyOf(recipeId));
    return text === null ? null : parseDraft(text, recipeId, nowMs);
  } catch {
    // Storage is blocked in this window: work goes on without drafts.
    return null;
  }
};

/** False when the browser would not keep it; the form itself is untouched. */
export const keepDraft = (
  storage: DraftStorage,
  recipeId: string,
  draft: Draft,
  nowMs: number,
): boolean => {
  try {
    storage.setItem(
      keyOf(recipeId),
      JSON.stringify({ version: draftVersion, savedAtMs: nowMs, ...draft }),
    );
    return true;
  } catch {
    return false;
  }
};

export const dropDraft = (storage: DraftStorage, recipeId: string): void => {
  try {
    storage.removeItem(keyOf(recipeId));
  } catch {
    // Storage is blocked, so there was no draft either.
  }
};
