/**
 * Acts on recipes. One Save is one act that holds only what changed. Every act on a recipe's children
 * also sets `recipes.edited_at` (an update of the recipe's row), so that a recipe in the Trash which was
 * improved elsewhere is noticed. Trash is a flag; erasing is for good and relies on the declared cascades.
 */
import type { ActArgs, RecipeFields, Sentence } from '../../shared/acts/acts.ts';
import type { Row } from '../../shared/schema/tables.ts';
import { checkCount, idsMax } from './list.ts';
import {
  scaleIngredients,
  writeIngredients,
  writePhoto,
  writeSteps,
  writeTags,
} from './recipe-children.ts';
import type { RowPatch, Work } from './work.ts';

const COLUMN_OF_FIELD = {
  title: 'title',
  servings: 'servings',
  summary: 'summary',
  notes: 'notes',
  prepMinutes: 'prep_minutes',
  cookMinutes: 'cook_minutes',
  sourceName: 'source_name',
  sourceUrl: 'source_url',
} as const satisfies Readonly<Record<keyof RecipeFields, keyof Row<'recipes'>>>;

const isWebAddress = (url: string): boolean => /^https?:\/\/[^\s]+$/iu.test(url.trim());

function checkSource(work: Work, url: string | null | undefined, at = ''): void {
  if (url === null || url === undefined || url.trim() === '' || isWebAddress(url)) return;
  work.refuse({ type: 'invalid', field: `${at}sourceUrl`, reason: 'not-an-address' });
}

/** One recipe with everything below it; used by writing, importing and the samples. */
export function insertRecipe(work: Work, args: ActArgs['recipe.create'], at = ''): void {
  const { fields } = args;
  checkSource(work, fields.sourceUrl, at);
  const row = {
    id: args.id,
    title: fields.title,
    servings: fields.servings,
    summary: fields.summary,
    notes: fields.notes,
    prep_minutes: fields.prepMinutes,
    cook_minutes: fields.cookMinutes,
    source_name: fields.sourceName,
    source_url: fields.sourceUrl,
  };
  work.insert('recipes', row, at);
  writeIngredients(work, args.id, args.ingredients, at);
  writeSteps(work, args.id, args.steps, at);
  writeTags(work, args.id, args.tags);
  if (args.photo !== null) {
    const recipe = work.find('recipes', args.id);
    if (recipe !== null) writePhoto(work, recipe, args.photo);
  }
}

export function recipeCreate(work: Work, args: ActArgs['recipe.create']): Sentence {
  insertRecipe(work, args);
  return { key: 'recipe.create', values: { title: args.fields.title.trim() } };
}

function fieldsPatch(row: Row<'recipes'>, fields: Partial<RecipeFields>): RowPatch<'recipes'> {
  const changed: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fields)) {
    const column = COLUMN_OF_FIELD[name as keyof RecipeFields];
    const kept = typeof value === 'string' ? value.normalize('NFC').trim() || null : value;
    if (kept !== row[column]) changed[column] = value;
  }
  return changed;
}

export function recipeEdit(work: Work, args: ActArgs['recipe.edit']): Sentence {
  const recipe = work.get('recipes', args.id);
  if (recipe === null) return { key: 'recipe.edit', values: { title: '' } };
  checkSource(work, args.fields?.sourceUrl);
  const patch = fieldsPatch(recipe, args.fields ?? {});
  const ingredients =
    args.ingredients === undefined ? 0 : writeIngredients(work, recipe.id, args.ingredients);
  const steps = args.steps === undefined ? 0 : writeSteps(work, recipe.id, args.steps);
  const tags = args.tags === undefined ? 0 : writeTags(work, recipe.id, args.tags);
  const own = Object.keys(patch).length;
  if (own > 0) work.update('recipes', recipe.id, patch);
  else if (ingredients + steps + tags > 0) touch(work, recipe);
  return {
    key: 'recipe.edit',
    values: { title: args.fields?.title?.trim() ?? recipe.title, ingredients, steps, fields: own },
  };
}

/** Sets `edited_at` alone: the title is written as it is. */
const touch = (work: Work, recipe: Row<'recipes'>): void =>
  work.update('recipes', recipe.id, { title: recipe.title });

/**
 * One field of a recipe. Amounts are written for `servings`, so other servings mean other amounts: what is
 * bought for four people stays the same.
 */
export function recipeSet(work: Work, args: ActArgs['recipe.set']): Sentence {
  const recipe = work.get('recipes', args.id);
  const patch: RowPatch<'recipes'> = {
    ...(args.rating === undefined ? {} : { rating: args.rating }),
    ...(args.servings === undefined ? {} : { servings: args.servings }),
  };
  if (recipe !== null && Object.keys(patch).length > 0) {
    work.update('recipes', args.id, patch);
    if (args.servings !== undefined) scaleIngredients(work, recipe, args.servings);
  }
  const title = recipe?.title ?? '';
  return args.rating === undefined
    ? { key: 'recipe.set.servings', values: { title, servings: args.servings ?? 0 } }
    : { key: 'recipe.set.rating', values: { title, rating: args.rating ?? 0 } };
}

export function recipePhoto(work: Work, args: ActArgs['recipe.photo']): Sentence {
  const recipe = work.get('recipes', args.id);
  if (recipe !== null) writePhoto(work, recipe, args.photo);
  return { key: 'recipe.photo', values: { title: recipe?.title ?? '' } };
}

export function recipeUnphoto(work: Work, { id }: ActArgs['recipe.unphoto']): Sentence {
  const recipe = work.get('recipes', id);
  if (recipe !== null && recipe.cover_photo_id !== null) {
    work.update('recipes', id, { cover_photo_id: null });
    work.remove('recipe_photos', recipe.cover_photo_id);
  }
  return { key: 'recipe.unphoto', values: { title: recipe?.title ?? '' } };
}

function each(
  work: Work,
  ids: readonly string[],
  key: string,
  run: (recipe: Row<'recipes'>) => void,
): Sentence {
  checkCount(work, 'ids', ids.length, idsMax);
  const recipes = ids.slice(0, idsMax).flatMap((id) => work.find('recipes', id) ?? []);
  const first = ids[0];
  if (recipes.length === 0 && first !== undefined) {
    work.refuse({ type: 'gone', table: 'recipes', id: first });
  }
  for (const recipe of recipes) run(recipe);
  return { key, values: { title: recipes[0]?.title ?? '', count: recipes.length } };
}

export const recipeTrash = (work: Work, { ids }: ActArgs['recipe.trash']): Sentence =>
  each(work, ids, 'recipe.trash', (recipe) => {
    if (recipe.trashed_at === null) {
      work.update('recipes', recipe.id, { trashed_at: work.context.nowIso });
    }
  });

export const recipeRestore = (work: Work, { ids }: ActArgs['recipe.restore']): Sentence =>
  each(work, ids, 'recipe.restore', (recipe) => {
    if (recipe.trashed_at !== null) work.update('recipes', recipe.id, { trashed_at: null });
  });

export const recipeErase = (work: Work, { ids }: ActArgs['recipe.erase']): Sentence =>
  each(work, ids, 'recipe.erase', (recipe) => {
    work.remove('recipes', recipe.id);
  });
