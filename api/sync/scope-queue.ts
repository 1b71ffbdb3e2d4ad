/**
 * The line in front of one scope's row. Whoever needs the row locked waits here, outside the connection
 * pool, first come first served: one busy household holds at most one connection of a process while it
 * waits and starves nobody (protocol.md §2.3). The line is bounded; behind it one is told to come back.
 */
import { limits } from '../../shared/limits.ts';
import { refuse } from './refusal.ts';

export interface ScopeQueue {
  run<T>(scopeId: string, work: () => Promise<T>): Promise<T>;
}

export function createScopeQueue(
  waitersMax: number = limits.database.waitersPerScopeMax,
): ScopeQueue {
  const lines = new Map<string, { last: Promise<unknown>; length: number }>();
  return {
    run: async (scopeId, work) => {
      const line = lines.get(scopeId) ?? { last: Promise.resolve(), length: 0 };
      if (line.length > waitersMax) {
        refuse(
          'service_unavailable',
          'too many writers are waiting for this household',
          undefined,
          1,
        );
      }
      lines.set(scopeId, line);
      line.length += 1;
      const result = line.last.then(work, work);
      // The next in line waits for the end, whatever it was; the caller sees the failure.
      line.last = result.then(
        () => undefined,
        () => undefined,
      );
      try {
        return await result;
      } finally {
        line.length -= 1;
        if (line.length === 0) lines.delete(scopeId);
      }
    },
  };
}
