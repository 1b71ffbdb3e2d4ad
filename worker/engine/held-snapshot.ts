/**
 * The first download of a device that has nothing: its segments wait in memory and go into the tables in one
 * transaction, without a stage on disk. A stage would cost each row a second writing and leave half of the
 * file empty. A worker that ends meanwhile has lost what it fetched, and nothing else: the session is still
 * known, so the next one begins it anew. Larger snapshots, and devices with rows of their own, use the stage.
 */
import { Rollback } from './failures.ts';
import type { Catalog } from './catalog.ts';
import { keyJsonOf, writeRow } from './catalog.ts';
import { decodePayload } from './decode.ts';
import { REBUILD_ROWS_MIN, withBareTables } from './insert-unknown.ts';
import type { Sql } from './ports.ts';
import { readRows } from './snapshot-stream.ts';
import type { Segment, StreamedRow } from './snapshot-stream.ts';

/** Bytes of a snapshot, as its session counts them, that a worker holds at most: some 150,000 rows. */
export const HELD_BYTES_MAX: number = 64 * 1024 * 1024;

export interface HeldSnapshot {
  readonly snapshotId: string;
  readonly segments: Segment[];
}

export const countHeldRows = ({ segments }: HeldSnapshot): number =>
  segments.reduce((sum, { lines }) => sum + lines.length, 0);

/** A segment's rows at a time; nothing of what they say has been checked before. */
export function* heldRows({ segments }: HeldSnapshot): Generator<readonly StreamedRow[]> {
  for (const segment of segments) {
    const rows = readRows(segment);
    if (!rows.ok) throw new Rollback(rows.error);
    yield rows.value;
  }
}

/** Puts the rows into empty tables, with their states. */
export function insertHeldRows(sql: Sql, catalog: Catalog, held: HeldSnapshot): void {
  const insert = (): void => {
    for (const rows of heldRows(held)) insertRows(sql, catalog, rows);
  };
  if (countHeldRows(held) < REBUILD_ROWS_MIN) insert();
  else withBareTables(sql, catalog, insert);
}

function insertRows(sql: Sql, catalog: Catalog, rows: readonly StreamedRow[]): void {
  for (const { table, id, payload } of rows) {
    const row = decodePayload(table, id, payload);
    if (!row.ok) throw new Rollback(row.error);
    writeRow(sql, table, row.value);
  }
  // Statement by statement: changing between two for each row would cost more than it writes.
  for (const { table, id, version } of rows)
    sql.run(
      `insert into _sync_row_state (schema_name, table_name, key_json, row_version, deleted)
       values (?1, ?2, ?3, ?4, 0)`,
      [catalog.schemaName, table.name, keyJsonOf(table, id), version],
    );
}
