/**
 * The page log of one database over one folder of files: opens it (reading, choice of the state,
 * quarantine, a new owner epoch) and composes commit line and compaction. The caller holds the owner lock
 * for as long as the log is open.
 *
 * What must hold: nothing is put before the store is settled; a read error stops the start, damage does
 * not; the log serves only after its epoch-start record is durable and no higher epoch has appeared.
 * It knows no SQLite: pages come in through `commit`, the image goes out once, at the start.
 */
import { assert } from '../../shared/assert.ts';
import { hexDecode, hexEncode } from '../../shared/bytes.ts';
import { err, ok } from '../../shared/result.ts';
import type { Result } from '../../shared/result.ts';
import { createCommitLine } from './commit.ts';
import type { CommitLine } from './commit.ts';
import { COMPACTION_LIMITS, createCompaction } from './compact.ts';
import type { CompactionLimits } from './compact.ts';
import { DATABASE_ID_BYTES } from './file-format.ts';
import type { Owner } from './file-format.ts';
import { parseFileName } from './file-names.ts';
import { StoreError } from './files.ts';
import type { LogClock, Store, StoreFailure } from './files.ts';
import { FLAG_CLEAN_END, FLAG_EPOCH_START, FLAG_SCHEMA_CHANGED } from './format.ts';
import type { PageChanges } from './format.ts';
import { findState, isNothingReadable, quarantineDamaged } from './folder.ts';
import type { FoundState } from './folder.ts';
import { withPatience } from './patience.ts';
import { createReadOnlyLog } from './read-only-log.ts';
import { buildImage } from './recover.ts';
import type { ChainPoint, Expected, Loss, Recovery } from './recover.ts';
import { createReserve, removeSpares } from './reserve.ts';
import { createRounds } from './rounds.ts';
import type { Rounds } from './rounds.ts';

const OPEN_ATTEMPTS_MAX = 4;
const NO_CHANGES: PageChanges = new Map();
const CARRYING_BASE_SHARE = 0.25;
export interface PageLogDeps {
  readonly store: Store;
  readonly clock: LogClock;
  randomBytes(count: number): Uint8Array;
  /** Version of the code's schema, and the oldest whose code may still write what it writes. */
  readonly schemaVersion: number;
  readonly oldestWriterVersion: number;
  /** Whether the recovered file is newer code's: then nothing is put or removed. */
  isAhead?(image: Uint8Array): boolean;
  /** The database that was here last, as hexadecimal, if something outside of the files knows. */
  readonly knownId?: string | null;
  readonly limits?: Partial<CompactionLimits>;
  onSlow?(isSlow: boolean): void;
  /** `noRoom` has another answer than before. */
  onRoom?(): void;
  /** Called once, when saving has failed for good: the owner must open the database anew. */
  onFailed?(failure: StoreError): void;
}

export interface Opening {
  readonly clean: boolean;
  readonly loss: Loss;
  readonly seq: number;
  readonly epoch: number;
  /** Sixteen random bytes as hexadecimal, made with the database. */
  readonly databaseId: string;
  /** Damaged files that were set aside, for the report to the person. */
  readonly quarantinedFiles: number;
}

/** What a transaction did, handed over inside the commit hook. */
export interface CommittedPages {
  readonly pageCount: number;
  /** Pages that were written, an upper bound of what changed. */
  readonly touchedPages: number;
  readonly schemaChanged: boolean;
  readonly schemaVersion: number;
  readChanges(): PageChanges;
  copyImage(into: Uint8Array): void;
}

export interface PageLog {
  /** The SQLite file to open; empty for a new database. Once: it is the caller's from then on. */
  takeImage(): Uint8Array<ArrayBuffer>;
  readonly opening: Opening;
  /** Where compaction may copy the database from, once it is open. */
  attachImage(copyImage: (into: Uint8Array) => void): void;
  commit(pages: CommittedPages): void;
  committedSeq(): number;
  durableSeq(): number;
  whenDurable(seq: number): Promise<void>;
  failure(): StoreError | null;
  /** Why nothing can be committed at the moment, or null. */
  readOnly(): StoreFailure | null;
  /** Why only what is needed for sending should be committed at the moment (the disk is full), or null. */
  noRoom(): StoreFailure | null;
  /** Looks for room, if there was none. Resolves when the attempt is over, whatever came of it. */
  retrySaving(): Promise<void>;
  /** One round of compaction now, and its end. For tests and for idle moments. */
  compact(): Promise<void>;
  /** Makes everything durable, writes the clean-end record, stops compaction. */
  close(): Promise<void>;
  /** The end for a database that cannot be served: nothing is merged, and no clean end vouches for it. */
  abandon(): void;
}

