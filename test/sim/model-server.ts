/**
 * A small, dull server that speaks the real wire for one household: sources, row versions, push sessions,
 * push in one request, committed rows, pull, snapshots, rotation, retention, watch, server epochs and older
 * schema versions. Its business tables are an SQLite database with real foreign keys, and its effects are
 * captured by triggers, so that cascades are what a database does and not what this file believes. It is the
 * simulator's oracle; nothing of the product's server is used.
 */
import type { Bundle } from '../../shared/protocol/shapes.ts';
import type { LocalRow } from '../../shared/schema/row-codec.ts';
import type { Schema } from '../../shared/schema/types.ts';
import { tableOrder } from '../../shared/schema/validate.ts';
import type { HintEvent, SyncAnswer, SyncRequest, Transport } from '../../worker/engine/ports.ts';
import { createModelPush } from './model-push.ts';
import { createSnapshot, useSnapshot } from './model-snapshots.ts';
import {
  callerOf,
  epochMember,
  epochRefusal,
  newState,
  nextId,
  renderBundle,
} from './model-state.ts';
import type { Backup, Caller } from './model-state.ts';
import { createModelStore, refuse, reply } from './model-store.ts';
import type { ModelServerOptions, Reply } from './model-store.ts';

export interface ModelServer {
  readonly transport: Transport;
  readonly bundles: readonly Bundle[];
  readonly latest: () => number;
  /** Forgets the history up to `floor`. */
  prune(floor: number): void;
  /** Rows of one table by key, in local form. */
  rows(table: string): ReadonlyMap<string, LocalRow>;
  /** Runs statements as a bundle of the server itself. */
  serverWrite(statements: string): void;
  backup(): Backup;
  /**
   * Puts a backup back. Declared, it begins a new server epoch, as the operator's restore does; undeclared,
   * the old numbers are given out again.
   */
  restore(backup: Backup, how?: { readonly policy: 'reoffer' | 'discard' } | 'undeclared'): void;
  /** Only this state from now on: another run of the same test begins here. */
  rewind(backup: Backup): void;
  /** Requests answered so far, as `METHOD path`. */
  readonly log: string[];
}

const SEGMENT_ROWS_MAX = 4;

