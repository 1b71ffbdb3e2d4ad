/** Conflicts and effects over real Postgres: what a bundle may do, and what it really did (§5.5, §5.6). */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  ingredient,
  insert,
  listItem,
  planEntry,
  recipe,
  remove,
  tag,
  update,
} from '../../test/contract/kitchen-rows.ts';
import {
  type SyncServer,
  type TestDevice,
  freshUuid,
  joinedDevice,
  startSyncServer,
} from '../../test/contract/sync-server.ts';
import type { PullResponse } from '../../shared/protocol/pull.ts';
import type { BundleRow, PushRequestRow } from '../../shared/protocol/shapes.ts';

let server: SyncServer;

beforeAll(async () => {
  server = await startSyncServer();
});

afterAll(() => server.close());

async function lastRows(device: TestDevice): Promise<readonly BundleRow[]> {
  const pulled = (await device.pull()).body as unknown as PullResponse;
  return pulled.bundles.at(-1)?.rows ?? [];
}

const brief = (rows: readonly BundleRow[]): string[] => rows.map((row) => `${row.op} ${row.table}`);
const of = (rows: readonly BundleRow[], table: string): readonly BundleRow[] =>
  rows.filter((row) => row.table === table);

describe('conflicts', () => {
  const item = listItem();
  const { id, ...columns } = item;
  const asInsert = (base: number): PushRequestRow => insert('list_items', { id, ...columns }, base);
  const asUpdate = (base: number): PushRequestRow =>
    update('list_items', id, base, { title: 'Oats' });
  const asDelete = (base: number): PushRequestRow => remove('list_items', id, base);
  const history = {
    none: [],
    live: [asInsert(0)],
    deleted: [asInsert(0), asDelete(1)],
  } as const;
  type Case = readonly [keyof typeof history, string, PushRequestRow, boolean];
  const table: readonly Case[] = [
    ['none', 'INSERT base 0', asInsert(0), true],
    ['none', 'INSERT base 5', asInsert(5), false],
    ['none', 'UPDATE base 0', asUpdate(0), false],
    ['none', 'DELETE base 0', asDelete(0), false],
    ['live', 'INSERT base 1', asInsert(1), false],
    ['live', 'INSERT base 0', asInsert(0), false],
    ['live', 'UPDATE base 1', asUpdate(1), true],
    ['live', 'UPDATE base 0', asUpdate(0), false],
    ['live', 'DELETE base 1', asDelete(1), true],
    ['live', 'DELETE base 2', asDelete(2), false],
    ['deleted', 'INSERT base 2', asInsert(2), true],
    ['deleted', 'INSERT base 0', asInsert(0), false],
    ['deleted', 'UPDATE base 2', asUpdate(2), false],
    ['deleted', 'DELETE base 2', asDelete(2), false],
  ];
  test.each(table)(
    '[CONF-1] over %s row state, %s is decided by the table',
    async (state, _op, row, isAccepted) => {
      const device = await joinedDevice(server);
      for (const before of history[state]) await device.push([before]);
      const answer = await device.push([insert('recipes', recipe()), row]);
      const version = history[state].length;
      const accepted = { status: 200, body: { bundle_seq: version + 1 } };
      const refused = {
        status: 409,
        body: {
          error: 'push_conflict',
          conflict: {
            schema: 'larder',
            table: 'list_items',
            key: { id },
            op: row.op,
            base_row_version: row.base_row_version,
            server_row_version: version,
            server_row_deleted: state === 'deleted',
            server_row: state === 'live' ? { id, title: 'Milk' } : null,
          },
        },
      };
      expect(answer).toMatchObject(isAccepted ? accepted : refused);
      expect(answer.body['conflict'] ?? {}).not.toHaveProperty('row_ordinal');
      const recipes =
        await server.sql`select count(*)::int as n from larder.recipes where _sync_scope_id = ${device.householdId}`;
      expect(recipes[0]?.['n']).toBe(isAccepted ? 1 : 0);
    },
  );

  test('[CONF-2] an INSERT based on a version at or below the floor is accepted over nothing', async () => {
    const device = await joinedDevice(server);
    await device.push([insert('recipes', recipe())]);
    await server.sql`update sync.scope set retained_bundle_floor = 1 where scope_id = ${device.householdId}`;
    expect((await device.push([insert('list_items', listItem(), 1)])).status).toBe(200);
  });

  test('[CONF-3] the first conflict in push order is named, and all of them to who asked', async () => {
    const device = await joinedDevice(server);
    const items = [listItem(), listItem(), listItem()] as const;
    await device.push(items.map((one) => insert('list_items', one)));
    const rows = [
      insert('recipes', recipe()),
      ...items.map((one) => update('list_items', one.id, 7, { title: 'x' })),
    ];
    const plain = await device.push(rows);
    expect(plain.body['conflict']).toMatchObject({ key: { id: items[0].id } });
    expect(plain.body).not.toHaveProperty('conflicts');
    const asked = await device.push(rows, { headers: { 'oversync-extensions': 'all_conflicts' } });
    expect(asked.body).toMatchObject({
      conflict_total: 3,
      conflicts: items.map((one, index) => ({ row_ordinal: index + 1, key: { id: one.id } })),
    });
  });
});

