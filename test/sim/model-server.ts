/**
 * A small, dull server that speaks the real wire for one household: sources, row versions, push sessions,
 * push in one request, committed rows, pull, snapshots, rotation, retention, watch. Its business tables are
 * an SQLite database with real foreign keys, and its effects are captured by triggers, so that cascades are
 * what a database does and not what this file believes. It is the simulator's oracle; nothing of the
 * product's server is used.
 */
import { must } from '../../shared/assert.ts';
import { bundleHash, canonicalRequestHash } from '../../shared/protocol/bundle-hash.ts';
import type { Bundle, PushRequestRow } from '../../shared/protocol/shapes.ts';
import type { LocalRow } from '../../shared/schema/row-codec.ts';
import type { Schema } from '../../shared/schema/types.ts';
import type { HintEvent, SyncAnswer, SyncRequest, Transport } from '../../worker/engine/ports.ts';
import { CommitRefused, createModelStore, refuse, reply } from './model-store.ts';
import type { ModelServerOptions, Reply } from './model-store.ts';

interface Source {
  state: 'active' | 'reserved' | 'retired';
  last: number;
  replacedBy: string;
  tuple: Committed | null;
}

interface Committed {
  readonly sourceBundleId: number;
  readonly requestHash: string;
  readonly bundleSeq: number;
  readonly rowCount: number;
  readonly bundleHash: string;
}

interface Session {
  readonly source: string;
  readonly sourceBundleId: number;
  readonly planned: number;
  readonly hash: string;
  readonly initializationId: string;
  rows: PushRequestRow[];
}

interface Snapshot {
  readonly seq: number;
  readonly rows: readonly string[];
}

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
  /** Requests answered so far, as `METHOD path`. */
  readonly log: string[];
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

