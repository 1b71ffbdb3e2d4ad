/**
 * Keeps the folder small: merges small segments, writes bases, and deletes what they replace.
 *
 * What must hold
 *  - A merge copies records, never file bytes, and is read back before it counts.
 *  - Nothing is deleted because something newer was written: without fsync a new file may still vanish.
 *    What replaces it must be old enough, must decode at this moment, and must lie on the chain this owner
 *    recovered or wrote. The two newest such bases stay, with every record after the older of them.
 *  - Failure here is never failure of a commit: the step is given up and tried again later.
 *
 * One step runs at a time; `run` is called by a timer and by tests. It does not decide about damaged
 * files: those go to quarantine before compaction sees the folder (`page-log.ts`).
 */
import { must } from '../../shared/assert.ts';
import { isKept, putInTime } from './commit.ts';
import type { WrittenFile } from './commit.ts';
import { allocateBase, decodeBase, decodeSegment, encodeSegment, sealBase } from './file-format.ts';
import type { Owner } from './file-format.ts';
import { baseName, logName, parseFileName, SPARE_NAME } from './file-names.ts';
import type { LogClock, Store, StoreFailure } from './files.ts';
import { PAGE_SIZE_BYTES } from './format.ts';
import type { LogRecord } from './format.ts';
import type { ChainPoint } from './recover.ts';

/** Bounds of compaction. Tests shrink them so that few transactions reach every path. */
export interface CompactionLimits {
  readonly mergeSegmentsMin: number;
  /** After this much quiet a smaller number of segments is worth a merge. */
  readonly quietMs: number;
  readonly quietMergeSegmentsMin: number;
  readonly smallSegmentBytesMax: number;
  readonly mergedBytesMax: number;
  readonly baseAfterBytesMin: number;
  readonly baseAfterBytesMax: number;
  /** How long the operating system may take to write a file back. */
  readonly replaceableAfterMs: number;
  readonly basesKept: number;
  readonly backlogFilesMax: number;
  /** A transaction that touched more pages than this, and a quarter of all, is published as a base. */
  readonly carryingBasePagesMin: number;
}

export const COMPACTION_LIMITS: CompactionLimits = {
  mergeSegmentsMin: 24,
  quietMs: 2_000,
  quietMergeSegmentsMin: 8,
  smallSegmentBytesMax: 256 * 1024,
  mergedBytesMax: 4 * 1024 * 1024,
  baseAfterBytesMin: 4 * 1024 * 1024,
  baseAfterBytesMax: 32 * 1024 * 1024,
  replaceableAfterMs: 60_000,
  basesKept: 2,
  backlogFilesMax: 256,
  carryingBasePagesMin: 2048,
};

export interface CompactionDeps {
  readonly store: Store;
  readonly clock: LogClock;
  readonly databaseId: Uint8Array;
  readonly owner: Owner;
  readonly oldestWriterVersion: number;
  readonly limits: CompactionLimits;
  /** The database as last committed; between transactions only. Null while there is no database yet. */
  image(): { readonly point: ChainPoint; readonly copyImage: (into: Uint8Array) => void } | null;
}

/** A log file as compaction found or wrote it. */
export interface KnownLog {
  readonly name: string;
  readonly records: readonly LogRecord[];
  readonly onChain: boolean;
}

export interface Compaction {
  /** Files that were there at the start, and the chain that was recovered from them. */
  adopt(
    logs: readonly KnownLog[],
    bases: readonly string[],
    crcBySeq: ReadonlyMap<number, number>,
    logBytes: number,
  ): void;
  written(file: WrittenFile): void;
  committed(point: ChainPoint): void;
  /** Segments that cannot be deleted yet: above the limit commits slow down a little. */
  backlogIsLong(): boolean;
  /** One round: merge if worth it, base if worth it, delete what may go. Rounds never overlap. */
  run(options?: { readonly isQuiet?: boolean }): Promise<void>;
  /** Whether a round would find a merge or a base to make, quiet or not. */
  isDue(): boolean;
  /** Whether anything waits for its age, or for enough company. */
  hasPending(): boolean;
  freeSpace(): Promise<void>;
}

interface Log {
  readonly name: string;
  readonly lastSeq: number;
  readonly sinceMs: number;
}

interface SmallLog {
  readonly name: string;
  readonly records: readonly LogRecord[];
}

interface Merged {
  readonly name: string;
  readonly parts: readonly SmallLog[];
}

const firstSeq = (log: SmallLog): number => must(log.records[0], 'a log file has records').seq;
const lastSeq = (log: SmallLog): number => must(log.records.at(-1), 'a log file has records').seq;
const sizeOf = (log: SmallLog): number =>
  log.records.reduce((sum, record) => sum + record.bytes.length, 0);

