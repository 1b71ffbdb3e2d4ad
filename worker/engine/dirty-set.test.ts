/** What the triggers remember and what a freeze makes of it: the two tables of `protocol.md` §11.3, §11.4. */
import { describe, expect, test } from 'vitest';
import { kitchenSchema } from '../../shared/schema/tables.ts';
import { createModelServer } from '../../test/sim/model-server.ts';
import { createDevice, createIds, createRandom } from '../../test/sim/world.ts';
import type { Device } from '../../test/sim/world.ts';
import type { SyncRequest, Transport } from './ports.ts';

const NOW = '2026-11-22T10:00:00.000Z';
const ids = createIds(createRandom(3));

const addTag = (id: string, name = 'Quick'): [string, string[]] => [
  `insert into tags (id, name, name_key, hue, created_at, edited_at) values (?1, ?2, ?2, 3, '${NOW}', '${NOW}')`,
  [id, name],
];

interface Pushed {
  readonly table: string;
  readonly op: string;
  readonly base_row_version: number;
  readonly key: { readonly id: string };
  readonly payload?: { readonly name: string };
}

interface World {
  readonly device: Device;
  /** The rows of each bundle that was sent. */
  readonly sent: Pushed[][];
  write(...statements: readonly [string, (string | number)[]?][]): Promise<void>;
  sync(): Promise<void>;
}

async function createWorld(): Promise<World> {
  const server = await createModelServer(kitchenSchema, { extensions: true });
  const sent: Pushed[][] = [];
  const transport: Transport = {
    watch: (request, onEvent) => server.transport.watch(request, onEvent),
    request: (request: SyncRequest) => {
      if (request.path === '/sync/push')
        sent.push((JSON.parse(request.body ?? '{}') as { rows: Pushed[] }).rows);
      return server.transport.request(request);
    },
  };
  const device = await createDevice({ schema: kitchenSchema, transport, ids });
  await device.engine.attach('household');
  return {
    device,
    sent,
    write: async (...statements) => {
      const written = await device.engine.write((sql) => {
        for (const [statement, params] of statements) sql.run(statement, params ?? []);
      });
      expect(written.ok).toBe(true);
    },
    sync: async () => {
      expect(await device.engine.sync()).toMatchObject({ failure: null });
    },
  };
}

const shape = (rows: readonly Pushed[] | undefined): unknown =>
  rows?.map((row) => `${row.op} ${row.base_row_version} ${row.payload?.name ?? ''}`.trim());

const rename = (id: string, name: string): [string, string[]] => [
  'update tags set name = ?1 where id = ?2',
  [name, id],
];
const remove = (id: string): [string, string[]] => ['delete from tags where id = ?1', [id]];

type Step = (id: string) => [string, (string | number)[]?];
const insert: Step = (id) => addTag(id, 'New');
const update: Step = (id) => rename(id, 'Changed');
const drop: Step = (id) => remove(id);
const touch: Step = (id) => ['update tags set hue = hue where id = ?1', [id]];

/** Local writes since the last sync → what is sent, for a row that was never synced, is live at 1, is a tombstone at 2. */
const coalescing: readonly [string, readonly Step[], readonly (readonly string[] | null)[]][] = [
  ['insert', [insert], [['INSERT 0 New'], null, ['INSERT 2 New']]],
  ['insert, update', [insert, update], [['INSERT 0 Changed'], null, ['INSERT 2 Changed']]],
  ['insert, delete', [insert, drop], [[], null, []]],
  ['insert, update, delete', [insert, update, drop], [[], null, []]],
  ['update', [update], [null, ['UPDATE 1 Changed'], null]],
  ['update, delete', [update, drop], [null, ['DELETE 1'], null]],
  ['delete', [drop], [null, ['DELETE 1'], null]],
  ['delete, insert', [drop, insert], [null, ['UPDATE 1 New'], null]],
  ['delete, insert, delete', [drop, insert, drop], [null, ['DELETE 1'], null]],
  ['an update that changes nothing', [touch], [null, ['UPDATE 1 Quick'], null]],
];

const starts = ['never synced', 'live', 'a tombstone'] as const;

