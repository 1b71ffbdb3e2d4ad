/**
 * E5: a frozen snapshot as lines (protocol.md §13.6): the versions and values of its rows, without the names,
 * in the order that the header gives.
 *
 * The frame (hash, trailer, compression) is the route's; here are the header and the row lines.
 */
import type { SnapshotStreamHeader } from '../../shared/protocol/snapshot.ts';
import type { Caller } from './caller.ts';
import type { SyncContext } from './context.ts';
import { rangesOf, readFrozen } from './frozen-rows.ts';
import { numberOf, textOf } from './record.ts';
import { columnsByName } from './render.ts';
import { findSnapshotSession } from './snapshot-session.ts';

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
  const { pageRowsMax, pageBytesMax } = context.limits.snapshotStream;
  const slices = { snapshotId, rowsMax: pageRowsMax, bytesMax: pageBytesMax };
  return {
    header: {
      type: 'header',
      version: 1,
      snapshot_id: snapshotId,
      snapshot_bundle_seq: numberOf(session, 'snapshot_bundle_seq'),
      row_count: rowCount,
      after_row_ordinal: after,
      expires_at: context.clock.toRfc3339(numberOf(session, 'expires_at_ms')),
      tables: ranges.map(({ table, first, last }) => ({
        schema: table.schema,
        table: table.table,
        key: table.key,
        columns: columnsByName(table).map((column) => column.name),
        first_row_ordinal: first,
        row_count: last - first + 1,
      })),
    },
    rowCount: end - after,
    pages: readFrozen(context, caller, { ...slices, from: after, to: end, formats: null }),
  };
}
