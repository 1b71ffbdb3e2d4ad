/** The short lists that forms offer: shops, the household's aisles, tags. */
import type { AisleRow, QueryRows, StoreRow } from '../../shared/queries.ts';
import type { Sql } from '../engine/ports.ts';
import { numberOf, textOf } from './rows.ts';

export function storesQuery(sql: Sql): readonly StoreRow[] {
  const rows = sql.all(
    `select s.id, s.name,
       (select count(*) from list_items l
        where l.store_id = s.id and l.checked_at is null and l.finished_at is null) as open_count
     from stores s order by s.position, s.id`,
  );
  return rows.map((row) => ({
    id: textOf(row, 'id'),
    name: textOf(row, 'name'),
    openCount: numberOf(row, 'open_count'),
  }));
}

export function aislesQuery(sql: Sql): readonly AisleRow[] {
  const rows = sql.all(
    'select id, name, hue from aisles where store_id is null order by position, id',
  );
  return rows.map((row) => ({
    id: textOf(row, 'id'),
    name: textOf(row, 'name'),
    hue: numberOf(row, 'hue'),
  }));
}

export function tagsQuery(sql: Sql): QueryRows<'tags'> {
  const rows = sql.all(
    `select t.id, t.name, t.hue,
       (select count(*) from recipe_tags rt join recipes r on r.id = rt.recipe_id
        where rt.tag_id = t.id and r.trashed_at is null) as recipe_count
     from tags t order by t.name_key, t.id`,
  );
  return rows.map((row) => ({
    id: textOf(row, 'id'),
    name: textOf(row, 'name'),
    hue: numberOf(row, 'hue'),
    count: numberOf(row, 'recipe_count'),
  }));
}
