/** The main path of the engine against the model server: open, write, attach, push, replay, pull, hydrate. */
import { describe, expect, test } from 'vitest';
import { kitchenSchema } from '../../shared/schema/tables.ts';
import { createModelServer } from '../../test/sim/model-server.ts';
import { createDevice, createIds, createRandom } from '../../test/sim/world.ts';
import type { Device } from '../../test/sim/world.ts';

const NOW = '2026-11-22T10:00:00.000Z';
const random = createRandom(7);
const ids = createIds(random);

async function addStore(device: Device, name: string): Promise<string> {
  const id = ids.rowId();
  const written = await device.engine.write((sql) => {
    sql.run(
      `insert into stores (id, name, name_key, currency, position, created_at, edited_at)
       values (?1, ?2, lower(?2), 'EUR', 'a0', ?3, ?3)`,
      [id, name, NOW],
    );
  });
  expect(written.ok).toBe(true);
  return id;
}

const names = (device: Device): unknown[] =>
  device.sql.all('select name from stores order by name').map((row) => row['name']);

describe.each([{ extensions: false }, { extensions: true }])(
  'extensions $extensions',
  (options) => {
    test('[PUSH-61] local rows of an anonymous device become the household and reach a second device', async () => {
      const server = await createModelServer(kitchenSchema, options);
      const ana = await createDevice({ schema: kitchenSchema, transport: server.transport, ids });
      await addStore(ana, 'Mart');
      expect(await ana.engine.attach('household')).toMatchObject({ outcome: 'seeded-from-local' });
      expect(await ana.engine.sync()).toMatchObject({ pushed: 'committed', failure: null });
      expect(ana.engine.status()).toMatchObject({
        checkpoint: 1,
        phase: 'idle',
        unsent: { rows: 0 },
      });

      const ben = await createDevice({ schema: kitchenSchema, transport: server.transport, ids });
      await addStore(ben, 'Corner');
      expect(await ben.engine.attach('household')).toMatchObject({
        outcome: 'used-remote-state',
        keptRows: 1,
      });
      expect(names(ben)).toEqual(['Corner', 'Mart']);
      expect(await ben.engine.sync()).toMatchObject({ pushed: 'committed', failure: null });
      expect(await ana.engine.sync()).toMatchObject({
        pulled: 'applied-incremental',
        failure: null,
      });
      expect(names(ana)).toEqual(['Corner', 'Mart']);
      expect(ana.engine.status().checkpoint).toBe(2);
    });
  },
);
