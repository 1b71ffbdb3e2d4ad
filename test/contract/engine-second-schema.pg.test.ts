/**
 * The real engine and the real service with the second application's tables (`odd-schema.ts`): neither end may
 * know the kitchen. Two devices converge to equal dumps, byte by byte, and to the business tables.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { must } from '../../shared/assert.ts';
import type { LocalRow, LocalValue } from '../../shared/schema/row-codec.ts';
import type { Sql } from '../../worker/engine/ports.ts';
import { createDevice, createIds, createNetwork, createRandom } from '../sim/world.ts';
import type { Device, Fate } from '../sim/world.ts';
import { transportTo } from './device-transport.ts';
import { oddPocket, oddSchema, pocketSchema } from './odd-schema.ts';
import { type SyncServer, freshUuid, startSyncServer } from './sync-server.ts';

const TEST_MS_MAX = 120_000;
const TABLES = Object.keys(pocketSchema.tables);
const firstSeed = Number(process.env['SEED'] ?? 1);
const runs = Number(process.env['RUNS'] ?? 3);

let server: SyncServer;
beforeAll(async () => {
  server = await startSyncServer({ schema: oddPocket });
});
afterAll(() => server.close());

type Dump = Readonly<Record<string, readonly LocalRow[]>>;
const dump = (device: Device): Dump =>
  Object.fromEntries(
    TABLES.map((table) => [table, device.sql.all(`select * from ${table} order by id`)]),
  );

/** The business tables in the device's form, read past the service. */
async function dumpServer(householdId: string): Promise<Dump> {
  const columns: Readonly<Record<string, string>> = {
    large: 'large::text',
    exact: 'exact::text',
    wide: 'sync.ecma_number(wide)',
    truth: 'truth::int',
    day: 'day::text',
    at: `to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`,
    id: 'id::text',
  };
  const entries = await Promise.all(
    Object.entries(pocketSchema.tables).map(async ([name, table]) => {
      const list = Object.keys(table.columns).map(
        (column) => `${columns[column] ?? `"${column}"`} as "${column}"`,
      );
      const rows = await server.sql.unsafe<LocalRow[]>(
        `select ${list.join(', ')} from odd."${name}" where _sync_scope_id = $1 order by id::text collate "C"`,
        [householdId],
      );
      const plain = rows.map((row) =>
        Object.fromEntries(
          Object.entries(row).map(([column, value]) => [
            column,
            value instanceof Uint8Array ? new Uint8Array(value) : value,
          ]),
        ),
      );
      return [name, plain] as const;
    }),
  );
  return Object.fromEntries(entries);
}

async function syncClean(device: Device): Promise<void> {
  expect(await device.engine.sync()).toMatchObject({ failure: null });
}

const insertRow = (sql: Sql, table: string, row: Readonly<Record<string, LocalValue>>): void => {
  const names = Object.keys(row);
  sql.run(
    `insert into ${table} (${names.join(', ')}) values (${names.map((_, at) => `?${String(at + 1)}`).join(', ')})`,
    Object.values(row),
  );
};

async function pair(householdId: string): Promise<{ readonly ana: Device; readonly ben: Device }> {
  const transport = transportTo(server, householdId);
  const ids = createIds(createRandom(7));
  const create = () => createDevice({ schema: pocketSchema, transport, ids });
  return { ana: await create(), ben: await create() };
}

