/**
 * Larder's fourteen synced tables (`app.md` §3.3), declared once. Everything else that knows a column is
 * made from this list, or checked against it by a test. Changing it takes a migration on both sides and
 * the next `version`.
 */
import type { Column, DeleteAction, MergeRule, RemovalRule, RowOf, Schema } from './types.ts';

type Options = Partial<
  Pick<Column, 'group' | 'min' | 'max' | 'values' | 'default' | 'once' | 'follows'>
>;

const column = <const K extends Column['kind'], const N extends boolean, const O extends Options>(
  kind: K,
  nullable: N,
  merge: MergeRule,
  options: O,
) => ({ kind, nullable, merge, ...options });

const id = () => column('id', false, 'fixed', {});
const plainId = <const N extends boolean>(nullable: N, merge: MergeRule, options: Options = {}) =>
  column('id', nullable, merge, options);
const text = <const N extends boolean>(
  max: number,
  nullable: N,
  merge: MergeRule,
  options: Options = {},
) => column('text', nullable, merge, { max, ...options });
const count = <const N extends boolean>(
  min: number,
  max: number,
  nullable: N,
  merge: MergeRule,
  options: Options = {},
) => column('count', nullable, merge, { min, max, ...options });
const flag = (merge: MergeRule) => column('flag', false, merge, { default: 0 });
const instant = <const N extends boolean>(nullable: N, merge: MergeRule, options: Options = {}) =>
  column('instant', nullable, merge, options);
const day = <const N extends boolean>(nullable: N, merge: MergeRule, options: Options = {}) =>
  column('day', nullable, merge, options);
const milli = (merge: MergeRule, options: Options = {}) => column('milli', true, merge, options);
const minor = (merge: MergeRule) => column('minor', true, merge, {});

const owned = (table: string) => ({
  ...column('id', false, 'fixed', {}),
  references: { table, onDelete: 'cascade' as DeleteAction },
});
const link = (
  table: string,
  merge: MergeRule,
  onDelete: DeleteAction = 'set null',
  group?: string,
) => ({
  ...column('id', true, merge, group === undefined ? {} : { group }),
  references: { table, onDelete },
});

const created = { created_at: instant(false, 'fixed') };
const edited = { edited_at: instant(false, 'newest') };
const position = { position: column('order', false, 'last', {}) };
const stamps = { ...created, ...edited };

const MEALS = ['breakfast', 'lunch', 'dinner', 'snack'] as const;
/** Lines of a meal are not asked one by one: the answer to its servings decides their amounts. */
const FOR_MEAL = { reference: 'plan_entry_id', column: 'servings' };
const PLACES = ['fridge', 'freezer', 'cupboard'] as const;
const VERBS = [
  'added',
  'edited',
  'trashed',
  'restored',
  'removed',
  'moved',
  'cooked',
  'bought',
] as const;

const table = <const C extends Readonly<Record<string, Column>>>(
  columns: C,
  more: {
    readonly serverWritten?: boolean;
    readonly serverUnique?: readonly (readonly string[])[];
    readonly indexes?: readonly (readonly string[])[];
    readonly removal?: RemovalRule;
  } = {},
) => ({
  columns,
  key: 'id' as const,
  serverWritten: more.serverWritten ?? false,
  serverUnique: more.serverUnique ?? [],
  indexes: more.indexes ?? [],
  removal: more.removal ?? 'change-stays',
});

