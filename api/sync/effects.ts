/**
 * What the transaction really did (protocol.md §5.6): the captured keys, coalesced by first and last op
 * and rendered from the rows as they stand at the end. Capture keeps keys only, because the last image of
 * a row *is* the row, so each is rendered once however often it was written.
 *
 * Order: pushed rows in push order, then what cascades and triggers made, by table and first touch. The
 * bundle is stored in wire form and hashed inside the database; its text never passes through here.
 */
import type { SyncContext } from './context.ts';
import type { Tx } from './ports.ts';
import { numberOf, textOf } from './record.ts';
import { refuse } from './refusal.ts';
import { imageSql, keyJsonSql } from './render.ts';

export interface BundleFacts {
  readonly rowCount: number;
  readonly byteCount: number;
  readonly bundleHash: string;
}

const TOUCHED =
  'select distinct table_no from sync.capture where scope_id = $1::uuid order by table_no';

/**
 * first -> last: INSERT -> DELETE is nothing; INSERT -> any other is INSERT; UPDATE or DELETE -> DELETE is
 * DELETE; UPDATE or DELETE -> INSERT or UPDATE is UPDATE.
 */
const EFFECTS = `
  select e.table_no, e.key, e.op, (row_number() over (order by e.pushed nulls last, e.position)) - 1 as ordinal
  from (
    select c.table_no, c.key, min(c.ordinal) as position,
      (select p.ordinal from sync.push_session_row p
        where p.scope_id = $1::uuid and p.push_id = $3::uuid and p.table_no = c.table_no and p.key = c.key) as pushed,
      case
        when (array_agg(c.op order by c.ordinal))[1] = 'I' and (array_agg(c.op order by c.ordinal desc))[1] = 'D' then null
        when (array_agg(c.op order by c.ordinal desc))[1] = 'D' then 'DELETE'
        when (array_agg(c.op order by c.ordinal))[1] = 'I' then 'INSERT'
        else 'UPDATE' end as op
    from sync.capture c where c.scope_id = $1::uuid group by c.table_no, c.key
  ) e
  where e.op is not null`;

const HASHED_ROW = `concat('{"key":', ${keyJsonSql('c', 's.key')}, ',"op":"', s.op, '","payload":',
  coalesce(s.payload, 'null'), ',"row_ordinal":"', s.ordinal, '","row_version":"', $2::bigint,
  '","schema":"', c.schema_name, '","table":"', c.table_name, '"}')`;

/** Stores the effects as bundle rows under `bundleSeq`; null when there are none. */
export async function storeEffects(
  context: SyncContext,
  tx: Tx,
  scopeId: string,
  bundleSeq: number,
  pushId: string | null,
): Promise<BundleFacts | null> {
  const touched = new Set(
    (await tx.query(TOUCHED, [scopeId])).map((row) => numberOf(row, 'table_no')),
  );
  if (touched.size === 0) return null;
  const tables = context.registry.tables.filter((table) => touched.has(table.tableNo));
  const [facts] = await tx.query(
    `with effect as materialized (${EFFECTS}),
     stored as (
       insert into sync.bundle_row (scope_id, bundle_seq, ordinal, table_no, key, op, payload)
       select $1::uuid, $2::bigint, e.ordinal, e.table_no, e.key, e.op,
         case when e.op <> 'DELETE' then ${imageSql(tables, 'e', '$1::uuid')} end
       from effect e order by e.ordinal
       returning ordinal, table_no, key, op, payload
     ), document as (
       select count(*) as row_count, coalesce(max(octet_length(s.payload)), 0) as largest,
         '[' || string_agg(${HASHED_ROW}, ',' order by s.ordinal) || ']' as body
       from stored s join sync.table_catalog c on c.table_no = s.table_no
     )
     select row_count, largest, coalesce(octet_length(body), 0) as byte_count,
       coalesce(encode(sha256(convert_to(body, 'UTF8')), 'hex'), '') as hash
     from document`,
    [scopeId, bundleSeq, pushId],
  );
  if (facts === undefined || numberOf(facts, 'row_count') === 0) return null;
  const rowCount = numberOf(facts, 'row_count');
  const { push } = context.limits;
  if (rowCount > push.bundleEffectsMax) {
    refuse(
      'push_commit_invalid',
      `the bundle has more than ${String(push.bundleEffectsMax)} effects`,
    );
  }
  if (numberOf(facts, 'largest') > push.rowBytesMax) {
    refuse('push_commit_invalid', 'a row of the bundle is larger than a snapshot could carry');
  }
  return { rowCount, byteCount: numberOf(facts, 'byte_count'), bundleHash: textOf(facts, 'hash') };
}
