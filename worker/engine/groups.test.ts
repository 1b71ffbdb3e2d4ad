/**
 * Acts that need each other and are more than one bundle holds: they go out in order, one after the other, and
 * what cannot go at all keeps nothing else from going out or coming in.
 */
import { expect, test } from 'vitest';
import { kitchenSchema } from '../../shared/schema/tables.ts';
import { createModelServer, type ModelServer } from '../../test/sim/model-server.ts';
import { addTag, ids, NOW, serverNames, tagNames } from '../../test/sim/tags.ts';
import { createDevice, type Device } from '../../test/sim/world.ts';
import type { Sql, Transport } from './ports.ts';

const ROWS_MAX = 10;

/** A server that takes small bundles only. */
function smallBundles(server: ModelServer): Transport {
  return {
    watch: (request, onEvent) => server.transport.watch(request, onEvent),
    request: async (request) => {
      const answer = await server.transport.request(request);
      if (request.path !== '/sync/capabilities' || answer.type !== 'answer') return answer;
      const body = answer.body as { readonly bundle_limits: object };
      const bundle_limits = { ...body.bundle_limits, max_rows_per_bundle: ROWS_MAX };
      return { ...answer, body: { ...body, bundle_limits } };
    },
  };
}

async function createHousehold() {
  const server = await createModelServer(kitchenSchema, { extensions: true });
  const device = await createDevice({
    schema: kitchenSchema,
    transport: smallBundles(server),
    ids,
  });
  const peer = await createDevice({ schema: kitchenSchema, transport: server.transport, ids });
  await device.engine.attach('household');
  await peer.engine.attach('household');
  await addTag(peer, 'theirs');
  await peer.engine.sync();
  return { server, device };
}

function insertTag(sql: Sql, id: string): void {
  sql.run(
    `insert into tags (id, name, name_key, hue, created_at, edited_at)
     values (?1, 'shared', 'shared', 3, ?2, ?2)`,
    [id, NOW],
  );
}

/** A recipe with so many steps, and a tag: one act of that many rows and two more. */
function importRecipe(sql: Sql, tag: string, steps: number): string {
  const id = ids.rowId();
  sql.run(
    `insert into recipes (id, title, servings, created_at, edited_at) values (?1, 'Soup', 2, ?2, ?2)`,
    [id, NOW],
  );
  for (let step = 0; step < steps; step += 1)
    sql.run(
      `insert into recipe_steps (id, recipe_id, wording, position, created_at, edited_at)
       values (?1, ?2, 'Stir.', ?3, ?4, ?4)`,
      [ids.rowId(), id, `a${step}`, NOW],
    );
  sql.run(
    `insert into recipe_tags (id, recipe_id, tag_id, created_at) values (?1, ?2, ?3, '${NOW}')`,
    [`${id}.${tag}`, id, tag],
  );
  return id;
}

const write = async (device: Device, work: (sql: Sql) => void): Promise<void> => {
  expect(await device.engine.write(work)).toMatchObject({ ok: true });
};

test('[PUSH-540] two large acts that share a new row go out one after the other, in one round', async () => {
  const { server, device } = await createHousehold();
  const tag = ids.rowId();
  await write(device, (sql) => {
    insertTag(sql, tag);
    importRecipe(sql, tag, 5);
  });
  await write(device, (sql) => importRecipe(sql, tag, 6));
  expect(await device.engine.sync()).toMatchObject({ pushed: 'committed', failure: null });
  const mine = server.bundles.filter(
    ({ source_id }) => source_id === device.engine.status().sourceId,
  );
  expect(mine.map(({ rows }) => rows.length)).toEqual([8, 8]);
  expect(device.engine.status()).toMatchObject({ unsent: { rows: 0 } });
  expect(tagNames(device)).toEqual(['shared', 'theirs']);
});

test('[PUSH-540] what takes children away goes before the removal of their parent', async () => {
  const { server, device } = await createHousehold();
  const tag = ids.rowId();
  let recipe = '';
  await write(device, (sql) => {
    insertTag(sql, tag);
    recipe = importRecipe(sql, tag, 5);
  });
  await device.engine.sync();
  const steps = device.sql.all('select id from recipe_steps').map((row) => row['id']);
  // The steps go in one act with other rows, the recipe in another one with as many.
  await write(device, (sql) => {
    for (const step of steps) sql.run('delete from recipe_steps where id = ?1', [step ?? null]);
    for (let count = 0; count < 4; count += 1) insertTag(sql, ids.rowId());
  });
  await write(device, (sql) => {
    sql.run('delete from recipes where id = ?1', [recipe]);
    for (let count = 0; count < 5; count += 1) insertTag(sql, ids.rowId());
  });
  expect(await device.engine.sync()).toMatchObject({ failure: null });
  expect(server.bundles.slice(-2).map(({ rows }) => rows.length)).toEqual([9, 7]);
  expect(server.rows('recipes').size).toBe(0);
  expect(device.engine.status()).toMatchObject({ unsent: { rows: 0 } });
});

test('[PUSH-541] an act that no bundle holds waits, said, while everything else goes out and comes in', async () => {
  const { server, device } = await createHousehold();
  const tag = ids.rowId();
  await write(device, (sql) => {
    insertTag(sql, tag);
    importRecipe(sql, tag, 20);
  });
  await write(device, (sql) => importRecipe(sql, tag, 3));
  await addTag(device, 'mine');
  server.serverWrite(
    `insert into tags (id, name, name_key, hue, created_at, edited_at)
     values ('${ids.rowId()}', 'later', 'later', 3, '${NOW}', '${NOW}')`,
  );
  const tooLarge = { type: 'protocol', code: 'bundle-too-large' };
  expect(await device.engine.sync()).toMatchObject({ pushed: 'failed', failure: tooLarge });
  expect(serverNames(server)).toEqual(['later', 'mine', 'theirs']);
  expect(tagNames(device)).toEqual(['later', 'mine', 'shared', 'theirs']);
  server.serverWrite('update tags set hue = 9');
  expect(await device.engine.sync()).toMatchObject({
    pulled: 'applied-incremental',
    failure: tooLarge,
  });
  expect(device.engine.status()).toMatchObject({ phase: 'server-trouble', unsent: { rows: 28 } });
});