describe('local writes become one change per key', () => {
  test.each(
    coalescing.flatMap(([name, steps, results]) =>
      starts.flatMap((start, index) => {
        const expected = results[index];
        return expected === null || expected === undefined
          ? []
          : [[name, start, steps, expected] as const];
      }),
    ),
  )('[PUSH-64] %s of a row that is %s', async (_name, start, steps, expected) => {
    const world = await createWorld();
    const id = ids.rowId();
    if (start !== 'never synced') {
      await world.write(addTag(id));
      await world.sync();
    }
    if (start === 'a tombstone') {
      await world.write(remove(id));
      await world.sync();
    }
    const before = world.sent.length;
    for (const step of steps) await world.write(step(id));
    await world.sync();
    expect(world.sent.slice(before).flatMap((rows) => shape(rows))).toEqual(expected);
  });

  test('[PUSH-64] a changed key is a removal and a new row', async () => {
    const world = await createWorld();
    const [first, second] = [ids.rowId(), ids.rowId()];
    await world.write(addTag(first));
    await world.sync();
    await world.write(['update tags set id = ?1 where id = ?2', [second, first]]);
    await world.sync();
    expect(world.sent.at(-1)?.map((row) => [row.op, row.key.id])).toEqual([
      ['INSERT', second],
      ['DELETE', first],
    ]);
  });

  test('[PUSH-65] upserts go parents first in the order of writing, removals children first', async () => {
    const world = await createWorld();
    const [recipe, old, tag, oldTag] = [ids.rowId(), ids.rowId(), ids.rowId(), ids.rowId()];
    const addRecipe = (id: string): [string, string[]] => [
      `insert into recipes (id, title, servings, created_at, edited_at) values (?1, 'Soup', 2, '${NOW}', '${NOW}')`,
      [id],
    ];
    const link = (a: string, b: string): [string, string[]] => [
      `insert into recipe_tags (id, recipe_id, tag_id, created_at) values (?1, ?2, ?3, '${NOW}')`,
      [`${a}.${b}`, a, b],
    ];
    await world.write(addRecipe(old), addTag(oldTag), link(old, oldTag));
    await world.sync();
    await world.write(addTag(tag), remove(oldTag), ['delete from recipes where id = ?1', [old]]);
    await world.write(addRecipe(recipe), link(recipe, tag));
    await world.sync();
    // Recipes and their photos refer to each other, so both come after the tables without a cycle.
    expect(world.sent.at(-1)?.map((row) => `${row.op} ${row.table}`)).toEqual([
      'INSERT tags',
      'INSERT recipes',
      'INSERT recipe_tags',
      'DELETE recipe_tags',
      'DELETE recipes',
      'DELETE tags',
    ]);
  });

  test('[ACT-61] a write to a table that only the server writes is refused on the device', async () => {
    const world = await createWorld();
    await expect(
      world.device.engine.write((sql) =>
        sql.run(
          `insert into activity (id, happened_at, verb, subject_table, how_many) values (?1, '${NOW}', 'added', 'tags', 1)`,
          [ids.rowId()],
        ),
      ),
    ).rejects.toThrow('server_written');
  });

  test('[SCHEMA-64] integers of 64 bits pass capture, outbox and wire without losing a digit', async () => {
    const wide = {
      name: 'wide',
      version: 1,
      tables: {
        things: {
          columns: {
            id: { kind: 'id', nullable: false, merge: 'fixed' },
            amount: { kind: 'milli', nullable: true, merge: 'newest' },
          },
          key: 'id',
          serverWritten: false,
          serverUnique: [],
          indexes: [],
        },
      },
    } as const;
    const sent: string[] = [];
    const device = await createDevice({
      schema: wide,
      ids,
      transport: {
        watch: () => () => undefined,
        request: (request) => {
          sent.push(request.body ?? '');
          return Promise.resolve({ type: 'no-answer', reason: 'network' });
        },
      },
    });
    device.sql.script('pragma ignore_check_constraints = on');
    const id = ids.rowId();
    await device.engine.write((sql) =>
      sql.run('insert into things (id, amount) values (?1, 9007199254740993)', [id]),
    );
    expect(device.sql.all('select payload from _sync_dirty_rows')).toEqual([
      { payload: `{"id":"${id}","amount":9007199254740993}` },
    ]);
    expect(
      device.sql.all(`select json_extract(payload, '$.amount') as amount from _sync_dirty_rows`),
    ).toEqual([{ amount: 9_007_199_254_740_993n }]);
  });
});

describe('rows that belong together', () => {
  test('[PUSH-66] a refused row keeps its whole act back, and everything else goes out', async () => {
    const world = await createWorld();
    const ghost = ids.rowId();
    const [a, b, c] = [ids.rowId(), ids.rowId(), ids.rowId()];
    // The device loses a parent that the server never had: its foreign keys are off for one moment.
    world.device.sql.script('pragma foreign_keys = off');
    await world.write(addTag(a, 'Together'), [
      `insert into products (id, name, name_key, aisle_id, staple, tracked, created_at, edited_at)
       values (?1, 'P', 'p', ?2, 0, 0, '${NOW}', '${NOW}')`,
      [b, ghost],
    ]);
    world.device.sql.script('pragma foreign_keys = on');
    await world.write(addTag(c, 'Alone'));
    await world.sync();
    expect(world.sent.at(-1)?.map((row) => row.key.id)).toEqual([c]);
    expect(world.device.engine.status()).toMatchObject({ held: 1, unsent: { rows: 2 } });
    // Correcting the row lifts the hold, and the act goes out whole.
    await world.write(['update products set aisle_id = null where id = ?1', [b]]);
    await world.sync();
    expect(world.sent.at(-1)?.map((row) => row.key.id)).toEqual([b, a]);
    expect(world.device.engine.status()).toMatchObject({ held: 0, unsent: { rows: 0 } });
  });

  test('[PUSH-71] giving up a refused row lets its own parts go with it, and asks about none of them', async () => {
    const world = await createWorld();
    const [recipe, ghost] = [ids.rowId(), ids.rowId()];
    const step = (wording: string): [string, string[]] => [
      `insert into recipe_steps (id, recipe_id, wording, position, created_at, edited_at)
       values (?1, ?2, ?3, 'a0', '${NOW}', '${NOW}')`,
      [ids.rowId(), recipe, wording],
    ];
    world.device.sql.script('pragma foreign_keys = off');
    await world.write(
      [
        `insert into recipes (id, title, servings, based_on_id, created_at, edited_at)
         values (?1, 'Soup', 2, ?2, '${NOW}', '${NOW}')`,
        [recipe, ghost],
      ],
      step('Chop'),
      step('Stir'),
    );
    world.device.sql.script('pragma foreign_keys = on');
    await world.sync();
    expect(world.device.engine.status()).toMatchObject({ held: 1, unsent: { rows: 3 } });
    const given = await world.device.engine.decide('recipes', recipe, 'theirs');
    expect(given).toMatchObject({ value: 'decided' });
    expect(world.device.engine.status()).toMatchObject({ held: 0, unsent: { rows: 0 } });
    expect(world.device.sql.all('select id from recipe_steps')).toEqual([]);
  });
});
