/** What people do, at random but reproducibly: acts of one to four row changes on the kitchen's tables. */
import type { Sql, SqlValue } from '../../worker/engine/ports.ts';
import type { Ids } from '../../worker/engine/ports.ts';
import { instantOfMs } from '../../shared/schema/instant.ts';

export type Random = () => number;

const pick = <T>(random: Random, items: readonly T[]): T | undefined =>
  items[Math.floor(random() * items.length)];

/** An existing key of `table`, or null. */
function anyId(sql: Sql, random: Random, table: string): string | null {
  const ids = sql.all(`select id from ${table} order by id`).map((row) => String(row['id']));
  return pick(random, ids) ?? null;
}

const WORDS = ['milk', 'bread', 'rice', 'salt', 'tea', 'plums', 'flour', 'leeks'] as const;
const word = (random: Random): string =>
  `${pick(random, WORDS) ?? ''} ${Math.floor(random() * 90)}`;

/** Time only goes forward within a run, each device a little apart. */
export interface Hand {
  readonly random: Random;
  readonly ids: Ids;
  nowMs: number;
}

const instant = (hand: Hand): string => {
  hand.nowMs += Math.floor(hand.random() * 5000);
  return instantOfMs(hand.nowMs);
};

function insertRow(sql: Sql, table: string, row: Readonly<Record<string, SqlValue>>): void {
  const names = Object.keys(row);
  sql.run(
    `insert into ${table} (${names.join(', ')}) values (${names.map((_, i) => `?${i + 1}`).join(', ')})`,
    Object.values(row),
  );
}

type Maker = (sql: Sql, hand: Hand) => void;

const stamps = (hand: Hand): { created_at: string; edited_at: string } => {
  const at = instant(hand);
  return { created_at: at, edited_at: at };
};

const makers: readonly Maker[] = [
  (sql, hand) => {
    const name = word(hand.random);
    insertRow(sql, 'stores', {
      id: hand.ids.rowId(),
      name,
      name_key: name,
      currency: 'EUR',
      position: 'a0',
      ...stamps(hand),
    });
  },
  (sql, hand) => {
    insertRow(sql, 'aisles', {
      id: hand.ids.rowId(),
      store_id: hand.random() < 0.6 ? anyId(sql, hand.random, 'stores') : null,
      parent_id: hand.random() < 0.5 ? anyId(sql, hand.random, 'aisles') : null,
      name: word(hand.random),
      hue: Math.floor(hand.random() * 12),
      position: 'a1',
      ...stamps(hand),
    });
  },
  (sql, hand) => {
    const name = word(hand.random);
    insertRow(sql, 'products', {
      id: hand.ids.rowId(),
      name,
      name_key: name,
      aisle_id: anyId(sql, hand.random, 'aisles'),
      stock_min_milli: Math.floor(hand.random() * 9_000_000_000),
      staple: 0,
      tracked: 1,
      ...stamps(hand),
    });
  },
  (sql, hand) => {
    const id = hand.ids.rowId();
    insertRow(sql, 'recipes', {
      id,
      title: word(hand.random),
      servings: 4,
      based_on_id: hand.random() < 0.4 ? anyId(sql, hand.random, 'recipes') : null,
      notes: 'wash\nchop\ncook',
      ...stamps(hand),
    });
    for (let index = 0; index < 3; index += 1)
      insertRow(sql, 'recipe_ingredients', {
        id: hand.ids.rowId(),
        recipe_id: id,
        product_id: anyId(sql, hand.random, 'products'),
        wording: word(hand.random),
        optional: 0,
        position: `a${index}`,
        ...stamps(hand),
      });
  },
  (sql, hand) => {
    const recipe = anyId(sql, hand.random, 'recipes');
    if (recipe === null) return;
    insertRow(sql, 'recipe_ingredients', {
      id: hand.ids.rowId(),
      recipe_id: recipe,
      wording: word(hand.random),
      optional: 1,
      position: 'a5',
      ...stamps(hand),
    });
  },
  (sql, hand) => {
    insertRow(sql, 'list_items', {
      id: hand.ids.rowId(),
      title: word(hand.random),
      product_id: anyId(sql, hand.random, 'products'),
      store_id: anyId(sql, hand.random, 'stores'),
      aisle_id: anyId(sql, hand.random, 'aisles'),
      later: 0,
      position: 'a2',
      ...stamps(hand),
    });
  },
  (sql, hand) => {
    insertRow(sql, 'pantry_items', {
      id: hand.ids.rowId(),
      title: word(hand.random),
      product_id: anyId(sql, hand.random, 'products'),
      quantity_milli: 5000,
      place: 'fridge',
      ...stamps(hand),
    });
  },
];

const edits: readonly (readonly [table: string, set: string, value: (hand: Hand) => SqlValue])[] = [
  ['stores', 'currency', (hand) => pick(hand.random, ['EUR', 'CHF', 'USD']) ?? 'EUR'],
  ['aisles', 'hue', (hand) => Math.floor(hand.random() * 12)],
  ['aisles', 'position', (hand) => `b${Math.floor(hand.random() * 9)}`],
  ['products', 'staple', (hand) => (hand.random() < 0.5 ? 0 : 1)],
  ['recipes', 'rating', (hand) => 1 + Math.floor(hand.random() * 5)],
  ['recipes', 'title', (hand) => word(hand.random)],
  ['recipes', 'notes', (hand) => `wash\n${word(hand.random)}\ncook`],
  ['recipe_ingredients', 'section', (hand) => word(hand.random)],
  ['list_items', 'checked_at', (hand) => instant(hand)],
  ['list_items', 'note', (hand) => word(hand.random)],
  ['list_items', 'position', (hand) => `c${Math.floor(hand.random() * 9)}`],
  ['pantry_items', 'quantity_milli', (hand) => Math.floor(hand.random() * 9000)],
];

const DELETABLE = [
  'stores',
  'aisles',
  'products',
  'recipes',
  'recipe_ingredients',
  'list_items',
] as const;

function changeOnce(sql: Sql, hand: Hand): void {
  const roll = hand.random();
  if (roll < 0.4) {
    pick(hand.random, makers)?.(sql, hand);
    return;
  }
  if (roll < 0.85) {
    const edit = pick(hand.random, edits);
    if (edit === undefined) return;
    const [table, column, value] = edit;
    const id = anyId(sql, hand.random, table);
    if (id === null) return;
    sql.run(`update ${table} set ${column} = ?1, edited_at = ?2 where id = ?3`, [
      value(hand),
      instant(hand),
      id,
    ]);
    return;
  }
  const table = pick(hand.random, DELETABLE) ?? 'list_items';
  const id = anyId(sql, hand.random, table);
  if (id !== null) sql.run(`delete from ${table} where id = ?1`, [id]);
}

/** One local transaction. */
export function performAct(sql: Sql, hand: Hand): void {
  const changes = 1 + Math.floor(hand.random() * 3);
  for (let change = 0; change < changes; change += 1) changeOnce(sql, hand);
}