// oxlint-disable-next-line max-lines-per-function -- one closure owns the state; its parts are short functions
export function createCompaction(deps: CompactionDeps): Compaction {
  const { store, clock, limits } = deps;
  const logs = new Map<string, Log>();
  const baseSinceMs = new Map<string, number>();
  const crcBySeq = new Map<number, number>();
  let small: SmallLog[] = [];
  let merged: Merged[] = [];
  let logBytesSinceBase = 0;
  let isRetentionDue = false;
  let running: Promise<void> = Promise.resolve();

  const isOld = (sinceMs: number | undefined): boolean =>
    sinceMs !== undefined &&
    (store.survives.powerCut || clock.elapsedMs() - sinceMs >= limits.replaceableAfterMs);

  function noteLog(log: SmallLog): void {
    logs.set(log.name, { name: log.name, lastSeq: lastSeq(log), sinceMs: clock.elapsedMs() });
  }

  function noteBase(name: string): void {
    baseSinceMs.set(name, clock.elapsedMs());
    isRetentionDue = true;
  }

  async function put(name: string, bytes: Uint8Array<ArrayBuffer>): Promise<boolean> {
    const patience = { store, clock, onSlow: () => undefined };
    const outcome = await putInTime(patience, name, bytes.buffer);
    return outcome.ok && (await isKept(store, name, bytes));
  }

  /** The front of `small` that follows on without a gap and fits into one file. */
  function takeRun(): SmallLog[] {
    const run: SmallLog[] = [];
    let bytes = 0;
    for (const log of small) {
      const before = run.at(-1);
      bytes += sizeOf(log);
      if (before !== undefined && firstSeq(log) !== lastSeq(before) + 1) break;
      if (run.length > 0 && bytes > limits.mergedBytesMax) break;
      run.push(log);
    }
    small = small.slice(run.length);
    return run;
  }

  async function merge(leastSegments: number): Promise<void> {
    while (small.length >= Math.max(2, leastSegments)) {
      const parts = takeRun();
      const [first] = parts;
      const last = parts.at(-1);
      if (first === undefined || last === undefined || parts.length < 2) continue;
      const records = parts.flatMap((part) => part.records);
      const name = logName(firstSeq(first), lastSeq(last), deps.owner, MERGE_ATTEMPT);
      if (logs.has(name)) continue;
      const bytes = encodeSegment(deps.databaseId, deps.owner, records);
      if (!(await put(name, bytes))) {
        await store.remove(name);
        return;
      }
      noteLog({ name, records });
      merged.push({ name, parts });
    }
  }

  const baseDueAfter = (pageCount: number): number =>
    Math.min(
      limits.baseAfterBytesMax,
      Math.max(limits.baseAfterBytesMin, (pageCount * PAGE_SIZE_BYTES) / 2),
    );

  async function writeBase(): Promise<void> {
    const source = deps.image();
    if (source === null || source.point.pageCount === 0) return;
    const { seq, crc, pageCount } = source.point;
    if (logBytesSinceBase <= baseDueAfter(pageCount)) return;
    const name = baseName(seq, deps.owner, MERGE_ATTEMPT);
    if (baseSinceMs.has(name)) return;
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
    if (await put(name, buffer.bytes)) noteBase(name);
    else await store.remove(name);
  }

  /** Parts whose merged file is old enough and decodes at this moment with every one of their records. */
  async function deleteMergedParts(): Promise<void> {
    const waiting: Merged[] = [];
    for (const item of merged) {
      if (!isOld(logs.get(item.name)?.sinceMs)) {
        waiting.push(item);
        continue;
      }
      const file = await store.read(item.name);
      const found = file.ok ? decodeSegment(file.value) : 'damaged';
      if (typeof found === 'string') continue; // the parts stay until a base covers them
      const kept = new Set(found.records.map((record) => record.crc));
      for (const part of item.parts) {
        if (part.records.every((record) => kept.has(record.crc))) await removeLog(part.name);
      }
    }
    merged = waiting;
  }

  async function removeLog(name: string): Promise<void> {
    if ((await store.remove(name)).ok) logs.delete(name);
  }

  const oldBases = (): { name: string; seq: number }[] =>
    [...baseSinceMs]
      .filter(([, sinceMs]) => isOld(sinceMs))
      .map(([name]) => ({ name, seq: parseFileName(name)?.lastSeq ?? 0 }))
      .sort((a, b) => b.seq - a.seq);

  /** Seq of the older of the bases that may be relied on, or null while there are too few. */
  async function findCut(basesKept: number): Promise<number | null> {
    const trusted: number[] = [];
    for (const { name } of oldBases()) {
      if (trusted.length === basesKept) break;
      const file = await store.read(name);
      const base = file.ok ? decodeBase(file.value) : 'damaged';
      if (typeof base === 'string' || crcBySeq.get(base.seq) !== base.chain) continue;
      if (!trusted.includes(base.seq)) trusted.push(base.seq);
    }
    return trusted.length === basesKept ? (trusted.at(-1) ?? null) : null;
  }

  async function deleteBefore(cut: number): Promise<void> {
    for (const name of baseSinceMs.keys()) {
      const parsed = parseFileName(name);
      if (parsed === null || parsed.prefix !== '' || parsed.lastSeq >= cut) continue;
      if ((await store.remove(name)).ok) baseSinceMs.delete(name);
    }
    for (const log of logs.values()) if (log.lastSeq <= cut) await removeLog(log.name);
    small = small.filter((log) => logs.has(log.name));
    merged = merged.filter((item) => logs.has(item.name));
    for (const seq of crcBySeq.keys()) if (seq < cut) crcBySeq.delete(seq);
  }

  async function retain(): Promise<void> {
    await deleteMergedParts();
    if (!isRetentionDue) return;
    isRetentionDue = ![...baseSinceMs.values()].every(isOld);
    if (!couldDelete(limits.basesKept)) return; // spares reading the bases
    const cut = await findCut(limits.basesKept);
    if (cut !== null) await deleteBefore(cut);
  }

  /** Whether names alone, at their best, would allow anything to go. */
  function couldDelete(basesKept: number): boolean {
    const seqs = oldBases().map(({ seq }) => seq);
    const cut = [...new Set(seqs)][basesKept - 1];
    if (cut === undefined) return false;
    return seqs.some((seq) => seq < cut) || [...logs.values()].some((log) => log.lastSeq <= cut);
  }

  async function round(isQuiet: boolean): Promise<void> {
    await merge(isQuiet ? limits.quietMergeSegmentsMin : limits.mergeSegmentsMin);
    await writeBase();
    await retain();
  }

  const exclusively = (work: () => Promise<void>): Promise<void> => {
    running = running.then(work, work);
    return running;
  };

  return {
    adopt(known, bases, chain, logBytes) {
      for (const log of known) noteLog(log);
      for (const name of bases) noteBase(name);
      for (const [seq, crc] of chain) crcBySeq.set(seq, crc);
      logBytesSinceBase = logBytes;
      ({ small, merged } = sortKnownLogs(known, limits));
    },
    written(file) {
      if (file.type === 'base') {
        logBytesSinceBase = 0;
        noteBase(file.name);
        return;
      }
      noteLog(file);
      const bytes = sizeOf(file);
      logBytesSinceBase += bytes;
      if (bytes <= limits.smallSegmentBytesMax) small.push(file);
    },
    committed({ seq, crc }) {
      crcBySeq.set(seq, crc);
    },
    backlogIsLong: () => logs.size > limits.backlogFilesMax,
    run: ({ isQuiet = false } = {}) => exclusively(() => round(isQuiet)),
    isDue() {
      const source = deps.image();
      const needsBase = source !== null && logBytesSinceBase > baseDueAfter(source.point.pageCount);
      return small.length >= limits.mergeSegmentsMin || needsBase;
    },
    hasPending: () =>
      merged.length > 0 || isRetentionDue || small.length >= limits.quietMergeSegmentsMin,
    freeSpace: () =>
      exclusively(async () => {
        await removeSpareFiles(store);
        await deleteMergedParts();
        const cut = await findCut(1);
        if (cut !== null) await deleteBefore(cut);
      }),
  };
}

