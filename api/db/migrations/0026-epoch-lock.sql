-- A new server epoch meets running servers after a fail-over. Its gap begins where each scope's history ends, so
-- nobody may commit, or make a scope, between the look at that end and the jump over the gap: a bundle in there
-- would lie inside the gap, and who stands on it would rebuild again and again.

-- Waits for whoever holds a scope row, which every writer takes first, and keeps others away to the commit.
-- Readers go on.
create or replace function sync.begin_epoch(in_epoch uuid, now_ms bigint) returns void
  language plpgsql
  as $$
declare
  next_ordinal integer;
  first_seq bigint;
begin
  lock table sync.server_epoch in share row exclusive mode;
  lock table sync.scope in exclusive mode;
  select coalesce(max(e.ordinal), 0) + 1 into next_ordinal from sync.server_epoch e;
  first_seq := case when next_ordinal = 1 then 1 else (now_ms / 1000) * 1024 end;
  insert into sync.server_epoch (ordinal, epoch_id, began_at_ms, first_bundle_seq)
  values (next_ordinal, in_epoch, now_ms, first_seq);
  if next_ordinal = 1 then return; end if;
  insert into sync.scope_gap (scope_id, ordinal, base_bundle_seq, first_bundle_seq)
  select s.scope_id, next_ordinal, s.latest_bundle_seq, greatest(s.next_bundle_seq, first_seq) from sync.scope s;
  update sync.scope s set next_bundle_seq = greatest(s.next_bundle_seq, first_seq);
end $$;

-- As before, but the epoch is read when the lock is got: one that was begun meanwhile is seen.
create or replace function sync.create_scope(in_scope uuid) returns void
  language plpgsql
  as $$
begin
  lock table sync.scope in row exclusive mode;
  with epoch as (
    select e.ordinal, e.first_bundle_seq from sync.server_epoch e order by e.ordinal desc limit 1
  ), made as (
    insert into sync.scope (scope_id, next_bundle_seq)
    select in_scope, coalesce((select first_bundle_seq from epoch), 1) on conflict do nothing returning scope_id
  )
  insert into sync.scope_gap (scope_id, ordinal, base_bundle_seq, first_bundle_seq)
  select m.scope_id, e.ordinal, 0, e.first_bundle_seq from made m cross join epoch e where e.ordinal > 1;
end $$;
