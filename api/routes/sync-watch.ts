/**
 * Hints over server-sent events (protocol.md §7): subscribe first, then compare, so that nothing falls in
 * between. One slot per stream, heartbeats as comments, and the session is asked again at each event and
 * at least once a minute; when it ended, so does the stream.
 */
import type { Context } from 'hono';
import type { Hint, Subscription } from '../sync/watch.ts';
import { failureResponse } from './sync-answer.ts';
import { type SyncRoutesDeps, admit, decodeRequest, readInteger } from './sync-request.ts';

const HEADERS = {
  'Content-Type': 'text/event-stream',
  'Cache-Control': 'no-cache, no-store',
  'X-Accel-Buffering': 'no',
} as const;

/** Waiting helps with neither, so neither says how long. */
const REFUSED = {
  forbidden: { code: 'bundle_change_watch_forbidden', message: 'this account may not watch' },
  disabled: { code: 'bundle_change_watch_disabled', message: 'watch is switched off' },
} as const;

const encodeHint = (hint: Hint): string =>
  `event: bundle\ndata: ${JSON.stringify({
    bundle_seq: hint.bundleSeq,
    ...(hint.sourceId === undefined ? {} : { source_id: hint.sourceId }),
    ...(hint.sourceBundleId === undefined ? {} : { source_bundle_id: hint.sourceBundleId }),
  })}\n\n`;

interface StreamTimes {
  readonly heartbeatMs: number;
  readonly recheckMs: number;
}

/** The stream of one subscription; `isStillAllowed` is asked before every event and now and then. */
function createStream(
  subscription: Subscription,
  first: Hint | null,
  latestSeq: number,
  times: StreamTimes,
  isStillAllowed: () => Promise<boolean>,
  onWake: (wake: () => void) => void,
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let wake: () => void = () => undefined;
  let heartbeat: NodeJS.Timeout | undefined;
  let recheck: NodeJS.Timeout | undefined;
  // An object, since callbacks change it while the loop waits.
  const state = { isOver: false };
  const stop = (): void => {
    state.isOver = true;
    clearInterval(heartbeat);
    clearInterval(recheck);
    subscription.close();
    wake();
  };
  const endUnlessAllowed = async (
    controller: ReadableStreamDefaultController<Uint8Array>,
  ): Promise<void> => {
    if ((await isStillAllowed()) || state.isOver) return;
    controller.close();
    stop();
  };
  const run = async (controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> => {
    const send = (text: string): void => controller.enqueue(encoder.encode(text));
    // Sets the headers free at once, and tells proxies that something is coming.
    send(': open\n\n');
    let next: Hint | null = first;
    let delivered = 0;
    while (!state.isOver && subscription.ended() === null) {
      next ??= subscription.take();
      if (next === null) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
        continue;
      }
      if (!(await isStillAllowed())) break;
      if (next.bundleSeq > delivered) send(encodeHint(next));
      // The first hint may say more than there is, and must not swallow the bundle that gets its number.
      delivered = next === first ? latestSeq : Math.max(delivered, next.bundleSeq);
      next = null;
    }
    if (!state.isOver) controller.close();
    stop();
  };
  return new ReadableStream<Uint8Array>(
    {
      start: (controller) => {
        onWake(() => wake());
        heartbeat = setInterval(() => {
          // A reader that takes nothing has its own limit: what is not taken is not replaced.
          if ((controller.desiredSize ?? 0) > -16)
            controller.enqueue(encoder.encode(': heartbeat\n\n'));
        }, times.heartbeatMs);
        recheck = setInterval(() => {
          void endUnlessAllowed(controller);
        }, times.recheckMs);
        void run(controller).catch(stop);
      },
      cancel: stop,
    },
    { highWaterMark: 16 },
  );
}

export function createWatch(deps: SyncRoutesDeps): (context: Context) => Promise<Response> {
  const { service } = deps;
  return async (context) => {
    const request = context.req.raw;
    const decoded = await decodeRequest(deps, request, service.limits.request.bodyBytesMax);
    if (!decoded.ok) return failureResponse(request, decoded.error);
    const { caller } = decoded.value;
    const after = readInteger(context.req.query('after_bundle_seq'), 0, 0);
    if (after === null) {
      return failureResponse(request, {
        code: 'invalid_request',
        message: 'after_bundle_seq is malformed',
      });
    }
    const policy = service.watchPolicy(caller.accountId);
    if (policy !== 'allowed') return failureResponse(request, REFUSED[policy]);
    let wake: () => void = () => undefined;
    const subscription = service.hub.subscribe({
      scopeId: caller.scopeId,
      accountId: caller.accountId,
      sourceId: caller.sourceId,
      wake: () => wake(),
    });
    if (subscription === null) {
      return failureResponse(request, {
        code: 'service_unavailable',
        message: 'too many streams are open',
        retryAfterSeconds: 5,
      });
    }
    const latest = await service.readLatest(caller);
    if (!latest.ok) {
      subscription.close();
      return failureResponse(request, latest.error);
    }
    subscription.skipTo(latest.value);
    // Also when the checkpoint is ahead: the client pulls and learns what happened. A number is never 0 on
    // the wire, so an empty history that somebody is ahead of says 1.
    const first = latest.value === after ? null : { bundleSeq: Math.max(1, latest.value) };
    const isStillAllowed = async (): Promise<boolean> => {
      const again = await admit(deps, request);
      // A database that is away for a moment ends no stream; a session that ended does.
      return again.ok
        ? again.value.caller.scopeId === caller.scopeId
        : again.error.code === 'service_unavailable';
    };
    const body = createStream(
      subscription,
      first,
      latest.value,
      service.limits.watch,
      isStillAllowed,
      (run) => {
        wake = run;
      },
    );
    return new Response(body, { headers: HEADERS });
  };
}
