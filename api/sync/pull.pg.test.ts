/** Pull and the push in one request: ceilings, boundaries, budgets, notes (protocol.md §6, §13). */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { insert, listItem, recipe, update } from '../../test/contract/kitchen-rows.ts';
import {
  type SyncServer,
  type TestDevice,
  createDevice,
  joinedDevice,
  startSyncServer,
} from '../../test/contract/sync-server.ts';
import { limits } from '../../shared/limits.ts';
import { bundleHash, canonicalRequestHash } from '../../shared/protocol/bundle-hash.ts';
import type { PullResponse } from '../../shared/protocol/pull.ts';
import type { SinglePushResponse } from '../../shared/protocol/push.ts';
import type { PushRequestRow } from '../../shared/protocol/shapes.ts';

let server: SyncServer;

beforeAll(async () => {
  server = await startSyncServer({
    limits: { ...limits, pull: { ...limits.pull, pageBytesMax: 3000 } },
  });
});

afterAll(() => server.close());

const numbersOf = (body: object): number[] =>
  (body as PullResponse).bundles.map((bundle) => bundle.bundle_seq);

async function deviceWithBundles(count: number): Promise<TestDevice> {
  const device = await joinedDevice(server);
  for (let bundle = 0; bundle < count; bundle += 1)
    await device.push([insert('recipes', recipe())]);
  return device;
}

describe('pull', () => {
  test('[PULL-3] the ceiling stays frozen over pages while others commit', async () => {
    const device = await deviceWithBundles(3);
    const first = await device.pull(0, '&max_bundles=2');
    expect(first.body).toMatchObject({ stable_bundle_seq: 3, has_more: true });
    expect(numbersOf(first.body)).toEqual([1, 2]);
    await device.push([insert('recipes', recipe())]);
    const second = await device.pull(2, '&max_bundles=2&target_bundle_seq=3');
    expect(second.body).toMatchObject({ stable_bundle_seq: 3, has_more: false });
    expect(numbersOf(second.body)).toEqual([3]);
    expect((await device.pull(4)).body).toEqual({
      stable_bundle_seq: 4,
      bundles: [],
      has_more: false,
    });
  });

  test('[PULL-4] a page is cut by bytes, but always brings one whole bundle', async () => {
    const device = await joinedDevice(server);
    const large = () => recipe({ notes: 'x'.repeat(5000) });
    await device.push([insert('recipes', large())]);
    await device.push([insert('recipes', recipe())]);
    await device.push([insert('recipes', recipe())]);
    const pages: number[][] = [];
    for (let after = 0; after < 3;) {
      const { body } = await device.pull(after);
      pages.push(numbersOf(body));
      after = numbersOf(body).at(-1) ?? 3;
      expect(body['has_more']).toBe(after < 3);
    }
    expect(pages).toEqual([[1], [2, 3]]);
  });

  const boundaries: readonly (readonly [string, number, string, number, string | null])[] = [
    ['below the floor', 0, '', 409, 'history_pruned'],
    ['at the floor', 2, '', 200, null],
    ['at the latest', 4, '', 200, null],
    ['ahead', 5, '', 409, 'checkpoint_ahead'],
    ['target below the floor', 2, '&target_bundle_seq=1', 409, 'history_pruned'],
    ['target below the checkpoint', 4, '&target_bundle_seq=3', 400, 'invalid_request'],
    ['target ahead', 2, '&target_bundle_seq=5', 409, 'checkpoint_ahead'],
    ['no bundles wanted', 2, '&max_bundles=0', 400, 'invalid_request'],
    ['too many bundles', 2, '&max_bundles=5001', 400, 'invalid_request'],
    ['no number', 2, '&max_bundles=1.5', 400, 'invalid_request'],
  ];
  test.each(boundaries)(
    '[PULL-5] a checkpoint %s is answered by the table',
    async (_name, after, query, status, error) => {
      const device = await deviceWithBundles(4);
      await server.sql`update sync.scope set retained_bundle_floor = 2 where scope_id = ${device.householdId}`;
      const answer = await device.pull(after, query);
      expect([answer.status, answer.body['error'] ?? null]).toEqual([status, error]);
    },
  );
});

