-- A frozen row as the JSON texts of its values, in the order of the column names. Both wire forms are made
-- from them by one native call (format, array_to_string), so a stream of lines parses nothing, and names that
-- every row of a table repeats are not stored with it.
--
-- The rows are unlogged and short-lived: a session that loses them is asked for again.
drop table sync.snapshot_row;
create unlogged table sync.snapshot_row (
  scope_id uuid not null,
  snapshot_id uuid not null,
  ordinal bigint not null,
  table_no integer not null,
  row_version bigint not null,
  vals text[] not null,
  -- Of the row as a SnapshotRow (protocol.md §8.1).
  bytes bigint not null,
  primary key (scope_id, snapshot_id, ordinal)
);
