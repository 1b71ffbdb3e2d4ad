/**
 * Keeps the folder small: merges small segments, writes bases, and lets `retention.ts` delete what they
 * replace.
 *
 * What must hold
 *  - A merge copies records, never file bytes, and is read back before it counts.
 *  - Merged segments are merged again: the number of files that an opening reads grows slowly.
 *  - Failure here is never failure of a commit: the step is given up and tried again later.
 *
 * One step runs at a time; `run` is called by a timer and by tests. It does not decide about damaged
 * files: those go to quarantine before compaction sees the folder (`page-log.ts`).
 */
import { must } from '../../shared/assert.ts';
import { isKept } from './commit.ts';
import type { WrittenFile } from './commit.ts';
import type { ListedFile } from './cover.ts';
import { allocateBase, encodeSegment, sealBase } from './file-format.ts';
import type { Owner } from './file-format.ts';
import { baseName, logName, parseFileName } from './file-names.ts';
import type { LogClock, Store } from './files.ts';
import { PAGE_SIZE_BYTES } from './format.ts';
import type { LogRecord } from './format.ts';
import { withPatience } from './patience.ts';
import type { ChainPoint } from './recover.ts';
import { createRetention } from './retention.ts';
import type { RetentionLimits } from './retention.ts';

/** Bounds of compaction. Tests shrink them so that few transactions reach every path. */
export interface CompactionLimits extends RetentionLimits {
  readonly mergeSegmentsMin: number;
  /** So many merged segments become one again; a second merge is not merged a third time. */
  readonly mergeMergedMin: number;
  /** After this much quiet a smaller number of segments is worth a merge. */
  readonly quietMs: number;
  readonly quietMergeSegmentsMin: number;
  readonly smallSegmentBytesMax: number;
  readonly mergedBytesMax: number;
  readonly baseAfterBytesMin: number;
  readonly baseAfterBytesMax: number;
  /** Above so many segments groups begin to wait for company, the longer the more there are. */
  readonly backlogFilesMax: number;
  /** A transaction that touched more pages than this, and a quarter of all, is published as a base. */
  readonly carryingBasePagesMin: number;
}

export const COMPACTION_LIMITS: CompactionLimits = {
  mergeSegmentsMin: 48,
  mergeMergedMin: 96,
  quietMs: 2_000,
  quietMergeSegmentsMin: 48,
  smallSegmentBytesMax: 256 * 1024,
  mergedBytesMax: 4 * 1024 * 1024,
  baseAfterBytesMin: 8 * 1024 * 1024,
  baseAfterBytesMax: 32 * 1024 * 1024,
  replaceableAfterMs: 60_000,
  replaceableAfterWallMs: 600_000,
  basesKept: 2,
  backlogFilesMax: 1_024,
  carryingBasePagesMin: 2048,
};

/** The brake grows by 1 ms for so many segments too many, up to its end. */
const BRAKE_STEP_FILES = 64;
const BRAKE_MS_MAX = 20;

export interface CompactionDeps {
  readonly store: Store;
  readonly clock: LogClock;
  readonly databaseId: Uint8Array;
  readonly owner: Owner;
  readonly oldestWriterVersion: number;
  readonly limits: CompactionLimits;
  /** Saving has failed for good: what the chain in memory says of the files is not true any more. */
  isOver(): boolean;
  /** Only the reserve is left: what makes files waits, what deletes them goes on. */
  isTight(): boolean;
  /** The database as last committed; between transactions only. Null while there is no database yet. */
  image(): { readonly point: ChainPoint; readonly copyImage: (into: Uint8Array) => void } | null;
}

/** A segment with its records in memory. */
export interface KnownLog {
  readonly name: string;
  readonly records: readonly LogRecord[];
}

/** Files that were there at the start, and the chain that was recovered from them. */
export interface FoundFiles {
  readonly logs: readonly (KnownLog & { readonly torn: boolean })[];
  readonly unread: readonly ListedFile[];
  readonly bases: readonly string[];
  readonly crcBySeq: ReadonlyMap<number, number>;
  readonly logBytes: number;
}

export interface Compaction {
  adopt(found: FoundFiles): void;
  written(file: WrittenFile): void;
  committed(point: ChainPoint): void;
  /** How long the next group may wait for company, so that a flood of writes makes fewer files. */
  brakeMs(): number;
  /** One round: merge if worth it, base if worth it, delete what may go. Rounds never overlap. */
  run(options?: { readonly isQuiet?: boolean }): Promise<void>;
  /** Whether a round would find a merge or a base to make. */
  isDue(isQuiet: boolean): boolean;
  /** Whether anything waits for its age, or for enough company. */
  hasPending(): boolean;
  freeSpace(): Promise<void>;
}

