-- Two corrections of how a bundle's effects are found (protocol.md §5.6, §2.2).
--
-- What happened to a row is told by whether it was there before and is there now, not by the first and last
-- captured op: the statement that an application's row trigger runs is captured before the statement that fired
-- it, so that an inserted row which its own trigger removed looked like "removed, then inserted". Inserts less
-- removals say it for most rows; where they are even, the row state says whether the row was there before.
--
-- And a row is measured as a snapshot carries it, envelope included (B8): measured by its payload alone, a row a
-- few bytes below the bound could be committed and then no snapshot of its household be made.
create or replace function sync.finish_bundle(
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
          select t.table_no, t.key, t.position, t.pushed,
            case t.gain when 1 then 'INSERT' when -1 then 'DELETE' else
              case when not t.is_made_anew or exists (select from sync.row_state s where s.scope_id = $1
                and s.table_no = t.table_no and s.key = t.key and not s.deleted) then 'UPDATE' end end as op
          from (
            select c.table_no, c.key, min(c.ordinal) as position,
              sum(case c.op when 'I' then 1 when 'D' then -1 else 0 end) as gain, bool_or(c.op <> 'U') as is_made_anew,
              (select p.ordinal from sync.push_session_row p where p.scope_id = $1 and p.push_id = $3
                and p.table_no = c.table_no and p.key = c.key) as pushed
            from sync.capture c where c.scope_id = $1 group by c.table_no, c.key
          ) t
        ) e
        where e.op is not null
      ), stored as (
        insert into sync.bundle_row (scope_id, bundle_seq, ordinal, table_no, key, op, payload)
        select $1, $2, e.ordinal, e.table_no, e.key, e.op,
          case when e.op <> 'DELETE' then case e.table_no %s end end
        from effect e order by e.ordinal
        returning ordinal, table_no, key, op, payload
      ), document as (
        select count(*) as rows, coalesce(max(octet_length(s.payload)
            + octet_length(sync.key_json(c.key_column, c.key_kind, s.key))
            + octet_length(c.schema_name) + octet_length(c.table_name) + octet_length($2::text)
            + octet_length('{"schema":"","table":"","key":,"row_version":,"payload":}')), 0) as largest,
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
