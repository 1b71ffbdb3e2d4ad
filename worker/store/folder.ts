/**
 * Finds the state that a folder holds, reading as little as that takes, and sets aside what cannot be read.
 *
 * What must hold: the answer is the one that reading everything would give. A few files chosen by name are
 * read first; unless the state in them is at least as good as every name, all the rest is read too.
 * A read that fails is tried again and then stops the start: it says nothing about the content. A read
 * that finds damage is a fact about the file. Files with names that are not ours are left alone.
 */
import { areBytesEqual } from '../../shared/bytes.ts';
import { err, ok } from '../../shared/result.ts';
import type { Result } from '../../shared/result.ts';
import { pause } from './commit.ts';
import { canMatter, planReading } from './cover.ts';
import type { ListedFile } from './cover.ts';
import { decodeBase, decodeSegment } from './file-format.ts';
import { isSpareName, parseFileName, quarantineName } from './file-names.ts';
import type { LogClock, Store, StoreFailure } from './files.ts';
import { recover } from './recover.ts';
import type { Expected, NamedBase, NamedSegment, Recovery, RecoveryInput } from './recover.ts';

const READS_AT_ONCE_MAX = 32;
const READ_ATTEMPTS_MAX = 3;
const READ_RETRY_MS = 200;
const QUARANTINE_FILES_MAX = 8;
const QUARANTINE_FILE_BYTES_MAX = 2 * 1024 * 1024;

/** A file left by a kill in the middle of a put is read and gone; then the names are weighed anew. */
const PLANS_MAX = 4;

export interface Folder extends RecoveryInput {
  readonly highestEpoch: number;
  readonly hasNewerFormat: boolean;
  readonly empty: readonly string[];
  readonly damaged: readonly string[];
  /** Files whose names say that they cannot change the state. */
  readonly unread: readonly ListedFile[];
  readonly quarantinedCount: number;
  readonly hasSpare: boolean;
}

export interface FoundState {
  readonly folder: Folder;
  readonly recovery: Recovery;
}

export async function findState(
  store: Store,
  clock: LogClock,
  expected: Expected,
): Promise<Result<FoundState, StoreFailure>> {
  const listed = await retrying(clock, () => store.list());
  if (!listed.ok) return listed;
  const reading = createReading(store, clock, listed.value);
  for (let plans = 0; plans < PLANS_MAX; plans++) {
    const plan = planReading(reading.usable());
    if (plan === null) break;
    const read = await reading.read(plan);
    if (!read.ok) return read;
    const folder = reading.folder();
    const recovery = recover(folder, expected);
    // What lies beyond a gap may have its predecessor in a file that was not read. Files that were read
    // count as well: the newest base may be a former owner's, and theirs the way around it.
    const isSettled = recovery.loss !== 'certain' && isExpected(recovery, expected);
    if (isSettled && !reading.usable().some((file) => canMatter(file, recovery.best))) {
      return ok({ folder, recovery });
    }
    if (read.value === 'all sound') break; // the same plan again would teach nothing
  }
  return finish(reading, expected);
}

/** Names say nothing of the database: a plan can have chosen the files of another one. */
const isExpected = ({ databaseId }: Recovery, { knownId }: Expected): boolean =>
  knownId === null || areBytesEqual(databaseId, knownId);

async function finish(
  reading: Reading,
  expected: Expected,
): Promise<Result<FoundState, StoreFailure>> {
  const read = await reading.read(reading.folder().unread);
  if (!read.ok) return read;
  const folder = reading.folder();
  return ok({ folder, recovery: recover(folder, expected) });
}

/**
 * There was a database and no page of it can be reached: an empty one in its place would hide that. A put
 * that follows on the end was perhaps never acknowledged; what is named or numbered beyond it came after it.
 */
export function isNothingReadable({ folder, recovery }: FoundState): boolean {
  const { end, loss } = recovery;
  if (end.pageCount > 0) return false;
  const isDatabaseBeyondGap = folder.segments.some(({ segment }) =>
    segment.records.some(({ seq, pageCount }) => seq > end.seq && pageCount > 0),
  );
  if (loss === 'certain' && isDatabaseBeyondGap) return true;
  return [...folder.damaged, ...folder.empty].some((name) => {
    const parsed = parseFileName(name);
    return parsed?.type === 'base' && parsed.lastSeq > end.seq + 1;
  });
}

