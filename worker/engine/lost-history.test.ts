/**
 * A server that was put back to an earlier state, and devices that are behind it, level with it, or ahead of
 * it: what anybody typed is somewhere in the end, and never twice.
 */
import { describe, expect, test } from 'vitest';
import { kitchenSchema } from '../../shared/schema/tables.ts';
import { createModelServer } from '../../test/sim/model-server.ts';
import type { ModelServer } from '../../test/sim/model-server.ts';
import { addTag, ids, serverNames, tagNames } from '../../test/sim/tags.ts';
import { createDevice, createNetwork } from '../../test/sim/world.ts';
import type { Device } from '../../test/sim/world.ts';

const open = (server: ModelServer, lost: () => string | null = () => null): Promise<Device> =>
  createDevice({
    schema: kitchenSchema,
    transport: createNetwork(server.transport, ({ path }) =>
      lost() !== null && path.startsWith(lost() ?? '') ? 'drop-answer' : 'deliver',
    ),
    ids,
  });

const joined = async (server: ModelServer, lost?: () => string | null): Promise<Device> => {
  const device = await open(server, lost);
  await device.engine.attach('household');
  return device;
};

const rename = (device: Device, from: string, to: string) =>
  device.engine.write((sql) => sql.run('update tags set name = ?1 where name = ?2', [to, from]));
const remove = (device: Device, name: string) =>
  device.engine.write((sql) => sql.run('delete from tags where name = ?1', [name]));
const lostRows = (device: Device): unknown[] =>
  device.sql
    .all(`select fate, mine ->> 'name' as mine, theirs ->> 'name' as theirs from _sync_x_lost`)
    .map(
      ({ fate, mine, theirs }) =>
        `${String(fate)}: ${String(mine ?? 'none')}, ${String(theirs ?? 'none')}`,
    )
    .toSorted();

/** A household with a backup of it, and what two devices did afterwards. */
async function restoredHousehold() {
  const server = await createModelServer(kitchenSchema, { extensions: true });
  const ahead = await joined(server);
  for (const name of ['keep', 'change', 'remove']) await addTag(ahead, name);
  await ahead.engine.sync();
  const level = await joined(server);
  const behind = await joined(server);
  await addTag(ahead, 'before');
  await ahead.engine.sync();
  await level.engine.sync();
  const backup = server.backup();
  await addTag(ahead, 'after');
  await rename(ahead, 'change', 'changed');
  await remove(ahead, 'remove');
  await ahead.engine.sync();
  return { server, backup, ahead, level, behind };
}

const settled = async (devices: readonly Device[]): Promise<void> => {
  for (const device of [...devices, ...devices])
    expect(await device.engine.sync()).toMatchObject({ failure: null });
};

