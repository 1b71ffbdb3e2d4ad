/**
 * Committed bundles as JSON text, rendered inside the database by one set-based statement however many
 * bundles are asked for (B11). Members: as protocol.md §6.1; a DELETE has no payload.
 *
 * An ordinary page comes whole, with its headers. A large one comes as headers, and its rows follow slice by
 * slice while the answer is being sent, each slice in a short transaction of its own (B23): what an answer
 * holds in memory does not depend on its size, and a slow reader holds no connection.
 */
import { must } from '../../shared/assert.ts';
import type { SyncContext } from './context.ts';
import { type JsonStream, type JsonText, DatabaseUnavailable, type Tx } from './ports.ts';
import { flagOf, numberOf, textOf, textOrNull } from './record.ts';
import { CATALOG_OF_ROW, keyJsonSql } from './render.ts';
import { BUNDLE_HASH, bundleRowsSql } from './rendering.ts';

/** One BundleRow as text, from bundle row `r` and catalogue row `c`. */
export const BUNDLE_ROW: string = `concat('{"schema":"', c.schema_name, '","table":"', c.table_name, '","key":',
  ${keyJsonSql('c', 'r.key')}, ',"op":"', r.op, '","row_version":', r.bundle_seq,
  case when r.op = 'DELETE' then '' else ',"payload":' || r.payload end, '}')`;

/**
 * Headers above $2 up to $3, at most $4 of them and as many as fit into $5 bytes, but always one; their
 * rows joined, or null when the page has more than $7 bytes. `has_more` says that the page does not reach the
 * ceiling. Rows that are rendered for another version always come: their count and hash are made from them.
 */
const readSql = (version: string | null): string => `
  with header as (
    select b.*, sum(b.byte_count) over (order by b.bundle_seq) as running, row_number() over (order by b.bundle_seq) as place
    from (
      select bundle_seq, source_id, source_bundle_id, row_count, byte_count, bundle_hash, request_hash, note, previous_bundle_seq
      from sync.bundle where scope_id = $1::uuid and bundle_seq > $2::bigint and bundle_seq <= coalesce($3::bigint,
        (select s.latest_bundle_seq from sync.scope s where s.scope_id = $1::uuid))
      order by bundle_seq limit $4::int + 1
    ) b
  ), page as materialized (
    select * from header where place <= $4::int and (running <= $5::bigint or (place = 1 and not $6::boolean))
  ), size as materialized (
    select ${version === null ? '(select coalesce(sum(byte_count), 0) <= $7::bigint from page)' : 'true'} as comes_whole
  )
  select p.bundle_seq, p.source_id, p.source_bundle_id, p.request_hash, p.note, p.previous_bundle_seq,
    ${version === null ? 'p.row_count, p.bundle_hash' : 'b.row_count, b.bundle_hash'},
    b.rows, (select count(*) from header) > (select count(*) from page) as has_more
  from page p cross join size left join lateral (
    select coalesce(string_agg(${BUNDLE_ROW}, ',' order by r.ordinal), '') as rows
      ${version === null ? '' : `, count(*) as row_count, ${BUNDLE_HASH} as bundle_hash`}
    from (${bundleRowsSql('r.bundle_seq = p.bundle_seq', version)}) r ${CATALOG_OF_ROW}
    where size.comes_whole
  ) b on size.comes_whole
  order by p.bundle_seq`;

const READ = readSql(null);
const READ_RENDERED = readSql('$7::int');

/** What is known of a bundle before its rows. */
interface BundleHead {
  readonly bundleSeq: number;
  readonly rowCount: number;
  /** A JSON object's text without its closing brace. */
  readonly json: string;
  /** Its rows, joined by commas; null when they follow. */
  readonly rows: string | null;
}

export interface BundlePage {
  readonly heads: readonly BundleHead[];
  readonly hasMore: boolean;
}

