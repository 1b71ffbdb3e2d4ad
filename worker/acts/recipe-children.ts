/**
 * The rows below a recipe: ingredients, steps, tag links and its photo. Lists arrive as the whole new
 * state; only what differs is written, so that two people who change different lines do not clash. An
 * ingredient's wording is kept as written; amount and unit are what could be read from it, or nothing. Only
 * a recipe that is to be for other servings gets its amounts, and the words that say them, written anew.
 */
import type { IngredientDraft, PhotoDraft, StepDraft } from '../../shared/acts/acts.ts';
import { formatAmount } from '../../shared/domain/format-amount.ts';
import { readIngredientLine } from '../../shared/domain/ingredient-line.ts';
import { nameKey } from '../../shared/domain/name-key.ts';
import { scaleMilli } from '../../shared/domain/scale.ts';
import type { Row } from '../../shared/schema/tables.ts';
import { findProduct, tagFor } from './names.ts';
import { textOf, type Work } from './work.ts';

export const ingredientsMax = 400;
export const stepsMax = 400;
export const tagsMax = 60;

type Ordered = { readonly id: string; readonly position: string };

/**
 * A position for every item of the new list: rows keep theirs while they ascend, others are placed
 * between their neighbours.
 */
function positionsFor<R extends Ordered>(
  work: Work,
  drafts: readonly { readonly id: string | null }[],
  byId: ReadonlyMap<string, R>,
): readonly string[] {
  const kept = drafts.map((draft) => byId.get(draft.id ?? '')?.position ?? null);
  const positions: string[] = [];
  let last: string | null = null;
  for (let index = 0; index < drafts.length; index += 1) {
    const own = kept[index] ?? null;
    if (own !== null && (last === null || own > last)) {
      last = own;
    } else {
      const floor: string | null = last;
      const next: string | null =
        kept.slice(index + 1).find((each) => each !== null && (floor === null || each > floor)) ??
        null;
      last = work.between(last, next);
    }
    positions.push(last);
  }
  return positions;
}

function currentRows<T extends 'recipe_ingredients' | 'recipe_steps'>(
  work: Work,
  table: T,
  recipeId: string,
): ReadonlyMap<string, Row<T>> {
  const rows = work.sql.all(`select * from ${table} where recipe_id = ?1 order by position, id`, [
    recipeId,
  ]);
  return new Map(rows.map((row) => [textOf(row['id']), row as unknown as Row<T>]));
}

function tooMany(work: Work, field: string, count: number, max: number): boolean {
  if (count <= max) return false;
  work.refuse({ type: 'too-large', limit: field, max });
  return true;
}

function removeMissing(
  work: Work,
  table: 'recipe_ingredients' | 'recipe_steps',
  current: ReadonlyMap<string, unknown>,
  drafts: readonly { readonly id: string | null }[],
): number {
  const kept = new Set(drafts.map((draft) => draft.id));
  const gone = [...current.keys()].filter((id) => !kept.has(id));
  for (const id of gone) work.remove(table, id);
  return gone.length;
}

type ReadColumns = Pick<Row<'recipe_ingredients'>, 'product_id' | 'quantity_milli' | 'unit'>;

/** What is read from a wording, ready for its columns. */
function readColumns(work: Work, wording: string): ReadColumns {
  const line = readIngredientLine(wording);
  return {
    product_id: line.name === '' ? null : (findProduct(work, line.name)?.id ?? null),
    quantity_milli: line.quantityMilli,
    unit: line.unit,
  };
}

export function writeIngredients(
  work: Work,
  recipeId: string,
  drafts: readonly IngredientDraft[],
  lead = '',
): number {
  if (tooMany(work, 'ingredients', drafts.length, ingredientsMax)) return 0;
  const current = currentRows(work, 'recipe_ingredients', recipeId);
  const positions = positionsFor(work, drafts, current);
  let changes = removeMissing(work, 'recipe_ingredients', current, drafts);
  for (const [index, draft] of drafts.entries()) {
    const at = `${lead}ingredients.${index}.`;
    const row = draft.id === null ? undefined : current.get(draft.id);
    const position = positions[index] ?? '';
    const fields = { section: draft.section, optional: draft.optional ? 1 : 0 };
    if (row === undefined) {
      const read = readColumns(work, draft.wording);
      work.insert(
        'recipe_ingredients',
        {
          id: draft.id !== null && !isTaken(work, draft.id) ? draft.id : work.context.newId(),
          recipe_id: recipeId,
          wording: draft.wording,
          ...read,
          ...fields,
          position,
        },
        at,
      );
      changes += 1;
      continue;
    }
    const reworded = row.wording !== draft.wording.normalize('NFC').trim();
    const patch = {
      ...(reworded ? { wording: draft.wording, ...readColumns(work, draft.wording) } : {}),
      ...(row.section === (draft.section === '' ? null : draft.section)
        ? {}
        : { section: fields.section }),
      ...(row.optional === fields.optional ? {} : { optional: fields.optional }),
      ...(row.position === position ? {} : { position }),
    };
    if (Object.keys(patch).length === 0) continue;
    work.update('recipe_ingredients', row.id, patch, at);
    changes += 1;
  }
  return changes;
}

