/** Unsent work that a person lets go of: saved first, and exactly what was saved goes. */
import { describe, expect, test } from 'vitest';
import { kitchenSchema } from '../../shared/schema/tables.ts';
import { createModelServer } from '../../test/sim/model-server.ts';
import { addTag, ids, serverNames, tagNames } from '../../test/sim/tags.ts';
import { createDevice, createNetwork } from '../../test/sim/world.ts';

interface Saved {
  readonly format: string;
  readonly rows: readonly {
    readonly table: string;
    readonly mine: { readonly name: string } | null;
    readonly theirs: { readonly name: string } | null;
  }[];
}

const sidesOf = (text: string): string[] =>
  (JSON.parse(text) as Saved).rows
    .map(({ mine, theirs }) => `${mine?.name ?? 'none'} for ${theirs?.name ?? 'none'}`)
    .toSorted((a, b) => (a < b ? -1 : 1));

/** Three tags in a household; one then renamed, one removed, one added. */
async function unsentWork(lost: { path: string | null } = { path: null }) {
  const server = await createModelServer(kitchenSchema, { extensions: true });
  const device = await createDevice({
    schema: kitchenSchema,
    transport: createNetwork(server.transport, ({ path }) =>
      lost.path !== null && path.startsWith(lost.path) ? 'drop-answer' : 'deliver',
    ),
    ids,
  });
  await device.engine.attach('household');
  for (const name of ['keep', 'change', 'remove']) await addTag(device, name);
  await device.engine.sync();
  await device.engine.write((sql) => {
    sql.run(`update tags set name = 'changed' where name = 'change'`);
    sql.run(`delete from tags where name = 'remove'`);
  });
  await addTag(device, 'added');
  return { server, device };
}

describe('letting go of unsent work', () => {
  test('[CONN-340] the file has both sides of every row, and what it has goes', async () => {
    const { server, device } = await unsentWork();
    const file = await device.engine.exportUnsent();
    expect(file.rows).toBe(3);
    expect(sidesOf(file.text)).toEqual(['added for none', 'changed for change', 'none for remove']);
    expect(await device.engine.discardUnsent(file.confirmation)).toEqual({
      ok: true,
      value: 'discarded',
    });
    expect(tagNames(device)).toEqual(['change', 'keep', 'remove']);
    expect(device.engine.status()).toMatchObject({ unsent: { rows: 0 }, held: 0 });
    expect(await device.engine.sync()).toMatchObject({ failure: null });
    expect(tagNames(device)).toEqual(['change', 'keep', 'remove']);
    expect(serverNames(server)).toEqual(['change', 'keep', 'remove']);
    expect(await device.engine.detach()).toEqual({ type: 'detached' });
  });

  test('[CONN-341] what was changed since the file is not discarded with it', async () => {
    const { device } = await unsentWork();
    const file = await device.engine.exportUnsent();
    await addTag(device, 'later');
    expect(await device.engine.discardUnsent(file.confirmation)).toEqual({
      ok: true,
      value: 'changed',
    });
    expect(tagNames(device)).toEqual(['added', 'changed', 'keep', 'later']);
    expect(device.engine.status().unsent.rows).toBe(4);
  });

  test('[CONN-342] a bundle that was committed unheard is the household’s, and nothing is sent twice', async () => {
    const lost: { path: string | null } = { path: null };
    const { server, device } = await unsentWork(lost);
    lost.path = '/sync/push';
    await device.engine.sync();
    lost.path = null;
    const source = device.engine.status().sourceId;
    const file = await device.engine.exportUnsent();
    expect(file.rows).toBe(3);
    await device.engine.discardUnsent(file.confirmation);
    await addTag(device, 'next');
    expect(await device.engine.sync()).toMatchObject({ failure: null });
    expect(device.engine.status().sourceId).not.toBe(source);
    expect(serverNames(server)).toEqual(['added', 'changed', 'keep', 'next']);
    expect(tagNames(device)).toEqual(['added', 'changed', 'keep', 'next']);
  });

  test('[CONN-343] rows made without an account are saved and gone, and the household comes alone', async () => {
    const { server } = await unsentWork();
    const device = await createDevice({
      schema: kitchenSchema,
      transport: server.transport,
      ids,
    });
    await addTag(device, 'made here');
    const file = await device.engine.exportUnsent();
    expect(sidesOf(file.text)).toEqual(['made here for none']);
    await device.engine.discardUnsent(file.confirmation);
    expect(tagNames(device)).toEqual([]);
    await device.engine.attach('household');
    expect(await device.engine.sync()).toMatchObject({ failure: null });
    expect(tagNames(device)).toEqual(['change', 'keep', 'remove']);
    expect(serverNames(server)).toEqual(['change', 'keep', 'remove']);
  });

  test('[CONN-344] what a restored server replaced is counted, saved as a file and dismissed', async () => {
    const { server, device } = await unsentWork();
    const backup = server.backup();
    await device.engine.sync();
    server.restore(backup, { policy: 'discard' });
    await device.engine.sync();
    expect(device.engine.status().lost).toBe(3);
    const file = await device.engine.exportLost();
    expect(sidesOf(file.text)).toEqual(['added for none', 'changed for change', 'none for remove']);
    await device.engine.dismissLost();
    expect(device.engine.status().lost).toBe(0);
  });
});
