/**
 * A simulated disk behind the `Store` port, and the clock that goes with it. It crashes like the real ones
 * were seen to (storage.md §1): a killed process leaves the file it was writing absent, empty, torn or
 * whole; a power cut does that to every file younger than the time the system needs to write back; a put
 * of a dead owner may land late. A kill may also tear the log in which the browser keeps the directory: what
 * the next session puts behind the torn record, acknowledged or not, is gone one start later, unless that
 * session settled first. A strict disk, like IndexedDB, keeps through a power cut what it answered to.
 * Deterministic: everything is drawn from one seeded source.
 *
 * One handle is one owner's connection. After its death every call of it stays silent for ever, as in a
 * killed worker.
 */
import { err, ok } from '../../shared/result.ts';
import type { Result } from '../../shared/result.ts';
import type { LogClock, Store, StoreFailure } from '../../worker/store/files.ts';
import type { Random } from './prng.ts';

/** After this long the operating system has written a file back in any case. */
export const WRITTEN_BACK_AFTER_MS = 30_000;

export interface SimulatedClock extends LogClock {
  advance(byMs: number): void;
}

export function createSimulatedClock(): SimulatedClock {
  let nowMs = 0;
  let timers: { readonly atMs: number; readonly work: () => void }[] = [];
  return {
    elapsedMs: () => nowMs,
    after(delayMs, work) {
      const timer = { atMs: nowMs + delayMs, work };
      timers.push(timer);
      return () => {
        timers = timers.filter((other) => other !== timer);
      };
    },
    advance(byMs) {
      nowMs += byMs;
      const due = timers.filter((timer) => timer.atMs <= nowMs).sort((a, b) => a.atMs - b.atMs);
      timers = timers.filter((timer) => timer.atMs > nowMs);
      for (const timer of due) timer.work();
    },
  };
}

/** Lets promises run, moving time a little whenever they wait for it. Fails when nothing comes of it. */
export async function drive<T>(clock: SimulatedClock, work: Promise<T>, stepMs = 10): Promise<T> {
  const progress = { isDone: false };
  const watched = work.finally(() => {
    progress.isDone = true;
  });
  watched.catch(() => undefined);
  for (let round = 0; round < 20_000 && !progress.isDone; round++) {
    for (let turn = 0; turn < 12 && !progress.isDone; turn++) await Promise.resolve();
    if (!progress.isDone) clock.advance(stepMs);
  }
  if (!progress.isDone) throw new Error('nothing happened for a long simulated time');
  return watched;
}

export interface DiskHandle {
  readonly store: Store;
  /** The owner's own timers: they end with its process. */
  readonly clock: LogClock;
  /** The owner dies during its `count`-th write or removal from now. */
  dieAtWrite(count: number): void;
  isDead(): boolean;
  readonly died: Promise<void>;
  kill(): void;
  /** Files that were read so far. */
  readCount(): number;
}

export interface SimulatedDisk {
  open(): DiskHandle;
  /** What is left when the process, or the power, goes away. Every open handle is dead afterwards. */
  crash(kind: 'kill' | 'power-cut'): void;
  /** Puts of dead owners that land only now. */
  landLatePuts(): number;
  /** Puts a file by other hands than an owner's. */
  land(name: string, bytes: Uint8Array<ArrayBuffer>): void;
  readonly files: Map<string, SimulatedFile>;
  /** How many sessions began behind a torn record of the directory's log. */
  tornLogs(): number;
}

export interface SimulatedFile {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly writtenMs: number;
  /** What is there after the power came back lay on the disk: a second cut does not take it. */
  readonly outlivedPowerCut: boolean;
  /** The same as `writtenMs` by the wall clock of that moment. */
  readonly writtenWallMs: number;
  /** Entered behind a torn record of the directory's log: gone at the next start. */
  readonly isBehindTear: boolean;
}

/** A torn record swallows the rest of its block: so many entries were seen to go (Chromium 156). */
const SWALLOWED_MIN = 6;
const SWALLOWED_MAX = 51;

/** People and networks set wall clocks: this far from the truth, each way. */
const WALL_CLOCK_OFF_MS_MAX = 280_000;

