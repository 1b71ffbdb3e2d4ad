/**
 * Recipes as cards: the collection with its search, and the Trash. The search looks at titles, tags and
 * ingredient lines, without regard to case or accents; each word of it has to be found.
 */
import { foldText } from '../../shared/domain/name-key.ts';
import type { QueryArgs, RecipeCard } from '../../shared/queries.ts';
import type { Sql, SqlRow } from '../engine/ports.ts';
import { byText, numberOf, numberOrNull, textOf, textOrNull, unsentIds } from './rows.ts';

interface CardTag {
  readonly id: string;
  readonly name: string;
  readonly hue: number;
}

const CARDS = `
select id, title, cover_photo_id, prep_minutes, cook_minutes, servings, rating, trashed_at
from recipes`;

function tagsByRecipe(sql: Sql): ReadonlyMap<string, readonly CardTag[]> {
  const byRecipe = new Map<string, CardTag[]>();
  const rows = sql.all(
    `select rt.recipe_id, t.id, t.name, t.hue from recipe_tags rt join tags t on t.id = rt.tag_id
     order by rt.recipe_id, t.name_key, t.id`,
  );
  for (const row of rows) {
    const recipeId = textOf(row, 'recipe_id');
    const tags = byRecipe.get(recipeId) ?? [];
    tags.push({ id: textOf(row, 'id'), name: textOf(row, 'name'), hue: numberOf(row, 'hue') });
    byRecipe.set(recipeId, tags);
  }
  return byRecipe;
}

/** 0 … 11 from an id, for recipes without a tag. */
export function hueOfId(id: string): number {
  let sum = 0;
  for (const character of id) sum = (sum * 31 + (character.codePointAt(0) ?? 0)) % 9973;
  return sum % 12;
}

function minutesOf(row: SqlRow): number | null {
  const [prep, cook] = [numberOrNull(row, 'prep_minutes'), numberOrNull(row, 'cook_minutes')];
  return prep === null && cook === null ? null : (prep ?? 0) + (cook ?? 0);
}

function cardsOf(
  sql: Sql,
  rows: readonly SqlRow[],
  tags: ReadonlyMap<string, readonly CardTag[]>,
): readonly RecipeCard[] {
  const unsent = unsentIds(sql, 'recipes');
  return rows.map((row) => {
    const id = textOf(row, 'id');
    const own = tags.get(id) ?? [];
    return {
      id,
      title: textOf(row, 'title'),
      photoId: textOrNull(row, 'cover_photo_id'),
      hue: own[0]?.hue ?? hueOfId(id),
      minutes: minutesOf(row),
      servings: numberOf(row, 'servings'),
      rating: numberOrNull(row, 'rating'),
      tags: own.map((tag) => tag.name),
      trashedAt: textOrNull(row, 'trashed_at'),
      unsent: unsent.has(id),
    };
  });
}

function wordingsByRecipe(sql: Sql): ReadonlyMap<string, string> {
  const rows = sql.all(
    `select recipe_id, group_concat(wording, ' ') as wordings from recipe_ingredients
     group by recipe_id`,
  );
  return new Map(rows.map((row) => [textOf(row, 'recipe_id'), textOf(row, 'wordings')]));
}

export function recipesQuery(
  sql: Sql,
  { search, tagId }: QueryArgs<'recipes'>,
): readonly RecipeCard[] {
  const tags = tagsByRecipe(sql);
  const words = foldText(search)
    .split(/\s+/u)
    .filter((word) => word !== '');
  const wordings = words.length === 0 ? new Map<string, string>() : wordingsByRecipe(sql);
  const rows = sql.all(`${CARDS} where trashed_at is null`).filter((row) => {
    const id = textOf(row, 'id');
    const own = tags.get(id) ?? [];
    if (tagId !== null && !own.some((tag) => tag.id === tagId)) return false;
    if (words.length === 0) return true;
    const names = own.map((tag) => tag.name).join(' ');
    const text = foldText(`${textOf(row, 'title')} ${names} ${wordings.get(id) ?? ''}`);
    return words.every((word) => text.includes(word));
  });
  const cards = cardsOf(sql, rows, tags);
  const inTitle = (card: RecipeCard): number =>
    words.length > 0 && words.every((word) => foldText(card.title).includes(word)) ? 0 : 1;
  return [...cards].sort(
    (a, b) =>
      inTitle(a) - inTitle(b) || byText(foldText(a.title), foldText(b.title)) || byText(a.id, b.id),
  );
}

export function trashQuery(sql: Sql): readonly RecipeCard[] {
  const rows = sql.all(`${CARDS} where trashed_at is not null order by trashed_at desc, id`);
  return cardsOf(sql, rows, tagsByRecipe(sql));
}
