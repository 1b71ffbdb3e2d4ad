/**
 * Every layout that was ever used, opened by the code of today. `GOLDEN=write` makes the databases of the
 * current layout anew; those of older ones are never made again.
 */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { kitchenSchema } from '../../shared/schema/tables.ts';
import { LAYOUT_VERSION } from '../../worker/engine/layout.ts';
import { createModelServer } from '../sim/model-server.ts';
import { serverNames, tagNames } from '../sim/tags.ts';
import { createDevice, createIds, createRandom } from '../sim/world.ts';
import { makeGolden, readGolden, STATES, writeGolden } from './golden-states.ts';

const here = import.meta.dirname;
const folderOf = (layout: number): string => join(here, `layout-${layout}`);

if (process.env['GOLDEN'] === 'write')
  for (const [name, state] of Object.entries(STATES))
    writeGolden(join(folderOf(LAYOUT_VERSION), `${name}.gz`), await makeGolden(state, false));

const layouts = readdirSync(here)
  .filter((name) => name.startsWith('layout-'))
  .map((name) => Number(name.slice('layout-'.length)));
const cases = layouts.flatMap((layout) =>
  Object.keys(STATES).map((state) => [layout, state] as const),
);

describe('golden databases', () => {
  test('[MIG-340] every layout up to the current one is kept in every state', () => {
    const wanted = Array.from({ length: LAYOUT_VERSION }, (_, index) => index + 1);
    expect(layouts.toSorted((a, b) => a - b)).toEqual(wanted);
    const missing = cases.filter(
      ([layout, state]) => !existsSync(join(folderOf(layout), `${state}.gz`)),
    );
    expect(missing).toEqual([]);
  });

  test.each(cases)(
    '[MIG-341] layout %i, %s: opens, keeps its work and converges',
    async (layout, state) => {
      const golden = readGolden(join(folderOf(layout), `${state}.gz`));
      const server = await createModelServer(kitchenSchema, { extensions: true });
      server.rewind(golden.backup);
      const ids = createIds(createRandom(23));
      const device = await createDevice({
        schema: kitchenSchema,
        transport: server.transport,
        ids,
        image: golden.image,
      });
      const held = device.sql.all('select key_json from _sync_x_held');
      if (device.engine.attachedUser() === null) await device.engine.attach('household');
      for (const row of held) {
        const { id } = JSON.parse(String(row['key_json'])) as { id: string };
        expect(await device.engine.decide('tags', id, 'mine')).toEqual({
          ok: true,
          value: 'decided',
        });
      }
      expect(await device.engine.sync()).toMatchObject({ failure: null });
      expect(await device.engine.sync()).toMatchObject({ failure: null });
      expect(device.engine.status()).toMatchObject({ held: 0, unsent: { rows: 0 } });
      expect(tagNames(device)).toEqual(golden.names);
      expect(serverNames(server)).toEqual(golden.names);
    },
  );
});
