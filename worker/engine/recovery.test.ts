/**
 * When a source or the server's history is no longer what it was, and how a device joins and leaves: whatever
 * is recovered, unsent work goes out once, and no tuple ever carries two contents.
 */
import { describe, expect, test } from 'vitest';
import { kitchenSchema } from '../../shared/schema/tables.ts';
import { createModelServer } from '../../test/sim/model-server.ts';
import { addTag, ids, serverNames, tagNames } from '../../test/sim/tags.ts';
import { createDevice, createNetwork, type Fate } from '../../test/sim/world.ts';
import type { SyncRequest, Transport } from './ports.ts';

describe('recovery', () => {
  test('[ROT-61] a restored backup goes on under a new source and loses nothing that others have', async () => {
    const server = await createModelServer(kitchenSchema);
    const device = await createDevice({ schema: kitchenSchema, transport: server.transport, ids });
    await device.engine.attach('household');
    await addTag(device, 'one');
    await device.engine.sync();
    const backup = device.database.durableImage();
    await addTag(device, 'two');
    await device.engine.sync();
    const restored = await device.restore(backup);
    const source = restored.engine.status().sourceId;
    await addTag(restored, 'three');
    expect(await restored.engine.sync()).toMatchObject({ failure: null });
    expect(restored.engine.status().sourceId).not.toBe(source);
    expect(tagNames(restored)).toEqual(['one', 'three', 'two']);
    expect(serverNames(server)).toEqual(['one', 'three', 'two']);
  });

  test('[ROT-64] a device that certainly lost acknowledged work rotates before it pushes anything', async () => {
    const server = await createModelServer(kitchenSchema);
    const device = await createDevice({ schema: kitchenSchema, transport: server.transport, ids });
    await device.engine.attach('household');
    await addTag(device, 'one');
    await device.engine.sync();
    const earlier = device.database.durableImage();
    // Lost with the power cut: a bundle that never reached the server, but might have.
    await addTag(device, 'two');
    const recovered = await device.restore(earlier, 'certain');
    const source = device.engine.status().sourceId;
    await addTag(recovered, 'three');
    expect(await recovered.engine.sync()).toMatchObject({ failure: null });
    expect(recovered.engine.status().sourceId).not.toBe(source);
    const underOldSource = server.bundles.filter(({ source_id }) => source_id === source);
    expect(underOldSource, 'nothing more went out under the old source').toHaveLength(1);
    expect(serverNames(server)).toEqual(['one', 'three']);
  });

  test('[ROT-62] two copies of one profile end as two sources', async () => {
    const server = await createModelServer(kitchenSchema);
    const original = await createDevice({
      schema: kitchenSchema,
      transport: server.transport,
      ids,
    });
    await original.engine.attach('household');
    await addTag(original, 'one');
    await original.engine.sync();
    const image = original.database.durableImage();
    const [left, right] = [await original.restore(image), await original.restore(image)];
    for (const [device, name] of [
      [left, 'left'],
      [right, 'right'],
      [left, 'left again'],
      [right, 'right again'],
    ] as const) {
      await addTag(device, name);
      expect(await device.engine.sync()).toMatchObject({ failure: null });
    }
    await left.engine.sync();
    expect(left.engine.status().sourceId).not.toBe(right.engine.status().sourceId);
    expect(tagNames(left)).toEqual(['left', 'left again', 'one', 'right', 'right again']);
    expect(tagNames(right)).toEqual(tagNames(left));
    expect(serverNames(server)).toEqual(tagNames(left));
  });

  test('[ROT-63] a backup older than two rotations recovers as well', async () => {
    const server = await createModelServer(kitchenSchema);
    const device = await createDevice({ schema: kitchenSchema, transport: server.transport, ids });
    await device.engine.attach('household');
    await addTag(device, 'one');
    await device.engine.sync();
    const backup = device.database.durableImage();
    const sourceIds = new Set<string>();
    let current = await device.restore(backup);
    for (const name of ['two', 'three', 'four', 'five']) {
      await addTag(current, name);
      expect(await current.engine.sync()).toMatchObject({ failure: null });
      sourceIds.add(current.engine.status().sourceId);
      current = await current.restore(name === 'three' ? current.database.durableImage() : backup);
    }
    await current.engine.sync();
    expect(tagNames(current)).toEqual(['five', 'four', 'one', 'three', 'two']);
    expect(serverNames(server)).toEqual(tagNames(current));
    // The third state was kept, so the fourth bundle went on under its source.
    expect(sourceIds.size).toBe(3);
  });

  test('[SNAP-63] a checkpoint ahead of the server ends in a rebuild, and unsent work goes out', async () => {
    for (const options of [{ extensions: false }, { extensions: true }]) {
      const server = await createModelServer(kitchenSchema, options);
      const device = await createDevice({
        schema: kitchenSchema,
        transport: server.transport,
        ids,
      });
      await device.engine.attach('household');
      await addTag(device, 'one');
      await device.engine.sync();
      device.sql.run('update _sync_attachment_state set last_bundle_seq_seen = 99');
      await addTag(device, 'two');
      expect(await device.engine.sync()).toMatchObject({ failure: null });
      expect(device.engine.status()).toMatchObject({ checkpoint: 2, unsent: { rows: 0 } });
      expect(serverNames(server)).toEqual(['one', 'two']);
      expect(tagNames(device)).toEqual(['one', 'two']);
    }
  });

  test('[SNAP-62] below the retained floor a device rebuilds from a snapshot and keeps its unsent work', async () => {
    const server = await createModelServer(kitchenSchema);
    const [ana, ben] = [
      await createDevice({ schema: kitchenSchema, transport: server.transport, ids }),
      await createDevice({ schema: kitchenSchema, transport: server.transport, ids }),
    ];
    await ana.engine.attach('household');
    await addTag(ana, 'one');
    await ana.engine.sync();
    await ben.engine.attach('household');
    for (const name of ['two', 'three', 'four']) {
      await addTag(ana, name);
      await ana.engine.sync();
    }
    server.prune(3);
    await addTag(ben, 'mine');
    expect(await ben.engine.sync()).toMatchObject({ failure: null });
    await ana.engine.sync();
    expect(tagNames(ben)).toEqual(['four', 'mine', 'one', 'three', 'two']);
    expect(tagNames(ana)).toEqual(tagNames(ben));
  });
});

