-- What the server writes by itself (app.md §3.5): T1 tidy names, T2 purchases, T3 activity, T4 clock.
--
-- T2 and T3 are statement triggers on purpose: a transition table is copied into a variable first, and
-- what they write is captured like any other row, so it leaves in the bundle that caused it.

-- T1: what was typed is replaced by what the server keeps. lower() names an ICU collation, because "C"
-- folds ASCII only.
create function larder.tidy_name() returns trigger
  language plpgsql
  as $$
begin
  new.name := btrim(regexp_replace(normalize(new.name, NFC), '\s+', ' ', 'g'));
  new.name_key := lower(btrim(regexp_replace(normalize(new.name, NFKC), '\s+', ' ', 'g')) collate "und-x-icu");
  return new;
end $$;

create trigger t1_names before insert or update on larder.stores
  for each row execute function larder.tidy_name();
create trigger t1_names before insert or update on larder.products
  for each row execute function larder.tidy_name();
create trigger t1_names before insert or update on larder.tags
  for each row execute function larder.tidy_name();

-- T4: a clock that runs ahead must not win every later comparison.
create function larder.limit_clock() returns trigger
  language plpgsql
  as $$
begin
  if new.edited_at > now() + interval '2 minutes' then
    new.edited_at := now();
  end if;
  return new;
end $$;

-- T2: a finished line is a purchase under the same id; a reopened line is none; a corrected line
-- corrects it.
create function larder.record_purchases() returns trigger
  language plpgsql
  as $$
declare
  scopes uuid[];
  lines uuid[];
begin
  select array_agg(n._sync_scope_id), array_agg(n.id) into scopes, lines from new_rows n;

  delete from larder.purchases p
  using unnest(scopes, lines) as touched(scope_id, id), larder.list_items i
  where p._sync_scope_id = touched.scope_id and p.id = touched.id
    and i._sync_scope_id = touched.scope_id and i.id = touched.id
    and i.finished_at is null;

  insert into larder.purchases as p (_sync_scope_id, id, product_id, store_id, aisle_id, store_name,
    trip_id, title, quantity_milli, unit, price_minor, currency, bought_at)
  select i._sync_scope_id, i.id, i.product_id, i.store_id, coalesce(i.aisle_id, d.aisle_id), s.name,
    i.trip_id, i.title, i.quantity_milli, i.unit, i.price_minor, s.currency, i.finished_at
  from unnest(scopes, lines) as touched(scope_id, id)
  join larder.list_items i on i._sync_scope_id = touched.scope_id and i.id = touched.id
  left join larder.stores s on s._sync_scope_id = i._sync_scope_id and s.id = i.store_id
  left join larder.products d on d._sync_scope_id = i._sync_scope_id and d.id = i.product_id
  where i.finished_at is not null
  order by i.id
  on conflict (_sync_scope_id, id) do update set
    -- Later changes of a line correct what was bought; a link that was only cleared (the shop or the
    -- product is gone) must not erase what the purchase remembers.
    product_id = coalesce(excluded.product_id, p.product_id),
    store_id = coalesce(excluded.store_id, p.store_id),
    aisle_id = coalesce(excluded.aisle_id, p.aisle_id),
    store_name = coalesce(excluded.store_name, p.store_name),
    trip_id = excluded.trip_id,
    title = excluded.title,
    quantity_milli = excluded.quantity_milli,
    unit = excluded.unit,
    price_minor = excluded.price_minor,
    currency = coalesce(excluded.currency, p.currency),
    bought_at = excluded.bought_at
  where (p.product_id, p.store_id, p.aisle_id, p.store_name, p.trip_id, p.title, p.quantity_milli, p.unit,
      p.price_minor, p.currency, p.bought_at)
    is distinct from (coalesce(excluded.product_id, p.product_id), coalesce(excluded.store_id, p.store_id),
      coalesce(excluded.aisle_id, p.aisle_id), coalesce(excluded.store_name, p.store_name), excluded.trip_id,
      excluded.title, excluded.quantity_milli, excluded.unit, excluded.price_minor,
      coalesce(excluded.currency, p.currency), excluded.bought_at);
  return null;
end $$;

create trigger t2_purchases_insert after insert on larder.list_items
  referencing new table as new_rows for each statement execute function larder.record_purchases();
