/**
 * The shopping list as one screen shows it: rows summed per product, in aisles in the order of the shop,
 * then "Later", then the basket.
 *
 * The aisle of a row: moved by hand → where it was last bought in this shop → this shop's section of the
 * product's aisle → the product's aisle → what its name suggests → "Other". A shop, aisle, meal or product
 * that is gone only takes away its own part of a row.
 */
import { guessAisle } from '../../shared/domain/aisle.ts';
import { sampleIdPrefix } from '../../shared/domain/samples.ts';
import { groupLines, type ShoppingGroup, type ShoppingLine } from '../../shared/domain/shopping.ts';
import type { ListPart, ListRow, ListSection, ListView, QueryArgs } from '../../shared/queries.ts';
import type { Sql, SqlRow } from '../engine/ports.ts';
import {
  frozenIds,
  questionIds,
  isDirty,
  numberOf,
  numberOrNull,
  textOf,
  textOrNull,
} from './rows.ts';

interface Line extends ShoppingLine {
  readonly note: string | null;
  readonly priceMinor: number | null;
  readonly ownAisleId: string | null;
  readonly productAisleId: string | null;
  readonly storeName: string | null;
  readonly meal: ListPart['meal'];
  readonly isDirty: boolean;
}

const LINES = `
select l.id, l.title, l.product_id, l.quantity_milli, l.unit, l.store_id, l.aisle_id,
  l.plan_entry_id, l.checked_at, l.later, l.note, l.price_minor,
  p.aisle_id as product_aisle_id, s.name as store_name, e.title as meal_title, e.day as meal_day,
  ${isDirty('list_items', 'l.id')} as dirty
from list_items l
left join products p on p.id = l.product_id
left join stores s on s.id = l.store_id
left join plan_entries e on e.id = l.plan_entry_id
where l.finished_at is null
order by l.position, l.id`;

function lineOf(row: SqlRow): Line {
  const planEntryId = textOrNull(row, 'plan_entry_id');
  const mealTitle = textOrNull(row, 'meal_title');
  const basket = textOrNull(row, 'checked_at') !== null;
  return {
    id: textOf(row, 'id'),
    title: textOf(row, 'title'),
    productId: textOrNull(row, 'product_id'),
    quantityMilli: numberOrNull(row, 'quantity_milli'),
    unit: textOrNull(row, 'unit'),
    storeId: textOrNull(row, 'store_id'),
    planEntryId,
    state: basket ? 'basket' : numberOf(row, 'later') === 1 ? 'later' : 'open',
    note: textOrNull(row, 'note'),
    priceMinor: numberOrNull(row, 'price_minor'),
    ownAisleId: textOrNull(row, 'aisle_id'),
    productAisleId: textOrNull(row, 'product_aisle_id'),
    storeName: textOrNull(row, 'store_name'),
    meal:
      planEntryId === null || mealTitle === null
        ? null
        : { entryId: planEntryId, title: mealTitle, day: textOf(row, 'meal_day') },
    isDirty: numberOf(row, 'dirty') === 1,
  };
}

interface Aisle {
  readonly id: string;
  readonly name: string;
  readonly hue: number;
  readonly storeId: string | null;
  readonly parentId: string | null;
}

/** The aisles of one view, in the order they are walked. */
interface Walk {
  readonly order: readonly Aisle[];
  /** Any aisle to the one that stands for it in this view. */
  readonly shown: ReadonlyMap<string, string>;
  /** Product to the aisle where it was last bought in this shop. */
  readonly bought: ReadonlyMap<string, string>;
}

function readWalk(sql: Sql, storeId: string | null): Walk {
  const aisles = sql
    .all('select id, name, hue, store_id, parent_id from aisles order by position, id')
    .map((row): Aisle => ({
      id: textOf(row, 'id'),
      name: textOf(row, 'name'),
      hue: numberOf(row, 'hue'),
      storeId: textOrNull(row, 'store_id'),
      parentId: textOrNull(row, 'parent_id'),
    }));
  const byId = new Map(aisles.map((aisle) => [aisle.id, aisle]));
  const home = aisles.filter((aisle) => aisle.storeId === null);
  const sections = storeId === null ? [] : aisles.filter((aisle) => aisle.storeId === storeId);
  const sectionOf = new Map(
    sections.flatMap((each) => (each.parentId === null ? [] : [[each.parentId, each.id] as const])),
  );
  const shown = new Map<string, string>();
  for (const aisle of aisles) {
    const isHere = aisle.storeId === null || aisle.storeId === storeId;
    const homeId = isHere ? aisle.id : (aisle.parentId ?? aisle.id);
    shown.set(aisle.id, sectionOf.get(homeId) ?? homeId);
  }
  const strangers = [...new Set(shown.values())].filter(
    (id) => byId.get(id)?.storeId !== null && byId.get(id)?.storeId !== storeId,
  );
  return {
    order: [
      ...sections,
      ...home.filter((aisle) => !sectionOf.has(aisle.id)),
      ...strangers.flatMap((id) => byId.get(id) ?? []),
    ],
    shown,
    bought: storeId === null ? new Map() : lastBought(sql, storeId),
  };
}