/** Each its own: one promise for all would hold on to everybody who ever waited for it. */
const never = (): Promise<never> => new Promise(() => undefined);

export function createSimulatedDisk(
  clock: SimulatedClock,
  random: Random,
  { isStrict = false }: { readonly isStrict?: boolean } = {},
): SimulatedDisk {
  const files = new Map<string, SimulatedFile>();
  const handles = new Set<DiskHandle>();
  let inFlight = new Map<string, Uint8Array<ArrayBuffer>>();
  const late = new Map<string, Uint8Array<ArrayBuffer>>();

  let wallClockOffMs = 0;
  /** Entries that the torn record at the end of the directory's log would still swallow. */
  let swallows = 0;
  let tornLogs = 0;

  const land = (name: string, bytes: Uint8Array<ArrayBuffer>): void => {
    if (files.has(name)) return;
    const writtenMs = clock.elapsedMs();
    const writtenWallMs = writtenMs + wallClockOffMs;
    const isBehindTear = swallows > 0;
    if (isBehindTear) swallows--;
    files.set(name, { bytes, writtenMs, writtenWallMs, outlivedPowerCut: isStrict, isBehindTear });
  };
  const tear = (bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> =>
    bytes.slice(0, random(bytes.length));

  function open(): DiskHandle {
    let isDead = false;
    let readCount = 0;
    let writesLeft = Number.POSITIVE_INFINITY;
    let reportDeath = (): void => undefined;
    const died = new Promise<void>((resolve) => {
      reportDeath = resolve;
    });
    const kill = (): void => {
      isDead = true;
      reportDeath();
    };
    /** Takes a random number of turns, so that concurrent calls interleave in every order. */
    async function turns(): Promise<void> {
      for (let turn = random(6); turn >= 0; turn--) await Promise.resolve();
    }
    async function call<T>(work: () => Result<T, StoreFailure>): Promise<Result<T, StoreFailure>> {
      if (isDead) return never();
      await turns();
      return isDead ? never() : work();
    }
    const countWrite = (): void => {
      writesLeft--;
      if (writesLeft === 0) kill();
    };
    const store: Store = {
      kind: 'memory',
      survives: { processKill: true, powerCut: isStrict },
      settle: () =>
        call(() => {
          swallows = 0; // filler went through the log in front of everything that comes
          return ok(undefined);
        }),
      list: () => call(() => ok([...files.keys()])),
      read: (name) =>
        call(() => {
          readCount++;
          const file = files.get(name);
          return file === undefined
            ? err({ type: 'absent', detail: name })
            : ok(file.bytes.slice());
        }),
      async ageMs(name) {
        const found = await call(() => ok(files.get(name)));
        const file = found.ok ? found.value : undefined;
        return file === undefined ? null : clock.elapsedMs() + wallClockOffMs - file.writtenWallMs;
      },
      async put(name, buffer) {
        if (isDead) return never();
        if (files.has(name) || inFlight.has(name)) return err({ type: 'exists', detail: name });
        const bytes = new Uint8Array(buffer.slice(0));
        inFlight.set(name, bytes);
        countWrite();
        await turns();
        if (isDead) return never();
        inFlight.delete(name);
        land(name, bytes);
        return ok(undefined);
      },
      remove: (name) =>
        call(() => {
          files.delete(name);
          countWrite();
          return ok(undefined);
        }),
    };
    const handle: DiskHandle = {
      store,
      clock: {
        elapsedMs: () => clock.elapsedMs(),
        after: (delayMs, work) =>
          clock.after(delayMs, () => {
            if (!isDead) work();
          }),
      },
      died,
      kill,
      isDead: () => isDead,
      readCount: () => readCount,
      dieAtWrite(count) {
        writesLeft = count;
      },
    };
    handles.add(handle);
    return handle;
  }

  return {
    files,
    open,
    crash(kind) {
      wallClockOffMs = random(2 * WALL_CLOCK_OFF_MS_MAX) - WALL_CLOCK_OFF_MS_MAX;
      for (const handle of handles) handle.kill();
      handles.clear();
      for (const [name, { isBehindTear }] of files) if (isBehindTear) files.delete(name);
      swallows = 0;
      if (kind === 'power-cut') {
        for (const [name, file] of files) {
          const { bytes, writtenMs } = file;
          if (clock.elapsedMs() - writtenMs > WRITTEN_BACK_AFTER_MS || file.outlivedPowerCut)
            continue;
          const fate = random(5);
          if (fate === 2) files.set(name, { ...file, bytes: tear(bytes) });
          else if (fate === 3) files.set(name, { ...file, bytes: new Uint8Array(0) });
          else if (fate === 4) files.delete(name);
          const left = files.get(name);
          if (left !== undefined) files.set(name, { ...left, outlivedPowerCut: true });
        }
      }
      const isTorn = kind === 'kill' && inFlight.size > 0 && random(4) === 0;
      for (const [name, bytes] of inFlight) {
        const fate = random(10);
        if (fate < 3) land(name, new Uint8Array(0));
        else if (fate < 6) land(name, tear(bytes));
        else if (fate < 7) land(name, bytes);
        else if (fate < 9 && kind === 'kill') late.set(name, bytes);
      }
      inFlight = new Map();
      if (isTorn) {
        tornLogs++;
        late.clear(); // the browser itself was killed, not a worker of it: nothing of it lands later
        swallows = SWALLOWED_MIN + random(SWALLOWED_MAX - SWALLOWED_MIN + 1);
      }
    },
    tornLogs: () => tornLogs,
    land,
    landLatePuts() {
      const count = late.size;
      for (const [name, bytes] of late) {
        // A stream that is closed late replaces what has its name by now; a strict store refuses.
        if (!isStrict) files.delete(name);
        land(name, bytes);
      }
      late.clear();
      return count;
    },
  };
}

/** What goes wrong at one call of `put`. */
export const PUT_FAULTS = [
  'rejects',
  'says-full',
  'hangs',
  'lands-half-and-rejects',
  'lands-half-and-hangs',
  'lands-and-rejects',
  'lands-and-hangs',
  'rejects-from-here-on',
  'hangs-from-here-on',
  'lands-half-and-rejects-from-here-on',
] as const;
export type PutFault = (typeof PUT_FAULTS)[number];

export interface StoreWithQuota {
  readonly store: Store;
  /** Bytes that files may take from now on. */
  setQuota(bytes: number): void;
  usedBytes(): number;
}

/** A store that says `full` when a put would take it over its quota; half of it may land all the same. */
export function withQuota(inner: Store, quotaBytes = Infinity): StoreWithQuota {
  const sizes = new Map<string, number>();
  let quota = quotaBytes;
  const usedBytes = (): number => [...sizes.values()].reduce((sum, size) => sum + size, 0);
  const store: Store = {
    ...inner,
    async put(name, bytes) {
      if (usedBytes() + bytes.byteLength > quota)
        return err({ type: 'full', detail: 'over quota' });
      const written = await inner.put(name, bytes);
      if (written.ok) sizes.set(name, bytes.byteLength);
      return written;
    },
    async remove(name) {
      sizes.delete(name);
      return inner.remove(name);
    },
  };
  return {
    store,
    usedBytes,
    setQuota(bytes) {
      quota = bytes;
    },
  };
}

export interface FaultyStore {
  readonly store: Store;
  /** How many puts were made so far. */
  putCount(): number;
}

/** A store whose `putNumber`-th put, counted from 1, goes wrong; puts made before `arm` do not count. */
export function withPutFault(inner: Store, putNumber: number, fault: PutFault): FaultyStore {
  let putCount = 0;
  const failure = (type: StoreFailure['type']): Result<void, StoreFailure> =>
    err({ type, detail: 'a planted fault' });
  async function put(name: string, bytes: ArrayBuffer): Promise<Result<void, StoreFailure>> {
    putCount++;
    const isFaulty = fault.endsWith('-from-here-on')
      ? putCount >= putNumber
      : putCount === putNumber;
    if (!isFaulty) return inner.put(name, bytes);
    if (fault.startsWith('lands-half')) await inner.put(name, bytes.slice(0, bytes.byteLength / 2));
    else if (fault.startsWith('lands')) await inner.put(name, bytes);
    if (fault.includes('hangs')) return never();
    return failure(fault === 'says-full' ? 'full' : 'broken');
  }
  return { store: { ...inner, put }, putCount: () => putCount };
}
