/** A server that was restored: numbers never mean two things (B25, E6). */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { insert, listItem } from '../../test/contract/kitchen-rows.ts';
import {
  type Answer,
  type SyncServer,
  type TestDevice,
  createDevice,
  joinedDevice,
  startSyncServer,
} from '../../test/contract/sync-server.ts';
import { canonicalRequestHash } from '../../shared/protocol/bundle-hash.ts';
import type { PullResponse } from '../../shared/protocol/pull.ts';
import { kitchenSync } from '../db/kitchen.ts';
import { installSync } from '../db/migrate.ts';
import type { Pool } from '../db/pool.ts';
import { beginServerEpoch } from '../db/server-epoch.ts';

let server: SyncServer;

beforeEach(async () => {
  server = await startSyncServer();
});

afterEach(() => server.close());

const ASKED = { 'oversync-extensions': 'server_epoch' };
const push = (device: TestDevice, headers: Record<string, string> = {}) =>
  device.push([insert('list_items', listItem())], { headers });
const pull = (device: TestDevice, after: number, headers: Record<string, string> = {}) =>
  device.call('GET', `/sync/pull?after_bundle_seq=${String(after)}`, undefined, headers);
const firstEpoch = async (device: TestDevice): Promise<string> =>
  String((await pull(device, 0, ASKED)).body['server_epoch']);

/** A server whose writing transactions wait before COMMIT while an epoch is begun. */
async function startHeldServer(): Promise<{
  readonly server: SyncServer;
  /** The answer of `work`, whose transaction commits once the beginning waits for it or is done. */
  readonly beginEpochBeforeCommitOf: (work: () => Promise<Answer>) => Promise<Answer>;
}> {
  let hold: (() => Promise<void>) | null = null;
  const held = await startSyncServer({
    wrapDatabase: (database) => ({
      transaction: (options, work) =>
        database.transaction(options, async (tx) => {
          const value = await work(tx);
          if (!options.readOnly) await hold?.();
          return value;
        }),
    }),
  });
  const readWaiting = async (): Promise<number> =>
    (
      await held.sql`select 1 from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock'`
    ).length;
  return {
    server: held,
    beginEpochBeforeCommitOf: async (work) => {
      const epochs: Promise<unknown>[] = [];
      hold = async () => {
        hold = null;
        let isBegun = false;
        epochs.push(beginServerEpoch(held.sql).finally(() => (isBegun = true)));
        await expect
          .poll(async () => isBegun || (await readWaiting()) > 0, { timeout: 8000 })
          .toBe(true);
      };
      const answer = await work();
      expect(epochs).toHaveLength(1);
      await Promise.all(epochs);
      return answer;
    },
  };
}

