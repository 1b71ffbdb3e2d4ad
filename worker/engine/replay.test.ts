/** The replay table (`protocol.md` §11.8) and the conflict and rebase tables (§11.10, §11.11), cell by cell. */
import { describe, expect, test } from 'vitest';
import { kitchenSchema } from '../../shared/schema/tables.ts';
import { createModelServer } from '../../test/sim/model-server.ts';
import type { ModelServer } from '../../test/sim/model-server.ts';
import { createDevice, createIds, createRandom } from '../../test/sim/world.ts';
import type { Device } from '../../test/sim/world.ts';
import { heldQuery } from '../queries/timeline.ts';
import type { Sql, Transport } from './ports.ts';

const NOW = '2026-11-22T10:00:00.000Z';
const ids = createIds(createRandom(9));

interface World {
  readonly server: ModelServer;
  readonly device: Device;
  /** Runs once, right after the server committed and before the device hears of it. */
  readonly afterCommit: (work: (sql: Sql) => void) => void;
}

async function createWorld(triggers?: string): Promise<World> {
  const server = await createModelServer(kitchenSchema, {
    extensions: true,
    ...(triggers === undefined ? {} : { triggers }),
  });
  let pending: ((sql: Sql) => void) | null = null;
  let current: Device | null = null;
  const transport: Transport = {
    watch: (request, onEvent) => server.transport.watch(request, onEvent),
    request: async (request) => {
      const answer = await server.transport.request(request);
      if (request.path === '/sync/push' && pending !== null) {
        const work = pending;
        pending = null;
        void current?.engine.write(work);
      }
      return answer;
    },
  };
  const device = await createDevice({ schema: kitchenSchema, transport, ids });
  current = device;
  await device.engine.attach('household');
  return {
    server,
    device,
    afterCommit: (work) => {
      pending = work;
    },
  };
}

const insertTag = (sql: Sql, id: string, name = 'Tag', hue = 1): void => {
  sql.run(
    `insert into tags (id, name, name_key, hue, created_at, edited_at) values (?1, ?2, ?2, ?3, ?4, ?4)`,
    [id, name, hue, NOW],
  );
};
const setHue = (sql: Sql, id: string, hue: number): void => {
  sql.run('update tags set hue = ?1 where id = ?2', [hue, id]);
};
const setName = (sql: Sql, id: string, name: string): void => {
  sql.run('update tags set name = ?1 where id = ?2', [name, id]);
};
const drop = (sql: Sql, id: string): void => {
  sql.run('delete from tags where id = ?1', [id]);
};

const tags = (device: Device): unknown =>
  device.sql.all('select name, hue from tags order by name, hue');
const pending = (device: Device): unknown =>
  device.sql.all(
    'select op, base_row_version as base from _sync_dirty_rows order by dirty_ordinal',
  );

async function sync(device: Device): Promise<void> {
  expect(await device.engine.sync()).toMatchObject({ failure: null });
}

/** The server tidies names on their way in, as the real one does. */
const TIDY = `create trigger tidy after insert on tags begin
  update tags set name = trim(new.name) || '!' where id = new.id; end;`;

describe('the own bundle comes back', () => {
  test('[PUSH-69] what the server kept replaces what was typed', async () => {
    const { device, server } = await createWorld(TIDY);
    await device.engine.write((sql) => insertTag(sql, ids.rowId(), ' Quick '));
    await sync(device);
    expect(tags(device)).toEqual([{ name: 'Quick!', hue: 1 }]);
    expect(pending(device)).toEqual([]);
    expect([...server.rows('tags').values()]).toMatchObject([{ name: 'Quick!' }]);
  });

  test('[PUSH-69] columns edited since the freeze stay, the others are as committed', async () => {
    const { device, afterCommit } = await createWorld(TIDY);
    const id = ids.rowId();
    await device.engine.write((sql) => insertTag(sql, id, 'Quick'));
    afterCommit((sql) => setHue(sql, id, 7));
    await sync(device);
    expect(tags(device)).toEqual([{ name: 'Quick!', hue: 7 }]);
    expect(pending(device)).toEqual([{ op: 'UPDATE', base: 1 }]);
    await sync(device);
    expect(pending(device)).toEqual([]);
  });

  test('[PUSH-69] a row removed since the freeze is removed on the committed version', async () => {
    const { device, server, afterCommit } = await createWorld();
    const id = ids.rowId();
    await device.engine.write((sql) => insertTag(sql, id));
    afterCommit((sql) => drop(sql, id));
    await sync(device);
    expect(pending(device)).toEqual([{ op: 'DELETE', base: 1 }]);
    await sync(device);
    expect(server.rows('tags').size).toBe(0);
  });

  test('[PUSH-69] a row made again since its removal was frozen is inserted over the tombstone', async () => {
    const { device, server, afterCommit } = await createWorld();
    const id = ids.rowId();
    await device.engine.write((sql) => insertTag(sql, id));
    await sync(device);
    await device.engine.write((sql) => drop(sql, id));
    afterCommit((sql) => insertTag(sql, id, 'Again'));
    await sync(device);
    expect(pending(device)).toEqual([{ op: 'INSERT', base: 2 }]);
    await sync(device);
    expect([...server.rows('tags').values()]).toMatchObject([{ name: 'Again' }]);
  });

  test('[PUSH-69] a pushed row that the server removed again is removed here', async () => {
    const { device } = await createWorld(
      `create trigger eat after insert on tags when new.name = 'Ghost' begin delete from tags where id = new.id; end;`,
    );
    await device.engine.write((sql) => {
      insertTag(sql, ids.rowId(), 'Ghost');
      insertTag(sql, ids.rowId(), 'Body');
    });
    await sync(device);
    expect(tags(device)).toEqual([{ name: 'Body', hue: 1 }]);
    expect(pending(device)).toEqual([]);
  });
});