export async function createModelServer(
  schema: Schema,
  options: ModelServerOptions = {},
): Promise<ModelServer> {
  const { sql, names, states, wireRow, conflictOf, applyRow, rejectionOf, captured } =
    await createModelStore(schema, options);
  const sources = new Map<string, Source>();
  const bundles: Bundle[] = [];
  const sessions = new Map<string, Session>();
  const snapshots = new Map<string, Snapshot>();
  const listeners = new Set<(event: HintEvent) => void>();
  const log: string[] = [];
  let scope: 'none' | 'initializing' | 'initialized' = 'none';
  let lease = { id: '', source: '' };
  let latest = 0;
  let floor = 0;
  let ids = 0;
  const nextId = (): string => {
    ids += 1;
    return `00000000-0000-4000-8000-${String(ids).padStart(12, '0')}`;
  };

  /** Runs `work` as one committed bundle; the bundle becomes visible whole or not at all. */
  const commitBundle = (
    sourceId: string,
    sourceBundleId: number,
    requestHash: string,
    work: () => void,
  ): Bundle => {
    const seq = latest + 1;
    const rows = sql.transaction(() => {
      sql.run('delete from capture');
      work();
      const effects = captured(seq);
      if (effects.length === 0) throw new CommitRefused(refuse(400, 'push_commit_invalid'));
      return effects;
    });
    latest = seq;
    for (const row of rows)
      states.set(`${row.table} ${String(row.key['id'])}`, {
        version: seq,
        deleted: row.op === 'DELETE',
      });
    const bundle: Bundle = {
      bundle_seq: seq,
      source_id: sourceId,
      source_bundle_id: sourceBundleId,
      row_count: rows.length,
      bundle_hash: bundleHash(rows).hash,
      canonical_request_hash: requestHash,
      rows,
    };
    bundles.push(bundle);
    for (const listener of listeners) listener({ type: 'hint', bundleSeq: seq });
    return bundle;
  };

  const numbers = (source: string, tuple: Committed): Record<string, unknown> => ({
    bundle_seq: tuple.bundleSeq,
    source_id: source,
    source_bundle_id: tuple.sourceBundleId,
    row_count: tuple.rowCount,
    bundle_hash: tuple.bundleHash,
    canonical_request_hash: tuple.requestHash,
  });

  /** §5.1 steps 3 to 5: the tuple, the gate, the source. */
  const admit = (
    sourceId: string,
    sourceBundleId: number,
    hash: string,
    initializationId: string,
  ): Reply | Committed | null => {
    const source = sources.get(sourceId);
    const known = bundles.find(
      (bundle) => bundle.source_id === sourceId && bundle.source_bundle_id === sourceBundleId,
    );
    const tuple =
      source?.tuple?.sourceBundleId === sourceBundleId
        ? source.tuple
        : known === undefined
          ? null
          : {
              sourceBundleId,
              requestHash: known.canonical_request_hash ?? '',
              bundleSeq: known.bundle_seq,
              rowCount: known.rows.length,
              bundleHash: known.bundle_hash ?? '',
            };
    if (tuple !== null)
      return tuple.requestHash === hash ? tuple : refuse(409, 'source_sequence_out_of_order');
    if (scope === 'none') return refuse(409, 'scope_uninitialized');
    if (scope === 'initializing' && (lease.source !== sourceId || lease.id !== initializationId))
      return refuse(409, 'initialization_stale');
    if (scope === 'initialized' && initializationId !== '')
      return refuse(400, 'push_session_invalid');
    if (source?.state === 'retired')
      return refuse(409, 'source_retired', {
        source_id: sourceId,
        ...(source.replacedBy === '' ? {} : { replaced_by_source_id: source.replacedBy }),
      });
    const expected = (source?.last ?? 0) + 1;
    if (sourceBundleId < expected) return refuse(409, 'history_pruned');
    return sourceBundleId > expected ? refuse(409, 'source_sequence_out_of_order') : null;
  };

  const commitPush = (
    sourceId: string,
    sourceBundleId: number,
    hash: string,
    rows: readonly PushRequestRow[],
  ): Reply | Committed => {
    if (canonicalRequestHash(rows).hash !== hash) return refuse(400, 'push_commit_invalid');
    const conflicts = rows.flatMap((row, ordinal) => conflictOf(row, ordinal, floor) ?? []);
    if (conflicts.length > 0)
      return refuse(409, 'push_conflict', {
        conflict: conflicts[0],
        ...(options.extensions === true
          ? { conflicts: conflicts.slice(0, 200), conflict_total: conflicts.length }
          : {}),
      });
    try {
      const bundle = commitBundle(sourceId, sourceBundleId, hash, () => {
        for (const row of rows) applyRow(row);
        const rejected = rejectionOf(rows);
        if (rejected !== null) throw new CommitRefused(rejected);
      });
      const tuple: Committed = {
        sourceBundleId,
        requestHash: hash,
        bundleSeq: bundle.bundle_seq,
        rowCount: bundle.rows.length,
        bundleHash: bundle.bundle_hash ?? '',
      };
      sources.set(sourceId, { state: 'active', last: sourceBundleId, replacedBy: '', tuple });
      scope = 'initialized';
      return tuple;
    } catch (error) {
      if (error instanceof CommitRefused) return error.answer;
      if (error instanceof Error && error.message.includes('constraint'))
        return refuse(400, 'push_commit_invalid');
      throw error;
    }
  };

  const isReply = (value: Reply | Committed): value is Reply => 'status' in value;

  const capabilities = (): Reply => {
    const isExtended = options.extensions === true;
    return reply(200, {
      protocol_version: 'v1',
      schema_version: schema.version,
      registered_table_specs: names.map((table) => ({
        schema: schema.name,
        table,
        sync_key_columns: ['id'],
      })),
      features: {
        connect_lifecycle: true,
        bundle_change_watch: true,
        ...(isExtended
          ? { single_request_push: true, all_conflicts: true, push_rejections: true }
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
      ...(isExtended
        ? {
            extensions: {
              single_request_push: {
                max_rows: 2000,
                max_request_bytes: 4_194_304,
                max_response_bytes: 4_194_304,
                max_response_bundles: 3,
              },
            },
          }
        : {}),
    });
  };

  const connect = (source: string, body: Record<string, unknown>): Reply => {
    const isPending = body['has_local_pending_rows'] === true;
    if (scope === 'initialized') return reply(200, { resolution: 'remote_authoritative' });
    if (scope === 'initializing' && lease.source !== source)
      return reply(200, { resolution: 'retry_later', retry_after_seconds: 1 });
    if (!isPending) {
      scope = 'initialized';
      return reply(200, { resolution: 'initialize_empty' });
    }
    if (scope === 'none') lease = { id: nextId(), source };
    scope = 'initializing';
    return reply(200, { resolution: 'initialize_local', initialization_id: lease.id });
  };

  const createSession = (source: string, body: Record<string, unknown>): Reply => {
    const sourceBundleId = Number(body['source_bundle_id']);
    const hash = String(body['canonical_request_hash']);
    const initializationId = textOf(body['initialization_id']);
    const admitted = admit(source, sourceBundleId, hash, initializationId);
    if (admitted !== null)
      return isReply(admitted)
        ? admitted
        : reply(200, { status: 'already_committed', ...numbers(source, admitted) });
    for (const [id, session] of sessions) if (session.source === source) sessions.delete(id);
    const pushId = nextId();
    const planned = Number(body['planned_row_count']);
    sessions.set(pushId, { source, sourceBundleId, planned, hash, initializationId, rows: [] });
    return reply(200, {
      push_id: pushId,
      status: 'staging',
      planned_row_count: planned,
      next_expected_row_ordinal: 0,
      canonical_request_hash: hash,
    });
  };

  const useSession = (
    source: string,
    method: string,
    path: string,
    body: Record<string, unknown>,
  ): Reply => {
    const [pushId = '', action] = path.slice('/sync/push-sessions/'.length).split('/');
    const session = sessions.get(pushId);
    if (session === undefined) return refuse(404, 'push_session_not_found');
    if (session.source !== source) return refuse(403, 'push_session_forbidden');
    if (method === 'DELETE') {
      sessions.delete(pushId);
      return reply(204);
    }
    if (action === 'chunks') {
      if (body['start_row_ordinal'] !== session.rows.length)
        return refuse(409, 'push_chunk_out_of_order');
      session.rows.push(...(body['rows'] as PushRequestRow[]));
      return reply(200, { push_id: pushId, next_expected_row_ordinal: session.rows.length });
    }
    if (session.rows.length !== session.planned) return refuse(400, 'push_commit_invalid');
    if (sources.get(source)?.state === 'retired')
      return refuse(409, 'source_retired', { source_id: source });
    if ((sources.get(source)?.last ?? 0) + 1 !== session.sourceBundleId)
      return refuse(409, 'source_sequence_changed');
    const committed = commitPush(source, session.sourceBundleId, session.hash, session.rows);
    if (isReply(committed)) return committed;
    sessions.delete(pushId);
    return reply(200, numbers(source, committed));
  };

  const pushAtOnce = (source: string, body: Record<string, unknown>): Reply => {
    if (options.extensions !== true) return refuse(404, 'not_found');
    const sourceBundleId = Number(body['source_bundle_id']);
    const hash = String(body['canonical_request_hash']);
    const admitted = admit(source, sourceBundleId, hash, textOf(body['initialization_id']));
    if (admitted !== null && isReply(admitted)) return admitted;
    const after = Number(body['after_bundle_seq'] ?? 0);
    if (after > latest) return refuse(409, 'checkpoint_ahead');
    const committed =
      admitted ?? commitPush(source, sourceBundleId, hash, body['rows'] as PushRequestRow[]);
    if (isReply(committed)) return committed;
    const isPruned = after < floor;
    const wanted = isPruned
      ? []
      : bundles.filter((b) => b.bundle_seq > after && b.bundle_seq <= committed.bundleSeq);
    const sent = wanted.slice(0, 3);
    return reply(200, {
      status: admitted === null ? 'committed' : 'already_committed',
      ...numbers(source, committed),
      stable_bundle_seq: committed.bundleSeq,
      bundles: sent,
      has_more: isPruned || sent.length < wanted.length,
      ...(isPruned ? { catch_up_error: 'history_pruned' } : {}),
    });
  };

  const pull = (query: Readonly<Record<string, string>>): Reply => {
    const after = Number(query['after_bundle_seq'] ?? 0);
    const target = Number(query['target_bundle_seq'] ?? 0);
    if (after < floor || (target > 0 && target < floor)) return refuse(409, 'history_pruned');
    if (after > latest || target > latest) return refuse(409, 'checkpoint_ahead');
    const ceiling = target > 0 ? target : latest;
    const wanted = bundles.filter((b) => b.bundle_seq > after && b.bundle_seq <= ceiling);
    const sent = wanted.slice(0, 4);
    return reply(200, {
      stable_bundle_seq: ceiling,
      bundles: sent,
      has_more: sent.length < wanted.length,
    });
  };

  const committedRows = (path: string, query: Readonly<Record<string, string>>): Reply => {
    const seq = Number(path.split('/')[3]);
    if (seq <= floor) return refuse(409, 'history_pruned');
    const bundle = bundles.find((b) => b.bundle_seq === seq);
    if (bundle === undefined) return refuse(404, 'committed_bundle_not_found');
    const start =
      query['after_row_ordinal'] === undefined ? 0 : Number(query['after_row_ordinal']) + 1;
    const rows = bundle.rows.slice(start, start + 5);
    const { rows: all, ...header } = bundle;
    return reply(200, {
      ...header,
      rows,
      next_row_ordinal: start + rows.length - 1,
      has_more: start + rows.length < all.length,
    });
  };

  const rotate = (source: string, replacement: Record<string, unknown>): Reply | null => {
    const next = String(replacement['new_source_id']);
    if (replacement['previous_source_id'] !== source || next === source)
      return refuse(400, 'snapshot_session_invalid');
    const previous = sources.get(source) ?? {
      state: 'active',
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
  };

  const createSnapshot = (source: string, body: Record<string, unknown>): Reply => {
    const replacement = body['source_replacement'];
    if (replacement !== undefined) {
      const refused = rotate(source, replacement as Record<string, unknown>);
      if (refused !== null) return refused;
    }
    const rows = names.flatMap((name) =>
      sql.all(`select id from "${name}" order by id`).map((row) => {
        const id = String(row['id']);
        return JSON.stringify({
          schema: schema.name,
          table: name,
          key: { id },
          row_version: must(states.get(`${name} ${id}`), 'a live row has a state').version,
          payload: wireRow(name, id),
        });
      }),
    );
    const snapshotId = nextId();
    snapshots.set(snapshotId, { seq: latest, rows });
    return reply(200, {
      snapshot_id: snapshotId,
      snapshot_bundle_seq: latest,
      row_count: rows.length,
      byte_count: rows.reduce((sum, row) => sum + Buffer.byteLength(row), 0),
      expires_at: '2099-01-01T00:00:00Z',
    });
  };

  const snapshotPage = (snapshotId: string, query: Readonly<Record<string, string>>): Reply => {
    const snapshot = snapshots.get(snapshotId);
    if (snapshot === undefined) return refuse(404, 'snapshot_session_not_found');
    const after = Number(query['after_row_ordinal'] ?? 0);
    const rows = snapshot.rows.slice(after, after + 9);
    return reply(200, {
      snapshot_id: snapshotId,
      snapshot_bundle_seq: snapshot.seq,
      rows: rows.map((row) => JSON.parse(row) as unknown),
      next_row_ordinal: after + rows.length,
      has_more: after + rows.length < snapshot.rows.length,
      byte_count: rows.reduce((sum, row) => sum + Buffer.byteLength(row), 0),
    });
  };

  const answer = (request: SyncRequest): Reply => {
    const { method, path } = request;
    const source = request.headers['Oversync-Source-ID'] ?? '';
    const query = request.query ?? {};
    const body = (request.body === null ? {} : JSON.parse(request.body)) as Record<string, unknown>;
    if (path === '/sync/capabilities') return capabilities();
    if (path === '/sync/connect') return connect(source, body);
    if (path === '/sync/push') return pushAtOnce(source, body);
    if (path === '/sync/push-sessions') return createSession(source, body);
    if (path.startsWith('/sync/push-sessions/')) return useSession(source, method, path, body);
    if (path.startsWith('/sync/committed-bundles/')) return committedRows(path, query);
    if (scope !== 'initialized')
      return refuse(409, scope === 'none' ? 'scope_uninitialized' : 'scope_initializing');
    if (path === '/sync/pull') return pull(query);
    if (path === '/sync/snapshot-sessions') return createSnapshot(source, body);
    const snapshotId = path.slice('/sync/snapshot-sessions/'.length);
    if (method !== 'DELETE') return snapshotPage(snapshotId, query);
    return reply(snapshots.delete(snapshotId) ? 204 : 404);
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
    bundles,
    latest: () => latest,
    prune: (to) => {
      floor = Math.max(floor, Math.min(to, latest));
      while ((bundles[0]?.bundle_seq ?? Infinity) <= floor) bundles.shift();
    },
    rows: (table) =>
      new Map(
        sql.all(`select * from "${table}" order by id`).map((row) => [String(row['id']), row]),
      ),
    serverWrite: (statements) => {
      commitBundle('server:test', latest + 1, '0'.repeat(64), () => {
        sql.script(statements);
      });
    },
    log,
  };
}
