/** What the retention job removes and what it never does (protocol.md §10.5). */
import { afterEach, describe, expect, test } from 'vitest';
import { insert, listItem, remove } from '../../test/contract/kitchen-rows.ts';
import {
  type SyncServer,
  type TestDevice,
  joinedDevice,
  startSyncServer,
} from '../../test/contract/sync-server.ts';
import { limits } from '../../shared/limits.ts';
import { canonicalRequestHash } from '../../shared/protocol/bundle-hash.ts';

const DAY_MS = 86_400_000;
let server: SyncServer;
let nowMs = Date.UTC(2026, 10, 20);

const start = async (history: Partial<Record<keyof typeof limits.history, number>>) => {
  nowMs = Date.UTC(2026, 10, 20);
  server = await startSyncServer({
    nowMs: () => nowMs,
    limits: { ...limits, history: { ...limits.history, ...history } },
  });
};

afterEach(() => server.close());

async function pushMany(device: TestDevice, count: number): Promise<void> {
  for (let index = 0; index < count; index += 1) {
    expect((await device.push([insert('list_items', listItem())])).status).toBe(200);
  }
}

async function floorOf(device: TestDevice): Promise<{ floor: number; bundles: number }> {
  const [row] = await server.sql<{ floor: number; bundles: number }[]>`
    select retained_bundle_floor::int as floor,
      (select count(*)::int from sync.bundle where scope_id = ${device.householdId}) as bundles
    from sync.scope where scope_id = ${device.householdId}`;
  return row ?? { floor: -1, bundles: -1 };
}

/** Tables of the service in which any column of any row has these words. */
async function tablesThatSay(words: string): Promise<readonly string[]> {
  const tables = await server.sql<{ name: string }[]>`
    select table_name as name from information_schema.tables
    where table_schema = 'sync' and table_type = 'BASE TABLE'`;
  const found: string[] = [];
  for (const { name } of tables) {
    const rows = await server.sql`
      select 1 from ${server.sql(`sync.${name}`)} t where t::text like ${`%${words}%`} limit 1`;
    if (rows.length > 0) found.push(name);
  }
  return found;
}

