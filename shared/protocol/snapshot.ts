/**
 * Snapshot sessions (protocol.md §8). A page has exactly six members and a row exactly five: published
 * clients refuse anything else here, so these two schemas are strict and must never grow a member.
 */
import { z } from 'zod';
import { snapshotRow, wireCount, wireHash, wireNumber } from './shapes.ts';

export const snapshotSessionsPath = '/sync/snapshot-sessions';
export const snapshotSessionPath = (snapshotId: string): string =>
  `${snapshotSessionsPath}/${encodeURIComponent(snapshotId)}`;

export const replacementReason = z.enum([
  'history_pruned',
  'source_sequence_out_of_order',
  'source_sequence_changed',
  'source_retired',
]);
export type ReplacementReason = z.infer<typeof replacementReason>;

export const snapshotCreateRequest = z
  .strictObject({
    source_replacement: z
      .strictObject({
        previous_source_id: z.string(),
        new_source_id: z.string(),
        reason: replacementReason,
      })
      .optional(),
  })
  .meta({ id: 'SnapshotCreateRequest' });
export type SnapshotCreateRequest = z.infer<typeof snapshotCreateRequest>;

export const snapshotSessionResponse = z
  .object({
    snapshot_id: z.string().min(1),
    snapshot_bundle_seq: wireCount,
    row_count: wireCount,
    byte_count: wireCount,
    expires_at: z.string(),
  })
  .meta({ id: 'SnapshotSessionResponse' });
export type SnapshotSessionResponse = z.infer<typeof snapshotSessionResponse>;

/** Row ordinals start at 1 here; `next_row_ordinal` is the number of rows delivered so far. */
export const snapshotPageResponse = z
  .strictObject({
    snapshot_id: z.string().min(1),
    snapshot_bundle_seq: wireCount,
    rows: z.array(snapshotRow),
    next_row_ordinal: wireCount,
    has_more: z.boolean(),
    byte_count: wireCount,
  })
  .meta({ id: 'SnapshotPageResponse' });
export type SnapshotPageResponse = z.infer<typeof snapshotPageResponse>;

/** Extension `snapshot_stream` (protocol.md §13.6): lines of JSON; objects frame, arrays are rows. */
export const snapshotStreamHeader = z
  .object({
    type: z.literal('header'),
    version: z.literal(1),
    snapshot_id: z.string().min(1),
    snapshot_bundle_seq: wireCount,
    /** Of the whole session. */
    row_count: wireCount,
    after_row_ordinal: wireCount,
    expires_at: z.string(),
    /** With extension `server_epoch`. */
    server_epoch: z.string().optional(),
    tables: z.array(
      z.object({
        schema: z.string(),
        table: z.string(),
        key: z.string(),
        columns: z.array(z.string()),
        first_row_ordinal: wireNumber,
        row_count: wireCount,
      }),
    ),
  })
  .meta({ id: 'SnapshotStreamHeader' });
export type SnapshotStreamHeader = z.infer<typeof snapshotStreamHeader>;

export const snapshotStreamTrailer = z
  .object({
    type: z.literal('trailer'),
    /** Of this response. */
    row_count: wireCount,
    next_row_ordinal: wireCount,
    has_more: z.boolean(),
    /** SHA-256 over the row lines of this response, LF included. */
    hash: wireHash,
  })
  .meta({ id: 'SnapshotStreamTrailer' });
export type SnapshotStreamTrailer = z.infer<typeof snapshotStreamTrailer>;
