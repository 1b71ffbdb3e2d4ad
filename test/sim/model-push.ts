/**
 * The model server's push: sessions and the one request, over one way of committing a bundle. Admission is
 * decided by the tuple first, then by the scope, then by the source (`protocol.md` §5.1).
 */
import { bundleHash, canonicalRequestHash } from '../../shared/protocol/bundle-hash.ts';
import type { Bundle, PushRequestRow } from '../../shared/protocol/shapes.ts';
import { nextId, epochMember, renderBundle } from './model-state.ts';
import type { Caller, Committed, ModelState } from './model-state.ts';
import { CommitRefused, refuse, reply } from './model-store.ts';
import type { ModelServerOptions, ModelStore, Reply } from './model-store.ts';

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
const isReply = (value: Reply | Committed): value is Reply => 'status' in value;

export interface ModelPush {
  createSession(caller: Caller, body: Record<string, unknown>): Reply;
  useSession(caller: Caller, method: string, path: string, body: Record<string, unknown>): Reply;
  pushAtOnce(caller: Caller, body: Record<string, unknown>): Reply;
  /** Runs `work` as one committed bundle; the bundle becomes visible whole or not at all. */
  commitBundle(source: string, sourceBundleId: number, hash: string, work: () => void): Bundle;
}

export function createModelPush(
  store: ModelStore,
  options: ModelServerOptions,
  read: () => ModelState,
  onCommit: (bundleSeq: number) => void,
): ModelPush {
  const commitBundle: ModelPush['commitBundle'] = (sourceId, sourceBundleId, hash, work) => {
    const state = read();
    const seq = state.nextSeq ?? state.latest + 1;
    const rows = store.sql().transaction(() => {
      store.sql().run('delete from capture');
      work();
      const effects = store.captured(seq);
      if (effects.length === 0) throw new CommitRefused(refuse(400, 'push_commit_invalid'));
      return effects;
    });
    state.latest = seq;
    state.nextSeq = null;
    for (const row of rows)
      state.versions.set(`${row.table} ${String(row.key['id'])}`, {
        version: seq,
        deleted: row.op === 'DELETE',
      });
    const bundle: Bundle = {
      bundle_seq: seq,
      source_id: sourceId,
      source_bundle_id: sourceBundleId,
      row_count: rows.length,
      bundle_hash: bundleHash(rows).hash,
      canonical_request_hash: hash,
      rows,
    };
    state.bundles.push(bundle);
    onCommit(seq);
    return bundle;
  };

  /** The tuple's numbers, in the caller's words where its bundle is still known. */
  const numbers = (caller: Caller, tuple: Committed): Record<string, unknown> => {
    const known = read().bundles.find((bundle) => bundle.bundle_seq === tuple.bundleSeq);
    const rendered = known === undefined ? undefined : renderBundle(read(), caller, known);
    return {
      bundle_seq: tuple.bundleSeq,
      source_id: caller.source,
      source_bundle_id: tuple.sourceBundleId,
      row_count: rendered?.row_count ?? tuple.rowCount,
      bundle_hash: rendered?.bundle_hash ?? tuple.bundleHash,
      canonical_request_hash: tuple.requestHash,
    };
  };

  const findTuple = (sourceId: string, sourceBundleId: number): Committed | null => {
    const { sources, bundles } = read();
    const source = sources.get(sourceId);
    if (source?.tuple?.sourceBundleId === sourceBundleId) return source.tuple;
    const known = bundles.find(
      (bundle) => bundle.source_id === sourceId && bundle.source_bundle_id === sourceBundleId,
    );
    return known === undefined
      ? null
      : {
          sourceBundleId,
          requestHash: known.canonical_request_hash ?? '',
          bundleSeq: known.bundle_seq,
          rowCount: known.rows.length,
          bundleHash: known.bundle_hash ?? '',
        };
  };

  /** §5.1 steps 3 to 5: the tuple, the gate, the source. */
  const admit = (
    caller: Caller,
    sourceBundleId: number,
    hash: string,
    initializationId: string,
  ): Reply | Committed | null => {
    const state = read();
    const sourceId = caller.source;
    const tuple = findTuple(sourceId, sourceBundleId);
    if (tuple !== null)
      return tuple.requestHash === hash ? tuple : refuse(409, 'source_sequence_out_of_order');
    const readOnly = options.writesFrom;
    if (readOnly !== undefined && (caller.schemaVersion ?? readOnly) < readOnly)
      return refuse(409, 'client_upgrade_required', { access: 'read_only', min_write: readOnly });
    if (state.scope === 'none') return refuse(409, 'scope_uninitialized');
    const { lease } = state;
    const isHolder = lease.source === sourceId && lease.id === initializationId;
    if (state.scope === 'initializing' && !isHolder) return refuse(409, 'initialization_stale');
    if (state.scope === 'initialized' && initializationId !== '')
      return refuse(400, 'push_session_invalid');
    const source = state.sources.get(sourceId);
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
    const state = read();
    if (canonicalRequestHash(rows).hash !== hash) return refuse(400, 'push_commit_invalid');
    const conflicts = rows.flatMap(
      (row, ordinal) => store.conflictOf(row, ordinal, state.floor) ?? [],
    );
    if (conflicts.length > 0)
      return refuse(409, 'push_conflict', {
        conflict: conflicts[0],
        ...(options.extensions === true
          ? { conflicts: conflicts.slice(0, 200), conflict_total: conflicts.length }
          : {}),
      });
    try {
      const bundle = commitBundle(sourceId, sourceBundleId, hash, () => {
        for (const row of rows) store.applyRow(row);
        const rejected = store.rejectionOf(rows);
        if (rejected !== null) throw new CommitRefused(rejected);
      });
      const tuple: Committed = {
        sourceBundleId,
        requestHash: hash,
        bundleSeq: bundle.bundle_seq,
        rowCount: bundle.rows.length,
        bundleHash: bundle.bundle_hash ?? '',
      };
      state.sources.set(sourceId, { state: 'active', last: sourceBundleId, replacedBy: '', tuple });
      state.scope = 'initialized';
      return tuple;
    } catch (error) {
      if (error instanceof CommitRefused) return error.answer;
      if (error instanceof Error && error.message.includes('constraint'))
        return refuse(400, 'push_commit_invalid');
      throw error;
    }
  };

  return {
    commitBundle,
    createSession(caller, body) {
      const { sessions } = read();
      const sourceBundleId = Number(body['source_bundle_id']);
      const hash = String(body['canonical_request_hash']);
      const initializationId = textOf(body['initialization_id']);
      const admitted = admit(caller, sourceBundleId, hash, initializationId);
      if (admitted !== null)
        return isReply(admitted)
          ? admitted
          : reply(200, { status: 'already_committed', ...numbers(caller, admitted) });
      const { source } = caller;
      for (const [id, session] of sessions) if (session.source === source) sessions.delete(id);
      const pushId = nextId(read());
      const planned = Number(body['planned_row_count']);
      sessions.set(pushId, { source, sourceBundleId, planned, hash, initializationId, rows: [] });
      return reply(200, {
        push_id: pushId,
        status: 'staging',
        planned_row_count: planned,
        next_expected_row_ordinal: 0,
        canonical_request_hash: hash,
      });
    },
    useSession(caller, method, path, body) {
      const { sessions, sources } = read();
      const { source } = caller;
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
      return reply(200, numbers(caller, committed));
    },
    pushAtOnce(caller, body) {
      if (options.extensions !== true) return refuse(404, 'not_found');
      const state = read();
      const sourceBundleId = Number(body['source_bundle_id']);
      const hash = String(body['canonical_request_hash']);
      const after = Number(body['after_bundle_seq'] ?? 0);
      // Right after the tuple lookup: a tuple that is known is answered whatever the checkpoint.
      if (after > state.latest && findTuple(caller.source, sourceBundleId) === null)
        return refuse(
          409,
          'checkpoint_ahead',
          caller.knowsEpochs ? { latest_bundle_seq: state.latest } : {},
        );
      const admitted = admit(caller, sourceBundleId, hash, textOf(body['initialization_id']));
      if (admitted !== null && isReply(admitted)) return admitted;
      const rows = body['rows'] as PushRequestRow[];
      const committed = admitted ?? commitPush(caller.source, sourceBundleId, hash, rows);
      if (isReply(committed)) return committed;
      const isInGap = state.gaps.some(({ base, first }) => after > base && after < first);
      const isPruned = after < state.floor || isInGap;
      const wanted = isPruned
        ? []
        : state.bundles.filter((b) => b.bundle_seq > after && b.bundle_seq <= committed.bundleSeq);
      const sent = wanted.slice(0, 3).map((bundle) => renderBundle(state, caller, bundle));
      return reply(200, {
        status: admitted === null ? 'committed' : 'already_committed',
        ...numbers(caller, committed),
        ...epochMember(state, caller),
        stable_bundle_seq: committed.bundleSeq,
        bundles: sent,
        has_more: isPruned || sent.length < wanted.length,
        ...(isPruned ? { catch_up_error: 'history_pruned' } : {}),
      });
    },
  };
}
