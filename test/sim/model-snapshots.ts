/**
 * The model server's snapshots: sessions with or without a rotation, read in pages or as a stream of lines
 * (`protocol.md` §8, §13.6), in the words of the device that asked.
 */
import { must } from '../../shared/assert.ts';
import { textHash } from '../../shared/protocol/bundle-hash.ts';
import type { SnapshotRow } from '../../shared/protocol/shapes.ts';
import { epochMember, nextId, renderRow } from './model-state.ts';
import type { Caller, ModelState } from './model-state.ts';
import { refuse, reply } from './model-store.ts';
import type { ModelStore, Reply } from './model-store.ts';

const PAGE_ROWS = 9;

function rotate(
  state: ModelState,
  source: string,
  replacement: Record<string, unknown>,
): Reply | null {
  const { sources } = state;
  const next = String(replacement['new_source_id']);
  if (replacement['previous_source_id'] !== source || next === source)
    return refuse(400, 'snapshot_session_invalid');
  const previous = sources.get(source) ?? {
    state: 'active' as const,
    last: 0,
    replacedBy: '',
    tuple: null,
  };
  if (previous.state === 'retired')
    return previous.replacedBy === next
      ? null
      : refuse(409, 'source_retired', {
          source_id: source,
          replaced_by_source_id: previous.replacedBy,
        });
  if (sources.has(next)) return refuse(409, 'source_replacement_invalid');
  sources.set(next, { state: 'reserved', last: 0, replacedBy: '', tuple: null });
  sources.set(source, { ...previous, state: 'retired', replacedBy: next });
  return null;
}

export function createSnapshot(
  store: ModelStore,
  state: ModelState,
  caller: Caller,
  body: Record<string, unknown>,
): Reply {
  const replacement = body['source_replacement'];
  if (replacement !== undefined) {
    const refused = rotate(state, caller.source, replacement as Record<string, unknown>);
    if (refused !== null) return refused;
  }
  const rows = store.names.flatMap((name) =>
    store
      .sql()
      .all(`select id from "${name}" order by id`)
      .flatMap((row) => {
        const id = String(row['id']);
        const version = must(state.versions.get(`${name} ${id}`), 'a live row has a state').version;
        const rendered = renderRow(caller, {
          schema: caller.schema.name,
          table: name,
          key: { id },
          op: 'INSERT',
          row_version: version,
          payload: store.wireRow(name, id) ?? {},
        });
        if (rendered === null) return [];
        const { op: _op, ...plain } = rendered;
        return [JSON.stringify(plain)];
      }),
  );
  const snapshotId = nextId(state);
  state.snapshots.set(snapshotId, { seq: state.latest, rows });
  return reply(200, {
    snapshot_id: snapshotId,
    snapshot_bundle_seq: state.latest,
    row_count: rows.length,
    byte_count: rows.reduce((sum, row) => sum + Buffer.byteLength(row), 0),
    expires_at: '2099-01-01T00:00:00Z',
  });
}

function readPage(
  state: ModelState,
  snapshotId: string,
  query: Readonly<Record<string, string>>,
): Reply {
  const snapshot = state.snapshots.get(snapshotId);
  if (snapshot === undefined) return refuse(404, 'snapshot_session_not_found');
  const after = Number(query['after_row_ordinal'] ?? 0);
  const rows = snapshot.rows.slice(after, after + PAGE_ROWS);
  return reply(200, {
    snapshot_id: snapshotId,
    snapshot_bundle_seq: snapshot.seq,
    rows: rows.map((row) => JSON.parse(row) as unknown),
    next_row_ordinal: after + rows.length,
    has_more: after + rows.length < snapshot.rows.length,
    byte_count: rows.reduce((sum, row) => sum + Buffer.byteLength(row), 0),
  });
}

/** One segment as the text of its lines. Segments are cut short, so that there are several. */
function readStream(
  state: ModelState,
  caller: Caller,
  snapshotId: string,
  query: Readonly<Record<string, string>>,
  segmentRowsMax: number,
): Reply {
  const snapshot = state.snapshots.get(snapshotId);
  if (snapshot === undefined) return refuse(404, 'snapshot_session_not_found');
  const after = Number(query['after_row_ordinal'] ?? 0);
  const most = Math.min(Number(query['max_rows'] ?? Infinity), segmentRowsMax);
  const all = snapshot.rows.map((row) => JSON.parse(row) as SnapshotRow);
  let first = 1;
  const tables = Object.entries(caller.schema.tables).map(([table, declared]) => {
    const rowCount = all.filter((row) => row.table === table).length;
    const firstOfTable = all.findIndex((row) => row.table === table) + 1;
    if (rowCount > 0) first = firstOfTable;
    return {
      schema: caller.schema.name,
      table,
      key: declared.key,
      columns: Object.keys(declared.columns),
      first_row_ordinal: rowCount > 0 ? firstOfTable : first,
      row_count: rowCount,
    };
  });
  const header = {
    type: 'header',
    version: 1,
    snapshot_id: snapshotId,
    snapshot_bundle_seq: snapshot.seq,
    row_count: all.length,
    after_row_ordinal: after,
    expires_at: '2099-01-01T00:00:00Z',
    ...epochMember(state, caller),
    tables: tables.toSorted((a, b) => a.first_row_ordinal - b.first_row_ordinal),
  };
  const rows = all.slice(after, after + most);
  const lines = rows.map((row) => {
    const { columns } = must(caller.schema.tables[row.table], 'a rendered table');
    const values = Object.keys(columns).map((name) => row.payload[name] ?? null);
    return `${JSON.stringify([row.row_version, ...values])}\n`;
  });
  const trailer = {
    type: 'trailer',
    row_count: rows.length,
    next_row_ordinal: after + rows.length,
    has_more: after + rows.length < all.length,
    hash: textHash(lines.join('')),
  };
  const text = `${JSON.stringify(header)}\n${lines.join('')}${JSON.stringify(trailer)}\n`;
  return reply(200, text);
}

export function useSnapshot(
  state: ModelState,
  caller: Caller,
  request: { readonly method: string; readonly path: string },
  query: Readonly<Record<string, string>>,
  segmentRowsMax: number,
): Reply {
  const [snapshotId = '', action] = request.path
    .slice('/sync/snapshot-sessions/'.length)
    .split('/');
  if (request.method === 'DELETE') return reply(state.snapshots.delete(snapshotId) ? 204 : 404);
  return action === 'stream'
    ? readStream(state, caller, snapshotId, query, segmentRowsMax)
    : readPage(state, snapshotId, query);
}