export async function openPageLog(deps: PageLogDeps): Promise<Result<PageLog, StoreFailure>> {
  // Settling and reading do not disturb each other; both must be done before the first put.
  const settled = deps.store.settle();
  for (let attempt = 0; attempt < OPEN_ATTEMPTS_MAX; attempt++) {
    const found = await findState(deps.store, deps.clock, expectedOf(deps));
    if (!found.ok) return found;
    const image = buildImage(found.value.recovery);
    const refusal = refuses(deps, found.value, image);
    if (refusal !== null) return err(refusal);
    const isSettled = await settled;
    if (!isSettled.ok) {
      // Settling puts, too. What cannot be settled can still be read.
      return isSettled.error.type === 'gone'
        ? isSettled
        : ok(readOnlyLog(deps, found.value, image, isSettled.error));
    }
    const opened = await takeOver(deps, found.value, image);
    if (!opened.ok) return opened;
    if (opened.value !== 'another-owner') return ok(opened.value);
  }
  return err({ type: 'busy', detail: 'another owner keeps opening this database' });
}

function expectedOf(deps: PageLogDeps): Expected {
  const { knownId = null } = deps;
  return {
    freshId: deps.randomBytes(DATABASE_ID_BYTES),
    knownId: knownId === null ? null : hexDecode(knownId),
  };
}

/**
 * Older code never repairs, compacts or deletes what newer code wrote, and nobody begins an empty database
 * where there was another one.
 */
function refuses(deps: PageLogDeps, found: FoundState, image: Uint8Array): StoreFailure | null {
  const { folder } = found;
  if (folder.hasNewerFormat) return { type: 'broken', detail: 'newer-format' };
  const oldest = folder.bases.reduce(
    (most, { base }) => Math.max(most, base.oldestWriterVersion),
    0,
  );
  // Bases are rare: between two of them only the image itself tells.
  const isAhead = image.length > 0 && deps.isAhead?.(image) === true;
  if (isAhead || oldest > deps.schemaVersion) {
    return { type: 'broken', detail: 'newer-schema' };
  }
  return isNothingReadable(found) ? { type: 'broken', detail: 'nothing-readable' } : null;
}

async function takeOver(
  deps: PageLogDeps,
  found: FoundState,
  image: Uint8Array<ArrayBuffer>,
): Promise<Result<PageLog | 'another-owner', StoreFailure>> {
  const { folder, recovery } = found;
  const quarantinedFiles = await quarantineDamaged(deps.store, folder);
  const nonceBytes = deps.randomBytes(4);
  const owner: Owner = {
    epoch: folder.highestEpoch + 1,
    nonce: new DataView(nonceBytes.buffer, nonceBytes.byteOffset, 4).getUint32(0, true),
  };
  let isServed = false;
  const onFailed = (failure: StoreError): void => {
    if (isServed) deps.onFailed?.(failure); // until then the failure is the answer of this function
  };
  const log = assemble({ ...deps, onFailed }, found, owner, image, quarantinedFiles);
  const startSeq = log.line.append(NO_CHANGES, recovery.end.pageCount, FLAG_EPOCH_START);
  const started = await settle(log.line.whenDurable(startSeq));
  if (!started.ok) {
    // It may be written later, by another try or by itself: until then reading does no harm.
    return started.error.type === 'gone'
      ? started
      : ok(readOnlyLog(deps, found, image, started.error));
  }
  const listed = await deps.store.list();
  if (!listed.ok) return listed;
  const isOvertaken = listed.value.some((name) => (parseFileName(name)?.epoch ?? 0) > owner.epoch);
  if (isOvertaken) {
    log.rounds.stop();
    return ok('another-owner');
  }
  isServed = true;
  log.rounds.noteOpened();
  void log.pageLog.retrySaving();
  return ok(log.pageLog);
}

function readOnlyLog(
  deps: PageLogDeps,
  found: FoundState,
  image: Uint8Array<ArrayBuffer>,
  reason: StoreFailure,
): PageLog {
  const { folder, recovery } = found;
  return createReadOnlyLog({
    image,
    opening: openingOf(recovery, folder.highestEpoch, 0),
    reason,
    onRoom: () => deps.onRoom?.(),
    reopen: () => takeOverAgain(deps, recovery.end),
  });
}

/** The same database after a while, unless somebody else has written to it. */
async function takeOverAgain(
  deps: PageLogDeps,
  end: ChainPoint,
): Promise<Result<PageLog, StoreFailure>> {
  await removeSpares(deps.store);
  const settled = await deps.store.settle();
  if (!settled.ok) return settled;
  const found = await findState(deps.store, deps.clock, expectedOf(deps));
  if (!found.ok) return found;
  const { recovery } = found.value;
  const isOnSameChain = end.seq === 0 || recovery.crcBySeq.get(end.seq) === end.crc;
  const later = recovery.records.filter((record) => record.seq > end.seq);
  const isSame =
    isOnSameChain &&
    recovery.end.pageCount === end.pageCount &&
    later.every((record) => record.entryCount === 0);
  const opened = isSame
    ? await takeOver(deps, found.value, buildImage(recovery))
    : ok('another-owner' as const);
  if (!opened.ok) return opened;
  return opened.value === 'another-owner'
    ? err({ type: 'gone', detail: 'another owner wrote to this database' })
    : ok(opened.value);
}

