/** Small pieces that several messages share: ids, counts and rows in wire spelling. */
import { z } from 'zod';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const HASH = /^[0-9a-f]{64}$/;
/** 1-256 bytes of visible ASCII; never trimmed. */
const SOURCE_ID = /^[!-~]{1,256}$/;
const RESERVED_SOURCES = ['oversync-adoption:', 'server:'] as const;

export const isCanonicalUuid = (text: string): boolean => UUID.test(text);

/** True for what a client may send; ids that belong to the server itself are not. */
export const isClientSourceId = (text: string): boolean =>
  SOURCE_ID.test(text) && !RESERVED_SOURCES.some((prefix) => text.startsWith(prefix));

export const wireUuid = z.string().regex(UUID);
export const wireHash = z.string().regex(HASH);
export const wireSourceId = z.string().min(1);
/** A JSON integer from 0, within ±(2^53 − 1). */
export const wireCount = z.int().min(0);
/** A JSON integer from 1. */
export const wireNumber = z.int().min(1);
export const wireOp = z.enum(['INSERT', 'UPDATE', 'DELETE']);
export type WireOp = z.infer<typeof wireOp>;

/** One member, whose value is always a string. */
export const wireKey = z.record(z.string(), z.string());
export const wirePayload = z.record(z.string(), z.unknown());

/** A row on its way to the server. `payload` is absent on DELETE. */
export const pushRequestRow = z
  .object({
    schema: z.string(),
    table: z.string(),
    key: wireKey,
    op: wireOp,
    base_row_version: wireCount,
    payload: wirePayload.optional(),
  })
  .meta({ id: 'PushRequestRow' });
export type PushRequestRow = z.infer<typeof pushRequestRow>;

/** A row of a committed bundle. On DELETE the payload is absent; receivers accept `null` too. */
export const bundleRow = z
  .object({
    schema: z.string(),
    table: z.string(),
    key: wireKey,
    op: wireOp,
    row_version: wireNumber,
    payload: wirePayload.nullish(),
  })
  .meta({ id: 'BundleRow' });
export type BundleRow = z.infer<typeof bundleRow>;

/** A row of a snapshot: exactly these five members, in this order where the server writes it. */
export const snapshotRow = z
  .strictObject({
    schema: z.string(),
    table: z.string(),
    key: wireKey,
    row_version: wireNumber,
    payload: wirePayload,
  })
  .meta({ id: 'SnapshotRow' });
export type SnapshotRow = z.infer<typeof snapshotRow>;

/** What one bundle was for, in words of the app (extension `bundle_notes`). */
export const bundleNote = z
  .strictObject({
    label: z
      .string()
      .min(1)
      .max(200)
      .regex(/^[^\p{Cc}\p{Cs}]*$/u)
      .optional(),
    action: z
      .string()
      .regex(/^[a-z][a-z0-9_.-]{0,63}$/)
      .optional(),
  })
  .refine((note) => note.label !== undefined || note.action !== undefined)
  .meta({ id: 'BundleNote' });
export type BundleNote = z.infer<typeof bundleNote>;

/** A committed bundle with its rows, as pull and `/sync/push` send it. */
export const bundle = z
  .object({
    bundle_seq: wireNumber,
    /** With extension `server_epoch`. */
    previous_bundle_seq: wireCount.optional(),
    source_id: wireSourceId,
    source_bundle_id: wireNumber,
    row_count: wireCount.optional(),
    bundle_hash: wireHash.optional(),
    canonical_request_hash: wireHash.optional(),
    note: bundleNote.optional(),
    rows: z.array(bundleRow),
  })
  .meta({ id: 'Bundle' });
export type Bundle = z.infer<typeof bundle>;

/** The numbers of one committed bundle, as commit and `already_committed` answer them. */
export const committedNumbers = z.object({
  bundle_seq: wireNumber,
  source_id: wireSourceId,
  source_bundle_id: wireNumber,
  row_count: wireCount,
  bundle_hash: wireHash,
  canonical_request_hash: wireHash,
});
export type CommittedNumbers = z.infer<typeof committedNumbers>;
