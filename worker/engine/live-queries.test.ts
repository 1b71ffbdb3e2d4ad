/**
 * What watchers are told (`quality.md` I4 and I22, `protocol.md` B50): the truth, whole, once, and only those
 * whom it concerns. Every claim is checked against the same query run from scratch.
 */
import { describe, expect, test } from 'vitest';
import { pullPath } from '../../shared/protocol/pull.ts';
import { kitchenSchema } from '../../shared/schema/tables.ts';
import { createModelServer } from '../../test/sim/model-server.ts';
import { addTag, ids, NOW } from '../../test/sim/tags.ts';
import { createDevice, createRandom } from '../../test/sim/world.ts';
import type { Device } from '../../test/sim/world.ts';
import type { Sql, SqlRow, Transport } from './ports.ts';

const turn = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });

const queries: Readonly<Record<string, (sql: Sql) => SqlRow[]>> = {
  tags: (sql) => sql.all('select id, name from tags order by id'),
  recipes: (sql) => sql.all('select id, title from recipes order by id'),
  ingredients: (sql) =>
    sql.all(
      `select i.id, i.wording, r.title from recipe_ingredients i
       join recipes r on r.id = i.recipe_id order by i.id`,
    ),
  counts: (sql) =>
    sql.all(
      'select (select count(*) from recipes) as recipes, (select count(*) from tags) as tags',
    ),
};

function addRecipe(sql: Sql, title: string, ingredients: number): string {
  const recipe = ids.rowId();
  sql.run(
    'insert into recipes (id, title, servings, created_at, edited_at) values (?1, ?2, 2, ?3, ?3)',
    [recipe, title, NOW],
  );
  for (let n = 0; n < ingredients; n += 1)
    sql.run(
      `insert into recipe_ingredients (id, recipe_id, wording, optional, position, created_at, edited_at)
       values (?1, ?2, 'leek', 0, ?3, ?4, ?4)`,
      [ids.rowId(), recipe, `a${n}`, NOW],
    );
  return recipe;
}

/** What a device's watchers were told, in the order of telling, and how often each query ran. */
function watchAll(device: Device) {
  const told: { readonly name: string; readonly rows: SqlRow[] }[] = [];
  const runs = new Map<string, number>();
  for (const [name, work] of Object.entries(queries))
    device.engine.watch(
      (sql) => {
        runs.set(name, (runs.get(name) ?? 0) + 1);
        return work(sql);
      },
      (rows) => told.push({ name, rows }),
    );
  return { told, runs };
}

/** Two devices; `onPulled` runs when Ben has an answer and has applied nothing of it yet. */
async function household(onPulled: () => void = () => undefined) {
  const server = await createModelServer(kitchenSchema, { extensions: true });
  const join = async (transport: Transport): Promise<Device> => {
    const device = await createDevice({ schema: kitchenSchema, transport, ids });
    await device.engine.attach('household');
    return device;
  };
  const ana = await join(server.transport);
  const ben = await join({
    watch: (request, onEvent) => server.transport.watch(request, onEvent),
    request: async (request) => {
      const answer = await server.transport.request(request);
      if (request.path === pullPath) onPulled();
      return answer;
    },
  });
  return { ana, ben };
}

