/**
 * What the anomaly loop interrupts: every procedure of the device, each from a state in which there is
 * something to lose. Amounts merge by difference, so a change that goes out twice shows in the sum.
 */
import { kitchenSchema } from '../../shared/schema/tables.ts';
import type { Sql } from '../../worker/engine/ports.ts';
import { nextSchema } from './next-schema.ts';
import type { Scenario, World } from './anomaly.ts';
import type { Device } from './world.ts';

const T1 = '2026-11-22T10:00:00.000Z';
const T2 = '2026-11-22T11:00:00.000Z';
const T3 = '2026-11-22T12:00:00.000Z';

/** Fixed ids: every run writes the same rows. */
const id = (number: number): string =>
  `00000000-0000-7000-8000-${String(number).padStart(12, '0')}`;
const FLOUR = id(1);
const SOUP = id(2);
const QUICK = id(3);
const SLOW = id(4);
const STEW = id(8);

const write = async (device: Device, work: (sql: Sql) => void): Promise<void> => {
  const written = await device.engine.write(work);
  if (!written.ok) throw new Error(`not written: ${written.error.type}`);
};

function tag(sql: Sql, tagId: string, name: string, hue = 3): void {
  sql.run(
    `insert into tags (id, name, name_key, hue, created_at, edited_at) values (?1, ?2, ?2, ?3, ?4, ?4)
     on conflict (id) do nothing`,
    [tagId, name, hue, T1],
  );
}

function ingredients(sql: Sql, recipe: string, from: number, count: number): void {
  for (let index = from; index < from + count; index += 1)
    sql.run(
      `insert into recipe_ingredients (id, recipe_id, wording, optional, position, created_at, edited_at)
       values (?1, ?2, ?3, 0, ?4, ?5, ?5)`,
      [id(100 + index), recipe, `leek ${index}`, `a${index}`, T1],
    );
}

const take = (sql: Sql, milli: number): number =>
  sql.run(
    'update pantry_items set quantity_milli = quantity_milli + ?1, edited_at = ?2 where id = ?3',
    [milli, T2, FLOUR],
  );

/** A household with something of everything, known to a device that is returned. */
async function household(world: World): Promise<Device> {
  const device = await world.newDevice();
  await device.engine.attach('household');
  await write(device, (sql) => {
    sql.run(
      `insert into pantry_items (id, title, quantity_milli, place, created_at, edited_at)
       values (?1, 'flour', 5000, 'cupboard', ?2, ?2)`,
      [FLOUR, T1],
    );
    sql.run(
      `insert into recipes (id, title, servings, notes, created_at, edited_at)
       values (?1, 'Soup', 2, 'wash\nchop\ncook', ?2, ?2)`,
      [SOUP, T1],
    );
    sql.run(
      `insert into recipes (id, title, servings, created_at, edited_at) values (?1, 'Stew', 4, ?2, ?2)`,
      [STEW, T1],
    );
    ingredients(sql, SOUP, 0, 3);
    ingredients(sql, STEW, 20, 3);
    tag(sql, QUICK, 'quick');
    tag(sql, SLOW, 'slow');
  });
  await device.engine.sync();
  return device;
}

async function peerOf(world: World): Promise<Device> {
  const peer = await world.newDevice();
  await peer.engine.attach('household');
  return peer;
}

/** Changed, added and removed rows, more than one chunk of them. */
async function changeMuch(device: Device): Promise<void> {
  await write(device, (sql) => {
    take(sql, 3000);
    tag(sql, id(5), 'new');
    ingredients(sql, SOUP, 3, 7);
  });
  await write(device, (sql) => sql.run('delete from tags where id = ?1', [SLOW]));
}

async function peersChange(world: World): Promise<void> {
  const peer = await peerOf(world);
  for (const milli of [10, 20, 30, 40, 50]) {
    await write(peer, (sql) => take(sql, milli));
    await peer.engine.sync();
  }
  await write(peer, (sql) => {
    sql.run('delete from recipes where id = ?1', [STEW]);
    tag(sql, id(6), 'theirs');
  });
  await peer.engine.sync();
}