describe('a push in one request', () => {
  const pushOnce = (device: TestDevice, rows: readonly PushRequestRow[], more: object) =>
    device.call('POST', '/sync/push', {
      canonical_request_hash: canonicalRequestHash(rows).hash,
      rows,
      ...more,
    });

  test('[PUSH-22] it commits, brings what peers did, and repeats its answer', async () => {
    const ana = await joinedDevice(server);
    const ben = createDevice(server, { householdId: ana.householdId });
    await ben.push([insert('recipes', recipe())]);
    const rows = [insert('list_items', listItem())];
    const answer = await pushOnce(ana, rows, { source_bundle_id: 1, after_bundle_seq: 0 });
    const body = answer.body as unknown as SinglePushResponse;
    expect(answer.status).toBe(200);
    expect(body).toMatchObject({
      status: 'committed',
      bundle_seq: 2,
      stable_bundle_seq: 2,
      has_more: false,
    });
    expect(numbersOf(body)).toEqual([1, 2]);
    expect(bundleHash(body.bundles[1]?.rows ?? []).hash).toBe(body.bundle_hash);
    const again = await pushOnce(ana, rows, { source_bundle_id: 1 });
    expect(again.body).toMatchObject({ status: 'already_committed', bundle_seq: 2 });
    expect(numbersOf(again.body)).toEqual([2]);
    const throughSessions = await ana.push(rows, { id: 1 });
    expect(throughSessions.body).toMatchObject({ status: 'already_committed', bundle_seq: 2 });
  });

  test('[PUSH-23] it refuses as the sessions do, and writes nothing', async () => {
    const device = await deviceWithBundles(1);
    const row = insert('list_items', listItem());
    const cases: readonly (readonly [object, number, string])[] = [
      [{ source_bundle_id: 2, after_bundle_seq: 9 }, 409, 'checkpoint_ahead'],
      [{ source_bundle_id: 5 }, 409, 'source_sequence_out_of_order'],
      [{ source_bundle_id: 0 }, 400, 'push_session_invalid'],
      [{ source_bundle_id: 2, canonical_request_hash: 'b'.repeat(64) }, 400, 'push_commit_invalid'],
      [{ source_bundle_id: 2, rows: [] }, 400, 'push_chunk_invalid'],
      [{ source_bundle_id: 2, rows: {} }, 400, 'invalid_request'],
      [{ source_bundle_id: 2, after_bundle_seq: -1 }, 400, 'invalid_request'],
    ];
    for (const [more, status, error] of cases) {
      expect(await pushOnce(device, [row], more)).toMatchObject({ status, body: { error } });
    }
    const conflicting = [update('list_items', listItem().id, 1, { title: 'x' })];
    expect(await pushOnce(device, conflicting, { source_bundle_id: 2 })).toMatchObject({
      status: 409,
      body: { error: 'push_conflict', conflict: { server_row: null } },
    });
    const refused = [insert('recipes', recipe({ servings: '0' }))];
    expect(await pushOnce(device, refused, { source_bundle_id: 2 })).toMatchObject({
      status: 400,
      body: { error: 'push_commit_invalid', rejection: { constraint: 'check', row_ordinal: 0 } },
    });
    expect((await device.pull()).body['stable_bundle_seq']).toBe(1);
    const [left] =
      await server.sql`select count(*)::int as n from sync.push_session where scope_id = ${device.householdId}`;
    expect(left?.['n']).toBe(0);
  });

  test('[PUSH-404] a checkpoint ahead is said before anything about source and scope, and after what was committed', async () => {
    const asked = { 'oversync-extensions': 'server_epoch' };
    const rows = [insert('list_items', listItem())];
    const push = (device: TestDevice, more: object) =>
      device.call(
        'POST',
        '/sync/push',
        { canonical_request_hash: canonicalRequestHash(rows).hash, rows, ...more },
        asked,
      );
    const restored = await deviceWithBundles(2);
    const retired = createDevice(server, { householdId: restored.householdId });
    await server.sql`insert into sync.source (scope_id, source_id, state)
      values (${restored.householdId}, ${retired.sourceId}, 'retired')`;
    const before = server.service.counters.checkpointAhead;
    for (const [device, latest, id] of [
      [restored, 2, 9],
      [retired, 2, 1],
      [createDevice(server), 0, 1],
    ] as const) {
      expect(await push(device, { source_bundle_id: id, after_bundle_seq: 50 })).toMatchObject({
        status: 409,
        body: { error: 'checkpoint_ahead', latest_bundle_seq: latest },
      });
    }
    expect(server.service.counters.checkpointAhead).toBe(before + 3);
    const done = await push(restored, { source_bundle_id: 3, after_bundle_seq: 2 });
    const again = await push(restored, { source_bundle_id: 3, after_bundle_seq: 50 });
    expect(again.body).toMatchObject({
      status: 'already_committed',
      bundle_hash: done.body['bundle_hash'],
    });
  });

  test('[PUSH-24] a checkpoint whose history is gone does not stop the push', async () => {
    const device = await deviceWithBundles(2);
    await server.sql`update sync.scope set retained_bundle_floor = 1 where scope_id = ${device.householdId}`;
    const answer = await pushOnce(device, [insert('list_items', listItem())], {
      source_bundle_id: 3,
      after_bundle_seq: 0,
    });
    expect(answer.body).toMatchObject({
      status: 'committed',
      bundles: [],
      has_more: true,
      catch_up_error: 'history_pruned',
    });
  });

  test('[PUSH-25] a note travels only to who asks, and is part of no hash', async () => {
    const device = await joinedDevice(server);
    const asked = { 'oversync-extensions': 'bundle_notes' };
    const rows = [insert('list_items', listItem())];
    const body = {
      source_bundle_id: 1,
      canonical_request_hash: canonicalRequestHash(rows).hash,
      note: { action: 'list.add', label: 'Added Milk' },
      rows,
    };
    expect((await device.call('POST', '/sync/push', body, asked)).status).toBe(200);
    const [plain] = ((await device.pull()).body as unknown as PullResponse).bundles;
    expect(plain).not.toHaveProperty('note');
    const noted = await device.call('GET', '/sync/pull?include=notes', undefined, asked);
    const [withNote] = (noted.body as unknown as PullResponse).bundles;
    expect(withNote).toEqual({ ...plain, note: body.note });
    for (const note of [
      {},
      { label: 'x'.repeat(201) },
      { action: 'List' },
      { label: 'a', more: 1 },
      'text',
    ]) {
      const refused = await device.call(
        'POST',
        '/sync/push',
        { ...body, source_bundle_id: 2, note },
        asked,
      );
      expect(refused).toMatchObject({ status: 400, body: { error: 'push_session_invalid' } });
    }
    const other = await device.call('GET', '/sync/pull?include=all', undefined, asked);
    expect(other).toMatchObject({ status: 400, body: { error: 'invalid_request' } });
  });

  test('[PUSH-402] a note with half a character is malformed, in a session and in one request', async () => {
    const device = await joinedDevice(server);
    const asked = { 'oversync-extensions': 'bundle_notes' };
    const rows = [insert('list_items', listItem())];
    const tuple = {
      source_bundle_id: 1,
      canonical_request_hash: canonicalRequestHash(rows).hash,
    };
    for (const label of ['\ud800', 'a\udc00', '\udc00\ud800']) {
      for (const [path, more] of [
        ['/sync/push-sessions', { planned_row_count: 1 }],
        ['/sync/push', { rows }],
      ] as const) {
        const body = { ...tuple, ...more, note: { label } };
        expect(await device.call('POST', path, body, asked)).toMatchObject({
          status: 400,
          body: { error: 'push_session_invalid' },
        });
      }
    }
    const whole = await device.call(
      'POST',
      '/sync/push',
      { ...tuple, rows, note: { label: '😀' } },
      asked,
    );
    expect(whole.status).toBe(200);
  });

  test('[PUSH-403] what a push in one request asks to include is exactly notes, or is left out', async () => {
    const device = await joinedDevice(server);
    const asked = { 'oversync-extensions': 'bundle_notes' };
    const rows = [insert('list_items', listItem())];
    const body = {
      source_bundle_id: 1,
      canonical_request_hash: canonicalRequestHash(rows).hash,
      note: { action: 'list.add' },
      rows,
    };
    for (const include of [[], ['rows'], ['notes', 'notes'], 'notes', null]) {
      expect(await device.call('POST', '/sync/push', { ...body, include }, asked)).toMatchObject({
        status: 400,
        body: { error: 'invalid_request' },
      });
    }
    const noteOf = async (more: object): Promise<unknown> => {
      const answer = await device.call('POST', '/sync/push', { ...body, ...more }, asked);
      return (answer.body as unknown as SinglePushResponse).bundles[0]?.note ?? null;
    };
    expect(await noteOf({})).toBeNull();
    expect(await noteOf({ include: ['notes'] })).toEqual(body.note);
  });
});