create trigger t2_purchases_update after update on larder.list_items
  referencing new table as new_rows for each statement execute function larder.record_purchases();

-- What one row change was, in one word; null when it is not worth a line of history: a tick, a change of
-- nothing but the time of editing, or a reference that a cascade cleared.
create function larder.activity_verb(subject text, o jsonb, n jsonb) returns text
  language plpgsql immutable
  as $$
declare
  cleared text[];
  quiet text[] := array['edited_at', 'checked_at', 'trip_id'];
begin
  if o is null then return 'added'; end if;
  if n is null then return 'removed'; end if;
  if subject = 'recipes' and o->>'trashed_at' is null and n->>'trashed_at' is not null then return 'trashed'; end if;
  if subject = 'recipes' and o->>'trashed_at' is not null and n->>'trashed_at' is null then return 'restored'; end if;
  if subject = 'plan_entries' and o->>'cooked_at' is null and n->>'cooked_at' is not null then return 'cooked'; end if;
  if subject = 'list_items' and o->>'finished_at' is null and n->>'finished_at' is not null then return 'bought'; end if;
  select coalesce(array_agg(key), '{}') into cleared from jsonb_object_keys(n) key
  where key like '%\_id' and n->>key is null;
  if (o - cleared - quiet) = (n - cleared - quiet) then return null; end if;
  quiet := quiet || array['position', 'day', 'meal', 'place'];
  if (o - cleared - quiet) = (n - cleared - quiet) then return 'moved'; end if;
  return 'edited';
end $$;

-- T3: one row per bundle, table and verb, counting. Who and on which device comes from the open bundle's
-- row; the id is derived from bundle, table and verb, so a second statement counts on.
create function larder.record_activity() returns trigger
  language plpgsql
  as $$
declare
  subject text := tg_argv[0];
  olds jsonb[];
  news jsonb[];
begin
  if tg_op <> 'INSERT' then
    select array_agg(to_jsonb(r) order by r.id) into olds from old_rows r;
  end if;
  if tg_op <> 'DELETE' then
    select array_agg(to_jsonb(r) order by r.id) into news from new_rows r;
  end if;

  insert into larder.activity as a (_sync_scope_id, id, happened_at, actor, device, verb, subject_table,
    subject_id, title, how_many)
  select c.scope_id,
    md5(concat_ws('/', c.scope_id, c.source_id, c.source_bundle_id, subject, done.verb))::uuid,
    now(), left(c.actor, 80), left(c.device, 80), done.verb, subject,
    case when count(*) = 1 then min(done.id)::uuid end,
    case when count(*) = 1 then min(done.title) end,
    count(*)
  from (
    select coalesce(n, o)->>'_sync_scope_id' as scope_id, coalesce(n, o)->>'id' as id,
      coalesce(n, o)->>'title' as title, larder.activity_verb(subject, o, n) as verb
    from unnest(olds, news) as pair(o, n)
  ) done
  join sync.context c on c.scope_id = done.scope_id::uuid
  where done.verb is not null
  group by c.scope_id, c.source_id, c.source_bundle_id, c.actor, c.device, done.verb
  order by done.verb
  on conflict (_sync_scope_id, id) do update set
    how_many = a.how_many + excluded.how_many, subject_id = null, title = null;
  return null;
end $$;

do $$
declare
  subject text;
begin
  foreach subject in array array['recipes', 'plan_entries', 'list_items', 'pantry_items'] loop
    execute format('create trigger t3_activity_insert after insert on larder.%I
      referencing new table as new_rows for each statement execute function larder.record_activity(%L)',
      subject, subject);
    execute format('create trigger t3_activity_update after update on larder.%I
      referencing old table as old_rows new table as new_rows
      for each statement execute function larder.record_activity(%L)', subject, subject);
    execute format('create trigger t3_activity_delete after delete on larder.%I
      referencing old table as old_rows for each statement execute function larder.record_activity(%L)',
      subject, subject);
  end loop;
  foreach subject in array array['stores', 'aisles', 'products', 'recipes', 'recipe_ingredients',
    'recipe_steps', 'tags', 'plan_entries', 'list_items', 'pantry_items'] loop
    execute format('create trigger t4_clock before insert or update on larder.%I
      for each row execute function larder.limit_clock()', subject);
  end loop;
end $$;
