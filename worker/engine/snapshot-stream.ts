/**
 * A snapshot as a stream of lines (`protocol.md` §13.6): segments of many rows, each checked against its own
 * trailer and kept whole, or dropped whole and asked for again. What was kept stays while the server keeps the
 * session, so a fetch that was interrupted goes on after the last whole segment.
 */
import { must } from '../../shared/assert.ts';
import { textHash } from '../../shared/protocol/bundle-hash.ts';
import {
  snapshotSessionPath,
  snapshotStreamHeader,
  snapshotStreamTrailer,
} from '../../shared/protocol/snapshot.ts';
import type { SnapshotStreamHeader } from '../../shared/protocol/snapshot.ts';
import { err, ok } from '../../shared/result.ts';
import type { Result } from '../../shared/result.ts';
import type { Call, Decoder } from './calls.ts';
import type { Catalog, SyncedTable } from './catalog.ts';
import { protocolFailure } from './failures.ts';
import type { SyncFailure } from './failures.ts';

/** Rows asked for at once: some megabytes, and what at most is fetched twice. */
export const SEGMENT_ROWS_MAX = 20_000;

/** The session's numbers that every segment must agree with. */
export interface StreamedSession {
  readonly snapshotId: string;
  readonly bundleSeq: number;
  readonly rowCount: number;
  readonly byteCount: number;
}

export interface StreamedRow {
  readonly ordinal: number;
  readonly table: SyncedTable;
  readonly id: string;
  readonly version: number;
  /** As a page would bring it. Values are checked when they are applied. */
  readonly payload: Readonly<Record<string, unknown>>;
}

/** A segment whose text is what its trailer says it is. */
export interface Segment {
  /** Rows of the snapshot before the first line. */
  readonly after: number;
  readonly lines: readonly string[];
  readonly ranges: readonly Range[];
  readonly hasMore: boolean;
}

export const segmentCall = (session: StreamedSession, after: number, sourceId: string): Call => ({
  operation: 'snapshot-stream',
  method: 'GET',
  path: `${snapshotSessionPath(session.snapshotId)}/stream`,
  query: { after_row_ordinal: String(after), max_rows: String(SEGMENT_ROWS_MAX) },
  sourceId,
});

export const segmentText: Decoder<string> = {
  safeParse: (value) =>
    typeof value === 'string' ? { success: true, data: value } : { success: false },
};

/** Tables of the header by the ordinals of their rows. */
interface Range {
  readonly table: SyncedTable;
  /** The column of each value of a line, in order. */
  readonly names: readonly string[];
  readonly keyAt: number;
  readonly first: number;
  readonly end: number;
}

function rangesOf(
  catalog: Catalog,
  header: SnapshotStreamHeader,
): Result<readonly Range[], SyncFailure> {
  const ranges: Range[] = [];
  for (const named of header.tables) {
    if (named.row_count === 0) continue;
    const table = catalog.byName.get(named.table.toLowerCase());
    if (table === undefined || named.schema.toLowerCase() !== catalog.schemaName)
      return err(protocolFailure('unknown-table', 'snapshot'));
    ranges.push({
      table,
      names: named.columns,
      keyAt: named.columns.indexOf(table.declared.key),
      first: named.first_row_ordinal,
      end: named.first_row_ordinal + named.row_count,
    });
  }
  return ok(ranges.toSorted((a, b) => a.first - b.first));
}

/** The value of one line, or undefined where it is no JSON. */
function parseLine(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

/** One line `[row_version, value…]`, or null where it is none. */
function readRow(
  { table, names, keyAt }: Range,
  ordinal: number,
  line: string,
): StreamedRow | null {
  const values = parseLine(line);
  if (!Array.isArray(values) || values.length !== names.length + 1) return null;
  const [version, ...columns] = values as unknown[];
  const id = columns[keyAt];
  if (
    typeof version !== 'number' ||
    !Number.isSafeInteger(version) ||
    version < 1 ||
    typeof id !== 'string'
  )
    return null;
  const payload: Record<string, unknown> = {};
  for (const [index, name] of names.entries()) payload[name] = columns[index] ?? null;
  return { ordinal, table, id, version, payload };
}

/** The rows of a segment, all of them or none. */
export function readRows({
  after,
  lines,
  ranges,
}: Segment): Result<readonly StreamedRow[], SyncFailure> {
  const rows: StreamedRow[] = [];
  let at = 0;
  for (const [index, line] of lines.entries()) {
    const ordinal = after + index + 1;
    while (at < ranges.length && ordinal >= must(ranges[at], 'a range').end) at += 1;
    const range = ranges[at];
    if (range === undefined || ordinal < range.first)
      return err(protocolFailure('page-ordinal', 'snapshot'));
    const row = readRow(range, ordinal, line);
    if (row === null) return err(protocolFailure('row-invalid', range.table.name));
    rows.push(row);
  }
  return ok(rows);
}

function headerFault(
  header: SnapshotStreamHeader,
  session: StreamedSession,
  after: number,
): string | null {
  if (header.snapshot_id !== session.snapshotId) return 'page-of-another-snapshot';
  if (header.snapshot_bundle_seq !== session.bundleSeq) return 'page-of-another-bundle';
  if (header.row_count !== session.rowCount) return 'row-total-differs';
  return header.after_row_ordinal === after ? null : 'page-ordinal';
}

const readObject = <T>(decoder: Decoder<T>, line: string): T | null => {
  const decoded = decoder.safeParse(parseLine(line));
  return decoded.success ? decoded.data : null;
};

/** A segment that is whole, or why it is not; `cut` asks for the same one again. */
export function readSegment(
  catalog: Catalog,
  session: StreamedSession,
  after: number,
  text: string,
): Result<Segment | 'cut', SyncFailure> {
  const lines = text.split('\n');
  // A stream that ends without its trailer was cut off by a failure on the way.
  const trailer =
    lines.at(-1) === '' ? readObject(snapshotStreamTrailer, lines.at(-2) ?? '') : null;
  if (trailer === null) return ok('cut');
  const header = readObject(snapshotStreamHeader, lines[0] ?? '');
  if (header === null) return err(protocolFailure('malformed-answer', 'snapshot-stream'));
  const fault = headerFault(header, session, after);
  if (fault !== null) return err(protocolFailure(fault, 'snapshot'));
  const rowLines = lines.slice(1, -2);
  const end = after + rowLines.length;
  if (trailer.row_count !== rowLines.length || trailer.next_row_ordinal !== end)
    return err(protocolFailure('page-ordinal', 'snapshot'));
  if (trailer.has_more !== end < session.rowCount || (trailer.has_more && rowLines.length === 0))
    return err(protocolFailure('row-total-differs', 'snapshot'));
  const hashed = rowLines.length === 0 ? '' : `${rowLines.join('\n')}\n`;
  if (textHash(hashed) !== trailer.hash)
    return err(protocolFailure('segment-hash-differs', 'snapshot'));
  const ranges = rangesOf(catalog, header);
  if (!ranges.ok) return ranges;
  return ok({ after, lines: rowLines, ranges: ranges.value, hasMore: trailer.has_more });
}
