/**
 * Taking what a recipe needs out of the pantry. Only amounts that can be compared are used: a batch
 * without an amount ("some flour") stays as it is, because nobody knows how much is left of it.
 */
import { readIngredientLine } from '../../shared/domain/ingredient-line.ts';
import { scaleMilli } from '../../shared/domain/scale.ts';
import { convertMilli } from '../../shared/domain/unit.ts';
import type { Row } from '../../shared/schema/tables.ts';
import { textOf, type Work } from './work.ts';

/** Takes `neededMilli` of a product from its batches; true when any of them gave something. */
function takeFrom(
  work: Work,
  productId: string,
  neededMilli: number,
  unit: string | null,
): boolean {
  const batches = work.sql
    .all(
      `select id from pantry_items where product_id = ?1 and quantity_milli > 0
       order by expires_on is null, expires_on, id`,
      [productId],
    )
    .flatMap((row) => work.find('pantry_items', textOf(row['id'])) ?? []);
  let left = neededMilli;
  let used = false;
  for (const batch of batches) {
    const wanted = convertMilli(left, unit, batch.unit);
    if (left <= 0 || wanted === null || batch.quantity_milli === null) continue;
    used = true;
    if (wanted >= batch.quantity_milli) {
      left -= convertMilli(batch.quantity_milli, batch.unit, unit) ?? left;
      work.remove('pantry_items', batch.id);
    } else {
      left = 0;
      work.update('pantry_items', batch.id, { quantity_milli: batch.quantity_milli - wanted });
    }
  }
  return used;
}

/** How many things were used for one cooking of `recipe`. */
export function usePantryFor(work: Work, recipe: Row<'recipes'>, servings: number): number {
  const ingredients = work.sql.all(
    `select product_id, wording from recipe_ingredients
     where recipe_id = ?1 and product_id is not null order by position, id`,
    [recipe.id],
  );
  let used = 0;
  for (const ingredient of ingredients) {
    const { quantityMilli, unit } = readIngredientLine(textOf(ingredient['wording']));
    if (quantityMilli === null) continue;
    const needed = scaleMilli(quantityMilli, recipe.servings, servings);
    if (takeFrom(work, textOf(ingredient['product_id']), needed, unit)) used += 1;
  }
  return used;
}
