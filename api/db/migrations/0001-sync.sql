-- The sync service's own tables, its context, its guards and its capture (protocol.md §10.2, §10.3).
--
-- Every table leads with the scope. Tables whose content never has to outlive a crash are unlogged:
-- capture and context are empty at every commit, and a staged push or a frozen snapshot that is gone is
-- simply asked for again.

create schema sync;

create table sync.table_catalog (
  table_no integer primary key,
  schema_name text not null,
  table_name text not null,
  key_column text not null,
  key_kind text not null check (key_kind in ('uuid', 'text')),
  since_version integer not null default 1,
  unique (schema_name, table_name)
);

create table sync.scope (
  scope_id uuid primary key,
  state text not null default 'UNINITIALIZED'
    check (state in ('UNINITIALIZED', 'INITIALIZING', 'INITIALIZED')),
  initializer_source_id text,
  initialization_id uuid,
  lease_expires_at_ms bigint,
  initialized_by_source_id text,
  initialized_at_ms bigint,
  next_bundle_seq bigint not null default 1,
  latest_bundle_seq bigint not null default 0,
  retained_bundle_floor bigint not null default 0,
  check ((state = 'INITIALIZING') = (initialization_id is not null)),
  check ((state = 'INITIALIZING') = (lease_expires_at_ms is not null)),
  check ((state = 'INITIALIZING') = (initializer_source_id is not null)),
  check ((state = 'INITIALIZED') = (initialized_at_ms is not null)),
  check ((state = 'INITIALIZED') = (initialized_by_source_id is not null)),
  check (latest_bundle_seq < next_bundle_seq),
  check (retained_bundle_floor between 0 and latest_bundle_seq)
) with (fillfactor = 50);

-- The open bundle of a scope. The row is put in and taken out by the same transaction, so no other one
-- can ever see it: what the guards read cannot be left open by a crash or by a session setting.
create unlogged table sync.context (
  scope_id uuid primary key,
  source_id text not null,
  source_bundle_id bigint not null,
  actor text,
  device text
);

create table sync.source (
  scope_id uuid not null,
  source_id text not null,
  state text not null check (state in ('active', 'reserved', 'retired')),
  last_source_bundle_id bigint not null default 0,
  last_bundle_seq bigint,
  last_row_count bigint,
  last_bundle_hash text,
  last_request_hash text,
  replaced_by_source_id text,
  reason text,
  primary key (scope_id, source_id),
  check ((last_source_bundle_id = 0) = (last_bundle_seq is null))
);

create table sync.row_state (
  scope_id uuid not null,
  table_no integer not null,
  key bytea not null,
  row_version bigint not null,
  deleted boolean not null,
  primary key (scope_id, table_no, key)
);

create unlogged table sync.capture (
  scope_id uuid not null,
  ordinal bigint generated always as identity,
  table_no integer not null,
  key bytea not null,
  op "char" not null,
  primary key (scope_id, ordinal)
);

create table sync.bundle (
  scope_id uuid not null,
  bundle_seq bigint not null,
  source_id text not null,
  source_bundle_id bigint not null,
  row_count bigint not null,
  byte_count bigint not null,
  bundle_hash text not null,
  request_hash text not null,
  note text,
  committed_at_ms bigint not null,
  primary key (scope_id, bundle_seq),
  unique (scope_id, source_id, source_bundle_id)
);

create table sync.bundle_row (
  scope_id uuid not null,
  bundle_seq bigint not null,
  ordinal integer not null,
  table_no integer not null,
  key bytea not null,
  op text not null check (op in ('INSERT', 'UPDATE', 'DELETE')),
  -- Canonical JSON in wire form: hashed, sent and paged as it is.
  payload text,
  primary key (scope_id, bundle_seq, ordinal),
  check ((op = 'DELETE') = (payload is null))
);

create unlogged table sync.push_session (
  scope_id uuid not null,
  push_id uuid not null,
  source_id text not null,
  source_bundle_id bigint not null,
  planned_row_count bigint not null,
  next_row_ordinal bigint not null default 0,
  request_hash text not null,
  request_bytes bigint not null default 0,
  initialization_id uuid,
  note text,
  expires_at_ms bigint not null,
  primary key (scope_id, push_id),
  unique (scope_id, source_id, source_bundle_id)
);

