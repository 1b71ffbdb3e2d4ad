/**
 * Which operations there are, what their queries may say and with which codes they answer (protocol.md §2.1
 * and the lists of errors in its chapters). Data for `openapi.ts`; the routes themselves are in `sync.ts`.
 */
import type { ErrorCode } from '../../shared/protocol/errors.ts';
import { limits } from '../../shared/limits.ts';
import type { RequestName, ResponseName } from './openapi.ts';

export interface Operation {
  readonly id: string;
  readonly method: 'get' | 'post' | 'delete';
  readonly path: string;
  readonly summary: string;
  readonly query?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly request?: RequestName;
  readonly isBodyRequired?: boolean;
  readonly answer: ResponseName | 'nothing' | 'events' | 'lines';
  readonly codes: readonly ErrorCode[];
}

/** What any sync request may be answered with before its operation is reached. */
export const COMMON_CODES: readonly ErrorCode[] = [
  'invalid_request',
  'authentication_failed',
  'origin_forbidden',
  'scope_forbidden',
  'not_found',
  'client_upgrade_required',
  'schema_version_ahead',
  'server_epoch_changed',
  'user_mismatch',
  'request_too_large',
  'service_unavailable',
];

const from = (minimum: number, initial?: number, maximum = Number.MAX_SAFE_INTEGER) => ({
  type: 'integer',
  minimum,
  maximum,
  ...(initial === undefined ? {} : { default: initial }),
});
const include = { type: 'string', enum: ['notes'] };

const session: readonly ErrorCode[] = [
  'push_session_forbidden',
  'push_session_not_found',
  'push_session_expired',
];
const snapshot: readonly ErrorCode[] = [
  'snapshot_session_forbidden',
  'snapshot_session_not_found',
  'snapshot_session_expired',
];
const gate: readonly ErrorCode[] = ['scope_uninitialized', 'scope_initializing'];
const lease: readonly ErrorCode[] = ['initialization_stale', 'initialization_expired'];
const tuple: readonly ErrorCode[] = [
  'push_session_invalid',
  'history_pruned',
  'source_sequence_out_of_order',
  'source_retired',
];

