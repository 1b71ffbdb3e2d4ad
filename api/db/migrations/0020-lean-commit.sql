-- The same commit with less work (docs/decisions/0006-lean-commit.md). What a bundle is, and the order of its
-- rows, is unchanged.
--
-- Everything static is planned once per session. What depends on the table (its columns) is in functions that
-- the start of the server makes for each table: sync.store_<table> and sync.apply_<table>_<schema version>.
-- Rows are brought together by grouping or looked up by a whole key, so that no plan depends on how much
-- there is.

-- A second index that began like the primary key made both look equally cheap, and the planner at times took
-- the one that reads the whole push for each of its rows: 18 seconds for 5,000 rows instead of one.
drop index sync.push_session_row_key;

alter table sync.table_catalog drop column image_sql;
alter table sync.row_state alter column scope_id set (n_distinct = 1);
alter table sync.bundle_row alter column scope_id set (n_distinct = 1);
alter table sync.push_session_row alter column scope_id set (n_distinct = 1);

create or replace function sync.record(number integer, scopes uuid[], keys bytea[], captured_op text) returns void
  language plpgsql
  as $$
declare
  recorded bigint;
begin
  if keys is null then return; end if;
  insert into sync.capture (scope_id, table_no, key, op)
  select c.scope_id, number, row.key, captured_op::"char"
  from unnest(scopes, keys) with ordinality as row(scope_id, key, at)
  join sync.context c on c.scope_id = row.scope_id
  order by row.at;
  get diagnostics recorded = row_count;
  if recorded <> cardinality(keys) then
    perform nextval('sync.refused_writes');
    raise exception 'a synced table is written outside a bundle' using errcode = '55000';
  end if;
end $$;

-- As before, but a statement that touched no row costs nothing, and an UPDATE that changes keys is told apart
-- by set operations, which are linear, instead of by searching one list for each row of the other.
create or replace function sync.install_table(
  number integer, in_schema text, in_table text, key_name text, kind text
) returns void
  language plpgsql
  as $install$
declare
  target text := format('%I.%I', in_schema, in_table);
  capture text := format('sync.%I', 'capture_' || number);
  key_sql text := case kind when 'uuid' then 'uuid_send(r.%I)' else 'convert_to(r.%I, ''UTF8'')' end;
