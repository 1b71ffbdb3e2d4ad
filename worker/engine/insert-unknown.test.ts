/**
 * A large snapshot against the model server: rows that come in all at once end as rows that came one by one,
 * and triggers, indexes and what was made on the device meanwhile are as if nothing special had happened.
 */
import { describe, expect, test } from 'vitest';
import { kitchenSchema } from '../../shared/schema/tables.ts';
import { captureTriggers } from '../../shared/schema/sqlite-triggers.ts';
import { createModelServer } from '../../test/sim/model-server.ts';
import type { ModelServer } from '../../test/sim/model-server.ts';
import { addTag, ids, NOW, tagNames } from '../../test/sim/tags.ts';
import { createDevice } from '../../test/sim/world.ts';
import type { Device } from '../../test/sim/world.ts';

const RECIPES = 40;
const INGREDIENTS = 1000;

const uuid = (kind: string, number: string): string =>
  `printf('${kind}0000000-0000-7000-8000-%012x', ${number})`;
const numbers = (count: number): string =>
  `with recursive n(i) as (select 1 union all select i + 1 from n where i < ${count})`;

/** One bundle that a server-side import made: recipes, each with ingredients. */
const writeLarge = (server: ModelServer, kind = 'a'): void =>
  server.serverWrite(`
    ${numbers(RECIPES)} insert into recipes (id, title, servings, created_at, edited_at)
      select ${uuid(kind, 'i')}, 'Recipe ' || i, 2, '${NOW}', '${NOW}' from n;
    ${numbers(INGREDIENTS)} insert into recipe_ingredients
        (id, recipe_id, wording, optional, position, created_at, edited_at)
      select ${uuid(kind === 'a' ? 'b' : 'c', 'i')}, ${uuid(kind, `1 + i % ${RECIPES}`)}, 'leek ' || i, 0,
        'a' || i, '${NOW}', '${NOW}' from n;`);

const join = async (server: ModelServer): Promise<Device> => {
  const device = await createDevice({ schema: kitchenSchema, transport: server.transport, ids });
  await device.engine.attach('household');
  return device;
};

/** Every synced table, and the versions that the device remembers. */
const contentOf = (device: Device): unknown => ({
  tables: Object.keys(kitchenSchema.tables).map((name) => [
    name,
    device.sql.all(`select * from "${name}" order by id`),
  ]),
  states: device.sql.all(
    'select table_name, key_json, row_version, deleted from _sync_row_state order by 1, 2',
  ),
});

const objectsOf = (device: Device): unknown[] =>
  device.sql.all(
    `select type, name, sql from sqlite_master where type in ('trigger', 'index') order by type, name`,
  );

const idOf = (kind: string, number: number): string =>
  `${kind}0000000-0000-7000-8000-${number.toString(16).padStart(12, '0')}`;

describe('rows that come in all at once', () => {
  test('[SNAP-220] a large first download ends like the bundles it stands for, triggers and indexes included', async () => {
    const server = await createModelServer(kitchenSchema);
    const witness = await join(server);
    writeLarge(server);
    // The witness gets the same as a bundle, row by row.
    expect(await witness.engine.sync()).toMatchObject({ pulled: 'applied-incremental' });
    const device = await createDevice({ schema: kitchenSchema, transport: server.transport, ids });
    const objects = objectsOf(device);
    expect(objects).toHaveLength(objectsOf(witness).length);
    await device.engine.attach('household');
    expect(contentOf(device)).toEqual(contentOf(witness));
    expect(objectsOf(device)).toEqual(objects);
    expect(captureTriggers(kitchenSchema).length).toBeGreaterThan(0);
    // Capture works again at once.
    await addTag(device, 'mine');
    expect(device.engine.status().unsent.rows).toBe(1);
    expect(await device.engine.sync()).toMatchObject({ pushed: 'committed', failure: null });
  });

  test('[SNAP-221] it meets unsent edits, removals and their children as single rows would', async () => {
    const server = await createModelServer(kitchenSchema);
    const peer = await join(server);
    writeLarge(server);
    const device = await join(server);
    const [edited, removed] = [idOf('a', 7), idOf('a', 9)];
    await device.engine.write((sql) => {
      sql.run('update recipes set title = ?2 where id = ?1', [edited, 'Mine']);
      sql.run('delete from recipes where id = ?1', [removed]);
    });
    await addTag(device, 'made meanwhile');
    // History the device will never see: more recipes, and a child for the one that it removed.
    writeLarge(server, 'd');
    server.serverWrite(`insert into recipe_ingredients
        (id, recipe_id, wording, optional, position, created_at, edited_at)
      values ('${idOf('e', 1)}', '${removed}', 'late', 0, 'z', '${NOW}', '${NOW}');`);
    // The snapshot comes first: everything above is still an intent.
    expect(await device.engine.rebuild()).toMatchObject({ pushed: 'committed', failure: null });
    expect(await peer.engine.sync()).toMatchObject({ failure: null });
    expect(contentOf(device)).toEqual(contentOf(peer));
    expect(server.rows('recipes').get(edited)?.['title']).toBe('Mine');
    expect(server.rows('recipes').has(removed)).toBe(false);
    expect(server.rows('recipe_ingredients').has(idOf('e', 1))).toBe(false);
    expect(server.rows('recipes').size).toBe(2 * RECIPES - 1);
    expect(tagNames(device)).toEqual(['made meanwhile']);
    expect(device.sql.all('pragma foreign_key_check')).toEqual([]);
  });

  test('[SNAP-222] a snapshot that the device cannot hold changes nothing, triggers and indexes included', async () => {
    const server = await createModelServer(kitchenSchema);
    await join(server);
    writeLarge(server);
    const device = await createDevice({
      schema: kitchenSchema,
      ids,
      transport: {
        watch: (request, onEvent) => server.transport.watch(request, onEvent),
        request: async (request) => {
          const answer = await server.transport.request(request);
          // The last ingredient belongs to a recipe that does not exist; lengths stay as announced.
          const text = JSON.stringify(answer).replaceAll(
            `"recipe_id":"${idOf('a', 1 + (INGREDIENTS % RECIPES))}"`,
            `"recipe_id":"${idOf('f', 1)}"`,
          );
          return JSON.parse(text) as typeof answer;
        },
      },
    });
    await addTag(device, 'mine');
    const [before, objects] = [contentOf(device), objectsOf(device)];
    expect(await device.engine.attach('household')).toMatchObject({ type: 'failed' });
    expect(contentOf(device)).toEqual(before);
    expect(objectsOf(device)).toEqual(objects);
    expect(device.engine.status().unsent.rows).toBe(1);
  });
});