interface Reading {
  /** Reads what was not read yet. */
  read(files: readonly ListedFile[]): Promise<Result<'all sound' | 'some are not', StoreFailure>>;
  /** Files that may hold something, as far as is known. */
  usable(): readonly ListedFile[];
  folder(): Folder;
}

function createReading(store: Store, clock: LogClock, names: readonly string[]): Reading {
  const ours = names.flatMap((name) => {
    const parsed = parseFileName(name);
    return parsed === null ? [] : [{ name, ...parsed }];
  });
  const files = ours.filter(({ prefix }) => prefix !== 'bad');
  const seen = new Set<string>();
  const unusable = new Set<string>();
  const segments: NamedSegment[] = [];
  const bases: NamedBase[] = [];
  const damaged: string[] = [];
  const empty: string[] = [];
  let hasNewerFormat = false;
  let damagedUpToSeq = 0;

  function take({ name, type, lastSeq }: ListedFile, bytes: Uint8Array<ArrayBuffer>): void {
    seen.add(name);
    const decoded = type === 'log' ? decodeSegment(bytes) : decodeBase(bytes);
    if (decoded === 'newer-format') {
      hasNewerFormat = true;
    } else if (decoded === 'damaged') {
      // An empty file is what a kill leaves of a put that was not acknowledged: normal, no damage.
      // But after a power cut it may be all that is left of one that was, so its name still counts.
      (bytes.length === 0 ? empty : damaged).push(name);
      unusable.add(name);
      damagedUpToSeq = Math.max(damagedUpToSeq, lastSeq);
    } else if ('records' in decoded) {
      segments.push({ name, segment: decoded });
      if (decoded.torn) unusable.add(name);
    } else {
      bases.push({ name, base: decoded });
    }
  }

  return {
    async read(wanted) {
      const known = unusable.size;
      const toRead = wanted.filter(({ name }) => !seen.has(name));
      for (let from = 0; from < toRead.length; from += READS_AT_ONCE_MAX) {
        const batch = toRead.slice(from, from + READS_AT_ONCE_MAX);
        const contents = await Promise.all(
          batch.map(({ name }) => retrying(clock, () => store.read(name))),
        );
        for (const [index, file] of batch.entries()) {
          const content = contents[index];
          if (content === undefined)
            return err({ type: 'broken', detail: 'a read gave no answer' });
          if (!content.ok) return content;
          take(file, content.value);
        }
      }
      return ok(unusable.size === known ? 'all sound' : 'some are not');
    },
    usable: () => files.filter(({ name }) => !unusable.has(name)),
    folder: () => ({
      segments,
      bases,
      damagedUpToSeq,
      hasNewerFormat,
      damaged,
      empty,
      unread: files.filter(({ name }) => !seen.has(name)),
      highestEpoch: ours.reduce((most, { epoch }) => Math.max(most, epoch), 0),
      hasSpare: names.some(isSpareName),
      quarantinedCount: ours.filter(({ prefix }) => prefix === 'bad').length,
    }),
  };
}

async function retrying<T>(
  clock: LogClock,
  work: () => Promise<Result<T, StoreFailure>>,
): Promise<Result<T, StoreFailure>> {
  for (let attempt = 1; ; attempt++) {
    const outcome = await work();
    if (outcome.ok || attempt === READ_ATTEMPTS_MAX) return outcome;
    await pause(clock, READ_RETRY_MS * attempt);
  }
}

/**
 * Removes empty files and renames damaged ones by copying, as far as quarantine has room. A base is copied
 * whatever its size, and never removed without a copy: it may be all that is left of the work in it. Returns
 * how many files were damaged. A failure here is no reason not to start: the same is tried at the next start.
 */
export async function quarantineDamaged(store: Store, folder: Folder): Promise<number> {
  for (const name of folder.empty) await store.remove(name);
  let count = folder.quarantinedCount;
  for (const name of folder.damaged) {
    const content = await store.read(name);
    if (!content.ok) continue;
    const isBase = parseFileName(name)?.type === 'base';
    const isSmall = content.value.length <= QUARANTINE_FILE_BYTES_MAX;
    if (count < QUARANTINE_FILES_MAX && (isBase || isSmall)) {
      count++;
      const copied = await store.put(quarantineName(name), content.value.slice().buffer);
      if (!copied.ok && copied.error.type !== 'exists') continue;
    } else if (isBase) continue;
    await store.remove(name);
  }
  return folder.damaged.length;
}
