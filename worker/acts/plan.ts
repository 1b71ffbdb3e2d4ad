/**
 * Acts on the week. A meal and the list lines that it needs are one act, so that no device ever shows one
 * without the other. What must hold: changing servings touches only open lines that nobody changed by
 * hand, taking a meal off removes only open lines, and what is in the basket or bought always stays.
 */
import type { ActArgs, Sentence } from '../../shared/acts/acts.ts';
import { nameKey } from '../../shared/domain/name-key.ts';
import { readIngredientLine } from '../../shared/domain/ingredient-line.ts';
import { scaleMilli } from '../../shared/domain/scale.ts';
import type { Row } from '../../shared/schema/tables.ts';
import { imagesOf, invert } from './invert.ts';
import { checkCount, entriesMax, idsMax, insertPlannedLines } from './list.ts';
import { usePantryFor } from './pantry-use.ts';
import { findSetter } from './withdraw.ts';
import { lastPosition, textOf, type RowPatch, type Work } from './work.ts';

type PlanEntry = Row<'plan_entries'>;

const endOfSlot = (work: Work, day: string, meal: string): string =>
  work.between(lastPosition(work, 'plan_entries', 'day = ?1 and meal = ?2', [day, meal]), null);

export function planAdd(work: Work, args: ActArgs['plan.add']): Sentence {
  const recipe = work.get('recipes', args.recipeId);
  if (args.lines.length > 0) checkCount(work, 'lines', args.lines.length, entriesMax);
  work.insert('plan_entries', {
    id: args.id,
    day: args.day,
    meal: args.meal,
    recipe_id: args.recipeId,
    title: recipe?.title ?? '',
    servings: args.servings,
    position: endOfSlot(work, args.day, args.meal),
  });
  insertPlannedLines(work, args.lines.slice(0, entriesMax), args.id);
  return {
    key: 'plan.add',
    values: { title: recipe?.title ?? '', day: args.day, count: args.lines.length },
  };
}

const TEXT_MEAL_SERVINGS = 2;

export function planAddText(work: Work, args: ActArgs['plan.addText']): Sentence {
  work.insert('plan_entries', {
    id: args.id,
    day: args.day,
    meal: args.meal,
    title: args.title,
    servings: TEXT_MEAL_SERVINGS,
    position: endOfSlot(work, args.day, args.meal),
  });
  return { key: 'plan.addText', values: { title: args.title, day: args.day } };
}

export function planEdit(work: Work, args: ActArgs['plan.edit']): Sentence {
  const entry = work.get('plan_entries', args.id);
  const patch: RowPatch<'plan_entries'> = {
    ...(args.title === undefined ? {} : { title: args.title }),
    ...(args.note === undefined ? {} : { note: args.note }),
  };
  if (entry !== null && Object.keys(patch).length > 0) {
    work.update('plan_entries', args.id, patch);
  }
  return { key: 'plan.edit', values: { title: args.title ?? entry?.title ?? '' } };
}

export function planMove(work: Work, args: ActArgs['plan.move']): Sentence {
  const entry = work.get('plan_entries', args.id);
  if (entry !== null) {
    work.update('plan_entries', args.id, {
      day: args.day,
      meal: args.meal,
      position: endOfSlot(work, args.day, args.meal),
    });
  }
  return {
    key: 'plan.move',
    values: {
      title: entry?.title ?? '',
      from: entry?.day ?? '',
      day: args.day,
      meal: args.meal,
    },
  };
}

/** Two meals change places, with their order there; what is on the list for them stays. */
export function planSwap(work: Work, { id, otherId }: ActArgs['plan.swap']): Sentence {
  const one = work.get('plan_entries', id);
  const other = work.get('plan_entries', otherId);
  const placeOf = ({ day, meal, position }: PlanEntry) => ({ day, meal, position });
  if (one !== null && other !== null && id !== otherId) {
    work.update('plan_entries', id, placeOf(other));
    work.update('plan_entries', otherId, placeOf(one));
  }
  return { key: 'plan.swap', values: { title: one?.title ?? '', other: other?.title ?? '' } };
}

const openLinesOf = (work: Work, entryId: string): readonly Row<'list_items'>[] =>
  work.sql
    .all(
      `select id from list_items
       where plan_entry_id = ?1 and checked_at is null and finished_at is null order by id`,
      [entryId],
    )
    .flatMap((row) => work.find('list_items', textOf(row['id'])) ?? []);

interface Need {
  readonly productId: string | null;
  readonly key: string;
  readonly quantityMilli: number;
  readonly unit: string | null;
}