describe('a restored server', () => {
  test('[ROT-340] behind and level with the backup a device goes on; ahead of it, it offers again what is gone', async () => {
    const { server, backup, ahead, level, behind } = await restoredHousehold();
    const sources = [ahead, level, behind].map((device) => device.engine.status().sourceId);
    server.restore(backup);
    await addTag(level, 'from level');
    await addTag(behind, 'from behind');
    const asked = server.log.length;
    await level.engine.sync();
    await behind.engine.sync();
    const snapshots = server.log.slice(asked).filter((line) => line.includes('snapshot'));
    expect(snapshots, 'nothing was lost there').toEqual([]);
    await settled([ahead, level, behind]);
    const names = ['after', 'before', 'changed', 'from behind', 'from level', 'keep'];
    for (const device of [ahead, level, behind]) expect(tagNames(device)).toEqual(names);
    expect(serverNames(server)).toEqual(names);
    expect(lostRows(ahead)).toEqual([
      'offered: after, none',
      'offered: changed, change',
      'offered: none, remove',
    ]);
    expect([level, behind].flatMap(lostRows)).toEqual([]);
    const now = [ahead, level, behind].map((device) => device.engine.status().sourceId);
    expect(now.map((source, index) => source === sources[index])).toEqual([false, true, true]);
  });

  test('[ROT-341] the second device that is ahead finds equal content and asks nobody', async () => {
    const { server, backup, ahead, level } = await restoredHousehold();
    await level.engine.sync();
    server.restore(backup);
    await settled([ahead, level]);
    expect(tagNames(level)).toEqual(['after', 'before', 'changed', 'keep']);
    expect(level.engine.status()).toMatchObject({ held: 0, unsent: { rows: 0 } });
    expect(lostRows(level)).toEqual([]);
  });

  test('[ROT-342] a rollback that was wanted stands; what differed is listed, unsent work goes out', async () => {
    const { server, backup, ahead } = await restoredHousehold();
    await addTag(ahead, 'unsent');
    await ahead.engine.write((sql) =>
      sql.run(
        `update tags set hue = 9, edited_at = '2026-11-23T10:00:00.000Z' where name = 'changed'`,
      ),
    );
    server.restore(backup, { policy: 'discard' });
    await settled([ahead]);
    expect(tagNames(ahead)).toEqual(['before', 'change', 'keep', 'remove', 'unsent']);
    // Edited on top of what is gone: the edit is there, what it was made on is not.
    expect(ahead.sql.all('select name from tags where hue = 9')).toEqual([{ name: 'change' }]);
    expect(serverNames(server)).toEqual(tagNames(ahead));
    expect(lostRows(ahead)).toEqual([
      'replaced: after, none',
      'replaced: changed, change',
      'replaced: none, remove',
    ]);
  });

  test('[ROT-343] where nothing shared is known, nothing is offered by itself, and all that differs is listed', async () => {
    const { server, backup, ahead } = await restoredHousehold();
    await addTag(ahead, 'unsent');
    server.restore(backup);
    ahead.sql.run(`update _sync_x_meta set server_epoch = 'of another server'`);
    await settled([ahead]);
    expect(tagNames(ahead)).toEqual(['before', 'change', 'keep', 'remove', 'unsent']);
    expect(serverNames(server)).toEqual(tagNames(ahead));
    expect(lostRows(ahead)).toEqual([
      'replaced: after, none',
      'replaced: changed, change',
      'replaced: none, remove',
    ]);
  });

  test('[ROT-344] a restore that nobody declared is found by the checkpoint and met in the same way', async () => {
    const { server, backup, ahead } = await restoredHousehold();
    await addTag(ahead, 'unsent');
    server.restore(backup, 'undeclared');
    await settled([ahead]);
    expect(tagNames(ahead)).toEqual(['after', 'before', 'changed', 'keep', 'unsent']);
    expect(serverNames(server)).toEqual(tagNames(ahead));
  });

  test.each(['/sync/push', '/sync/committed-bundles'])(
    '[ROT-345] a bundle whose answer at %s was lost comes back whatever the restore did to it',
    async (path) => {
      for (const isBefore of [true, false]) {
        const server = await createModelServer(kitchenSchema, {
          extensions: path === '/sync/push',
        });
        let lost: string | null = null;
        const device = await joined(server, () => lost);
        await addTag(device, 'one');
        await device.engine.sync();
        const early = server.backup();
        await addTag(device, 'two');
        lost = path;
        await device.engine.sync();
        expect(device.sql.all('select state from _sync_outbox_bundle')).not.toEqual([
          { state: 'none' },
        ]);
        lost = null;
        await addTag(device, 'three');
        server.restore(isBefore ? early : server.backup());
        expect(await device.engine.sync()).toMatchObject({ failure: null });
        expect(await device.engine.sync()).toMatchObject({ failure: null });
        expect(serverNames(server)).toEqual(['one', 'three', 'two']);
        expect(tagNames(device)).toEqual(['one', 'three', 'two']);
        expect(server.bundles.flatMap((bundle) => bundle.rows)).toHaveLength(3);
      }
    },
  );

  test('[ROT-347] a committed bundle that a plain server forgot goes out again under another source', async () => {
    const server = await createModelServer(kitchenSchema);
    let lost: string | null = null;
    const device = await joined(server, () => lost);
    await addTag(device, 'one');
    await device.engine.sync();
    const early = server.backup();
    await addTag(device, 'two');
    lost = '/sync/committed-bundles';
    await device.engine.sync();
    lost = null;
    server.restore(early, 'undeclared');
    await settled([device]);
    expect(serverNames(server)).toEqual(['one', 'two']);
    expect(server.bundles.map((bundle) => bundle.source_bundle_id)).toEqual([1, 1]);
  });

  test('[ROT-346] a server that lost the whole household gets it back from the first device', async () => {
    for (const extensions of [true, false]) {
      const server = await createModelServer(kitchenSchema, { extensions });
      const empty = server.backup();
      const device = await joined(server);
      const peer = await joined(server);
      for (const name of ['one', 'two']) await addTag(device, name);
      await device.engine.sync();
      await peer.engine.sync();
      await addTag(device, 'unsent');
      server.restore(empty);
      await settled([device, peer]);
      expect(serverNames(server)).toEqual(['one', 'two', 'unsent']);
      expect(tagNames(device)).toEqual(['one', 'two', 'unsent']);
      expect(tagNames(peer)).toEqual(['one', 'two', 'unsent']);
      expect(peer.engine.status()).toMatchObject({ held: 0, unsent: { rows: 0 } });
    }
  });

  test('[ROT-351] where the loss of the whole household was wanted, only what is unsent comes back', async () => {
    const server = await createModelServer(kitchenSchema, { extensions: true });
    const empty = server.backup();
    const device = await joined(server);
    for (const name of ['one', 'two']) await addTag(device, name);
    await device.engine.sync();
    await addTag(device, 'unsent');
    server.restore(empty, { policy: 'discard' });
    await settled([device]);
    expect(serverNames(server)).toEqual(['unsent']);
    expect(tagNames(device)).toEqual(['unsent']);
    expect(lostRows(device)).toEqual(['replaced: one, none', 'replaced: two, none']);
  });
});
