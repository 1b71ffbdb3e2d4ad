/**
 * Larder's business tables for Drizzle: the typed view of what `migrations/0002-kitchen.sql` creates.
 * The list of truth is `shared/schema/tables.ts`; a test compares all three. Reports and jobs read
 * through these definitions; the sync service never does, and nothing writes through them outside a
 * bundle, since the guard would refuse.
 */
import {
  bigint,
  boolean,
  customType,
  date,
  foreignKey,
  integer,
  type PgTableExtraConfigValue,
  pgSchema,
  primaryKey,
  text,
  timestamp,
  unique,
  uuid,
} from 'drizzle-orm/pg-core';

export const larder = pgSchema('larder');

/** The household, hidden from every client; filled in by the open bundle. */
const scopeColumn = () => uuid('_sync_scope_id').notNull();
const instant = (name: string) =>
  timestamp(name, { withTimezone: true, precision: 3, mode: 'string' });
const bytea = customType<{ data: Uint8Array }>({ dataType: () => 'bytea' });

export const activity = larder.table(
  'activity',
  {
    scopeId: scopeColumn(),
    id: uuid('id').notNull(),
    happenedAt: instant('happened_at').notNull(),
    actor: text('actor'),
    device: text('device'),
    verb: text('verb').notNull(),
    subjectTable: text('subject_table').notNull(),
    subjectId: uuid('subject_id'),
    title: text('title'),
    howMany: integer('how_many').notNull(),
  },
  (row): PgTableExtraConfigValue[] => [primaryKey({ columns: [row.scopeId, row.id] })],
);

export const purchases = larder.table(
  'purchases',
  {
    scopeId: scopeColumn(),
    id: uuid('id').notNull(),
    productId: uuid('product_id'),
    storeId: uuid('store_id'),
    aisleId: uuid('aisle_id'),
    storeName: text('store_name'),
    tripId: uuid('trip_id').notNull(),
    title: text('title').notNull(),
    quantityMilli: bigint('quantity_milli', { mode: 'bigint' }),
    unit: text('unit'),
    priceMinor: bigint('price_minor', { mode: 'bigint' }),
    currency: text('currency'),
    boughtAt: instant('bought_at').notNull(),
  },
  (row): PgTableExtraConfigValue[] => [primaryKey({ columns: [row.scopeId, row.id] })],
);

export const recipePhotos = larder.table(
  'recipe_photos',
  {
    scopeId: scopeColumn(),
    id: uuid('id').notNull(),
    recipeId: uuid('recipe_id').notNull(),
    mime: text('mime').notNull(),
    width: integer('width').notNull(),
    height: integer('height').notNull(),
    bytes: bytea('bytes').notNull(),
    createdAt: instant('created_at').notNull(),
  },
  (row): PgTableExtraConfigValue[] => [
    primaryKey({ columns: [row.scopeId, row.id] }),
    foreignKey({
      name: 'recipe_photos_recipe_id_fkey',
      columns: [row.scopeId, row.recipeId],
      foreignColumns: [recipes.scopeId, recipes.id],
    }).onDelete('cascade'),
  ],
);

export const recipes = larder.table(
  'recipes',
  {
    scopeId: scopeColumn(),
    id: uuid('id').notNull(),
    title: text('title').notNull(),
    servings: integer('servings').notNull(),
    summary: text('summary'),
    notes: text('notes'),
    prepMinutes: integer('prep_minutes'),
    cookMinutes: integer('cook_minutes'),
    rating: integer('rating'),
    sourceName: text('source_name'),
    sourceUrl: text('source_url'),
    basedOnId: uuid('based_on_id'),
    coverPhotoId: uuid('cover_photo_id'),
    trashedAt: instant('trashed_at'),
    createdAt: instant('created_at').notNull(),
    editedAt: instant('edited_at').notNull(),
  },
  (row): PgTableExtraConfigValue[] => [
    primaryKey({ columns: [row.scopeId, row.id] }),
    foreignKey({
      name: 'recipes_based_on_id_fkey',
      columns: [row.scopeId, row.basedOnId],
      foreignColumns: [row.scopeId, row.id],
    }).onDelete('set null'),
    foreignKey({
      name: 'recipes_cover_photo_id_fkey',
      columns: [row.scopeId, row.coverPhotoId],
      foreignColumns: [recipePhotos.scopeId, recipePhotos.id],
    }).onDelete('set null'),
  ],
);