const firstSeq = (log: KnownLog): number => must(log.records[0], 'a log file has records').seq;
const lastRecord = (log: KnownLog): LogRecord => must(log.records.at(-1), 'a log file has records');
const sizeOf = (log: KnownLog): number =>
  log.records.reduce((sum, record) => sum + record.bytes.length, 0);

// oxlint-disable-next-line max-lines-per-function -- one closure owns the state; its parts are short functions
export function createCompaction(deps: CompactionDeps): Compaction {
  const { store, clock, limits } = deps;
  const patient = withPatience(store, clock);
  const retention = createRetention({ store, clock, limits });
  const queue = createMergeQueue(limits);
  let logBytesSinceBase = 0;
  let running: Promise<void> = Promise.resolve();

  async function put(name: string, bytes: Uint8Array<ArrayBuffer>): Promise<boolean> {
    const outcome = await patient.put(name, bytes.buffer);
    if (outcome.ok && (await isKept(store, name, bytes))) return true;
    await store.remove(name);
    return false;
  }

  async function merge(isQuiet: boolean): Promise<void> {
    for (;;) {
      const parts = queue.takeRun(isQuiet);
      const [first] = parts;
      const last = parts.at(-1);
      if (first === undefined || last === undefined) return;
      if (parts.length < 2) continue;
      const records = parts.flatMap((part) => part.records);
      const name = logName(firstSeq(first), lastRecord(last).seq, deps.owner, MERGE_ATTEMPT);
      if (retention.hasFile(name)) continue;
      if (!(await put(name, encodeSegment(deps.databaseId, deps.owner, records)))) return;
      retention.noteLog(name, lastRecord(last));
      queue.addMerged({ name, records });
    }
  }

  const baseDueAfter = (pageCount: number): number =>
    Math.min(
      limits.baseAfterBytesMax,
      Math.max(limits.baseAfterBytesMin, pageCount * PAGE_SIZE_BYTES),
    );

  async function writeBase(): Promise<void> {
    const source = deps.image();
    if (source === null || source.point.pageCount === 0) return;
    const { seq, crc, pageCount } = source.point;
    if (logBytesSinceBase <= baseDueAfter(pageCount)) return;
    const name = baseName(seq, deps.owner, MERGE_ATTEMPT);
    if (retention.hasFile(name)) return;
    const buffer = allocateBase(pageCount);
    source.copyImage(buffer.image);
    sealBase(buffer, {
      ...deps.owner,
      databaseId: deps.databaseId,
      seq,
      chain: crc,
      pageCount,
      schemaVersion: schemaVersionOf(buffer.image),
      oldestWriterVersion: deps.oldestWriterVersion,
    });
    logBytesSinceBase = 0; // also when the put fails: the next try is a window of log away
    if (await put(name, buffer.bytes)) retention.noteBase(name);
  }

  async function round(isQuiet: boolean): Promise<void> {
    if (!deps.isTight()) {
      await merge(isQuiet);
      await writeBase();
    }
    if (deps.isOver()) return;
    await retention.deleteReplaced();
    queue.forget((name) => !retention.hasFile(name));
  }

  const exclusively = (work: () => Promise<void>): Promise<void> => {
    const step = (): Promise<void> => (deps.isOver() ? Promise.resolve() : work());
    running = running.then(step, step);
    return running;
  };

  return {
    adopt(found) {
      retention.adoptChain(found.crcBySeq);
      for (const file of found.unread) {
        if (file.type === 'base') retention.adoptBase(file.name);
        else retention.adoptLog(file, null);
      }
      for (const name of found.bases) retention.adoptBase(name);
      const onChain = new Set(found.crcBySeq.values());
      const sound = found.logs.filter(
        ({ torn, records }) => !torn && records.every((record) => onChain.has(record.crc)),
      );
      for (const log of found.logs) {
        const parsed = parseFileName(log.name);
        const canCover = sound.includes(log) && log.records.length > 1;
        const file = { name: log.name, ...must(parsed, 'files were found by their names') };
        retention.adoptLog(file, canCover ? lastRecord(log) : null);
      }
      for (const log of withoutCovered(sound)) queue.addFound(log);
      logBytesSinceBase = found.logBytes;
    },
    written(file) {
      if (file.type === 'base') {
        logBytesSinceBase = 0;
        retention.noteBase(file.name);
        return;
      }
      retention.noteLog(file.name, null);
      logBytesSinceBase += sizeOf(file);
      queue.addWritten(file);
    },
    committed: ({ seq, crc }) => retention.committed(seq, crc),
    brakeMs() {
      const tooMany = retention.logCount() - limits.backlogFilesMax;
      return tooMany <= 0 ? 0 : Math.min(BRAKE_MS_MAX, Math.ceil(tooMany / BRAKE_STEP_FILES));
    },
    run: ({ isQuiet = false } = {}) => exclusively(() => round(isQuiet)),
    isDue(isQuiet) {
      if (deps.isTight()) return false;
      const source = deps.image();
      const needsBase = source !== null && logBytesSinceBase > baseDueAfter(source.point.pageCount);
      return queue.isDue(isQuiet) || needsBase;
    },
    hasPending: () => retention.isWaiting() || queue.isDue(true),
    freeSpace: () =>
      exclusively(async () => {
        await removeSetAside(store);
        await retention.deleteAllReplaced();
      }),
  };
}

