-- Larder's business tables (app.md §3.3). A test compares them, and the Drizzle tables, with
-- shared/schema/tables.ts: the same tables, columns, nullability, keys and foreign keys.
--
-- The hidden scope column leads every key. Foreign keys wait for the commit, so that a bundle may bring
-- rows in any order and cycles in one piece; SET NULL names its column, or the scope would be nulled too.
--
-- Secondary indexes say "where … is not null" even where that is always so: only a query that names the
-- column can then use them. Without it a planner that knows nothing yet of a young table takes any index
-- that begins with the scope for a lookup by key and reads the whole household once per row.

create schema larder;

create table larder.activity (
  _sync_scope_id uuid not null default sync.current_scope(),
  id uuid not null,
  happened_at timestamptz(3) not null,
  actor text
    constraint activity_actor_check check (char_length(actor) between 0 and 80),
  device text
    constraint activity_device_check check (char_length(device) between 0 and 80),
  verb text not null
    constraint activity_verb_check check (verb in ('added', 'edited', 'trashed', 'restored', 'removed', 'moved', 'cooked', 'bought')),
  subject_table text not null
    constraint activity_subject_table_check check (char_length(subject_table) between 1 and 40),
  subject_id uuid,
  title text
    constraint activity_title_check check (char_length(title) between 0 and 160),
  how_many integer not null
    constraint activity_how_many_check check (how_many between 1 and 1000000),
  constraint activity_pkey primary key (_sync_scope_id, id)
);

create table larder.purchases (
  _sync_scope_id uuid not null default sync.current_scope(),
  id uuid not null,
  product_id uuid,
  store_id uuid,
  aisle_id uuid,
  store_name text
    constraint purchases_store_name_check check (char_length(store_name) between 0 and 80),
  trip_id uuid not null,
  title text not null
    constraint purchases_title_check check (char_length(title) between 1 and 120),
  quantity_milli bigint
    constraint purchases_quantity_milli_check check (quantity_milli between 0 and 9999999999),
  unit text
    constraint purchases_unit_check check (char_length(unit) between 0 and 16),
  price_minor bigint
    constraint purchases_price_minor_check check (price_minor between 0 and 9999999999),
  currency text
    constraint purchases_currency_check check (char_length(currency) between 0 and 3),
  bought_at timestamptz(3) not null,
  constraint purchases_pkey primary key (_sync_scope_id, id)
);

create table larder.recipe_photos (
  _sync_scope_id uuid not null default sync.current_scope(),
  id uuid not null,
  recipe_id uuid not null,
  mime text not null
    constraint recipe_photos_mime_check check (mime in ('image/webp', 'image/jpeg')),
  width integer not null
    constraint recipe_photos_width_check check (width between 1 and 2000),
  height integer not null
    constraint recipe_photos_height_check check (height between 1 and 2000),
  bytes bytea not null
    constraint recipe_photos_bytes_check check (octet_length(bytes) between 1 and 65536),
  created_at timestamptz(3) not null,
  constraint recipe_photos_pkey primary key (_sync_scope_id, id)
);

create table larder.recipes (
  _sync_scope_id uuid not null default sync.current_scope(),
  id uuid not null,
  title text not null
    constraint recipes_title_check check (char_length(title) between 1 and 160),
  servings integer not null
    constraint recipes_servings_check check (servings between 1 and 99),
  summary text
    constraint recipes_summary_check check (char_length(summary) between 0 and 400),
  notes text
    constraint recipes_notes_check check (char_length(notes) between 0 and 8000),
  prep_minutes integer
    constraint recipes_prep_minutes_check check (prep_minutes between 0 and 9999),
  cook_minutes integer
    constraint recipes_cook_minutes_check check (cook_minutes between 0 and 9999),
  rating integer
    constraint recipes_rating_check check (rating between 1 and 5),
  source_name text
    constraint recipes_source_name_check check (char_length(source_name) between 0 and 160),
  source_url text
    constraint recipes_source_url_check check (char_length(source_url) between 0 and 2000),
  based_on_id uuid,
  cover_photo_id uuid,
  trashed_at timestamptz(3),
  created_at timestamptz(3) not null,
  edited_at timestamptz(3) not null,
  constraint recipes_pkey primary key (_sync_scope_id, id)
);

