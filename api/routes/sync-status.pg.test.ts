/** Health, status, and the small promises of the routes around the service. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { insert, listItem, recipe } from '../../test/contract/kitchen-rows.ts';
import {
  type SyncServer,
  freshUuid,
  joinedDevice,
  startSyncServer,
} from '../../test/contract/sync-server.ts';
import { canonicalRequestHash } from '../../shared/protocol/bundle-hash.ts';
import { limits } from '../../shared/limits.ts';
import { createSyncRoutes } from './sync.ts';
import { deviceLabelOf } from './device-label.ts';

let server: SyncServer;

beforeAll(async () => {
  server = await startSyncServer({
    limits: { ...limits, singlePush: { ...limits.singlePush, responseBytesMax: 10 } },
  });
});

afterAll(() => server.close());

describe('status', () => {
  test('[OPS-103] counters are shown to the operator alone, and they are true', async () => {
    const token = 'operator-token-of-thirty-two-characters';
    const routes = createSyncRoutes({
      service: server.service,
      authenticate: async () => ({ type: 'none' }),
      originsOf: () => [],
      operatorToken: token,
    });
    const status = async (authorization?: string) => {
      const headers = authorization === undefined ? {} : { authorization };
      const response = await routes.request('/syncx/status', { headers });
      return (await response.json()) as Record<string, unknown>;
    };
    const device = await joinedDevice(server);
    const rows = [insert('list_items', listItem())];
    await device.push(rows);
    await device.push(rows, { id: 1 });
    await device.pull(9);
    await expect(
      server.sql`insert into larder.list_items (_sync_scope_id, id, title, position, created_at, edited_at)
        values (${device.householdId}, ${freshUuid()}, 'Milk', 'a0', now(), now())`,
    ).rejects.toThrow(/outside a bundle/);
    await server.service.retain();
    for (const other of [undefined, 'Bearer wrong', `Basic ${token}`, token]) {
      expect(Object.keys(await status(other)).toSorted((a, b) => (a < b ? -1 : 1))).toEqual([
        'accepting_operations',
        'app_name',
        'features',
        'lifecycle',
        'status',
        'version',
      ]);
    }
    expect(await status(`Bearer ${token}`)).toMatchObject({
      status: 'healthy',
      inflight_operations: 0,
      latest_bundle_seq_max: 1,
      retained_bundle_floor_max: 0,
      retained_bundle_window_max: 1,
      user_state_retention_floor_ahead_count: 0,
      accepted_push_replay_count: 1,
      rejected_registered_write_count: 1,
      committed_bundle_count: 1,
      checkpoint_ahead_count: 1,
    });
  });
});

describe('answers', () => {
  test('[PULL-54] an answer to a push in one request stays below its bound, if need be without a bundle', async () => {
    const device = await joinedDevice(server);
    const rows = [insert('list_items', listItem())];
    const pushed = await device.call('POST', '/sync/push', {
      source_bundle_id: 1,
      canonical_request_hash: canonicalRequestHash(rows).hash,
      after_bundle_seq: 0,
      rows,
    });
    expect(pushed).toMatchObject({
      status: 200,
      body: { status: 'committed', bundle_seq: 1, bundles: [], has_more: true },
    });
    expect(pushed.body).not.toHaveProperty('catch_up_error');
  });

  test('[PULL-55] a large answer arrives whole when it is streamed compressed', async () => {
    const device = await joinedDevice(server);
    const notes = 'é😀x'.repeat(2600);
    await device.push(Array.from({ length: 60 }, () => insert('recipes', recipe({ notes }))));
    const plain = await device.pull();
    const response = await server.request('/sync/pull', {
      headers: {
        'x-test-account': 'account',
        'x-test-household': device.householdId,
        'oversync-source-id': device.sourceId,
        authorization: 'Bearer test',
        'accept-encoding': 'gzip',
      },
    });
    expect(response.headers.get('content-encoding')).toBe('gzip');
    const body = response.body?.pipeThrough(new DecompressionStream('gzip'));
    const text = await new Response(body).text();
    expect(text.length).toBeGreaterThan(256 * 1024);
    expect(JSON.parse(text)).toEqual(plain.body);
  });

  test('[PULL-56] a watcher that is ahead of an empty history gets one hint, and then the first bundle', async () => {
    const device = await joinedDevice(server);
    const response = await server.request('/sync/watch?after_bundle_seq=7', {
      headers: {
        'x-test-account': 'account',
        'x-test-household': device.householdId,
        'oversync-source-id': freshUuid(),
        authorization: 'Bearer test',
      },
    });
    const reader = response.body?.getReader();
    const decoder = new TextDecoder();
    let text = '';
    const readUntil = async (times: number): Promise<void> => {
      while (text.split('event: bundle').length <= times) {
        text += decoder.decode((await reader?.read())?.value);
      }
    };
    await readUntil(1);
    expect(text).toContain('"bundle_seq":1}');
    await device.push([insert('list_items', listItem())]);
    await readUntil(2);
    expect(text).toContain(`"source_id":"${device.sourceId}"`);
    await reader?.cancel();
  });

  test('[OPS-111] a device is called by the family of its system and nothing finer', () => {
    const labelOf = (agent: string) =>
      deviceLabelOf(new Request('http://localhost/', { headers: { 'user-agent': agent } }));
    expect([
      labelOf('Mozilla/5.0 (Linux; Android 14; Pixel 8) Chrome/129 Mobile Safari/537.36'),
      labelOf('Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) Safari/604.1'),
      labelOf('Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Safari/605.1.15'),
      labelOf('Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Firefox/130.0'),
      labelOf('curl/8'),
    ]).toEqual(['Android phone', 'iPhone', 'Mac', 'Linux', null]);
  });
});
