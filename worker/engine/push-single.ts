/**
 * One frozen bundle in one request (`protocol.md` §13.2, extension `single_request_push`). The answer also
 * brings what other sources committed since the checkpoint, which is applied in order before the own bundle
 * is replayed, so the checkpoint always moves and no pull is needed afterwards.
 */
import { bundleHash } from '../../shared/protocol/bundle-hash.ts';
import { singlePushPath, singlePushResponse } from '../../shared/protocol/push.ts';
import type { SinglePushResponse } from '../../shared/protocol/push.ts';
import { err, ok } from '../../shared/result.ts';
import type { Result } from '../../shared/result.ts';
import { send } from './calls.ts';
import type { Context } from './context.ts';
import { noteOf } from './bundle-note.ts';
import { offersNotes } from './capabilities.ts';
import { decodeBundle } from './decode.ts';
import type { DecodedBundle } from './decode.ts';
import { protocolFailure } from './failures.ts';
import type { SyncFailure } from './failures.ts';
import { readRequestRows } from './outbox.ts';
import { applyBundle } from './pull.ts';
import type { Sent } from './sent.ts';
import { storeCommitted } from './push-session.ts';
import { readAttachment, readOutbox } from './state.ts';

function decodeAll(
  context: Context,
  answer: SinglePushResponse,
  after: number,
): Result<readonly DecodedBundle[], SyncFailure> {
  const bundles: DecodedBundle[] = [];
  let last = after;
  for (const bundle of answer.bundles) {
    if (bundle.bundle_seq <= last || bundle.bundle_seq > answer.bundle_seq)
      return err(protocolFailure('bundle-order', 'push'));
    if ((bundle.previous_bundle_seq ?? last) !== last)
      return err(protocolFailure('history-hole', 'push'));
    last = bundle.bundle_seq;
    if (
      bundle.bundle_seq === answer.bundle_seq &&
      bundleHash(bundle.rows).hash !== answer.bundle_hash
    )
      return err(protocolFailure('bundle-hash-differs', 'push'));
    const decoded = decodeBundle(context.catalog, bundle);
    if (!decoded.ok) return decoded;
    bundles.push(decoded.value);
  }
  return ok(bundles);
}

export async function sendInOneRequest(context: Context): Promise<Result<Sent, SyncFailure>> {
  const outbox = readOutbox(context.sql);
  const after = readAttachment(context.sql).checkpoint;
  const answer = await send(
    context,
    {
      operation: 'push',
      method: 'POST',
      path: singlePushPath,
      body: {
        source_bundle_id: outbox.sourceBundleId,
        canonical_request_hash: outbox.requestHash,
        ...(outbox.initializationId === '' ? {} : { initialization_id: outbox.initializationId }),
        after_bundle_seq: after,
        ...noteOf(context, outbox.sourceBundleId),
        ...(offersNotes(context) ? { include: ['notes'] } : {}),
        rows: readRequestRows(context),
      },
    },
    singlePushResponse,
  );
  if (!answer.ok) {
    if (answer.error.type !== 'refused') return err(answer.error);
    const isMissing = [404, 405, 413].includes(answer.error.status);
    return ok(isMissing ? { type: 'unavailable' } : { type: 'refused', refused: answer.error });
  }
  const { value } = answer;
  if (value.canonical_request_hash !== outbox.requestHash)
    return err(protocolFailure('source-sequence-mismatch', 'push'));
  const decoded = decodeAll(context, value, after);
  if (!decoded.ok) return decoded;
  const stored = storeCommitted(context, value, value.server_epoch);
  if (!stored.ok) return stored;
  for (const bundle of decoded.value) {
    if (bundle.bundleSeq === value.bundle_seq)
      return ok({
        type: 'committed',
        own: bundle,
        isCaughtUp: value.catch_up_error === undefined,
      });
    const applied = applyBundle(context, bundle);
    if (!applied.ok) return applied;
  }
  return ok({ type: 'committed', own: null, isCaughtUp: false });
}
