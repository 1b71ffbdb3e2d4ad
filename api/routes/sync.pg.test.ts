/** HTTP rules of the sync routes, watch streams, and what one household can learn of another. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { insert, listItem, recipe, remove, update } from '../../test/contract/kitchen-rows.ts';
import {
  type SyncServer,
  type TestDevice,
  createDevice,
  freshUuid,
  joinedDevice,
  startSyncServer,
} from '../../test/contract/sync-server.ts';
import { limits } from '../../shared/limits.ts';
import { capabilitiesResponse } from '../../shared/protocol/capabilities.ts';
import { errorCodes, isErrorCode } from '../../shared/protocol/errors.ts';

let server: SyncServer;

beforeAll(async () => {
  server = await startSyncServer({
    limits: {
      ...limits,
      watch: { ...limits.watch, heartbeatMs: 40, recheckMs: 30, streamsPerAccountMax: 2 },
    },
  });
});

afterAll(() => server.close());

describe('requests', () => {
  test('[OPS-3] unknown paths and methods are answered in the error shape', async () => {
    const device = createDevice(server);
    expect(await device.call('GET', '/sync/nothing')).toMatchObject({
      status: 404,
      body: { error: 'not_found' },
    });
    const wrong = await device.call('PUT', '/sync/pull');
    expect(wrong).toMatchObject({ status: 405, body: { error: 'method_not_allowed' } });
    expect(wrong.headers.get('allow')).toBe('GET');
    const session = await device.call('PATCH', `/sync/snapshot-sessions/${freshUuid()}`);
    expect(session.headers.get('allow')?.split(', ').toSorted()).toEqual(['DELETE', 'GET']);
  });

  test('[AUTH-1] nobody, no household, no source and a foreign household are told apart', async () => {
    const device = await joinedDevice(server);
    const raw = (headers: Record<string, string>) => server.request('/sync/pull', { headers });
    const codeOf = async (response: Response) =>
      ((await response.json()) as { error: string }).error;
    const source = { 'oversync-source-id': device.sourceId };
    const account = { 'x-test-account': 'a', authorization: 'Bearer t' };
    expect(await codeOf(await raw(source))).toBe('authentication_failed');
    expect(await codeOf(await raw({ ...source, ...account }))).toBe('scope_forbidden');
    const member = { ...account, 'x-test-household': device.householdId };
    for (const id of [
      undefined,
      '',
      'a b',
      'x'.repeat(257),
      'server:jobs',
      'oversync-adoption:1',
      'é',
    ]) {
      const headers = id === undefined ? member : { ...member, 'oversync-source-id': id };
      expect(await codeOf(await raw(headers))).toBe('invalid_request');
    }
    const expecting = { ...member, ...source, 'oversync-expect-user': freshUuid() };
    expect(await codeOf(await raw(expecting))).toBe('user_mismatch');
    const right = { ...expecting, 'oversync-expect-user': device.householdId };
    expect((await raw(right)).status).toBe(200);
  });

  test('[AUTH-2] a cookie request comes from our own origin or not at all', async () => {
    const device = await joinedDevice(server);
    const send = async (method: string, headers: Record<string, string>) => {
      const response = await server.request(method === 'GET' ? '/sync/pull' : '/sync/connect', {
        method,
        headers: {
          'x-test-account': 'a',
          'x-test-household': device.householdId,
          'oversync-source-id': device.sourceId,
          ...headers,
        },
      });
      return response.status;
    };
    expect(await send('GET', {})).toBe(200);
    expect(await send('POST', {})).toBe(403);
    expect(await send('POST', { 'sec-fetch-site': 'same-origin' })).toBe(200);
    expect(await send('POST', { origin: 'http://localhost' })).toBe(200);
    expect(await send('POST', { origin: 'http://evil.test' })).toBe(403);
    expect(await send('POST', { origin: 'http://localhost', 'sec-fetch-site': 'same-site' })).toBe(
      403,
    );
    expect(await send('GET', { 'sec-fetch-site': 'cross-site' })).toBe(403);
    expect(await send('POST', { origin: 'http://evil.test', authorization: 'Bearer t' })).toBe(200);
  });

  test('[OPS-4] bodies are bounded, and what is not a JSON object is refused', async () => {
    const device = await joinedDevice(server);
    const large = JSON.stringify({ padding: 'x'.repeat(limits.request.bodyBytesMax) });
    expect(await device.call('POST', '/sync/connect', large)).toMatchObject({
      status: 413,
      body: { error: 'request_too_large' },
    });
    const deep = '{"a":'.repeat(70) + '1' + '}'.repeat(70);
    for (const body of ['{', '[]', '1', '"x"', 'null', deep]) {
      expect(await device.call('POST', '/sync/connect', body)).toMatchObject({
        status: 400,
        body: { error: 'invalid_request' },
      });
    }
    const polluted = await device.call(
      'POST',
      '/sync/connect',
      '{"__proto__":{"has_local_pending_rows":true}}',
    );
    expect(polluted.body).toEqual({ resolution: 'remote_authoritative' });
  });

  test('[OPS-5] every answer forbids caching, and large ones are compressed only when asked', async () => {
    const device = await joinedDevice(server);
    await device.push(Array.from({ length: 20 }, () => insert('list_items', listItem())));
    for (const path of [
      '/sync/pull',
      '/sync/nothing',
      '/sync/pull?max_bundles=x',
      '/syncx/health',
    ]) {
      const { headers } = await device.call('GET', path);
      expect(headers.get('cache-control')).toBe('no-store');
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('vary')).toContain('Authorization, Cookie, Accept-Encoding');
      expect(headers.get('x-request-id')).not.toBeNull();
      expect(headers.get('content-encoding')).toBeNull();
    }
    const encodingOf = async (accepted: string) => {
      const response = await server.request('/sync/pull', {
        headers: {
          'x-test-account': 'a',
          'x-test-household': device.householdId,
          'oversync-source-id': device.sourceId,
          'accept-encoding': accepted,
        },
      });
      await response.arrayBuffer();
      return response.headers.get('content-encoding');
    };
    expect(await encodingOf('gzip, identity')).toBe('gzip');
    expect(await encodingOf('gzip, br')).toBe('br');
    expect(await encodingOf('br;q=0, identity')).toBeNull();
  });

  test('[OPS-6] capabilities are plain unless extensions are asked for', async () => {
    const device = createDevice(server);
    const plain = await device.call('GET', '/sync/capabilities');
    const parsed = capabilitiesResponse.parse(plain.body);
    expect(parsed).toMatchObject({ protocol_version: 'v1', app_name: 'larder', schema_version: 1 });
    expect(parsed.registered_tables).toHaveLength(14);
    expect(parsed.registered_tables).toEqual(parsed.registered_tables?.toSorted());
    expect(plain.body).not.toHaveProperty('extensions');
    expect(parsed.features).not.toHaveProperty('single_request_push');
    const asked = await device.call('GET', '/sync/capabilities', undefined, {
      'oversync-extensions': '*',
    });
    expect(asked.body).toMatchObject({
      features: {
        single_request_push: true,
        all_conflicts: true,
        push_rejections: true,
        bundle_notes: true,
        expected_user: true,
      },
      extensions: { single_request_push: { max_rows: 2000 } },
    });
  });

  test('[OPS-7] health and status say nothing about users, and everything is 503 once stopped', async () => {
    const other = await startSyncServer();
    try {
      const device = createDevice(other);
      const status = await device.call('GET', '/syncx/status');
      expect(Object.keys(status.body).toSorted()).toEqual([
        'accepting_operations',
        'app_name',
        'features',
        'lifecycle',
        'status',
        'version',
      ]);
      expect((await device.call('GET', '/syncx/health')).status).toBe(200);
      await other.service.stop();
      const refused = await device.call('POST', '/sync/connect', {});
      expect(refused).toMatchObject({ status: 503, body: { error: 'service_unavailable' } });
      expect(refused.headers.get('retry-after')).toBe('1');
      expect((await device.call('GET', '/syncx/health')).status).toBe(503);
    } finally {
      await other.close();
    }
  });
});

interface Stream {
  readonly status: number;
  readonly reader: ReadableStreamDefaultReader<Uint8Array>;
  /** Reads until the text so far holds `wanted`, or the stream ends. */
  until(wanted: string): Promise<string>;
}

