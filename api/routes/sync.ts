/**
 * The sync protocol over HTTP: decode, call the service, encode. No rule of the protocol is decided here
 * but the shape of requests. Every path answers another method with 405 and every other `/sync/*` path
 * with 404, in the protocol's error shape.
 */
import { type Context, Hono } from 'hono';
import { connectRequest } from '../../shared/protocol/connect.ts';
import { snapshotCreateRequest } from '../../shared/protocol/snapshot.ts';
import type { ErrorCode } from '../../shared/protocol/errors.ts';
import { type Result, err, ok } from '../../shared/result.ts';
import { cors } from '../middleware/cors.ts';
import { epochHeader, syncHeaders } from '../middleware/headers.ts';
import type { SyncFailure } from '../sync/refusal.ts';
import { answer, failureResponse } from './sync-answer.ts';
import { createChunk, createSession, createSinglePush } from './sync-push.ts';
import {
  type DecodedRequest,
  type SyncRoutesDeps,
  decodeRequest,
  readInteger,
} from './sync-request.ts';
import { heldUntilWritten } from './held-response.ts';
import { syncGate } from './sync-gate.ts';
import { createSnapshotStream } from './sync-stream.ts';
import { mountStatus } from './sync-status.ts';
import { createWatch } from './sync-watch.ts';

type Operation = (
  context: Context,
  decoded: DecodedRequest,
) => Promise<Result<object | void, SyncFailure>>;

const failed = (
  code: ErrorCode,
  message: string,
): { readonly ok: false; readonly error: SyncFailure } => err({ code, message });

const connectOperation =
  ({ service }: SyncRoutesDeps): Operation =>
  async (_context, { caller, body }) => {
    const parsed = connectRequest.safeParse(body ?? {});
    if (!parsed.success) return failed('invalid_request', 'has_local_pending_rows is a boolean');
    const joined = await service.connect(caller, parsed.data.has_local_pending_rows);
    if (!joined.ok || !caller.extensions.has('server_epoch')) return joined;
    const epoch = await service.serverEpoch();
    return ok({ ...joined.value, ...(epoch === null ? {} : { server_epoch: epoch }) });
  };

const committedRowsOperation =
  ({ service }: SyncRoutesDeps): Operation =>
  async (context, { caller }) => {
    const query = context.req.query();
    const bundleSeq = readInteger(context.req.param('bundle_seq'), 1, 0);
    const afterRowOrdinal = readInteger(query['after_row_ordinal'], 0, -1);
    const rowsMax = readInteger(query['max_rows'], 1, service.limits.committedRows.rowsDefault);
    if (bundleSeq === null || bundleSeq === 0 || afterRowOrdinal === null || rowsMax === null) {
      return failed(
        'committed_bundle_chunk_invalid',
        'the bundle number or the paging is malformed',
      );
    }
    const include = caller.extensions.has('bundle_notes') ? query['include'] : undefined;
    if (include !== undefined && include !== 'notes') {
      return failed('invalid_request', 'include may only be "notes"');
    }
    return service.committedRows(caller, {
      bundleSeq,
      afterRowOrdinal: afterRowOrdinal === -1 ? null : afterRowOrdinal,
      rowsMax,
      withNotes: include === 'notes',
    });
  };

const pullOperation =
  ({ service }: SyncRoutesDeps): Operation =>
  async (context, { caller }) => {
    const query = context.req.query();
    const { bundlesDefault, bundlesMax } = service.limits.pull;
    const afterBundleSeq = readInteger(query['after_bundle_seq'], 0, 0);
    const wanted = readInteger(query['max_bundles'], 1, bundlesDefault);
    const targetBundleSeq = readInteger(query['target_bundle_seq'], 0, 0);
    if (
      afterBundleSeq === null ||
      targetBundleSeq === null ||
      wanted === null ||
      wanted > bundlesMax
    ) {
      return failed('invalid_request', 'the checkpoint, the target or max_bundles is malformed');
    }
    const include = caller.extensions.has('bundle_notes') ? query['include'] : undefined;
    if (include !== undefined && include !== 'notes') {
      return failed('invalid_request', 'include may only be "notes"');
    }
    return service.pull(caller, {
      afterBundleSeq,
      bundlesMax: wanted,
      targetBundleSeq,
      withNotes: include === 'notes',
    });
  };

