/**
 * The one loop that exchanges by itself (`protocol.md` §11.14). It runs a round when there is a reason: a
 * local commit, a hint of the watch stream, the network or the app coming back, a timer. After a failure it
 * waits, longer each time and with jitter; it never spins, and while nobody is attached it sleeps. One watch
 * stream is open while rounds succeed; a hint that is lost costs latency, never data, because the timer asks
 * anyway.
 *
 * Nobody waits for company that does not come (decision 0005): the first write after a quiet moment and a
 * hint of something new begin a round in the same turn. Writes that follow closely are collected, until they
 * pause or the bound is reached; what comes up while a round runs is looked at when it has ended, and a hint
 * of what that round brought or made itself is no reason for another.
 */
import { backoffMs, ROUND_BACKOFF } from './backoff.ts';
import { requestOf } from './calls.ts';
import { durable } from './context.ts';
import type { Context } from './context.ts';
import type { SyncFailure } from './failures.ts';
import type { HintEvent } from './ports.ts';
import { hasHousehold, readAttachment } from './state.ts';
import type { SyncReport } from './sync.ts';

/** Writes closer together than this are one burst … */
const BURST_GAP_MS = 50;
/** … and no write of a burst waits longer than this for the others. */
const BURST_MOST_MS = 500;
const POLL_MS = 60_000;
/** With a watch stream the timer is only a safety net. */
const WATCHED_POLL_MS = 300_000;
/** A server that was updated, or serves this version again, is found out by asking. */
const VERSION_POLL_MS = 600_000;
const STREAM_PROVEN_MS = 60_000;
/** What slept, or changed its network, may hold a stream that died without a word. */
const STREAM_TRUSTED_MS = 60_000;

export type WakeReason = 'online' | 'visible' | 'hint';

export interface Background {
  start(): void;
  stop(): void;
  wake(reason: WakeReason): void;
  /** A local write was committed. */
  wrote(): void;
  /** A round succeeded, whoever asked for it. */
  succeeded(): void;
}

export interface BackgroundHost {
  /** One round; joins the one that is running. */
  readonly round: () => Promise<SyncReport>;
  /** An operation is running, whoever asked for it: what is written now may come too late for it. */
  readonly isExchanging: () => boolean;
  readonly nextTry: (atMs: number | null) => void;
  /** A round ended by an exception: a bug, or a store that failed. The loop goes on, ever slower. */
  readonly defect: (error: unknown) => void;
}

const isMismatch = (failure: SyncFailure): boolean =>
  failure.type === 'protocol' && failure.code === 'protocol-version-mismatch';

interface Timer {
  readonly atMs: number;
  readonly cancel: () => void;
}

