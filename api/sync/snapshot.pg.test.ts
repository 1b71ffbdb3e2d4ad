/** Snapshot sessions and the rotation of sources (protocol.md §8). */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ingredient, insert, listItem, recipe } from '../../test/contract/kitchen-rows.ts';
import {
  type Answer,
  type SyncServer,
  type TestDevice,
  createDevice,
  freshUuid,
  joinedDevice,
  startSyncServer,
} from '../../test/contract/sync-server.ts';
import { limits } from '../../shared/limits.ts';
import type { PullResponse } from '../../shared/protocol/pull.ts';
import type { SnapshotRow } from '../../shared/protocol/shapes.ts';
import { scopeIdOf } from './caller.ts';

let server: SyncServer;
let nowMs = Date.parse('2026-11-22T10:00:00.000Z');

beforeAll(async () => {
  server = await startSyncServer({ nowMs: () => nowMs });
});

afterAll(() => server.close());

const create = (device: TestDevice, body?: object) =>
  device.call('POST', '/sync/snapshot-sessions', body);
const page = (device: TestDevice, id: unknown, query = '') =>
  device.call('GET', `/sync/snapshot-sessions/${String(id)}${query}`);
const rotation = (device: TestDevice, newSourceId: string, reason = 'history_pruned') => ({
  source_replacement: { previous_source_id: device.sourceId, new_source_id: newSourceId, reason },
});