export const tables = {
  stores: table(
    {
      id: id(),
      name: text(80, false, 'ask', { min: 1 }),
      name_key: text(80, false, 'ask', { min: 1 }),
      currency: text(3, false, 'newest', { min: 3 }),
      ...position,
      ...stamps,
    },
    { indexes: [['name_key']] },
  ),
  aisles: table(
    {
      id: id(),
      store_id: { ...link('stores', 'fixed', 'cascade') },
      parent_id: link('aisles', 'ref'),
      name: text(60, false, 'newest', { min: 1 }),
      hue: count(0, 11, false, 'newest'),
      ...position,
      ...stamps,
    },
    { removal: 'removal-stays' },
  ),
  products: table(
    {
      id: id(),
      name: text(80, false, 'ask', { min: 1 }),
      name_key: text(80, false, 'ask', { min: 1 }),
      aisle_id: link('aisles', 'ref'),
      unit: text(16, true, 'newest'),
      stock_min_milli: milli('newest'),
      staple: flag('newest'),
      tracked: flag('newest'),
      hidden_at: instant(true, 'newest'),
      ...stamps,
    },
    { indexes: [['name_key']] },
  ),
  recipes: table(
    {
      id: id(),
      title: text(160, false, 'ask', { min: 1 }),
      servings: count(1, 99, false, 'ask'),
      summary: text(400, true, 'text'),
      notes: text(8000, true, 'text'),
      prep_minutes: count(0, 9999, true, 'newest'),
      cook_minutes: count(0, 9999, true, 'newest'),
      rating: count(1, 5, true, 'newest'),
      source_name: text(160, true, 'newest', { group: 'source' }),
      source_url: text(2000, true, 'newest', { group: 'source' }),
      based_on_id: link('recipes', 'ref'),
      cover_photo_id: link('recipe_photos', 'ref'),
      trashed_at: instant(true, 'life'),
      ...stamps,
    },
    { removal: 'ask' },
  ),
  recipe_ingredients: table({
    id: id(),
    recipe_id: owned('recipes'),
    product_id: link('products', 'ref'),
    wording: text(300, false, 'ask', { min: 1, group: 'wording' }),
    quantity_milli: milli('ask', { group: 'wording' }),
    unit: text(16, true, 'ask', { group: 'wording' }),
    section: text(80, true, 'newest'),
    optional: flag('newest'),
    ...position,
    ...stamps,
  }),
  recipe_steps: table({
    id: id(),
    recipe_id: owned('recipes'),
    wording: text(4000, false, 'text', { min: 1 }),
    timer_seconds: count(1, 86_400, true, 'newest'),
    ...position,
    ...stamps,
  }),
  recipe_photos: table(
    {
      id: id(),
      recipe_id: owned('recipes'),
      mime: text(16, false, 'fixed', { values: ['image/webp', 'image/jpeg'] }),
      width: count(1, 2000, false, 'fixed'),
      height: count(1, 2000, false, 'fixed'),
      bytes: column('blob', false, 'fixed', { min: 1, max: 65_536 }),
      ...created,
    },
    { removal: 'removal-stays' },
  ),
  tags: table(
    {
      id: id(),
      name: text(40, false, 'ask', { min: 1 }),
      name_key: text(40, false, 'ask', { min: 1 }),
      hue: count(0, 11, false, 'newest'),
      ...stamps,
    },
    { indexes: [['name_key']] },
  ),
  recipe_tags: table(
    {
      id: column('key', false, 'fixed', { max: 73 }),
      recipe_id: owned('recipes'),
      tag_id: owned('tags'),
      ...created,
    },
    { serverUnique: [['recipe_id', 'tag_id']], removal: 'removal-stays' },
  ),
  plan_entries: table(
    {
      id: id(),
      day: day(false, 'ask', { group: 'slot' }),
      meal: text(12, false, 'ask', { group: 'slot', values: MEALS }),
      recipe_id: link('recipes', 'ask', 'set null', 'what'),
      title: text(160, false, 'ask', { min: 1, group: 'what' }),
      servings: count(1, 99, false, 'ask'),
      // Cooked twice is eaten once: what the second cooking took from the pantry comes back.
      cooked_at: instant(true, 'first', { once: true }),
      note: text(400, true, 'join'),
      ...position,
      ...stamps,
    },
    { indexes: [['day']] },
  ),
  list_items: table({
    id: id(),
    product_id: link('products', 'ask', 'set null', 'what'),
    title: text(120, false, 'ask', { min: 1, group: 'what' }),
    quantity_milli: milli('ask', { group: 'amount', follows: FOR_MEAL }),
    unit: text(16, true, 'ask', { group: 'amount', follows: FOR_MEAL }),
    store_id: link('stores', 'ref'),
    aisle_id: link('aisles', 'ref'),
    plan_entry_id: link('plan_entries', 'ref'),
    checked_at: instant(true, 'furthest', { group: 'state' }),
    trip_id: plainId(true, 'furthest', { group: 'state' }),
    finished_at: instant(true, 'furthest', { group: 'state' }),
    later: flag('newest'),
    price_minor: minor('newest'),
    note: text(200, true, 'join'),
    added_by: text(64, true, 'fixed'),
    ...position,
    ...stamps,
  }),
  pantry_items: table({
    id: id(),
    product_id: link('products', 'ask', 'set null', 'what'),
    title: text(120, false, 'ask', { min: 1, group: 'what' }),
    quantity_milli: milli('delta'),
    unit: text(16, true, 'ask'),
    place: text(12, false, 'newest', { values: PLACES }),
    expires_on: day(true, 'first'),
    note: text(200, true, 'join'),
    ...stamps,
  }),
  purchases: table(
    {
      id: id(),
      product_id: plainId(true, 'server'),
      store_id: plainId(true, 'server'),
      aisle_id: plainId(true, 'server'),
      store_name: text(80, true, 'server'),
      trip_id: plainId(false, 'server'),
      title: text(120, false, 'server', { min: 1 }),
      quantity_milli: milli('server'),
      unit: text(16, true, 'server'),
      price_minor: minor('server'),
      currency: text(3, true, 'server'),
      bought_at: instant(false, 'server'),
    },
    { serverWritten: true, indexes: [['bought_at']] },
  ),
  activity: table(
    {
      id: id(),
      happened_at: instant(false, 'server'),
      actor: text(80, true, 'server'),
      device: text(80, true, 'server'),
      verb: text(16, false, 'server', { values: VERBS }),
      subject_table: text(40, false, 'server', { min: 1 }),
      subject_id: plainId(true, 'server'),
      title: text(160, true, 'server'),
      how_many: count(1, 1_000_000, false, 'server'),
    },
    { serverWritten: true, indexes: [['happened_at']] },
  ),
} as const;

export const kitchenSchema = { name: 'larder', version: 1, tables } as const satisfies Schema;

export type TableName = keyof typeof tables;
export type Row<T extends TableName> = RowOf<(typeof tables)[T]>;
