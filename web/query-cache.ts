/**
 * One watch per query and arguments, however many components read it. The last rows stay for a while after
 * the last reader left, so that going back to a view paints at once; then the watch is stopped. Rows that
 * arrive are whole and replace the old ones: nothing here knows what they mean.
 */
import type { QueryArgs, QueryName, QueryRows } from '../shared/queries.ts';
import type { Kitchen, StopWatching } from '../shared/rpc.ts';

export interface QueryCache {
  subscribe<Q extends QueryName>(query: Q, args: QueryArgs<Q>, onChange: () => void): () => void;
  /** The latest rows, `undefined` until the first answer. */
  read<Q extends QueryName>(query: Q, args: QueryArgs<Q>): QueryRows<Q> | undefined;
}

interface Watched {
  rows: unknown;
  readonly listeners: Set<() => void>;
  readonly stop: Promise<StopWatching>;
  linger: ReturnType<typeof setTimeout> | undefined;
}

/** How long a view that was left is kept current. */
const LINGER_MS = 30_000;

export function createQueryCache(
  kitchen: Pick<Kitchen, 'watch'>,
  onBroken: (error: unknown) => void,
): QueryCache {
  const watchedByKey = new Map<string, Watched>();

  function start(key: string, query: QueryName, args: QueryArgs<QueryName>): Watched {
    const listeners = new Set<() => void>();
    const stop = kitchen.watch(query, args, (rows) => {
      const watched = watchedByKey.get(key);
      if (watched === undefined) return;
      watched.rows = rows;
      for (const listener of listeners) listener();
    });
    stop.catch(onBroken);
    const watched: Watched = { rows: undefined, listeners, stop, linger: undefined };
    watchedByKey.set(key, watched);
    return watched;
  }

  function release(key: string, watched: Watched): void {
    watchedByKey.delete(key);
    watched.stop.then((stop) => stop(), onBroken);
  }

  return {
    subscribe(query, args, onChange) {
      const key = keyOf(query, args);
      const watched = watchedByKey.get(key) ?? start(key, query, args);
      clearTimeout(watched.linger);
      watched.listeners.add(onChange);
      return () => {
        watched.listeners.delete(onChange);
        if (watched.listeners.size === 0) {
          watched.linger = setTimeout(() => release(key, watched), LINGER_MS);
        }
      };
    },
    read<Q extends QueryName>(query: Q, args: QueryArgs<Q>) {
      return watchedByKey.get(keyOf(query, args))?.rows as QueryRows<Q> | undefined;
    },
  };
}

/** Arguments are flat records of plain values; equal ones have equal keys whatever their order. */
function keyOf(query: QueryName, args: QueryArgs<QueryName>): string {
  const pairs = Object.entries(args).sort(([a], [b]) => (a < b ? -1 : 1));
  return `${query} ${JSON.stringify(pairs)}`;
}
