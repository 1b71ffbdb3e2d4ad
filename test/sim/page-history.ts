/**
 * A folder with a history, and what can happen to it. The history is linear: every state has a tag, one
 * higher than the state before, and the digest of every state is remembered, so that whatever is found after
 * damage can be judged: is it a state that was, and how much is gone?
 */
import { must } from '../../shared/assert.ts';
import type { Result } from '../../shared/result.ts';
import { allocateBase, decodeBase, sealBase } from '../../worker/store/file-format.ts';
import { baseName, isSpareName, parseFileName } from '../../worker/store/file-names.ts';
import type { StoreFailure } from '../../worker/store/files.ts';
import { PAGE_SIZE_BYTES } from '../../worker/store/format.ts';
import type { PageChange } from '../../worker/store/format.ts';
import { openPageLog } from '../../worker/store/page-log.ts';
import type { PageLog } from '../../worker/store/page-log.ts';
import { createSimulatedClock, createSimulatedDisk, drive } from './files-model.ts';
import { createRandom } from './prng.ts';

export type Files = ReadonlyMap<string, Uint8Array<ArrayBuffer>>;

export interface History {
  readonly files: Files;
  /** The folder as it was after each life. */
  readonly earlier: readonly Files[];
  readonly lastTag: number;
  readonly databaseId: string;
  /** The tag of the image if it is a state that was, else null. */
  tagOf(image: Uint8Array): number | null;
}

const PAGES = 4;
const TINY_LIMITS = {
  mergeSegmentsMin: 6,
  quietMergeSegmentsMin: 3,
  mergeMergedMin: 3,
  baseAfterBytesMin: 3_000,
  baseAfterBytesMax: 3_000,
};

export function openHistory(
  files: Files,
  seed: number,
  options: { readonly knownId?: string; readonly open?: typeof openPageLog } = {},
): Promise<Result<PageLog, StoreFailure>> {
  const clock = createSimulatedClock();
  const random = createRandom(seed);
  const disk = createSimulatedDisk(clock, random);
  for (const [name, bytes] of files) disk.land(name, bytes);
  const opening = (options.open ?? openPageLog)({
    store: disk.open().store,
    clock,
    randomBytes: (count) => Uint8Array.from({ length: count }, () => random(256)),
    schemaVersion: 1,
    oldestWriterVersion: 1,
    limits: TINY_LIMITS,
    knownId: options.knownId ?? null,
  });
  return drive(clock, opening);
}

/** Some lives that end by a kill between two puts; the last one ends clean. */
export async function makeHistory(
  seed: number,
  lives: number,
  open: typeof openPageLog = openPageLog,
): Promise<History> {
  const random = createRandom(seed);
  const clock = createSimulatedClock();
  const disk = createSimulatedDisk(clock, random);
  const digests = new Map<number, string>();
  const earlier: Files[] = [];
  let tag = 0;
  let databaseId = '';

  async function live(isLast: boolean): Promise<void> {
    const handle = disk.open();
    const opened = await open({
      store: handle.store,
      clock: handle.clock,
      randomBytes: (count) => Uint8Array.from({ length: count }, () => random(256)),
      schemaVersion: 1,
      oldestWriterVersion: 1,
      limits: TINY_LIMITS,
    });
    if (!opened.ok) throw new Error(`the history goes on: ${opened.error.detail}`);
    const log = opened.value;
    databaseId = log.opening.databaseId;
    let image: Uint8Array = log.takeImage().slice();
    log.attachImage((into) => into.set(image));
    // Too short for a base of its own: it has to live with what it found.
    const steps = isLast ? 4 : 14;
    for (let step = 0; step < steps; step++) {
      for (let count = 1 + random(3); count > 0; count--) image = commit(log, image);
      await log.whenDurable(log.committedSeq());
      clock.advance(random(15_000));
      if (random(3) === 0) await log.compact();
    }
    clock.advance(120_000);
    await log.compact();
    if (isLast) await log.close();
  }

  function commit(log: PageLog, before: Uint8Array): Uint8Array {
    const isFirst = before.length === 0;
    const image = isFirst ? new Uint8Array(PAGES * PAGE_SIZE_BYTES) : before.slice();
    new DataView(image.buffer).setUint32(0, ++tag, true);
    const page = random(PAGES);
    const offset = page * PAGE_SIZE_BYTES + 8 + random(4000);
    const bytes = Uint8Array.from({ length: 1 + random(60) }, () => random(256));
    image.set(bytes, offset);
    digests.set(tag, digestOf(image));
    log.commit({
      pageCount: PAGES,
      touchedPages: 1,
      schemaChanged: false,
      schemaVersion: 1,
      readChanges: () => changesBetween(isFirst ? null : before, image),
      copyImage: (into) => into.set(image),
    });
    return image;
  }

  /**
   * Two bases older by their names than the newest one, so that no opening reads them: one that a power cut
   * tore, and one of a former owner whose state nobody built on.
   */
  function leaveUselessBases(): void {
    const bases = [...disk.files.keys()].filter((name) => name.startsWith('base-')).sort();
    const newest = bases.at(-1);
    const parsed = newest === undefined ? null : parseFileName(newest);
    if (newest === undefined || parsed === null) return;
    const bytes = must(disk.files.get(newest), 'it was listed').bytes;
    disk.land(baseName(parsed.lastSeq - 1, parsed, 0x80), bytes.slice(0, bytes.length / 2));
    const base = decodeBase(bytes);
    if (typeof base === 'string') return;
    const stray = allocateBase(base.pageCount);
    stray.image.set(base.image);
    new DataView(stray.image.buffer, stray.image.byteOffset).setUint32(0, ++tag, true);
    digests.set(tag, digestOf(stray.image));
    sealBase(stray, { ...base, seq: base.seq - 2, chain: (base.chain ^ 0xff) >>> 0 });
    disk.land(baseName(base.seq - 2, parsed, 0x80), stray.bytes);
  }

  for (let life = 1; life <= lives; life++) {
    await drive(clock, live(life === lives));
    disk.crash('kill');
    if (life < lives) leaveUselessBases();
    earlier.push(new Map([...disk.files].map(([name, { bytes }]) => [name, bytes])));
    clock.advance(100_000);
  }
  const last = must(earlier.at(-1), 'there was a life');
  return {
    files: new Map([...last].filter(([name]) => !isSpareName(name))),
    earlier,
    lastTag: tag,
    databaseId,
    tagOf(image) {
      if (image.length === 0) return 0;
      const found = new DataView(image.buffer, image.byteOffset).getUint32(0, true);
      return digests.get(found) === digestOf(image) ? found : null;
    },
  };
}

const digestOf = (image: Uint8Array): string => Buffer.from(image).toString('latin1');

function changesBetween(before: Uint8Array | null, after: Uint8Array): Map<number, PageChange> {
  const changes = new Map<number, PageChange>();
  for (let page = 1; page <= PAGES; page++) {
    const part = (image: Uint8Array) =>
      image.slice((page - 1) * PAGE_SIZE_BYTES, page * PAGE_SIZE_BYTES);
    if (before === null) changes.set(page, { type: 'full', bytes: part(after) });
    else {
      const [old, now] = [part(before), part(after)];
      const from = now.findIndex((byte, index) => byte !== old[index]);
      const to = now.findLastIndex((byte, index) => byte !== old[index]);
      if (from < 0) continue;
      changes.set(page, {
        type: 'ranges',
        ranges: [{ offset: from, bytes: now.slice(from, to + 1) }],
      });
    }
  }
  return changes;
}
