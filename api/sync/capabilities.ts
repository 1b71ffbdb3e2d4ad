/**
 * What this server can do (protocol.md §9.1). Advertised numbers are the enforced ones. Requests that
 * name extensions get a few members more; everybody else gets the plain document.
 */
import type {
  BundleLimits,
  CapabilitiesResponse,
  Extensions,
} from '../../shared/protocol/capabilities.ts';
import { protocolVersion, wireContract } from '../../shared/protocol/version.ts';
import type { SyncContext } from './context.ts';
import { qualifiedName } from './registry.ts';

const FEATURES = {
  bundle_pull: true,
  bundle_push: true,
  push_session_chunking: true,
  committed_bundle_row_fetch: true,
  snapshot_chunking: true,
  status_endpoint: true,
  graceful_shutdown: true,
  capabilities_endpoint: true,
  server_checkpoint_tracking: false,
  history_pruned_errors: true,
  structured_sync_keys: true,
  registered_write_rejection_enforced: true,
  accepted_push_replay_visibility: true,
  committed_bundle_visibility: true,
  retained_floor_visibility: true,
  retained_window_visibility: true,
  history_pruned_visibility: true,
  connect_lifecycle: true,
  scope_initialization_leases: true,
} as const;

function advertisedLimits(context: SyncContext): BundleLimits {
  const { push, pull, committedRows, snapshot } = context.limits;
  return {
    max_rows_per_bundle: push.bundleRowsMax,
    max_bytes_per_bundle: push.bundleBytesMax,
    max_bundles_per_pull: pull.bundlesMax,
    default_rows_per_push_chunk: push.chunkRowsDefault,
    max_rows_per_push_chunk: push.chunkRowsMax,
    push_session_ttl_seconds: push.sessionTtlMs / 1000,
    default_rows_per_committed_bundle_chunk: committedRows.rowsDefault,
    max_rows_per_committed_bundle_chunk: committedRows.rowsMax,
    default_rows_per_snapshot_chunk: snapshot.rowsDefault,
    max_rows_per_snapshot_chunk: snapshot.rowsMax,
    default_bytes_per_snapshot_chunk: snapshot.pageBytesDefault,
    max_bytes_per_snapshot_chunk: snapshot.pageBytesMax,
    max_bytes_per_snapshot_row: push.rowBytesMax,
    snapshot_session_ttl_seconds: snapshot.sessionTtlMs / 1000,
    max_rows_per_snapshot_session: snapshot.sessionRowsMax,
    max_bytes_per_snapshot_session: snapshot.sessionBytesMax,
    max_concurrent_snapshot_builds: snapshot.buildsMax,
    max_concurrent_snapshot_chunk_requests: snapshot.pageRequestsMax,
    initialization_lease_ttl_seconds: push.leaseTtlMs / 1000,
  };
}

/** The document has room for one product: that of this application. */
function leastClient(context: SyncContext): { readonly min_client_version?: string } {
  const least = context.schemaPolicy.minClientVersions[context.registry.appName];
  return least === undefined ? {} : { min_client_version: least };
}

function extensionLimits(context: SyncContext): Extensions {
  const { singlePush, conflicts, rejections, note, snapshotStream } = context.limits;
  const all: Extensions = {
    single_request_push: {
      max_rows: singlePush.rowsMax,
      max_request_bytes: singlePush.requestBytesMax,
      max_response_bytes: singlePush.responseBytesMax,
      max_response_bundles: singlePush.responseBundlesMax,
    },
    all_conflicts: { max_conflicts: conflicts.entriesMax, max_bytes: conflicts.bytesMax },
    push_rejections: { max_rejections: rejections.entriesMax },
    bundle_notes: { max_bytes: note.bytesMax },
    snapshot_stream: {
      max_concurrent_streams: snapshotStream.streamsMax,
      stall_seconds: Math.ceil(snapshotStream.stallMs / 1000),
      encodings: ['br', 'gzip'],
    },
    ...(context.state.serverEpoch === null
      ? {}
      : {
          server_epoch: {
            server_epoch: context.state.serverEpoch,
            restore_policy: context.restorePolicy,
          },
        }),
    schema_negotiation: {
      min_read: context.schemaPolicy.minRead,
      min_write: context.schemaPolicy.minWrite,
      ...leastClient(context),
    },
    expected_user: {},
  };
  return Object.fromEntries(Object.entries(all).filter(([name]) => context.extensions.has(name)));
}

export function describeCapabilities(
  context: SyncContext,
  accountId: string | null,
  areExtensionsAsked: boolean,
  schemaVersion: number = context.registry.schemaVersion,
): CapabilitiesResponse {
  const tables = [...context.registry.tablesAt(schemaVersion)].sort((a, b) =>
    qualifiedName(a) < qualifiedName(b) ? -1 : 1,
  );
  const extensions = extensionLimits(context);
  return {
    protocol_version: protocolVersion,
    wire_contract: wireContract,
    schema_version: context.registry.schemaVersion,
    app_name: context.registry.appName,
    registered_tables: tables.map(qualifiedName),
    registered_table_specs: tables.map((table) => ({
      schema: table.schema,
      table: table.table,
      sync_key_columns: [table.key],
    })),
    features: {
      ...FEATURES,
      bundle_change_watch: context.watchPolicy(accountId) === 'allowed',
      ...(areExtensionsAsked
        ? Object.fromEntries(Object.keys(extensions).map((name) => [name, true]))
        : {}),
    },
    bundle_limits: advertisedLimits(context),
    ...(areExtensionsAsked ? { extensions } : {}),
  };
}