begin
  insert into sync.table_catalog (table_no, schema_name, table_name, key_column, key_kind)
  values (number, in_schema, in_table, key_name, kind)
  on conflict (table_no) do nothing;
  if not exists (select 1 from sync.table_catalog where table_no = number and schema_name = in_schema
      and table_name = in_table and key_column = key_name and key_kind = kind) then
    raise exception 'synced table %.% does not match the stored catalogue', in_schema, in_table;
  end if;

  execute format($make$
    create or replace function %1$s() returns trigger language plpgsql as $body$
    declare
      old_scopes uuid[]; old_keys bytea[]; new_scopes uuid[]; new_keys bytea[];
    begin
      if tg_op <> 'INSERT' then
        select array_agg(r._sync_scope_id), array_agg(%2$s) into old_scopes, old_keys from old_rows r;
        if old_keys is null then return null; end if;
      end if;
      if tg_op <> 'DELETE' then
        select array_agg(r._sync_scope_id), array_agg(%2$s) into new_scopes, new_keys from new_rows r;
        if new_keys is null then return null; end if;
      end if;
      if tg_op = 'INSERT' then
        perform sync.record(%3$s, new_scopes, new_keys, 'I');
      elsif tg_op = 'DELETE' then
        perform sync.record(%3$s, old_scopes, old_keys, 'D');
      elsif old_keys = new_keys then
        perform sync.record(%3$s, new_scopes, new_keys, 'U');
      else
        perform sync.record(%3$s, array_agg(gone.scope_id), array_agg(gone.key), 'D')
        from (select * from unnest(old_scopes, old_keys) as o(scope_id, key)
          except select * from unnest(new_scopes, new_keys)) gone;
        perform sync.record(%3$s, array_agg(made.scope_id), array_agg(made.key), 'I')
        from (select * from unnest(new_scopes, new_keys) as n(scope_id, key)
          except select * from unnest(old_scopes, old_keys)) made;
        perform sync.record(%3$s, array_agg(kept.scope_id), array_agg(kept.key), 'U')
        from (select * from unnest(new_scopes, new_keys) as n(scope_id, key)
          intersect select * from unnest(old_scopes, old_keys)) kept;
      end if;
      return null;
    end $body$ $make$, capture, format(key_sql, key_name), number);

  execute format('create or replace trigger "00_sync_capture_insert" after insert on %s
    referencing new table as new_rows for each statement execute function %s()', target, capture);
  execute format('create or replace trigger "00_sync_capture_update" after update on %s
    referencing old table as old_rows new table as new_rows for each statement execute function %s()',
    target, capture);
  execute format('create or replace trigger "00_sync_capture_delete" after delete on %s
    referencing old table as old_rows for each statement execute function %s()', target, capture);
  execute format('create or replace trigger "00_sync_truncate" before truncate on %s
    for each statement execute function sync.refuse_truncate()', target);
  execute format('create or replace trigger "00_sync_scope" before update of _sync_scope_id on %s
    for each row execute function sync.refuse_scope_change()', target);

  -- A household may own any share of the table. Who plans as if it owned all of it always looks rows up by
  -- their whole key, never by the scope alone.
  execute format('alter table %s alter column _sync_scope_id set (n_distinct = 1)', target);

  execute format('alter table %s enable row level security', target);
  execute format('alter table %s force row level security', target);
  execute format('drop policy if exists sync_scope on %s', target);
  execute format('create policy sync_scope on %s
    using (_sync_scope_id = (select sync.current_scope()))
    with check (_sync_scope_id = (select sync.current_scope()))', target);
end $install$;

-- Stores what the open transaction did to the scope as bundle `seq`, or closes the context when that is
-- nothing. Order: pushed rows in push order, then what cascades and triggers made, by first touch. First and
-- last op of a key decide: INSERT -> DELETE is nothing, INSERT -> other is INSERT, other -> DELETE is DELETE,
-- anything else is UPDATE. Both ops are read off the smallest and largest of `4 * ordinal + op`.
create or replace function sync.finish_bundle(
  in_scope uuid, seq bigint, in_source text, in_source_bundle_id bigint, in_push uuid, in_request_hash text,
  in_note text, now_ms bigint, rows_max bigint, row_bytes_max bigint, in_schema_version integer,
  out outcome text, out row_count bigint, out byte_count bigint, out bundle_hash text
)
  language plpgsql
  as $finish$
declare
  part record;
  largest bigint;
begin
  for part in
    select e.table_no, array_agg(e.key) as keys, array_agg(e.op) as ops, array_agg(e.ordinal) as ordinals
    from (
      select t.table_no, t.key, (row_number() over (order by t.pushed nulls last, t.first))::integer - 1 as ordinal,
        case when t.last & 3 = 3 then 'DELETE' when t.first & 3 = 1 then 'INSERT' else 'UPDATE' end as op
      from (
        select u.table_no, u.key, min(u.code) as first, max(u.code) as last, min(u.pushed) as pushed
        from (
          select c.table_no, c.key, 4 * c.ordinal + case c.op when 'I' then 1 when 'U' then 2 else 3 end as code,
            null::integer as pushed
          from sync.capture c where c.scope_id = in_scope
          union all
          select p.table_no, p.key, null, p.ordinal
          from sync.push_session_row p where p.scope_id = in_scope and p.push_id = in_push
        ) u
        group by u.table_no, u.key
      ) t
      where t.first is not null and (t.first & 3 <> 1 or t.last & 3 <> 3)
    ) e
    group by e.table_no
  loop
    execute format('select sync.store_%s($1, $2, $3, $4, $5)', part.table_no)
    using in_scope, seq, part.keys, part.ops, part.ordinals;
  end loop;

  select d.rows, d.largest, octet_length(d.body), encode(sha256(convert_to(d.body, 'UTF8')), 'hex')
  into row_count, largest, byte_count, bundle_hash
  from (
    select count(*) as rows, max(octet_length(r.payload)) as largest,
      '[' || string_agg(concat('{"key":{"', c.key_column, '":',
        case c.key_kind when 'uuid' then '"' || encode(r.key, 'hex')::uuid || '"'
          else to_json(convert_from(r.key, 'UTF8'))::text end,
        '},"op":"', r.op, '","payload":', coalesce(r.payload, 'null'), ',"row_ordinal":"', r.ordinal,
        '","row_version":"', seq, '","schema":"', c.schema_name, '","table":"', c.table_name, '"}'),
        ',' order by r.ordinal) || ']' as body
    from sync.bundle_row r
    -- "offset" keeps it a look-up for each row, in this order.
    cross join lateral (select * from sync.table_catalog t where t.table_no = r.table_no offset 0) c
    where r.scope_id = in_scope and r.bundle_seq = seq
  ) d;

  delete from sync.capture where scope_id = in_scope;
  delete from sync.context where scope_id = in_scope;
  outcome := case
    when coalesce(row_count, 0) = 0 then 'empty'
    when row_count > rows_max then 'too-many'
    when largest > row_bytes_max then 'too-large'
    else 'committed' end;
  if outcome <> 'committed' then return; end if;

  insert into sync.bundle (scope_id, bundle_seq, previous_bundle_seq, source_id, source_bundle_id, row_count,
    byte_count, bundle_hash, request_hash, note, committed_at_ms, schema_version)
  select in_scope, seq, s.latest_bundle_seq, in_source, in_source_bundle_id, row_count,
    byte_count, bundle_hash, in_request_hash, in_note, now_ms, in_schema_version
  from sync.scope s where s.scope_id = in_scope;

  insert into sync.row_state as s (scope_id, table_no, key, row_version, deleted, deleted_at_ms)
  select in_scope, r.table_no, r.key, seq, r.op = 'DELETE', case when r.op = 'DELETE' then now_ms end
  from sync.bundle_row r where r.scope_id = in_scope and r.bundle_seq = seq order by r.ordinal
  on conflict (scope_id, table_no, key) do update
  set row_version = excluded.row_version, deleted = excluded.deleted, deleted_at_ms = excluded.deleted_at_ms;

  insert into sync.source as s (scope_id, source_id, state, last_source_bundle_id, last_bundle_seq,
    last_row_count, last_bundle_hash, last_request_hash)
  values (in_scope, in_source, 'active', in_source_bundle_id, seq, row_count, bundle_hash, in_request_hash)
  on conflict (scope_id, source_id) do update set state = 'active',
    last_source_bundle_id = excluded.last_source_bundle_id, last_bundle_seq = excluded.last_bundle_seq,
    last_row_count = excluded.last_row_count, last_bundle_hash = excluded.last_bundle_hash,
    last_request_hash = excluded.last_request_hash;

  -- The counter moves last.
  update sync.scope set latest_bundle_seq = seq, next_bundle_seq = seq + 1 where scope_id = in_scope;
end $finish$;

-- What a push has to know before it may write: the locked scope, the server epoch, the source, and what was
-- committed under the tuple. One call, but the lock is a statement of its own: what stands beside the row is
-- read by a snapshot that is taken when the lock was got, not when the wait for it began.
create function sync.open_push(in_scope uuid, in_source text, in_source_bundle_id bigint)
  returns table (
    state text, initializer_source_id text, initialization_id text, lease_expires_at_ms bigint, next_bundle_seq bigint,
    latest_bundle_seq bigint, retained_bundle_floor bigint, epoch_id uuid, epoch_ordinal integer,
    source_state text, last_source_bundle_id bigint, replaced_by_source_id text,
    bundle_seq bigint, row_count bigint, bundle_hash text, request_hash text
  )
  language plpgsql
  as $open$
begin
  perform from sync.scope s where s.scope_id = in_scope for update;
  return query
    select c.state, c.initializer_source_id, c.initialization_id::text, c.lease_expires_at_ms, c.next_bundle_seq,
      c.latest_bundle_seq, c.retained_bundle_floor, e.epoch_id, e.ordinal,
      s.state, s.last_source_bundle_id, s.replaced_by_source_id, t.bundle_seq, t.row_count, t.bundle_hash, t.request_hash
    from (select 1) one
    left join lateral (
      select e.epoch_id, e.ordinal from sync.server_epoch e order by e.ordinal desc limit 1
    ) e on true
    left join sync.scope c on c.scope_id = in_scope
    left join sync.source s on s.scope_id = in_scope and s.source_id = in_source
    left join lateral (
      select b.bundle_seq, b.row_count, b.bundle_hash, b.request_hash from sync.bundle b
      where b.scope_id = in_scope and b.source_id = in_source and b.source_bundle_id = in_source_bundle_id
      union all
      select s.last_bundle_seq, s.last_row_count, s.last_bundle_hash, s.last_request_hash
      where s.last_source_bundle_id = in_source_bundle_id and s.last_bundle_seq is not null
      limit 1
    ) t on true;
end $open$;

create function sync.stage_rows(in_scope uuid, in_push uuid, in_rows text) returns void
  language plpgsql
  as $$
begin
  insert into sync.push_session_row (scope_id, push_id, ordinal, table_no, op, key, key_text,
    base_row_version, columns, payload, request)
  select in_scope, in_push, r.o, r.t, r.a, decode(r.h, 'hex'), r.k, r.b, r.c, r.p, r.q
  from json_to_recordset(in_rows::json)
    as r(o integer, t integer, a text, h text, k text, b bigint, c text, p jsonb, q text);
end $$;

drop function sync.commit_push(uuid, bigint, text, bigint, uuid, text, text, bigint, bigint, bigint, integer,
  bigint, text, text, boolean, jsonb);

-- Commits the rows staged under `in_push`, `in_rows` among them when a push brings its rows along; the scope
-- row is locked by the caller. Any outcome but 'committed' means that the caller rolls back. `runs` is a list
-- of {statement, counts, first, last, exact}: with `counts` the statement returns how many rows it touched, with
-- `exact` that must be as many as it was given.
create function sync.commit_push(
  in_scope uuid, seq bigint, in_source text, in_source_bundle_id bigint, in_push uuid, in_request_hash text,
  in_note text, now_ms bigint, rows_max bigint, row_bytes_max bigint, in_schema_version integer,
  floor_seq bigint, in_actor text, in_device text, is_seed boolean, runs jsonb, in_rows text,
  out outcome text, out row_count bigint, out byte_count bigint, out bundle_hash text
)
  language plpgsql
  as $commit$
declare
  source_state text;
  last_id bigint;
  run record;
  touched bigint;
begin
  -- Locks the source row, after the scope row.
  select s.state, s.last_source_bundle_id into source_state, last_id from sync.source s
  where s.scope_id = in_scope and s.source_id = in_source for update;
  if source_state = 'retired' then outcome := 'source-retired'; return; end if;
  if coalesce(last_id, 0) + 1 <> in_source_bundle_id then outcome := 'sequence-changed'; return; end if;

  if in_rows is not null then perform sync.stage_rows(in_scope, in_push, in_rows); end if;
  if exists (
    select from sync.push_session_row r
    left join sync.row_state s on s.scope_id = r.scope_id and s.table_no = r.table_no and s.key = r.key
    where r.scope_id = in_scope and r.push_id = in_push and not coalesce(
      case
        when s.row_version is null then r.op = 'INSERT' and r.base_row_version <= floor_seq
        when s.deleted then r.op = 'INSERT' and r.base_row_version = s.row_version
        else r.op <> 'INSERT' and r.base_row_version = s.row_version
      end, false)
  ) then outcome := 'conflict'; return; end if;

  insert into sync.context (scope_id, source_id, source_bundle_id, actor, device)
  values (in_scope, in_source, in_source_bundle_id, in_actor, in_device);

  for run in
    select e.value->>'statement' as statement, (e.value->>'first')::integer as first,
      (e.value->>'last')::integer as last, (e.value->>'exact')::boolean as exact,
      (e.value->>'counts')::boolean as counts
    from jsonb_array_elements(runs) with ordinality e order by e.ordinality
  loop
    if run.counts then
      execute run.statement into touched using in_scope, in_push, run.first, run.last;
    else
      execute run.statement using in_scope, in_push, run.first, run.last;
      get diagnostics touched = row_count;
    end if;
    if run.exact and touched <> run.last - run.first + 1 then outcome := 'row-removed'; return; end if;
  end loop;

  select f.outcome, f.row_count, f.byte_count, f.bundle_hash into outcome, row_count, byte_count, bundle_hash
  from sync.finish_bundle(in_scope, seq, in_source, in_source_bundle_id, in_push, in_request_hash, in_note,
    now_ms, rows_max, row_bytes_max, in_schema_version) f;
  if outcome <> 'committed' then return; end if;

  delete from sync.push_session
  where scope_id = in_scope and source_id = in_source and source_bundle_id = in_source_bundle_id;
  delete from sync.push_session_row where scope_id = in_scope and push_id = in_push;
  if is_seed then
    update sync.scope set state = 'INITIALIZED', initializer_source_id = null, initialization_id = null,
      lease_expires_at_ms = null, initialized_by_source_id = in_source, initialized_at_ms = now_ms
    where scope_id = in_scope;
  end if;
end $commit$;

-- Keys are rendered where they are needed; a function call for each row was not free.
drop function sync.key_json(text, text, bytea);
drop function sync.key_text(text, bytea);
