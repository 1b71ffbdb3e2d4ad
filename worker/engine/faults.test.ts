/**
 * Every step of an exchange fails or is the last thing the process does, and the end is always that of the
 * run without faults: nothing lost, nothing twice, one bundle per tuple. Beside it: what live queries and
 * acknowledgements promise, and how a device joins and leaves.
 */
import { describe, expect, test } from 'vitest';
import { createResolver } from '../../shared/schema/resolve.ts';
import { kitchenSchema } from '../../shared/schema/tables.ts';
import { createModelServer } from '../../test/sim/model-server.ts';
import { addTag, ids, NOW, serverNames, tagNames } from '../../test/sim/tags.ts';
import { createDevice, createManualClock, createNetwork } from '../../test/sim/world.ts';
import type { Device, Fate } from '../../test/sim/world.ts';
import { Refused } from './engine.ts';
import type { SyncAnswer, SyncRequest, Transport } from './ports.ts';

describe.each([{ extensions: false }, { extensions: true }])(
  'extensions $extensions',
  (options) => {
    const faults = [0, 1, 2, 3, 4, 5, 6, 7].flatMap((at) =>
      (['drop-request', 'drop-answer', 'twice', 'die-before', 'die-after'] as const).map(
        (fault) => [at, fault] as const,
      ),
    );

    test.each(faults)(
      '[PUSH-67] request %i: %s, and the result is that of a run without faults',
      async (at, fault) => {
        const server = await createModelServer(kitchenSchema, options);
        const peer = await createDevice({
          schema: kitchenSchema,
          transport: server.transport,
          ids,
        });
        await peer.engine.attach('household');
        let seen = 0;
        let isArmed = false;
        let die: () => void = () => undefined;
        const inner = createNetwork(server.transport, (): Fate => {
          const isHit = isArmed && seen === at;
          seen += 1;
          return isHit && (fault === 'drop-request' || fault === 'drop-answer' || fault === 'twice')
            ? fault
            : 'deliver';
        });
        const transport: Transport = {
          watch: (request, onEvent) => inner.watch(request, onEvent),
          request: async (request: SyncRequest): Promise<SyncAnswer> => {
            const isLast = isArmed && seen === at && fault.startsWith('die');
            if (isLast && fault === 'die-before') {
              die();
              return new Promise(() => undefined);
            }
            const answer = await inner.request(request);
            if (isLast) {
              die();
              return new Promise(() => undefined);
            }
            return answer;
          },
        };
        let device = await createDevice({ schema: kitchenSchema, transport, ids });
        await device.engine.attach('household');
        await addTag(device, 'mine');
        await addTag(peer, 'theirs');
        await peer.engine.sync();
        isArmed = true;
        const died = new Promise<'died'>((resolve) => {
          die = () => {
            resolve('died');
          };
        });
        const ended = await Promise.race([device.engine.sync(), died]);
        isArmed = false;
        if (ended === 'died') device = await device.crash();
        expect(await device.engine.sync()).toMatchObject({ failure: null });
        await peer.engine.sync();
        expect(serverNames(server)).toEqual(['mine', 'theirs']);
        expect(tagNames(device)).toEqual(['mine', 'theirs']);
        expect(tagNames(peer)).toEqual(['mine', 'theirs']);
        expect(device.engine.status()).toMatchObject({ checkpoint: 2, unsent: { rows: 0 } });
        expect(server.latest()).toBe(2);
      },
    );

    test('[PUSH-68] an edit made while a push is under way stays and goes out next', async () => {
      const server = await createModelServer(kitchenSchema, options);
      let edit: (() => void) | null = null;
      const transport: Transport = {
        watch: (request, onEvent) => server.transport.watch(request, onEvent),
        request: async (request) => {
          const answer = await server.transport.request(request);
          if (request.path.startsWith('/sync/push')) {
            edit?.();
            edit = null;
          }
          return answer;
        },
      };
      const device = await createDevice({ schema: kitchenSchema, transport, ids });
      await device.engine.attach('household');
      const id = await addTag(device, 'first');
      edit = () =>
        void device.engine.write((sql) =>
          sql.run(`update tags set name = 'second' where id = ?1`, [id]),
        );
      expect(await device.engine.sync()).toMatchObject({ pushed: 'committed', failure: null });
      expect(tagNames(device)).toEqual(['second']);
      expect(serverNames(server)).toEqual(['first']);
      expect(await device.engine.sync()).toMatchObject({ pushed: 'committed', failure: null });
      expect(serverNames(server)).toEqual(['second']);
    });

    test('[PUSH-200] what was written behind a bundle that waited goes out in the same round', async () => {
      const server = await createModelServer(kitchenSchema, options);
      let isCut = false;
      const network = createNetwork(server.transport, () => (isCut ? 'drop-request' : 'deliver'));
      const device = await createDevice({ schema: kitchenSchema, transport: network, ids });
      await device.engine.attach('household');
      await addTag(device, 'frozen');
      isCut = true;
      expect((await device.engine.sync()).failure).toMatchObject({ type: 'network' });
      await addTag(device, 'behind it');
      isCut = false;
      // Nothing is written any more that would ask for another round.
      expect(await device.engine.sync()).toMatchObject({ pushed: 'committed', failure: null });
      expect(serverNames(server)).toEqual(['behind it', 'frozen']);
      expect(device.engine.status().unsent.rows).toBe(0);
    });

    test('[PUSH-542] a push that is refused for good keeps its rows and lets others’ work come in', async () => {
      const server = await createModelServer(kitchenSchema, options);
      const refusal: SyncAnswer = {
        type: 'answer',
        status: 400,
        headers: {},
        body: { error: 'invalid_request', message: '' },
      };
      let isRefusing = false;
      const transport: Transport = {
        watch: (request, onEvent) => server.transport.watch(request, onEvent),
        request: (request) =>
          isRefusing && request.path.startsWith('/sync/push')
            ? Promise.resolve(refusal)
            : server.transport.request(request),
      };
      const device = await createDevice({ schema: kitchenSchema, transport, ids });
      const peer = await createDevice({ schema: kitchenSchema, transport: server.transport, ids });
      await device.engine.attach('household');
      await peer.engine.attach('household');
      await addTag(device, 'mine');
      await addTag(peer, 'theirs');
      await peer.engine.sync();
      isRefusing = true;
      expect(await device.engine.sync()).toMatchObject({
        pushed: 'failed',
        pulled: 'applied-incremental',
        failure: { type: 'protocol', code: 'invalid_request' },
      });
      expect(tagNames(device)).toEqual(['mine', 'theirs']);
      expect(device.engine.status()).toMatchObject({ unsent: { rows: 1 } });
      isRefusing = false;
      expect(await device.engine.sync()).toMatchObject({ pushed: 'committed', failure: null });
    });

    test('[CONF-64] a conflict that the resolver cannot settle waits, visible, while everything else goes on', async () => {
      const server = await createModelServer(kitchenSchema, options);
      const settle = createResolver(kitchenSchema);
      const [ana, ben] = [
        await createDevice({ schema: kitchenSchema, transport: server.transport, ids }),
        await createDevice({
          schema: kitchenSchema,
          transport: server.transport,
          ids,
          resolver: (conflicts) => {
            if (conflicts.some(({ mine }) => mine?.['name'] === 'Speedy'))
              throw new Error('no idea');
            return settle(conflicts);
          },
        }),
      ];
      await ana.engine.attach('household');
      const id = await addTag(ana, 'Quick');
      const other = await addTag(ana, 'Hot');
      await ana.engine.sync();
      await ben.engine.attach('household');
      const set = (device: Device, tag: string, column: string, value: string | number) =>
        device.engine.write((sql) =>
          sql.run(`update tags set ${column} = ?1 where id = ?2`, [value, tag]),
        );
      await set(ana, id, 'name', 'Fast');
      await set(ana, other, 'hue', 5);
      await set(ben, id, 'name', 'Speedy');
      await set(ben, other, 'name', 'Warm');
      await ana.engine.sync();
      await addTag(ben, 'Other');
      expect(await ben.engine.sync()).toMatchObject({ failure: null });
      expect(ben.engine.status()).toMatchObject({ held: 1, unsent: { rows: 1 } });
      expect(tagNames(ben)).toEqual(['Other', 'Speedy', 'Warm']);
      expect(serverNames(server)).toEqual(['Fast', 'Other', 'Warm']);
      // It survives a restart, and the person's word ends it.
      const again = await ben.crash();
      expect(again.engine.status().held).toBe(1);
      expect(await again.engine.decide('tags', id, 'mine')).toMatchObject({ ok: true });
      expect(await again.engine.sync()).toMatchObject({ pushed: 'committed', failure: null });
      expect(serverNames(server)).toEqual(['Other', 'Speedy', 'Warm']);
    });
  },
);