/** Merges and bases have a name space of attempts of their own, apart from the commit line's. */
const MERGE_ATTEMPT = 0x80;

/** SQLite keeps `pragma user_version` big-endian at byte 60 of the file. */
export function schemaVersionOf(image: Uint8Array): number {
  return new DataView(image.buffer, image.byteOffset, image.length).getUint32(60, false);
}

async function removeSpareFiles(store: Store): Promise<StoreFailure | null> {
  const listed = await store.list();
  if (!listed.ok) return listed.error;
  for (const name of listed.value) {
    const prefix = parseFileName(name)?.prefix ?? '';
    if (name === SPARE_NAME || name.startsWith('bad-') || prefix === 'keep') {
      await store.remove(name);
    }
  }
  return null;
}

/** At the start: which segments a larger one already covers, and which are still to be merged. */
function sortKnownLogs(
  known: readonly KnownLog[],
  limits: CompactionLimits,
): { small: SmallLog[]; merged: Merged[] } {
  const bySize = [...known].sort((a, b) => b.records.length - a.records.length);
  const whole: { log: KnownLog; crcs: Set<number>; parts: SmallLog[] }[] = [];
  for (const log of bySize) {
    const cover = whole.find(
      (other) =>
        other.crcs.size > log.records.length &&
        log.records.every((record) => other.crcs.has(record.crc)),
    );
    if (cover !== undefined) cover.parts.push(log);
    else whole.push({ log, crcs: new Set(log.records.map(({ crc }) => crc)), parts: [] });
  }
  const small = whole
    .filter(({ log }) => log.onChain && log.records.length < limits.mergeSegmentsMin)
    .filter(({ log }) => sizeOf(log) <= limits.smallSegmentBytesMax)
    .map(({ log }) => log)
    .sort((a, b) => firstSeq(a) - firstSeq(b));
  const merged = whole
    .filter(({ parts }) => parts.length > 0)
    .map(({ log, parts }) => ({ name: log.name, parts }));
  return { small, merged };
}
