-- The corrections of 0011-true-effects.sql in the commit of 0020-lean-commit.sql: what happened to a row is told by
-- whether it was there before and is there now, and a row is measured as a snapshot carries it.
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
      select o.table_no, o.key, o.op, (row_number() over (order by o.pushed nulls last, o.first))::integer - 1 as ordinal
      from (
        select t.table_no, t.key, t.first, t.pushed,
          case t.gain when 1 then 'INSERT' when -1 then 'DELETE' else
            case when not t.is_made_anew or exists (select from sync.row_state s where s.scope_id = in_scope
              and s.table_no = t.table_no and s.key = t.key and not s.deleted) then 'UPDATE' end end as op
        from (
          select u.table_no, u.key, min(u.position) as first, sum(u.gain) as gain, bool_or(u.gain <> 0) as is_made_anew,
            min(u.pushed) as pushed
          from (
            select c.table_no, c.key, c.ordinal as position,
              case c.op when 'I' then 1 when 'D' then -1 else 0 end as gain, null::integer as pushed
            from sync.capture c where c.scope_id = in_scope
            union all
            select p.table_no, p.key, null, null, p.ordinal
            from sync.push_session_row p where p.scope_id = in_scope and p.push_id = in_push
          ) u
          group by u.table_no, u.key
        ) t
        where t.first is not null
      ) o
      where o.op is not null
    ) e
    group by e.table_no
  loop
    execute format('select sync.store_%s($1, $2, $3, $4, $5)', part.table_no)
    using in_scope, seq, part.keys, part.ops, part.ordinals;
  end loop;

  select d.rows, d.largest, octet_length(d.body), encode(sha256(convert_to(d.body, 'UTF8')), 'hex')
  into row_count, largest, byte_count, bundle_hash
  from (
    select count(*) as rows, max(octet_length(r.payload) + octet_length(c.schema_name) + octet_length(c.table_name)
        + octet_length(c.key_column) + octet_length(seq::text)
        + case c.key_kind when 'uuid' then 38 else octet_length(to_json(convert_from(r.key, 'UTF8'))::text) end
        + octet_length('{"schema":"","table":"","key":{"":},"row_version":,"payload":}')) as largest,
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
