/**
 * The real engine and a real restore: the household's database is copied, both go on, and the copy is put in
 * the place of the original, as an operator does with a backup. And one profile that exists twice.
 */
import { afterEach, describe, expect, test } from 'vitest';
import { beginServerEpoch } from '../../api/db/server-epoch.ts';
import { kitchenSchema } from '../../shared/schema/tables.ts';
import { createFetchTransport } from '../../worker/host/fetch-transport.ts';
import { addTag, tagNames } from '../sim/tags.ts';
import { createDevice, createIds, createRandom } from '../sim/world.ts';
import type { Device } from '../sim/world.ts';
import { copyTestDatabase, createTestDatabase } from '../test-database.ts';
import { freshUuid, startSyncServer } from './sync-server.ts';
import type { SyncServer } from './sync-server.ts';

const TEST_MS_MAX = 120_000;
let server: SyncServer;
const drops: (() => Promise<void>)[] = [];

afterEach(async () => {
  await server.close();
  for (const drop of drops.splice(0)) await drop();
});

async function startOn(url: string): Promise<void> {
  server = await startSyncServer({ url });
}

/** A device of the household; whichever server runs at the moment answers it. */
function deviceOf(householdId: string, seed: number, image?: Uint8Array): Promise<Device> {
  const transport = createFetchTransport({
    baseUrl: 'http://localhost/',
    bearerToken: () => 'test',
    fetch: (input, init) => {
      const url = new URL(input instanceof Request ? input.url : input);
      const headers = new Headers(init?.headers);
      headers.set('x-test-account', `account-of-${householdId}`);
      headers.set('x-test-household', householdId);
      return server.request(`${url.pathname}${url.search}`, { ...init, headers });
    },
  });
  return createDevice({
    schema: kitchenSchema,
    transport,
    ids: createIds(createRandom(seed)),
    ...(image === undefined ? {} : { image }),
  });
}

const settled = async (devices: readonly Device[]): Promise<void> => {
  for (const device of [...devices, ...devices])
    expect(await device.engine.sync()).toMatchObject({ failure: null });
};

async function household() {
  const database = await createTestDatabase();
  drops.push(() => database.drop());
  await startOn(database.url);
  const householdId = freshUuid();
  const [ahead, level, behind] = [
    await deviceOf(householdId, 1),
    await deviceOf(householdId, 2),
    await deviceOf(householdId, 3),
  ];
  for (const device of [ahead, level, behind]) await device.engine.attach(householdId);
  await addTag(ahead, 'first');
  await settled([ahead, level, behind]);
  await addTag(ahead, 'before');
  await ahead.engine.sync();
  await level.engine.sync();
  await server.close();
  const backup = await copyTestDatabase(database);
  drops.push(() => backup.drop());
  await startOn(database.url);
  await addTag(ahead, 'after');
  await ahead.engine.write((sql) => sql.run(`delete from tags where name = 'first'`));
  await ahead.engine.sync();
  await server.close();
  return { householdId, backup, devices: [ahead, level, behind] as const };
}

test(
  '[SNAP-347] a device hydrates from the stream of the real service',
  async () => {
    const { householdId, backup } = await household();
    await startOn(backup.url);
    const asked: string[] = [];
    const service = server;
    server = {
      ...service,
      request: (path, init) => {
        asked.push(path);
        return service.request(path, init);
      },
    };
    const device = await deviceOf(householdId, 31);
    expect(await device.engine.attach(householdId)).toMatchObject({ type: 'attached' });
    expect(tagNames(device)).toEqual(['before', 'first']);
    expect(asked.filter((path) => path.includes('/stream?'))).toHaveLength(1);
  },
  TEST_MS_MAX,
);

describe('the real service, restored', () => {
  test(
    '[ROT-348] devices behind, level with and ahead of the backup end equal, and nothing is lost',
    async () => {
      const { backup, devices } = await household();
      const [ahead, level, behind] = devices;
      await startOn(backup.url);
      await beginServerEpoch(server.sql);
      for (const [device, name] of [
        [level, 'of level'],
        [behind, 'of behind'],
        [ahead, 'of ahead'],
      ] as const)
        await addTag(device, name);
      await settled(devices);
      const names = ['after', 'before', 'of ahead', 'of behind', 'of level'];
      for (const device of devices) {
        expect(tagNames(device)).toEqual(names);
        expect(device.engine.status()).toMatchObject({ held: 0, unsent: { rows: 0 } });
      }
      const rows = await server.sql`select name from larder.tags order by name`;
      expect(rows.map((row) => String(row['name']))).toEqual(names);
    },
    TEST_MS_MAX,
  );

  test(
    '[ROT-349] a restore that nobody declared is found by the checkpoint, and nothing is lost',
    async () => {
      const { backup, devices } = await household();
      await startOn(backup.url);
      const [ahead] = devices;
      await addTag(ahead, 'of ahead');
      await settled(devices);
      for (const device of devices)
        expect(tagNames(device)).toEqual(['after', 'before', 'of ahead']);
    },
    TEST_MS_MAX,
  );

  test(
    '[ROT-350] two copies of one profile separate at their first contact and lose nothing',
    async () => {
      const { householdId, backup, devices } = await household();
      await startOn(backup.url);
      const image = devices[1].database.durableImage();
      const copies = [
        await deviceOf(householdId, 21, image),
        await deviceOf(householdId, 22, image),
      ] as const;
      const [left, right] = copies;
      for (const [device, name] of [
        [left, 'left'],
        [right, 'right'],
        [left, 'left again'],
        [right, 'right again'],
      ] as const) {
        await addTag(device, name);
        expect(await device.engine.sync()).toMatchObject({ failure: null });
      }
      await settled(copies);
      expect(left.engine.status().sourceId).not.toBe(right.engine.status().sourceId);
      const names = ['before', 'first', 'left', 'left again', 'right', 'right again'];
      for (const device of copies) expect(tagNames(device)).toEqual(names);
    },
    TEST_MS_MAX,
  );
});
