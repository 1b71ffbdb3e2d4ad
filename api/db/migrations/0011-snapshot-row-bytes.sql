-- A row is measured as a snapshot carries it, envelope included (protocol.md §2.2, B8). Measured by its payload
-- alone, a row a few bytes below the bound could be committed and then no snapshot of its household be made.
--
-- Only the measure changes, so only the measure is put in, into whatever else the function has become.
do $$
declare
  body text := pg_get_functiondef('sync.finish_bundle'::regproc);
  payload_alone text := 'max(octet_length(s.payload))';
begin
  if array_length(string_to_array(body, payload_alone), 1) <> 2 then
    raise exception 'sync.finish_bundle does not measure rows as this migration expects';
  end if;
  execute replace(body, payload_alone, $measure$max(octet_length(s.payload)
          + octet_length(sync.key_json(c.key_column, c.key_kind, s.key))
          + octet_length(c.schema_name) + octet_length(c.table_name) + octet_length($2::text)
          + octet_length('{"schema":"","table":"","key":,"row_version":,"payload":}'))$measure$);
end $$;
