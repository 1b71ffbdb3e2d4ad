/** The two statements with which every bundle begins and ends, whoever writes it. */

/** Opens the scope for writes of this transaction; `FINISH` closes it. */
export const OPEN_CONTEXT = `insert into sync.context (scope_id, source_id, source_bundle_id, actor, device)
  values ($1::uuid, $2, $3::bigint, $4, $5)`;

/**
 * Everything that a bundle leaves behind, in one statement: its header, row states, the source's last
 * tuple; capture and context are emptied; the counter moves last.
 */
export const FINISH = `
  with header as (
    insert into sync.bundle (scope_id, bundle_seq, source_id, source_bundle_id, row_count, byte_count,
      bundle_hash, request_hash, note, committed_at_ms)
    values ($1::uuid, $2::bigint, $3, $4::bigint, $5::bigint, $6::bigint, $7, $8, $9, $10::bigint)
  ), states as (
    insert into sync.row_state as s (scope_id, table_no, key, row_version, deleted)
    select $1::uuid, table_no, key, $2::bigint, op = 'DELETE' from sync.bundle_row
    where scope_id = $1::uuid and bundle_seq = $2::bigint order by table_no, key
    on conflict (scope_id, table_no, key) do update
    set row_version = excluded.row_version, deleted = excluded.deleted
  ), source as (
    insert into sync.source as s (scope_id, source_id, state, last_source_bundle_id, last_bundle_seq,
      last_row_count, last_bundle_hash, last_request_hash)
    values ($1::uuid, $3, 'active', $4::bigint, $2::bigint, $5::bigint, $7, $8)
    on conflict (scope_id, source_id) do update set state = 'active',
      last_source_bundle_id = excluded.last_source_bundle_id, last_bundle_seq = excluded.last_bundle_seq,
      last_row_count = excluded.last_row_count, last_bundle_hash = excluded.last_bundle_hash,
      last_request_hash = excluded.last_request_hash
  ), captured as (
    delete from sync.capture where scope_id = $1::uuid
  ), context as (
    delete from sync.context where scope_id = $1::uuid
  )
  update sync.scope set latest_bundle_seq = $2::bigint, next_bundle_seq = $2::bigint + 1
  where scope_id = $1::uuid`;