const exchange = (device: Device): Promise<unknown> => device.engine.sync();
const kitchen = { schema: kitchenSchema } as const;

/** A device that has nothing joins, and the snapshot comes in several segments. */
const firstDownload: Omit<Scenario, 'name'> = {
  ...kitchen,
  extensions: true,
  segmentRowsMax: 5,
  async prepare(world) {
    await household(world);
    return null;
  },
  run: (device) => device.engine.attach('household'),
};

const ends = (extensions: boolean): string => (extensions ? 'extended' : 'plain');

/** A row that both sides changed, and what the device does about it. */
const conflict = (
  name: string,
  mine: (sql: Sql) => void,
  theirs: (sql: Sql) => void,
): Scenario => ({
  ...kitchen,
  name: `conflict: ${name}`,
  extensions: true,
  async prepare(world) {
    const device = await household(world);
    const peer = await peerOf(world);
    await write(peer, theirs);
    await peer.engine.sync();
    await write(device, mine);
    await write(device, (sql) => take(sql, 7));
    return device.database.durableImage();
  },
  run: exchange,
});

const set = (column: string, value: string | number, at: string) => (sql: Sql) => {
  sql.run(`update tags set ${column} = ?1, edited_at = ?2 where id = ?3`, [value, at, QUICK]);
};

const conflicts: readonly Scenario[] = [
  conflict('accept server', set('hue', 5, T2), set('hue', 6, T3)),
  conflict('keep local', set('hue', 5, T3), (sql) => {
    sql.run('delete from tags where id = ?1', [QUICK]);
  }),
  conflict('keep merged', set('hue', 5, T3), set('name', 'fast', T2)),
  conflict('a question for the person', set('name', 'swift', T3), set('name', 'fast', T2)),
];

const pushing = (extensions: boolean): Scenario => ({
  ...kitchen,
  name: `push, ${ends(extensions)}`,
  extensions,
  async prepare(world) {
    const device = await household(world);
    await changeMuch(device);
    return device.database.durableImage();
  },
  run: exchange,
});

const rename = (sql: Sql): number =>
  sql.run(`update tags set name = 'renamed' where id = ?1`, [QUICK]);

const replaying = (extensions: boolean): Scenario => ({
  ...kitchen,
  name: `replay over newer edits, ${ends(extensions)}`,
  extensions,
  async prepare(world) {
    const device = await household(world);
    await peersChange(world);
    await write(device, (sql) => {
      take(sql, 3000);
      sql.run('update tags set hue = 9, edited_at = ?1 where id = ?2', [T2, QUICK]);
    });
    return device.database.durableImage();
  },
  run: exchange,
  meanwhile(device, request) {
    if (request.path.startsWith('/sync/push'))
      void device.engine.write(rename).catch(() => undefined);
  },
  finish: (device) => device.engine.write(rename),
});

