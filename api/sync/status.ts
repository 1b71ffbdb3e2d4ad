/**
 * What operators see with their token (protocol.md §9.2), constant in cost: event counters of this
 * process, the guards' counter, and what the retention job last saw of all scopes. Nothing of it says
 * anything about a single household.
 */
import type { SyncContext } from './context.ts';
import { numberOf } from './record.ts';
import { qualifiedName } from './registry.ts';

export interface StatusCounters {
  readonly inflight_operations: number;
  readonly registered_tables: readonly string[];
  readonly user_state_retention_floor_ahead_count: number;
  readonly latest_bundle_seq_max: number;
  readonly retained_bundle_floor_min: number;
  readonly retained_bundle_floor_max: number;
  readonly retained_bundle_window_min: number;
  readonly retained_bundle_window_max: number;
  readonly history_pruned_error_count: number;
  readonly accepted_push_replay_count: number;
  readonly rejected_registered_write_count: number;
  readonly committed_bundle_count: number;
  readonly committed_bundle_bytes: number;
  readonly pruned_bundle_count: number;
  readonly checkpoint_ahead_count: number;
  readonly watch_streams: number;
}

/** A sequence keeps its value when the refused write is rolled back. */
const REFUSED_WRITES =
  'select case when is_called then last_value else 0 end as n from sync.refused_writes';

export async function describeStatus(context: SyncContext): Promise<StatusCounters> {
  const refused = await context.database.transaction(
    { isolation: 'read-committed', readOnly: true, scopeId: null },
    async (tx) => {
      const [row] = await tx.query(REFUSED_WRITES);
      return row === undefined ? 0 : numberOf(row, 'n');
    },
  );
  const { counters, hub, registry, state } = context;
  return {
    // This request itself is not work in flight.
    inflight_operations: counters.inflight - 1,
    registered_tables: registry.tables.map(qualifiedName).sort((a, b) => (a < b ? -1 : 1)),
    user_state_retention_floor_ahead_count: state.history?.floorAheadCount ?? 0,
    latest_bundle_seq_max: state.history?.latestBundleSeqMax ?? 0,
    retained_bundle_floor_min: state.history?.floorMin ?? 0,
    retained_bundle_floor_max: state.history?.floorMax ?? 0,
    retained_bundle_window_min: state.history?.windowMin ?? 0,
    retained_bundle_window_max: state.history?.windowMax ?? 0,
    history_pruned_error_count: counters.historyPruned,
    accepted_push_replay_count: counters.acceptedReplays,
    rejected_registered_write_count: refused,
    committed_bundle_count: counters.committedBundles,
    committed_bundle_bytes: counters.committedBytes,
    pruned_bundle_count: counters.prunedBundles,
    checkpoint_ahead_count: counters.checkpointAhead,
    watch_streams: hub.count(),
  };
}
