/**
 * Push sessions (protocol.md §5.1-5.4) and the push in one request (extension `single_request_push`,
 * §13.2). Rows are checked by the server one by one, so the request schemas take them as unknown.
 */
import { z } from 'zod';
import {
  type BundleNote,
  type PushRequestRow,
  bundle,
  bundleNote,
  committedNumbers,
  wireCount,
  wireHash,
  wireNumber,
  wireUuid,
} from './shapes.ts';

export const pushSessionsPath = '/sync/push-sessions';
export const pushChunksPath = (pushId: string): string => `${pushSessionsPath}/${pushId}/chunks`;
export const pushCommitPath = (pushId: string): string => `${pushSessionsPath}/${pushId}/commit`;
export const pushSessionPath = (pushId: string): string => `${pushSessionsPath}/${pushId}`;
export const singlePushPath = '/sync/push';

export const pushCreateRequest = z
  .object({
    source_bundle_id: wireNumber,
    planned_row_count: wireNumber,
    canonical_request_hash: wireHash,
    initialization_id: wireUuid.optional(),
    note: bundleNote.optional(),
  })
  .meta({ id: 'PushCreateRequest' });
export type PushCreateRequest = z.infer<typeof pushCreateRequest>;

export const alreadyCommitted = committedNumbers.extend({ status: z.literal('already_committed') });
export type AlreadyCommitted = z.infer<typeof alreadyCommitted>;

export const pushCreateResponse = z
  .discriminatedUnion('status', [
    z.object({
      status: z.literal('staging'),
      push_id: wireUuid,
      planned_row_count: wireNumber,
      next_expected_row_ordinal: wireCount.default(0),
      canonical_request_hash: wireHash,
    }),
    alreadyCommitted,
  ])
  .meta({ id: 'PushCreateResponse' });
export type PushCreateResponse = z.infer<typeof pushCreateResponse>;

export const pushChunkRequest = z
  .object({ start_row_ordinal: z.int(), rows: z.array(z.unknown()) })
  .meta({ id: 'PushChunkRequest' });
/** What a client of ours sends; the server checks each row itself. */
export interface PushChunkRequest {
  readonly start_row_ordinal: number;
  readonly rows: readonly PushRequestRow[];
}

export const pushChunkResponse = z
  .object({ push_id: wireUuid, next_expected_row_ordinal: wireCount })
  .meta({ id: 'PushChunkResponse' });
export type PushChunkResponse = z.infer<typeof pushChunkResponse>;

export const pushCommitResponse = committedNumbers.meta({ id: 'PushCommitResponse' });
export type PushCommitResponse = z.infer<typeof pushCommitResponse>;

export const singlePushRequest = z
  .object({
    source_bundle_id: z.unknown(),
    canonical_request_hash: z.unknown(),
    initialization_id: z.unknown().optional(),
    after_bundle_seq: wireCount.optional(),
    note: z.unknown().optional(),
    include: z.array(z.literal('notes')).length(1).optional(),
    rows: z.array(z.unknown()),
  })
  .meta({ id: 'SinglePushRequest' });
/** What a client of ours sends. */
export interface SinglePushRequest {
  readonly source_bundle_id: number;
  readonly canonical_request_hash: string;
  readonly initialization_id?: string;
  readonly after_bundle_seq?: number;
  readonly note?: BundleNote;
  readonly include?: readonly 'notes'[];
  readonly rows: readonly PushRequestRow[];
}

export const singlePushResponse = committedNumbers
  .extend({
    status: z.enum(['committed', 'already_committed']),
    stable_bundle_seq: wireNumber,
    bundles: z.array(bundle),
    has_more: z.boolean(),
    /** With extension `server_epoch`. */
    server_epoch: z.string().optional(),
    catch_up_error: z.literal('history_pruned').optional(),
  })
  .meta({ id: 'SinglePushResponse' });
export type SinglePushResponse = z.infer<typeof singlePushResponse>;
