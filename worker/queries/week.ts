/** The meals of seven days, each with how much of its shopping is done. */
import { addDays } from '../../shared/domain/day.ts';
import type { Meal } from '../../shared/acts/acts.ts';
import type { QueryArgs, WeekEntry } from '../../shared/queries.ts';
import type { Sql, SqlRow } from '../engine/ports.ts';
import { numberOf, textOf, textOrNull, unsentIds } from './rows.ts';

const ENTRIES = `
select e.id, e.day, e.meal, e.title, e.recipe_id, e.servings, e.cooked_at, e.note,
  r.id as live_recipe_id, r.trashed_at, r.cover_photo_id,
  (select count(*) from list_items l where l.plan_entry_id = e.id) as lines_all,
  (select count(*) from list_items l
   where l.plan_entry_id = e.id and l.checked_at is not null) as lines_done
from plan_entries e left join recipes r on r.id = e.recipe_id
where e.day between ?1 and ?2
order by e.day,
  case e.meal when 'breakfast' then 0 when 'lunch' then 1 when 'dinner' then 2 else 3 end,
  e.position, e.id`;

function mealOf(row: SqlRow): Meal {
  const meal = textOf(row, 'meal');
  return meal === 'breakfast' || meal === 'lunch' || meal === 'snack' ? meal : 'dinner';
}

function recipeState(row: SqlRow): WeekEntry['recipeState'] {
  if (textOrNull(row, 'recipe_id') === null) return 'none';
  if (textOrNull(row, 'live_recipe_id') === null) return 'gone';
  return textOrNull(row, 'trashed_at') === null ? 'live' : 'trashed';
}

export function weekQuery(sql: Sql, { from }: QueryArgs<'week'>): readonly WeekEntry[] {
  const unsent = unsentIds(sql, 'plan_entries');
  return sql.all(ENTRIES, [from, addDays(from, 6)]).map((row) => ({
    id: textOf(row, 'id'),
    day: textOf(row, 'day'),
    meal: mealOf(row),
    title: textOf(row, 'title'),
    recipeId: textOrNull(row, 'live_recipe_id'),
    recipeState: recipeState(row),
    photoId: textOrNull(row, 'cover_photo_id'),
    servings: numberOf(row, 'servings'),
    cooked: textOrNull(row, 'cooked_at') !== null,
    note: textOrNull(row, 'note'),
    lines: { done: numberOf(row, 'lines_done'), all: numberOf(row, 'lines_all') },
    unsent: unsent.has(textOf(row, 'id')),
  }));
}
