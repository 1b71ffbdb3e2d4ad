/**
 * A device in the simulator: the real engine over the in-memory database, with a network that the test can
 * cut and a process that the test can kill. Time is virtual and ids come from a seed, so a run repeats
 * exactly. Time only moves when somebody waits for it, so nothing here sleeps.
 */
import type { Resolver } from '../../shared/schema/resolve.ts';
import type { Schema } from '../../shared/schema/types.ts';
import { createEngine } from '../../worker/engine/engine.ts';
import type { Engine } from '../../worker/engine/engine.ts';
import type {
  Clock,
  Ids,
  Journal,
  Sql,
  SyncAnswer,
  SyncRequest,
  Transport,
} from '../../worker/engine/ports.ts';
import { createMemoryDatabase } from './memory-database.ts';
import type { MemoryDatabase } from './memory-database.ts';

/** A small generator with a 32-bit state (mulberry32): the same seed, the same run. */
export function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export function createIds(random: () => number): Ids {
  const hex = (digits: number): string =>
    Array.from({ length: digits }, () => Math.floor(random() * 16).toString(16)).join('');
  const id = (version: string): string =>
    `${hex(8)}-${hex(4)}-${version}${hex(3)}-8${hex(3)}-${hex(12)}`;
  return { uuid: () => id('4'), rowId: () => id('7'), random };
}

/** Runs every timer as soon as the event loop is free, in the order of their times. */
export function createFastClock(): Clock {
  let nowMs = 1_750_000_000_000;
  return {
    nowMs: () => nowMs,
    after: (delayMs, work) => {
      const timer = setImmediate(() => {
        nowMs += delayMs;
        work();
      });
      return () => {
        clearImmediate(timer);
      };
    },
  };
}

/** A clock whose timers run only when the test says so. */
export interface ManualClock extends Clock {
  /** Moves the time, running what falls due, in order. */
  advance(ms: number): void;
  readonly pending: () => number;
}

export function createManualClock(): ManualClock {
  let nowMs = 1_750_000_000_000;
  let timers: { atMs: number; work: () => void }[] = [];
  return {
    nowMs: () => nowMs,
    after: (delayMs, work) => {
      const timer = { atMs: nowMs + delayMs, work };
      timers.push(timer);
      return () => {
        timers = timers.filter((other) => other !== timer);
      };
    },
    advance: (ms) => {
      const until = nowMs + ms;
      for (;;) {
        const [next] = timers.toSorted((a, b) => a.atMs - b.atMs);
        if (next === undefined || next.atMs > until) break;
        timers = timers.filter((other) => other !== next);
        nowMs = Math.max(nowMs, next.atMs);
        next.work();
      }
      nowMs = until;
    },
    pending: () => timers.length,
  };
}

export interface JournalEntry {
  readonly what: 'frozen' | 'returned' | 'committed' | 'received';
  readonly bundle: number;
}

export function createJournal(entries: JournalEntry[] = []): Journal {
  return {
    frozen: (_sql, bundle) => entries.push({ what: 'frozen', bundle }),
    returned: (_sql, bundle) => entries.push({ what: 'returned', bundle }),
    committed: (_sql, bundle) => entries.push({ what: 'committed', bundle: bundle.bundleSeq }),
    received: (_sql, bundle) => entries.push({ what: 'received', bundle: bundle.bundleSeq }),
    settled: () => undefined,
    note: () => null,
    discarded: () => undefined,
    unsentActs: () => 0,
    openChoices: () => 0,
  };
}

/** What happens to one request: delivered, never sent, sent but the answer lost, or sent twice. */
export type Fate = 'deliver' | 'drop-request' | 'drop-answer' | 'twice';

export function createNetwork(
  transport: Transport,
  fateOf: (request: SyncRequest) => Fate,
): Transport {
  const lost: SyncAnswer = { type: 'no-answer', reason: 'network' };
  return {
    request: async (request) => {
      const fate = fateOf(request);
      if (fate === 'drop-request') return lost;
      if (fate === 'twice') await transport.request(request);
      const answer = await transport.request(request);
      return fate === 'drop-answer' ? lost : answer;
    },
    watch: (request, onEvent) => transport.watch(request, onEvent),
  };
}

export interface Device {
  readonly engine: Engine;
  readonly database: MemoryDatabase;
  readonly sql: Sql;
  readonly journal: readonly JournalEntry[];
  /** The process dies: nothing in memory survives, what was durable does. */
  crash(): Promise<Device>;
  /** Another copy of the profile is put in place of this one; `loss` is what recovery then finds. */
  restore(image: Uint8Array, loss?: 'none' | 'certain'): Promise<Device>;
}

export interface DeviceOptions {
  readonly schema: Schema;
  readonly transport: Transport;
  readonly ids: Ids;
  readonly clock?: Clock;
  readonly image?: Uint8Array;
  readonly loss?: 'none' | 'certain';
  readonly extraTables?: string;
  /** Puts something between the engine and its database. */
  readonly wrap?: (database: MemoryDatabase) => MemoryDatabase;
  readonly resolver?: Resolver;
  /** Instead of the journal that only counts. */
  readonly host?: Journal;
}

export async function createDevice(options: DeviceOptions): Promise<Device> {
  const inner = await createMemoryDatabase(options.image ?? null, options.loss);
  const database = options.wrap?.(inner) ?? inner;
  const journal: JournalEntry[] = [];
  let isDead = false;
  // A dead process neither sends nor hears anything.
  const dead: SyncAnswer = { type: 'no-answer', reason: 'aborted' };
  const transport: Transport = {
    request: async (request, stop) => {
      if (isDead) return new Promise<SyncAnswer>(() => undefined);
      const answer = await options.transport.request(request, stop);
      return isDead ? new Promise<SyncAnswer>(() => undefined) : (answer ?? dead);
    },
    watch: (request, onEvent) => options.transport.watch(request, onEvent),
  };
  const engine = createEngine({
    database,
    schema: options.schema,
    transport,
    clock: options.clock ?? createFastClock(),
    ids: options.ids,
    journal: options.host ?? createJournal(journal),
    ...(options.resolver === undefined ? {} : { resolver: options.resolver }),
    ...(options.extraTables === undefined ? {} : { extraTables: options.extraTables }),
    onDefect: (error) => {
      throw error;
    },
  });
  const opened = await engine.open();
  if (!opened.ok) throw new Error(`the engine did not open: ${JSON.stringify(opened.error)}`);
  return {
    engine,
    database,
    sql: database.sql,
    journal,
    crash: () => {
      isDead = true;
      return createDevice({ ...options, image: database.durableImage(), loss: 'none' });
    },
    restore: (image, loss = 'none') => {
      isDead = true;
      return createDevice({ ...options, image, loss });
    },
  };
}
