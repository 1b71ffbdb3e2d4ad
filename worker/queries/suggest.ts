/**
 * What quick add offers while typing, from this household's own history: most often and most recently
 * bought first, then products never bought, then common groceries. Offline and small: eight at most.
 */
import { commonGroceries } from '../../shared/domain/aisle.ts';
import { capitalised, foldText, nameKey, singularKey } from '../../shared/domain/name-key.ts';
import type { QueryArgs, Suggestion } from '../../shared/queries.ts';
import type { Sql, SqlRow } from '../engine/ports.ts';
import { byText, numberOf, textOf, textOrNull } from './rows.ts';

const SUGGESTIONS_MAX = 8;
const CANDIDATES_MAX = 60;

interface Candidate {
  readonly id: string;
  readonly name: string;
  readonly unit: string | null;
  readonly rank: number;
}

/** 0 when the name begins so, 1 when one of its words does, null when none does. */
function matchOf(name: string, typed: string): number | null {
  const folded = foldText(name);
  if (folded.startsWith(typed)) return 0;
  return folded.split(/[\s-]+/u).some((word) => word.startsWith(typed)) ? 1 : null;
}

function candidatesFor(sql: Sql, typed: string): readonly Candidate[] {
  return sql
    .all('select id, name, unit from products where hidden_at is null order by name_key, id')
    .flatMap((row): Candidate[] => {
      const name = textOf(row, 'name');
      const rank = matchOf(name, typed);
      if (rank === null) return [];
      return [{ id: textOf(row, 'id'), name, unit: textOrNull(row, 'unit'), rank }];
    })
    .slice(0, CANDIDATES_MAX);
}

const marks = (count: number): string =>
  Array.from({ length: count }, (_, index) => `?${index + 1}`).join(', ');

interface History {
  readonly times: number;
  readonly last: string;
}

function historyOf(sql: Sql, ids: readonly string[]): ReadonlyMap<string, History> {
  if (ids.length === 0) return new Map();
  // A finished line and its purchase share their id, so that nothing is counted twice.
  const rows = sql.all(
    `select product_id, count(*) as times, max(at) as last from (
       select id, product_id, finished_at as at from list_items
         where product_id in (${marks(ids.length)}) and finished_at is not null
       union
       select id, product_id, bought_at as at from purchases
         where product_id in (${marks(ids.length)}))
     group by product_id`,
    ids,
  );
  return new Map(
    rows.map((row) => [
      textOf(row, 'product_id'),
      { times: numberOf(row, 'times'), last: textOf(row, 'last') },
    ]),
  );
}

function stateByProduct(sql: Sql): ReadonlyMap<string, Suggestion['onList']> {
  const rows = sql.all(
    `select coalesce(product_id, title) as subject, min(checked_at is not null) as in_basket
     from list_items where finished_at is null group by subject`,
  );
  const stateOf = (row: SqlRow): Suggestion['onList'] =>
    numberOf(row, 'in_basket') === 1 ? 'basket' : 'open';
  return new Map(rows.map((row) => [textOf(row, 'subject'), stateOf(row)]));
}

export function suggestQuery(sql: Sql, { text }: QueryArgs<'suggest'>): readonly Suggestion[] {
  const typed = foldText(nameKey(text));
  if (typed === '') return [];
  const products = candidatesFor(sql, typed);
  const history = historyOf(
    sql,
    products.map((each) => each.id),
  );
  const onList = stateByProduct(sql);
  const known = [...products].sort((a, b) => {
    const [x, y] = [history.get(a.id), history.get(b.id)];
    return (
      (y?.times ?? 0) - (x?.times ?? 0) ||
      byText(y?.last ?? '', x?.last ?? '') ||
      a.rank - b.rank ||
      byText(a.name, b.name)
    );
  });
  const own: Suggestion[] = known.map(({ id, name, unit }) => ({
    title: name,
    unit,
    productId: id,
    onList: onList.get(id) ?? 'no',
  }));
  const names = new Set(own.map((each) => singularKey(each.title)));
  const common: Suggestion[] = commonGroceries
    .filter((name) => matchOf(name, typed) === 0 && !names.has(name))
    .map((name) => {
      const title = capitalised(name);
      return { title, unit: null, productId: null, onList: onList.get(title) ?? 'no' };
    });
  return [...own, ...common].slice(0, SUGGESTIONS_MAX);
}