const snapshotCreateOperation =
  ({ service }: SyncRoutesDeps): Operation =>
  async (_context, { caller, body }) => {
    const parsed = snapshotCreateRequest.safeParse(body ?? {});
    if (!parsed.success)
      return failed('snapshot_session_invalid', 'the request for a snapshot is malformed');
    const replacement = parsed.data.source_replacement;
    return service.createSnapshot(
      caller,
      replacement === undefined
        ? null
        : {
            previousSourceId: replacement.previous_source_id,
            newSourceId: replacement.new_source_id,
            reason: replacement.reason,
          },
    );
  };

const snapshotPageOperation =
  ({ service }: SyncRoutesDeps): Operation =>
  async (context, { caller }) => {
    const query = context.req.query();
    const { rowsDefault, pageBytesDefault } = service.limits.snapshot;
    const afterRowOrdinal = readInteger(query['after_row_ordinal'], 0, 0);
    const rowsMax = readInteger(query['max_rows'], 1, rowsDefault);
    const bytesMax = readInteger(query['max_bytes'], 1, pageBytesDefault);
    if (afterRowOrdinal === null || rowsMax === null || bytesMax === null) {
      return failed('snapshot_chunk_invalid', 'the paging is malformed');
    }
    return service.readSnapshotPage(caller, {
      snapshotId: context.req.param('snapshot_id') ?? '',
      afterRowOrdinal,
      rowsMax,
      bytesMax,
    });
  };

/** Everything below; `/sync` itself is a page of the app. */
export const SYNC_PATHS = '/sync/:path{.+}';
export const STATUS_PATHS = '/syncx/:path{.+}';

const CAPABILITIES = '/sync/capabilities';
const SNAPSHOT_STREAM = '/sync/snapshot-sessions/:snapshot_id/stream';

export function createSyncRoutes(deps: SyncRoutesDeps): Hono {
  const { service } = deps;
  const { bodyBytesMax, chunkBytesMax } = service.limits.request;
  const routes = new Hono();
  const methodsByPath = new Map<string, string[]>();

  const mount = (
    method: 'GET' | 'POST' | 'DELETE',
    path: string,
    operation: Operation,
    bytesMax: number = bodyBytesMax,
    syntaxCode: ErrorCode = 'invalid_request',
  ): void => {
    methodsByPath.set(path, [...(methodsByPath.get(path) ?? []), method]);
    routes.on(method, path, async (context) => {
      const request = context.req.raw;
      const decoded = await decodeRequest(deps, request, bytesMax, path === CAPABILITIES);
      if (decoded.ok) return answer(request, await operation(context, decoded.value));
      const { error } = decoded;
      const isBodySyntax = error.code === 'invalid_request' && error.message.startsWith('the body');
      return failureResponse(request, isBodySyntax ? { ...error, code: syntaxCode } : error);
    });
  };

  mountChecks(deps, routes);
  mount('POST', '/sync/connect', connectOperation(deps));
  mount('POST', '/sync/push-sessions', createSession(deps));
  mount('POST', '/sync/push-sessions/:push_id/chunks', createChunk(deps), chunkBytesMax);
  mount('POST', '/sync/push-sessions/:push_id/commit', async (context, { caller }) =>
    service.commitPush(caller, context.req.param('push_id') ?? ''),
  );
  mount('DELETE', '/sync/push-sessions/:push_id', async (context, { caller }) =>
    service.deletePushSession(caller, context.req.param('push_id') ?? ''),
  );
  if (service.offers('single_request_push')) {
    mount('POST', '/sync/push', createSinglePush(deps), service.limits.singlePush.requestBytesMax);
  }
  mount('GET', '/sync/committed-bundles/:bundle_seq/rows', committedRowsOperation(deps));
  mount('GET', '/sync/pull', pullOperation(deps));
  mount(
    'POST',
    '/sync/snapshot-sessions',
    snapshotCreateOperation(deps),
    bodyBytesMax,
    'snapshot_session_invalid',
  );
  mount('DELETE', '/sync/snapshot-sessions/:snapshot_id', async (context, { caller }) =>
    service.deleteSnapshot(caller, context.req.param('snapshot_id') ?? ''),
  );
  mount('GET', CAPABILITIES, async (_context, { areExtensionsAsked, caller }) => {
    // Heard once, so that the document can name it.
    await service.serverEpoch();
    return ok(service.capabilities(caller.accountId, areExtensionsAsked, caller.schemaVersion));
  });
  mountSnapshotPage(deps, routes, methodsByPath);
  if (service.offers('snapshot_stream')) {
    methodsByPath.set(SNAPSHOT_STREAM, ['GET']);
    routes.get(SNAPSHOT_STREAM, createSnapshotStream(deps));
  }
  methodsByPath.set('/sync/watch', ['GET']);
  routes.get('/sync/watch', createWatch(deps));
  mountStatus(deps, routes);

  mountRefusals(routes, methodsByPath);
  return routes;
}

