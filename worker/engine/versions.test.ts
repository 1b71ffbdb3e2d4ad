/**
 * App and server of different versions (`protocol.md` §13.8): whoever is behind keeps everything and goes on
 * locally; the update brings the tables to their new form and then everything out.
 */
import { describe, expect, test } from 'vitest';
import { kitchenSchema } from '../../shared/schema/tables.ts';
import type { Schema } from '../../shared/schema/types.ts';
import { createMemoryDatabase } from '../../test/sim/memory-database.ts';
import { createModelServer } from '../../test/sim/model-server.ts';
import type { ModelServer } from '../../test/sim/model-server.ts';
import { nextSchema } from '../../test/sim/next-schema.ts';
import { addTag, ids, serverNames, tagNames } from '../../test/sim/tags.ts';
import {
  createDevice,
  createFastClock,
  createJournal,
  createManualClock,
  createNetwork,
} from '../../test/sim/world.ts';
import type { Device } from '../../test/sim/world.ts';
import { createEngine } from './engine.ts';
import { hold } from './intents.ts';
import { LAYOUT_VERSION } from './layout.ts';

const open = (
  server: ModelServer,
  schema: Schema,
  image?: Uint8Array,
  lost?: () => string | null,
): Promise<Device> =>
  createDevice({
    schema,
    transport: createNetwork(server.transport, ({ path }) =>
      path.startsWith(lost?.() ?? 'nothing') ? 'drop-request' : 'deliver',
    ),
    ids,
    ...(image === undefined ? {} : { image }),
  });

const serverOf = (more: { readonly writesFrom?: number } = {}): Promise<ModelServer> =>
  createModelServer(nextSchema, { extensions: true, olderSchemas: [kitchenSchema], ...more });

const clean = { failure: null };

/** A household whose newer device uses what the older one does not know. */
async function mixedHousehold(more: { readonly writesFrom?: number } = {}) {
  const server = await serverOf(more);
  const newer = await open(server, nextSchema);
  await newer.engine.attach('household');
  const older = await open(server, kitchenSchema);
  await older.engine.attach('household');
  const id = await addTag(newer, 'shared');
  await newer.engine.write((sql) => {
    sql.run(`update tags set stars = 5, motto = 'every day' where id = ?1`, [id]);
    sql.run('insert into menus (id, tag_id, title) values (?1, ?2, ?3)', [
      ids.rowId(),
      id,
      'Today',
    ]);
  });
  expect(await newer.engine.sync()).toMatchObject(clean);
  expect(await older.engine.sync()).toMatchObject(clean);
  return { server, newer, older, id };
}

const newRows = (device: Device): unknown[] => [
  device.sql.all('select name, stars, motto from tags order by name'),
  device.sql.all('select title from menus'),
];

describe('an app that is older than the server', () => {
  test('[VER-340] exchanges in its own words, and its edits leave alone what it does not know', async () => {
    const { server, newer, older, id } = await mixedHousehold();
    expect(tagNames(older)).toEqual(['shared']);
    await older.engine.write((sql) => sql.run('update tags set hue = 7 where id = ?1', [id]));
    expect(await older.engine.sync()).toMatchObject(clean);
    await newer.engine.sync();
    expect(server.rows('tags').get(id)).toMatchObject({ hue: 7, stars: 5, motto: 'every day' });
    expect(newer.sql.all('select hue, stars from tags')).toEqual([{ hue: 7, stars: 5 }]);
  });

  test('[VER-341] that may only read keeps its intents, goes on receiving, and says so', async () => {
    const { server, newer, older } = await mixedHousehold({ writesFrom: nextSchema.version });
    await addTag(older, 'waits');
    const asked = server.log.length;
    await addTag(newer, 'comes in');
    await newer.engine.sync();
    expect(await older.engine.sync()).toMatchObject({
      failure: { type: 'version', code: 'client_upgrade_required', access: 'read_only' },
    });
    expect(server.log.slice(asked).filter((line) => line === 'POST /sync/push')).toHaveLength(1);
    expect(tagNames(older)).toEqual(['comes in', 'shared', 'waits']);
    expect(older.engine.status()).toMatchObject({ phase: 'too-old', unsent: { rows: 1 } });
    const updated = await open(server, nextSchema, older.database.durableImage());
    expect(await updated.engine.sync()).toMatchObject(clean);
    expect(updated.engine.status()).toMatchObject({ phase: 'idle', unsent: { rows: 0 } });
    expect(serverNames(server)).toEqual(['comes in', 'shared', 'waits']);
  });

  test('[VER-342] that is refused altogether works locally and asks again by itself', async () => {
    const server = await createModelServer(nextSchema, { extensions: true });
    const clock = createManualClock();
    const before = await createModelServer(kitchenSchema, { extensions: true });
    let current = before;
    const device = await createDevice({
      schema: kitchenSchema,
      transport: {
        request: (request) => current.transport.request(request),
        watch: (request, onEvent) => current.transport.watch(request, onEvent),
      },
      ids,
      clock,
    });
    await device.engine.attach('household');
    current = server;
    await addTag(device, 'mine');
    device.engine.start();
    const settle = async (ms: number): Promise<void> => {
      for (let step = 0; step < 30; step += 1) {
        clock.advance(ms / 30);
        await new Promise((resolve) => {
          setImmediate(resolve);
        });
      }
    };
    await settle(660_000);
    expect(device.engine.status()).toMatchObject({
      phase: 'too-old',
      lastError: 'client_upgrade_required',
      unsent: { rows: 1 },
    });
    const asked = server.log.length;
    expect(asked).toBeLessThan(10);
    current = before;
    await settle(1_300_000);
    expect(device.engine.status()).toMatchObject({ phase: 'idle', unsent: { rows: 0 } });
    await device.engine.stop();
  });
});

