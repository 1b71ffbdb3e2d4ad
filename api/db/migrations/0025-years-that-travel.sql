-- Instants and days of the kitchen keep to the years 1 to 9999, whoever writes them: what Postgres prints for others, or
-- for infinity, is read by no device. Pushed values are checked before (shared/schema/value-wire.ts); this is for
-- triggers and for what the server writes by itself. Not valid: a row that is there already must not stop a start.
do $$
declare
  kept record;
begin
  for kept in
    select c.table_name, c.column_name from information_schema.columns c
    where c.table_schema = 'larder' and c.data_type in ('date', 'timestamp with time zone')
  loop
    execute format($make$
      alter table larder.%1$I add constraint %2$I
      check (%3$I >= '0001-01-01 00:00:00+00' and %3$I < '10000-01-01 00:00:00+00') not valid
    $make$, kept.table_name, concat(kept.table_name, '_', kept.column_name, '_years_check'), kept.column_name);
  end loop;
end $$;
