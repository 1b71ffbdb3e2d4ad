/**
 * Every code that crosses the wire (protocol.md appendix A): the status it travels with, what it means
 * in words for engineers, and the members that some codes add. Receivers switch on status and `error`,
 * never on `message`. Sentences for people live with the app, not here.
 */
import { z } from 'zod';
import { wireCount, wireKey, wireNumber, wireOp, wirePayload } from './shapes.ts';

export const errorCodes = {
  invalid_request: {
    status: 400,
    meaning: 'the body, a query value or the source header is malformed',
  },
  push_session_invalid: {
    status: 400,
    meaning: 'the numbers, hash, note or initialization id of a push do not fit',
  },
  push_chunk_invalid: {
    status: 400,
    meaning: 'a row of the chunk cannot be accepted; nothing was staged',
  },
  push_commit_invalid: {
    status: 400,
    meaning: 'the staged bundle is incomplete or was refused by the database',
  },
  committed_bundle_chunk_invalid: {
    status: 400,
    meaning: 'the paging of a committed bundle is malformed',
  },
  snapshot_chunk_invalid: { status: 400, meaning: 'the paging of a snapshot is malformed' },
  snapshot_session_invalid: {
    status: 400,
    meaning: 'the request for a snapshot or its rotation is malformed',
  },
  snapshot_chunk_too_small: {
    status: 400,
    meaning: 'the first row of the page is larger than the page',
  },
  connect_invalid: { status: 400, meaning: 'reserved, never sent' },
  authentication_failed: { status: 401, meaning: 'there is no valid session or token' },
  origin_forbidden: { status: 403, meaning: 'a cookie request came from another site' },
  scope_forbidden: { status: 403, meaning: 'the account belongs to no household' },
  push_session_forbidden: {
    status: 403,
    meaning: 'the push session belongs to another source of the household',
  },
  snapshot_session_forbidden: {
    status: 403,
    meaning: 'the snapshot belongs to another source of the household',
  },
  bundle_change_watch_forbidden: { status: 403, meaning: 'this account may not watch' },
  not_found: { status: 404, meaning: 'there is no such path' },
  push_session_not_found: { status: 404, meaning: 'the push session does not exist (any more)' },
  snapshot_session_not_found: {
    status: 404,
    meaning: 'the snapshot session does not exist (any more)',
  },
  committed_bundle_not_found: {
    status: 404,
    meaning: 'there is no committed bundle with this number',
  },
  method_not_allowed: { status: 405, meaning: 'the path exists, the method does not' },
  push_conflict: {
    status: 409,
    meaning: 'a pushed row was based on another version than the current one',
  },
  push_chunk_out_of_order: {
    status: 409,
    meaning: 'the chunk does not begin at the next expected row',
  },
  source_sequence_out_of_order: {
    status: 409,
    meaning: 'this is not the next bundle of the source, or its content differs',
  },
  source_sequence_changed: {
    status: 409,
    meaning: 'the source committed another bundle meanwhile',
  },
  source_retired: { status: 409, meaning: 'the source was replaced and can no longer push' },
  scope_uninitialized: { status: 409, meaning: 'nobody has connected to this household yet' },
  scope_initializing: { status: 409, meaning: 'another source is bringing the first data' },
  initialization_stale: {
    status: 409,
    meaning: 'the right to bring the first data went to somebody else',
  },
  history_pruned: {
    status: 409,
    meaning: 'the history that was asked for is gone; rebuild from a snapshot',
  },
  checkpoint_ahead: {
    status: 409,
    meaning: 'the checkpoint is newer than the server; rebuild from a snapshot',
  },
  source_replacement_invalid: {
    status: 409,
    meaning: 'the new source id cannot replace the old one',
  },
  snapshot_session_limit_exceeded: {
    status: 409,
    meaning: 'the household is too large for one snapshot',
  },
  push_rejected: { status: 409, meaning: 'the database refused rows, all of which are listed' },
  server_epoch_changed: { status: 409, meaning: 'the server was restored to an earlier state' },
  client_upgrade_required: {
    status: 409,
    meaning: 'this version of the client may not do this any more',
  },
  schema_version_ahead: { status: 409, meaning: 'the client is newer than the server' },
  user_mismatch: {
    status: 409,
    meaning: 'the signed-in household is not the one the request was meant for',
  },
  initialization_expired: { status: 410, meaning: 'the time to bring the first data ran out' },
  push_session_expired: { status: 410, meaning: 'the push session ran out of time' },
  snapshot_session_expired: { status: 410, meaning: 'the snapshot session ran out of time' },
  request_too_large: { status: 413, meaning: 'the request body is over its limit' },
  snapshot_build_capacity: { status: 429, meaning: 'too many snapshots are being built just now' },
  snapshot_chunk_capacity: {
    status: 429,
    meaning: 'too many snapshot pages are being read just now',
  },
  connect_failed: { status: 500, meaning: 'a defect of the server in connect' },
  push_session_create_failed: { status: 500, meaning: 'a defect of the server in push create' },
  push_chunk_failed: { status: 500, meaning: 'a defect of the server in a push chunk' },
  push_session_commit_failed: { status: 500, meaning: 'a defect of the server in a commit' },
  push_session_delete_failed: { status: 500, meaning: 'a defect of the server in push delete' },
  push_failed: { status: 500, meaning: 'a defect of the server in a single-request push' },
  committed_bundle_rows_failed: {
    status: 500,
    meaning: 'a defect of the server in committed rows',
  },
  pull_failed: { status: 500, meaning: 'a defect of the server in pull' },
  bundle_change_watch_failed: { status: 500, meaning: 'a defect of the server in watch' },
  snapshot_session_create_failed: {
    status: 500,
    meaning: 'a defect of the server in snapshot create',
  },
  snapshot_chunk_failed: { status: 500, meaning: 'a defect of the server in a snapshot page' },
  snapshot_session_delete_failed: {
    status: 500,
    meaning: 'a defect of the server in snapshot delete',
  },
  status_failed: { status: 500, meaning: 'a defect of the server in status' },
  health_failed: { status: 500, meaning: 'a defect of the server in health' },
  service_unavailable: {
    status: 503,
    meaning: 'the server or its database cannot answer just now',
  },
  bundle_change_watch_disabled: { status: 503, meaning: 'watch is switched off' },
} as const satisfies Record<string, { readonly status: number; readonly meaning: string }>;