interface MergeQueue {
  addWritten(log: KnownLog): void;
  addMerged(log: KnownLog): void;
  /** In order of seq. */
  addFound(log: KnownLog): void;
  isDue(isQuiet: boolean): boolean;
  /** Segments that follow on without a gap and fit into one file; empty when too few wait. */
  takeRun(isQuiet: boolean): readonly KnownLog[];
  forget(isGone: (name: string) => boolean): void;
}

/** Segments that wait for a merge in two tiers: single puts and small merges, and merges of many. */
function createMergeQueue(limits: CompactionLimits): MergeQueue {
  let single: KnownLog[] = [];
  let merged: KnownLog[] = [];
  const isSmall = (log: KnownLog): boolean => sizeOf(log) <= limits.smallSegmentBytesMax;
  const isSingle = (log: KnownLog): boolean => log.records.length < limits.mergeSegmentsMin;
  const isMergedOnce = (log: KnownLog): boolean =>
    log.records.length < limits.mergeSegmentsMin * limits.mergeMergedMin;
  const areSinglesDue = (isQuiet: boolean): boolean =>
    single.length >= (isQuiet ? limits.quietMergeSegmentsMin : limits.mergeSegmentsMin);
  const areMergedDue = (): boolean => merged.length >= limits.mergeMergedMin;
  return {
    addWritten(log) {
      if (isSmall(log)) single.push(log);
    },
    addMerged(log) {
      if (!isSmall(log)) return;
      // Singles that were written since follow it.
      if (isSingle(log)) single.unshift(log);
      else if (isMergedOnce(log)) merged.push(log);
    },
    addFound(log) {
      if (!isSmall(log)) return;
      if (isSingle(log)) single.push(log);
      else if (isMergedOnce(log)) merged.push(log);
    },
    isDue: (isQuiet) => areSinglesDue(isQuiet) || areMergedDue(),
    takeRun(isQuiet) {
      const run: KnownLog[] = [];
      if (areSinglesDue(isQuiet)) single = single.slice(fillRun(run, single, limits));
      else if (areMergedDue()) merged = merged.slice(fillRun(run, merged, limits));
      return run;
    },
    forget(isGone) {
      single = single.filter(({ name }) => !isGone(name));
      merged = merged.filter(({ name }) => !isGone(name));
    },
  };
}

function fillRun(run: KnownLog[], waiting: readonly KnownLog[], limits: CompactionLimits): number {
  let bytes = 0;
  for (const log of waiting) {
    const before = run.at(-1);
    bytes += sizeOf(log);
    if (before !== undefined && firstSeq(log) !== lastRecord(before).seq + 1) break;
    if (run.length > 0 && bytes > limits.mergedBytesMax) break;
    run.push(log);
  }
  return run.length;
}

/** Merges and bases have a name space of attempts of their own, apart from the commit line's. */
const MERGE_ATTEMPT = 0x80;

/** SQLite keeps `pragma user_version` big-endian at byte 60 of the file. */
export function schemaVersionOf(image: Uint8Array): number {
  return new DataView(image.buffer, image.byteOffset, image.length).getUint32(60, false);
}

async function removeSetAside(store: Store): Promise<void> {
  const listed = await store.list();
  if (!listed.ok) return;
  for (const name of listed.value) {
    const prefix = parseFileName(name)?.prefix ?? '';
    if (prefix === 'bad' || prefix === 'keep') await store.remove(name);
  }
}

/** Segments on one chain, in order, without those that another one holds. */
function withoutCovered(logs: readonly KnownLog[]): readonly KnownLog[] {
  const inOrder = [...logs].sort(
    (a, b) => firstSeq(a) - firstSeq(b) || lastRecord(b).seq - lastRecord(a).seq,
  );
  let end = 0;
  return inOrder.filter((log) => {
    if (lastRecord(log).seq <= end) return false;
    end = lastRecord(log).seq;
    return true;
  });
}
