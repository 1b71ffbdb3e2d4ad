/** A kitchen and its household, over the real engine and the model of the server. */
import { expect, test } from 'vitest';
import { kitchenSchema } from '../shared/schema/tables.ts';
import { createModelServer } from '../test/sim/model-server.ts';
import { ids, NOW } from '../test/sim/tags.ts';
import { createDevice } from '../test/sim/world.ts';
import { createJournal } from './acts/journal.ts';
import { localTablesSql } from './acts/local-tables.ts';
import { createKitchen } from './kitchen.ts';
import { prefsTableSql } from './prefs.ts';

const ana = {
  accountId: 'account-ana',
  name: 'Ana',
  email: 'ana@example.test',
  householdId: 'household',
  householdName: 'Home',
};

const line = (title: string) => ({
  entries: [{ title, quantityMilli: null, unit: null, note: null, storeName: null }],
});

const byText = (a: string, b: string): number => (a < b ? -1 : 1);

async function createWorld() {
  const server = await createModelServer(kitchenSchema, { extensions: true });
  let duringPush = (): Promise<unknown> => Promise.resolve();
  const device = await createDevice({
    schema: kitchenSchema,
    ids,
    transport: {
      watch: (request, onEvent) => server.transport.watch(request, onEvent),
      async request(request) {
        const answer = await server.transport.request(request);
        if (request.path === '/sync/push') await duringPush();
        return answer;
      },
    },
    extraTables: localTablesSql + prefsTableSql,
    host: createJournal(() => NOW),
  });
  const kitchen = createKitchen({
    engine: device.engine,
    ids,
    nowIso: () => NOW,
    todayIso: () => NOW.slice(0, 10),
  });
  const add = async (title: string): Promise<void> => {
    expect(await kitchen.perform('list.add', line(title), ids.uuid())).toMatchObject({ ok: true });
  };
  const whileSending = (work: () => Promise<unknown>): void => {
    duringPush = () => {
      duringPush = () => Promise.resolve();
      return work();
    };
  };
  const sent = () =>
    [...server.rows('list_items').values()].map(({ title }) => String(title)).toSorted(byText);
  return { device, kitchen, add, whileSending, sent };
}

test('[CONN-522] who signs out holds nobody up until all is sent, and leaves nothing of the household behind', async () => {
  const { device, kitchen, add, whileSending, sent } = await createWorld();
  expect(await kitchen.join(ana)).toMatchObject({ type: 'attached' });
  await add('Milk');
  let isHeld = false;
  whileSending(async () => {
    expect(isHeld, 'acts do not wait for the network').toBe(false);
    await add('Eggs');
  });
  const left = await kitchen.leave(async () => {
    expect(kitchen.household(), 'acts wait before it lets go').toBe('household');
    isHeld = true;
    await add('Flour');
  });
  expect(left).toEqual({ type: 'detached' });
  expect(isHeld).toBe(true);
  expect(sent()).toEqual(['Eggs', 'Flour', 'Milk']);
  expect(await kitchen.account()).toBeNull();
  for (const table of ['list_items', 'acts', 'act_rows', 'products', 'directory']) {
    expect({ [table]: device.sql.all(`select * from ${table}`) }).toEqual({ [table]: [] });
  }
});
