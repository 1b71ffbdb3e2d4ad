-- Which rows of a frozen snapshot belong to which table, in the session's order: [[table_no, rows], …]. The
-- stream says it once instead of with every row.
alter table sync.snapshot_session add column tables jsonb not null default '[]';