describe('history', () => {
  test('[RET-1] keeps the newest bundles and those that are young, whichever is more', async () => {
    await start({ bundlesMin: 3, ageMsMin: 30 * DAY_MS });
    const device = await joinedDevice(server);
    await pushMany(device, 5);
    await server.service.retain();
    expect(await floorOf(device)).toEqual({ floor: 0, bundles: 5 });
    nowMs += 31 * DAY_MS;
    await server.service.retain();
    expect(await floorOf(device)).toEqual({ floor: 2, bundles: 3 });
    expect(server.service.counters.prunedBundles).toBe(2);
  });

  test('[RET-2] never keeps more than the largest number, in steps of bounded size', async () => {
    await start({ bundlesMin: 1, bundlesMax: 4, stepBundlesMax: 2 });
    const device = await joinedDevice(server);
    await pushMany(device, 9);
    await server.service.retain();
    expect(await floorOf(device)).toEqual({ floor: 5, bundles: 4 });
  });

  test('[RET-3] a checkpoint below the floor is refused, one on it goes on, replays are still known', async () => {
    await start({ bundlesMin: 1, ageMsMin: 0 });
    const device = await joinedDevice(server);
    const rows = [insert('list_items', listItem())];
    const first = await device.push(rows);
    await pushMany(await joinedDevice(server, device.householdId), 3);
    nowMs += 1;
    await server.service.retain();
    expect(await floorOf(device)).toEqual({ floor: 3, bundles: 1 });
    expect(await device.pull(2)).toMatchObject({ status: 409, body: { error: 'history_pruned' } });
    expect(await device.pull(3)).toMatchObject({ status: 200, body: { stable_bundle_seq: 4 } });
    const again = await device.push(rows, { id: 1 });
    expect(again.body).toEqual({ ...first.body, status: 'already_committed' });
  });

  test('[RET-4] a live snapshot holds its bundle; once it is over the floor moves on', async () => {
    await start({ bundlesMin: 1, ageMsMin: 0 });
    const device = await joinedDevice(server);
    await pushMany(device, 2);
    const snapshot = await device.call('POST', '/sync/snapshot-sessions');
    expect(snapshot.status).toBe(200);
    await pushMany(device, 3);
    nowMs += 1;
    await server.service.retain();
    expect((await floorOf(device)).floor).toBe(2);
    await device.call('DELETE', `/sync/snapshot-sessions/${String(snapshot.body['snapshot_id'])}`);
    await server.service.retain();
    expect((await floorOf(device)).floor).toBe(4);
  });

  test('[RET-5] an old tombstone goes, and an insert that was based on it is accepted over nothing', async () => {
    await start({ bundlesMin: 1, ageMsMin: 0, tombstoneAgeMs: 180 * DAY_MS });
    const device = await joinedDevice(server);
    const item = listItem();
    await device.push([insert('list_items', item)]);
    await device.push([remove('list_items', item.id, 1)]);
    await pushMany(device, 2);
    const states = async () =>
      (
        await server.sql`select 1 from sync.row_state where scope_id = ${device.householdId} and deleted`
      ).length;
    nowMs += DAY_MS;
    await server.service.retain();
    expect(await states()).toBe(1);
    nowMs += 180 * DAY_MS;
    await server.service.retain();
    expect(await states()).toBe(0);
    const back = await device.push([insert('list_items', item, 2)]);
    expect(back).toMatchObject({ status: 200, body: { bundle_seq: 5 } });
  });

  test('[RET-6] a scope whose row is held by somebody is left for another time', async () => {
    await start({ bundlesMin: 1, ageMsMin: 0 });
    const device = await joinedDevice(server);
    await pushMany(device, 3);
    nowMs += 1;
    await server.sql.begin(async (sql) => {
      await sql`select 1 from sync.scope where scope_id = ${device.householdId} for update`;
      await server.service.retain();
    });
    expect((await floorOf(device)).floor).toBe(0);
    await server.service.retain();
    expect((await floorOf(device)).floor).toBe(2);
  });

  test('[RET-8] the note of a bundle goes with it, wherever it was kept', async () => {
    await start({ bundlesMin: 1, ageMsMin: 0 });
    const device = await joinedDevice(server);
    await pushMany(device, 1);
    const rows = [insert('list_items', listItem())];
    const noted = await device.call(
      'POST',
      '/sync/push',
      {
        source_bundle_id: 2,
        canonical_request_hash: canonicalRequestHash(rows).hash,
        after_bundle_seq: 1,
        note: { label: 'A secret surprise' },
        rows,
      },
      { 'oversync-extensions': 'single_request_push, bundle_notes' },
    );
    expect(noted.status).toBe(200);
    expect(await tablesThatSay('A secret surprise')).toEqual(['bundle']);
    await pushMany(await joinedDevice(server, device.householdId), 2);
    nowMs += 1;
    await server.service.retain();
    expect(await floorOf(device)).toEqual({ floor: 3, bundles: 1 });
    expect(await tablesThatSay('A secret surprise')).toEqual([]);
  });

  test('[RET-7] staged pushes that nobody came back to are removed', async () => {
    await start({});
    const device = await joinedDevice(server);
    const created = await device.call('POST', '/sync/push-sessions', {
      source_bundle_id: 1,
      planned_row_count: 1,
      canonical_request_hash: '0'.repeat(64),
    });
    const path = `/sync/push-sessions/${String(created.body['push_id'])}`;
    const rows = [insert('list_items', listItem())];
    await device.call('POST', `${path}/chunks`, { start_row_ordinal: 0, rows });
    nowMs += limits.push.sessionTtlMs + 1;
    await server.service.clean();
    expect(await device.call('POST', `${path}/commit`)).toMatchObject({ status: 410 });
    nowMs += limits.push.sessionTtlMs;
    await server.service.clean();
    expect(await device.call('POST', `${path}/commit`)).toMatchObject({ status: 404 });
    expect(await server.sql`select 1 from sync.push_session_row`).toHaveLength(0);
  });
});