async function watch(
  device: TestDevice,
  after: number,
  more: Record<string, string> = {},
): Promise<Stream> {
  const response = await server.request(`/sync/watch?after_bundle_seq=${String(after)}`, {
    headers: {
      'x-test-account': `account-of-${device.householdId}`,
      'x-test-household': device.householdId,
      'oversync-source-id': device.sourceId,
      ...more,
    },
  });
  const reader = (response.body ?? new ReadableStream<Uint8Array>()).getReader();
  let text = '';
  return {
    status: response.status,
    reader,
    until: async (wanted) => {
      while (!text.includes(wanted)) {
        const { done, value } = await reader.read();
        if (done) return `${text}<end>`;
        text += new TextDecoder().decode(value);
      }
      return text;
    },
  };
}

describe('watch', () => {
  test('[PULL-6] a stream says at once what it missed, then every commit, and beats in between', async () => {
    const device = await joinedDevice(server);
    await device.push([insert('list_items', listItem())]);
    const stream = await watch(device, 0);
    expect(await stream.until('"bundle_seq":1}')).toContain(
      'event: bundle\ndata: {"bundle_seq":1}\n\n',
    );
    await stream.until(': heartbeat');
    await device.push([insert('list_items', listItem())]);
    const hint = `data: {"bundle_seq":2,"source_id":"${device.sourceId}","source_bundle_id":2}\n\n`;
    expect(await stream.until(hint)).toContain(hint);
    await stream.reader.cancel();
  });

  test('[PULL-7] a checkpoint that is ahead is told the latest number, an equal one nothing', async () => {
    const device = await joinedDevice(server);
    await device.push([insert('list_items', listItem())]);
    const ahead = await watch(device, 9);
    expect(await ahead.until('bundle_seq')).toContain('"bundle_seq":1');
    const equal = await watch(createDevice(server, { householdId: device.householdId }), 1);
    expect(await equal.until(': heartbeat')).not.toContain('event');
    await ahead.reader.cancel();
    await equal.reader.cancel();
  });

  test('[PULL-8] the newest stream of a source ends its older one, and quotas are kept', async () => {
    const device = await joinedDevice(server);
    const first = await watch(device, 0);
    const second = await watch(device, 0);
    expect(await first.until('never')).toContain('<end>');
    const peers = [1, 2].map(() => createDevice(server, { householdId: device.householdId }));
    const third = await watch(peers[0] ?? device, 0);
    const refused = await watch(peers[1] ?? device, 0);
    expect([third.status, refused.status]).toEqual([200, 503]);
    await second.reader.cancel();
    await third.reader.cancel();
    expect((await watch(peers[1] ?? device, 0)).status).toBe(200);
  });
});

