/**
 * Laying out and clearing the samples. Sample rows carry fixed ids, positions and instants, so that two
 * devices which begin offline make equal rows and nothing has to be asked when they meet.
 */
import type { Sentence } from '../../shared/acts/acts.ts';
import { addDays } from '../../shared/domain/day.ts';
import {
  sampleId,
  sampleIdPrefix,
  sampleLines,
  sampleMealId,
  samplePlan,
  sampleRecipes,
} from '../../shared/domain/samples.ts';
import { ensureAisles, fixedInstant } from './names.ts';
import { insertRecipe } from './recipe.ts';
import { createWork, textOf, type PeopleTable, type Work } from './work.ts';

const TABLES: readonly PeopleTable[] = ['plan_entries', 'list_items', 'recipes'];

const sampleRows = (work: Work, table: PeopleTable): readonly string[] =>
  work.sql
    .all(`select id from ${table} where id >= ?1 and id < ?2 order by id`, [
      sampleIdPrefix,
      `${sampleIdPrefix}~`,
    ])
    .map((row) => textOf(row['id']));

/** True while any sample line or recipe is there: the list offers to remove them. */
export function samplesAdd(work: Work): Sentence {
  let ordinal = 0;
  const fixed = createWork(work.sql, {
    ...work.context,
    nowIso: fixedInstant,
    newId: () => sampleId((ordinal += 1)),
    accountId: null,
  });
  ensureAisles(fixed);
  let last: string | null = null;
  for (const line of sampleLines) {
    last = fixed.between(last, null);
    if (work.find('list_items', line.id) !== null) continue;
    const { id, title, unit, note } = line;
    const row = { id, title, unit, note, quantity_milli: line.quantityMilli, position: last };
    fixed.insert('list_items', row);
  }
  for (const recipe of sampleRecipes) {
    if (work.find('recipes', recipe.id) === null) insertRecipe(fixed, recipe);
  }
  const day = addDays(work.context.nowIso.slice(0, 10), 1);
  const recipe = work.find('recipes', samplePlan.recipeId);
  if (recipe !== null && sampleRows(work, 'plan_entries').length === 0) {
    fixed.insert('plan_entries', {
      id: sampleMealId(day),
      day,
      meal: samplePlan.meal,
      recipe_id: recipe.id,
      title: recipe.title,
      servings: samplePlan.servings,
      position: fixed.between(null, null),
    });
  }
  const refusal = fixed.refusal();
  if (refusal !== null) work.refuse(refusal);
  return { key: 'samples.add', values: {} };
}

export function samplesRemove(work: Work): Sentence {
  let count = 0;
  for (const table of TABLES) {
    for (const id of sampleRows(work, table)) {
      work.remove(table, id);
      count += 1;
    }
  }
  return { key: 'samples.remove', values: { count } };
}
