/**
 * Which files may go. Knows every file of the folder by name and age, and the chain of this owner.
 *
 * What must hold
 *  - Nothing is deleted because something newer was written: without fsync a new file may still vanish.
 *    What replaces a file must be old enough, must decode at this moment, and must lie on the chain this
 *    owner recovered or wrote. The two newest such bases stay, with every record after the older of them.
 *  - A segment replaces those whose names lie within its own range and which no newer owner wrote: another
 *    branch at those seqs has lost already, and cannot win again without the end of this one.
 *  - Ages of what this owner wrote or saw are monotonic. For files found at the start the wall clock is
 *    believed, with ten times the margin: sessions shorter than a minute would pile up files for ever
 *    otherwise. Clocks order nothing.
 */
import { coverRange } from './cover.ts';
import type { ListedFile } from './cover.ts';
import { decodeBase, decodeSegment } from './file-format.ts';
import { parseFileName } from './file-names.ts';
import type { LogClock, Store } from './files.ts';
import type { LogRecord } from './format.ts';

export interface RetentionLimits {
  /** How long the operating system may take to write a file back. */
  readonly replaceableAfterMs: number;
  /** The same by the wall clock, which may have been set in between. */
  readonly replaceableAfterWallMs: number;
  readonly basesKept: number;
}

export interface RetentionDeps {
  readonly store: Store;
  readonly clock: LogClock;
  readonly limits: RetentionLimits;
}

export interface Retention {
  /** A file that was there at the start. `cover`: it is whole and on the chain. */
  adoptLog(file: ListedFile, cover: CoverTail | null): void;
  adoptBase(name: string): void;
  adoptChain(crcBySeq: ReadonlyMap<number, number>): void;
  noteLog(name: string, cover: CoverTail | null): void;
  noteBase(name: string): void;
  committed(seq: number, crc: number): void;
  hasFile(name: string): boolean;
  /** Segments that are still there. */
  logCount(): number;
  /** Whether something waits for its age. */
  isWaiting(): boolean;
  deleteReplaced(): Promise<void>;
  /** Down to one base: for a full disk. */
  deleteAllReplaced(): Promise<void>;
}

/** By this a segment that replaces others is known again when it is read back before they go. */
export interface CoverTail {
  readonly crc: number;
}

interface Aged {
  readonly sinceMs: number;
  readonly isFound: boolean;
  isOld: boolean;
  /** The wall clock was asked: once is enough, from then on our own minute counts. */
  isAsked: boolean;
}

interface Log {
  readonly age: Aged;
  readonly file: ListedFile;
  /** Null once it has replaced what it could, or when it turned out to replace nothing. */
  cover: CoverTail | null;
}

interface StoredBase {
  readonly age: Aged;
  readonly name: string;
  readonly seq: number;
}

