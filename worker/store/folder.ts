/**
 * Reads a whole folder of the page log and sets aside what cannot be read.
 *
 * A read that fails is tried again and then stops the start: it says nothing about the content. A read
 * that finds damage is a fact about the file. Files with names that are not ours are left alone.
 */
import { err, ok } from '../../shared/result.ts';
import type { Result } from '../../shared/result.ts';
import { pause } from './commit.ts';
import { decodeBase, decodeSegment } from './file-format.ts';
import { parseFileName, quarantineName } from './file-names.ts';
import type { LogClock, Store, StoreFailure } from './files.ts';
import type { NamedBase, NamedSegment, RecoveryInput } from './recover.ts';

const READS_AT_ONCE_MAX = 32;
const READ_ATTEMPTS_MAX = 3;
const READ_RETRY_MS = 200;
const QUARANTINE_FILES_MAX = 8;
const QUARANTINE_FILE_BYTES_MAX = 2 * 1024 * 1024;

export interface Folder extends RecoveryInput {
  readonly highestEpoch: number;
  readonly hasNewerFormat: boolean;
  readonly empty: readonly string[];
  readonly damaged: readonly string[];
  readonly quarantinedCount: number;
}

export async function readFolder(
  store: Store,
  clock: LogClock,
): Promise<Result<Folder, StoreFailure>> {
  const listed = await retrying(clock, () => store.list());
  if (!listed.ok) return listed;
  const ours = listed.value.flatMap((name) => {
    const parsed = parseFileName(name);
    return parsed === null ? [] : [{ name, parsed }];
  });
  const toRead = ours.filter((file) => file.parsed.prefix !== 'bad');
  const segments: NamedSegment[] = [];
  const bases: NamedBase[] = [];
  const damaged: string[] = [];
  const empty: string[] = [];
  let hasNewerFormat = false;
  let damagedUpToSeq = 0;
  for (let from = 0; from < toRead.length; from += READS_AT_ONCE_MAX) {
    const batch = toRead.slice(from, from + READS_AT_ONCE_MAX);
    const contents = await Promise.all(
      batch.map(({ name }) => retrying(clock, () => store.read(name))),
    );
    for (const [index, file] of batch.entries()) {
      const content = contents[index];
      if (content === undefined || !content.ok) {
        return content ?? err({ type: 'broken', detail: 'a read gave no answer' });
      }
      const { name } = file;
      const decoded =
        file.parsed.type === 'log' ? decodeSegment(content.value) : decodeBase(content.value);
      if (decoded === 'newer-format') hasNewerFormat = true;
      // An empty file is what a kill leaves of a put that was not acknowledged: normal, no damage.
      // But after a power cut it may be all that is left of one that was, so its name still counts.
      else if (content.value.length === 0) {
        empty.push(name);
        damagedUpToSeq = Math.max(damagedUpToSeq, file.parsed.lastSeq);
      } else if (decoded === 'damaged') {
        damaged.push(name);
        damagedUpToSeq = Math.max(damagedUpToSeq, file.parsed.lastSeq);
      } else if ('records' in decoded) segments.push({ name, segment: decoded });
      else bases.push({ name, base: decoded });
    }
  }
  return ok({
    segments,
    bases,
    damagedUpToSeq,
    hasNewerFormat,
    damaged,
    highestEpoch: ours.reduce((most, { parsed }) => Math.max(most, parsed.epoch), 0),
    empty,
    quarantinedCount: ours.filter((file) => file.parsed.prefix === 'bad').length,
  });
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
 * Removes empty files and renames damaged ones by copying, as far as quarantine has room. Returns how many
 * files were damaged. A failure here is no reason not to start: the same is tried at the next start.
 */
export async function quarantineDamaged(store: Store, folder: Folder): Promise<number> {
  for (const name of folder.empty) await store.remove(name);
  let count = folder.quarantinedCount;
  for (const name of folder.damaged) {
    const content = await store.read(name);
    if (!content.ok) continue;
    if (count < QUARANTINE_FILES_MAX && content.value.length <= QUARANTINE_FILE_BYTES_MAX) {
      count++;
      const copied = await store.put(quarantineName(name), content.value.slice().buffer);
      if (!copied.ok && copied.error.type !== 'exists') continue;
    }
    await store.remove(name);
  }
  return folder.damaged.length;
}
