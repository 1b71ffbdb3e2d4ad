/**
 * What a person can do (`app.md` §4): every change has a name, one local transaction and one sentence.
 * This file holds names and arguments; the SQL runs in `worker/acts/`, the words are in `web/text/`.
 *
 * Ids of new rows that a screen must know at once (to open the recipe just written) are made by the
 * caller; all others by the act. Amounts are thousandths (`milli`), days are `2026-11-24`.
 */

export type Meal = 'breakfast' | 'lunch' | 'dinner' | 'snack';

/** One thing to buy, as read from quick add or typed into the form. */
export interface ListEntry {
  readonly title: string;
  readonly quantityMilli: number | null;
  readonly unit: string | null;
  readonly note: string | null;
  /** Name of a shop (`@mart`), matched or made by the act. */
  readonly storeName: string | null;
}

export interface IngredientDraft {
  /** Present for a line that exists already, absent for a new one. */
  readonly id: string | null;
  readonly wording: string;
  readonly section: string | null;
  readonly optional: boolean;
}

export interface StepDraft {
  readonly id: string | null;
  readonly wording: string;
  readonly timerSeconds: number | null;
}

export interface PhotoDraft {
  readonly mime: 'image/webp' | 'image/jpeg';
  readonly width: number;
  readonly height: number;
  readonly bytes: Uint8Array;
}

export interface RecipeFields {
  readonly title: string;
  readonly servings: number;
  readonly summary: string | null;
  readonly notes: string | null;
  readonly prepMinutes: number | null;
  readonly cookMinutes: number | null;
  readonly sourceName: string | null;
  readonly sourceUrl: string | null;
}

/** A whole recipe as read from a file; what could not be understood stays in the wording. */
export interface RecipeImport {
  readonly fields: RecipeFields;
  readonly ingredients: readonly Omit<IngredientDraft, 'id'>[];
  readonly steps: readonly Omit<StepDraft, 'id'>[];
  readonly tags: readonly string[];
  readonly photo: PhotoDraft | null;
}

/** One line of a plan sheet that the person left ticked. */
export interface PlannedLine {
  readonly ingredientId: string;
  readonly title: string;
  readonly quantityMilli: number | null;
  readonly unit: string | null;
  readonly productId: string | null;
}

