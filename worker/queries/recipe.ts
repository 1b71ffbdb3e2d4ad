/** One recipe whole, and the bytes of one photo. */
import { readIngredientLine } from '../../shared/domain/ingredient-line.ts';
import type { IngredientView, QueryArgs, QueryRows, RecipeView } from '../../shared/queries.ts';
import type { Sql } from '../engine/ports.ts';
import { numberOf, numberOrNull, textOf, textOrNull } from './rows.ts';

/** Read anew from the wording: what an older version had read and stored may not fit the rest of it. */
function ingredientsOf(sql: Sql, recipeId: string): readonly IngredientView[] {
  const rows = sql.all(
    `select id, wording, product_id, section, optional
     from recipe_ingredients where recipe_id = ?1 order by position, id`,
    [recipeId],
  );
  return rows.map((row) => {
    const wording = textOf(row, 'wording');
    const { quantityMilli, unit, rest } = readIngredientLine(wording);
    return {
      id: textOf(row, 'id'),
      wording,
      quantityMilli,
      unit,
      rest: quantityMilli === null ? wording : rest,
      productId: textOrNull(row, 'product_id'),
      section: textOrNull(row, 'section'),
      optional: numberOf(row, 'optional') === 1,
    };
  });
}

function partsOf(sql: Sql, id: string): Pick<RecipeView, 'steps' | 'tags' | 'planned'> {
  const steps = sql.all(
    `select id, wording, timer_seconds from recipe_steps
     where recipe_id = ?1 order by position, id`,
    [id],
  );
  const tags = sql.all(
    `select t.id, t.name, t.hue from recipe_tags rt join tags t on t.id = rt.tag_id
     where rt.recipe_id = ?1 order by t.name_key, t.id`,
    [id],
  );
  const planned = sql.all(
    'select id, day from plan_entries where recipe_id = ?1 order by day, id',
    [id],
  );
  return {
    steps: steps.map((row) => ({
      id: textOf(row, 'id'),
      wording: textOf(row, 'wording'),
      timerSeconds: numberOrNull(row, 'timer_seconds'),
    })),
    tags: tags.map((row) => ({
      id: textOf(row, 'id'),
      name: textOf(row, 'name'),
      hue: numberOf(row, 'hue'),
    })),
    planned: planned.map((row) => ({ entryId: textOf(row, 'id'), day: textOf(row, 'day') })),
  };
}

export function recipeQuery(sql: Sql, { id }: QueryArgs<'recipe'>): RecipeView | null {
  const row = sql.all(
    `select r.*, b.title as based_on_title from recipes r
     left join recipes b on b.id = r.based_on_id where r.id = ?1`,
    [id],
  )[0];
  if (row === undefined) return null;
  const basedOnId = textOrNull(row, 'based_on_id');
  const basedOnTitle = textOrNull(row, 'based_on_title');
  return {
    id,
    title: textOf(row, 'title'),
    servings: numberOf(row, 'servings'),
    summary: textOrNull(row, 'summary'),
    notes: textOrNull(row, 'notes'),
    prepMinutes: numberOrNull(row, 'prep_minutes'),
    cookMinutes: numberOrNull(row, 'cook_minutes'),
    rating: numberOrNull(row, 'rating'),
    sourceName: textOrNull(row, 'source_name'),
    sourceUrl: textOrNull(row, 'source_url'),
    photoId: textOrNull(row, 'cover_photo_id'),
    basedOn:
      basedOnId === null || basedOnTitle === null ? null : { id: basedOnId, title: basedOnTitle },
    trashedAt: textOrNull(row, 'trashed_at'),
    ingredients: ingredientsOf(sql, id),
    ...partsOf(sql, id),
  };
}

export function photoQuery(sql: Sql, { id }: QueryArgs<'photo'>): QueryRows<'photo'> {
  const row = sql.all('select mime, bytes from recipe_photos where id = ?1', [id])[0];
  const bytes = row?.['bytes'];
  if (row === undefined || !(bytes instanceof Uint8Array)) return null;
  return { mime: textOf(row, 'mime'), bytes };
}