function lastBought(sql: Sql, storeId: string): ReadonlyMap<string, string> {
  const rows = sql.all(
    `select product_id, aisle_id from purchases
     where store_id = ?1 and aisle_id is not null
       and product_id in (select product_id from list_items where finished_at is null)
     order by bought_at, id`,
    [storeId],
  );
  return new Map(rows.map((row) => [textOf(row, 'product_id'), textOf(row, 'aisle_id')]));
}

function aisleOf(walk: Walk, lines: readonly Line[]): string | null {
  const line = lines.find((each) => each.ownAisleId !== null) ?? lines[0];
  if (line === undefined) return null;
  const candidates = [
    line.ownAisleId,
    line.productId === null ? null : (walk.bought.get(line.productId) ?? null),
    line.productAisleId,
    guessAisle(line.title)?.id ?? null,
  ];
  for (const id of candidates) {
    const shown = id === null ? undefined : walk.shown.get(id);
    if (shown !== undefined) return shown;
  }
  return null;
}

const distinct = <T>(values: readonly T[]): readonly T[] => [...new Set(values)];

function rowOf(
  group: ShoppingGroup<Line>,
  walk: Walk,
  frozen: ReadonlySet<string>,
  inQuestion: ReadonlySet<string>,
): ListRow {
  const { lines } = group;
  const first = lines[0];
  const meals = new Map(
    lines.flatMap((line) => (line.meal === null ? [] : [[line.meal.entryId, line.meal] as const])),
  );
  return {
    key: group.key,
    ids: lines.map((line) => line.id),
    title: first?.title ?? '',
    productId: first?.productId ?? null,
    quantityMilli: group.quantityMilli,
    unit: group.unit,
    state: first?.state ?? 'open',
    notes: distinct(lines.flatMap((line) => line.note ?? [])),
    meals: [...meals.values()].map(({ title, day }) => ({ title, day })),
    storeId: first?.storeId ?? null,
    storeName: first?.storeName ?? null,
    aisleId: aisleOf(walk, lines),
    addedTwice: group.addedTwice,
    parts: lines.map(({ id, title, quantityMilli, unit, note, priceMinor, meal }) => ({
      id,
      title,
      quantityMilli,
      unit,
      note,
      priceMinor,
      meal,
    })),
    unsent: lines.some((line) => line.isDirty || frozen.has(line.id)),
    inQuestion: lines.some((line) => inQuestion.has(line.id)),
  };
}

function sectionsOf(walk: Walk, rows: readonly ListRow[]): readonly ListSection[] {
  const known = new Set(walk.order.map((aisle) => aisle.id));
  const inAisle = (id: string | null): readonly ListRow[] =>
    rows.filter(
      (row) => (row.aisleId !== null && known.has(row.aisleId) ? row.aisleId : null) === id,
    );
  const sections: ListSection[] = [
    ...walk.order.map(({ id, name, hue }) => ({ aisleId: id, name, hue, rows: inAisle(id) })),
    { aisleId: null, name: 'Other', hue: null, rows: inAisle(null) },
  ];
  return sections.filter((section) => section.rows.length > 0);
}

function hasSamples(sql: Sql): boolean {
  const params = [sampleIdPrefix, `${sampleIdPrefix}~`];
  const found = sql.all(
    `select 1 as one from list_items where id >= ?1 and id < ?2
     union all select 1 as one from recipes where id >= ?1 and id < ?2
     union all select 1 as one from plan_entries where id >= ?1 and id < ?2 limit 1`,
    params,
  );
  return found.length > 0;
}

export function listQuery(sql: Sql, { storeId }: QueryArgs<'list'>): ListView {
  const lines = sql
    .all(LINES)
    .map(lineOf)
    .filter((line) => storeId === null || line.storeId === null || line.storeId === storeId);
  const walk = readWalk(sql, storeId);
  const frozen = frozenIds(sql, 'list_items');
  const inQuestion = questionIds(sql, 'list_items');
  const rows = groupLines(lines).map((group) => rowOf(group, walk, frozen, inQuestion));
  const open = rows.filter((row) => row.state === 'open');
  const basket = rows.filter((row) => row.state === 'basket');
  return {
    sections: sectionsOf(walk, open),
    later: rows.filter((row) => row.state === 'later'),
    basket,
    openCount: open.length,
    basketCount: basket.length,
    samples: hasSamples(sql),
  };
}