describe('joining and leaving', () => {
  test('[CONN-66] a first download that was interrupted goes on by itself and keeps local rows', async () => {
    const server = await createModelServer(kitchenSchema);
    const ana = await createDevice({ schema: kitchenSchema, transport: server.transport, ids });
    await ana.engine.attach('household');
    for (let count = 10; count < 35; count += 1) await addTag(ana, `tag ${count}`);
    await ana.engine.sync();
    let pages = 0;
    const transport = createNetwork(server.transport, (request): Fate => {
      if (request.path.startsWith('/sync/snapshot-sessions/')) pages += 1;
      return pages > 1 && pages < 6 ? 'drop-answer' : 'deliver';
    });
    let ben = await createDevice({ schema: kitchenSchema, transport, ids });
    await addTag(ben, 'mine');
    expect(await ben.engine.attach('household')).toMatchObject({
      type: 'failed',
      failure: { type: 'network' },
    });
    expect(tagNames(ben)).toEqual(['mine']);
    ben = await ben.crash();
    pages = 10;
    expect(await ben.engine.sync()).toMatchObject({ failure: null });
    expect(ben.engine.attachedUser()).toBe('household');
    expect(tagNames(ben)).toHaveLength(26);
    expect(serverNames(server)).toEqual(tagNames(ben));
  });

  test('[CONN-63] nobody leaves with unsent rows, and whoever leaves starts anew', async () => {
    const server = await createModelServer(kitchenSchema);
    const device = await createDevice({ schema: kitchenSchema, transport: server.transport, ids });
    await device.engine.attach('household');
    await addTag(device, 'one');
    expect(await device.engine.detach()).toEqual({ type: 'unsent', rows: 1 });
    expect(await device.engine.attach('neighbours')).toMatchObject({
      type: 'failed',
      failure: { code: 'attached-to-another-user' },
    });
    const { sourceId } = device.engine.status();
    expect(await device.engine.syncThenDetach()).toEqual({ type: 'detached' });
    expect(tagNames(device)).toEqual([]);
    expect(device.engine.status()).toMatchObject({ checkpoint: 0, phase: 'local-only' });
    expect(device.engine.status().sourceId).not.toBe(sourceId);
    expect(await device.engine.attach('household')).toMatchObject({ outcome: 'used-remote-state' });
    expect(tagNames(device)).toEqual(['one']);
  });

  test('[CONN-543] a first download whose household the server lost begins the household it was meant for', async () => {
    const server = await createModelServer(kitchenSchema, { extensions: true });
    const empty = server.backup();
    const ana = await createDevice({ schema: kitchenSchema, transport: server.transport, ids });
    await ana.engine.attach('household');
    await addTag(ana, 'theirs');
    await ana.engine.sync();
    const named: unknown[] = [];
    let connects = 0;
    const network = createNetwork(server.transport, ({ path, headers }): Fate => {
      named.push(headers['Oversync-Expect-User']);
      if (path !== '/sync/connect') return 'deliver';
      connects += 1;
      // The first answer names a household; it is gone before the download, and then the network is.
      return connects > 1 && connects < 5 ? 'drop-request' : 'deliver';
    });
    const transport: Transport = {
      watch: (request, onEvent) => network.watch(request, onEvent),
      request: async (request) => {
        const answer = await network.request(request);
        if (request.path === '/sync/connect' && connects === 1) server.restore(empty);
        return answer;
      },
    };
    let ben = await createDevice({ schema: kitchenSchema, transport, ids });
    await addTag(ben, 'mine');
    await ben.engine.attach('household');
    expect(connects).toBeGreaterThan(0);
    expect(ben.engine.attachedUser()).toBeNull();
    ben = await ben.crash();
    for (let rounds = 0; rounds < 3; rounds += 1) await ben.engine.sync();
    expect(ben.engine.attachedUser()).toBe('household');
    expect(ben.engine.status()).toMatchObject({ phase: 'idle', unsent: { rows: 0 } });
    expect(serverNames(server)).toEqual(['mine']);
    expect(new Set(named)).toEqual(new Set(['household']));
  });

  /** A device whose server lost the household, which another device began anew by the time it asks again. */
  async function forgottenDevice(fateOf: (request: SyncRequest) => Fate | 'never') {
    const server = await createModelServer(kitchenSchema, { extensions: true });
    const empty = server.backup();
    const ana = await createDevice({ schema: kitchenSchema, transport: server.transport, ids });
    const stage = { isLost: false, isNetworkWell: false };
    const network = createNetwork(server.transport, (request): Fate => {
      const fate = stage.isLost && !stage.isNetworkWell ? fateOf(request) : 'deliver';
      return fate === 'never' ? 'drop-request' : fate;
    });
    const transport: Transport = {
      watch: (request, onEvent) => network.watch(request, onEvent),
      request: async (request) => {
        if (stage.isLost && request.path === '/sync/connect' && server.latest() === 0) {
          await ana.engine.attach('household');
          await ana.engine.sync();
        }
        const isMute = stage.isLost && !stage.isNetworkWell && fateOf(request) === 'never';
        return isMute ? new Promise(() => undefined) : network.request(request);
      },
    };
    const ben = await createDevice({ schema: kitchenSchema, transport, ids });
    await ben.engine.attach('household');
    await addTag(ben, 'one');
    await ben.engine.sync();
    await addTag(ana, 'theirs');
    await addTag(ben, 'mine');
    server.restore(empty);
    stage.isLost = true;
    return { server, ben, stage };
  }

  test('[CONN-544] nobody leaves a household that is being joined anew while anything of it is unsent', async () => {
    let connects = 0;
    const { server, ben, stage } = await forgottenDevice(({ path }) => {
      if (path === '/sync/connect') connects += 1;
      // The household is known again, but its rows do not come.
      return path === '/sync/snapshot-sessions' && connects > 0 ? 'drop-request' : 'deliver';
    });
    expect(await ben.engine.sync()).toMatchObject({ failure: { type: 'network' } });
    expect(ben.engine.attachedUser()).toBeNull();
    for (let tries = 0; tries < 2; tries += 1) {
      expect(await ben.engine.detach()).toMatchObject({ type: 'unsent' });
      expect(await ben.engine.syncThenDetach()).toMatchObject({ type: 'failed' });
    }
    expect(await ben.engine.attach('neighbours')).toMatchObject({
      type: 'failed',
      failure: { code: 'attached-to-another-user' },
    });
    expect(tagNames(ben)).toEqual(['mine', 'one']);
    stage.isNetworkWell = true;
    expect(await ben.engine.syncThenDetach()).toEqual({ type: 'detached' });
    expect(tagNames(ben)).toEqual([]);
    expect(serverNames(server)).toEqual(['mine', 'one', 'theirs']);
  });

  test('[CONN-544] killed while it joins anew, a device knows whose it is and goes on by itself', async () => {
    const { server, ben, stage } = await forgottenDevice(({ path }) =>
      path === '/sync/connect' ? 'never' : 'deliver',
    );
    void ben.engine.sync();
    for (let turns = 0; turns < 100; turns += 1)
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
    const again = await ben.crash();
    expect(await again.engine.detach()).toMatchObject({ type: 'unsent' });
    expect(tagNames(again)).toEqual(['mine', 'one']);
    stage.isNetworkWell = true;
    expect(await again.engine.sync()).toMatchObject({ failure: null });
    expect(again.engine.attachedUser()).toBe('household');
    expect(serverNames(server)).toEqual(['mine', 'one', 'theirs']);
  });
});