create table larder.plan_entries (
  _sync_scope_id uuid not null default sync.current_scope(),
  id uuid not null,
  day date not null,
  meal text not null
    constraint plan_entries_meal_check check (meal in ('breakfast', 'lunch', 'dinner', 'snack')),
  recipe_id uuid,
  title text not null
    constraint plan_entries_title_check check (char_length(title) between 1 and 160),
  servings integer not null
    constraint plan_entries_servings_check check (servings between 1 and 99),
  cooked_at timestamptz(3),
  note text
    constraint plan_entries_note_check check (char_length(note) between 0 and 400),
  position text collate "C" not null
    constraint plan_entries_position_check check (char_length(position) between 1 and 200),
  created_at timestamptz(3) not null,
  edited_at timestamptz(3) not null,
  constraint plan_entries_pkey primary key (_sync_scope_id, id)
);

create table larder.recipe_steps (
  _sync_scope_id uuid not null default sync.current_scope(),
  id uuid not null,
  recipe_id uuid not null,
  wording text not null
    constraint recipe_steps_wording_check check (char_length(wording) between 1 and 4000),
  timer_seconds integer
    constraint recipe_steps_timer_seconds_check check (timer_seconds between 1 and 86400),
  position text collate "C" not null
    constraint recipe_steps_position_check check (char_length(position) between 1 and 200),
  created_at timestamptz(3) not null,
  edited_at timestamptz(3) not null,
  constraint recipe_steps_pkey primary key (_sync_scope_id, id)
);

create table larder.stores (
  _sync_scope_id uuid not null default sync.current_scope(),
  id uuid not null,
  name text not null
    constraint stores_name_check check (char_length(name) between 1 and 80),
  name_key text not null
    constraint stores_name_key_check check (char_length(name_key) between 1 and 80),
  currency text not null
    constraint stores_currency_check check (char_length(currency) between 3 and 3),
  position text collate "C" not null
    constraint stores_position_check check (char_length(position) between 1 and 200),
  created_at timestamptz(3) not null,
  edited_at timestamptz(3) not null,
  constraint stores_pkey primary key (_sync_scope_id, id)
);

create table larder.aisles (
  _sync_scope_id uuid not null default sync.current_scope(),
  id uuid not null,
  store_id uuid,
  parent_id uuid,
  name text not null
    constraint aisles_name_check check (char_length(name) between 1 and 60),
  hue integer not null
    constraint aisles_hue_check check (hue between 0 and 11),
  position text collate "C" not null
    constraint aisles_position_check check (char_length(position) between 1 and 200),
  created_at timestamptz(3) not null,
  edited_at timestamptz(3) not null,
  constraint aisles_pkey primary key (_sync_scope_id, id)
);

create table larder.products (
  _sync_scope_id uuid not null default sync.current_scope(),
  id uuid not null,
  name text not null
    constraint products_name_check check (char_length(name) between 1 and 80),
  name_key text not null
    constraint products_name_key_check check (char_length(name_key) between 1 and 80),
  aisle_id uuid,
  unit text
    constraint products_unit_check check (char_length(unit) between 0 and 16),
  stock_min_milli bigint
    constraint products_stock_min_milli_check check (stock_min_milli between 0 and 9999999999),
  staple boolean not null default false,
  tracked boolean not null default false,
  hidden_at timestamptz(3),
  created_at timestamptz(3) not null,
  edited_at timestamptz(3) not null,
  constraint products_pkey primary key (_sync_scope_id, id)
);

create table larder.list_items (
  _sync_scope_id uuid not null default sync.current_scope(),
  id uuid not null,
  product_id uuid,
  title text not null
    constraint list_items_title_check check (char_length(title) between 1 and 120),
  quantity_milli bigint
    constraint list_items_quantity_milli_check check (quantity_milli between 0 and 9999999999),
  unit text
    constraint list_items_unit_check check (char_length(unit) between 0 and 16),
  store_id uuid,
  aisle_id uuid,
  plan_entry_id uuid,
  checked_at timestamptz(3),
  trip_id uuid,
  finished_at timestamptz(3),
  later boolean not null default false,
  price_minor bigint
    constraint list_items_price_minor_check check (price_minor between 0 and 9999999999),
  note text
    constraint list_items_note_check check (char_length(note) between 0 and 200),
  added_by text
    constraint list_items_added_by_check check (char_length(added_by) between 0 and 64),
  position text collate "C" not null
    constraint list_items_position_check check (char_length(position) between 1 and 200),
  created_at timestamptz(3) not null,
  edited_at timestamptz(3) not null,
  constraint list_items_finished_check
    check (finished_at is null or (checked_at is not null and trip_id is not null)),
  constraint list_items_pkey primary key (_sync_scope_id, id)
);

