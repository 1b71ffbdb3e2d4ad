/**
 * Committed bundles from the wire as the engine applies them (`protocol.md` §6.2): every row of a known
 * table, every payload exact, the hash verified where one came along. A violation is a protocol failure
 * and nothing of the bundle is applied.
 */
import { bundleHash } from '../../shared/protocol/bundle-hash.ts';
import type { Bundle, BundleNote, BundleRow, SnapshotRow } from '../../shared/protocol/shapes.ts';
import { err, ok } from '../../shared/result.ts';
import type { Result } from '../../shared/result.ts';
import { rowFromWire } from '../../shared/schema/row-codec.ts';
import { valueFromWire } from '../../shared/schema/row-codec.ts';
import type { LocalRow } from '../../shared/schema/row-codec.ts';
import type { Catalog, SyncedTable } from './catalog.ts';
import { protocolFailure, rowFailure } from './failures.ts';
import type { SyncFailure } from './failures.ts';
import type { ServerRow } from './resolutions.ts';

export interface DecodedBundle {
  readonly bundleSeq: number;
  readonly previousSeq?: number;
  readonly sourceId: string;
  readonly sourceBundleId: number;
  readonly note: BundleNote | null;
  readonly rows: readonly ServerRow[];
}

interface NamedRow {
  readonly schema: string;
  readonly table: string;
  readonly key: Readonly<Record<string, string>>;
}

/** The table and the key of a row from the server, in any spelling of the schema that means ours. */
export function decodeKey(
  catalog: Catalog,
  row: NamedRow,
): Result<{ table: SyncedTable; id: string }, SyncFailure> {
  const table = catalog.byName.get(row.table.toLowerCase());
  if (table === undefined || row.schema.toLowerCase() !== catalog.schemaName)
    return err(protocolFailure('unknown-table', 'row'));
  const key = table.declared.columns[table.declared.key];
  const names = Object.keys(row.key);
  const id = row.key[table.declared.key];
  if (key === undefined || names.length !== 1 || id === undefined || id.trim() === '')
    return err(protocolFailure('key-invalid', table.name));
  return valueFromWire(key, id).ok
    ? ok({ table, id })
    : err(protocolFailure('key-invalid', table.name));
}

/** A full row whose key column agrees with its key. */
export function decodePayload(
  table: SyncedTable,
  id: string,
  payload: Readonly<Record<string, unknown>>,
): Result<LocalRow, SyncFailure> {
  const row = rowFromWire(table.name, table.declared, payload);
  if (!row.ok) return err(rowFailure(row.error));
  return row.value[table.declared.key] === id
    ? ok(row.value)
    : err(protocolFailure('key-differs', table.name));
}

function decodeRow(catalog: Catalog, row: BundleRow): Result<ServerRow, SyncFailure> {
  const key = decodeKey(catalog, row);
  if (!key.ok) return key;
  const { table, id } = key.value;
  if (row.op === 'DELETE') return ok({ table, id, version: row.row_version, row: null });
  if (row.payload === null || row.payload === undefined)
    return err(protocolFailure('payload-missing', table.name));
  const payload = decodePayload(table, id, row.payload);
  return payload.ok ? ok({ table, id, version: row.row_version, row: payload.value }) : payload;
}

export function decodeRows(
  catalog: Catalog,
  rows: readonly BundleRow[],
): Result<readonly ServerRow[], SyncFailure> {
  const decoded: ServerRow[] = [];
  for (const row of rows) {
    const one = decodeRow(catalog, row);
    if (!one.ok) return one;
    decoded.push(one.value);
  }
  return ok(decoded);
}

export function decodeSnapshotRow(
  catalog: Catalog,
  row: SnapshotRow,
): Result<ServerRow, SyncFailure> {
  return decodeRow(catalog, { ...row, op: 'INSERT' });
}

export function decodeBundle(catalog: Catalog, bundle: Bundle): Result<DecodedBundle, SyncFailure> {
  if (bundle.source_id.trim() === '') return err(protocolFailure('source-blank', 'bundle'));
  if (bundle.row_count !== undefined && bundle.row_count !== bundle.rows.length)
    return err(protocolFailure('row-count-differs', 'bundle'));
  if (bundle.bundle_hash !== undefined && bundleHash(bundle.rows).hash !== bundle.bundle_hash)
    return err(protocolFailure('bundle-hash-differs', 'bundle'));
  const rows = decodeRows(catalog, bundle.rows);
  return rows.ok
    ? ok({
        bundleSeq: bundle.bundle_seq,
        ...(bundle.previous_bundle_seq === undefined
          ? {}
          : { previousSeq: bundle.previous_bundle_seq }),
        sourceId: bundle.source_id,
        sourceBundleId: bundle.source_bundle_id,
        note: bundle.note ?? null,
        rows: rows.value,
      })
    : rows;
}
