/**
 * Files in memory: for windows in which nothing durable answers and for the "shared computer" switch,
 * always with a banner, and for tests. Gone with the process, and says so.
 */
import { err, ok } from '../../shared/result.ts';
import type { Result } from '../../shared/result.ts';
import type { Store, StoreFailure } from '../store/files.ts';

const fail = (type: StoreFailure['type'], detail: string): Promise<Result<never, StoreFailure>> =>
  Promise.resolve(err({ type, detail }));

export function createMemoryFiles(): Store {
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  return {
    kind: 'memory',
    survives: { processKill: false, powerCut: false },
    settle: () => Promise.resolve(ok(undefined)),
    list: () => Promise.resolve(ok([...files.keys()])),
    read(name) {
      const bytes = files.get(name);
      return bytes === undefined ? fail('absent', name) : Promise.resolve(ok(bytes.slice()));
    },
    ageMs: () => Promise.resolve(null),
    put(name, bytes) {
      if (files.has(name)) return fail('exists', name);
      files.set(name, new Uint8Array(bytes.slice(0)));
      return Promise.resolve(ok(undefined));
    },
    remove(name) {
      files.delete(name);
      return Promise.resolve(ok(undefined));
    },
  };
}
