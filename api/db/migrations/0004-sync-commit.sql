-- The commit of a bundle as one call (quality.md §6.4: one call beats six statements). What it does and in
-- which order is protocol.md §5.3, steps 3 to 8; the statements that write rows come from the caller, who
-- made them from the registered tables and never from a request.

-- How a row of the table is rendered from a table number and key bytes under the alias "e", for the scope
-- in $1. Kept beside the table, so that a commit plans only for the tables that it touched.
alter table sync.table_catalog add column image_sql text;

-- With it every step of a checkpoint is provably without a hole, also across a change of server epoch.
alter table sync.bundle add column previous_bundle_seq bigint;
update sync.bundle set previous_bundle_seq = bundle_seq - 1;
alter table sync.bundle alter column previous_bundle_seq set not null;

-- The version of the tables that the stored payloads were rendered for.
alter table sync.bundle add column schema_version integer not null default 1;

-- When a row was removed, so that old tombstones can go (protocol.md §10.5).
alter table sync.row_state add column deleted_at_ms bigint;
create index row_state_tombstones on sync.row_state (scope_id, deleted_at_ms) where deleted;

-- A session whose rows are removed keeps its header for a while, so that it is known to have expired.
alter table sync.snapshot_session add column rows_gone boolean not null default false;
create index snapshot_session_expiry on sync.snapshot_session (expires_at_ms);
create index push_session_expiry on sync.push_session (expires_at_ms);

-- Stores what the open transaction did to the scope as bundle `seq`, or closes the context when that is
-- nothing. Order: pushed rows in push order, then what cascades and triggers made, by table and first
-- touch. First and last op of a key decide: INSERT -> DELETE is nothing, INSERT -> other is INSERT,
-- other -> DELETE is DELETE, anything else is UPDATE.
create function sync.finish_bundle(
  in_scope uuid, seq bigint, in_source text, in_source_bundle_id bigint, in_push uuid, in_request_hash text,
  in_note text, now_ms bigint, rows_max bigint, row_bytes_max bigint, in_schema_version integer,
  out outcome text, out row_count bigint, out byte_count bigint, out bundle_hash text
)
  language plpgsql
  as $finish$
declare
  images text;
  largest bigint;
begin
  select string_agg('when ' || c.table_no || ' then (' || c.image_sql || ')', ' ') into images
  from sync.table_catalog c
  where c.table_no in (select distinct k.table_no from sync.capture k where k.scope_id = in_scope);

  if images is not null then
    execute format($sql$
      with effect as materialized (
        select e.table_no, e.key, e.op, (row_number() over (order by e.pushed nulls last, e.position)) - 1 as ordinal
        from (
          select c.table_no, c.key, min(c.ordinal) as position,
            (select p.ordinal from sync.push_session_row p where p.scope_id = $1 and p.push_id = $3
              and p.table_no = c.table_no and p.key = c.key) as pushed,
            case
              when (array_agg(c.op order by c.ordinal))[1] = 'I'
                and (array_agg(c.op order by c.ordinal desc))[1] = 'D' then null
              when (array_agg(c.op order by c.ordinal desc))[1] = 'D' then 'DELETE'
              when (array_agg(c.op order by c.ordinal))[1] = 'I' then 'INSERT'
              else 'UPDATE' end as op
          from sync.capture c where c.scope_id = $1 group by c.table_no, c.key
        ) e
        where e.op is not null
      ), stored as (
        insert into sync.bundle_row (scope_id, bundle_seq, ordinal, table_no, key, op, payload)
        select $1, $2, e.ordinal, e.table_no, e.key, e.op,
          case when e.op <> 'DELETE' then case e.table_no %s end end
        from effect e order by e.ordinal
        returning ordinal, table_no, key, op, payload
      ), document as (
        select count(*) as rows, coalesce(max(octet_length(s.payload)), 0) as largest,
          '[' || string_agg(concat('{"key":', sync.key_json(c.key_column, c.key_kind, s.key), ',"op":"', s.op,
            '","payload":', coalesce(s.payload, 'null'), ',"row_ordinal":"', s.ordinal, '","row_version":"', $2,
            '","schema":"', c.schema_name, '","table":"', c.table_name, '"}'), ',' order by s.ordinal) || ']' as body
        from stored s join sync.table_catalog c on c.table_no = s.table_no
      )
      select rows, largest, coalesce(octet_length(body), 0),
        coalesce(encode(sha256(convert_to(body, 'UTF8')), 'hex'), '') from document $sql$, images)
    into row_count, largest, byte_count, bundle_hash
    using in_scope, seq, in_push;
  end if;

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
  from sync.bundle_row r where r.scope_id = in_scope and r.bundle_seq = seq order by r.table_no, r.key
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

-- Commits the rows staged under `in_push`; the scope row is locked by the caller. Any outcome but
-- 'committed' means that the caller rolls back. `runs` is a list of {statement, first, last, exact}:
-- with `exact` a statement must touch as many rows as it was given.
create function sync.commit_push(
  in_scope uuid, seq bigint, in_source text, in_source_bundle_id bigint, in_push uuid, in_request_hash text,
  in_note text, now_ms bigint, rows_max bigint, row_bytes_max bigint, in_schema_version integer,
  floor_seq bigint, in_actor text, in_device text, is_seed boolean, runs jsonb,
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
      (e.value->>'last')::integer as last, (e.value->>'exact')::boolean as exact
    from jsonb_array_elements(runs) with ordinality e order by e.ordinality
  loop
    execute run.statement using in_scope, in_push, run.first, run.last;
    get diagnostics touched = row_count;
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