export interface ActArgs {
  'list.add': { readonly entries: readonly ListEntry[] };
  'list.addRecipe': { readonly recipeId: string; readonly lines: readonly PlannedLine[] };
  'list.edit': {
    readonly id: string;
    readonly title?: string;
    readonly quantityMilli?: number | null;
    readonly unit?: string | null;
    readonly note?: string | null;
    readonly storeId?: string | null;
    readonly priceMinor?: number | null;
  };
  'list.tick': { readonly ids: readonly string[] };
  'list.untick': { readonly ids: readonly string[] };
  'list.move': {
    readonly ids: readonly string[];
    readonly aisleId: string | null;
    readonly always: boolean;
  };
  'list.later': { readonly ids: readonly string[]; readonly later: boolean };
  'list.remove': { readonly ids: readonly string[] };
  /** Of lines that say exactly the same, one stays; the others go, and their notes come to it. */
  'list.keepOne': { readonly ids: readonly string[] };
  /** Everything in the basket (of one shop, or of all) is bought; some of it goes into the pantry. */
  'trip.finish': { readonly storeId: string | null; readonly pantryLineIds: readonly string[] };
  'trip.reopen': { readonly tripId: string };
  'plan.add': {
    readonly id: string;
    readonly recipeId: string;
    readonly day: string;
    readonly meal: Meal;
    readonly servings: number;
    readonly lines: readonly PlannedLine[];
  };
  'plan.addText': {
    readonly id: string;
    readonly title: string;
    readonly day: string;
    readonly meal: Meal;
  };
  'plan.edit': { readonly id: string; readonly title?: string; readonly note?: string | null };
  'plan.move': { readonly id: string; readonly day: string; readonly meal: Meal };
  /** Two meals change places. */
  'plan.swap': { readonly id: string; readonly otherId: string };
  'plan.servings': { readonly id: string; readonly servings: number };
  /** Takes meals off the week together with their list lines that are still open. */
  'plan.remove': { readonly ids: readonly string[] };
  'plan.cook': { readonly id: string };
  'plan.uncook': { readonly id: string };
  'recipe.create': {
    readonly id: string;
    readonly fields: RecipeFields;
    readonly ingredients: readonly IngredientDraft[];
    readonly steps: readonly StepDraft[];
    readonly tags: readonly string[];
    readonly photo: PhotoDraft | null;
  };
  /** One Save. Lists are the whole new state: what is missing from them is removed. */
  'recipe.edit': {
    readonly id: string;
    readonly fields?: Partial<RecipeFields>;
    readonly ingredients?: readonly IngredientDraft[];
    readonly steps?: readonly StepDraft[];
    readonly tags?: readonly string[];
  };
  'recipe.set': {
    readonly id: string;
    readonly rating?: number | null;
    /** The amounts of the ingredients are written for as many. */
    readonly servings?: number;
  };
  'recipe.photo': { readonly id: string; readonly photo: PhotoDraft };
  'recipe.unphoto': { readonly id: string };
  'recipe.trash': { readonly ids: readonly string[] };
  'recipe.restore': { readonly ids: readonly string[] };
  /** For good: ingredients, steps, photo and tag links go with it; planned meals keep their titles. */
  'recipe.erase': { readonly ids: readonly string[] };
  'pantry.add': {
    readonly entries: readonly ListEntry[];
    readonly place: 'fridge' | 'freezer' | 'cupboard';
  };
  'pantry.edit': {
    readonly id: string;
    readonly quantityMilli?: number | null;
    readonly expiresOn?: string | null;
    readonly place?: 'fridge' | 'freezer' | 'cupboard';
  };
  'pantry.gone': { readonly ids: readonly string[] };
  'store.add': { readonly id: string; readonly name: string };
  'store.erase': { readonly id: string };
  'product.edit': {
    readonly id: string;
    readonly aisleId?: string | null;
    readonly staple?: boolean;
    readonly tracked?: boolean;
  };
  'import.apply': { readonly recipes: readonly RecipeImport[] };
  /** What a new kitchen begins with; fixed ids, so it is laid out once per household. */
  'samples.add': Readonly<Record<string, never>>;
  'samples.remove': Readonly<Record<string, never>>;
  /** What conflicts left for a person: theirs stands already, the answer is given on the row as it is. */
  'choice.answer': { readonly choiceId: number; readonly answer: ChoiceAnswer };
  'choice.answerAll': { readonly choiceIds: readonly number[]; readonly side: 'mine' | 'theirs' };
  /** A side that lost, or what an act of this device replaced, written again (`VersionView`). */
  'version.restore': { readonly versionId: string };
  /** The inverse of one act of this device; it never tramples a newer edit, it asks. */
  'act.undo': { readonly actId: string };
  /** Takes an undo back; `actId` is that of the undo. */
  'act.redo': { readonly actId: string };
}

export type ChoiceAnswer =
  | { readonly side: 'mine' | 'theirs' }
  /** Values for columns in question; a column that is not named keeps theirs. */
  | {
      readonly side: 'mix';
      readonly values: Readonly<Record<string, string | number | null>>;
    };

export type ActName = keyof ActArgs;

/** A sentence for people, as data: the catalogue in `web/text/` turns it into words. */
export interface Sentence {
  readonly key: string;
  readonly values: Readonly<Record<string, string | number>>;
}

/** Why an act was refused. Nothing changed; the form keeps what was typed. */
export type Refusal =
  | { readonly type: 'invalid'; readonly field: string; readonly reason: string }
  | { readonly type: 'gone'; readonly table: string; readonly id: string }
  | { readonly type: 'changed-since'; readonly fields: readonly string[] }
  | { readonly type: 'not-saved'; readonly reason: 'full' | 'broken' | 'unknown' }
  | { readonly type: 'too-large'; readonly limit: string; readonly max: number };

/** An act that is on disk. */
export interface Performed {
  readonly actId: string;
  readonly sentence: Sentence;
  /** False for acts that cannot be undone (an undo itself, finished imports of earlier sessions). */
  readonly undoable: boolean;
}
