/**
 * The line in which committed transactions become durable: group commit, retries, and the order of
 * acknowledgement. Owns `seq` and the chain; nothing else makes records.
 *
 * What must hold
 *  - `whenDurable(seq)` resolves only after a put that covers `seq` succeeded, or after the file was
 *    read back whole. Never on an unknown outcome.
 *  - At most one group is being put, so acknowledgements are in order of commit and each file starts
 *    where the file before it ended.
 *  - After a failure for good nothing is acknowledged any more. The line first tries to fence what it
 *    could not save: an epoch-start record on the durable prefix, which beats whatever the failed puts
 *    may leave. With the fence durable the transactions are certainly not saved; without it their outcome
 *    is unknown. The line is dead either way, and the owner opens the database anew.
 */
import { assert } from '../../shared/assert.ts';
import { err, ok } from '../../shared/result.ts';
import type { Result } from '../../shared/result.ts';
import { allocateBase, encodeSegment, sealBase } from './file-format.ts';
import type { Owner } from './file-format.ts';
import { baseName, logName, parseFileName } from './file-names.ts';
import { StoreError } from './files.ts';
import type { LogClock, Store, StoreFailure } from './files.ts';
import { encodeRecord, FLAG_EPOCH_START } from './format.ts';
import type { LogRecord, PageChanges } from './format.ts';
import { NO_ANSWER } from './patience.ts';
import type { ChainPoint } from './recover.ts';

const GROUP_BYTES_MAX = 4 * 1024 * 1024;
const PUT_ATTEMPTS_MAX = 3;
/** A group that is not kept after this long is reported as slow. When a put has failed says `patience.ts`. */
const SAVING_SLOW_MS = 10_000;

/** What a durable file holds, for compaction. */
export type WrittenFile =
  | { readonly type: 'log'; readonly name: string; readonly records: readonly LogRecord[] }
  | { readonly type: 'base'; readonly name: string; readonly seq: number; readonly chain: number };

export interface CommitLineDeps {
  readonly store: Store;
  readonly clock: LogClock;
  readonly databaseId: Uint8Array;
  readonly owner: Owner;
  readonly start: ChainPoint;
  readonly oldestWriterVersion: number;
  onCommitted(point: ChainPoint): void;
  onWritten(file: WrittenFile): void;
  /** How long the next group may wait for company: compaction's brake against floods of files. */
  groupDelayMs(): number;
  /** Deletes what nobody needs when the disk is full. */
  freeSpace(): Promise<void>;
  /** The last room there is, for what is being put and for what must be put to get out of this. */
  giveUpReserve(reason: StoreFailure): Promise<void>;
  /** True while a put has been silent for longer than people should have to wonder. */
  onSlow(isSlow: boolean): void;
  /** Called once, after which nothing is acknowledged any more. */
  onFailed(failure: StoreError): void;
}

export interface CommitLine {
  /** Queues one transaction and returns its seq. Never throws on behalf of the store. */
  append(changes: PageChanges, pageCount: number, flags: number): number;
  /** Queues a transaction too large for a record: `copyImage` fills in the database as it is now. */
  appendCarryingBase(
    pageCount: number,
    schemaVersion: number,
    copyImage: (into: Uint8Array) => void,
  ): number;
  committed(): ChainPoint;
  durable(): ChainPoint;
  whenDurable(seq: number): Promise<void>;
  failure(): StoreError | null;
}

type Item =
  | { readonly type: 'record'; readonly record: LogRecord }
  | {
      readonly type: 'base';
      readonly point: ChainPoint;
      readonly bytes: Uint8Array<ArrayBuffer>;
    };

interface Waiter {
  readonly seq: number;
  readonly resolve: () => void;
  readonly reject: (error: StoreError) => void;
}

interface Group {
  readonly end: ChainPoint;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly nameOf: (attempt: number) => string;
  readonly describe: (name: string) => WrittenFile;
}

const NO_CHANGES: PageChanges = new Map();

