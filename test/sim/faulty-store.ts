/**
 * A store of which exactly one call goes wrong, whichever it is, and the work that is done on it: enough of
 * everything that each path of the page log is taken (groups, a carrying base, merges, bases, retention, a
 * clean end). Tests run the work with fault after fault in call after call, until no call is left.
 */
import { err } from '../../shared/result.ts';
import type { Result } from '../../shared/result.ts';
import { StoreError } from '../../worker/store/files.ts';
import type { Store, StoreFailure } from '../../worker/store/files.ts';
import { PAGE_SIZE_BYTES } from '../../worker/store/format.ts';
import type { PageChange } from '../../worker/store/format.ts';
import { openPageLog } from '../../worker/store/page-log.ts';
import type { PageLog } from '../../worker/store/page-log.ts';
import { drive } from './files-model.ts';
import type { SimulatedClock } from './files-model.ts';

/** What an adapter may answer or fail to answer. A read that hangs has nobody to be answered to. */
export const CALL_FAULTS = [
  'rejects-busy',
  'rejects-broken',
  'rejects-busy-from-here-on',
  'is-done-and-rejects',
] as const;

/** When the owner dies: with the call not made, or with its answer on the way. */
export const DEATHS = ['dies-before', 'dies-after'] as const;

export type CallFault = (typeof CALL_FAULTS)[number] | (typeof DEATHS)[number];

export interface FaultyCalls {
  readonly store: Store;
  callCount(): number;
}

/** `kill` ends the owner; everything it asks after that stays unanswered. */
export function withCallFault(
  inner: Store,
  callNumber: number,
  fault: CallFault,
  kill: () => void,
): FaultyCalls {
  let callCount = 0;

  async function call<T>(
    work: () => Promise<Result<T, StoreFailure>>,
  ): Promise<Result<T, StoreFailure>> {
    callCount++;
    const isHit = fault.endsWith('-from-here-on')
      ? callCount >= callNumber
      : callCount === callNumber;
    if (!isHit) return work();
    if (fault === 'dies-before' || fault === 'dies-after') {
      if (fault === 'dies-after') await work();
      kill();
      return new Promise(() => undefined);
    }
    if (fault === 'is-done-and-rejects') await work();
    return err({ type: fault.includes('busy') ? 'busy' : 'broken', detail: 'a planted fault' });
  }

  return {
    callCount: () => callCount,
    store: {
      ...inner,
      settle: () => call(() => inner.settle()),
      list: () => call(() => inner.list()),
      read: (name) => call(() => inner.read(name)),
      put: (name, bytes) => call(() => inner.put(name, bytes)),
      remove: (name) => call(() => inner.remove(name)),
    },
  };
}

export interface Said {
  /** What the image held at the opening; null when it was refused or the owner died before. */
  found: number | null;
  readonly outcomes: ('saved' | 'not-saved' | 'outcome-unknown')[];
}

const TRANSACTIONS = 10;
const LIMITS = {
  mergeSegmentsMin: 4,
  quietMergeSegmentsMin: 2,
  mergeMergedMin: 3,
  baseAfterBytesMin: 9_000,
  baseAfterBytesMax: 9_000,
  carryingBasePagesMin: 1,
};

/** Counts up in the first byte of two pages, one transaction after the other; stops when one fails. */
export async function workOn(
  store: Store,
  clock: SimulatedClock,
  said: Said,
  randomBytes: (count: number) => Uint8Array,
): Promise<void> {
  const opened = await openPageLog({
    store,
    clock,
    randomBytes,
    schemaVersion: 1,
    oldestWriterVersion: 1,
    limits: LIMITS,
  });
  if (!opened.ok) return;
  const log = opened.value;
  let value = log.takeImage()[0] ?? 0;
  said.found = value;
  if (log.readOnly() !== null) return;
  log.attachImage((into) => into.fill(value));
  for (let count = 1; count <= TRANSACTIONS; count++) {
    value += 1;
    commitValue(log, value, count === 6);
    const outcome = await log.whenDurable(log.committedSeq()).then(
      () => 'saved' as const,
      (error: unknown) => {
        if (!(error instanceof StoreError) || error.outcome === 'refused') throw error;
        return error.outcome;
      },
    );
    said.outcomes.push(outcome);
    if (outcome !== 'saved') return;
    clock.advance(30_000);
    if (count % 3 === 0) await log.compact();
  }
  await log.close().catch((error: unknown) => {
    if (!(error instanceof StoreError)) throw error; // an end that is not clean, and no promise
  });
}

function commitValue(log: PageLog, value: number, isCarried: boolean): void {
  const page: PageChange = { type: 'full', bytes: new Uint8Array(PAGE_SIZE_BYTES).fill(value) };
  log.commit({
    pageCount: 2,
    touchedPages: isCarried ? 2 : 1,
    schemaChanged: false,
    schemaVersion: 1,
    readChanges: () =>
      new Map([
        [1, page],
        [2, page],
      ]),
    copyImage: (into) => into.fill(value),
  });
}

/** Drives the work until it is over or the owner is dead. */
export const driveUntil = (
  clock: SimulatedClock,
  work: Promise<void>,
  died: Promise<void>,
): Promise<void> => drive(clock, Promise.race([work, died]), 500);
