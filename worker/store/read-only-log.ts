/**
 * The page log of a database in whose folder nothing can be put: the disk is full, or the store is out of
 * order. Everything can be read, nothing can be committed, and saving is tried again when asked. Once the epoch-start record is durable it hands every
 * call to the real log, with no new opening and the same image in memory.
 *
 * What must hold: no transaction is taken while it is read-only. Whoever holds the database in memory looks
 * at `readOnly` before it commits, so that memory never runs ahead of the files.
 */
import { assert } from '../../shared/assert.ts';
import type { Result } from '../../shared/result.ts';
import type { StoreFailure } from './files.ts';
import type { Opening, PageLog } from './page-log.ts';

export interface ReadOnlyDeps {
  readonly image: Uint8Array<ArrayBuffer>;
  readonly opening: Opening;
  readonly reason: StoreFailure;
  onRoom(): void;
  /** Takes the database over again, in the state that `image` shows or not at all. */
  reopen(): Promise<Result<PageLog, StoreFailure>>;
}

// oxlint-disable-next-line max-lines-per-function -- one closure owns the state; its parts are short functions
export function createReadOnlyLog(deps: ReadOnlyDeps): PageLog {
  const { opening } = deps;
  let image: Uint8Array<ArrayBuffer> | null = deps.image;
  let reason: StoreFailure | null = deps.reason;
  let copyImage: ((into: Uint8Array) => void) | null = null;
  let log: PageLog | null = null;
  let trying: Promise<void> | null = null;
  let isClosed = false;
  let isAbandoned = false;

  async function retry(): Promise<void> {
    const reopened = await deps.reopen();
    if (!reopened.ok) {
      reason = reopened.error;
      return;
    }
    const stillFull = reopened.value.readOnly();
    if (stillFull !== null) {
      reason = stillFull;
      return;
    }
    log = reopened.value;
    log.takeImage(); // the one in use is the same
    if (copyImage !== null) log.attachImage(copyImage);
    reason = null;
    deps.onRoom();
    if (isAbandoned) log.abandon();
    else if (isClosed) await log.close();
  }

  return {
    takeImage() {
      assert(image !== null, 'the image is taken once');
      const taken = image;
      image = null;
      return taken;
    },
    opening,
    attachImage(copy) {
      copyImage = copy;
      log?.attachImage(copy);
    },
    commit(pages) {
      assert(log !== null, 'nothing is committed while the store is full');
      log.commit(pages);
    },
    committedSeq: () => log?.committedSeq() ?? opening.seq,
    durableSeq: () => log?.durableSeq() ?? opening.seq,
    whenDurable: (seq) => log?.whenDurable(seq) ?? Promise.resolve(),
    failure: () => log?.failure() ?? null,
    readOnly: () => reason,
    noRoom: () => reason ?? log?.noRoom() ?? null,
    retrySaving() {
      if (isClosed) return Promise.resolve();
      if (reason === null) return log?.retrySaving() ?? Promise.resolve();
      trying ??= retry().finally(() => {
        trying = null;
      });
      return trying;
    },
    compact: () => log?.compact() ?? Promise.resolve(),
    async close() {
      isClosed = true;
      await trying;
      await log?.close();
    },
    abandon() {
      isClosed = true;
      isAbandoned = true;
      log?.abandon();
    },
  };
}