export type ErrorCode = keyof typeof errorCodes;

export const isErrorCode = (text: string): text is ErrorCode => Object.hasOwn(errorCodes, text);

/** The wire spellings that a value may be refused with (protocol.md §3.1). */
export const valueCategories = [
  'legacy_json_number',
  'leading_plus',
  'leading_zero',
  'negative_zero',
  'fraction',
  'exponent',
  'out_of_range',
  'malformed',
  'non_finite',
  'noncanonical',
  'invalid_boolean_bridge',
  'destination_type_invalid',
  'invalid_text',
  'row_too_large',
] as const;
export type ValueCategory = (typeof valueCategories)[number];

export const conflict = z
  .object({
    row_ordinal: wireCount.optional(),
    schema: z.string(),
    table: z.string(),
    key: wireKey,
    op: wireOp,
    base_row_version: wireCount,
    server_row_version: wireCount,
    server_row_deleted: z.boolean(),
    server_row: wirePayload.nullable(),
  })
  .meta({ id: 'Conflict' });
export type Conflict = z.infer<typeof conflict>;

export const rejection = z
  .object({
    row_ordinal: wireCount.nullable(),
    schema: z.string(),
    table: z.string(),
    key: wireKey.nullable(),
    op: wireOp.nullable(),
    constraint: z.enum(['foreign_key', 'unique', 'check', 'not_null', 'type', 'unknown_column']),
    constraint_name: z.string().nullable(),
    columns: z.array(z.string()),
    referenced_table: z.string().nullable(),
    category: z.enum(valueCategories).nullable(),
    referenced_key: wireKey.optional(),
    holder_key: wireKey.optional(),
  })
  .meta({ id: 'Rejection' });
export type Rejection = z.infer<typeof rejection>;

/** What a receiver reads of any error body. Extra members belong to the codes named beside them. */
export const errorBody = z
  .object({
    error: z.string(),
    message: z.string(),
    /** push_conflict */
    conflict: conflict.optional(),
    conflicts: z.array(conflict).optional(),
    conflict_total: wireNumber.optional(),
    /** push_chunk_invalid, push_commit_invalid */
    rejection: rejection.optional(),
    /** push_rejected, and the two above when asked */
    rejections: z.array(rejection).optional(),
    rejection_total: wireNumber.optional(),
    /** source_retired */
    source_id: z.string().optional(),
    replaced_by_source_id: z.string().optional(),
    /** snapshot_chunk_too_small */
    required_byte_count: wireNumber.optional(),
    /** snapshot_session_limit_exceeded */
    dimension: z.enum(['row_count', 'byte_count', 'row_byte_count']).optional(),
    actual: wireNumber.optional(),
    limit: wireNumber.optional(),
    /** server_epoch_changed; checkpoint_ahead, when `server_epoch` was asked */
    latest_bundle_seq: wireCount.optional(),
    /** server_epoch_changed */
    server_epoch: z.string().optional(),
    epoch_base_bundle_seq: wireCount.nullable().optional(),
    restore_policy: z.enum(['reoffer', 'discard']).optional(),
    /** client_upgrade_required, schema_version_ahead */
    access: z.enum(['read_only', 'none']).optional(),
    schema_version: z.int().optional(),
    min_read: wireNumber.optional(),
    min_write: wireNumber.optional(),
    min_client_version: z.string().optional(),
  })
  .meta({ id: 'ErrorBody' });
export type ErrorBody = z.infer<typeof errorBody>;
