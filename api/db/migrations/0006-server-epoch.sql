-- Server epochs (protocol.md §13.7): one unbroken history of the database each. When the database was
-- restored to an earlier state a new one begins, and with it a gap in every scope's bundle numbers, so that
-- no number ever means two things (B25).

create table sync.server_epoch (
  ordinal integer primary key,
  epoch_id uuid not null unique,
  began_at_ms bigint not null,
  -- A scope that is made during this epoch begins here: it may have existed in a history that was lost.
  first_bundle_seq bigint not null,
  -- The cluster that was found at the last start; another one, or another timeline, means a restore.
  system_identifier text,
  timeline_id integer
);

-- Numbers above the base and below the first one belong to no bundle of this history.
create table sync.scope_gap (
  scope_id uuid not null,
  ordinal integer not null references sync.server_epoch (ordinal),
  base_bundle_seq bigint not null,
  first_bundle_seq bigint not null,
  primary key (scope_id, ordinal)
);

create function sync.begin_epoch(in_epoch uuid, now_ms bigint) returns void
  language plpgsql
  as $$
declare
  next_ordinal integer;
  first_seq bigint;
begin
  lock table sync.server_epoch in share row exclusive mode;
  select coalesce(max(e.ordinal), 0) + 1 into next_ordinal from sync.server_epoch e;
  first_seq := case when next_ordinal = 1 then 1 else (now_ms / 1000) * 1024 end;
  insert into sync.server_epoch (ordinal, epoch_id, began_at_ms, first_bundle_seq)
  values (next_ordinal, in_epoch, now_ms, first_seq);
  if next_ordinal = 1 then return; end if;
  insert into sync.scope_gap (scope_id, ordinal, base_bundle_seq, first_bundle_seq)
  select s.scope_id, next_ordinal, s.latest_bundle_seq, greatest(s.next_bundle_seq, first_seq) from sync.scope s;
  update sync.scope s set next_bundle_seq = greatest(s.next_bundle_seq, first_seq);
end $$;

-- Makes the scope's row where there is none.
create function sync.create_scope(in_scope uuid) returns void
  language sql
  as $$
  with epoch as (
    select e.ordinal, e.first_bundle_seq from sync.server_epoch e order by e.ordinal desc limit 1
  ), made as (
    insert into sync.scope (scope_id, next_bundle_seq)
    select in_scope, coalesce((select first_bundle_seq from epoch), 1) on conflict do nothing returning scope_id
  )
  insert into sync.scope_gap (scope_id, ordinal, base_bundle_seq, first_bundle_seq)
  select m.scope_id, e.ordinal, 0, e.first_bundle_seq from made m cross join epoch e where e.ordinal > 1 $$;
