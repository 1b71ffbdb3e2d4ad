/**
 * E5 over HTTP (protocol.md §13.6): header, row lines, trailer as NDJSON. The response is made only as
 * fast as it is read; a reader that takes nothing for a while is cut off. What fails after the header
 * ends the body without a trailer, so a cut stream is never taken for a whole one.
 */
import { createHash } from 'node:crypto';
import type { Context } from 'hono';
import type { SnapshotStreamTrailer } from '../../shared/protocol/snapshot.ts';
import { Refusal } from '../sync/refusal.ts';
import type { SnapshotLines } from '../sync/snapshot-stream.ts';
import { heldUntilWritten } from './held-response.ts';
import { failureResponse, streamResponse } from './sync-answer.ts';
import { type SyncRoutesDeps, decodeRequest, readInteger } from './sync-request.ts';

async function* frame(lines: SnapshotLines): AsyncGenerator<string, void, undefined> {
  yield `${JSON.stringify(lines.header)}\n`;
  const hash = createHash('sha256');
  try {
    for await (const page of lines.pages) {
      hash.update(page);
      yield page;
    }
  } catch (error) {
    // The reader learns why, and that this is not the end of the rows.
    const code = error instanceof Refusal ? error.failure.code : 'service_unavailable';
    yield `${JSON.stringify({ type: 'error', error: code })}\n`;
    return;
  }
  const next = lines.header.after_row_ordinal + lines.rowCount;
  const trailer: SnapshotStreamTrailer = {
    type: 'trailer',
    row_count: lines.rowCount,
    next_row_ordinal: next,
    has_more: next < lines.header.row_count,
    hash: hash.digest('hex'),
  };
  yield `${JSON.stringify(trailer)}\n`;
}

export function createSnapshotStream(
  deps: SyncRoutesDeps,
): (context: Context) => Promise<Response> {
  const { service } = deps;
  return async (context) => {
    const request = context.req.raw;
    const decoded = await decodeRequest(deps, request, service.limits.request.bodyBytesMax);
    if (!decoded.ok) return failureResponse(request, decoded.error);
    const query = context.req.query();
    const afterRowOrdinal = readInteger(query['after_row_ordinal'], 0, 0);
    const rowsMax = readInteger(query['max_rows'], 1, 0);
    if (afterRowOrdinal === null || rowsMax === null) {
      return failureResponse(request, {
        code: 'snapshot_chunk_invalid',
        message: 'the paging is malformed',
      });
    }
    const release = service.enterSnapshotStream();
    if (release === null) {
      return failureResponse(request, {
        code: 'snapshot_chunk_capacity',
        message: 'too many snapshots are being streamed',
        retryAfterSeconds: 1,
      });
    }
    const lines = await service.openSnapshotStream(decoded.value.caller, {
      snapshotId: context.req.param('snapshot_id') ?? '',
      afterRowOrdinal,
      rowsMax: rowsMax === 0 ? null : rowsMax,
    });
    if (!lines.ok) {
      release();
      return failureResponse(request, lines.error);
    }
    const epoch = decoded.value.caller.extensions.has('server_epoch')
      ? await service.serverEpoch()
      : null;
    const header = {
      ...lines.value.header,
      ...(epoch === null ? {} : { server_epoch: epoch }),
    };
    const response = streamResponse(
      request,
      'application/x-ndjson',
      frame({ ...lines.value, header }),
    );
    return heldUntilWritten(response, release, service.limits.snapshotStream.stallMs);
  };
}