create table larder.pantry_items (
  _sync_scope_id uuid not null default sync.current_scope(),
  id uuid not null,
  product_id uuid,
  title text not null
    constraint pantry_items_title_check check (char_length(title) between 1 and 120),
  quantity_milli bigint
    constraint pantry_items_quantity_milli_check check (quantity_milli between 0 and 9999999999),
  unit text
    constraint pantry_items_unit_check check (char_length(unit) between 0 and 16),
  place text not null
    constraint pantry_items_place_check check (place in ('fridge', 'freezer', 'cupboard')),
  expires_on date,
  note text
    constraint pantry_items_note_check check (char_length(note) between 0 and 200),
  created_at timestamptz(3) not null,
  edited_at timestamptz(3) not null,
  constraint pantry_items_pkey primary key (_sync_scope_id, id)
);

create table larder.recipe_ingredients (
  _sync_scope_id uuid not null default sync.current_scope(),
  id uuid not null,
  recipe_id uuid not null,
  product_id uuid,
  wording text not null
    constraint recipe_ingredients_wording_check check (char_length(wording) between 1 and 300),
  quantity_milli bigint
    constraint recipe_ingredients_quantity_milli_check check (quantity_milli between 0 and 9999999999),
  unit text
    constraint recipe_ingredients_unit_check check (char_length(unit) between 0 and 16),
  section text
    constraint recipe_ingredients_section_check check (char_length(section) between 0 and 80),
  optional boolean not null default false,
  position text collate "C" not null
    constraint recipe_ingredients_position_check check (char_length(position) between 1 and 200),
  created_at timestamptz(3) not null,
  edited_at timestamptz(3) not null,
  constraint recipe_ingredients_pkey primary key (_sync_scope_id, id)
);

create table larder.tags (
  _sync_scope_id uuid not null default sync.current_scope(),
  id uuid not null,
  name text not null
    constraint tags_name_check check (char_length(name) between 1 and 40),
  name_key text not null
    constraint tags_name_key_check check (char_length(name_key) between 1 and 40),
  hue integer not null
    constraint tags_hue_check check (hue between 0 and 11),
  created_at timestamptz(3) not null,
  edited_at timestamptz(3) not null,
  constraint tags_pkey primary key (_sync_scope_id, id)
);

create table larder.recipe_tags (
  _sync_scope_id uuid not null default sync.current_scope(),
  id text not null
    constraint recipe_tags_id_check check (char_length(id) between 1 and 73),
  recipe_id uuid not null,
  tag_id uuid not null,
  created_at timestamptz(3) not null,
  constraint recipe_tags_id_of_both check (id = recipe_id::text || '.' || tag_id::text),
  constraint recipe_tags_pkey primary key (_sync_scope_id, id),
  constraint recipe_tags_recipe_id_tag_id_key
    unique (_sync_scope_id, recipe_id, tag_id) deferrable initially deferred
);

create index activity_happened_at_index on larder.activity (_sync_scope_id, happened_at) where happened_at is not null;
create index purchases_bought_at_index on larder.purchases (_sync_scope_id, bought_at) where bought_at is not null;
alter table larder.recipe_photos add constraint recipe_photos_recipe_id_fkey
  foreign key (_sync_scope_id, recipe_id) references larder.recipes (_sync_scope_id, id)
  on delete cascade deferrable initially deferred;
create index recipe_photos_recipe_id_index on larder.recipe_photos (_sync_scope_id, recipe_id) where recipe_id is not null;
alter table larder.recipes add constraint recipes_based_on_id_fkey
  foreign key (_sync_scope_id, based_on_id) references larder.recipes (_sync_scope_id, id)
  on delete set null (based_on_id) deferrable initially deferred;
create index recipes_based_on_id_index on larder.recipes (_sync_scope_id, based_on_id) where based_on_id is not null;
alter table larder.recipes add constraint recipes_cover_photo_id_fkey
  foreign key (_sync_scope_id, cover_photo_id) references larder.recipe_photos (_sync_scope_id, id)
  on delete set null (cover_photo_id) deferrable initially deferred;
create index recipes_cover_photo_id_index on larder.recipes (_sync_scope_id, cover_photo_id) where cover_photo_id is not null;
alter table larder.plan_entries add constraint plan_entries_recipe_id_fkey
  foreign key (_sync_scope_id, recipe_id) references larder.recipes (_sync_scope_id, id)
  on delete set null (recipe_id) deferrable initially deferred;
create index plan_entries_recipe_id_index on larder.plan_entries (_sync_scope_id, recipe_id) where recipe_id is not null;
create index plan_entries_day_index on larder.plan_entries (_sync_scope_id, day) where day is not null;
alter table larder.recipe_steps add constraint recipe_steps_recipe_id_fkey
  foreign key (_sync_scope_id, recipe_id) references larder.recipes (_sync_scope_id, id)
  on delete cascade deferrable initially deferred;