describe('a second application', () => {
  test(
    '[PULL-243] two devices with other tables converge byte by byte, values, cascades and key changes included',
    async () => {
      const householdId = freshUuid();
      const { ana, ben } = await pair(householdId);
      const values: Readonly<Record<string, LocalValue>> = {
        small: -2_147_483_648,
        large: '-9223372036854775808',
        exact: '12345678901234567890.0123456789',
        wide: '1.7976931348623157e+308',
        truth: 1,
        raw: new Uint8Array([0, 1, 127, 128, 254, 255]),
        day: '2024-02-29',
        at: '2026-11-22T14:02:31.005Z',
      };
      await ana.engine.write((sql) => {
        insertRow(sql, 'parents', { id: 'root "é" 😀', name: 'Root' });
        insertRow(sql, 'parents', { id: 'leaf', lead: 'root "é" 😀', favourite: 'c1' });
        insertRow(sql, 'parents', { id: 'other', boss: 'other', favourite: 'c1', size: 'short' });
        insertRow(sql, 'children', { id: 'c1', parent: 'root "é" 😀' });
        insertRow(sql, 'children', { id: 'c2', parent: 'leaf' });
        insertRow(sql, 'measures', { id: freshUuid(), ...values });
        insertRow(sql, 'measures', { id: freshUuid(), large: '9007199254740993', wide: '5e-324' });
        insertRow(sql, 'measures', { id: freshUuid(), raw: new Uint8Array(0), exact: '0.1' });
      });
      expect(await ana.engine.attach(householdId)).toMatchObject({ outcome: 'seeded-from-local' });
      await syncClean(ana);
      expect(await ben.engine.attach(householdId)).toMatchObject({ outcome: 'used-remote-state' });
      expect(dump(ben)).toEqual(dump(ana));
      expect(dump(ana)).toEqual(await dumpServer(householdId));
      // What the server's trigger wrote, and what its types made of the values, is on the device that sent them.
      expect(ana.sql.all('select id, children from tallies order by id')).toEqual([
        { id: 'leaf', children: 1 },
        { id: 'root "é" 😀', children: 1 },
      ]);
      expect(ana.sql.all(`select exact from measures where exact like '0.1%'`)).toEqual([
        { exact: '0.1000000000' },
      ]);

      // One removal takes the leaf, both children and a favourite away, on the other device in one bundle.
      await ana.engine.write((sql) =>
        sql.run('delete from parents where id = ?1', ['root "é" 😀']),
      );
      await syncClean(ana);
      const before = ben.engine.status().checkpoint;
      await syncClean(ben);
      expect(ben.engine.status().checkpoint).toBe(before + 1);
      expect(ben.sql.all('select id, favourite, size from parents')).toEqual([
        { id: 'other', favourite: null, size: 'short' },
      ]);
      expect(ben.sql.all('select count(*) as rows from children')).toEqual([{ rows: 0 }]);
      expect(dump(ben)).toEqual(dump(ana));
      expect(dump(ben)).toEqual(await dumpServer(householdId));

      // The server renames a key; its cascade follows, through the reference to itself too.
      await ben.engine.write((sql) => insertRow(sql, 'children', { id: 'c3', parent: 'other' }));
      await syncClean(ben);
      await server.service.withServerBundle(
        { userId: householdId, writer: 'renamer' },
        (tx, scope) =>
          tx.query(
            `update odd.parents set id = 'renamed' where _sync_scope_id = $1::uuid and id = 'other'`,
            [scope],
          ),
      );
      await syncClean(ana);
      await syncClean(ben);
      expect(ana.sql.all('select id, boss from parents')).toEqual([
        { id: 'renamed', boss: 'renamed' },
      ]);
      expect(ana.sql.all('select parent from children')).toEqual([{ parent: 'renamed' }]);
      expect(dump(ben)).toEqual(dump(ana));
      expect(dump(ana)).toEqual(await dumpServer(householdId));
    },
    TEST_MS_MAX,
  );

  test(
    '[PULL-244] a device whose tables are not those of the server does not join, and keeps what it has',
    async () => {
      // The whole application has a table that no device can hold.
      const whole = await startSyncServer({ schema: oddSchema });
      const householdId = freshUuid();
      const transport = transportTo(whole, householdId);
      const device = await createDevice({
        schema: pocketSchema,
        transport,
        ids: createIds(createRandom(7)),
      });
      await device.engine.write((sql) => insertRow(sql, 'parents', { id: 'mine' }));
      expect(await device.engine.attach(householdId)).toMatchObject({
        type: 'failed',
        failure: { type: 'protocol', code: 'table-contract-mismatch' },
      });
      expect(device.sql.all('select id from parents')).toEqual([{ id: 'mine' }]);
      expect(device.engine.status().unsent.rows).toBe(1);
      await whole.close();
    },
    TEST_MS_MAX,
  );

  test.each(Array.from({ length: runs }, (_, index) => firstSeed + index))(
    '[PULL-245] two devices of another application and a bad network converge (seed %i)',
    async (seed) => {
      const random = createRandom(seed);
      const ids = createIds(random);
      const householdId = freshUuid();
      const state = { isHealed: false };
      const transport = createNetwork(transportTo(server, householdId), (): Fate => {
        const roll = state.isHealed ? 1 : random();
        if (roll < 0.08) return 'drop-request';
        if (roll < 0.16) return 'drop-answer';
        return roll < 0.2 ? 'twice' : 'deliver';
      });
      const devices = await Promise.all(
        [0, 1].map(() => createDevice({ schema: pocketSchema, transport, ids })),
      );
      const one = <T>(list: readonly T[]): T | undefined =>
        list[Math.floor(random() * list.length)];
      const idIn = (sql: Sql, table: string): string | null => {
        const row = one(sql.all(`select id from ${table} order by id`));
        return row === undefined ? null : String(row['id']);
      };
      const act = (sql: Sql): void => {
        const parent = idIn(sql, 'parents');
        const child = idIn(sql, 'children');
        const roll = random();
        if (roll < 0.25 || parent === null) {
          const lead = random() < 0.4 ? parent : null;
          insertRow(sql, 'parents', {
            id: `p ${ids.rowId()}`,
            name: 'New',
            lead,
            favourite: child,
          });
        } else if (roll < 0.45) insertRow(sql, 'children', { id: `c ${ids.rowId()}`, parent });
        else if (roll < 0.6) {
          const large = String(BigInt(Math.floor(random() * 2 ** 53)) * 1021n);
          insertRow(sql, 'measures', { id: ids.rowId(), large, wide: String(random() / 7e10) });
        } else if (roll < 0.75)
          sql.run('update parents set favourite = ?2, name = ?3 where id = ?1', [
            parent,
            child,
            `Name ${String(Math.floor(random() * 100))}`,
          ]);
        else if (roll < 0.85 && child !== null)
          sql.run('update children set parent = ?2 where id = ?1', [child, parent]);
        else if (roll < 0.93) sql.run('delete from parents where id = ?1', [parent]);
        else if (child !== null) sql.run('delete from children where id = ?1', [child]);
      };
      for (let step = 0; step < 50; step += 1) {
        const device = must(one(devices), 'there are devices');
        if (random() < 0.6) await device.engine.write(act);
        else if (device.engine.attachedUser() === null) await device.engine.attach(householdId);
        else await device.engine.sync();
      }
      state.isHealed = true;
      for (let round = 0; round < 6; round += 1)
        for (const device of devices) {
          if (device.engine.attachedUser() === null) await device.engine.attach(householdId);
          await syncClean(device);
          if (round < 2) continue;
          for (const row of device.sql.all('select table_name, key_json from _sync_x_held')) {
            const { id } = JSON.parse(String(row['key_json'])) as { id: string };
            await device.engine.decide(String(row['table_name']), id, 'theirs');
          }
        }
      const expected = await dumpServer(householdId);
      expect(expected['parents']?.length).toBeGreaterThan(0);
      for (const device of devices) {
        expect(device.engine.status().unsent.rows).toBe(0);
        expect(dump(device)).toEqual(expected);
      }
    },
    TEST_MS_MAX,
  );
});