export const planEntries = larder.table(
  'plan_entries',
  {
    scopeId: scopeColumn(),
    id: uuid('id').notNull(),
    day: date('day').notNull(),
    meal: text('meal').notNull(),
    recipeId: uuid('recipe_id'),
    title: text('title').notNull(),
    servings: integer('servings').notNull(),
    cookedAt: instant('cooked_at'),
    note: text('note'),
    position: text('position').notNull(),
    createdAt: instant('created_at').notNull(),
    editedAt: instant('edited_at').notNull(),
  },
  (row): PgTableExtraConfigValue[] => [
    primaryKey({ columns: [row.scopeId, row.id] }),
    foreignKey({
      name: 'plan_entries_recipe_id_fkey',
      columns: [row.scopeId, row.recipeId],
      foreignColumns: [recipes.scopeId, recipes.id],
    }).onDelete('set null'),
  ],
);

export const recipeSteps = larder.table(
  'recipe_steps',
  {
    scopeId: scopeColumn(),
    id: uuid('id').notNull(),
    recipeId: uuid('recipe_id').notNull(),
    wording: text('wording').notNull(),
    timerSeconds: integer('timer_seconds'),
    position: text('position').notNull(),
    createdAt: instant('created_at').notNull(),
    editedAt: instant('edited_at').notNull(),
  },
  (row): PgTableExtraConfigValue[] => [
    primaryKey({ columns: [row.scopeId, row.id] }),
    foreignKey({
      name: 'recipe_steps_recipe_id_fkey',
      columns: [row.scopeId, row.recipeId],
      foreignColumns: [recipes.scopeId, recipes.id],
    }).onDelete('cascade'),
  ],
);

export const stores = larder.table(
  'stores',
  {
    scopeId: scopeColumn(),
    id: uuid('id').notNull(),
    name: text('name').notNull(),
    nameKey: text('name_key').notNull(),
    currency: text('currency').notNull(),
    position: text('position').notNull(),
    createdAt: instant('created_at').notNull(),
    editedAt: instant('edited_at').notNull(),
  },
  (row): PgTableExtraConfigValue[] => [primaryKey({ columns: [row.scopeId, row.id] })],
);

export const aisles = larder.table(
  'aisles',
  {
    scopeId: scopeColumn(),
    id: uuid('id').notNull(),
    storeId: uuid('store_id'),
    parentId: uuid('parent_id'),
    name: text('name').notNull(),
    hue: integer('hue').notNull(),
    position: text('position').notNull(),
    createdAt: instant('created_at').notNull(),
    editedAt: instant('edited_at').notNull(),
  },
  (row): PgTableExtraConfigValue[] => [
    primaryKey({ columns: [row.scopeId, row.id] }),
    foreignKey({
      name: 'aisles_store_id_fkey',
      columns: [row.scopeId, row.storeId],
      foreignColumns: [stores.scopeId, stores.id],
    }).onDelete('cascade'),
    foreignKey({
      name: 'aisles_parent_id_fkey',
      columns: [row.scopeId, row.parentId],
      foreignColumns: [row.scopeId, row.id],
    }).onDelete('set null'),
  ],
);

export const products = larder.table(
  'products',
  {
    scopeId: scopeColumn(),
    id: uuid('id').notNull(),
    name: text('name').notNull(),
    nameKey: text('name_key').notNull(),
    aisleId: uuid('aisle_id'),
    unit: text('unit'),
    stockMinMilli: bigint('stock_min_milli', { mode: 'bigint' }),
    staple: boolean('staple').notNull().default(false),
    tracked: boolean('tracked').notNull().default(false),
    hiddenAt: instant('hidden_at'),
    createdAt: instant('created_at').notNull(),
    editedAt: instant('edited_at').notNull(),
  },
  (row): PgTableExtraConfigValue[] => [
    primaryKey({ columns: [row.scopeId, row.id] }),
    foreignKey({
      name: 'products_aisle_id_fkey',
      columns: [row.scopeId, row.aisleId],
      foreignColumns: [aisles.scopeId, aisles.id],
    }).onDelete('set null'),
  ],
);

