/**
 * The ports through which the page log touches the world: a store of files that are written once, a
 * monotonic clock with timers, and randomness. Adapters live in `worker/host/`, the simulated disk in
 * `test/sim/files-model.ts`; every `Store` passes `test/contract/store.contract.ts`.
 *
 * What must hold: expected failures are values of `StoreFailure`; a `read` that fails says nothing
 * about the content, so it is never mistaken for damage; no name is ever used for two contents.
 */
import type { Result } from '../../shared/result.ts';

/** What can go wrong with stored files, in the words the page log decides by. */
export type StoreFailure = {
  readonly type:
    /** The disk or the quota is exhausted. */
    | 'full'
    /** The name is taken: files are written once. */
    | 'exists'
    /** There is no file of that name. */
    | 'absent'
    /** Somebody else holds the file or the store at this moment; trying again may help. */
    | 'busy'
    /** The storage vanished under us: site data cleared, connection closed for good. */
    | 'gone'
    /** Anything else. */
    | 'broken';
  /** For the log, never for a decision. Holds no content of the database. */
  readonly detail: string;
};

/**
 * A folder of files written once. Concurrent calls on different names are allowed. `put` resolves when
 * the file is kept as far as `survives` says; a put that fails may leave the file absent, empty, torn or
 * whole, and the caller looks before it concludes anything.
 */
export interface Store {
  readonly kind: 'opfs-async' | 'opfs-sync' | 'indexeddb' | 'memory';
  readonly survives: { readonly processKill: boolean; readonly powerCut: boolean };
  /** Makes later puts safe from what an earlier crash left in the host's own log (storage.md §6). */
  settle(): Promise<Result<void, StoreFailure>>;
  /** Names only: asking OPFS for the size of a file costs as much as reading a small one. */
  list(): Promise<Result<readonly string[], StoreFailure>>;
  read(name: string): Promise<Result<Uint8Array<ArrayBuffer>, StoreFailure>>;
  /**
   * How long ago the file was written by the wall clock, which may have been set in between; null where the
   * store cannot tell. May be negative. For ages only, never for order.
   */
  ageMs(name: string): Promise<number | null>;
  put(name: string, bytes: ArrayBuffer): Promise<Result<void, StoreFailure>>;
  /** A file that is absent counts as removed. */
  remove(name: string): Promise<Result<void, StoreFailure>>;
}

/** Time for ages and patience. Monotonic: wall clocks jump, and order nothing here. */
export interface LogClock {
  elapsedMs(): number;
  /** Runs `work` once after `delayMs`; the returned function takes it back. */
  after(delayMs: number, work: () => void): () => void;
}

/** The error that platform-shaped APIs (promises, throws) carry a `StoreFailure` in. */
export class StoreError extends Error {
  override readonly name = 'StoreError';
  readonly failure: StoreFailure;
  /**
   * `not-saved`: the transaction is certainly not in the store. `outcome-unknown`: it may be there after
   * the next start. `refused`: the database could not be opened.
   */
  readonly outcome: 'not-saved' | 'outcome-unknown' | 'refused';

  constructor(outcome: StoreError['outcome'], failure: StoreFailure) {
    super(`${outcome}: ${failure.type} (${failure.detail})`);
    this.outcome = outcome;
    this.failure = failure;
  }
}