/** What surrounds every route, outermost first. */
function mountChecks(deps: SyncRoutesDeps, routes: Hono): void {
  const { service } = deps;
  routes.use(SYNC_PATHS, syncHeaders());
  routes.use(STATUS_PATHS, syncHeaders());
  if (deps.allowsOtherOrigins === true) routes.use(SYNC_PATHS, cors());
  routes.use(SYNC_PATHS, syncGate(service));
  if (service.offers('server_epoch')) {
    routes.use(
      SYNC_PATHS,
      epochHeader(() => service.serverEpoch()),
    );
  }
}

/** A page holds its permit until its body is written, so slow readers are what is counted. */
function mountSnapshotPage(
  deps: SyncRoutesDeps,
  routes: Hono,
  methodsByPath: Map<string, string[]>,
): void {
  const path = '/sync/snapshot-sessions/:snapshot_id';
  methodsByPath.set(path, [...(methodsByPath.get(path) ?? []), 'GET']);
  const operation = snapshotPageOperation(deps);
  routes.get(path, async (context) => {
    const request = context.req.raw;
    const decoded = await decodeRequest(deps, request, deps.service.limits.request.bodyBytesMax);
    if (!decoded.ok) return failureResponse(request, decoded.error);
    const release = deps.service.enterSnapshotPage();
    if (release === null) {
      return failureResponse(request, {
        code: 'snapshot_chunk_capacity',
        message: 'too many snapshot pages are being read',
        retryAfterSeconds: 1,
      });
    }
    const response = await answer(request, await operation(context, decoded.value));
    return heldUntilWritten(response, release, deps.service.limits.snapshotStream.stallMs);
  });
}

/** What no operation took: another method of a known path, or no path at all. */
function mountRefusals(routes: Hono, methodsByPath: ReadonlyMap<string, readonly string[]>): void {
  for (const [path, methods] of methodsByPath) {
    routes.all(path, async (context) => {
      const response = await failureResponse(context.req.raw, {
        code: 'method_not_allowed',
        message: `this path answers ${methods.join(', ')}`,
      });
      response.headers.set('Allow', methods.join(', '));
      return response;
    });
  }
  for (const path of [SYNC_PATHS, STATUS_PATHS]) {
    routes.all(path, (context) =>
      failureResponse(context.req.raw, { code: 'not_found', message: 'there is no such path' }),
    );
  }
}
