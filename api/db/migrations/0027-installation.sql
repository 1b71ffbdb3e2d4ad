-- What a start puts on the synced tables, and what it found there afterwards, as one hash. A start that finds the
-- same leaves the tables alone: putting a trigger or a policy back locks a table, and others may be serving from it.
create table sync.installation (
  singleton boolean primary key default true check (singleton),
  fingerprint text not null
);