describe('live queries', () => {
  test('[LIVE-225] after any sequence of acts, pushes and pulls every watcher holds what its query says now', async () => {
    const random = createRandom(20);
    const { ana, ben } = await household();
    const { told } = watchAll(ben);
    const pick = (sql: Sql, table: string): string | null => {
      const rows = sql.all(`select id from ${table} order by id`);
      const id = rows[Math.floor(random() * rows.length)]?.['id'];
      return typeof id === 'string' ? id : null;
    };
    for (let step = 0; step < 30; step += 1) {
      const device = random() < 0.5 ? ana : ben;
      const dice = random();
      await device.engine.write((sql) => {
        const recipe = pick(sql, 'recipes');
        if (dice < 0.4 || recipe === null) addRecipe(sql, `Soup ${step}`, 2);
        else if (dice < 0.6) sql.run('delete from recipes where id = ?1', [recipe]);
        else if (dice < 0.8)
          sql.run('update recipes set title = ?2 where id = ?1', [recipe, `Stew ${step}`]);
        else
          sql.run(
            `insert into tags (id, name, name_key, hue, created_at, edited_at)
             values (?1, ?2, ?2, 3, ?3, ?3)`,
            [ids.rowId(), `tag ${step}`, NOW],
          );
      });
      if (random() < 0.3) await ana.engine.sync();
      if (random() < 0.5) await ben.engine.sync();
      await turn();
      for (const [name, work] of Object.entries(queries))
        expect(told.findLast((one) => one.name === name)?.rows, `${name}, step ${step}`).toEqual(
          work(ben.sql),
        );
    }
    expect(told.length).toBeGreaterThan(30);
  });

  test('[LIVE-226] a bundle of another device is told once to each watcher it concerns, and to no other', async () => {
    const { ana, ben } = await household();
    await addTag(ana, 'quick');
    await ana.engine.sync();
    await ben.engine.sync();
    const { told, runs } = watchAll(ben);
    await turn();
    await ana.engine.write((sql) => void addRecipe(sql, 'Soup', 5));
    await ana.engine.sync();
    told.length = 0;
    runs.clear();
    await ben.engine.sync();
    await turn();
    expect(told.map(({ name }) => name)).toEqual(['recipes', 'ingredients', 'counts']);
    expect(told.find(({ name }) => name === 'ingredients')?.rows).toHaveLength(5);
    expect(runs.get('tags')).toBeUndefined();
    expect([...runs.values()]).toEqual([1, 1, 1]);
  });

  test('[LIVE-227] no watcher and no two watchers of one telling see part of a bundle', async () => {
    const { ana, ben } = await household();
    const tellings: { readonly name: string; readonly soups: number }[][] = [];
    let current: { readonly name: string; readonly soups: number }[] | null = null;
    const heard = (name: string, soups: number): void => {
      if (current === null) {
        current = [];
        tellings.push(current);
        // What is told together is told without anything in between.
        queueMicrotask(() => (current = null));
      }
      current.push({ name, soups });
    };
    // Each recipe comes with one tag and three ingredients; both watchers count the bundles they see.
    ben.engine.watch(
      (sql) => [sql.all('select id from recipes').length, sql.all('select id from tags').length],
      ([recipes, tags]) => {
        expect(tags).toBe(recipes);
        heard('recipes', Number(recipes));
      },
    );
    ben.engine.watch(
      (sql) => sql.all('select id from recipe_ingredients').length,
      (ingredients) => {
        expect(ingredients % 3).toBe(0);
        heard('ingredients', ingredients / 3);
      },
    );
    await turn();
    for (let round = 0; round < 4; round += 1) {
      for (let bundle = 0; bundle <= round; bundle += 1) {
        await ana.engine.write((sql) => {
          addRecipe(sql, `Soup ${round} ${bundle}`, 3);
          sql.run(
            `insert into tags (id, name, name_key, hue, created_at, edited_at)
             values (?1, ?2, ?2, 3, ?3, ?3)`,
            [ids.rowId(), `tag ${round} ${bundle}`, NOW],
          );
        });
        await ana.engine.sync();
      }
      await ben.engine.sync();
      await turn();
      await turn();
    }
    const mixed = tellings.filter((one) => new Set(one.map(({ soups }) => soups)).size !== 1);
    expect(mixed).toEqual([]);
    expect(tellings.at(-1)?.[0]?.soups).toBe(10);
  });

  test('[LIVE-228] what is told is kept: nothing is shown before the disk has it', async () => {
    let isDiskSlow = false;
    const { ana, ben } = await household(() => {
      if (isDiskSlow) ben.database.setDurableAtOnce(false);
    });
    const { told } = watchAll(ben);
    await turn();
    await addTag(ana, 'quick');
    await ana.engine.sync();
    told.length = 0;
    isDiskSlow = true;
    await ben.engine.sync();
    for (let turns = 0; turns < 20; turns += 1) await turn();
    expect(ben.sql.all('select name from tags')).toHaveLength(1);
    expect(told).toEqual([]);
    ben.database.flush();
    await turn();
    expect(told.map(({ name }) => name)).toEqual(['tags', 'counts']);
  });
});
