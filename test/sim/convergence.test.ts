/**
 * Seeded runs of three devices against the model server: requests and answers get lost or doubled, processes
 * die at random requests, history is pruned, a device is restored from an old copy, people write meanwhile.
 * Then the network heals, and within a bounded number of rounds every device equals the server, table by
 * table and row by row. A failing seed repeats exactly: `SEED=… RUNS=1`.
 */
import { describe, expect, test } from 'vitest';
import { kitchenSchema } from '../../shared/schema/tables.ts';
import type { LocalRow } from '../../shared/schema/row-codec.ts';
import type { Ids, SyncRequest, Transport } from '../../worker/engine/ports.ts';
import { createModelServer } from './model-server.ts';
import type { ModelServer } from './model-server.ts';
import { createDevice, createIds, createNetwork, createRandom } from './world.ts';
import type { Device, Fate } from './world.ts';
import { performAct } from './workload.ts';
import type { Hand } from './workload.ts';

const FIRST_SEED = Number(process.env['SEED'] ?? 1);
const RUNS = Number(process.env['RUNS'] ?? 40);
const STEPS = 40;
/** Generous: a run takes well under a second on an idle machine. */
const SEED_MS_MAX = 60_000;
const HEAL_ROUNDS_MAX = 12;
const TABLES = Object.keys(kitchenSchema.tables);

interface Seat {
  device: Device;
  readonly hand: Hand;
  old: Uint8Array | null;
}

interface World {
  readonly random: () => number;
  readonly server: ModelServer;
  readonly ids: Ids;
  readonly seats: Seat[];
  /** Requests until the process of the device that is syncing dies; Infinity: it lives. */
  lives: number;
  crashed: (() => void) | null;
  isHealed: boolean;
  current: Seat | null;
}

function fateOf(world: World): Fate {
  if (world.isHealed) return 'deliver';
  const roll = world.random();
  if (roll < 0.08) return 'drop-request';
  if (roll < 0.16) return 'drop-answer';
  return roll < 0.2 ? 'twice' : 'deliver';
}

async function createWorld(seed: number): Promise<World> {
  const random = createRandom(seed);
  const server = await createModelServer(kitchenSchema, { extensions: random() < 0.5 });
  const ids = createIds(random);
  const world: World = {
    random,
    server,
    ids,
    seats: [],
    lives: Infinity,
    crashed: null,
    isHealed: false,
    current: null,
  };
  const network = createNetwork(server.transport, () => fateOf(world));
  const transport: Transport = {
    watch: (request, onEvent) => network.watch(request, onEvent),
    request: async (request: SyncRequest) => {
      world.lives -= 1;
      if (world.lives < 0 && world.crashed !== null) {
        // Half of the time the server still hears the last words of the process.
        if (random() < 0.5) await network.request(request);
        world.crashed();
        return new Promise<never>(() => undefined);
      }
      const answer = await network.request(request);
      // Somebody goes on typing while the answer is on its way.
      const seat = world.current;
      if (!world.isHealed && seat !== null && random() < 0.25) act(seat);
      return answer;
    },
  };
  for (let index = 0; index < 3; index += 1) {
    const device = await createDevice({ schema: kitchenSchema, transport, ids });
    world.seats.push({
      device,
      hand: { random, ids, nowMs: 1_750_000_000_000 + index * 100 },
      old: null,
    });
  }
  return world;
}

function act(seat: Seat): void {
  // A transaction is synchronous, so the write is done when this returns; only its promise is late.
  void seat.device.engine.write((sql) => {
    performAct(sql, seat.hand);
  });
}

async function exchange(world: World, seat: Seat): Promise<void> {
  world.current = seat;
  world.lives = world.random() < 0.25 ? Math.floor(world.random() * 6) : Infinity;
  const crash = new Promise<'crashed'>((resolve) => {
    world.crashed = () => {
      resolve('crashed');
    };
  });
  const { engine } = seat.device;
  const work = async (): Promise<'done'> => {
    if (engine.attachedUser() === null) await engine.attach('household');
    else await engine.sync();
    return 'done';
  };
  const ended = await Promise.race([work(), crash]);
  world.crashed = null;
  world.lives = Infinity;
  world.current = null;
  if (ended === 'crashed') seat.device = await seat.device.crash();
}

function checkVisible(seat: Seat): void {
  const { sql } = seat.device;
  expect(sql.all('pragma foreign_key_check')).toEqual([]);
  expect(sql.all('select apply_mode from _sync_apply_state')).toEqual([{ apply_mode: 0 }]);
}

async function step(world: World): Promise<void> {
  const seat = world.seats[Math.floor(world.random() * world.seats.length)];
  if (seat === undefined) return;
  const roll = world.random();
  if (roll < 0.55) act(seat);
  else if (roll < 0.93) await exchange(world, seat);
  else if (roll < 0.95) world.server.prune(world.server.latest() - Math.floor(world.random() * 4));
  else if (roll < 0.97) seat.old = seat.device.database.durableImage();
  else if (roll < 0.98 && seat.old !== null) {
    // A backup of the whole profile is put back: everything since is gone on this device.
    seat.device = await seat.device.restore(seat.old);
  } else seat.device = await seat.device.crash();
  checkVisible(seat);
}

function tableOf(seat: Seat, table: string): ReadonlyMap<string, LocalRow> {
  return new Map(
    seat.device.sql
      .all(`select * from ${table} order by id`)
      .map((row): [string, LocalRow] => [String(row['id']), row]),
  );
}

const unsent = (seat: Seat): readonly LocalRow[] =>
  seat.device.sql.all(
    `select d.table_name, d.key_json, d.op, d.base_row_version, h.reason from _sync_dirty_rows d
     left join _sync_x_held h using (schema_name, table_name, key_json)`,
  );

async function heal(world: World): Promise<void> {
  world.isHealed = true;
  for (let round = 0; round < HEAL_ROUNDS_MAX; round += 1) {
    for (const seat of world.seats) {
      await exchangeHealed(seat);
      for (const held of seat.device.sql.all('select table_name, key_json from _sync_x_held')) {
        const { id } = JSON.parse(String(held['key_json'])) as { id: string };
        // In the first rounds questions stay open: everything else must converge around them.
        if (round >= 3) {
          const side = world.random() < 0.5 && round < 8 ? 'mine' : 'theirs';
          await seat.device.engine.decide(String(held['table_name']), id, side);
        }
      }
      checkVisible(seat);
    }
  }
}

async function exchangeHealed(seat: Seat): Promise<void> {
  const { engine } = seat.device;
  if (engine.attachedUser() === null) {
    const attached = await engine.attach('household');
    expect(attached.type).not.toBe('failed');
  }
  if (engine.attachedUser() === null) return;
  const report = await engine.sync();
  expect(report.failure).toBeNull();
}

describe('three devices and a bad network', () => {
  test.each(Array.from({ length: RUNS }, (_, index) => FIRST_SEED + index))(
    '[PULL-61] everybody converges once the network heals (seed %i)',
    async (seed) => {
      const world = await createWorld(seed);
      for (let count = 0; count < STEPS; count += 1) await step(world);
      await heal(world);
      for (const seat of world.seats) {
        expect(unsent(seat)).toEqual([]);
        expect(seat.device.engine.status().checkpoint).toBe(world.server.latest());
        for (const table of TABLES)
          expect([table, tableOf(seat, table)]).toEqual([table, world.server.rows(table)]);
      }
      for (const seat of world.seats) await seat.device.database.close();
    },
    SEED_MS_MAX,
  );
});