/** A promise that may reject with a StoreError, as a value. */
async function settle(work: Promise<void>): Promise<Result<void, StoreFailure>> {
  return work.then(
    () => ok(undefined),
    (error: unknown) => {
      assert(error instanceof StoreError, 'the commit line rejects with typed failures only');
      return err(error.failure);
    },
  );
}

// oxlint-disable-next-line max-lines-per-function -- one closure owns the state; its parts are short functions
function assemble(
  deps: PageLogDeps,
  { folder, recovery }: FoundState,
  owner: Owner,
  image: Uint8Array<ArrayBuffer>,
  quarantinedFiles: number,
): { line: CommitLine; pageLog: PageLog; rounds: Rounds } {
  const { store, clock, oldestWriterVersion } = deps;
  const { databaseId } = recovery;
  const limits = { ...COMPACTION_LIMITS, ...deps.limits };
  let copyImage: ((into: Uint8Array) => void) | null = null;
  const reserve = createReserve({
    store,
    owner,
    isFull: folder.hasSpare,
    onChanged: () => deps.onRoom?.(),
  });
  const compaction = createCompaction({
    store,
    clock,
    databaseId,
    owner,
    oldestWriterVersion,
    limits,
    isOver: () => line.failure() !== null,
    isTight: () => reserve.missing() !== null,
    image: () =>
      copyImage === null || line.failure() !== null ? null : { point: line.committed(), copyImage },
  });
  compaction.adopt({
    logs: folder.segments.map(({ name, segment: { records, torn } }) => ({ name, records, torn })),
    unread: folder.unread,
    bases: folder.bases.map(({ name }) => name),
    crcBySeq: recovery.crcBySeq,
    logBytes: recovery.records.reduce((sum, record) => sum + record.bytes.length, 0),
  });
  const rounds = createRounds(clock, compaction, limits.quietMs);
  const line = createCommitLine({
    store: withPatience(store, clock),
    clock,
    databaseId,
    owner,
    start: recovery.end,
    oldestWriterVersion,
    onCommitted: (point) => compaction.committed(point),
    onWritten(file) {
      compaction.written(file);
      rounds.noteWrite();
    },
    groupDelayMs: () => compaction.brakeMs(),
    freeSpace: () => compaction.freeSpace(),
    giveUpReserve: (reason) => reserve.giveUp(reason),
    onSlow: (isSlow) => deps.onSlow?.(isSlow),
    onFailed(failure) {
      rounds.stop();
      deps.onFailed?.(failure);
    },
  });
  const opening = openingOf(recovery, owner.epoch, quarantinedFiles);
  let isClosed = false;
  let untaken: Uint8Array<ArrayBuffer> | null = image;
  const pageLog: PageLog = {
    takeImage() {
      assert(untaken !== null, 'the image is taken once');
      const taken = untaken;
      untaken = null; // as large as the database: not kept beside SQLite's own copy
      return taken;
    },
    opening,
    attachImage(copy) {
      copyImage = copy;
    },
    commit(pages) {
      assert(!isClosed, 'a closed page log takes no transaction');
      commitPages(line, pages, limits);
    },
    committedSeq: () => line.committed().seq,
    durableSeq: () => line.durable().seq,
    whenDurable: (seq) => line.whenDurable(seq),
    failure: () => line.failure(),
    readOnly: () => null,
    noRoom: () => reserve.missing(),
    retrySaving: () => reserve.fill(),
    compact: () => compaction.run({ isQuiet: true }),
    async close() {
      if (isClosed) return;
      isClosed = true;
      rounds.stop();
      // Before the end record: a base at the end would hide that the end was clean. Nobody waits for a round
      // of a store that has failed: it may never end.
      if (line.failure() === null) await compaction.run({ isQuiet: true });
      copyImage = null;
      if (line.failure() === null) {
        const seq = line.append(NO_CHANGES, line.committed().pageCount, FLAG_CLEAN_END);
        await line.whenDurable(seq);
      }
    },
    abandon() {
      isClosed = true;
      rounds.stop();
      copyImage = null;
    },
  };
  return { line, pageLog, rounds };
}

const openingOf = (recovery: Recovery, epoch: number, quarantinedFiles: number): Opening => ({
  clean: recovery.clean,
  loss: recovery.loss,
  seq: recovery.end.seq,
  epoch,
  databaseId: hexEncode(recovery.databaseId),
  quarantinedFiles,
});

/** Small transactions are records; larger ones are published as a base that carries them. */
function commitPages(line: CommitLine, pages: CommittedPages, limits: CompactionLimits): void {
  const { pageCount, touchedPages, schemaVersion } = pages;
  if (touchedPages > Math.max(limits.carryingBasePagesMin, pageCount * CARRYING_BASE_SHARE)) {
    line.appendCarryingBase(pageCount, schemaVersion, (into) => pages.copyImage(into));
  } else {
    const changes = pages.readChanges();
    // Pages written back unchanged, after a rollback for instance, are no transaction.
    if (changes.size === 0 && pageCount === line.committed().pageCount) return;
    line.append(changes, pageCount, pages.schemaChanged ? FLAG_SCHEMA_CHANGED : 0);
  }
}
