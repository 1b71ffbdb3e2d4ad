/**
 * The real engine against the real sync service on a real Postgres, through the real fetch transport and
 * `app.request`: no socket, nothing in between. What the two sides believe of the wire is compared here.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { kitchenSchema } from '../../shared/schema/tables.ts';
import type { LocalRow } from '../../shared/schema/row-codec.ts';
import type { Transport } from '../../worker/engine/ports.ts';
import { createDevice, createIds, createNetwork, createRandom } from '../sim/world.ts';
import type { Device, Fate } from '../sim/world.ts';
import { performAct } from '../sim/workload.ts';
import { transportTo } from './device-transport.ts';
import { freshUuid, startSyncServer } from './sync-server.ts';
import type { SyncServer } from './sync-server.ts';

const NOW = '2026-11-22T10:00:00.000Z';
const TABLES = Object.keys(kitchenSchema.tables);
const TEST_MS_MAX = 120_000;

let server: SyncServer;
beforeAll(async () => {
  server = await startSyncServer();
}, TEST_MS_MAX);
afterAll(async () => {
  await server.close();
});

const transportOf = (householdId: string): Transport => transportTo(server, householdId);

const dump = (device: Device): Record<string, readonly LocalRow[]> =>
  Object.fromEntries(
    TABLES.map((table) => [table, device.sql.all(`select * from ${table} order by id`)]),
  );

async function syncClean(device: Device): Promise<void> {
  expect(await device.engine.sync()).toMatchObject({ failure: null });
}

const held = (device: Device): readonly LocalRow[] =>
  device.sql.all('select table_name, key_json, reason, detail from _sync_x_held');

describe('the engine and the service', () => {
  test(
    '[PUSH-63] a cascade and what the server writes by itself reach the other device in one bundle',
    async () => {
      const householdId = freshUuid();
      const ids = createIds(createRandom(11));
      const transport = transportOf(householdId);
      const ana = await createDevice({ schema: kitchenSchema, transport, ids });
      const ben = await createDevice({ schema: kitchenSchema, transport, ids });
      const recipe = ids.rowId();
      await ana.engine.write((sql) => {
        sql.run(
          `insert into recipes (id, title, servings, created_at, edited_at) values (?1, 'Soup', 4, ?2, ?2)`,
          [recipe, NOW],
        );
        const photo = ids.rowId();
        sql.run(
          `insert into recipe_photos (id, recipe_id, mime, width, height, bytes, created_at)
           values (?1, ?2, 'image/webp', 2, 2, ?3, ?4)`,
          [photo, recipe, new Uint8Array([0, 1, 254, 255]), NOW],
        );
        sql.run('update recipes set cover_photo_id = ?1 where id = ?2', [photo, recipe]);
        sql.run(
          `insert into recipe_ingredients (id, recipe_id, wording, optional, position, created_at, edited_at)
           values (?1, ?2, '2 leeks', 0, 'a0', ?3, ?3)`,
          [ids.rowId(), recipe, NOW],
        );
        sql.run(
          `insert into plan_entries (id, day, meal, recipe_id, title, servings, position, created_at, edited_at)
           values (?1, '2026-11-24', 'dinner', ?2, 'Soup', 4, 'a0', ?3, ?3)`,
          [ids.rowId(), recipe, NOW],
        );
      });
      expect(await ana.engine.attach(householdId)).toMatchObject({ outcome: 'seeded-from-local' });
      await syncClean(ana);
      expect(await ben.engine.attach(householdId)).toMatchObject({ outcome: 'used-remote-state' });
      expect(dump(ben)).toEqual(dump(ana));
      expect(ben.sql.all('select bytes from recipe_photos')).toEqual([
        { bytes: new Uint8Array([0, 1, 254, 255]) },
      ]);

      await ana.engine.write((sql) => sql.run('delete from recipes where id = ?1', [recipe]));
      await syncClean(ana);
      const before = ben.engine.status().checkpoint;
      await syncClean(ben);
      expect(ben.engine.status().checkpoint).toBe(before + 1);
      expect(dump(ben)).toEqual(dump(ana));
      expect(ben.sql.all('select recipe_id, title from plan_entries')).toEqual([
        { recipe_id: null, title: 'Soup' },
      ]);
      expect(ben.sql.all('select count(*) as rows from recipe_ingredients')).toEqual([{ rows: 0 }]);
    },
    TEST_MS_MAX,
  );

  test.each([21, 22, 23])(
    '[PULL-63] three devices with a bad network converge against Postgres (seed %i)',
    async (seed) => {
      const random = createRandom(seed);
      const ids = createIds(random);
      const householdId = freshUuid();
      let isHealed = false;
      const transport = createNetwork(transportOf(householdId), (): Fate => {
        const roll = isHealed ? 1 : random();
        if (roll < 0.08) return 'drop-request';
        if (roll < 0.16) return 'drop-answer';
        return roll < 0.2 ? 'twice' : 'deliver';
      });
      const devices = await Promise.all(
        [0, 1, 2].map(() => createDevice({ schema: kitchenSchema, transport, ids })),
      );
      const hands = devices.map((_, index) => ({ random, ids, nowMs: 1_750_000_000_000 + index }));
      for (let step = 0; step < 45; step += 1) {
        const index = Math.floor(random() * 3);
        const [device, hand] = [devices[index], hands[index]];
        if (device === undefined || hand === undefined) continue;
        if (random() < 0.6)
          await device.engine.write((sql) => {
            performAct(sql, hand);
          });
        else if (device.engine.attachedUser() === null) await device.engine.attach(householdId);
        else await device.engine.sync();
      }
      isHealed = true;
      for (let round = 0; round < 6; round += 1)
        for (const device of devices) {
          if (device.engine.attachedUser() === null) await device.engine.attach(householdId);
          await syncClean(device);
          if (round < 3) continue;
          for (const row of held(device)) {
            const { id } = JSON.parse(String(row['key_json'])) as { id: string };
            await device.engine.decide(String(row['table_name']), id, 'theirs');
          }
        }
      const [first] = devices;
      for (const device of devices) {
        expect(held(device)).toEqual([]);
        expect(device.engine.status().unsent.rows).toBe(0);
        expect(dump(device)).toEqual(first === undefined ? null : dump(first));
      }
      // A device that comes last sees the same through a snapshot as the others through bundles.
      const fresh = await createDevice({ schema: kitchenSchema, transport, ids });
      expect(await fresh.engine.attach(householdId)).toMatchObject({ type: 'attached' });
      expect(dump(fresh)).toEqual(first === undefined ? null : dump(first));
    },
    TEST_MS_MAX,
  );
});
