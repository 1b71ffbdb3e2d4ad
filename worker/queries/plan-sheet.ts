/**
 * The checklist under "Plan": what a recipe needs for so many servings, each line on or off. Staples, what
 * the pantry covers and optional things start off, with the reason; a person decides.
 */
import { readIngredientLine } from '../../shared/domain/ingredient-line.ts';
import { scaleMilli } from '../../shared/domain/scale.ts';
import { convertMilli } from '../../shared/domain/unit.ts';
import type { PlanSheetLine, QueryArgs } from '../../shared/queries.ts';
import type { Sql, SqlRow } from '../engine/ports.ts';
import { numberOf, numberOrNull, textOf, textOrNull } from './rows.ts';

interface Amount {
  readonly quantityMilli: number | null;
  readonly unit: string | null;
}

const INGREDIENTS = `
select i.id, i.wording, i.optional,
  p.id as product_id, p.name as product_name, p.staple
from recipe_ingredients i left join products p on p.id = i.product_id
where i.recipe_id = ?1 order by i.position, i.id`;

const BATCHES = `
select product_id, quantity_milli, unit from pantry_items
where product_id in (select product_id from recipe_ingredients where recipe_id = ?1)
order by id`;

function batchesByProduct(sql: Sql, recipeId: string): ReadonlyMap<string, readonly Amount[]> {
  const byProduct = new Map<string, Amount[]>();
  for (const row of sql.all(BATCHES, [recipeId])) {
    const productId = textOf(row, 'product_id');
    const batches = byProduct.get(productId) ?? [];
    batches.push({
      quantityMilli: numberOrNull(row, 'quantity_milli'),
      unit: textOrNull(row, 'unit'),
    });
    byProduct.set(productId, batches);
  }
  return byProduct;
}

/** Enough at home: a batch without an amount counts as some; amounts must be comparable. */
function covers(batches: readonly Amount[], { quantityMilli, unit }: Amount): boolean {
  if (batches.length === 0) return false;
  if (quantityMilli === null || batches.some((batch) => batch.quantityMilli === null)) return true;
  const held = batches.reduce(
    (sum, batch) => sum + (convertMilli(batch.quantityMilli ?? 0, batch.unit, unit) ?? 0),
    0,
  );
  return held >= quantityMilli;
}

function offReason(
  row: SqlRow,
  batches: readonly Amount[],
  needed: Amount,
): PlanSheetLine['offReason'] {
  if (numberOrNull(row, 'staple') === 1) return 'staple';
  if (covers(batches, needed)) return 'in-pantry';
  return numberOf(row, 'optional') === 1 ? 'optional' : null;
}

export function planSheetQuery(
  sql: Sql,
  { recipeId, servings }: QueryArgs<'planSheet'>,
): readonly PlanSheetLine[] {
  const recipe = sql.all('select servings from recipes where id = ?1', [recipeId])[0];
  if (recipe === undefined) return [];
  const base = numberOf(recipe, 'servings');
  const batches = batchesByProduct(sql, recipeId);
  return sql.all(INGREDIENTS, [recipeId]).map((row) => {
    const wording = textOf(row, 'wording');
    const read = readIngredientLine(wording);
    const { unit } = read;
    const quantityMilli =
      read.quantityMilli === null ? null : scaleMilli(read.quantityMilli, base, servings);
    const productId = textOrNull(row, 'product_id');
    const reason = offReason(row, batches.get(productId ?? '') ?? [], { quantityMilli, unit });
    return {
      ingredientId: textOf(row, 'id'),
      title: textOrNull(row, 'product_name') ?? read.name,
      wording,
      quantityMilli,
      unit,
      productId,
      on: reason === null,
      offReason: reason,
    };
  });
}
