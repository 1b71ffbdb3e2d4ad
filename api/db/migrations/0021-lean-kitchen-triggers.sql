-- T2 and T3 with less work for what is pushed most: added rows. Their results are unchanged.

-- T2: only a finished line can be a purchase, so a statement without one writes none.
create or replace function larder.record_purchases() returns trigger
  language plpgsql
  as $$
declare
  scopes uuid[];
  lines uuid[];
  is_one_finished boolean;
begin
  select array_agg(n._sync_scope_id), array_agg(n.id), bool_or(n.finished_at is not null)
  into scopes, lines, is_one_finished from new_rows n;
  if lines is null then return null; end if;

  delete from larder.purchases p
  using unnest(scopes, lines) as touched(scope_id, id), larder.list_items i
  where p._sync_scope_id = touched.scope_id and p.id = touched.id
    and i._sync_scope_id = touched.scope_id and i.id = touched.id
    and i.finished_at is null;
  if not is_one_finished then return null; end if;

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

-- T3 for rows that were added or removed: they need no comparison, so they are counted where they are and
-- only one line per household is carried on. (to_jsonb of each row was what cost most.)
create function larder.record_activity_counted() returns trigger
  language plpgsql
  as $$
declare
  subject text := tg_argv[0];
  done text := case tg_op when 'INSERT' then 'added' else 'removed' end;
  scopes uuid[];
  counts bigint[];
  ids text[];
  titles text[];
begin
  if tg_op = 'INSERT' then
    select array_agg(g.scope_id), array_agg(g.n), array_agg(g.id), array_agg(g.title) into scopes, counts, ids, titles
    from (select r._sync_scope_id as scope_id, count(*) as n, min(r.id::text) as id, min(r.title) as title
      from new_rows r group by r._sync_scope_id) g;
  else
    select array_agg(g.scope_id), array_agg(g.n), array_agg(g.id), array_agg(g.title) into scopes, counts, ids, titles
    from (select r._sync_scope_id as scope_id, count(*) as n, min(r.id::text) as id, min(r.title) as title
      from old_rows r group by r._sync_scope_id) g;
  end if;
  if scopes is null then return null; end if;

  insert into larder.activity as a (_sync_scope_id, id, happened_at, actor, device, verb, subject_table,
    subject_id, title, how_many)
  select c.scope_id,
    md5(concat_ws('/', c.scope_id, c.source_id, c.source_bundle_id, subject, done))::uuid,
    now(), left(c.actor, 80), left(c.device, 80), done, subject,
    case when g.n = 1 then g.id::uuid end, case when g.n = 1 then g.title end, g.n
  from unnest(scopes, counts, ids, titles) as g(scope_id, n, id, title)
  join sync.context c on c.scope_id = g.scope_id
  on conflict (_sync_scope_id, id) do update set
    how_many = a.how_many + excluded.how_many, subject_id = null, title = null;
  return null;
end $$;

do $$
declare
  subject text;
begin
  foreach subject in array array['recipes', 'plan_entries', 'list_items', 'pantry_items'] loop
    execute format('create or replace trigger t3_activity_insert after insert on larder.%I
      referencing new table as new_rows for each statement execute function larder.record_activity_counted(%L)',
      subject, subject);
    execute format('create or replace trigger t3_activity_delete after delete on larder.%I
      referencing old table as old_rows for each statement execute function larder.record_activity_counted(%L)',
      subject, subject);
  end loop;
end $$;