export const operations: readonly Operation[] = [
  {
    id: 'connect',
    method: 'post',
    path: '/sync/connect',
    summary: 'Decides how a source joins its household.',
    request: 'ConnectRequest',
    isBodyRequired: false,
    answer: 'ConnectResponse',
    codes: ['connect_failed'],
  },
  {
    id: 'createPushSession',
    method: 'post',
    path: '/sync/push-sessions',
    summary: 'Opens a source bundle, or finds that it was committed.',
    request: 'PushCreateRequest',
    answer: 'PushCreateResponse',
    codes: [...tuple, ...gate, ...lease, 'push_session_create_failed'],
  },
  {
    id: 'pushChunk',
    method: 'post',
    path: '/sync/push-sessions/{push_id}/chunks',
    summary: 'Stages rows of a bundle.',
    request: 'PushChunkRequest',
    answer: 'PushChunkResponse',
    codes: [
      'push_chunk_invalid',
      'push_chunk_out_of_order',
      ...session,
      ...gate,
      ...lease,
      'push_chunk_failed',
    ],
  },
  {
    id: 'commitPush',
    method: 'post',
    path: '/sync/push-sessions/{push_id}/commit',
    summary: 'Commits the staged bundle, whole or not at all.',
    answer: 'PushCommitResponse',
    codes: [
      'push_commit_invalid',
      'push_conflict',
      'push_rejected',
      'source_sequence_changed',
      'source_retired',
      ...session,
      ...gate,
      ...lease,
      'push_session_commit_failed',
    ],
  },
  {
    id: 'deletePushSession',
    method: 'delete',
    path: '/sync/push-sessions/{push_id}',
    summary: 'Drops what was staged.',
    answer: 'nothing',
    codes: [...session, 'push_session_delete_failed'],
  },
  {
    id: 'pushOnce',
    method: 'post',
    path: '/sync/push',
    summary: 'Pushes a small bundle and catches up, in one request.',
    request: 'SinglePushRequest',
    answer: 'SinglePushResponse',
    codes: [
      ...tuple,
      ...gate,
      ...lease,
      'push_chunk_invalid',
      'push_commit_invalid',
      'push_conflict',
      'push_rejected',
      'source_sequence_changed',
      'checkpoint_ahead',
      'push_failed',
    ],
  },
  {
    id: 'committedRows',
    method: 'get',
    path: '/sync/committed-bundles/{bundle_seq}/rows',
    summary: 'Pages through one committed bundle.',
    query: {
      after_row_ordinal: from(0),
      max_rows: from(1, limits.committedRows.rowsDefault),
      include,
    },
    answer: 'CommittedRowsResponse',
    codes: [
      'committed_bundle_chunk_invalid',
      'history_pruned',
      'committed_bundle_not_found',
      'committed_bundle_rows_failed',
    ],
  },
  {
    id: 'pull',
    method: 'get',
    path: '/sync/pull',
    summary: 'Whole bundles after a checkpoint, up to a ceiling that stays.',
    query: {
      after_bundle_seq: from(0, 0),
      max_bundles: from(1, limits.pull.bundlesDefault, limits.pull.bundlesMax),
      target_bundle_seq: from(0, 0),
      include,
    },
    answer: 'PullResponse',
    codes: ['history_pruned', 'checkpoint_ahead', ...gate, 'pull_failed'],
  },
  {
    id: 'watch',
    method: 'get',
    path: '/sync/watch',
    summary: 'Hints that the household moved on.',
    query: { after_bundle_seq: from(0, 0) },
    answer: 'events',
    codes: [
      ...gate,
      'bundle_change_watch_forbidden',
      'bundle_change_watch_disabled',
      'bundle_change_watch_failed',
    ],
  },
  {
    id: 'createSnapshot',
    method: 'post',
    path: '/sync/snapshot-sessions',
    summary: 'Freezes the household as it is now, and may replace the source.',
    request: 'SnapshotCreateRequest',
    isBodyRequired: false,
    answer: 'SnapshotSessionResponse',
    codes: [
      'snapshot_session_invalid',
      'source_replacement_invalid',
      'source_retired',
      'snapshot_session_limit_exceeded',
      'snapshot_build_capacity',
      ...gate,
      'snapshot_session_create_failed',
    ],
  },
  {
    id: 'readSnapshotPage',
    method: 'get',
    path: '/sync/snapshot-sessions/{snapshot_id}',
    summary: 'One page of a snapshot.',
    query: {
      after_row_ordinal: from(0, 0),
      max_rows: from(1, limits.snapshot.rowsDefault),
      max_bytes: from(1, limits.snapshot.pageBytesDefault),
    },
    answer: 'SnapshotPageResponse',
    codes: [
      'snapshot_chunk_invalid',
      'snapshot_chunk_too_small',
      'snapshot_chunk_capacity',
      ...snapshot,
      'snapshot_chunk_failed',
    ],
  },
  {
    id: 'deleteSnapshot',
    method: 'delete',
    path: '/sync/snapshot-sessions/{snapshot_id}',
    summary: 'Drops a snapshot.',
    answer: 'nothing',
    codes: [...snapshot, 'snapshot_session_delete_failed'],
  },
  {
    id: 'streamSnapshot',
    method: 'get',
    path: '/sync/snapshot-sessions/{snapshot_id}/stream',
    summary: 'A snapshot, or a segment of it, line by line.',
    query: { after_row_ordinal: from(0, 0), max_rows: from(1) },
    answer: 'lines',
    codes: [
      'snapshot_chunk_invalid',
      'snapshot_chunk_capacity',
      ...snapshot,
      'snapshot_chunk_failed',
    ],
  },
  {
    id: 'capabilities',
    method: 'get',
    path: '/sync/capabilities',
    summary: 'Features, limits and tables of this server.',
    answer: 'CapabilitiesResponse',
    codes: [],
  },
  {
    id: 'health',
    method: 'get',
    path: '/syncx/health',
    summary: 'Whether this process should get traffic.',
    answer: 'StatusResponse',
    codes: ['health_failed'],
  },
  {
    id: 'status',
    method: 'get',
    path: '/syncx/status',
    summary: 'The state of this process.',
    answer: 'StatusResponse',
    codes: ['status_failed'],
  },
];