// oxlint-disable-next-line max-lines-per-function -- one closure owns the state; its parts are short functions
export function createCommitLine(deps: CommitLineDeps): CommitLine {
  const { databaseId, owner } = deps;
  const queue: Item[] = [];
  let waiters: Waiter[] = [];
  let committed = deps.start;
  let durable = deps.start;
  let failure: StoreError | null = null;
  let isPumping = false;

  function enqueue(item: Item, point: ChainPoint): number {
    if (failure === null) {
      queue.push(item);
      committed = point;
      deps.onCommitted(point);
      if (!isPumping) {
        isPumping = true;
        // Not within the commit hook: the transaction is still on SQLite's stack there.
        void Promise.resolve().then(pump);
      }
    } else {
      committed = point;
    }
    return point.seq;
  }

  async function pump(): Promise<void> {
    while (queue.length > 0 && failure === null) {
      const delayMs = deps.groupDelayMs();
      if (delayMs > 0) await pause(deps.clock, delayMs);
      const group = takeGroup(queue, databaseId, owner);
      const endSlowness = watchSlowness(deps);
      const kept = await putGroup(deps, group);
      if (kept.ok) {
        endSlowness();
        durable = group.end;
        deps.onWritten(group.describe(kept.value));
        const served = waiters.filter((waiter) => waiter.seq <= durable.seq);
        waiters = waiters.filter((waiter) => waiter.seq > durable.seq);
        for (const waiter of served) waiter.resolve();
      } else {
        const isOut = (await fence(deps, durable)) || (await sweep(deps.store, kept.error));
        endSlowness();
        failure = new StoreError(isOut ? 'not-saved' : 'outcome-unknown', kept.error.failure);
        for (const waiter of waiters) waiter.reject(failure);
        waiters = [];
        queue.length = 0;
        deps.onFailed(failure);
      }
    }
    isPumping = false;
  }

  return {
    append(changes, pageCount, flags) {
      const { seq, crc } = committed;
      const header = { ...owner, seq: seq + 1, previousCrc: crc, pageCount, flags };
      const record = encodeRecord(header, changes);
      return enqueue({ type: 'record', record }, record);
    },
    appendCarryingBase(pageCount, schemaVersion, copyImage) {
      const buffer = allocateBase(pageCount);
      copyImage(buffer.image);
      const seq = committed.seq + 1;
      const { oldestWriterVersion } = deps;
      const crc = sealBase(buffer, {
        ...owner,
        databaseId,
        seq,
        chain: null,
        pageCount,
        schemaVersion,
        oldestWriterVersion,
      });
      const point = { seq, crc, pageCount };
      return enqueue({ type: 'base', point, bytes: buffer.bytes }, point);
    },
    committed: () => committed,
    durable: () => durable,
    whenDurable(seq) {
      if (seq <= durable.seq) return Promise.resolve();
      if (failure !== null) return Promise.reject(failure);
      assert(seq <= committed.seq, 'only a committed transaction can become durable');
      return new Promise((resolve, reject) => waiters.push({ seq, resolve, reject }));
    },
    failure: () => failure,
  };
}

/** The next file: one carrying base, or as many records as one group may hold. */
function takeGroup(queue: Item[], databaseId: Uint8Array, owner: Owner): Group {
  const first = queue[0];
  assert(first !== undefined, 'a group is taken from a queue that is not empty');
  if (first.type === 'base') {
    queue.shift();
    const { point, bytes } = first;
    const { seq, crc: chain } = point;
    return {
      end: point,
      bytes,
      nameOf: (attempt) => baseName(seq, owner, attempt),
      describe: (name) => ({ type: 'base', name, seq, chain }),
    };
  }
  const records: LogRecord[] = [];
  let last = first.record;
  let sizeBytes = 0;
  for (const item of queue) {
    if (item.type === 'base') break;
    if (records.length > 0 && sizeBytes + item.record.bytes.length > GROUP_BYTES_MAX) break;
    records.push(item.record);
    last = item.record;
    sizeBytes += item.record.bytes.length;
  }
  queue.splice(0, records.length);
  const { seq: firstSeq } = first.record;
  return {
    end: { seq: last.seq, crc: last.crc, pageCount: last.pageCount },
    bytes: encodeSegment(databaseId, owner, records),
    nameOf: (attempt) => logName(firstSeq, last.seq, owner, attempt),
    describe: (name) => ({ type: 'log', name, records }),
  };
}

