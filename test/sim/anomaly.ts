/**
 * The anomaly loop: one scenario is run again and again, each time with operation N of one port failing in
 * one way, for N = 1, 2, 3 … until the scenario runs through untouched. After each run the device is opened
 * anew on what was durable (or goes on, where the process survived), the world heals, and device and server
 * must end exactly as they do without a fault: nothing lost, nothing twice, no tuple with two contents.
 */
import { deepStrictEqual } from 'node:assert/strict';
import { must } from '../../shared/assert.ts';
import type { LocalRow } from '../../shared/schema/row-codec.ts';
import type { Schema } from '../../shared/schema/types.ts';
import type { Sql, SyncAnswer, SyncRequest, Transport } from '../../worker/engine/ports.ts';
import type { MemoryDatabase } from './memory-database.ts';
import { createModelServer } from './model-server.ts';
import type { ModelServer } from './model-server.ts';
import type { Backup } from './model-state.ts';
import { createDevice, createIds, createNetwork, createRandom } from './world.ts';
import type { Device } from './world.ts';

export type Port = 'store' | 'transport' | 'sql';
export const MODES = {
  /** Not kept, and nothing is kept from then on; the process ends before, or right after it is kept. */
  store: ['error', 'crash-before', 'crash-after'],
  /** The server hears nothing, the device hears nothing, the device hears half; the network is down then. */
  transport: ['lost', 'answer-lost', 'cut'],
  sql: ['error'],
} as const satisfies Record<Port, readonly string[]>;
export type Mode = (typeof MODES)[Port][number];

export interface Fault {
  readonly port: Port;
  readonly mode: Mode;
  readonly at: number;
}

export interface Scenario {
  readonly name: string;
  readonly extensions: boolean;
  /** Rows in one segment of a snapshot stream, where a few are to be several. */
  readonly segmentRowsMax?: number;
  /** The declarations of the device and of the server. */
  readonly schema: Schema;
  /** What the device knew when its database was made, where an update is what is interrupted. */
  readonly schemaBefore?: Schema;
  /** Builds the state before the fault, and returns the device's database (null: there is none yet). */
  prepare(world: World): Promise<Uint8Array | null>;
  /** What is interrupted. Opening the database is part of it. */
  run(device: Device): Promise<unknown>;
  /** What a person does afterwards who saw it fail; harmless when it did not. */
  finish?(device: Device): Promise<unknown>;
  /** Called when a request was answered: what goes on meanwhile. */
  meanwhile?(device: Device, request: SyncRequest): void;
  /** The device ends without the household's rows. */
  readonly endsEmpty?: boolean;
  /** The process ends with the scenario, as the service worker's does. */
  readonly isOverAfterwards?: boolean;
}

export interface World {
  readonly server: ModelServer;
  /** Requests whose path begins with `lost` get no answer and are not heard. */
  newDevice(image?: Uint8Array, lost?: string): Promise<Device>;
}

interface Prepared {
  readonly scenario: Scenario;
  readonly server: ModelServer;
  readonly image: Uint8Array | null;
  readonly backup: Backup;
}

interface Meter {
  /** Operations of the port so far. */
  count: number;
  isHealed: boolean;
  isDead: boolean;
  readonly died: Promise<'died'>;
  die(): void;
  /** The database as the next process finds it, where the fault decided that. */
  image: Uint8Array | null;
}

const never = <T>(): Promise<T> => new Promise<T>(() => undefined);
const ROUNDS_MAX = 4;

function createMeter(): Meter {
  let die: () => void = () => undefined;
  const died = new Promise<'died'>((resolve) => {
    die = () => {
      resolve('died');
    };
  });
  const meter: Meter = {
    count: 0,
    isHealed: false,
    isDead: false,
    died,
    die: () => {
      meter.isDead = true;
      die();
    },
    image: null,
  };
  return meter;
}

/** The database of a process that `fault` befalls. */
function faultyDatabase(inner: MemoryDatabase, fault: Fault, meter: Meter): MemoryDatabase {
  const isStore = fault.port === 'store';
  let isInside = false;
  let isBroken = false;
  const statement = <T>(work: () => T): T => {
    if (fault.port === 'sql' && !meter.isHealed) {
      meter.count += 1;
      if (meter.count === fault.at) throw new Error('disk I/O error');
    }
    // Outside of transactions every statement is one of its own, and only reads happen there.
    return work();
  };
  const transaction = <T>(work: () => T): T => {
    if (!isStore || meter.isHealed || isInside) return inner.sql.transaction(work);
    meter.count += 1;
    const isHit = meter.count === fault.at;
    if (isHit && fault.mode !== 'crash-after') meter.image = inner.durableImage();
    if (isHit && fault.mode === 'crash-before') {
      meter.die();
      throw new Error('the process ended');
    }
    isInside = true;
    try {
      const value = inner.sql.transaction(work);
      if (isHit && fault.mode === 'error') isBroken = true;
      return value;
    } finally {
      isInside = false;
      if (isHit && fault.mode === 'crash-after') {
        meter.image = inner.durableImage();
        meter.die();
      }
    }
  };
  const sql: Sql = {
    all: (text, params) => statement(() => inner.sql.all(text, params)),
    run: (text, params) => statement(() => inner.sql.run(text, params)),
    script: (text) => {
      statement(() => {
        inner.sql.script(text);
      });
    },
    transaction,
  };
  return {
    ...inner,
    sql,
    whenDurable: (seq) => {
      if (meter.isDead) return never();
      return isBroken ? Promise.reject(new Error('the store failed')) : inner.whenDurable(seq);
    },
  };
}

