/**
 * Committed bundles as JSON text, rendered inside the database by one set-based statement however many
 * bundles are asked for (B11). Members: as protocol.md §6.1; a DELETE has no payload.
 */
import type { Tx } from './ports.ts';
import { flagOf, numberOf, textOf, textOrNull } from './record.ts';
import { keyJsonSql } from './render.ts';
import { BUNDLE_HASH, bundleRowsSql } from './rendering.ts';

/** One BundleRow as text, from bundle row `r` and catalogue row `c`. */
export const BUNDLE_ROW: string = `concat('{"schema":"', c.schema_name, '","table":"', c.table_name, '","key":',
  ${keyJsonSql('c', 'r.key')}, ',"op":"', r.op, '","row_version":', r.bundle_seq,
  case when r.op = 'DELETE' then '' else ',"payload":' || r.payload end, '}')`;

/**
 * Headers above $2 up to $3, at most $4 of them and as many as fit into $5 bytes, but always one; their
 * rows joined. `has_more` says that the page does not reach the ceiling.
 */
const readSql = (version: string | null): string => `
  with header as (
    select b.*, sum(b.byte_count) over (order by b.bundle_seq) as running, row_number() over (order by b.bundle_seq) as place
    from (
      select bundle_seq, source_id, source_bundle_id, row_count, byte_count, bundle_hash, request_hash, note, previous_bundle_seq
      from sync.bundle where scope_id = $1::uuid and bundle_seq > $2::bigint and bundle_seq <= $3::bigint
      order by bundle_seq limit $4::int + 1
    ) b
  ), page as (
    select * from header where place <= $4::int and (running <= $5::bigint or (place = 1 and not $6::boolean))
  ), body as (
    select r.bundle_seq, string_agg(${BUNDLE_ROW}, ',' order by r.ordinal) as rows
      ${version === null ? '' : `, count(*) as row_count, ${BUNDLE_HASH} as bundle_hash`}
    from (${bundleRowsSql('r.bundle_seq > $2::bigint and r.bundle_seq <= (select max(bundle_seq) from page)', version)}) r
    join sync.table_catalog c on c.table_no = r.table_no
    group by r.bundle_seq
  )
  select p.bundle_seq, p.source_id, p.source_bundle_id, p.request_hash, p.note, p.previous_bundle_seq,
    ${
      version === null
        ? 'p.row_count, p.bundle_hash'
        : `coalesce(b.row_count, 0) as row_count, coalesce(b.bundle_hash, encode(sha256('[]'), 'hex')) as bundle_hash`
    },
    coalesce(b.rows, '') as rows, (select count(*) from header) > (select count(*) from page) as has_more
  from page p left join body b on b.bundle_seq = p.bundle_seq order by p.bundle_seq`;

const READ = readSql(null);
const READ_RENDERED = readSql('$7::int');

export interface BundlePage {
  /** JSON texts of the bundles, in order. */
  readonly bundles: readonly string[];
  readonly hasMore: boolean;
}

export async function readBundles(
  tx: Tx,
  range: {
    readonly scopeId: string;
    readonly afterSeq: number;
    readonly ceilingSeq: number;
    readonly bundlesMax: number;
    readonly bytesMax: number;
    readonly withNotes: boolean;
    /** With extension `server_epoch`: every step of the checkpoint is provable. */
    readonly withPrevious: boolean;
    /** Null sends the rows as they are stored (rendering.ts). */
    readonly version: number | null;
    /** E1 may answer with no bundle at all; a pull always brings one. */
    readonly mayBeEmpty?: boolean;
  },
): Promise<BundlePage> {
  if (range.afterSeq >= range.ceilingSeq) return { bundles: [], hasMore: false };
  const rows = await tx.query(range.version === null ? READ : READ_RENDERED, [
    range.scopeId,
    range.afterSeq,
    range.ceilingSeq,
    range.bundlesMax,
    range.bytesMax,
    range.mayBeEmpty ?? false,
    ...(range.version === null ? [] : [range.version]),
  ]);
  const bundles = rows.map((row) => {
    const note = range.withNotes ? textOrNull(row, 'note') : null;
    const head = JSON.stringify({
      bundle_seq: numberOf(row, 'bundle_seq'),
      ...(range.withPrevious ? { previous_bundle_seq: numberOf(row, 'previous_bundle_seq') } : {}),
      source_id: textOf(row, 'source_id'),
      source_bundle_id: numberOf(row, 'source_bundle_id'),
      row_count: numberOf(row, 'row_count'),
      bundle_hash: textOf(row, 'bundle_hash'),
      canonical_request_hash: textOf(row, 'request_hash'),
    });
    return `${head.slice(0, -1)}${note === null ? '' : `,"note":${note}`},"rows":[${textOf(row, 'rows')}]}`;
  });
  const [first] = rows;
  // No bundle fits: all of them are still to come.
  return {
    bundles,
    hasMore: first === undefined ? range.mayBeEmpty === true : flagOf(first, 'has_more'),
  };
}