/** What one cooking of the recipe needs, as it is written for `recipes.servings`. */
function needsOf(work: Work, recipeId: string): readonly Need[] {
  return work.sql
    .all(
      `select product_id, wording from recipe_ingredients
       where recipe_id = ?1 order by position, id`,
      [recipeId],
    )
    .flatMap((row) => {
      const { quantityMilli, unit, name } = readIngredientLine(textOf(row['wording']));
      if (quantityMilli === null) return [];
      const productId = typeof row['product_id'] === 'string' ? row['product_id'] : null;
      return [{ productId, key: nameKey(name), quantityMilli, unit }];
    });
}

/** The new amount of an untouched line, or null for one that a person made their own. */
function followed(
  line: Row<'list_items'>,
  needs: readonly Need[],
  recipeServings: number,
  from: number,
  to: number,
): number | null {
  if (line.quantity_milli === null) return null;
  const need = needs.find(
    (each) =>
      each.unit === line.unit &&
      scaleMilli(each.quantityMilli, recipeServings, from) === line.quantity_milli &&
      ((each.productId !== null && each.productId === line.product_id) ||
        each.key === nameKey(line.title)),
  );
  if (need !== undefined) return scaleMilli(need.quantityMilli, recipeServings, to);
  return line.edited_at === line.created_at ? scaleMilli(line.quantity_milli, from, to) : null;
}

export function planServings(work: Work, args: ActArgs['plan.servings']): Sentence {
  const entry = work.get('plan_entries', args.id);
  if (entry === null) return { key: 'plan.servings', values: { title: '', servings: 0, count: 0 } };
  work.update('plan_entries', args.id, { servings: args.servings });
  const recipe = entry.recipe_id === null ? null : work.find('recipes', entry.recipe_id);
  const needs = recipe === null ? [] : needsOf(work, recipe.id);
  let count = 0;
  for (const line of openLinesOf(work, entry.id)) {
    const base = recipe?.servings ?? entry.servings;
    const milli = followed(line, needs, base, entry.servings, args.servings);
    if (milli === null || milli === line.quantity_milli) continue;
    work.update('list_items', line.id, { quantity_milli: milli });
    count += 1;
  }
  return {
    key: 'plan.servings',
    values: { title: entry.title, servings: args.servings, count },
  };
}

export function planRemove(work: Work, { ids }: ActArgs['plan.remove']): Sentence {
  checkCount(work, 'ids', ids.length, idsMax);
  const entries = ids.flatMap((id): PlanEntry[] => {
    const entry = work.find('plan_entries', id);
    return entry === null ? [] : [entry];
  });
  const first = ids[0];
  if (entries.length === 0 && first !== undefined) {
    work.refuse({ type: 'gone', table: 'plan_entries', id: first });
  }
  let lines = 0;
  for (const entry of entries) {
    for (const line of openLinesOf(work, entry.id)) {
      work.remove('list_items', line.id);
      lines += 1;
    }
    work.remove('plan_entries', entry.id);
  }
  return {
    key: 'plan.remove',
    values: {
      title: entries[0]?.title ?? '',
      day: entries[0]?.day ?? '',
      count: entries.length,
      lines,
    },
  };
}

/** Cooked: what the pantry holds of the ingredients is used, the batch that expires first before others. */
export function planCook(work: Work, { id }: ActArgs['plan.cook']): Sentence {
  const entry = work.get('plan_entries', id);
  if (entry === null) return { key: 'plan.cook', values: { title: '', count: 0 } };
  if (entry.cooked_at !== null) {
    return { key: 'plan.cook', values: { title: entry.title, count: 0 } };
  }
  work.update('plan_entries', id, { cooked_at: work.context.nowIso });
  const recipe = entry.recipe_id === null ? null : work.find('recipes', entry.recipe_id);
  const count = recipe === null ? 0 : usePantryFor(work, recipe, entry.servings);
  return { key: 'plan.cook', values: { title: entry.title, count } };
}

/** What the cooking took goes back into the pantry, as far as nobody wrote those batches since. */
function giveBack(work: Work, actId: string): number {
  const taken = imagesOf(work, actId).filter(({ table }) => table === 'pantry_items');
  invert(work, taken);
  return new Set(taken.map(({ before }) => before?.['title'])).size;
}

/**
 * Not cooked after all. Only the device that marked the meal knows what the pantry gave, and only as long as
 * its timeline does; elsewhere the pantry stays as it is, and the sentence says so.
 */
export function planUncook(work: Work, { id }: ActArgs['plan.uncook']): Sentence {
  const entry = work.get('plan_entries', id);
  const values = { title: entry?.title ?? '', count: 0, pantryStays: 0 };
  if (entry === null || entry.cooked_at === null) return { key: 'plan.uncook', values };
  const setter = findSetter(work.sql, 'plan_entries', id, 'cooked_at');
  const isKnown = setter !== null && setter.value === entry.cooked_at;
  work.update('plan_entries', id, { cooked_at: null });
  if (!isKnown) return { key: 'plan.uncook', values: { ...values, pantryStays: 1 } };
  return { key: 'plan.uncook', values: { ...values, count: giveBack(work, setter.actId) } };
}