describe('pages', () => {
  test('[SNAP-1] a snapshot is the rows of one number, in pages of exactly six members', async () => {
    const device = await joinedDevice(server);
    const soup = recipe();
    await device.push([
      insert('recipe_ingredients', ingredient(soup.id)),
      insert('recipes', soup),
      insert('list_items', listItem({ title: 'é😀' })),
    ]);
    const session = await create(device);
    expect(session.body).toEqual({
      snapshot_id: expect.any(String),
      snapshot_bundle_seq: 1,
      row_count: 5,
      byte_count: expect.any(Number),
      expires_at: new Date(nowMs + limits.snapshot.sessionTtlMs).toISOString(),
    });
    const id = session.body['snapshot_id'];
    // Later commits change nothing of what is frozen.
    await device.push([insert('list_items', listItem())]);
    const rows: SnapshotRow[] = [];
    let bytes = 0;
    for (let after = 0, more = true; more;) {
      const { body } = await page(device, id, `?after_row_ordinal=${String(after)}&max_rows=2`);
      expect(Object.keys(body).toSorted()).toEqual([
        'byte_count',
        'has_more',
        'next_row_ordinal',
        'rows',
        'snapshot_bundle_seq',
        'snapshot_id',
      ]);
      const pageRows = body['rows'] as SnapshotRow[];
      expect(body['byte_count']).toBe(
        pageRows.reduce((sum, row) => sum + Buffer.byteLength(JSON.stringify(row)), 0),
      );
      expect(body['next_row_ordinal']).toBe(after + pageRows.length);
      rows.push(...pageRows);
      bytes += Number(body['byte_count']);
      after = Number(body['next_row_ordinal']);
      more = body['has_more'] === true;
    }
    expect([rows.length, bytes]).toEqual([5, session.body['byte_count']]);
    const tables = rows.map((row) => row.table);
    expect(tables.indexOf('recipes')).toBeLessThan(tables.indexOf('recipe_ingredients'));
    // One renderer: the rows are spelled as in the bundle that brought them.
    const bundles = ((await device.pull()).body as unknown as PullResponse).bundles;
    for (const row of rows) {
      expect(Object.keys(row)).toEqual(['schema', 'table', 'key', 'row_version', 'payload']);
      const { op: _op, ...committed } =
        bundles[0]?.rows.find((one) => one.key['id'] === row.key['id']) ?? {};
      expect(committed).toEqual(row);
    }
  });

  test('[SNAP-2] a page stops before the row that is too large, and says what it would need', async () => {
    const device = await joinedDevice(server);
    await device.push([insert('list_items', listItem())]);
    const id = (await create(device)).body['snapshot_id'];
    const whole = await page(device, id);
    const [first] = whole.body['rows'] as SnapshotRow[];
    const needed = Buffer.byteLength(JSON.stringify(first));
    const tooSmall = await page(device, id, `?max_bytes=${String(needed - 1)}`);
    expect(tooSmall).toMatchObject({
      status: 400,
      body: { error: 'snapshot_chunk_too_small', required_byte_count: needed },
    });
    const exact = await page(device, id, `?max_bytes=${String(needed)}`);
    expect(exact.body).toMatchObject({ next_row_ordinal: 1, byte_count: needed, has_more: true });
    const end = await page(device, id, '?after_row_ordinal=2');
    expect(end.body).toMatchObject({
      rows: [],
      has_more: false,
      byte_count: 0,
      next_row_ordinal: 2,
    });
    for (const wrong of ['?max_rows=0', '?max_bytes=0', '?after_row_ordinal=-1', '?max_rows=x']) {
      expect(await page(device, id, wrong)).toMatchObject({
        status: 400,
        body: { error: 'snapshot_chunk_invalid' },
      });
    }
  });

  test('[SNAP-3] a session is its source’s own, ends by its time, and goes when deleted', async () => {
    const device = await joinedDevice(server);
    const stranger = await joinedDevice(server);
    const peer = createDevice(server, { householdId: device.householdId });
    const id = (await create(device)).body['snapshot_id'];
    expect((await page(device, id)).body).toMatchObject({
      rows: [],
      byte_count: 0,
      has_more: false,
    });
    expect(await page(peer, id)).toMatchObject({
      status: 403,
      body: { error: 'snapshot_session_forbidden' },
    });
    const unknown = await page(stranger, freshUuid());
    const foreign = await page(stranger, id);
    expect([foreign.status, foreign.body]).toEqual([404, unknown.body]);
    expect((await page(device, 'x')).status).toBe(404);
    const path = `/sync/snapshot-sessions/${String(id)}`;
    expect((await device.call('DELETE', path)).status).toBe(204);
    expect((await device.call('DELETE', path)).status).toBe(404);
    const second = (await create(device)).body['snapshot_id'];
    const third = (await create(device)).body['snapshot_id'];
    expect(await page(device, second)).toMatchObject({
      status: 410,
      body: { error: 'snapshot_session_expired' },
    });
    nowMs += limits.snapshot.sessionTtlMs;
    expect((await page(device, third)).status).toBe(410);
    await server.service.clean();
    const [rows] =
      await server.sql`select count(*)::int as n from sync.snapshot_row where scope_id = ${device.householdId}`;
    expect(rows?.['n']).toBe(0);
  });

  test('[SNAP-4] a scope over the limits and a server that is busy say so with their numbers', async () => {
    const tight = await startSyncServer({
      limits: {
        ...limits,
        snapshot: { ...limits.snapshot, sessionRowsMax: 1, buildsMax: 0, pageRequestsMax: 0 },
      },
    });
    const roomy = await startSyncServer({
      limits: { ...limits, snapshot: { ...limits.snapshot, sessionRowsMax: 1 } },
    });
    try {
      const busy = await joinedDevice(tight);
      const refused = await create(busy);
      expect(refused).toMatchObject({ status: 429, body: { error: 'snapshot_build_capacity' } });
      expect(refused.headers.get('retry-after')).toBe('1');
      expect(await page(busy, freshUuid())).toMatchObject({
        status: 429,
        body: { error: 'snapshot_chunk_capacity' },
      });
      const device = await joinedDevice(roomy);
      await device.push([insert('list_items', listItem())]);
      expect(await create(device)).toMatchObject({
        status: 409,
        body: {
          error: 'snapshot_session_limit_exceeded',
          dimension: 'row_count',
          actual: 2,
          limit: 1,
        },
      });
    } finally {
      await tight.close();
      await roomy.close();
    }
  });
});

describe('builds of one household', () => {
  interface Held {
    readonly server: SyncServer;
    readonly household: readonly TestDevice[];
    readonly stranger: TestDevice;
    /** Lets the household's transactions go on, which waited since this server was made. */
    readonly open: () => void;
  }

  async function whileHeld(work: (held: Held) => Promise<void>): Promise<void> {
    let heldScope: string | null = null;
    let open = (): void => undefined;
    const gate = new Promise<void>((resolve) => (open = resolve));
    const held = await startSyncServer({
      wrapDatabase: (database) => ({
        transaction: async (options, query) => {
          if (options.scopeId !== null && options.scopeId === heldScope) await gate;
          return database.transaction(options, query);
        },
      }),
    });
    try {
      const first = await joinedDevice(held);
      const stranger = await joinedDevice(held);
      heldScope = scopeIdOf(first.householdId);
      const household = Array.from({ length: limits.snapshot.buildsMax }, () =>
        createDevice(held, { householdId: first.householdId }),
      );
      await work({ server: held, household, stranger, open });
    } finally {
      open();
      await held.close();
    }
  }

  test('[SNAP-420] rotations that wait for their household leave the builds of the process to others', async () => {
    await whileHeld(async ({ server: held, household, stranger, open }) => {
      const rotations = household.map((device) => create(device, rotation(device, freshUuid())));
      await expect.poll(() => held.service.counters.inflight).toBe(household.length);
      expect((await create(stranger)).status).toBe(200);
      open();
      const statuses = (await Promise.all(rotations)).map((answer) => answer.status);
      expect(statuses).toEqual(household.map(() => 200));
    });
  });

  test('[SNAP-421] a household builds as many snapshots as it has connections, and is told to come back for more', async () => {
    await whileHeld(async ({ household, stranger, open }) => {
      const answers: Answer[] = [];
      const builds = household.map(async (device) => answers.push(await create(device)));
      await expect.poll(() => answers.length).toBe(household.length - 2);
      expect(answers.map(({ body }) => body['error'])).toEqual(
        household.slice(2).map(() => 'snapshot_build_capacity'),
      );
      expect((await create(stranger)).status).toBe(200);
      open();
      await Promise.all(builds);
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(2);
      expect((await create(household[0] ?? stranger)).status).toBe(200);
    });
  });
});