function faultyTransport(inner: Transport, fault: Fault, meter: Meter): Transport {
  const lost: SyncAnswer = { type: 'no-answer', reason: 'network' };
  return {
    watch: (request, onEvent) => inner.watch(request, onEvent),
    request: async (request) => {
      if (meter.isDead) return never();
      if (fault.port !== 'transport' || meter.isHealed) return inner.request(request);
      meter.count += 1;
      if (meter.count < fault.at) return inner.request(request);
      if (meter.count > fault.at || fault.mode === 'lost') return lost;
      await inner.request(request);
      return fault.mode === 'cut' ? { type: 'no-answer', reason: 'malformed' } : lost;
    },
  };
}

export async function prepareScenario(scenario: Scenario): Promise<Prepared> {
  const { extensions, segmentRowsMax, schemaBefore } = scenario;
  const schema = schemaBefore ?? scenario.schema;
  const server = await createModelServer(scenario.schema, {
    extensions,
    ...(segmentRowsMax === undefined ? {} : { segmentRowsMax }),
    ...(schemaBefore === undefined ? {} : { olderSchemas: [schemaBefore] }),
  });
  const ids = createIds(createRandom(7));
  const world: World = {
    server,
    newDevice: (image, lost) =>
      createDevice({
        schema,
        transport: createNetwork(server.transport, ({ path }) =>
          lost !== undefined && path.startsWith(lost) ? 'drop-request' : 'deliver',
        ),
        ids,
        ...(image === undefined ? {} : { image }),
      }),
  };
  const image = await scenario.prepare(world);
  return { scenario, server, image, backup: server.backup() };
}

/** Rows of all tables, of the server or of a device, comparable as text. */
function tablesOf(schema: Schema, rows: (table: string) => Iterable<LocalRow>): string {
  return Object.keys(schema.tables)
    .flatMap((table) => [...rows(table)].map((row) => `${table} ${JSON.stringify(row)}`))
    .join('\n');
}

const serverTables = ({ server, scenario }: Prepared): string =>
  tablesOf(scenario.schema, (table) => server.rows(table).values());

export interface Ending {
  /** Whether the fault happened at all: false ends the loop. */
  readonly isTouched: boolean;
  /** Operations of the port, until the scenario ended. */
  readonly count: number;
  /** What the household has in the end. */
  readonly tables: string;
}

/** One run under one fault, healed and checked. */
export async function runOnce(prepared: Prepared, fault: Fault): Promise<Ending> {
  const { scenario, server, image } = prepared;
  server.rewind(prepared.backup);
  const meter = createMeter();
  const ids = createIds(createRandom(1000 + fault.at));
  let current: Device | null = null;
  const meanwhile: Transport = {
    watch: (request, onEvent) => server.transport.watch(request, onEvent),
    request: async (request) => {
      const answer = await server.transport.request(request);
      if (current !== null) scenario.meanwhile?.(current, request);
      return answer;
    },
  };
  const databases: MemoryDatabase[] = [];
  const open = (from: Uint8Array | null, isFaulty: boolean): Promise<Device> =>
    createDevice({
      schema: scenario.schema,
      // A process that died stays dead; the one that follows has a network of its own.
      transport: isFaulty ? faultyTransport(meanwhile, fault, meter) : meanwhile,
      ids,
      ...(from === null ? {} : { image: from }),
      wrap: (inner: MemoryDatabase) => {
        databases.push(inner);
        return isFaulty ? faultyDatabase(inner, fault, meter) : inner;
      },
    });
  const work = async (): Promise<'ended'> => {
    current = await open(image, true);
    await scenario.run(current);
    return 'ended';
  };
  const ended = await Promise.race([work().catch(() => 'failed' as const), meter.died]);
  const { count } = meter;
  meter.isHealed = true;
  // Every other run goes on in the process that saw the failure, where there is one.
  const isOver = scenario.isOverAfterwards === true || ended === 'died' || fault.port === 'store';
  if (isOver || current === null || fault.at % 2 === 0) {
    meter.die();
    const durable = meter.image ?? must(databases[0], 'it was opened').durableImage();
    current = await open(durable, false);
  }
  const device = must<Device>(current, 'a device is open');
  await settle(prepared, device, fault);
  // Thousands of runs share one memory.
  for (const opened of databases) await opened.close();
  return { isTouched: count >= fault.at, count, tables: serverTables(prepared) };
}

async function settle(prepared: Prepared, device: Device, fault: Fault): Promise<void> {
  const { scenario, server } = prepared;
  const where = `${scenario.name}, ${fault.port} ${fault.mode} ${fault.at}`;
  let failure: unknown = null;
  for (let round = 0; round < ROUNDS_MAX; round += 1) {
    await scenario.finish?.(device);
    if (device.engine.attachedUser() === null && scenario.endsEmpty !== true)
      await device.engine.attach('household');
    failure = (await device.engine.sync()).failure;
    if (failure === null && device.engine.status().unsent.rows === 0) break;
  }
  const tuples = server.bundles.map((b) => `${b.source_id} ${b.source_bundle_id}`);
  deepStrictEqual(new Set(tuples).size, tuples.length, `${where}: a tuple was used twice`);
  const here = tablesOf(scenario.schema, (table) =>
    device.sql.all(`select * from "${table}" order by id`),
  );
  if (scenario.endsEmpty === true) {
    deepStrictEqual([here, device.engine.attachedUser()], ['', null], where);
    return;
  }
  const { held, unsent } = device.engine.status();
  deepStrictEqual({ failure, held, rows: unsent.rows }, { failure: null, held: 0, rows: 0 }, where);
  deepStrictEqual(here, serverTables(prepared), `${where}: device and server differ`);
}