describe('server epoch', () => {
  test('[SNAP-20] answers name the epoch to who asks, and nobody else sees it', async () => {
    const device = await joinedDevice(server);
    await push(device);
    const asked = await pull(device, 0, ASKED);
    const epoch = String(asked.body['server_epoch']);
    expect(asked.headers.get('oversync-server-epoch')).toBe(epoch);
    expect((asked.body as unknown as PullResponse).bundles[0]?.previous_bundle_seq).toBe(0);
    const capabilities = await device.call('GET', '/sync/capabilities', undefined, ASKED);
    expect(capabilities.body['extensions']).toMatchObject({
      server_epoch: { server_epoch: epoch, restore_policy: 'reoffer' },
    });
    const connected = await device.call('POST', '/sync/connect', {}, ASKED);
    expect(connected.body['server_epoch']).toBe(epoch);
    const plain = await pull(device, 0);
    expect(JSON.stringify(plain.body)).not.toContain('epoch');
    expect(JSON.stringify(plain.body)).not.toContain('previous_bundle_seq');
    expect(plain.headers.has('oversync-server-epoch')).toBe(false);
  });

  test('[PULL-50] a new epoch leaves a gap: checkpoints up to it go on, those inside rebuild', async () => {
    const device = await joinedDevice(server);
    await push(device);
    await push(device);
    await beginServerEpoch(server.sql);
    expect(await pull(device, 2)).toMatchObject({ status: 200, body: { stable_bundle_seq: 2 } });
    expect(await pull(device, 3)).toMatchObject({ body: { error: 'checkpoint_ahead' } });
    const next = Number((await push(device)).body['bundle_seq']);
    expect(next % 1024).toBe(0);
    expect(next).toBeGreaterThan(1_000_000_000_000);
    const across = await pull(device, 2, ASKED);
    expect((across.body as unknown as PullResponse).bundles).toMatchObject([
      { bundle_seq: next, previous_bundle_seq: 2 },
    ]);
    expect(await pull(device, 3)).toMatchObject({ status: 409, body: { error: 'history_pruned' } });
    expect(await pull(device, next - 1)).toMatchObject({ body: { error: 'history_pruned' } });
    const target = await device.pull(2, '&target_bundle_seq=5');
    expect(target).toMatchObject({ status: 409, body: { error: 'history_pruned' } });
    const rows = await device.call('GET', '/sync/committed-bundles/7/rows');
    expect(rows).toMatchObject({ status: 409, body: { error: 'history_pruned' } });
    expect((await push(device)).body['bundle_seq']).toBe(next + 1);
  });

  test('[PULL-51] who names another epoch is told what both histories share, before anything else', async () => {
    const device = await joinedDevice(server);
    await push(device);
    const epoch = await firstEpoch(device);
    await push(device);
    const headers = { ...ASKED, 'oversync-server-epoch': epoch };
    expect((await pull(device, 0, headers)).status).toBe(200);
    await beginServerEpoch(server.sql);
    await push(device);
    const current = await beginServerEpoch(server.sql);
    const expected = {
      status: 409,
      body: {
        error: 'server_epoch_changed',
        server_epoch: current,
        epoch_base_bundle_seq: 2,
        restore_policy: 'reoffer',
      },
    };
    expect(await pull(device, 1, headers)).toMatchObject(expected);
    expect(await device.call('POST', '/sync/connect', {}, headers)).toMatchObject(expected);
    expect(await push(device, headers)).toMatchObject(expected);
    const snapshot = await device.call('POST', '/sync/snapshot-sessions', {}, headers);
    expect(snapshot).toMatchObject(expected);
    const rows = [insert('list_items', listItem())];
    const single = await device.call(
      'POST',
      '/sync/push',
      { source_bundle_id: 4, canonical_request_hash: canonicalRequestHash(rows).hash, rows },
      headers,
    );
    expect(single).toMatchObject(expected);
    const unknown = { ...ASKED, 'oversync-server-epoch': 'another' };
    expect((await pull(device, 1, unknown)).body['epoch_base_bundle_seq']).toBeNull();
    const unasked = { 'oversync-server-epoch': epoch };
    expect((await pull(device, 1, unasked)).status).toBe(200);
  });

  test('[PULL-52] a household that the restore lost begins again above every number it ever had', async () => {
    const epochs = await joinedDevice(server);
    await push(epochs);
    const epoch = await firstEpoch(epochs);
    await beginServerEpoch(server.sql);
    const device = await joinedDevice(server);
    const first = Number((await push(device)).body['bundle_seq']);
    expect(first).toBeGreaterThan(1_000_000_000_000);
    expect(await pull(device, 5)).toMatchObject({ status: 409, body: { error: 'history_pruned' } });
    expect((await pull(device, 0)).body['stable_bundle_seq']).toBe(first);
    const headers = { ...ASKED, 'oversync-server-epoch': epoch };
    expect((await pull(device, 5, headers)).body['epoch_base_bundle_seq']).toBe(0);
  });

  test('[OPS-104] the same cluster at the next start keeps the epoch, another one begins the next', async () => {
    const count = async () => (await server.sql`select 1 from sync.server_epoch`).length;
    const pool: Pool = {
      sql: server.sql,
      withPermit: (work) => work(),
      close: async () => undefined,
    };
    await installSync(pool, kitchenSync);
    expect(await count()).toBe(1);
    await server.sql`update sync.server_epoch set system_identifier = '1'`;
    await installSync(pool, kitchenSync);
    expect(await count()).toBe(2);
    await installSync(pool, kitchenSync);
    expect(await count()).toBe(2);
  });

  test('[PULL-420] a commit or a new household that meets the beginning of an epoch ends on one side of its gap', async () => {
    const held = await startHeldServer();
    try {
      const device = await joinedDevice(held.server);
      await push(device);
      const rows = [insert('list_items', listItem())];
      const tuple = {
        source_bundle_id: 2,
        canonical_request_hash: canonicalRequestHash(rows).hash,
        rows,
      };
      const pushed = await held.beginEpochBeforeCommitOf(() =>
        device.call('POST', '/sync/push', tuple),
      );
      expect(pushed.status).toBe(200);
      const latest = 2;
      expect(await pull(device, latest)).toMatchObject({
        status: 200,
        body: { stable_bundle_seq: latest },
      });
      const after = await device.push([insert('list_items', listItem())], { id: 3 });
      const next = Number(after.body['bundle_seq']);
      expect(next % 1024).toBe(0);
      expect((await pull(device, latest + 1)).body).toMatchObject({ error: 'history_pruned' });

      const fresh = createDevice(held.server);
      await held.beginEpochBeforeCommitOf(() => fresh.connect());
      const first = Number((await push(fresh)).body['bundle_seq']);
      expect(first % 1024).toBe(0);
      expect((await pull(fresh, 5)).body).toMatchObject({ error: 'history_pruned' });
    } finally {
      await held.server.close();
    }
  });

  test('[PULL-53] a checkpoint ahead is counted, and tells who knows epochs how far the history goes', async () => {
    const device = await joinedDevice(server);
    await push(device);
    expect((await pull(device, 9)).body).not.toHaveProperty('latest_bundle_seq');
    expect((await pull(device, 9, ASKED)).body['latest_bundle_seq']).toBe(1);
    expect(server.service.counters.checkpointAhead).toBe(2);
  });
});
