/**
 * E5: a frozen snapshot as lines (protocol.md §13.6). Rows are read page by page by ordinal, each page in
 * a short transaction of its own, so that a slow reader holds no connection and no more than one page of
 * memory. The text of a line is made from the frozen text: its members without their names, in the order
 * that the header gives.
 *
 * The frame (hash, trailer, compression) is the route's; here are the header and the row lines.
 */
import { assert, must } from '../../shared/assert.ts';
import type { SnapshotStreamHeader } from '../../shared/protocol/snapshot.ts';
import type { Caller } from './caller.ts';
import type { SyncContext } from './context.ts';
import { numberOf, textOf } from './record.ts';
import { refuse } from './refusal.ts';
import type { RegisteredTable } from './registry.ts';
import { findSnapshotSession } from './snapshot.ts';

export interface SnapshotStreamRequest {
  readonly snapshotId: string;
  readonly afterRowOrdinal: number;
  /** Null reads to the end. */
  readonly rowsMax: number | null;
}

export interface SnapshotLines {
  readonly header: SnapshotStreamHeader;
  /** Rows of this response. */
  readonly rowCount: number;
  /** Pages of whole lines, each ending with LF. Throws a `Refusal` when the rows are gone. */
  readonly pages: AsyncIterable<string>;
}

/** The rows of one table inside the session: `first` to `last`, both inclusive. */
interface Range {
  readonly table: RegisteredTable;
  readonly columns: readonly string[];
  readonly first: number;
  readonly last: number;
}

const READ_PAGE = `
  select body from (
    select ordinal, body, sum(bytes) over (order by ordinal) as running, row_number() over (order by ordinal) as place
    from sync.snapshot_row
    where scope_id = $1::uuid and snapshot_id = $2::uuid and ordinal > $3::bigint and ordinal <= $4::bigint
  ) candidate
  where running <= $5::bigint or place = 1 order by ordinal`;

function rangesOf(context: SyncContext, tables: unknown): readonly Range[] {
  assert(Array.isArray(tables), 'a snapshot session knows its tables');
  let next = 1;
  return tables.map((entry: unknown): Range => {
    const [tableNo, rows, version] = entry as readonly [number, number, number];
    const table = must(
      context.registry.tablesAt(version).find((one) => one.tableNo === tableNo),
      'a frozen table is registered',
    );
    const first = next;
    next += rows;
    return { table, columns: table.columns.map((column) => column.name), first, last: next - 1 };
  });
}

interface FrozenRow {
  readonly row_version: number;
  readonly payload: Readonly<Record<string, unknown>>;
}

/** Values are strings, booleans, null and nested JSON in canonical spelling: parsing keeps them all. */
function lineOf(body: string, columns: readonly string[]): string {
  const row = JSON.parse(body) as FrozenRow;
  const values = columns.map((column) => row.payload[column]);
  return `${JSON.stringify([row.row_version, ...values])}\n`;
}

async function* readPages(
  context: SyncContext,
  caller: Caller,
  snapshotId: string,
  ranges: readonly Range[],
  from: number,
  to: number,
): AsyncGenerator<string, void, undefined> {
  const { pageRowsMax, pageBytesMax } = context.limits.snapshotStream;
  let after = from;
  let place = 0;
  while (after < to) {
    const rows = await context.database.transaction(
      { isolation: 'read-committed', readOnly: true, scopeId: caller.scopeId },
      async (tx) => {
        await findSnapshotSession(tx, caller, snapshotId, context.clock.nowMs());
        return tx.query(READ_PAGE, [
          caller.scopeId,
          snapshotId,
          after,
          Math.min(to, after + pageRowsMax),
          pageBytesMax,
        ]);
      },
    );
    if (rows.length === 0) {
      // The unlogged rows went with a crash of the database while the header stayed.
      refuse('snapshot_session_not_found', 'there is no such snapshot session');
    }
    let page = '';
    for (const row of rows) {
      after += 1;
      while (must(ranges[place], 'every row belongs to a table').last < after) place += 1;
      page += lineOf(textOf(row, 'body'), must(ranges[place], 'checked above').columns);
    }
    yield page;
  }
}

/** Opens a stream: access is checked and the header is known before anything is sent. */
export async function openSnapshotStream(
  context: SyncContext,
  caller: Caller,
  request: SnapshotStreamRequest,
): Promise<SnapshotLines> {
  const { snapshotId, afterRowOrdinal: after } = request;
  const session = await context.database.transaction(
    { isolation: 'read-committed', readOnly: true, scopeId: caller.scopeId },
    (tx) => findSnapshotSession(tx, caller, snapshotId, context.clock.nowMs()),
  );
  const rowCount = numberOf(session, 'row_count');
  const ranges = rangesOf(context, JSON.parse(textOf(session, 'tables')));
  const end = Math.max(after, Math.min(rowCount, after + (request.rowsMax ?? rowCount)));
  return {
    header: {
      type: 'header',
      version: 1,
      snapshot_id: snapshotId,
      snapshot_bundle_seq: numberOf(session, 'snapshot_bundle_seq'),
      row_count: rowCount,
      after_row_ordinal: after,
      expires_at: context.clock.toRfc3339(numberOf(session, 'expires_at_ms')),
      tables: ranges.map(({ table, columns, first, last }) => ({
        schema: table.schema,
        table: table.table,
        key: table.key,
        columns: [...columns],
        first_row_ordinal: first,
        row_count: last - first + 1,
      })),
    },
    rowCount: end - after,
    pages: readPages(context, caller, snapshotId, ranges, after, end),
  };
}