export async function readBundles(
  context: SyncContext,
  tx: Tx,
  range: {
    readonly scopeId: string;
    readonly afterSeq: number;
    /** Null is the latest of the scope. */
    readonly ceilingSeq: number | null;
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
  if (range.ceilingSeq !== null && range.afterSeq >= range.ceilingSeq) {
    return { heads: [], hasMore: false };
  }
  const rows = await tx.query(range.version === null ? READ : READ_RENDERED, [
    range.scopeId,
    range.afterSeq,
    range.ceilingSeq,
    range.bundlesMax,
    range.bytesMax,
    range.mayBeEmpty ?? false,
    range.version ?? context.limits.answer.wholeBytesMax,
  ]);
  const heads = rows.map((row): BundleHead => {
    const note = range.withNotes ? textOrNull(row, 'note') : null;
    const bundleSeq = numberOf(row, 'bundle_seq');
    const rowCount = numberOf(row, 'row_count');
    const head = JSON.stringify({
      bundle_seq: bundleSeq,
      ...(range.withPrevious ? { previous_bundle_seq: numberOf(row, 'previous_bundle_seq') } : {}),
      source_id: textOf(row, 'source_id'),
      source_bundle_id: numberOf(row, 'source_bundle_id'),
      row_count: rowCount,
      bundle_hash: textOf(row, 'bundle_hash'),
      canonical_request_hash: textOf(row, 'request_hash'),
    });
    const json = `${head.slice(0, -1)}${note === null ? '' : `,"note":${note}`}`;
    return { bundleSeq, rowCount, json, rows: textOrNull(row, 'rows') };
  });
  const [first] = rows;
  // No bundle fits: all of them are still to come.
  return {
    heads,
    hasMore: first === undefined ? range.mayBeEmpty === true : flagOf(first, 'has_more'),
  };
}

/** Rows after row $3 of bundle $2, up to bundle $4, at most $5 of them and as many as fit into $6 bytes. */
const READ_SLICE = `
  with candidate as (
    select r.*, sum(coalesce(octet_length(r.payload), 0)) over w as running, row_number() over w as place
    from (
      select r.bundle_seq, r.ordinal, r.table_no, r.key, r.op, r.payload from sync.bundle_row r
      where r.scope_id = $1::uuid and (r.bundle_seq, r.ordinal) > ($2::bigint, $3::int) and r.bundle_seq <= $4::bigint
      order by r.bundle_seq, r.ordinal limit $5::int
    ) r
    window w as (order by r.bundle_seq, r.ordinal)
  )
  select r.bundle_seq, max(r.ordinal) as last, count(*) as n, string_agg(${BUNDLE_ROW}, ',' order by r.ordinal) as rows
  from (select * from candidate where running <= $6::bigint or place = 1) r ${CATALOG_OF_ROW}
  group by r.bundle_seq order by r.bundle_seq`;

/** Retention took rows that are still to be sent. A body that breaks off is never taken for a whole one. */
const historyGone = (): DatabaseUnavailable =>
  new DatabaseUnavailable('the history of this answer is gone');

async function* sendSlices(
  context: SyncContext,
  scopeId: string,
  heads: readonly BundleHead[],
): AsyncGenerator<string, void, undefined> {
  const { sliceRowsMax, sliceBytesMax } = context.limits.answer;
  const to = must(heads.at(-1), 'a page in slices has bundles').bundleSeq;
  let index = 0;
  let sent = 0;
  let head = must(heads[0], 'checked above');
  let after = { bundleSeq: head.bundleSeq, ordinal: -1 };
  yield `${head.json},"rows":[`;
  for (;;) {
    const slices = await context.database.transaction(
      { isolation: 'read-committed', readOnly: true, scopeId, plans: 'kept' },
      (tx) => {
        const { bundleSeq, ordinal } = after;
        return tx.query(READ_SLICE, [scopeId, bundleSeq, ordinal, to, sliceRowsMax, sliceBytesMax]);
      },
    );
    for (const slice of slices) {
      const bundleSeq = numberOf(slice, 'bundle_seq');
      after = { bundleSeq, ordinal: numberOf(slice, 'last') };
      if (bundleSeq !== head.bundleSeq) {
        if (sent !== head.rowCount) throw historyGone();
        index += 1;
        head = must(heads[index], 'rows come in the order of their headers');
        if (bundleSeq !== head.bundleSeq) throw historyGone();
        sent = 0;
        yield `]},${head.json},"rows":[`;
      }
      yield `${sent === 0 ? '' : ','}${textOf(slice, 'rows')}`;
      sent += numberOf(slice, 'n');
    }
    if (index === heads.length - 1 && sent === head.rowCount) break;
    if (slices.length === 0) throw historyGone();
  }
  yield ']}';
}

/** An answer with the page's bundles between two pieces of text. */
export function withBundles(
  context: SyncContext,
  scopeId: string,
  before: string,
  page: BundlePage,
  after: string,
): JsonText | JsonStream {
  const isWhole = page.heads.every((head) => head.rows !== null);
  if (isWhole) {
    const bundles = page.heads.map((head) => `${head.json},"rows":[${head.rows ?? ''}]}`);
    return { json: `${before}${bundles.join(',')}${after}` };
  }
  return {
    jsonChunks: (async function* (): AsyncGenerator<string, void, undefined> {
      yield before;
      yield* sendSlices(context, scopeId, page.heads);
      yield after;
    })(),
  };
}