type Change = (sql: Sql, id: string) => void;

/** Mine and theirs since both knew the row, and what stands on both ends after both have exchanged. */
const cells: readonly [string, Change, Change, unknown][] = [
  ['the same removal', drop, drop, []],
  [
    'the same change',
    (s, id) => setHue(s, id, 5),
    (s, id) => setHue(s, id, 5),
    [{ name: 'Tag', hue: 5 }],
  ],
  [
    'different columns',
    (s, id) => setHue(s, id, 5),
    (s, id) => setName(s, id, 'New'),
    [{ name: 'New', hue: 5 }],
  ],
  [
    'a cosmetic clash',
    (s, id) => setHue(s, id, 5),
    (s, id) => setHue(s, id, 6),
    [{ name: 'Tag', hue: 6 }],
  ],
  ['my removal and their change', drop, (s, id) => setHue(s, id, 6), [{ name: 'Tag', hue: 6 }]],
  ['my change and their removal', (s, id) => setHue(s, id, 5), drop, [{ name: 'Tag', hue: 5 }]],
  ['my removal and their empty change', drop, (s, id) => setHue(s, id, 1), []],
  [
    'two names',
    (s, id) => setName(s, id, 'Mine'),
    (s, id) => setName(s, id, 'Theirs'),
    [{ name: 'Theirs', hue: 1 }],
  ],
];

describe.each(['push finds out', 'pull finds out'] as const)('a conflict that %s', (how) => {
  test.each(cells)('[CONF-65] %s', async (_name, mine, theirs, expected) => {
    const { server, device: ana } = await createWorld();
    const id = ids.rowId();
    await ana.engine.write((sql) => insertTag(sql, id));
    await sync(ana);
    const ben = await createDevice({ schema: kitchenSchema, transport: server.transport, ids });
    await ben.engine.attach('household');
    await ana.engine.write((sql) => theirs(sql, id));
    await ben.engine.write((sql) => mine(sql, id));
    await sync(ana);
    if (how === 'pull finds out') {
      // Somebody else's snapshot brings the news first.
      await ben.engine.rebuild();
    }
    await sync(ben);
    await sync(ana);
    expect(tags(ana)).toEqual(expected);
    // Also where a person is asked: theirs stands meanwhile, on both.
    expect(tags(ben)).toEqual(expected);
    expect(ben.engine.status()).toMatchObject({ held: 0, unsent: { rows: 0 } });
  });
});

describe('a parent that goes', () => {
  test('[CONF-66] pending rows of a removed parent are put aside, shown, and never lost', async () => {
    const { server, device: ana } = await createWorld();
    const recipe = ids.rowId();
    await ana.engine.write((sql) =>
      sql.run(
        `insert into recipes (id, title, servings, created_at, edited_at) values (?1, 'Soup', 2, ?2, ?2)`,
        [recipe, NOW],
      ),
    );
    await sync(ana);
    const ben = await createDevice({ schema: kitchenSchema, transport: server.transport, ids });
    await ben.engine.attach('household');
    await ana.engine.write((sql) => sql.run('delete from recipes where id = ?1', [recipe]));
    await ben.engine.write((sql) =>
      sql.run(
        `insert into recipe_steps (id, recipe_id, wording, position, created_at, edited_at)
         values (?1, ?2, 'Stir', 'a0', ?3, ?3)`,
        [ids.rowId(), recipe, NOW],
      ),
    );
    await sync(ana);
    await sync(ben);
    expect(ben.sql.all('select reason from _sync_x_held')).toEqual([{ reason: 'orphaned' }]);
    expect(
      ben.sql.all(`select json_extract(payload, '$.wording') as wording from _sync_dirty_rows`),
    ).toEqual([{ wording: 'Stir' }]);
    expect(heldQuery(ben.sql)).toMatchObject([{ title: 'Stir', reason: 'orphaned' }]);
    // The parent comes back, and the step takes its place.
    await ana.engine.write((sql) =>
      sql.run(
        `insert into recipes (id, title, servings, created_at, edited_at) values (?1, 'Soup', 2, ?2, ?2)`,
        [recipe, NOW],
      ),
    );
    await sync(ana);
    await sync(ben);
    await sync(ben);
    await sync(ana);
    expect(ana.sql.all('select wording from recipe_steps')).toEqual([{ wording: 'Stir' }]);
    expect(ben.engine.status()).toMatchObject({ held: 0, unsent: { rows: 0 } });
  });
});
