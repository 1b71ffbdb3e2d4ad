-- A commit takes the staged rows of its tuple along, also when they were staged under another push: a client that
-- gave up on a session and sent everything in one request left them behind, and nothing ever removed them.

-- Commits the rows staged under `in_push`, `in_rows` among them when a push brings its rows along; the scope
-- row is locked by the caller. Any outcome but 'committed' means that the caller rolls back. `runs` is a list
-- of {statement, counts, first, last, exact}: with `counts` the statement returns how many rows it touched, with
-- `exact` that must be as many as it was given.
create or replace function sync.commit_push(
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
  dropped_push uuid;
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

  -- The session of the tuple may be another than `in_push`. Its rows go by a statement of their own: this one may
  -- wait for a chunk that is being staged, and only what comes after sees what that chunk brought.
  delete from sync.push_session
  where scope_id = in_scope and source_id = in_source and source_bundle_id = in_source_bundle_id
  returning push_id into dropped_push;
  delete from sync.push_session_row where scope_id = in_scope and push_id in (in_push, dropped_push);
  if is_seed then
    update sync.scope set state = 'INITIALIZED', initializer_source_id = null, initialization_id = null,
      lease_expires_at_ms = null, initialized_by_source_id = in_source, initialized_at_ms = now_ms
    where scope_id = in_scope;
  end if;
end $commit$;

-- What was left behind so far.
delete from sync.push_session_row r
where not exists (select from sync.push_session s where s.scope_id = r.scope_id and s.push_id = r.push_id);
