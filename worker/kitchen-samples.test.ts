/** What becomes of the samples when a device signs in: the household's own rows are never taken for them. */
import { expect, test } from 'vitest';
import { sampleId } from '../shared/domain/samples.ts';
import type { Account } from '../shared/rpc.ts';
import { kitchenSchema } from '../shared/schema/tables.ts';
import { createActClock } from '../test/sim/kitchen-device.ts';
import { createModelServer, type ModelServer } from '../test/sim/model-server.ts';
import { ids } from '../test/sim/tags.ts';
import { createDevice, createNetwork, type Device } from '../test/sim/world.ts';
import { createJournal } from './acts/journal.ts';
import { localTablesSql } from './acts/local-tables.ts';
import type { Transport } from './engine/ports.ts';
import { createKitchen, layOutSamples, type LocalKitchen } from './kitchen.ts';
import { prefsTableSql } from './prefs.ts';

const account: Account = {
  accountId: 'account',
  name: 'Ana',
  email: 'ana@example.test',
  householdId: 'household',
  householdName: 'Home',
};
const soup = sampleId(0x100);

interface Signed {
  readonly kitchen: LocalKitchen;
  readonly device: Device;
}

async function firstStart(transport: Transport): Promise<Signed> {
  const clock = createActClock();
  const device = await createDevice({
    schema: kitchenSchema,
    transport,
    ids,
    extraTables: localTablesSql + prefsTableSql,
    host: createJournal(() => clock.now()),
  });
  const deps = {
    engine: device.engine,
    ids,
    nowIso: () => clock.tick(),
    todayIso: () => clock.now().slice(0, 10),
  };
  await layOutSamples(deps);
  return { kitchen: createKitchen(deps), device };
}

/** A household whose first data are the samples, because somebody used one of them before signing up. */
async function householdOfSamples(server: ModelServer): Promise<void> {
  const { kitchen } = await firstStart(server.transport);
  await kitchen.perform('list.tick', { ids: [sampleId(4)] }, ids.uuid());
  expect(await kitchen.join(account)).toMatchObject({ type: 'attached' });
  const fields = { title: 'Grandmother’s soup' };
  await kitchen.perform('recipe.edit', { id: soup, fields }, ids.uuid());
  expect(await kitchen.sync()).toMatchObject({ failure: null });
}

const titleHere = ({ device }: Signed): unknown =>
  device.sql.all('select title from recipes where id = ?1', [soup])[0]?.['title'];
const titleThere = (server: ModelServer): unknown => server.rows('recipes').get(soup)?.['title'];

test('[CONN-540] signing in again and saving a file leave the samples that the household has', async () => {
  const server = await createModelServer(kitchenSchema, { extensions: true });
  await householdOfSamples(server);
  const ben = await firstStart(server.transport);
  expect(await ben.kitchen.join(account)).toMatchObject({ type: 'attached' });
  // The session ended, or another person of the household signs in.
  expect(await ben.kitchen.join(account)).toMatchObject({ type: 'attached' });
  await ben.kitchen.exportUnsent();
  await ben.kitchen.countOwnRows();
  expect(await ben.kitchen.sync()).toMatchObject({ failure: null });
  expect(titleHere(ben)).toBe('Grandmother’s soup');
  expect(titleThere(server)).toBe('Grandmother’s soup');
  expect(server.rows('list_items').size).toBe(5);
});

test('[CONN-541] a server that forgot the household takes no samples from it', async () => {
  const server = await createModelServer(kitchenSchema, { extensions: true });
  const empty = server.backup();
  await householdOfSamples(server);
  let isCut = false;
  const network = createNetwork(server.transport, ({ path }) =>
    isCut && path === '/sync/connect' ? 'drop-request' : 'deliver',
  );
  const ben = await firstStart(network);
  expect(await ben.kitchen.join(account)).toMatchObject({ type: 'attached' });
  server.restore(empty);
  isCut = true;
  await ben.kitchen.sync();
  await ben.kitchen.exportUnsent();
  isCut = false;
  expect(await ben.kitchen.join(account)).toMatchObject({ type: 'attached' });
  expect(await ben.kitchen.sync()).toMatchObject({ failure: null });
  expect(titleThere(server)).toBe('Grandmother’s soup');
});

test('[CONN-542] samples removed before anybody knew them ask nothing about those of the household', async () => {
  const server = await createModelServer(kitchenSchema, { extensions: true });
  await householdOfSamples(server);
  const ben = await firstStart(server.transport);
  expect(await ben.kitchen.join(account)).toMatchObject({ type: 'attached' });
  expect(titleHere(ben)).toBe('Grandmother’s soup');
  expect(ben.kitchen.status()).toMatchObject({ choices: 0, unsent: { acts: 0, rows: 0 } });
});