/** The wording with another amount in front; as it is where the new one could not be read back. */
function rewordedAs(line: Row<'recipe_ingredients'>, quantityMilli: number): string {
  const { rest } = readIngredientLine(line.wording);
  const wording = `${formatAmount(quantityMilli, line.unit)} ${rest}`;
  return readIngredientLine(wording).quantityMilli === null ? line.wording : wording;
}

/** Writes every amount for other servings, exactly; lines without an amount stay as they are. */
export function scaleIngredients(work: Work, recipe: Row<'recipes'>, servings: number): void {
  for (const line of currentRows(work, 'recipe_ingredients', recipe.id).values()) {
    if (line.quantity_milli === null) continue;
    const quantity = scaleMilli(line.quantity_milli, recipe.servings, servings);
    if (quantity === line.quantity_milli) continue;
    work.update('recipe_ingredients', line.id, {
      wording: rewordedAs(line, quantity),
      quantity_milli: quantity,
    });
  }
}

/** An id of another recipe's child is never reused. */
const isTaken = (work: Work, id: string): boolean =>
  work.find('recipe_ingredients', id) !== null || work.find('recipe_steps', id) !== null;

export function writeSteps(
  work: Work,
  recipeId: string,
  drafts: readonly StepDraft[],
  lead = '',
): number {
  if (tooMany(work, 'steps', drafts.length, stepsMax)) return 0;
  const current = currentRows(work, 'recipe_steps', recipeId);
  const positions = positionsFor(work, drafts, current);
  let changes = removeMissing(work, 'recipe_steps', current, drafts);
  for (const [index, draft] of drafts.entries()) {
    const at = `${lead}steps.${index}.`;
    const row = draft.id === null ? undefined : current.get(draft.id);
    const position = positions[index] ?? '';
    const { wording, timerSeconds } = draft;
    if (row === undefined) {
      const id = draft.id !== null && !isTaken(work, draft.id) ? draft.id : work.context.newId();
      const values = { id, recipe_id: recipeId, wording, timer_seconds: timerSeconds, position };
      work.insert('recipe_steps', values, at);
      changes += 1;
      continue;
    }
    const patch = {
      ...(row.wording === wording.normalize('NFC').trim() ? {} : { wording }),
      ...(row.timer_seconds === timerSeconds ? {} : { timer_seconds: timerSeconds }),
      ...(row.position === position ? {} : { position }),
    };
    if (Object.keys(patch).length === 0) continue;
    work.update('recipe_steps', row.id, patch, at);
    changes += 1;
  }
  return changes;
}

export function writeTags(work: Work, recipeId: string, names: readonly string[]): number {
  if (tooMany(work, 'tags', names.length, tagsMax)) return 0;
  const wanted = new Map<string, string>();
  for (const name of names) {
    const key = nameKey(name);
    if (key !== '' && !wanted.has(key)) wanted.set(key, name);
  }
  const current = work.sql.all(
    `select t.name_key as name_key, rt.id as id from recipe_tags rt join tags t on t.id = rt.tag_id
     where rt.recipe_id = ?1 order by rt.id`,
    [recipeId],
  );
  let changes = 0;
  for (const row of current) {
    if (wanted.delete(textOf(row['name_key']))) continue;
    work.remove('recipe_tags', textOf(row['id']));
    changes += 1;
  }
  for (const name of wanted.values()) {
    const tagId = tagFor(work, name, 'tags.');
    work.insert('recipe_tags', { id: `${recipeId}.${tagId}`, recipe_id: recipeId, tag_id: tagId });
    changes += 1;
  }
  return changes;
}

/** A photo is replaced, never edited: a new row, the recipe's cover, and the old row goes. */
export function writePhoto(work: Work, recipe: Row<'recipes'>, photo: PhotoDraft): void {
  const id = work.context.newId();
  work.insert(
    'recipe_photos',
    {
      id,
      recipe_id: recipe.id,
      mime: photo.mime,
      width: photo.width,
      height: photo.height,
      bytes: photo.bytes,
    },
    'photo.',
  );
  work.update('recipes', recipe.id, { cover_photo_id: id });
  if (recipe.cover_photo_id !== null) work.remove('recipe_photos', recipe.cover_photo_id);
}