create index recipe_steps_recipe_id_index on larder.recipe_steps (_sync_scope_id, recipe_id) where recipe_id is not null;
create index stores_name_key_index on larder.stores (_sync_scope_id, name_key) where name_key is not null;
alter table larder.aisles add constraint aisles_store_id_fkey
  foreign key (_sync_scope_id, store_id) references larder.stores (_sync_scope_id, id)
  on delete cascade deferrable initially deferred;
create index aisles_store_id_index on larder.aisles (_sync_scope_id, store_id) where store_id is not null;
alter table larder.aisles add constraint aisles_parent_id_fkey
  foreign key (_sync_scope_id, parent_id) references larder.aisles (_sync_scope_id, id)
  on delete set null (parent_id) deferrable initially deferred;
create index aisles_parent_id_index on larder.aisles (_sync_scope_id, parent_id) where parent_id is not null;
alter table larder.products add constraint products_aisle_id_fkey
  foreign key (_sync_scope_id, aisle_id) references larder.aisles (_sync_scope_id, id)
  on delete set null (aisle_id) deferrable initially deferred;
create index products_aisle_id_index on larder.products (_sync_scope_id, aisle_id) where aisle_id is not null;
create index products_name_key_index on larder.products (_sync_scope_id, name_key) where name_key is not null;
alter table larder.list_items add constraint list_items_product_id_fkey
  foreign key (_sync_scope_id, product_id) references larder.products (_sync_scope_id, id)
  on delete set null (product_id) deferrable initially deferred;
create index list_items_product_id_index on larder.list_items (_sync_scope_id, product_id) where product_id is not null;
alter table larder.list_items add constraint list_items_store_id_fkey
  foreign key (_sync_scope_id, store_id) references larder.stores (_sync_scope_id, id)
  on delete set null (store_id) deferrable initially deferred;
create index list_items_store_id_index on larder.list_items (_sync_scope_id, store_id) where store_id is not null;
alter table larder.list_items add constraint list_items_aisle_id_fkey
  foreign key (_sync_scope_id, aisle_id) references larder.aisles (_sync_scope_id, id)
  on delete set null (aisle_id) deferrable initially deferred;
create index list_items_aisle_id_index on larder.list_items (_sync_scope_id, aisle_id) where aisle_id is not null;
alter table larder.list_items add constraint list_items_plan_entry_id_fkey
  foreign key (_sync_scope_id, plan_entry_id) references larder.plan_entries (_sync_scope_id, id)
  on delete set null (plan_entry_id) deferrable initially deferred;
create index list_items_plan_entry_id_index on larder.list_items (_sync_scope_id, plan_entry_id) where plan_entry_id is not null;
alter table larder.pantry_items add constraint pantry_items_product_id_fkey
  foreign key (_sync_scope_id, product_id) references larder.products (_sync_scope_id, id)
  on delete set null (product_id) deferrable initially deferred;
create index pantry_items_product_id_index on larder.pantry_items (_sync_scope_id, product_id) where product_id is not null;
alter table larder.recipe_ingredients add constraint recipe_ingredients_recipe_id_fkey
  foreign key (_sync_scope_id, recipe_id) references larder.recipes (_sync_scope_id, id)
  on delete cascade deferrable initially deferred;
create index recipe_ingredients_recipe_id_index on larder.recipe_ingredients (_sync_scope_id, recipe_id) where recipe_id is not null;
alter table larder.recipe_ingredients add constraint recipe_ingredients_product_id_fkey
  foreign key (_sync_scope_id, product_id) references larder.products (_sync_scope_id, id)
  on delete set null (product_id) deferrable initially deferred;
create index recipe_ingredients_product_id_index on larder.recipe_ingredients (_sync_scope_id, product_id) where product_id is not null;
create index tags_name_key_index on larder.tags (_sync_scope_id, name_key) where name_key is not null;
alter table larder.recipe_tags add constraint recipe_tags_recipe_id_fkey
  foreign key (_sync_scope_id, recipe_id) references larder.recipes (_sync_scope_id, id)
  on delete cascade deferrable initially deferred;
create index recipe_tags_recipe_id_index on larder.recipe_tags (_sync_scope_id, recipe_id) where recipe_id is not null;
alter table larder.recipe_tags add constraint recipe_tags_tag_id_fkey
  foreign key (_sync_scope_id, tag_id) references larder.tags (_sync_scope_id, id)
  on delete cascade deferrable initially deferred;
create index recipe_tags_tag_id_index on larder.recipe_tags (_sync_scope_id, tag_id) where tag_id is not null;
