/**
 * `GET /sync/capabilities` (protocol.md §9.1, §13.1). The schema is what a receiver reads: members that
 * only inform are optional, members that a client requires are not. Unknown members are tolerated.
 */
import { z } from 'zod';
import { wireNumber } from './shapes.ts';

export const capabilitiesPath = '/sync/capabilities';

export const tableSpec = z.object({
  schema: z.string().min(1),
  table: z.string().min(1),
  sync_key_columns: z.array(z.string().min(1)).length(1),
});
export type TableSpec = z.infer<typeof tableSpec>;

export const bundleLimits = z.looseObject({
  max_rows_per_bundle: wireNumber.optional(),
  max_bytes_per_bundle: wireNumber.optional(),
  max_bundles_per_pull: wireNumber.optional(),
  default_rows_per_push_chunk: wireNumber.optional(),
  max_rows_per_push_chunk: wireNumber.optional(),
  push_session_ttl_seconds: wireNumber.optional(),
  default_rows_per_committed_bundle_chunk: wireNumber.optional(),
  max_rows_per_committed_bundle_chunk: wireNumber.optional(),
  default_rows_per_snapshot_chunk: wireNumber,
  max_rows_per_snapshot_chunk: wireNumber,
  default_bytes_per_snapshot_chunk: wireNumber,
  max_bytes_per_snapshot_chunk: wireNumber,
  max_bytes_per_snapshot_row: wireNumber,
  snapshot_session_ttl_seconds: wireNumber.optional(),
  max_rows_per_snapshot_session: wireNumber.optional(),
  max_bytes_per_snapshot_session: wireNumber.optional(),
  max_concurrent_snapshot_builds: wireNumber,
  max_concurrent_snapshot_chunk_requests: wireNumber,
  initialization_lease_ttl_seconds: wireNumber.optional(),
});
export type BundleLimits = z.infer<typeof bundleLimits>;

/** Extensions with their limits, sent only to requests that carry `Oversync-Extensions`. */
export const extensions = z.looseObject({
  single_request_push: z
    .object({
      max_rows: wireNumber,
      max_request_bytes: wireNumber,
      max_response_bytes: wireNumber,
      max_response_bundles: wireNumber,
    })
    .optional(),
  all_conflicts: z.object({ max_conflicts: wireNumber, max_bytes: wireNumber }).optional(),
  push_rejections: z.object({ max_rejections: wireNumber }).optional(),
  bundle_notes: z.object({ max_bytes: wireNumber }).optional(),
  snapshot_stream: z
    .object({
      max_concurrent_streams: wireNumber,
      stall_seconds: wireNumber,
      encodings: z.array(z.string()),
    })
    .optional(),
  server_epoch: z
    .object({ server_epoch: z.string(), restore_policy: z.enum(['reoffer', 'discard']) })
    .optional(),
  schema_negotiation: z
    .object({
      min_read: wireNumber,
      min_write: wireNumber,
      min_client_version: z.string().optional(),
    })
    .optional(),
  expected_user: z.object({}).optional(),
});
export type Extensions = z.infer<typeof extensions>;

export const capabilitiesResponse = z
  .object({
    protocol_version: z.string(),
    wire_contract: z.string().optional(),
    schema_version: z.int(),
    app_name: z.string().optional(),
    registered_tables: z.array(z.string()).optional(),
    registered_table_specs: z.array(tableSpec),
    features: z.record(z.string(), z.boolean()),
    bundle_limits: bundleLimits,
    extensions: extensions.optional(),
  })
  .meta({ id: 'CapabilitiesResponse' });
export type CapabilitiesResponse = z.infer<typeof capabilitiesResponse>;