create unlogged table sync.push_session_row (
  scope_id uuid not null,
  push_id uuid not null,
  ordinal integer not null,
  table_no integer not null,
  op text not null,
  key bytea not null,
  key_text text not null,
  base_row_version bigint not null,
  -- The named columns, sorted: rows of equal table, op and columns are applied together.
  columns text not null,
  payload jsonb,
  -- The canonical object of the row as the client sent it, for the request hash.
  request text not null,
  primary key (scope_id, push_id, ordinal)
);

-- Effects find the pushed row they came from by this.
create index push_session_row_key on sync.push_session_row (scope_id, push_id, table_no, key);

create table sync.snapshot_session (
  scope_id uuid not null,
  snapshot_id uuid not null,
  source_id text not null,
  replacement_source_id text,
  snapshot_bundle_seq bigint not null,
  row_count bigint not null,
  byte_count bigint not null,
  expires_at_ms bigint not null,
  primary key (scope_id, snapshot_id)
);

create unlogged table sync.snapshot_row (
  scope_id uuid not null,
  snapshot_id uuid not null,
  ordinal bigint not null,
  bytes bigint not null,
  body text not null,
  primary key (scope_id, snapshot_id, ordinal)
);

-- After a crash the rows of a snapshot are gone while its header is not; a count of rows tells.

create table sync.write_receipt (
  scope_id uuid not null,
  operation_id uuid not null,
  command_hash text not null,
  bundle_seq bigint,
  created_at_ms bigint not null,
  primary key (scope_id, operation_id)
);

-- Counts refused writes. A sequence, because it keeps its value when the transaction is rolled back.
create sequence sync.refused_writes;

-- The scope of this transaction, for row-level security and for rows that name none.
create function sync.current_scope() returns uuid
  language sql stable parallel safe
  as $$ select nullif(current_setting('sync.scope_id', true), '')::uuid $$;

create function sync.key_text(kind text, key bytea) returns text
  language sql immutable parallel safe
  as $$ select case kind when 'uuid' then encode(key, 'hex')::uuid::text else convert_from(key, 'UTF8') end $$;

create function sync.key_json(key_column text, kind text, key bytea) returns text
  language sql immutable parallel safe
  as $$ select '{"' || key_column || '":' || to_json(sync.key_text(kind, key))::text || '}' $$;

-- A binary64 as ECMAScript prints it. Postgres finds the same shortest digits and places them otherwise:
-- 1e-05 and 1e+20 instead of 0.00001 and 100000000000000000000.
create function sync.ecma_number(value double precision) returns text
  language plpgsql immutable strict parallel safe
  as $$
declare
  plain text := abs(value)::text;
  mantissa text := split_part(plain, 'e', 1);
  exponent integer := coalesce(nullif(split_part(plain, 'e', 2), '')::integer, 0);
  digits text := replace(mantissa, '.', '');
  point integer := length(split_part(mantissa, '.', 1)) + exponent;
  sign text := case when value < 0 then '-' else '' end;
begin
  if value = 0 then return '0'; end if;
  point := point - (length(digits) - length(ltrim(digits, '0')));
  digits := rtrim(ltrim(digits, '0'), '0');
  if point > 21 or point <= -6 then
    return sign || left(digits, 1) || case when length(digits) > 1 then '.' || substr(digits, 2) else '' end
      || 'e' || case when point > 0 then '+' else '-' end || abs(point - 1)::text;
  elsif point <= 0 then
    return sign || '0.' || repeat('0', -point) || digits;
  elsif length(digits) <= point then
    return sign || digits || repeat('0', point - length(digits));
  end if;
  return sign || left(digits, point) || '.' || substr(digits, point + 1);
end $$;

-- UTF-16 code units in hex, so that the order of text is the order that RFC 8785 asks for.
create function sync.utf16_order(value text) returns text
  language sql immutable strict parallel safe
  as $$
  select coalesce(string_agg(
    case when ascii(c) < 65536 then lpad(to_hex(ascii(c)), 4, '0')
    else lpad(to_hex(55296 + ((ascii(c) - 65536) >> 10)), 4, '0')
      || lpad(to_hex(56320 + ((ascii(c) - 65536) & 1023)), 4, '0') end, '' order by at), '')
  from regexp_split_to_table(value, '') with ordinality as letter(c, at)
  where c <> '' $$;

create function sync.canonical_json(value jsonb) returns text
  language plpgsql immutable strict parallel safe
  as $$
