/** Two kitchens of one household over the model server, and things they can disagree about. */
import type { ActArgs } from '../../shared/acts/acts.ts';
import { readQuickAdd } from '../../shared/domain/quick-add.ts';
import { kitchenSchema } from '../../shared/schema/tables.ts';
import { createActClock, createKitchenDevice } from './kitchen-device.ts';
import type { KitchenDevice } from './kitchen-device.ts';
import { createModelServer } from './model-server.ts';
import type { ModelServer } from './model-server.ts';
import { createIds, createRandom } from './world.ts';

export const ids = createIds(createRandom(77));

export interface Household {
  readonly server: ModelServer;
  readonly laptop: KitchenDevice;
  readonly phone: KitchenDevice;
}

/** Two devices that know the same; `begin` is done on the laptop. */
export async function createHousehold(
  begin: (laptop: KitchenDevice) => Promise<unknown>,
  options: { readonly extensions: boolean } = { extensions: true },
): Promise<Household> {
  const server = await createModelServer(kitchenSchema, options);
  const seat = { transport: server.transport, ids, clock: createActClock() };
  const [laptop, phone] = [await createKitchenDevice(seat), await createKitchenDevice(seat)];
  await laptop.device.engine.attach('household');
  await begin(laptop);
  await laptop.sync();
  await phone.device.engine.attach('household');
  await phone.sync();
  return { server, laptop, phone };
}

export const addMilk = (kitchen: KitchenDevice) =>
  kitchen.done('list.add', { entries: readQuickAdd('1 l Milk') });

export const milkOf = (kitchen: KitchenDevice) => {
  const row = kitchen.rows('list_items').find(({ title }) => title === 'Milk');
  return { id: String(row?.['id']), quantity: row?.['quantity_milli'], note: row?.['note'] };
};

export const idle = { held: 0, unsent: { acts: 0, rows: 0 } };

/** Laptop says 3, the phone meanwhile 2, and the phone comes second. */
export async function disagree({ laptop, phone }: Household): Promise<string> {
  const { id } = milkOf(phone);
  await laptop.done('list.edit', { id, quantityMilli: 3000 });
  await phone.done('list.edit', { id, quantityMilli: 2000, note: 'the blue one' });
  await laptop.sync();
  await phone.sync();
  await laptop.sync();
  return id;
}

export const lasagne = (id: string): ActArgs['recipe.create'] => ({
  id,
  fields: {
    title: 'Lasagne',
    servings: 4,
    summary: null,
    notes: 'boil\nlayer\nbake',
    prepMinutes: null,
    cookMinutes: null,
    sourceName: null,
    sourceUrl: null,
  },
  ingredients: [
    { id: null, wording: '500 g flour', section: null, optional: false },
    { id: null, wording: '2 onions', section: null, optional: false },
  ],
  steps: [{ id: null, wording: 'Layer it.', timerSeconds: null }],
  tags: ['weeknight'],
  photo: { mime: 'image/webp', width: 2, height: 1, bytes: new Uint8Array([0, 1, 254, 255]) },
});

export const dump = (kitchen: KitchenDevice): unknown =>
  Object.keys(kitchenSchema.tables).map((table) => [table, kitchen.rows(table)]);

/** Sides that lost, without what the device's own acts replaced. */
export const lostOf = (kitchen: KitchenDevice, id: string | null) =>
  kitchen.ask('versions', { id }).filter(({ side }) => side !== 'before');
