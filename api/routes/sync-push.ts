/** Decodes the three requests that bring rows; what a row must be is the service's to decide. */
import type { Context } from 'hono';
import { canonicalJson } from '../../shared/protocol/canonical-json.ts';
import {
  pushChunkRequest,
  pushCreateRequest,
  singlePushRequest,
} from '../../shared/protocol/push.ts';
import { bundleNote } from '../../shared/protocol/shapes.ts';
import { type Result, err, ok } from '../../shared/result.ts';
import type { BodyObject } from '../middleware/body.ts';
import type { PushTuple } from '../sync/push-session.ts';
import type { SyncFailure } from '../sync/refusal.ts';
import type { DecodedRequest, SyncRoutesDeps } from './sync-request.ts';

type Operation = (
  context: Context,
  decoded: DecodedRequest,
) => Promise<Result<object | void, SyncFailure>>;

const tupleRequest = pushCreateRequest.omit({ note: true, planned_row_count: true });

const invalidSession = (message: string): { readonly ok: false; readonly error: SyncFailure } =>
  err({ code: 'push_session_invalid', message });

/** Numbers, hash and ids of a push, and its note when notes were asked for. */
function readTuple(
  body: BodyObject,
  decoded: DecodedRequest,
  noteBytesMax: number,
): Result<PushTuple, SyncFailure> {
  const parsed = tupleRequest.safeParse(body);
  if (!parsed.success) {
    const member = String(parsed.error.issues[0]?.path[0] ?? 'body');
    return invalidSession(`${member} is missing or malformed`);
  }
  let note: string | null = null;
  if (decoded.caller.extensions.has('bundle_notes') && body['note'] !== undefined) {
    const checked = bundleNote.safeParse(body['note']);
    if (!checked.success) return invalidSession('note is malformed');
    note = canonicalJson(checked.data);
    if (Buffer.byteLength(note) > noteBytesMax) return invalidSession('note is too large');
  }
  return ok({
    sourceBundleId: parsed.data.source_bundle_id,
    requestHash: parsed.data.canonical_request_hash,
    initializationId: parsed.data.initialization_id ?? null,
    note,
  });
}

export const createSession =
  ({ service }: SyncRoutesDeps): Operation =>
  async (_context, decoded) => {
    const body = decoded.body ?? {};
    const tuple = readTuple(body, decoded, service.limits.note.bytesMax);
    if (!tuple.ok) return tuple;
    const planned = pushCreateRequest.shape.planned_row_count.safeParse(body['planned_row_count']);
    if (!planned.success) return invalidSession('planned_row_count is missing or malformed');
    return service.createPushSession(decoded.caller, tuple.value, planned.data);
  };

export const createChunk =
  ({ service }: SyncRoutesDeps): Operation =>
  async (context, { caller, body }) => {
    const parsed = pushChunkRequest.safeParse(body ?? {});
    if (!parsed.success) {
      return err({
        code: 'invalid_request',
        message: 'start_row_ordinal is an integer and rows is a list',
      });
    }
    const pushId = context.req.param('push_id') ?? '';
    return service.pushChunk(caller, pushId, parsed.data.start_row_ordinal, parsed.data.rows);
  };

export const createSinglePush =
  ({ service }: SyncRoutesDeps): Operation =>
  async (_context, decoded) => {
    const body = decoded.body ?? {};
    const parsed = singlePushRequest.safeParse(body);
    if (!parsed.success) {
      const member = String(parsed.error.issues[0]?.path[0] ?? 'body');
      return err({ code: 'invalid_request', message: `${member} is malformed` });
    }
    const tuple = readTuple(body, decoded, service.limits.note.bytesMax);
    if (!tuple.ok) return tuple;
    return service.pushOnce(decoded.caller, {
      tuple: tuple.value,
      rows: parsed.data.rows,
      afterBundleSeq: parsed.data.after_bundle_seq ?? null,
      withNotes: parsed.data.include !== undefined,
    });
  };