describe('what leaves the device', () => {
  test('[STORE-61] no acknowledgement, query result or request before the write is durable', async () => {
    const server = await createModelServer(kitchenSchema);
    const device = await createDevice({ schema: kitchenSchema, transport: server.transport, ids });
    await device.engine.attach('household');
    const shown: unknown[][] = [];
    device.engine.watch(
      (sql) => sql.all('select name from tags'),
      (rows) => shown.push(rows),
    );
    await device.engine.read((sql) => sql.all('select 1 as one'));
    device.database.setDurableAtOnce(false);
    let isAcknowledged = false;
    const write = async (): Promise<void> => {
      await addTag(device, 'slow');
      isAcknowledged = true;
    };
    const writing = write();
    const syncing = device.engine.sync();
    const asked = server.log.length;
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
    expect([isAcknowledged, shown, server.log.length]).toEqual([false, [[]], asked]);
    device.database.setDurableAtOnce(true);
    await writing;
    expect(await syncing).toMatchObject({ pushed: 'committed' });
    expect(shown.at(-1)).toEqual([{ name: 'slow' }]);
  });

  test('[ACT-62] a refused write leaves nothing behind', async () => {
    const server = await createModelServer(kitchenSchema);
    const device = await createDevice({ schema: kitchenSchema, transport: server.transport, ids });
    const refusal = { type: 'gone', table: 'tags', id: 'x' };
    const written = await device.engine.write((sql) => {
      sql.run(
        `insert into tags (id, name, name_key, hue, created_at, edited_at) values (?1, 'x', 'x', 0, ?2, ?2)`,
        [ids.rowId(), NOW],
      );
      throw new Refused(refusal);
    });
    expect(written).toEqual({ ok: false, error: { type: 'refused', refusal } });
    expect(tagNames(device)).toEqual([]);
    expect(device.engine.status().unsent.rows).toBe(0);
  });

  test('[LIVE-63] a query runs again only when a table that it read changed, and a bundle shows whole', async () => {
    const server = await createModelServer(kitchenSchema);
    const [ana, ben] = [
      await createDevice({ schema: kitchenSchema, transport: server.transport, ids }),
      await createDevice({ schema: kitchenSchema, transport: server.transport, ids }),
    ];
    await ana.engine.attach('household');
    await ben.engine.attach('household');
    let storeRuns = 0;
    const seen: { recipes: number; ingredients: number }[] = [];
    ben.engine.watch(
      (sql) => {
        storeRuns += 1;
        return sql.all('select id from stores');
      },
      () => undefined,
    );
    ben.engine.watch(
      (sql) => ({
        recipes: sql.all('select id from recipes').length,
        ingredients: sql.all('select id from recipe_ingredients').length,
      }),
      (rows) => seen.push(rows),
    );
    await ben.engine.sync();
    const recipe = ids.rowId();
    await ana.engine.write((sql) => {
      sql.run(
        `insert into recipes (id, title, servings, created_at, edited_at) values (?1, 'Soup', 2, ?2, ?2)`,
        [recipe, NOW],
      );
      for (const position of ['a', 'b', 'c'])
        sql.run(
          `insert into recipe_ingredients (id, recipe_id, wording, optional, position, created_at, edited_at)
           values (?1, ?2, 'leek', 0, ?3, ?4, ?4)`,
          [ids.rowId(), recipe, position, NOW],
        );
    });
    await ana.engine.sync();
    await ben.engine.sync();
    await ben.engine.stop();
    expect(seen).toEqual([
      { recipes: 0, ingredients: 0 },
      { recipes: 1, ingredients: 3 },
    ]);
    expect(storeRuns).toBe(1);
  });
});