export const listItems = larder.table(
  'list_items',
  {
    scopeId: scopeColumn(),
    id: uuid('id').notNull(),
    productId: uuid('product_id'),
    title: text('title').notNull(),
    quantityMilli: bigint('quantity_milli', { mode: 'bigint' }),
    unit: text('unit'),
    storeId: uuid('store_id'),
    aisleId: uuid('aisle_id'),
    planEntryId: uuid('plan_entry_id'),
    checkedAt: instant('checked_at'),
    tripId: uuid('trip_id'),
    finishedAt: instant('finished_at'),
    later: boolean('later').notNull().default(false),
    priceMinor: bigint('price_minor', { mode: 'bigint' }),
    note: text('note'),
    addedBy: text('added_by'),
    position: text('position').notNull(),
    createdAt: instant('created_at').notNull(),
    editedAt: instant('edited_at').notNull(),
  },
  (row): PgTableExtraConfigValue[] => [
    primaryKey({ columns: [row.scopeId, row.id] }),
    foreignKey({
      name: 'list_items_product_id_fkey',
      columns: [row.scopeId, row.productId],
      foreignColumns: [products.scopeId, products.id],
    }).onDelete('set null'),
    foreignKey({
      name: 'list_items_store_id_fkey',
      columns: [row.scopeId, row.storeId],
      foreignColumns: [stores.scopeId, stores.id],
    }).onDelete('set null'),
    foreignKey({
      name: 'list_items_aisle_id_fkey',
      columns: [row.scopeId, row.aisleId],
      foreignColumns: [aisles.scopeId, aisles.id],
    }).onDelete('set null'),
    foreignKey({
      name: 'list_items_plan_entry_id_fkey',
      columns: [row.scopeId, row.planEntryId],
      foreignColumns: [planEntries.scopeId, planEntries.id],
    }).onDelete('set null'),
  ],
);

export const pantryItems = larder.table(
  'pantry_items',
  {
    scopeId: scopeColumn(),
    id: uuid('id').notNull(),
    productId: uuid('product_id'),
    title: text('title').notNull(),
    quantityMilli: bigint('quantity_milli', { mode: 'bigint' }),
    unit: text('unit'),
    place: text('place').notNull(),
    expiresOn: date('expires_on'),
    note: text('note'),
    createdAt: instant('created_at').notNull(),
    editedAt: instant('edited_at').notNull(),
  },
  (row): PgTableExtraConfigValue[] => [
    primaryKey({ columns: [row.scopeId, row.id] }),
    foreignKey({
      name: 'pantry_items_product_id_fkey',
      columns: [row.scopeId, row.productId],
      foreignColumns: [products.scopeId, products.id],
    }).onDelete('set null'),
  ],
);

export const recipeIngredients = larder.table(
  'recipe_ingredients',
  {
    scopeId: scopeColumn(),
    id: uuid('id').notNull(),
    recipeId: uuid('recipe_id').notNull(),
    productId: uuid('product_id'),
    wording: text('wording').notNull(),
    quantityMilli: bigint('quantity_milli', { mode: 'bigint' }),
    unit: text('unit'),
    section: text('section'),
    optional: boolean('optional').notNull().default(false),
    position: text('position').notNull(),
    createdAt: instant('created_at').notNull(),
    editedAt: instant('edited_at').notNull(),
  },
  (row): PgTableExtraConfigValue[] => [
    primaryKey({ columns: [row.scopeId, row.id] }),
    foreignKey({
      name: 'recipe_ingredients_recipe_id_fkey',
      columns: [row.scopeId, row.recipeId],
      foreignColumns: [recipes.scopeId, recipes.id],
    }).onDelete('cascade'),
    foreignKey({
      name: 'recipe_ingredients_product_id_fkey',
      columns: [row.scopeId, row.productId],
      foreignColumns: [products.scopeId, products.id],
    }).onDelete('set null'),
  ],
);

export const tags = larder.table(
  'tags',
  {
    scopeId: scopeColumn(),
    id: uuid('id').notNull(),
    name: text('name').notNull(),
    nameKey: text('name_key').notNull(),
    hue: integer('hue').notNull(),
    createdAt: instant('created_at').notNull(),
    editedAt: instant('edited_at').notNull(),
  },
  (row): PgTableExtraConfigValue[] => [primaryKey({ columns: [row.scopeId, row.id] })],
);

export const recipeTags = larder.table(
  'recipe_tags',
  {
    scopeId: scopeColumn(),
    id: text('id').notNull(),
    recipeId: uuid('recipe_id').notNull(),
    tagId: uuid('tag_id').notNull(),
    createdAt: instant('created_at').notNull(),
  },
  (row): PgTableExtraConfigValue[] => [
    primaryKey({ columns: [row.scopeId, row.id] }),
    foreignKey({
      name: 'recipe_tags_recipe_id_fkey',
      columns: [row.scopeId, row.recipeId],
      foreignColumns: [recipes.scopeId, recipes.id],
    }).onDelete('cascade'),
    foreignKey({
      name: 'recipe_tags_tag_id_fkey',
      columns: [row.scopeId, row.tagId],
      foreignColumns: [tags.scopeId, tags.id],
    }).onDelete('cascade'),
    unique('recipe_tags_recipe_id_tag_id_key').on(row.scopeId, row.recipeId, row.tagId),
  ],
);
