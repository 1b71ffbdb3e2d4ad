/**
 * A household of any size for the benches, and a transport that serves it from memory as a snapshot: what the
 * device does with it is measured, not a server. A kitchen that collected recipes for years: each has
 * twelve ingredients. The same size gives the same rows.
 */
import { connectPath } from '../../shared/protocol/connect.ts';
import { capabilitiesPath } from '../../shared/protocol/capabilities.ts';
import { snapshotSessionsPath } from '../../shared/protocol/snapshot.ts';
import type { SnapshotRow } from '../../shared/protocol/shapes.ts';
import { protocolVersion } from '../../shared/protocol/version.ts';
import { textHash } from '../../shared/protocol/bundle-hash.ts';
import { kitchenSchema } from '../../shared/schema/tables.ts';
import type { Schema } from '../../shared/schema/types.ts';
import { tableOrder } from '../../shared/schema/validate.ts';
import type { SyncAnswer, SyncRequest, Transport } from '../../worker/engine/ports.ts';
import { SEGMENT_ROWS_MAX } from '../../worker/engine/snapshot-stream.ts';

const AT = '2026-11-20T14:02:31.000Z';
const INGREDIENTS_PER_RECIPE = 12;

const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, '0');
/** Ordered in time, as the product makes them. */
const idOf = (kind: number, index: number): string =>
  `01a2${hex(kind, 4)}-${hex(index >>> 12, 4)}-7${hex(index & 0xfff, 3)}-8000-${hex(index, 12)}`;

/** Every column, with what a declaration asks for where the row does not care. */
function complete(table: string, row: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const columns = (kitchenSchema as Schema).tables[table]?.columns ?? {};
  return Object.fromEntries(
    Object.entries(columns).map(([name, column]) => {
      if (row[name] !== undefined) return [name, row[name]];
      if (column.nullable) return [name, null];
      if (column.kind === 'flag') return [name, false];
      return [name, String(column.default ?? column.values?.[0] ?? '')];
    }),
  );
}

function rowOf(table: string, id: string, more: Readonly<Record<string, unknown>>): SnapshotRow {
  const payload = complete(table, { id, created_at: AT, edited_at: AT, ...more });
  return { schema: kitchenSchema.name, table, key: { id }, row_version: 1, payload };
}

export function largeHousehold(rowCount: number): readonly SnapshotRow[] {
  const recipes = Math.ceil(rowCount / (1 + INGREDIENTS_PER_RECIPE));
  const ingredients = rowCount - recipes;
  const rows: SnapshotRow[] = [];
  for (let n = 0; n < recipes; n += 1)
    rows.push(
      rowOf('recipes', idOf(1, n), {
        title: `Stew of the day number ${n}`,
        servings: '4',
        notes: 'Brown the onions slowly, then everything else; better on the second day.',
      }),
    );
  for (let n = 0; n < ingredients; n += 1)
    rows.push(
      rowOf('recipe_ingredients', idOf(2, n), {
        recipe_id: idOf(1, Math.floor(n / INGREDIENTS_PER_RECIPE)),
        wording: `${n % 9} large carrots, peeled and cut into slices of ${n % 7} mm`,
        quantity_milli: String((n % 9) * 1000),
        position: `a${hex(n % INGREDIENTS_PER_RECIPE, 2)}`,
      }),
    );
  return rows;
}

const answer = (body: unknown): SyncAnswer => ({ type: 'answer', status: 200, headers: {}, body });

/** Serves `rows` as the streamed snapshot of bundle 1; its text is made beforehand and not paid for. */
export function snapshotTransport(rows: readonly SnapshotRow[]): Transport {
  const segments = new Map<number, string>();
  const tables = tablesOf(rows);
  for (let at = 0; at < Math.max(1, rows.length); at += SEGMENT_ROWS_MAX)
    segments.set(at, segmentText(rows, tables, at));
  const answerTo = ({ method, path, query }: SyncRequest): SyncAnswer => {
    if (path === capabilitiesPath) return answer(capabilities);
    if (path === connectPath) return answer({ resolution: 'remote_authoritative' });
    if (path === snapshotSessionsPath)
      return answer({
        snapshot_id: SNAPSHOT_ID,
        snapshot_bundle_seq: 1,
        row_count: rows.length,
        byte_count: [...segments.values()].reduce((sum, { length }) => sum + length, 0),
        expires_at: EXPIRES_AT,
      });
    if (method === 'DELETE') return answer(null);
    return answer(segments.get(Number(query?.['after_row_ordinal'] ?? 0)));
  };
  return {
    request: (request) => Promise.resolve(answerTo(request)),
    watch: () => () => undefined,
  };
}

interface StreamedTable {
  readonly schema: string;
  readonly table: string;
  readonly key: string;
  readonly columns: readonly string[];
  readonly first_row_ordinal: number;
  readonly row_count: number;
}

function tablesOf(rows: readonly SnapshotRow[]): readonly StreamedTable[] {
  return [...new Set(rows.map(({ table }) => table))].map((table) => ({
    schema: kitchenSchema.name,
    table,
    key: 'id',
    columns: Object.keys((kitchenSchema as Schema).tables[table]?.columns ?? {}),
    first_row_ordinal: rows.findIndex((row) => row.table === table) + 1,
    row_count: rows.filter((row) => row.table === table).length,
  }));
}

function segmentText(
  rows: readonly SnapshotRow[],
  tables: readonly StreamedTable[],
  after: number,
): string {
  const columns = new Map(tables.map(({ table, columns: names }) => [table, names]));
  const lines = rows.slice(after, after + SEGMENT_ROWS_MAX).map((row) => {
    const values = (columns.get(row.table) ?? []).map((name) => row.payload[name] ?? null);
    return `${JSON.stringify([row.row_version, ...values])}\n`;
  });
  const header = {
    type: 'header',
    version: 1,
    snapshot_id: SNAPSHOT_ID,
    snapshot_bundle_seq: 1,
    row_count: rows.length,
    after_row_ordinal: after,
    expires_at: EXPIRES_AT,
    tables,
  };
  const next = after + lines.length;
  const trailer = {
    type: 'trailer',
    row_count: lines.length,
    next_row_ordinal: next,
    has_more: next < rows.length,
    hash: textHash(lines.join('')),
  };
  return `${JSON.stringify(header)}\n${lines.join('')}${JSON.stringify(trailer)}\n`;
}

const EXPIRES_AT = '2030-01-01T00:00:00Z';
const SNAPSHOT_ID = '5b1f5a4e-3d7e-4c5b-9d2f-0c6a7f1f2a3b';

const capabilities = {
  protocol_version: protocolVersion,
  schema_version: kitchenSchema.version,
  features: { connect_lifecycle: true, snapshot_stream: true },
  registered_tables: [],
  registered_table_specs: tableOrder(kitchenSchema).map((table) => ({
    schema: kitchenSchema.name,
    table,
    sync_key_columns: ['id'],
  })),
  bundle_limits: {
    default_rows_per_snapshot_chunk: 1000,
    max_rows_per_snapshot_chunk: 5000,
    default_bytes_per_snapshot_chunk: 4_194_304,
    max_bytes_per_snapshot_chunk: 16_777_216,
    max_bytes_per_snapshot_row: 4_194_304,
    max_concurrent_snapshot_builds: 8,
    max_concurrent_snapshot_chunk_requests: 4,
    default_rows_per_push_chunk: 1000,
  },
};