// oxlint-disable-next-line max-lines-per-function -- one closure owns what is known of the folder; its parts are short
export function createRetention({ store, clock, limits }: RetentionDeps): Retention {
  const logs = new Map<string, Log>();
  const bases = new Map<string, StoredBase>();
  const crcBySeq = new Map<number, number>();
  const followed = new Set<number>();
  let areBasesDue = false;

  const aged = (isFound: boolean): Aged => ({
    sinceMs: clock.elapsedMs(),
    isFound,
    isOld: store.survives.powerCut && limits.replaceableAfterMs !== Infinity,
    isAsked: false,
  });

  async function isOld(name: string, file: Aged): Promise<boolean> {
    if (file.isOld) return true;
    if (clock.elapsedMs() - file.sinceMs >= limits.replaceableAfterMs) file.isOld = true;
    else if (file.isFound && !file.isAsked) {
      file.isAsked = true;
      const ageMs = await store.ageMs(name);
      if (ageMs !== null && ageMs >= limits.replaceableAfterWallMs) file.isOld = true;
    }
    return file.isOld;
  }

  function addLog(file: ListedFile, cover: CoverTail | null, isFound: boolean): void {
    logs.set(file.name, { age: aged(isFound), file, cover });
  }

  function addBase(name: string, isFound: boolean): void {
    bases.set(name, { age: aged(isFound), name, seq: parseFileName(name)?.lastSeq ?? 0 });
    areBasesDue = true;
  }

  async function removeLog(name: string): Promise<void> {
    if ((await store.remove(name)).ok) logs.delete(name);
  }

  /** Segments whose range another segment holds as well, old enough and whole at this moment. */
  async function deleteCovered(): Promise<void> {
    for (const log of logs.values()) {
      const { cover, file } = log;
      if (cover === null || !logs.has(file.name) || !(await isOld(file.name, log.age))) continue;
      log.cover = null;
      const parts = [...logs.values()].filter((other) => isWithin(other.file, file));
      if (parts.length === 0 || !(await isWhole(file, cover))) continue;
      for (const part of parts) await removeLog(part.file.name);
    }
  }

  async function isWhole({ name, firstSeq, lastSeq }: ListedFile, tail: CoverTail) {
    const bytes = await store.read(name);
    const found = bytes.ok ? decodeSegment(bytes.value) : 'damaged';
    if (typeof found === 'string' || found.torn || !isLinked(found.records)) return false;
    const [first] = found.records;
    const last = found.records.at(-1);
    return first?.seq === firstSeq && last?.seq === lastSeq && last.crc === tail.crc;
  }

  /** Bases that are old enough, the newest first. */
  async function oldBases(): Promise<StoredBase[]> {
    const old: StoredBase[] = [];
    for (const base of bases.values()) if (await isOld(base.name, base.age)) old.push(base);
    return old.sort((a, b) => b.seq - a.seq);
  }

  /** Seq of the older of the bases that may be relied on, or null while there are too few. */
  async function findCut(old: readonly StoredBase[], basesKept: number): Promise<number | null> {
    const trusted: number[] = [];
    for (const { name, seq } of old) {
      if (trusted.length === basesKept) break;
      if (trusted.includes(seq)) continue;
      if (!crcBySeq.has(seq) && !followed.has(seq)) {
        followed.add(seq); // once: files only become fewer
        await followChainDownTo(seq);
      }
      const file = await store.read(name);
      const base = file.ok ? decodeBase(file.value) : 'damaged';
      if (typeof base === 'string' || crcBySeq.get(base.seq) !== base.chain) continue;
      trusted.push(base.seq);
    }
    return trusted.length === basesKept ? (trusted.at(-1) ?? null) : null;
  }

  /** Opening reads no further back than the newest base: finds the chain below it in the segments. */
  async function followChainDownTo(seq: number): Promise<void> {
    let low = [...crcBySeq.keys()].reduce((least, known) => Math.min(least, known), Infinity);
    const files = [...logs.values()].map(({ file }) => file);
    for (const { name } of coverRange(files, seq + 1, low)?.toReversed() ?? []) {
      const bytes = await store.read(name);
      const found = bytes.ok ? decodeSegment(bytes.value) : 'damaged';
      if (typeof found === 'string') return;
      for (const record of found.records.toReversed()) {
        if (record.seq !== low || record.crc !== crcBySeq.get(low)) continue;
        low -= 1;
        crcBySeq.set(low, record.previousCrc);
      }
    }
  }

  async function deleteBefore(cut: number): Promise<void> {
    for (const { name, seq } of bases.values()) {
      if (seq >= cut || parseFileName(name)?.prefix !== '') continue;
      if ((await store.remove(name)).ok) bases.delete(name);
    }
    for (const { file } of logs.values()) if (file.lastSeq <= cut) await removeLog(file.name);
    for (const seq of crcBySeq.keys()) if (seq < cut) crcBySeq.delete(seq);
  }

  /** Whether names alone, at their best, would allow anything to go. */
  function couldDelete(old: readonly StoredBase[]): boolean {
    const cut = [...new Set(old.map(({ seq }) => seq))][limits.basesKept - 1];
    if (cut === undefined) return false;
    return (
      old.some(({ seq }) => seq < cut) || [...logs.values()].some(({ file }) => file.lastSeq <= cut)
    );
  }

  return {
    adoptLog: (file, cover) => addLog(file, cover, true),
    adoptBase: (name) => addBase(name, true),
    adoptChain(chain) {
      for (const [seq, crc] of chain) crcBySeq.set(seq, crc);
    },
    noteLog(name, cover) {
      const parsed = parseFileName(name);
      if (parsed !== null) addLog({ name, ...parsed }, cover, false);
    },
    noteBase: (name) => addBase(name, false),
    committed(seq, crc) {
      crcBySeq.set(seq, crc);
    },
    hasFile: (name) => logs.has(name) || bases.has(name),
    logCount: () => logs.size,
    isWaiting: () => areBasesDue || [...logs.values()].some(({ cover }) => cover !== null),
    async deleteReplaced() {
      await deleteCovered();
      if (!areBasesDue) return;
      const old = await oldBases();
      areBasesDue = old.length < bases.size;
      if (!couldDelete(old)) return; // spares reading the bases
      const cut = await findCut(old, limits.basesKept);
      if (cut !== null) await deleteBefore(cut);
    },
    async deleteAllReplaced() {
      await deleteCovered();
      const cut = await findCut(await oldBases(), 1);
      if (cut !== null) await deleteBefore(cut);
    },
  };
}

/** Whether `part` may go once `whole` is relied on: the same owner's, or an older one's. */
function isWithin(part: ListedFile, whole: ListedFile): boolean {
  return (
    part.name !== whole.name &&
    part.firstSeq >= whole.firstSeq &&
    part.lastSeq <= whole.lastSeq &&
    (part.epoch < whole.epoch || (part.epoch === whole.epoch && part.nonce === whole.nonce))
  );
}

const isLinked = (records: readonly LogRecord[]): boolean =>
  records.every((record, index) => index === 0 || record.previousCrc === records[index - 1]?.crc);
