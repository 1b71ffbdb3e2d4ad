/**
 * One page of a frozen snapshot (protocol.md §8.2): exactly six members, and rows whose counted bytes are
 * those that are sent. A large page is sent in slices as it is taken; what it holds was decided before.
 */
import { assert } from '../../shared/assert.ts';
import type { Caller } from './caller.ts';
import type { SyncContext } from './context.ts';
import { encodeFormats, rangesOf, readFrozen, rowTextSql } from './frozen-rows.ts';
import type { JsonStream, JsonText } from './ports.ts';
import { numberOf, textOf, textOrNull } from './record.ts';
import { refuse } from './refusal.ts';
import { findSnapshotSession } from './snapshot-session.ts';

export interface SnapshotPageRequest {
  readonly snapshotId: string;
  readonly afterRowOrdinal: number;
  readonly rowsMax: number;
  readonly bytesMax: number;
}

/** At most $4 rows after $3 that fit into $5 bytes; their text comes along when it has at most $6. */
const READ_PAGE = `
  with candidate as (
    select s.bytes, sum(s.bytes) over (order by s.ordinal) as running
    from sync.snapshot_row s
    where s.scope_id = $1::uuid and s.snapshot_id = $2::uuid and s.ordinal > $3::bigint
      and s.ordinal <= $3::bigint + $4::bigint
  ), chosen as materialized (
    select count(*) filter (where running <= $5::bigint) as rows,
      coalesce(sum(bytes) filter (where running <= $5::bigint), 0)::bigint as bytes,
      coalesce(min(running), 0)::bigint as first_bytes
    from candidate
  )
  select c.rows, c.bytes, c.first_bytes, case when c.bytes <= $6::bigint then (
    select coalesce(string_agg(${rowTextSql('f.formats')}, ',' order by r.ordinal), '')
    from sync.snapshot_row r cross join (select $7::text::jsonb as formats offset 0) f
    where r.scope_id = $1::uuid and r.snapshot_id = $2::uuid and r.ordinal > $3::bigint
      and r.ordinal <= $3::bigint + c.rows) end as body
  from chosen c`;

export async function readSnapshotPage(
  context: SyncContext,
  caller: Caller,
  request: SnapshotPageRequest,
): Promise<JsonText | JsonStream> {
  const { snapshotId, afterRowOrdinal: after } = request;
  const { snapshot, answer } = context.limits;
  const bytesMax = Math.min(request.bytesMax, snapshot.pageBytesMax);
  const rowsMax = Math.min(request.rowsMax, snapshot.rowsMax);
  return context.database.transaction(
    { isolation: 'repeatable-read', readOnly: true, scopeId: caller.scopeId },
    async (tx) => {
      const session = await findSnapshotSession(tx, caller, snapshotId, context.clock.nowMs());
      const rowCount = numberOf(session, 'row_count');
      const ranges = rangesOf(context, JSON.parse(textOf(session, 'tables')));
      const formats = encodeFormats(ranges, after, after + rowsMax);
      const bounds = [after, rowsMax, bytesMax, answer.wholeBytesMax, formats];
      const [page] = await tx.query(READ_PAGE, [caller.scopeId, snapshotId, ...bounds]);
      assert(page !== undefined, 'an aggregate has one row');
      const rows = numberOf(page, 'rows');
      const firstBytes = numberOf(page, 'first_bytes');
      if (rows === 0 && firstBytes > bytesMax) {
        refuse('snapshot_chunk_too_small', 'the next row is larger than max_bytes', {
          required_byte_count: firstBytes,
        });
      }
      if (rows === 0 && after < rowCount) {
        // The unlogged rows went with a crash of the database while the header stayed.
        refuse('snapshot_session_not_found', 'there is no such snapshot session');
      }
      const next = after + rows;
      const before = `{"snapshot_id":"${snapshotId}","snapshot_bundle_seq":${textOf(session, 'snapshot_bundle_seq')},"rows":[`;
      const end = `],"next_row_ordinal":${String(next)},"has_more":${String(next < rowCount)},"byte_count":${String(numberOf(page, 'bytes'))}}`;
      const body = textOrNull(page, 'body');
      if (body !== null) return { json: before + body + end };
      const { sliceRowsMax, sliceBytesMax } = answer;
      const slices = { snapshotId, from: after, to: next, formats };
      const bounded = { ...slices, rowsMax: sliceRowsMax, bytesMax: sliceBytesMax };
      return {
        jsonChunks: (async function* (): AsyncGenerator<string, void, undefined> {
          let separator = before;
          for await (const slice of readFrozen(context, caller, bounded)) {
            yield separator + slice;
            separator = ',';
          }
          yield end;
        })(),
      };
    },
  );
}
