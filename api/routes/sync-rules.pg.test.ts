/** Promises of the routes that stand in no other file: what is off, what is asked, what is odd. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { insert, listItem, recipe } from '../../test/contract/kitchen-rows.ts';
import {
  type SyncServer,
  createDevice,
  freshUuid,
  joinedDevice,
  startSyncServer,
} from '../../test/contract/sync-server.ts';
import { canonicalRequestHash } from '../../shared/protocol/bundle-hash.ts';
import type { PushRequestRow } from '../../shared/protocol/shapes.ts';
import { createSyncRoutes } from './sync.ts';

let server: SyncServer;

beforeAll(async () => {
  server = await startSyncServer();
});

afterAll(() => server.close());

const pushBody = (rows: readonly PushRequestRow[], id = 1) => ({
  source_bundle_id: id,
  canonical_request_hash: canonicalRequestHash(rows).hash,
  rows,
});

describe('stopping', () => {
  test('[OPS-246] once the service stops, every path and method below /sync is 503, known or not', async () => {
    const stopped = await startSyncServer();
    const device = await joinedDevice(stopped);
    await stopped.service.stop();
    const id = freshUuid();
    for (const [method, path] of [
      ['GET', '/sync/nothing'],
      ['DELETE', '/sync/pull'],
      ['GET', '/sync/capabilities'],
      ['GET', '/sync/watch'],
      ['POST', '/sync/connect'],
      ['POST', '/sync/push'],
      ['POST', `/sync/push-sessions/${id}/commit`],
      ['GET', `/sync/snapshot-sessions/${id}/stream`],
    ] as const) {
      const answer = await device.call(method, path);
      expect([path, answer.status, answer.headers.get('retry-after')]).toEqual([path, 503, '1']);
      expect(answer.body['error']).toBe('service_unavailable');
    }
    await stopped.close();
  });

  test('[OPS-251] what was in flight when the service stops is finished, streams end, and new work is 503 meanwhile', async () => {
    const stopping = await startSyncServer();
    const device = await joinedDevice(stopping);
    const stream = await stopping.request('/sync/watch', {
      headers: {
        'x-test-account': `account-of-${device.householdId}`,
        'x-test-household': device.householdId,
        'oversync-source-id': device.sourceId,
        authorization: 'Bearer test',
      },
    });
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    let isHeld = (): void => undefined;
    const locked = new Promise<void>((resolve) => {
      isHeld = resolve;
    });
    const holder = stopping.sql.begin(async (sql) => {
      await sql`select 1 from sync.scope where scope_id = ${device.householdId} for update`;
      isHeld();
      await held;
    });
    await locked;
    const rows = [insert('list_items', listItem())];
    const inFlight = device.call('POST', '/sync/push', pushBody(rows));
    await expect
      .poll(async () => {
        const [row] = await stopping.sql`
          select count(*)::int as n from pg_stat_activity
          where datname = current_database() and wait_event_type = 'Lock'`;
        return Number(row?.['n']);
      })
      .toBeGreaterThan(0);
    const stopped = stopping.service.stop();
    expect((await device.pull()).status).toBe(503);
    expect(await stream.text()).not.toContain('data:');
    expect(stopping.service.lifecycle()).toBe('shutting_down');
    release();
    await holder;
    expect(await inFlight).toMatchObject({ status: 200, body: { bundle_seq: 1 } });
    await stopped;
    expect(stopping.service.lifecycle()).toBe('closed');
    expect((await device.pull()).status).toBe(503);
    await stopping.close();
  });
});

describe('switches', () => {
  test('[AUTH-240] pages of other origins are answered only where the operator said so, and never with credentials', async () => {
    const routes = (allowsOtherOrigins: boolean) =>
      createSyncRoutes({
        service: server.service,
        authenticate: async () => ({ type: 'none' }),
        originsOf: () => [],
        allowsOtherOrigins,
      });
    const headers = { origin: 'https://elsewhere.example', authorization: 'Bearer x' };
    const off = await routes(false).request('/sync/pull', { method: 'OPTIONS', headers });
    expect([off.status, off.headers.get('access-control-allow-origin')]).toEqual([405, null]);
    const preflight = await routes(true).request('/sync/pull', { method: 'OPTIONS', headers });
    expect(preflight.status).toBe(204);
    expect(Object.fromEntries(preflight.headers)).toMatchObject({
      'access-control-allow-origin': '*',
      'access-control-allow-methods': 'GET, POST, DELETE, OPTIONS',
      'access-control-max-age': '600',
    });
    for (const name of ['Authorization', 'Content-Type', 'Oversync-Source-ID']) {
      expect(preflight.headers.get('access-control-allow-headers')).toContain(name);
    }
    const answer = await routes(true).request('/sync/pull', { headers });
    expect([answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([401, '*']);
    expect(answer.headers.get('access-control-expose-headers')).toBe('Retry-After, X-Request-Id');
    expect(answer.headers.has('access-control-allow-credentials')).toBe(false);
  });

  test('[AUTH-245] nothing of a stranger’s body is read, and one that says it is too large is refused first', async () => {
    let pulls = 0;
    const body = (): ReadableStream<Uint8Array> =>
      new ReadableStream(
        {
          pull: (controller) => {
            pulls += 1;
            controller.enqueue(new Uint8Array(64 * 1024));
          },
        },
        { highWaterMark: 0 },
      );
    const send = (headers: Record<string, string>) =>
      server.request(`/sync/push-sessions/${freshUuid()}/chunks`, {
        method: 'POST',
        headers: { 'oversync-source-id': 's', authorization: 'Bearer test', ...headers },
        body: body(),
        duplex: 'half',
      } as RequestInit);
    expect((await send({})).status).toBe(401);
    expect((await send({ 'x-test-account': 'ana' })).status).toBe(403);
    expect((await send({ 'content-length': '99999999999' })).status).toBe(413);
    expect(pulls).toBe(0);
    const known = { 'x-test-account': 'ana', 'x-test-household': freshUuid() };
    expect((await send(known)).status).toBe(413);
    expect(pulls).toBeGreaterThan(1);
  });

  test('[AUTH-241] the expected user counts where the extension is on, and is only a header where it is off', async () => {
    const without = await startSyncServer({ extensions: [] });
    const other = { 'oversync-expect-user': freshUuid() };
    const ask = async (on: SyncServer) =>
      (await (await joinedDevice(on)).call('GET', '/sync/pull', undefined, other)).status;
    expect([await ask(server), await ask(without)]).toEqual([409, 200]);
    await without.close();
  });

  test('[PULL-240] a host may switch watching off, or forbid it to an account, and says so in capabilities', async () => {
    const barred = freshUuid();
    const choosy = await startSyncServer({
      watchPolicy: (accountId) => (accountId === `account-of-${barred}` ? 'forbidden' : 'allowed'),
    });
    const off = await startSyncServer({ watchPolicy: () => 'disabled' });
    const feature = async (device: Awaited<ReturnType<typeof joinedDevice>>) =>
      (await device.call('GET', '/sync/capabilities')).body['features'];
    const forbidden = await joinedDevice(choosy, barred);
    const allowed = await joinedDevice(choosy);
    const disabled = await joinedDevice(off);
    expect(await forbidden.call('GET', '/sync/watch')).toMatchObject({
      status: 403,
      body: { error: 'bundle_change_watch_forbidden' },
    });
    expect(await disabled.call('GET', '/sync/watch')).toMatchObject({
      status: 503,
      body: { error: 'bundle_change_watch_disabled' },
    });
    expect(await feature(forbidden)).toMatchObject({ bundle_change_watch: false });
    expect(await feature(allowed)).toMatchObject({ bundle_change_watch: true });
    expect(await feature(disabled)).toMatchObject({ bundle_change_watch: false });
    await choosy.close();
    await off.close();
  });
});

describe('refused rows', () => {
  const asked = { 'oversync-extensions': 'push_rejections' };
  const rows = [
    insert('list_items', listItem({ price_minor: '01' })),
    insert('list_items', listItem()),
    insert('recipes', recipe({ unheard_of: 'x' })),
  ];

  test('[PUSH-244] who asked for all culprits gets them from a one-request push as 409, from a chunk as 400', async () => {
    const device = await joinedDevice(server);
    const entries = [
      { row_ordinal: 0, columns: ['price_minor'], category: 'leading_zero' },
      { row_ordinal: 2, columns: ['unheard_of'], constraint: 'unknown_column' },
    ];
    const once = await device.call('POST', '/sync/push', pushBody(rows), asked);
    expect(once).toMatchObject({
      status: 409,
      body: { error: 'push_rejected', rejection_total: 2, rejections: entries },
    });
    expect(Object.keys(once.body).toSorted()).toEqual([
      'error',
      'message',
      'rejection_total',
      'rejections',
    ]);
    expect(await device.push(rows, { headers: asked })).toMatchObject({
      status: 400,
      body: { error: 'push_chunk_invalid', rejection: entries[0], rejections: entries },
    });
    expect(await device.call('POST', '/sync/push', pushBody(rows))).toMatchObject({
      status: 400,
      body: { error: 'push_chunk_invalid', rejection: entries[0] },
    });
    // What names no row of a table cannot be listed and stays a malformed chunk.
    const nameless = [{ ...insert('list_items', listItem()), table: 'nothing' }];
    expect(await device.call('POST', '/sync/push', pushBody(nameless), asked)).toMatchObject({
      status: 400,
      body: { error: 'push_chunk_invalid' },
    });
  });
});

describe('odd requests', () => {
  test('[OPS-247] segments may be percent-encoded, and what cannot be decoded is unknown', async () => {
    const device = await joinedDevice(server);
    await device.push([insert('list_items', listItem())]);
    const encoded = await device.call('GET', '/sync/committed-bundles/%31/rows');
    expect(encoded).toMatchObject({ status: 200, body: { bundle_seq: 1 } });
    const session = await device.call('POST', '/sync/snapshot-sessions');
    const id = String(session.body['snapshot_id']).replaceAll('-', '%2D');
    expect((await device.call('GET', `/sync/snapshot-sessions/${id}`)).status).toBe(200);
    for (const segment of ['%zz', '%', '%00', '..%2F..', '%C3%28', 'x'.repeat(5000)]) {
      expect([
        segment,
        (await device.call('GET', `/sync/snapshot-sessions/${segment}`)).status,
        (await device.call('POST', `/sync/push-sessions/${segment}/commit`)).status,
      ]).toEqual([segment, 404, 404]);
      expect(
        (await device.call('GET', `/sync/committed-bundles/${segment}/rows`)).body,
      ).toMatchObject({ error: 'committed_bundle_chunk_invalid' });
    }
  });

  test('[OPS-248] names that objects of JavaScript have by themselves are only strings', async () => {
    const device = await joinedDevice(server);
    const item = listItem();
    for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
      const polluted = (text: string): string =>
        text.replace('"rows":', `"${name}":{"rows":[],"admin":true},"rows":`);
      expect(
        (await device.call('POST', '/sync/connect', `{"${name}":{"has_local_pending_rows":1}}`))
          .status,
      ).toBe(200);
      for (const row of [
        { ...insert('list_items', item), table: name },
        { ...insert('list_items', item), op: name },
        { ...insert('list_items', item), schema: name },
        JSON.parse(
          JSON.stringify(insert('list_items', item)).replace('"title":', `"${name}":"x","title":`),
        ),
        JSON.parse(JSON.stringify(insert('list_items', item)).replace('"id":', `"${name}":`)),
      ]) {
        const body = JSON.stringify({ ...pushBody([]), rows: [row] });
        expect([name, await device.call('POST', '/sync/push', polluted(body))]).toMatchObject([
          name,
          { status: 400, body: { error: 'push_chunk_invalid' } },
        ]);
      }
    }
    expect(Object.hasOwn(Object.prototype, 'admin')).toBe(false);
    expect((await device.pull()).body['bundles']).toEqual([]);
  });

  test('[SNAP-240] rows of a snapshot that was dropped or replaced go at once, not with the next minute', async () => {
    const device = await joinedDevice(server);
    await device.push([insert('list_items', listItem())]);
    const create = async (): Promise<string> =>
      String((await device.call('POST', '/sync/snapshot-sessions')).body['snapshot_id']);
    const first = await create();
    const second = await create();
    const rowsOf = async (id: string): Promise<number> => {
      const [row] =
        await server.sql`select count(*)::int as n from sync.snapshot_row where snapshot_id = ${id}`;
      return Number(row?.['n']);
    };
    await expect.poll(() => rowsOf(first)).toBe(0);
    expect(await rowsOf(second)).toBeGreaterThan(0);
    expect((await device.call('DELETE', `/sync/snapshot-sessions/${second}`)).status).toBe(204);
    await expect.poll(() => rowsOf(second)).toBe(0);
    // Another source of the household reads nothing of it either.
    const peer = createDevice(server, { householdId: device.householdId });
    expect((await peer.call('GET', `/sync/snapshot-sessions/${second}`)).status).toBe(404);
  });
});
