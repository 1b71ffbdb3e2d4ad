-- Since when columns exist (protocol.md §13.8). Only columns that came later than the first version are
-- listed; a version only adds columns that are nullable or have a constant default.
create table sync.column_catalog (
  table_no integer not null references sync.table_catalog (table_no),
  column_name text not null,
  since_version integer not null,
  default_json jsonb not null,
  primary key (table_no, column_name)
);

-- A stored payload as a client of another version knows the table: newer columns left out, columns that
-- the history does not know yet filled in.
create function sync.render_payload(payload text, number integer, wanted integer) returns text
  language sql stable
  as $$
  select sync.canonical_json(
    coalesce((select jsonb_object_agg(c.column_name, c.default_json) from sync.column_catalog c
      where c.table_no = number and c.since_version <= wanted), '{}')
    || (payload::jsonb - coalesce((select array_agg(c.column_name) from sync.column_catalog c
      where c.table_no = number and c.since_version > wanted), '{}'::text[])))
  where payload is not null $$;