describe('an app that is newer than the server', () => {
  test('[VER-343] works locally, says so, and sends once the server is updated', async () => {
    const server = await createModelServer(kitchenSchema, { extensions: true });
    const device = await open(server, nextSchema);
    const refused = await device.engine.attach('household');
    expect(refused).toMatchObject({
      type: 'failed',
      failure: { type: 'version', code: 'schema_version_ahead' },
    });
    expect(device.engine.status().phase).toBe('server-older');
    await addTag(device, 'mine');
    const updated = await serverOf();
    const again = await open(updated, nextSchema, device.database.durableImage());
    expect(await again.engine.attach('household')).toMatchObject({ type: 'attached' });
    expect(await again.engine.sync()).toMatchObject(clean);
    expect([...updated.rows('tags').values()]).toMatchObject([{ name: 'mine', stars: 3 }]);
  });
});

describe('the update of a used database', () => {
  test('[MIG-342] adds columns to tables and images, then fetches what this device was never sent', async () => {
    const { server, older, id } = await mixedHousehold();
    await older.engine.write((sql) => sql.run('update tags set hue = 7 where id = ?1', [id]));
    await addTag(older, 'mine');
    const updated = await open(server, nextSchema, older.database.durableImage());
    const images = updated.sql.all(
      `select payload ->> 'stars' as stars, payload ->> 'motto' as motto from _sync_dirty_rows
       union all select payload ->> 'stars', payload ->> 'motto' from _sync_x_base`,
    );
    expect(images).toEqual(Array.from({ length: 3 }, () => ({ stars: 3, motto: null })));
    expect(await updated.engine.sync()).toMatchObject(clean);
    expect(newRows(updated)).toEqual([
      [
        { name: 'mine', stars: 3, motto: null },
        { name: 'shared', stars: 5, motto: 'every day' },
      ],
      [{ title: 'Today' }],
    ]);
    expect(server.rows('tags').get(id)).toMatchObject({ hue: 7, stars: 5, motto: 'every day' });
    expect(updated.engine.status()).toMatchObject({ held: 0, unsent: { rows: 0 } });
  });

  test.each(['prepared', 'committed'])(
    '[MIG-343] leaves a %s bundle as it was frozen: same payload, same hash, committed once',
    async (state) => {
      const server = await serverOf();
      let lost: string | null = null;
      const older = await open(server, kitchenSchema, undefined, () => lost);
      await older.engine.attach('household');
      await addTag(older, 'first');
      await older.engine.sync();
      await addTag(older, 'frozen');
      lost = state === 'prepared' ? '/sync/push' : '/sync/committed-bundles';
      await older.engine.sync();
      const frozen = older.sql.all('select canonical_request_hash from _sync_outbox_bundle');
      const wire = older.sql.all('select wire_payload from _sync_outbox_rows');
      const updated = await open(server, nextSchema, older.database.durableImage());
      expect(updated.sql.all('select canonical_request_hash from _sync_outbox_bundle')).toEqual(
        frozen,
      );
      expect(updated.sql.all('select wire_payload from _sync_outbox_rows')).toEqual(wire);
      await updated.engine.write((sql) =>
        sql.run(`update tags set stars = 1 where name = 'frozen'`),
      );
      expect(await updated.engine.sync()).toMatchObject(clean);
      expect(await updated.engine.sync()).toMatchObject(clean);
      expect(newRows(updated)[0]).toEqual([
        { name: 'first', stars: 3, motto: null },
        { name: 'frozen', stars: 1, motto: null },
      ]);
      expect(server.bundles.map((bundle) => bundle.source_bundle_id)).toEqual([1, 2, 3]);
    },
  );

  test('[MIG-344] keeps a held row held until the person changes or decides it', async () => {
    const { server, older } = await mixedHousehold();
    const id = await addTag(older, 'refused');
    const image = older.sql.all('select payload from _sync_dirty_rows')[0]?.['payload'] ?? null;
    older.sql.transaction(() => {
      const key = ['larder', 'tags', `{"id":"${id}"}`] as const;
      hold(older.sql, key, 'rejected', { server_row: image });
    });
    const updated = await open(server, nextSchema, older.database.durableImage());
    expect(
      updated.sql.all(`select detail ->> '$.server_row' ->> 'stars' as stars from _sync_x_held`),
    ).toEqual([{ stars: 3 }]);
    expect(await updated.engine.sync()).toMatchObject(clean);
    expect(updated.engine.status()).toMatchObject({ held: 1, unsent: { rows: 1 } });
    expect(await updated.engine.decide('tags', id, 'mine')).toMatchObject({ value: 'decided' });
    expect(await updated.engine.sync()).toMatchObject(clean);
    expect(serverNames(server)).toEqual(['refused', 'shared']);
  });

  test('[MIG-345] a database that newer code has had is refused untouched, whichever part is newer', async () => {
    const server = await serverOf();
    const newer = await open(server, nextSchema);
    await addTag(newer, 'kept');
    const later = await open(server, kitchenSchema);
    later.sql.run('update _sync_x_meta set layout_version = ?1', [LAYOUT_VERSION + 1]);
    for (const image of [newer.database.durableImage(), later.database.durableImage()]) {
      const database = await createMemoryDatabase(image);
      const engine = createEngine({
        database,
        schema: kitchenSchema,
        transport: server.transport,
        clock: createFastClock(),
        ids,
        journal: createJournal(),
        extraTables: 'create table if not exists host_table (id text)',
      });
      expect(await engine.open()).toEqual({
        ok: false,
        error: { type: 'state', code: 'layout-ahead' },
      });
      expect(database.committedSeq()).toBe(0);
      expect(Buffer.from(database.durableImage()).equals(image), 'not a byte changed').toBe(true);
    }
  });

  test('[MIG-346] a new database and one that went through every step have the same tables', async () => {
    const server = await serverOf();
    const tablesOf = (device: Device): unknown =>
      device.sql
        .all(`select name, type from sqlite_master where name like '%sync%' order by name`)
        .map((table) => [
          table,
          device.sql.all(
            'select name, type, "notnull", dflt_value from pragma_table_info(?1) order by name',
            [table['name'] ?? null],
          ),
        ]);
    const fresh = await open(server, nextSchema);
    const old = await open(server, kitchenSchema);
    const updated = await open(server, nextSchema, old.database.durableImage());
    expect(tablesOf(updated)).toEqual(tablesOf(fresh));
  });

  test('[MIG-347] fills the images that the host keeps of rows, and only those of the changed table', async () => {
    const old = await open(await serverOf(), kitchenSchema);
    const extraTables = 'create table if not exists kept (table_name text, image text)';
    old.sql.script(extraTables);
    for (const [table, image] of [
      [
        'tags',
        `{"id":"${ids.rowId()}","name":"n","name_key":"n","hue":1,"created_at":"c","edited_at":"e"}`,
      ],
      ['stores', '{"id":"s"}'],
    ] as const)
      old.sql.run('insert into kept (table_name, image) values (?1, ?2)', [table, image]);
    const database = await createMemoryDatabase(old.database.durableImage());
    const server = await serverOf();
    const engine = createEngine({
      database,
      schema: nextSchema,
      transport: server.transport,
      clock: createFastClock(),
      ids,
      journal: createJournal(),
      extraTables,
      hostImages: [{ table: 'kept', columns: ['image'] }],
    });
    expect(await engine.open()).toEqual({ ok: true, value: undefined });
    const images = await engine.read((sql) =>
      sql.all(`select table_name, image ->> 'stars' as stars from kept order by table_name`),
    );
    expect(images).toEqual([
      { table_name: 'stores', stars: null },
      { table_name: 'tags', stars: 3 },
    ]);
  });
});