describe('the background loop', () => {
  const turn = (): Promise<void> =>
    new Promise((resolve) => {
      setImmediate(resolve);
    });

  test('[LIVE-64] a local write goes out and a hint brings others in, without being asked', async () => {
    const server = await createModelServer(kitchenSchema);
    const clock = createManualClock();
    const device = await createDevice({
      schema: kitchenSchema,
      transport: server.transport,
      ids,
      clock,
    });
    const peer = await createDevice({ schema: kitchenSchema, transport: server.transport, ids });
    await device.engine.attach('household');
    await peer.engine.attach('household');
    device.engine.start();
    const settle = async (): Promise<void> => {
      for (let count = 0; count < 30; count += 1) {
        clock.advance(20);
        await turn();
      }
    };
    await settle();
    await addTag(device, 'mine');
    await settle();
    expect(serverNames(server)).toEqual(['mine']);
    await addTag(peer, 'theirs');
    await peer.engine.sync();
    await settle();
    expect(tagNames(device)).toEqual(['mine', 'theirs']);
    await device.engine.stop();
    expect(clock.pending()).toBe(0);
  });

  test('[LIVE-65] a dead network is asked less and less, and never in a spin', async () => {
    const clock = createManualClock();
    let asked = 0;
    const server = await createModelServer(kitchenSchema);
    let isDead = false;
    const transport: Transport = {
      watch: (request, onEvent) => server.transport.watch(request, onEvent),
      request: (request) => {
        if (!isDead) return server.transport.request(request);
        asked += 1;
        return Promise.resolve({ type: 'no-answer', reason: 'network' });
      },
    };
    const device = await createDevice({ schema: kitchenSchema, transport, ids, clock });
    await device.engine.attach('household');
    await addTag(device, 'mine');
    isDead = true;
    device.engine.start();
    for (let second = 0; second < 600; second += 1) {
      clock.advance(1000);
      await turn();
    }
    expect(asked).toBeGreaterThan(5);
    expect(asked).toBeLessThan(120);
    expect(device.engine.status().phase).toBe('offline');
    await device.engine.stop();
  });

  test('[LIVE-67] stopping does not wait for the next try', async () => {
    const server = await createModelServer(kitchenSchema);
    const asked: string[] = [];
    const transport: Transport = {
      watch: (request, onEvent) => server.transport.watch(request, onEvent),
      request: (request) => {
        if (request.path !== '/sync/pull') return server.transport.request(request);
        asked.push(request.path);
        return Promise.resolve({ type: 'no-answer', reason: 'network' });
      },
    };
    // The clock stands still: a try that is waited for never comes.
    const clock = createManualClock();
    const device = await createDevice({ schema: kitchenSchema, transport, ids, clock });
    await device.engine.attach('household');
    const round = device.engine.sync();
    while (asked.length === 0) await turn();
    await device.engine.stop();
    expect(await round).toMatchObject({ failure: { type: 'network' } });
    expect(asked).toHaveLength(1);
  });
});