export async function createModelServer(
  schema: Schema,
  options: ModelServerOptions = {},
): Promise<ModelServer> {
  const schemas = [...(options.olderSchemas ?? []), schema];
  let state = newState();
  /** The highest number that was ever given out, in whatever history. */
  let highest = 0;
  let restores = 0;
  const store = await createModelStore(schema, options, () => state.versions);
  const listeners = new Set<(event: HintEvent) => void>();
  const log: string[] = [];
  const push = createModelPush(
    store,
    options,
    () => state,
    (bundleSeq) => {
      highest = Math.max(highest, bundleSeq);
      for (const listener of listeners) listener({ type: 'hint', bundleSeq });
    },
  );

  const capabilities = (caller: Caller): Reply => {
    const isExtended = options.extensions === true;
    return reply(200, {
      protocol_version: 'v1',
      schema_version: schema.version,
      registered_table_specs: tableOrder(caller.schema).map((table) => ({
        schema: schema.name,
        table,
        sync_key_columns: ['id'],
      })),
      features: {
        connect_lifecycle: true,
        bundle_change_watch: true,
        ...(isExtended
          ? {
              single_request_push: true,
              all_conflicts: true,
              push_rejections: true,
              snapshot_stream: true,
              server_epoch: true,
              schema_negotiation: true,
            }
          : {}),
      },
      bundle_limits: {
        default_rows_per_snapshot_chunk: 1000,
        max_rows_per_snapshot_chunk: 5000,
        default_bytes_per_snapshot_chunk: 4_194_304,
        max_bytes_per_snapshot_chunk: 16_777_216,
        max_bytes_per_snapshot_row: 4_194_304,
        max_concurrent_snapshot_builds: 8,
        max_concurrent_snapshot_chunk_requests: 4,
        default_rows_per_push_chunk: 7,
      },
      ...(isExtended ? { extensions: extensionsOf(caller) } : {}),
    });
  };

  const extensionsOf = (caller: Caller): Record<string, unknown> => ({
    single_request_push: {
      max_rows: 2000,
      max_request_bytes: 4_194_304,
      max_response_bytes: 4_194_304,
      max_response_bundles: 3,
    },
    snapshot_stream: { max_concurrent_streams: 4, stall_seconds: 30, encodings: [] },
    ...(caller.knowsEpochs
      ? {
          server_epoch: {
            server_epoch: state.epochs.at(-1)?.id,
            restore_policy: state.restorePolicy,
          },
        }
      : {}),
    schema_negotiation: {
      min_read: schemas[0]?.version ?? 1,
      min_write: options.writesFrom ?? schemas[0]?.version ?? 1,
    },
  });

  const connect = (caller: Caller, body: Record<string, unknown>): Reply => {
    const epoch = epochMember(state, caller);
    if (state.scope === 'initialized')
      return reply(200, { resolution: 'remote_authoritative', ...epoch });
    if (state.scope === 'initializing' && state.lease.source !== caller.source)
      return reply(200, { resolution: 'retry_later', retry_after_seconds: 1, ...epoch });
    if (body['has_local_pending_rows'] !== true) {
      state.scope = 'initialized';
      return reply(200, { resolution: 'initialize_empty', ...epoch });
    }
    if (state.scope === 'none') state.lease = { id: nextId(state), source: caller.source };
    state.scope = 'initializing';
    const initializationId = state.lease.id;
    return reply(200, {
      resolution: 'initialize_local',
      initialization_id: initializationId,
      ...epoch,
    });
  };

  const pull = (caller: Caller, query: Readonly<Record<string, string>>): Reply => {
    const { floor, latest, gaps, bundles } = state;
    const after = Number(query['after_bundle_seq'] ?? 0);
    const target = Number(query['target_bundle_seq'] ?? 0);
    const isInGap = (seq: number): boolean =>
      gaps.some(({ base, first }) => seq > base && seq < first && latest >= first);
    if (after > latest || target > latest)
      return refuse(
        409,
        'checkpoint_ahead',
        caller.knowsEpochs ? { latest_bundle_seq: latest } : {},
      );
    if (after < floor || (target > 0 && target < floor) || isInGap(after) || isInGap(target))
      return refuse(409, 'history_pruned');
    const ceiling = target > 0 ? target : latest;
    const wanted = bundles.filter((b) => b.bundle_seq > after && b.bundle_seq <= ceiling);
    const sent = wanted.slice(0, 4);
    return reply(200, {
      ...epochMember(state, caller),
      stable_bundle_seq: ceiling,
      bundles: sent.map((bundle) => renderBundle(state, caller, bundle)),
      has_more: sent.length < wanted.length,
    });
  };

  const committedRows = (
    caller: Caller,
    path: string,
    query: Readonly<Record<string, string>>,
  ): Reply => {
    const seq = Number(path.split('/')[3]);
    if (seq <= state.floor) return refuse(409, 'history_pruned');
    const known = state.bundles.find((b) => b.bundle_seq === seq);
    if (known === undefined) return refuse(404, 'committed_bundle_not_found');
    const { rows: all, ...header } = renderBundle(state, caller, known);
    const start =
      query['after_row_ordinal'] === undefined ? 0 : Number(query['after_row_ordinal']) + 1;
    const rows = all.slice(start, start + 5);
    return reply(200, {
      ...header,
      rows,
      next_row_ordinal: start + rows.length - 1,
      has_more: start + rows.length < all.length,
    });
  };

  const versionRefusal = (caller: Caller): Reply | null => {
    const { schemaVersion: version } = caller;
    if (version === null || version <= schema.version) {
      const oldest = schemas[0]?.version ?? 1;
      return version === null || version >= oldest
        ? null
        : refuse(409, 'client_upgrade_required', { access: 'none', min_read: oldest });
    }
    return refuse(409, 'schema_version_ahead', { schema_version: schema.version });
  };

  const answer = (request: SyncRequest): Reply => {
    const { method, path } = request;
    const caller = callerOf(request, schemas);
    const query = request.query ?? {};
    const body = (request.body === null ? {} : JSON.parse(request.body)) as Record<string, unknown>;
    if (path === '/sync/capabilities') return capabilities(caller);
    const refused = versionRefusal(caller) ?? epochRefusal(state, caller);
    if (refused !== null) return refused;
    if (path === '/sync/connect') return connect(caller, body);
    if (path === '/sync/push') return push.pushAtOnce(caller, body);
    if (path === '/sync/push-sessions') return push.createSession(caller, body);
    if (path.startsWith('/sync/push-sessions/')) return push.useSession(caller, method, path, body);
    if (path.startsWith('/sync/committed-bundles/')) return committedRows(caller, path, query);
    if (state.scope !== 'initialized')
      return refuse(409, state.scope === 'none' ? 'scope_uninitialized' : 'scope_initializing');
    if (path === '/sync/pull') return pull(caller, query);
    if (path === '/sync/snapshot-sessions') return createSnapshot(store, state, caller, body);
    const segmentRowsMax = options.segmentRowsMax ?? SEGMENT_ROWS_MAX;
    return useSnapshot(state, caller, request, query, segmentRowsMax);
  };

  const put = (backup: Backup): void => {
    state = structuredClone(backup.state);
    store.replace(backup.image);
  };

  return {
    transport: {
      request: (request): Promise<SyncAnswer> => {
        log.push(`${request.method} ${request.path}`);
        const { status, body } = answer(request);
        // Through text, as over a wire: nothing is shared with the client.
        const received: unknown = body === null ? null : JSON.parse(JSON.stringify(body));
        return Promise.resolve({ type: 'answer', status, headers: {}, body: received });
      },
      watch: (_request, onEvent) => {
        listeners.add(onEvent);
        onEvent({ type: 'open' });
        return () => {
          listeners.delete(onEvent);
        };
      },
    },
    get bundles() {
      return state.bundles;
    },
    latest: () => state.latest,
    prune: (to) => {
      state.floor = Math.max(state.floor, Math.min(to, state.latest));
      while ((state.bundles[0]?.bundle_seq ?? Infinity) <= state.floor) state.bundles.shift();
    },
    rows: (table) =>
      new Map(
        store
          .sql()
          .all(`select * from "${table}" order by id`)
          .map((row) => [String(row['id']), row]),
      ),
    serverWrite: (statements) => {
      push.commitBundle('server:test', state.latest + 1, '0'.repeat(64), () => {
        store.sql().script(statements);
      });
    },
    backup: () => ({ state: structuredClone(state), image: store.image() }),
    restore: (backup, how = { policy: 'reoffer' }) => {
      put(backup);
      if (how === 'undeclared') return;
      restores += 1;
      const base = state.latest;
      const first = (Math.floor(highest / 1024) + restores) * 1024;
      const id = `00000000-0000-4000-9000-${String(restores + 1).padStart(12, '0')}`;
      state.epochs.push({ id, base });
      state.gaps.push({ base, first });
      state.nextSeq = first;
      state.restorePolicy = how.policy;
    },
    rewind: (backup) => {
      put(backup);
      highest = state.latest;
    },
    log,
  };
}