type PutDeps = Pick<CommitLineDeps, 'store' | 'clock' | 'onSlow' | 'freeSpace' | 'giveUpReserve'>;

interface FailedPut {
  readonly failure: StoreFailure;
  readonly tried: readonly string[];
  /** An attempt never answered: its file may appear at any later time. */
  readonly mayStillLand: boolean;
}

/** The name under which the group is certainly kept. */
async function putGroup(deps: PutDeps, group: Group): Promise<Result<string, FailedPut>> {
  const tried: string[] = [];
  let failure: StoreFailure = NO_ANSWER;
  let mayStillLand = false;
  for (let attempt = 0; attempt < PUT_ATTEMPTS_MAX; attempt++) {
    const name = group.nameOf(attempt);
    tried.push(name);
    const outcome = await deps.store.put(name, group.bytes.buffer);
    if (outcome.ok) return ok(name);
    failure = outcome.error;
    mayStillLand ||= failure === NO_ANSWER;
    if (failure.type === 'gone') break;
    // Two attempts for what may be an accident; the third is for space that was freed in between.
    if (failure.type !== 'full' && attempt >= 1) break;
    if (failure.type === 'full' && attempt === 0) await deps.freeSpace();
    if (failure.type === 'full' && attempt === 1) await deps.giveUpReserve(failure);
  }
  for (const name of tried) {
    if (await isKept(deps.store, name, group.bytes)) return ok(name);
  }
  return err({ failure, tried, mayStillLand });
}

/** Says that saving is slow from the moment on when a group has taken too long; the answer ends it. */
function watchSlowness({ clock, onSlow }: PutDeps): () => void {
  let isSlow = false;
  const cancel = clock.after(SAVING_SLOW_MS, () => {
    isSlow = true;
    onSlow(true);
  });
  return () => {
    cancel();
    if (isSlow) onSlow(false);
  };
}

/** Reads back: only the very bytes count. */
export async function isKept(store: Store, name: string, bytes: Uint8Array): Promise<boolean> {
  const found = await store.read(name);
  if (!found.ok || found.value.length !== bytes.length) return false;
  for (let index = 0; index < bytes.length; index++) {
    if (bytes[index] !== found.value[index]) return false;
  }
  return true;
}

/**
 * Makes sure that a group that could not be put cannot come back: true when it is certainly out. The
 * fence is an epoch start on the durable prefix, under an epoch above every name in the store.
 */
async function fence(deps: CommitLineDeps, durable: ChainPoint): Promise<boolean> {
  const listed = await deps.store.list();
  if (!listed.ok) return false;
  const epoch = listed.value.reduce(
    (highest, name) => Math.max(highest, parseFileName(name)?.epoch ?? 0),
    deps.owner.epoch,
  );
  const owner = { epoch: epoch + 1, nonce: deps.owner.nonce };
  const header = {
    ...owner,
    seq: durable.seq + 1,
    previousCrc: durable.crc,
    pageCount: durable.pageCount,
    flags: FLAG_EPOCH_START,
  };
  const record = encodeRecord(header, NO_CHANGES);
  const bytes = encodeSegment(deps.databaseId, owner, [record]);
  for (let attempt = 0; attempt < 2; attempt++) {
    const name = logName(record.seq, record.seq, owner, attempt);
    const outcome = await deps.store.put(name, bytes.buffer);
    if (outcome.ok || (await isKept(deps.store, name, bytes))) return true;
  }
  return false;
}

/**
 * Where even the fence finds no room: removes what the attempts left, so that no torn front of it counts
 * later. Says nothing certain about an attempt that never answered.
 */
async function sweep(store: Store, failed: FailedPut): Promise<boolean> {
  if (failed.mayStillLand) return false;
  for (const name of failed.tried) await store.remove(name);
  const listed = await store.list();
  return listed.ok && !listed.value.some((name) => failed.tried.includes(name));
}

/** Resolves after `delayMs` of the given clock. */
export function pause(clock: LogClock, delayMs: number): Promise<void> {
  return new Promise((resolve) => {
    clock.after(delayMs, resolve);
  });
}