export const scenarios: readonly Scenario[] = [
  {
    ...kitchen,
    name: 'first launch',
    extensions: true,
    prepare: () => Promise.resolve(null),
    run: () => Promise.resolve(),
    async finish(device) {
      await write(device, (sql) => {
        tag(sql, id(5), 'first');
      });
    },
  },
  {
    ...kitchen,
    name: 'local write',
    extensions: true,
    prepare: async (world) => (await household(world)).database.durableImage(),
    run: (device) =>
      write(device, (sql) => {
        tag(sql, id(5), 'new');
        sql.run('update recipes set rating = 5 where id = ?1', [SOUP]);
      }),
    finish: (device) =>
      write(device, (sql) => {
        tag(sql, id(5), 'new');
        sql.run('update recipes set rating = 5 where id = ?1', [SOUP]);
      }),
  },
  pushing(true),
  pushing(false),
  replaying(true),
  replaying(false),
  {
    ...kitchen,
    name: 'pull with unsent work',
    extensions: false,
    async prepare(world) {
      const device = await household(world);
      await peersChange(world);
      await write(device, (sql) => take(sql, 3000));
      return device.database.durableImage();
    },
    run: exchange,
  },
  {
    ...kitchen,
    name: 'seed a household',
    extensions: true,
    async prepare(world) {
      const device = await world.newDevice();
      await write(device, (sql) => {
        tag(sql, QUICK, 'quick');
        tag(sql, SLOW, 'slow');
      });
      return device.database.durableImage();
    },
    async run(device) {
      await device.engine.attach('household');
      await device.engine.sync();
    },
  },
  ...[true, false].map((extensions): Scenario => ({
    ...kitchen,
    name: `hydrate with rows of one's own, ${ends(extensions)}`,
    extensions,
    async prepare(world) {
      const first = await household(world);
      await changeMuch(first);
      await first.engine.sync();
      const device = await world.newDevice();
      await write(device, (sql) => {
        tag(sql, id(9), 'made without an account');
        tag(sql, id(7), 'mine');
      });
      return device.database.durableImage();
    },
    run: (device) => device.engine.attach('household'),
  })),
  { ...firstDownload, name: 'hydrate an empty device' },
  {
    ...firstDownload,
    name: 'hydrate an empty device, written to meanwhile',
    meanwhile(device, { path }) {
      if (path.endsWith('/stream'))
        void write(device, (sql) => tag(sql, id(9), 'mine')).catch(() => undefined);
    },
    finish: (device) => write(device, (sql) => tag(sql, id(9), 'mine')),
  },
  {
    ...kitchen,
    name: 'rebuild with unsent work',
    extensions: true,
    async prepare(world) {
      const device = await household(world);
      await peersChange(world);
      world.server.prune(world.server.latest());
      await changeMuch(device);
      return device.database.durableImage();
    },
    run: exchange,
  },
  {
    ...kitchen,
    name: 'rebuild over a committed bundle',
    extensions: false,
    async prepare(world) {
      const device = await household(world);
      await changeMuch(device);
      const frozen = await world.newDevice(device.database.durableImage(), '/sync/push');
      await frozen.engine.sync();
      const image = frozen.database.durableImage();
      // Sent and committed, but this device dies before it hears of it, and history moves on.
      await (await world.newDevice(image)).engine.sync();
      await peersChange(world);
      world.server.prune(world.server.latest());
      return image;
    },
    run: exchange,
  },
  {
    ...kitchen,
    name: 'rotate after a restored copy',
    extensions: true,
    async prepare(world) {
      const device = await household(world);
      const copy = device.database.durableImage();
      await write(device, (sql) => take(sql, 100));
      await device.engine.sync();
      const restored = await device.restore(copy);
      await changeMuch(restored);
      return restored.database.durableImage();
    },
    run: exchange,
  },
  ...(['reoffer', 'discard'] as const).map((policy): Scenario => ({
    ...kitchen,
    name: `a restored server, ${policy}`,
    extensions: true,
    async prepare(world) {
      const device = await household(world);
      const backup = world.server.backup();
      await write(device, (sql) => take(sql, 100));
      await write(device, (sql) => sql.run('delete from recipes where id = ?1', [STEW]));
      await device.engine.sync();
      await changeMuch(device);
      world.server.restore(backup, { policy });
      return device.database.durableImage();
    },
    run: exchange,
  })),
  {
    name: 'local migration with unsent work',
    extensions: true,
    schema: nextSchema,
    schemaBefore: kitchenSchema,
    async prepare(world) {
      const device = await household(world);
      const frozen = await world.newDevice(device.database.durableImage(), '/sync/push');
      await write(frozen, (sql) => take(sql, 5));
      await frozen.engine.sync();
      await changeMuch(frozen);
      return frozen.database.durableImage();
    },
    run: exchange,
  },
  ...conflicts,
  {
    ...kitchen,
    name: 'sign out with unsent work',
    extensions: true,
    endsEmpty: true,
    async prepare(world) {
      const device = await household(world);
      await changeMuch(device);
      return device.database.durableImage();
    },
    run: (device) => device.engine.syncThenDetach(),
    finish: (device) => device.engine.syncThenDetach(),
  },
  {
    ...kitchen,
    name: 'background sync',
    extensions: true,
    async prepare(world) {
      const device = await household(world);
      await peersChange(world);
      await changeMuch(device);
      return device.database.durableImage();
    },
    async run(device) {
      await device.engine.sync();
      await device.engine.stop();
    },
    isOverAfterwards: true,
  },
];
