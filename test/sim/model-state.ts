/**
 * What the model server remembers of its household, as plain data, and who is calling. All of it can be
 * copied, so a test can take a backup, go on, and put the backup back as an operator would.
 */
import { must } from '../../shared/assert.ts';
import { bundleHash } from '../../shared/protocol/bundle-hash.ts';
import type { Bundle, BundleRow, PushRequestRow } from '../../shared/protocol/shapes.ts';
import type { Schema } from '../../shared/schema/types.ts';
import type { SyncRequest } from '../../worker/engine/ports.ts';
import { refuse } from './model-store.ts';
import type { Reply } from './model-store.ts';

export interface Source {
  state: 'active' | 'reserved' | 'retired';
  last: number;
  replacedBy: string;
  tuple: Committed | null;
}

export interface Committed {
  readonly sourceBundleId: number;
  readonly requestHash: string;
  readonly bundleSeq: number;
  readonly rowCount: number;
  readonly bundleHash: string;
}

export interface Session {
  readonly source: string;
  readonly sourceBundleId: number;
  readonly planned: number;
  readonly hash: string;
  readonly initializationId: string;
  rows: PushRequestRow[];
}

export interface Snapshot {
  readonly seq: number;
  /** Rows as the device that asked is sent them, as text. */
  readonly rows: readonly string[];
}

export interface ModelState {
  scope: 'none' | 'initializing' | 'initialized';
  lease: { id: string; source: string };
  latest: number;
  floor: number;
  ids: number;
  /** Where the next bundle is numbered, when a new epoch left a gap; else it follows `latest`. */
  nextSeq: number | null;
  /** Unbroken histories, oldest first; `base` is the last number that one shares with those before. */
  epochs: { readonly id: string; readonly base: number }[];
  gaps: { readonly base: number; readonly first: number }[];
  restorePolicy: 'reoffer' | 'discard';
  sources: Map<string, Source>;
  bundles: Bundle[];
  sessions: Map<string, Session>;
  snapshots: Map<string, Snapshot>;
  versions: Map<string, { version: number; deleted: boolean }>;
}

export interface Backup {
  readonly state: ModelState;
  readonly image: Uint8Array;
}

export const newState = (): ModelState => ({
  scope: 'none',
  lease: { id: '', source: '' },
  latest: 0,
  floor: 0,
  ids: 0,
  nextSeq: null,
  epochs: [{ id: '00000000-0000-4000-9000-000000000001', base: 0 }],
  gaps: [],
  restorePolicy: 'reoffer',
  sources: new Map(),
  bundles: [],
  sessions: new Map(),
  snapshots: new Map(),
  versions: new Map(),
});

export function nextId(state: ModelState): string {
  state.ids += 1;
  return `00000000-0000-4000-8000-${String(state.ids).padStart(12, '0')}`;
}

/** Who calls, and in which words the answer must be. */
export interface Caller {
  readonly source: string;
  readonly knowsEpochs: boolean;
  readonly epoch: string | null;
  /** The declarations of the caller's schema version. */
  readonly schema: Schema;
  readonly schemaVersion: number | null;
}

export function callerOf(request: SyncRequest, schemas: readonly Schema[]): Caller {
  const newest = must(schemas.at(-1), 'a schema is served');
  const extensions = request.headers['Oversync-Extensions'] ?? '';
  const version = request.headers['Oversync-Schema-Version'];
  return {
    source: request.headers['Oversync-Source-ID'] ?? '',
    knowsEpochs: extensions.includes('server_epoch'),
    epoch: request.headers['Oversync-Server-Epoch'] ?? null,
    schema: schemas.find((schema) => schema.version === Number(version)) ?? newest,
    schemaVersion: version === undefined ? null : Number(version),
  };
}

/** Another history than the caller's: refused before anything is read or written (§13.7). */
export function epochRefusal(state: ModelState, caller: Caller): Reply | null {
  const current = must(state.epochs.at(-1), 'there is an epoch');
  if (!caller.knowsEpochs || caller.epoch === null || caller.epoch === current.id) return null;
  const known = state.epochs.findIndex((epoch) => epoch.id === caller.epoch);
  const later = state.epochs.slice(known + 1).map((epoch) => epoch.base);
  return refuse(409, 'server_epoch_changed', {
    server_epoch: current.id,
    epoch_base_bundle_seq: known < 0 ? null : Math.min(...later),
    latest_bundle_seq: state.latest,
    restore_policy: state.restorePolicy,
  });
}

export const epochMember = (state: ModelState, caller: Caller): Record<string, unknown> =>
  caller.knowsEpochs ? { server_epoch: state.epochs.at(-1)?.id } : {};

/** One row in the caller's words, or null where its schema has no such table. */
export function renderRow<Row extends BundleRow>(caller: Caller, row: Row): Row | null {
  const table = caller.schema.tables[row.table];
  if (table === undefined) return null;
  if (row.payload === undefined || row.payload === null) return row;
  const columns = Object.entries(row.payload).filter(([name]) => name in table.columns);
  return { ...row, payload: Object.fromEntries(columns) };
}

export function renderBundle(state: ModelState, caller: Caller, bundle: Bundle): Bundle {
  const rows = bundle.rows.flatMap((row) => renderRow(caller, row) ?? []);
  const previous = state.bundles.filter((b) => b.bundle_seq < bundle.bundle_seq).at(-1);
  return {
    ...bundle,
    row_count: rows.length,
    bundle_hash: bundleHash(rows).hash,
    rows,
    ...(caller.knowsEpochs ? { previous_bundle_seq: previous?.bundle_seq ?? state.floor } : {}),
  };
}
