/**
 * The page log under simulated crashes. A database here is a handful of pages that carry a tag; one life
 * is: open, work, die. Every state that any owner ever made is remembered by its tag, with the tag it was
 * made from, so that each opening can be judged: was this state ever made, and does it descend from the
 * last one that was acknowledged?
 *
 * The page log is passed in, so that planted mistakes can be run through the same judge.
 */
import { must } from '../../shared/assert.ts';
import { parseFileName } from '../../worker/store/file-names.ts';
import { PAGE_SIZE_BYTES } from '../../worker/store/format.ts';
import type { PageChange } from '../../worker/store/format.ts';
import type { openPageLog, PageLog } from '../../worker/store/page-log.ts';
import {
  createSimulatedClock,
  createSimulatedDisk,
  drive,
  WRITTEN_BACK_AFTER_MS,
} from './files-model.ts';
import type { DiskHandle } from './files-model.ts';
import { landLateOwners } from './late-owners.ts';
import { createRandom } from './prng.ts';

export interface CrashReport {
  readonly kills: number;
  readonly powerCuts: number;
  readonly lateLandings: number;
  readonly lateOwners: number;
  readonly merges: number;
  readonly basesWritten: number;
  readonly removals: number;
  /** Bases that carried a transaction which no record has. */
  readonly carryingBases: number;
  /** Sessions that began behind a torn record of the directory's log. */
  readonly tornLogs: number;
  /** Openings that found two owners of one epoch. */
  readonly equalEpochs: number;
  /** Openings that knew the state after a part of the files. */
  readonly fastOpenings: number;
  /** Openings that gave a state nobody ever made, or that were refused. */
  readonly wrongStates: number;
  /** Acknowledged before a kill, and gone. */
  readonly lostOnKill: number;
  /** Written back before a power cut, or answered to by a strict disk, and gone all the same. */
  readonly lostWrittenBack: number;
  /** A power cut took acknowledged work and the opening said that nothing can be missing. */
  readonly lossesUnsaid: number;
}

const TINY_LIMITS = {
  mergeSegmentsMin: 6,
  quietMergeSegmentsMin: 3,
  mergeMergedMin: 3,
  baseAfterBytesMin: 8_000,
  baseAfterBytesMax: 24_000,
  carryingBasePagesMin: 4,
};
const PAGES_MAX = 5;

interface State {
  readonly digest: number;
  readonly parentTag: number;
}

/** FNV over words: the judge compares thousands of images, and shares no code with what it judges. */
function digestOf(image: Uint8Array): number {
  const words = new Int32Array(image.buffer, image.byteOffset, image.length / 4);
  let digest = 0x811c9dc5 ^ image.length;
  for (let index = 0; index < words.length; index++) {
    digest = Math.imul(digest ^ (words[index] ?? 0), 0x01000193) ^ (digest >>> 15);
  }
  return digest;
}