// oxlint-disable-next-line max-lines-per-function -- one closure owns the state; its parts are short functions
export function createBackground(context: Context, host: BackgroundHost): Background {
  let isRunning = false;
  let isBusy = false;
  let failures = 0;
  let streamFailures = 0;
  /** The writes that no round has begun with yet: when the burst began and when it last grew. */
  let burst: { readonly sinceMs: number; lastMs: number } | null = null;
  let lastWriteAtMs = -Infinity;
  /** Woken while a round ran, and the highest number hinted at meanwhile. */
  let isWoken = false;
  let hintedSeq = 0;
  let timer: Timer | null = null;
  let closeStream: (() => void) | null = null;
  let heardAtMs = 0;
  let isWatchRefused = false;

  const plan = (delayMs: number, isRetry = false): void => {
    const atMs = context.clock.nowMs() + delayMs;
    timer?.cancel();
    timer = {
      atMs,
      cancel: context.clock.after(delayMs, () => {
        timer = null;
        void run();
      }),
    };
    host.nextTry(isRetry ? atMs : null);
  };

  const runNow = (): void => {
    timer?.cancel();
    timer = null;
    host.nextTry(null);
    void run();
  };

  const endStream = (): void => {
    closeStream?.();
    closeStream = null;
  };

  const onHint = (event: HintEvent, openedAtMs: number): void => {
    if (!isRunning) return;
    heardAtMs = context.clock.nowMs();
    switch (event.type) {
      case 'open':
        return;
      case 'hint':
        // While a round runs its own bundle is hinted at before its answer is here: judged at its end.
        if (isBusy || host.isExchanging()) hintedSeq = Math.max(hintedSeq, event.bundleSeq);
        if (!isBusy && event.bundleSeq !== readAttachment(context.sql).checkpoint) runNow();
        return;
      case 'refused':
        closeStream = null;
        isWatchRefused = event.status === 403 || event.status === 404;
        streamFailures += 1;
        plan(
          isWatchRefused ? POLL_MS : backoffMs(ROUND_BACKOFF, streamFailures, context.ids.random()),
        );
        return;
      case 'ended':
        closeStream = null;
        if (context.clock.nowMs() - openedAtMs >= STREAM_PROVEN_MS) streamFailures = 0;
        else streamFailures += 1;
        plan(
          streamFailures === 0
            ? 0
            : backoffMs(ROUND_BACKOFF, streamFailures - 1, context.ids.random()),
        );
    }
  };

  const openStream = async (): Promise<void> => {
    if (closeStream !== null || isWatchRefused || !isRunning) return;
    if (context.memory.capabilities?.document.features['bundle_change_watch'] !== true) return;
    await durable(context);
    if (closeStream !== null || !isRunning) return;
    const { checkpoint } = readAttachment(context.sql);
    const openedAtMs = context.clock.nowMs();
    heardAtMs = openedAtMs;
    const request = requestOf(context, {
      operation: 'watch',
      method: 'GET',
      path: '/sync/watch',
      query: { after_bundle_seq: String(checkpoint) },
    });
    let isOver = false;
    const close = context.transport.watch(request, (event) => {
      if (isOver) return;
      if (event.type === 'refused' || event.type === 'ended') isOver = true;
      onHint(event, openedAtMs);
    });
    if (!isOver)
      closeStream = () => {
        isOver = true;
        close();
      };
  };

  const afterRound = async (report: SyncReport): Promise<void> => {
    const { failure } = report;
    if (failure === null) {
      failures = 0;
      await openStream();
      plan(closeStream === null ? POLL_MS : WATCHED_POLL_MS);
      return;
    }
    failures += 1;
    if (failure.type === 'version' && failure.access === 'read_only') {
      // Others' work still comes in as ever.
      await openStream();
      plan(closeStream === null ? POLL_MS : WATCHED_POLL_MS);
      return;
    }
    endStream();
    // A new login or another app wakes the loop; asking again by itself would change nothing.
    if (failure.type === 'auth' || isMismatch(failure)) {
      host.nextTry(null);
      return;
    }
    if (failure.type === 'version') {
      plan(VERSION_POLL_MS);
      return;
    }
    const asked = failure.type === 'network' ? (failure.retryAfterMs ?? 0) : 0;
    plan(Math.max(asked, backoffMs(ROUND_BACKOFF, failures - 1, context.ids.random())), true);
  };

  const run = async (): Promise<void> => {
    if (!isRunning) return;
    if (isBusy) {
      isWoken = true;
      return;
    }
    if (!hasHousehold(context.sql)) {
      endStream();
      return;
    }
    isBusy = true;
    // A round that was under way already may have frozen without them.
    if (!host.isExchanging()) burst = null;
    try {
      const report = await host.round();
      if (isRunning) await afterRound(report);
    } catch (error) {
      host.defect(error);
      failures += 1;
      if (isRunning) plan(backoffMs(ROUND_BACKOFF, failures - 1, context.ids.random()), true);
    } finally {
      isBusy = false;
    }
    goOn();
  };

  /** What came up during a round. After a failure that ended the stream the back-off decides. */
  const goOn = (): void => {
    const isNews = closeStream !== null && hintedSeq > readAttachment(context.sql).checkpoint;
    const isDue = isWoken || isNews;
    isWoken = false;
    hintedSeq = 0;
    if (!isRunning) return;
    if (isDue) plan(0);
    else if (burst !== null && failures === 0) planBurst(burst);
  };

  const planBurst = ({ sinceMs, lastMs }: { sinceMs: number; lastMs: number }): void => {
    const dueMs = Math.min(lastMs + BURST_GAP_MS, sinceMs + BURST_MOST_MS) - context.clock.nowMs();
    // A clock that was set back must not make anybody wait for its return.
    plan(Math.min(Math.max(dueMs, 0), BURST_GAP_MS));
  };

  return {
    start(): void {
      if (isRunning) return;
      isRunning = true;
      plan(0);
    },
    stop(): void {
      isRunning = false;
      timer?.cancel();
      timer = null;
      endStream();
    },
    wake(reason: WakeReason): void {
      if (!isRunning) return;
      if (reason !== 'hint') {
        failures = 0;
        streamFailures = 0;
        isWatchRefused = false;
        // The round that follows asks for what it did not tell, and opens another.
        if (Math.abs(context.clock.nowMs() - heardAtMs) >= STREAM_TRUSTED_MS) endStream();
      }
      plan(0);
    },
    wrote(): void {
      if (!isRunning || !readAttachment(context.sql).isAttached) return;
      const nowMs = context.clock.nowMs();
      const isFirst = burst === null && Math.abs(nowMs - lastWriteAtMs) >= BURST_GAP_MS;
      lastWriteAtMs = nowMs;
      if (burst === null) burst = { sinceMs: nowMs, lastMs: nowMs };
      else burst.lastMs = nowMs;
      // After a failure the back-off decides; more writes do not make a server come back.
      if (isBusy || failures > 0) return;
      if (isFirst) runNow();
      else planBurst(burst);
    },
    succeeded(): void {
      // The end of an own round is looked at where it began.
      if (!isRunning || isBusy || failures === 0) return;
      // What the loop waited for, or had given up on, is over: it goes on by itself from here.
      failures = 0;
      plan(0);
    },
  };
}