describe('effects', () => {
  test('[PUSH-17] a cascade and what triggers wrote arrive in the bundle of the deletion', async () => {
    const device = await joinedDevice(server);
    const soup = recipe();
    const quick = tag();
    const photo = {
      id: freshUuid(),
      recipe_id: soup.id,
      mime: 'image/webp',
      width: '2',
      height: '2',
      bytes: 'AAECAwQ=',
      created_at: soup.created_at,
    };
    await device.push([
      insert('recipe_photos', photo),
      insert('recipes', { ...soup, cover_photo_id: photo.id }),
      insert('recipe_ingredients', ingredient(soup.id)),
      insert('tags', quick),
      insert('recipe_tags', {
        id: `${soup.id}.${quick.id}`,
        recipe_id: soup.id,
        tag_id: quick.id,
        created_at: soup.created_at,
      }),
      insert('plan_entries', planEntry({ recipe_id: soup.id })),
      insert('recipes', recipe({ based_on_id: soup.id, title: 'Variant' })),
    ]);
    const created = await lastRows(device);
    expect(of(created, 'recipe_photos')[0]?.payload).toMatchObject({ bytes: 'AAECAwQ=' });
    const version = created[0]?.row_version ?? 0;
    await device.push([remove('recipes', soup.id, version)]);
    const rows = await lastRows(device);
    expect(brief(rows).toSorted()).toEqual([
      'DELETE recipe_ingredients',
      'DELETE recipe_photos',
      'DELETE recipe_tags',
      'DELETE recipes',
      'INSERT activity',
      'UPDATE plan_entries',
      'UPDATE recipes',
    ]);
    expect(rows[0]).toMatchObject({ op: 'DELETE', table: 'recipes' });
    expect(rows.every((row) => row.op !== 'DELETE' || row.payload === undefined)).toBe(true);
    expect(of(rows, 'plan_entries')[0]?.payload).toMatchObject({ recipe_id: null, title: 'Soup' });
    // A link that a cascade cleared is not an edit of somebody.
    expect(of(rows, 'activity').map((row) => row.payload?.['verb'])).toEqual(['removed']);
  });

  test('[PUSH-18] finishing a line makes its purchase, reopening takes it back, in the same bundle', async () => {
    const device = await joinedDevice(server);
    const store = {
      id: freshUuid(),
      name: '  Corner   Shop ',
      name_key: 'whatever',
      currency: 'EUR',
      position: 'a0',
      created_at: '2026-11-20T10:00:00.000Z',
      edited_at: '2026-11-20T10:00:00.000Z',
    };
    const item = listItem({ store_id: store.id, price_minor: '199' });
    await device.push([insert('stores', store), insert('list_items', item)]);
    expect(of(await lastRows(device), 'stores')[0]?.payload).toMatchObject({
      name: 'Corner Shop',
      name_key: 'corner shop',
    });
    const finished = {
      checked_at: item.created_at,
      trip_id: freshUuid(),
      finished_at: item.created_at,
    };
    await device.push([update('list_items', item.id, 1, finished)]);
    const rows = await lastRows(device);
    expect(of(rows, 'purchases')[0]).toMatchObject({
      op: 'INSERT',
      key: { id: item.id },
      payload: { store_name: 'Corner Shop', currency: 'EUR', price_minor: '199', title: 'Milk' },
    });
    expect(of(rows, 'activity')[0]?.payload).toMatchObject({
      verb: 'bought',
      how_many: '1',
      actor: 'Ana',
      device: 'Phone',
    });
    await device.push([
      update('list_items', item.id, 2, { checked_at: null, trip_id: null, finished_at: null }),
    ]);
    expect(brief(of(await lastRows(device), 'purchases'))).toEqual(['DELETE purchases']);
  });

  test('[PUSH-19] one row of activity counts what one bundle did; ticks are not recorded', async () => {
    const device = await joinedDevice(server);
    const items = Array.from({ length: 9 }, () => listItem());
    await device.push(items.map((one) => insert('list_items', one)));
    expect(of(await lastRows(device), 'activity').map((row) => row.payload)).toMatchObject([
      { verb: 'added', how_many: '9', subject_id: null, title: null, subject_table: 'list_items' },
    ]);
    await device.push([
      update('list_items', items[0]?.id ?? '', 1, {
        checked_at: '2026-11-20T10:00:00Z',
        trip_id: freshUuid(),
      }),
    ]);
    expect(brief(await lastRows(device))).toEqual(['UPDATE list_items']);
  });

  test('[PUSH-20] a pushed update that changes nothing is an effect all the same', async () => {
    const device = await joinedDevice(server);
    const item = listItem();
    await device.push([insert('list_items', item)]);
    await device.push([update('list_items', item.id, 1, { title: 'Milk' })]);
    expect(brief(await lastRows(device))).toEqual(['UPDATE list_items']);
  });

  test('[PUSH-21] pushed rows keep their order, and a cascade may satisfy a pushed delete', async () => {
    const device = await joinedDevice(server);
    const soup = recipe();
    const onions = ingredient(soup.id);
    await device.push([insert('recipe_ingredients', onions), insert('recipes', soup)]);
    expect(brief(await lastRows(device)).slice(0, 2)).toEqual([
      'INSERT recipe_ingredients',
      'INSERT recipes',
    ]);
    await device.push([remove('recipes', soup.id, 1), remove('recipe_ingredients', onions.id, 1)]);
    expect(brief(await lastRows(device)).slice(0, 2)).toEqual([
      'DELETE recipes',
      'DELETE recipe_ingredients',
    ]);
    const gone = recipe();
    const lost = ingredient(gone.id);
    await device.push([insert('recipes', gone), insert('recipe_ingredients', lost)]);
    const answer = await device.push([
      remove('recipes', gone.id, 3),
      update('recipe_ingredients', lost.id, 3, { wording: 'x' }),
    ]);
    expect(answer).toMatchObject({ status: 400, body: { error: 'push_commit_invalid' } });
  });

  test('[OPS-1] a push of 1,000 rows costs as many statements as one of ten', async () => {
    const statementsOf = async (count: number): Promise<number> => {
      const device = await joinedDevice(server);
      const rows = Array.from({ length: count }, () => insert('list_items', listItem()));
      await server.sql`select pg_stat_clear_snapshot()`;
      counted.length = 0;
      expect((await device.push(rows)).status).toBe(200);
      return counted.length;
    };
    const counted: string[] = [];
    const { debug } = server.sql.options;
    server.sql.options.debug = (_connection: number, query: string) => void counted.push(query);
    try {
      const ten = await statementsOf(10);
      expect(await statementsOf(1000)).toBe(ten);
      expect(ten).toBeGreaterThan(0);
      expect(ten).toBeLessThanOrEqual(40);
    } finally {
      server.sql.options.debug = debug;
    }
  });
});

describe('guards', () => {
  test('[OPS-2] a write outside a bundle, a change of scope and TRUNCATE are refused', async () => {
    const device = await joinedDevice(server);
    const item = listItem();
    await device.push([insert('list_items', item)]);
    const scope = device.householdId;
    const { sql } = server;
    const writes = [
      sql`insert into larder.tags (_sync_scope_id, id, name, name_key, hue, created_at, edited_at)
        values (${scope}, ${freshUuid()}, 'x', 'x', 1, now(), now())`,
      sql`update larder.list_items set title = 'x' where _sync_scope_id = ${scope}`,
      sql`update larder.list_items set _sync_scope_id = ${freshUuid()} where _sync_scope_id = ${scope}`,
      sql`delete from larder.list_items where _sync_scope_id = ${scope}`,
      sql`truncate larder.purchases`,
    ];
    for (const write of writes) await expect(write).rejects.toMatchObject({ code: '55000' });
    const [counter] = await sql`select last_value::int as n from sync.refused_writes`;
    expect(counter?.['n']).toBe(5);
  });
});
