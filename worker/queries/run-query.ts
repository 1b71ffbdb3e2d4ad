/**
 * The one door for questions: a query by name, a pure function of the local database. It never writes,
 * answers with plain whole rows, and copes with rows whose recipe, shop, aisle or product is gone.
 */
import type { QueryArgs, QueryName, QueryRows } from '../../shared/queries.ts';
import type { Sql } from '../engine/ports.ts';
import { choicesQuery, versionsQuery } from './choices.ts';
import { listQuery } from './list.ts';
import { aislesQuery, storesQuery, tagsQuery } from './names.ts';
import { pantryQuery } from './pantry.ts';
import { planSheetQuery } from './plan-sheet.ts';
import { recipesQuery, trashQuery } from './recipe-cards.ts';
import { photoQuery, recipeQuery } from './recipe.ts';
import { suggestQuery } from './suggest.ts';
import { activityQuery, heldQuery, timelineQuery } from './timeline.ts';
import { weekQuery } from './week.ts';

/** What a query may know of the moment. */
export interface QueryContext {
  readonly todayIso: string;
}

type QueryFunctions = {
  readonly [Q in QueryName]: (sql: Sql, args: QueryArgs<Q>, context: QueryContext) => QueryRows<Q>;
};

const queries: QueryFunctions = {
  list: listQuery,
  week: weekQuery,
  recipes: recipesQuery,
  recipe: recipeQuery,
  photo: photoQuery,
  planSheet: planSheetQuery,
  suggest: suggestQuery,
  stores: storesQuery,
  aisles: aislesQuery,
  tags: tagsQuery,
  trash: trashQuery,
  pantry: pantryQuery,
  timeline: timelineQuery,
  held: heldQuery,
  choices: choicesQuery,
  versions: versionsQuery,
  activity: activityQuery,
};

export function runQuery<Q extends QueryName>(
  sql: Sql,
  query: Q,
  args: QueryArgs<Q>,
  context: QueryContext,
): QueryRows<Q> {
  return queries[query](sql, args, context);
}