export async function runCrashLives(
  open: typeof openPageLog,
  seed: number,
  lives: number,
): Promise<CrashReport> {
  const random = createRandom(seed);
  const clock = createSimulatedClock();
  const isStrict = seed % 4 === 0;
  const safeAfterMs = isStrict ? -1 : WRITTEN_BACK_AFTER_MS;
  let disk = createSimulatedDisk(clock, random, { isStrict });
  const report = {
    kills: 0,
    powerCuts: 0,
    lateLandings: 0,
    lateOwners: 0,
    merges: 0,
    basesWritten: 0,
    removals: 0,
    carryingBases: 0,
    tornLogs: 0,
    equalEpochs: 0,
    fastOpenings: 0,
    wrongStates: 0,
    lostOnKill: 0,
    lostWrittenBack: 0,
    lossesUnsaid: 0,
  };
  const states = new Map<number, State>([
    [0, { digest: digestOf(new Uint8Array(0)), parentTag: -1 }],
  ]);
  let tags = 0;
  /** Tags by the time they were acknowledged; the last one is the newest promise. */
  let acknowledged: { readonly tag: number; readonly atMs: number }[] = [];
  /** When the power was first cut since the last opening that was judged; some die before they open. */
  let powerCutAtMs: number | null = null;

  const randomBytes = (count: number): Uint8Array<ArrayBuffer> =>
    Uint8Array.from({ length: count }, () => random(256));
  const join = (pages: readonly Uint8Array[]): Uint8Array => {
    const image = new Uint8Array(pages.length * PAGE_SIZE_BYTES);
    for (const [index, page] of pages.entries()) image.set(page, index * PAGE_SIZE_BYTES);
    return image;
  };
  const tagOf = (image: Uint8Array): number =>
    image.length === 0 ? 0 : new DataView(image.buffer, image.byteOffset).getUint32(0, true);
  const descends = (tag: number, ancestor: number): boolean => {
    let at = tag;
    while (at > ancestor) at = must(states.get(at), 'every tag is known').parentTag;
    return at === ancestor;
  };

  /** A power cut may take the beginning of a database and leave what followed on it: a person begins anew. */
  function judgeRefusal(detail: string): void {
    const cutAtMs = powerCutAtMs;
    const isPromised =
      cutAtMs === null || acknowledged.some(({ atMs }) => cutAtMs - atMs > safeAfterMs);
    if (detail !== 'nothing-readable' || isPromised) {
      report.wrongStates++;
      return;
    }
    disk = createSimulatedDisk(clock, random, { isStrict });
    acknowledged = [];
    powerCutAtMs = null;
  }

  /** Judges one opening against everything that was ever promised. */
  function judge(image: Uint8Array, { loss, seq }: PageLog['opening'], namedUpTo: number): void {
    const tag = tagOf(image);
    if (states.get(tag)?.digest !== digestOf(image)) {
      report.wrongStates++;
      return;
    }
    const newest = acknowledged.at(-1)?.tag ?? 0;
    const isKept = descends(tag, newest);
    if (powerCutAtMs === null) {
      if (!isKept) report.lostOnKill++;
    } else {
      const cutAtMs = powerCutAtMs;
      const safe = acknowledged.findLast(({ atMs }) => cutAtMs - atMs > safeAfterMs);
      if (safe !== undefined && !descends(tag, safe.tag)) report.lostWrittenBack++;
      // Files that vanished without a trace only a witness outside the folder could miss.
      if (!isKept && loss === 'none' && namedUpTo > seq) report.lossesUnsaid++;
    }
    powerCutAtMs = null;
    // What is open now is what later owners build on.
    acknowledged = acknowledged.slice(-50).filter((promise) => descends(tag, promise.tag));
  }

  function transaction(log: PageLog, pages: Uint8Array[], handle: DiskHandle): void {
    const parentTag = pages.length === 0 ? 0 : tagOf(must(pages[0], 'there is a first page'));
    const tag = ++tags;
    const changes = new Map<number, PageChange>();
    const write = (index: number): void => {
      const old = pages[index];
      const page = old?.slice() ?? new Uint8Array(PAGE_SIZE_BYTES);
      const offset = 8 + random(4000);
      const bytes = randomBytes(1 + random(40));
      page.set(bytes, offset);
      if (index === 0) new DataView(page.buffer).setUint32(0, tag, true);
      pages[index] = page;
      const head = { offset: 0, bytes: page.slice(0, 4) };
      const ranges = index === 0 ? [head, { offset, bytes }] : [{ offset, bytes }];
      changes.set(
        index + 1,
        old === undefined ? { type: 'full', bytes: page } : { type: 'ranges', ranges },
      );
    };
    write(0);
    const indexes = new Set<number>();
    for (let count = random(3); count > 0; count--) {
      indexes.add(1 + random(Math.min(PAGES_MAX - 1, pages.length)));
    }
    for (const index of indexes) write(Math.min(index, pages.length));
    if (random(12) === 0 && pages.length > 2 && changes.size === 1) pages.length -= 1;
    if (random(12) === 0 && pages.length < PAGES_MAX) {
      pages.push(new Uint8Array(PAGE_SIZE_BYTES)); // a hole: a page that was never written
      changes.set(pages.length, { type: 'zeros' });
    }
    const image = join(pages);
    states.set(tag, { digest: digestOf(image), parentTag });
    const isCarried = random(30) === 0;
    if (isCarried) report.carryingBases++;
    log.commit({
      pageCount: pages.length,
      touchedPages: isCarried ? PAGES_MAX : 1,
      schemaChanged: false,
      schemaVersion: 1,
      readChanges: () => changes,
      copyImage: (into) => into.set(image),
    });
    log.whenDurable(log.committedSeq()).then(
      () => {
        if (!handle.isDead()) acknowledged.push({ tag, atMs: clock.elapsedMs() });
        return undefined;
      },
      () => undefined,
    );
  }

  async function live(handle: DiskHandle): Promise<void> {
    const namesBefore = [...disk.files.keys()].flatMap((name) => parseFileName(name) ?? []);
    const namedUpTo = namesBefore.reduce((most, { lastSeq }) => Math.max(most, lastSeq), 0);
    const nonces = new Map(namesBefore.map(({ epoch, nonce }) => [epoch, nonce]));
    if (namesBefore.some(({ epoch, nonce }) => nonces.get(epoch) !== nonce)) report.equalEpochs++;
    const opened = await open({
      store: handle.store,
      clock: handle.clock,
      randomBytes,
      schemaVersion: 1,
      oldestWriterVersion: 1,
      limits: TINY_LIMITS,
    });
    if (!opened.ok) {
      judgeRefusal(opened.error.detail);
      return;
    }
    const log = opened.value;
    if (namesBefore.length > handle.readCount()) report.fastOpenings++;
    const image = log.takeImage();
    judge(image, log.opening, namedUpTo);
    const pages = Array.from({ length: image.length / PAGE_SIZE_BYTES }, (_, index) =>
      image.slice(index * PAGE_SIZE_BYTES, (index + 1) * PAGE_SIZE_BYTES),
    );
    log.attachImage((into) => into.set(join(pages)));
    const steps = random(24);
    for (let step = 0; step < steps; step++) {
      for (let count = 1 + random(3); count > 0; count--) transaction(log, pages, handle);
      if (random(3) > 0) await log.whenDurable(log.committedSeq());
      if (random(5) === 0) clock.advance(random(random(3) === 0 ? 70_000 : 3_000));
      if (random(6) === 0) await log.compact();
      if (random(30) === 0) report.lateLandings += disk.landLatePuts();
    }
    if (random(4) === 0) await log.close();
  }

  /** Only after kills: who lost the lock was alive a moment ago, so no power was cut in between. */
  async function meetLateOwners(): Promise<void> {
    const newest = await landLateOwners(disk, clock, random, (before) => {
      const image = before.slice();
      const tag = ++tags;
      image.set(randomBytes(32), 64);
      new DataView(image.buffer).setUint32(0, tag, true);
      states.set(tag, { digest: digestOf(image), parentTag: tagOf(before) });
      return image;
    });
    if (newest === null) return;
    report.lateOwners++;
    acknowledged.push({ tag: tagOf(newest), atMs: clock.elapsedMs() });
  }

  for (let life = 0; life < lives; life++) {
    const handle = disk.open();
    const namesBefore = new Set(disk.files.keys());
    // Dying in the very first put makes owners of equal epochs: the next one cannot know of it.
    if (random(3) > 0) handle.dieAtWrite(random(5) === 0 ? 1 : 1 + random(60));
    await drive(clock, Promise.race([live(handle), handle.died]));
    const crash = random(3) === 0 ? 'power-cut' : 'kill';
    if (crash === 'kill') report.kills++;
    else {
      report.powerCuts++;
      powerCutAtMs ??= clock.elapsedMs();
    }
    for (const name of disk.files.keys()) {
      if (namesBefore.has(name)) continue;
      if (name.startsWith('base-')) report.basesWritten++;
      if (name.endsWith('-80.larder') && name.startsWith('log-')) report.merges++;
    }
    for (const name of namesBefore) if (!disk.files.has(name)) report.removals++;
    disk.crash(crash);
    if (random(4) === 0) report.lateLandings += disk.landLatePuts();
    if (crash === 'kill' && random(12) === 0) await drive(clock, meetLateOwners());
    clock.advance(random(80_000));
  }
  report.tornLogs = disk.tornLogs();
  return report;
}
