/**
 * Who wants to know that a scope moved on (protocol.md §7). A subscriber has one slot, in which the
 * newest hint wins; a hint that is not above the last one delivered is dropped. Hints are sent after
 * commit and outside of it: a lost one costs latency, never data.
 */

export interface Hint {
  readonly bundleSeq: number;
  /** Unknown for first and catch-up events. */
  readonly sourceId?: string;
  readonly sourceBundleId?: number;
}

export type StreamEnd = 'replaced' | 'closing';

export interface Subscriber {
  readonly scopeId: string;
  readonly accountId: string;
  readonly sourceId: string;
  /** Called when the slot went from empty to full, or when the stream has to end. */
  readonly wake: () => void;
}

export interface Subscription {
  /** Takes what is in the slot. */
  take(): Hint | null;
  ended(): StreamEnd | null;
  /** The reader knows of `bundleSeq` already; nothing up to it is worth a hint. */
  skipTo(bundleSeq: number): void;
  close(): void;
}

export interface WatchLimits {
  readonly streamsPerAccountMax: number;
  readonly streamsPerScopeMax: number;
  readonly streamsPerProcessMax: number;
}

export interface WatchHub {
  /** Null when a quota is used up. An older stream of the same source ends. */
  subscribe(subscriber: Subscriber): Subscription | null;
  /** A commit of this process: for its own streams, and for the bridge to the other processes. */
  publish(scopeId: string, hint: Hint): void;
  /** A commit of another process. */
  relay(scopeId: string, hint: Hint): void;
  /** Hears what is published; the bridge. */
  onPublish(heard: (scopeId: string, hint: Hint) => void): void;
  /** Scopes that somebody listens to, for the bridge between processes. */
  scopes(): readonly string[];
  /** Streams that are open. */
  count(): number;
  /** Ends every stream; nobody can subscribe afterwards. */
  close(): void;
}

interface Stream {
  readonly subscriber: Subscriber;
  slot: Hint | null;
  delivered: number;
  end: StreamEnd | null;
}

const subscriptionOf = (stream: Stream, close: () => void): Subscription => ({
  take: () => {
    const hint = stream.slot;
    stream.slot = null;
    if (hint !== null) stream.delivered = hint.bundleSeq;
    return hint;
  },
  ended: () => stream.end,
  skipTo: (bundleSeq) => {
    stream.delivered = Math.max(stream.delivered, bundleSeq);
    if (stream.slot !== null && stream.slot.bundleSeq <= bundleSeq) stream.slot = null;
  },
  close,
});

export function createWatchHub(limits: WatchLimits): WatchHub {
  const streamsByScope = new Map<string, Set<Stream>>();
  let count = 0;
  let isClosed = false;
  let heard: (scopeId: string, hint: Hint) => void = () => undefined;

  const remove = (stream: Stream): void => {
    const streams = streamsByScope.get(stream.subscriber.scopeId);
    if (streams?.delete(stream) !== true) return;
    count -= 1;
    if (streams.size === 0) streamsByScope.delete(stream.subscriber.scopeId);
  };
  const end = (stream: Stream, reason: StreamEnd): void => {
    stream.end = reason;
    remove(stream);
    stream.subscriber.wake();
  };
  const offer = (stream: Stream, hint: Hint): void => {
    if (hint.bundleSeq <= Math.max(stream.delivered, stream.slot?.bundleSeq ?? 0)) return;
    stream.slot = hint;
    stream.subscriber.wake();
  };
  const relay = (scopeId: string, hint: Hint): void => {
    for (const stream of streamsByScope.get(scopeId) ?? []) offer(stream, hint);
  };

  return {
    subscribe: (subscriber) => {
      if (isClosed) return null;
      const streams = streamsByScope.get(subscriber.scopeId) ?? new Set<Stream>();
      for (const stream of streams) {
        if (stream.subscriber.sourceId === subscriber.sourceId) end(stream, 'replaced');
      }
      const ofAccount = [...streams].filter(
        (stream) => stream.subscriber.accountId === subscriber.accountId,
      ).length;
      if (
        count >= limits.streamsPerProcessMax ||
        streams.size >= limits.streamsPerScopeMax ||
        ofAccount >= limits.streamsPerAccountMax
      ) {
        return null;
      }
      const stream: Stream = { subscriber, slot: null, delivered: 0, end: null };
      streams.add(stream);
      streamsByScope.set(subscriber.scopeId, streams);
      count += 1;
      return subscriptionOf(stream, () => remove(stream));
    },
    publish: (scopeId, hint) => {
      relay(scopeId, hint);
      heard(scopeId, hint);
    },
    relay,
    onPublish: (listener) => {
      heard = listener;
    },
    scopes: () => [...streamsByScope.keys()],
    count: () => count,
    close: () => {
      isClosed = true;
      for (const streams of streamsByScope.values()) {
        for (const stream of streams) end(stream, 'closing');
      }
    },
  };
}