describe('rotation', () => {
  test('[ROT-1] the old source retires for good, the new one begins at one', async () => {
    const device = await joinedDevice(server);
    await device.push([insert('list_items', listItem())]);
    const next = createDevice(server, { householdId: device.householdId });
    const session = await create(device, rotation(device, next.sourceId));
    expect(session.status).toBe(200);
    expect((await page(next, session.body['snapshot_id'])).status).toBe(200);
    expect(await device.push([insert('list_items', listItem())])).toMatchObject({
      status: 409,
      body: {
        error: 'source_retired',
        source_id: device.sourceId,
        replaced_by_source_id: next.sourceId,
      },
    });
    expect((await device.pull()).status).toBe(200);
    expect((await next.push([insert('list_items', listItem())])).status).toBe(200);
    // Said again, nothing more happens; said differently, it is refused.
    expect((await create(device, rotation(device, next.sourceId))).status).toBe(200);
    expect(await create(device, rotation(device, freshUuid()))).toMatchObject({
      status: 409,
      body: { error: 'source_retired', replaced_by_source_id: next.sourceId },
    });
  });

  test('[ROT-2] a retired source still learns that its last bundle was committed', async () => {
    const device = await joinedDevice(server);
    const rows = [insert('list_items', listItem())];
    await device.push(rows);
    await create(device, rotation(device, freshUuid()));
    expect((await device.push(rows, { id: 1 })).body).toMatchObject({
      status: 'already_committed',
    });
  });

  test('[ROT-3] a commit in flight is refused when its source retired meanwhile', async () => {
    const device = await joinedDevice(server);
    const rows = [insert('list_items', listItem())];
    const { canonicalRequestHash } = await import('../../shared/protocol/bundle-hash.ts');
    const created = await device.call('POST', '/sync/push-sessions', {
      source_bundle_id: 1,
      planned_row_count: 1,
      canonical_request_hash: canonicalRequestHash(rows).hash,
    });
    const path = `/sync/push-sessions/${String(created.body['push_id'])}`;
    await device.call('POST', `${path}/chunks`, { start_row_ordinal: 0, rows });
    await create(device, rotation(device, freshUuid()));
    expect(await device.call('POST', `${path}/commit`)).toMatchObject({
      status: 409,
      body: { error: 'source_retired' },
    });
  });

  test('[ROT-4] a new source id that is known, malformed or the same is refused', async () => {
    const device = await joinedDevice(server);
    const peer = createDevice(server, { householdId: device.householdId });
    await peer.push([insert('list_items', listItem())]);
    expect(await create(device, rotation(device, peer.sourceId))).toMatchObject({
      status: 409,
      body: { error: 'source_replacement_invalid' },
    });
    const good = rotation(device, freshUuid()).source_replacement;
    const wrong = [
      { ...good, new_source_id: device.sourceId },
      { ...good, new_source_id: 'server:jobs' },
      { ...good, new_source_id: 'with space' },
      { ...good, previous_source_id: freshUuid() },
      { ...good, reason: 'because' },
      { ...good, more: 1 },
    ];
    for (const replacement of wrong) {
      expect(await create(device, { source_replacement: replacement })).toMatchObject({
        status: 400,
        body: { error: 'snapshot_session_invalid' },
      });
    }
    expect(await create(device, { more: 1 })).toMatchObject({ status: 400 });
    expect(await device.call('POST', '/sync/snapshot-sessions', '{')).toMatchObject({
      status: 400,
      body: { error: 'snapshot_session_invalid' },
    });
    expect((await device.push([insert('list_items', listItem())])).status).toBe(200);
  });
});