describe('ended sessions', () => {
  test('[AUTH-6] a stream ends by itself when its session ended, commits or not', async () => {
    const device = await joinedDevice(server);
    const stream = await watch(device, 0);
    await stream.until(': heartbeat');
    server.revoke(`account-of-${device.householdId}`);
    expect(await stream.until('never')).toContain('<end>');
    expect((await device.pull()).status).toBe(401);
  });
});

describe('two households', () => {
  test('[AUTH-3] ids of another household are as unknown as ids of nobody, by every endpoint', async () => {
    const ana = await joinedDevice(server);
    const ben = await joinedDevice(server);
    const soup = recipe({ title: 'Secret soup' });
    await ana.push([insert('recipes', soup)]);
    const created = await ana.call('POST', '/sync/push-sessions', {
      source_bundle_id: 2,
      planned_row_count: 1,
      canonical_request_hash: 'a'.repeat(64),
    });
    const snapshot = await ana.call('POST', '/sync/snapshot-sessions');
    const pushId = String(created.body['push_id']);
    const snapshotId = String(snapshot.body['snapshot_id']);
    const chunk = { start_row_ordinal: 0, rows: [insert('recipes', recipe())] };
    const probes: readonly (readonly [string, (id: string) => string, string, unknown?])[] = [
      ['POST', (id) => `/sync/push-sessions/${id}/chunks`, pushId, chunk],
      ['POST', (id) => `/sync/push-sessions/${id}/commit`, pushId],
      ['DELETE', (id) => `/sync/push-sessions/${id}`, pushId],
      ['GET', (id) => `/sync/snapshot-sessions/${id}`, snapshotId],
      ['DELETE', (id) => `/sync/snapshot-sessions/${id}`, snapshotId],
    ];
    for (const [method, path, id, body] of probes) {
      const foreign = await ben.call(method, path(id), body);
      const nobody = await ben.call(method, path(freshUuid()), body);
      expect([foreign.status, foreign.body]).toEqual([nobody.status, nobody.body]);
      expect(foreign.status).toBe(404);
    }
    expect((await ben.call('GET', '/sync/committed-bundles/1/rows')).status).toBe(404);
    expect((await ben.pull()).body).toEqual({ stable_bundle_seq: 0, bundles: [], has_more: false });
    // The same row key, the same tuple and a reference across: each household is alone.
    expect(await ben.push([update('recipes', soup.id, 1, { title: 'x' })])).toMatchObject({
      status: 409,
      body: { error: 'push_conflict', conflict: { server_row: null, server_row_version: 0 } },
    });
    expect((await ben.push([remove('recipes', soup.id, 1)])).status).toBe(409);
    const across = await ben.push([insert('plan_entries', { ...planned(), recipe_id: soup.id })]);
    expect(across).toMatchObject({
      status: 400,
      body: { rejection: { constraint: 'foreign_key' } },
    });
    expect((await ben.push([insert('recipes', { ...soup, title: 'Mine' })])).status).toBe(200);
    const twin = createDevice(server, { householdId: ben.householdId, sourceId: ana.sourceId });
    expect((await twin.push([insert('list_items', listItem())])).status).toBe(200);
    const anaNow = JSON.stringify((await ana.pull()).body);
    expect(anaNow).toContain('Secret soup');
    expect(anaNow).not.toContain('Mine');
    expect(JSON.stringify((await ben.pull()).body)).not.toContain('Secret');
  });

  test('[AUTH-4] row-level security alone hides and protects another household', async () => {
    const ana = await joinedDevice(server);
    await ana.push([insert('recipes', recipe())]);
    const { sql } = server;
    const asApp = (scopeId: string, statement: string) =>
      sql.begin(async (tx) => {
        await tx`select set_config('role', 'larder_app', true), set_config('sync.scope_id', ${scopeId}, true)`;
        return tx.unsafe(statement);
      });
    const count = 'select count(*)::int as n from larder.recipes';
    expect((await asApp(ana.householdId, count))[0]?.['n']).toBe(1);
    expect((await asApp(freshUuid(), count))[0]?.['n']).toBe(0);
    expect((await asApp('', count))[0]?.['n']).toBe(0);
    const deleted = await asApp(freshUuid(), 'delete from larder.recipes returning 1');
    expect(deleted).toHaveLength(0);
    await expect(
      asApp(
        freshUuid(),
        `insert into larder.tags (_sync_scope_id, id, name, name_key, hue, created_at, edited_at)
        values ('${ana.householdId}', '${freshUuid()}', 'x', 'x', 1, now(), now())`,
      ),
    ).rejects.toMatchObject({ code: '42501' });
  });

  test('[AUTH-5] the scope in every statement alone keeps households apart', async () => {
    const alone = await startSyncServer({ withSecondWall: false });
    try {
      const ana = await joinedDevice(alone);
      const ben = await joinedDevice(alone);
      const soup = recipe({ title: 'Secret soup' });
      await ana.push([insert('recipes', soup)]);
      await ben.push([insert('recipes', { ...soup, title: 'Mine' })]);
      await ben.push([remove('recipes', soup.id, 1)]);
      const seen = JSON.stringify((await ben.pull()).body);
      expect(seen).not.toContain('Secret');
      const snapshot = await ana.call('POST', '/sync/snapshot-sessions');
      expect(snapshot.body['row_count']).toBe(2);
    } finally {
      await alone.close();
    }
  });
});

const planned = () => ({
  id: freshUuid(),
  day: '2026-11-24',
  meal: 'dinner',
  title: 'Soup',
  servings: '2',
  position: 'a0',
  created_at: '2026-11-20T10:00:00Z',
  edited_at: '2026-11-20T10:00:00Z',
});

test('[OPS-8] every error code has a status of the protocol and a meaning', () => {
  for (const [code, { status, meaning }] of Object.entries(errorCodes)) {
    expect(isErrorCode(code)).toBe(true);
    expect([400, 401, 403, 404, 405, 409, 410, 413, 429, 500, 503]).toContain(status);
    expect(meaning.length).toBeGreaterThan(10);
  }
  expect(isErrorCode('toString')).toBe(false);
});