begin
  case jsonb_typeof(value)
    when 'object' then
      return '{' || coalesce((select string_agg(to_json(m.key)::text || ':' || sync.canonical_json(m.value), ','
        order by sync.utf16_order(m.key) collate "C") from jsonb_each(value) m), '') || '}';
    when 'array' then
      return '[' || coalesce((select string_agg(sync.canonical_json(e.value), ',' order by e.ordinality)
        from jsonb_array_elements(value) with ordinality e), '') || ']';
    when 'number' then return sync.ecma_number((value #>> '{}')::double precision);
    when 'string' then return to_json(value #>> '{}')::text;
    else return value::text;
  end case;
end $$;

-- Whether Postgres takes a text as a value of a type (pg_input_is_valid needs PostgreSQL 16). Only used
-- to find the culprit after a set-based conversion failed.
create function sync.is_castable(value jsonb, type_name text) returns boolean
  language plpgsql stable
  as $$
begin
  execute format('select x from jsonb_to_record(jsonb_build_object(''x'', $1)) as v(x %s)', type_name) using value;
  return true;
exception when others then
  return false;
end $$;

create function sync.refuse_truncate() returns trigger
  language plpgsql
  as $$
begin
  perform nextval('sync.refused_writes');
  raise exception 'a synced table cannot be truncated' using errcode = '55000';
end $$;

create function sync.refuse_scope_change() returns trigger
  language plpgsql
  as $$
begin
  if new._sync_scope_id is distinct from old._sync_scope_id then
    perform nextval('sync.refused_writes');
    raise exception 'a synced row cannot change its scope' using errcode = '55000';
  end if;
  return new;
end $$;

-- Puts captured keys away, and is the guard at the same time: a row whose scope has no open context in
-- this transaction does not find its partner in the join, and the statement fails.
create function sync.record(number integer, scopes uuid[], keys bytea[], captured_op text) returns void
  language plpgsql
  as $$
declare
  recorded bigint;
begin
  insert into sync.capture (scope_id, table_no, key, op)
  select c.scope_id, number, row.key, captured_op::"char"
  from unnest(scopes, keys) with ordinality as row(scope_id, key, at)
  join sync.context c on c.scope_id = row.scope_id
  order by row.at;
  get diagnostics recorded = row_count;
  if recorded <> coalesce(cardinality(keys), 0) then
    perform nextval('sync.refused_writes');
    raise exception 'a synced table is written outside a bundle' using errcode = '55000';
  end if;
end $$;

-- Registers one synced table: its catalogue row, its capture function, its triggers and its row-level
-- security. Run again it puts everything back as it should be. The number and the key are written into
-- the function, never taken from TG_TABLE_NAME; each transition table is copied into variables before
-- anything is written. "00_" lets capture run before the application's own statement triggers, so that
-- what they write to the same rows is captured after it.
create function sync.install_table(
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
      end if;
      if tg_op <> 'DELETE' then
        select array_agg(r._sync_scope_id), array_agg(%2$s) into new_scopes, new_keys from new_rows r;
      end if;
      if tg_op = 'INSERT' then
        perform sync.record(%3$s, new_scopes, new_keys, 'I');
      elsif tg_op = 'DELETE' then
        perform sync.record(%3$s, old_scopes, old_keys, 'D');
      elsif old_keys = new_keys then
        perform sync.record(%3$s, new_scopes, new_keys, 'U');
      else
        perform sync.record(%3$s, array_agg(o.scope_id), array_agg(o.key), 'D')
        from unnest(old_scopes, old_keys) as o(scope_id, key)
        where not exists (select 1 from unnest(new_scopes, new_keys) as n(scope_id, key)
          where n.scope_id = o.scope_id and n.key = o.key);
        perform sync.record(%3$s, array_agg(n.scope_id), array_agg(n.key), kind)
        from (select n.scope_id, n.key, case when exists (
            select 1 from unnest(old_scopes, old_keys) as o(scope_id, key)
            where n.scope_id = o.scope_id and n.key = o.key) then 'U' else 'I' end as kind
          from unnest(new_scopes, new_keys) as n(scope_id, key)) n
        group by kind;
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

  execute format('alter table %s enable row level security', target);
  execute format('alter table %s force row level security', target);
  execute format('drop policy if exists sync_scope on %s', target);
  execute format('create policy sync_scope on %s
    using (_sync_scope_id = (select sync.current_scope()))
    with check (_sync_scope_id = (select sync.current_scope()))', target);
end $install$;
