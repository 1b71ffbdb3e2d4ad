/**
 * Every error code is answered by the real service, with its status and exactly its documented members
 * (protocol.md appendix A). The table is total: a new code does not compile until somebody says how it is
 * provoked.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { limits } from '../../shared/limits.ts';
import { canonicalRequestHash } from '../../shared/protocol/bundle-hash.ts';
import { type ErrorCode, errorCodes } from '../../shared/protocol/errors.ts';
import { ingredient, insert, listItem, update } from './kitchen-rows.ts';
import { plainSchema } from './plain-schema.ts';
import {
  type Answer,
  type SyncServer,
  type TestDevice,
  createDevice,
  freshUuid,
  joinedDevice,
  startSyncServer,
} from './sync-server.ts';

let nowMs = Date.now();
let server: SyncServer;
/** Its snapshots may have two rows. */
let small: SyncServer;
/** It has no permits. */
let busy: SyncServer;
/** Its database fails in a way that nobody expects, while `fault` is on. */
let broken: SyncServer;
/** It is at schema version 3 and reads from 2 and writes from 3 on. */
let versioned: SyncServer;
/** Nobody may watch the first, one account may not watch the second. */
let unwatched: SyncServer;
let barred: SyncServer;
const fault = { isOn: false };

beforeAll(async () => {
  server = await startSyncServer({ nowMs: () => nowMs });
  const { snapshot } = limits;
  small = await startSyncServer({
    limits: { ...limits, snapshot: { ...snapshot, sessionRowsMax: 2 } },
  });
  busy = await startSyncServer({
    limits: { ...limits, snapshot: { ...snapshot, buildsMax: 0, pageRequestsMax: 0 } },
  });
  broken = await startSyncServer({
    wrapDatabase: (database) => ({
      transaction: (options, work) =>
        fault.isOn ? Promise.reject(new Error('planted')) : database.transaction(options, work),
    }),
  });
  versioned = await startSyncServer({
    schema: { ...plainSchema, schemaVersion: 3, schemaPolicy: { minRead: 2, minWrite: 3 } },
  });
  unwatched = await startSyncServer({ watchPolicy: () => 'disabled' });
  barred = await startSyncServer({ watchPolicy: () => 'forbidden' });
});

afterAll(async () => {
  // Defects were provoked on purpose.
  (broken.logged as string[]).length = 0;
  for (const one of [server, small, busy, broken, versioned, unwatched, barred]) await one.close();
});

const HASH = 'a'.repeat(64);
const later = (ms: number): void => {
  nowMs += ms;
};
const sessions = '/sync/push-sessions';
const snapshots = '/sync/snapshot-sessions';

const create = (device: TestDevice, more: Readonly<Record<string, unknown>> = {}) =>
  device.call('POST', sessions, {
    source_bundle_id: 1,
    planned_row_count: 1,
    canonical_request_hash: HASH,
    ...more,
  });

async function staged(device: TestDevice): Promise<string> {
  const rows = [insert('list_items', listItem())];
  const created = await create(device, { canonical_request_hash: canonicalRequestHash(rows).hash });
  const path = `${sessions}/${String(created.body['push_id'])}`;
  expect((await device.call('POST', `${path}/chunks`, { start_row_ordinal: 0, rows })).status).toBe(
    200,
  );
  return path;
}

const rotate = (device: TestDevice, newSourceId: string = freshUuid()) =>
  device.call('POST', snapshots, {
    source_replacement: {
      previous_source_id: device.sourceId,
      new_source_id: newSourceId,
      reason: 'history_pruned',
    },
  });

const peerOf = (device: TestDevice, on: SyncServer = server) =>
  createDevice(on, { householdId: device.householdId });

async function seeding(): Promise<{ device: TestDevice; initializationId: string }> {
  const device = createDevice(server);
  const answer = await device.connect(true);
  return { device, initializationId: String(answer.body['initialization_id']) };
}

async function snapshotPath(device: TestDevice): Promise<string> {
  return `${snapshots}/${String((await device.call('POST', snapshots)).body['snapshot_id'])}`;
}

/** A call that meets a defect. */
const failing = (call: (device: TestDevice) => Promise<Answer>) => async (): Promise<Answer> => {
  const device = createDevice(broken);
  fault.isOn = true;
  try {
    return await call(device);
  } finally {
    fault.isOn = false;
  }
};

const asking = (
  device: TestDevice,
  path: string,
  headers: Record<string, string>,
): Promise<Answer> => device.call('GET', path, undefined, headers);

const bare = async (path: string, init: RequestInit): Promise<Answer> => {
  const response = await server.request(path, init);
  return {
    status: response.status,
    headers: response.headers,
    body: (await response.json()) as Answer['body'],
  };
};

type Provoke = () => Promise<Answer>;
/** All of them: the one that is missing here is reserved by the protocol and nobody sends it. */
const provoke: Readonly<Record<Exclude<ErrorCode, 'connect_invalid'>, Provoke>> = {
  invalid_request: async () => (await joinedDevice(server)).call('POST', '/sync/connect', '{'),
  push_session_invalid: async () => create(await joinedDevice(server), { source_bundle_id: 0 }),
  push_chunk_invalid: async () =>
    (await joinedDevice(server)).push([insert('list_items', listItem({ later: 'x' }))]),
  push_commit_invalid: async () =>
    (await joinedDevice(server)).push([insert('recipe_ingredients', ingredient(freshUuid()))]),
  committed_bundle_chunk_invalid: async () =>
    (await joinedDevice(server)).call('GET', '/sync/committed-bundles/0/rows'),
  snapshot_chunk_invalid: async () =>
    (await joinedDevice(server)).call('GET', `${snapshots}/${freshUuid()}?max_rows=0`),
  snapshot_session_invalid: async () =>
    (await joinedDevice(server)).call('POST', snapshots, { unknown: 1 }),
  snapshot_chunk_too_small: async () => {
    const device = await joinedDevice(server);
    await device.push([insert('list_items', listItem())]);
    return device.call('GET', `${await snapshotPath(device)}?max_bytes=1`);
  },
  authentication_failed: () => bare('/sync/pull', { headers: { 'oversync-source-id': 's' } }),
  origin_forbidden: () =>
    bare('/sync/connect', {
      method: 'POST',
      headers: {
        'x-test-account': 'ana',
        'x-test-household': freshUuid(),
        'oversync-source-id': 's',
        origin: 'https://elsewhere.example',
      },
    }),
  scope_forbidden: () =>
    bare('/sync/pull', {
      headers: { 'x-test-account': 'ana', authorization: 'Bearer x', 'oversync-source-id': 's' },
    }),
  push_session_forbidden: async () => {
    const device = await joinedDevice(server);
    return peerOf(device).call('DELETE', await staged(device));
  },
  snapshot_session_forbidden: async () => {
    const device = await joinedDevice(server);
    return peerOf(device).call('GET', await snapshotPath(device));
  },
  bundle_change_watch_forbidden: async () =>
    (await joinedDevice(barred)).call('GET', '/sync/watch'),
  not_found: async () => (await joinedDevice(server)).call('GET', '/sync/nothing'),
  push_session_not_found: async () =>
    (await joinedDevice(server)).call('POST', `${sessions}/${freshUuid()}/commit`),
  snapshot_session_not_found: async () =>
    (await joinedDevice(server)).call('GET', `${snapshots}/unknown`),
  committed_bundle_not_found: async () =>
    (await joinedDevice(server)).call('GET', '/sync/committed-bundles/9/rows'),
  method_not_allowed: async () => (await joinedDevice(server)).call('DELETE', '/sync/pull'),
  push_conflict: async () =>
    (await joinedDevice(server)).push([update('list_items', freshUuid(), 1, { title: 'x' })]),
  push_chunk_out_of_order: async () => {
    const device = await joinedDevice(server);
    const path = await staged(device);
    return device.call('POST', `${path}/chunks`, {
      start_row_ordinal: 0,
      rows: [insert('list_items', listItem())],
    });
  },
  source_sequence_out_of_order: async () =>
    create(await joinedDevice(server), { source_bundle_id: 2 }),
  source_sequence_changed: async () => {
    const device = await joinedDevice(server);
    const path = await staged(device);
    await server.sql`update sync.push_session set source_bundle_id = 5 where scope_id = ${device.householdId}`;
    return device.call('POST', `${path}/commit`);
  },
  source_retired: async () => {
    const device = await joinedDevice(server);
    await rotate(device);
    return create(device);
  },
  scope_uninitialized: () => createDevice(server).pull(),
  scope_initializing: async () => peerOf((await seeding()).device).pull(),
  initialization_stale: async () => {
    const { device, initializationId } = await seeding();
    return create(peerOf(device), { initialization_id: initializationId });
  },
  history_pruned: async () => {
    const device = await joinedDevice(server);
    await device.push([insert('list_items', listItem())]);
    await server.sql`update sync.scope set retained_bundle_floor = 1 where scope_id = ${device.householdId}`;
    return device.pull(0);
  },
  checkpoint_ahead: async () => (await joinedDevice(server)).pull(1),
  source_replacement_invalid: async () => {
    const device = await joinedDevice(server);
    const peer = peerOf(device);
    await peer.push([insert('list_items', listItem())]);
    return rotate(device, peer.sourceId);
  },
  snapshot_session_limit_exceeded: async () => {
    const device = await joinedDevice(small);
    // Each list item also writes a line of activity.
    await device.push([insert('list_items', listItem()), insert('list_items', listItem())]);
    return device.call('POST', snapshots);
  },
  push_rejected: async () =>
    (await joinedDevice(server)).push([insert('recipe_ingredients', ingredient(freshUuid()))], {
      headers: { 'oversync-extensions': 'push_rejections' },
    }),
  server_epoch_changed: async () =>
    asking(await joinedDevice(server), '/sync/pull', {
      'oversync-extensions': 'server_epoch',
      'oversync-server-epoch': freshUuid(),
    }),
  client_upgrade_required: async () =>
    asking(await joinedDevice(versioned), '/sync/pull', {
      'oversync-extensions': 'schema_negotiation',
      'oversync-schema-version': '1',
    }),
  schema_version_ahead: async () =>
    asking(await joinedDevice(versioned), '/sync/pull', {
      'oversync-extensions': 'schema_negotiation',
      'oversync-schema-version': '4',
    }),
  user_mismatch: async () =>
    (await joinedDevice(server)).call('GET', '/sync/pull', undefined, {
      'oversync-expect-user': freshUuid(),
      'oversync-extensions': 'expected_user',
    }),
  initialization_expired: async () => {
    const { device, initializationId } = await seeding();
    later(limits.push.leaseTtlMs);
    return create(device, { initialization_id: initializationId });
  },
  push_session_expired: async () => {
    const device = await joinedDevice(server);
    const path = await staged(device);
    later(limits.push.sessionTtlMs);
    return device.call('POST', `${path}/commit`);
  },
  snapshot_session_expired: async () => {
    const device = await joinedDevice(server);
    const path = await snapshotPath(device);
    later(limits.snapshot.sessionTtlMs);
    return device.call('GET', path);
  },
  request_too_large: async () =>
    (await joinedDevice(server)).call(
      'POST',
      '/sync/connect',
      'x'.repeat(limits.request.bodyBytesMax + 1),
    ),
  snapshot_build_capacity: async () => (await joinedDevice(busy)).call('POST', snapshots),
  snapshot_chunk_capacity: async () =>
    (await joinedDevice(busy)).call('GET', `${snapshots}/${freshUuid()}`),
  connect_failed: failing((device) => device.connect()),
  push_session_create_failed: failing((device) => create(device)),
  push_chunk_failed: failing((device) =>
    device.call('POST', `${sessions}/${freshUuid()}/chunks`, {
      start_row_ordinal: 0,
      rows: [insert('list_items', listItem())],
    }),
  ),
  push_session_commit_failed: failing((device) =>
    device.call('POST', `${sessions}/${freshUuid()}/commit`),
  ),
  push_session_delete_failed: failing((device) =>
    device.call('DELETE', `${sessions}/${freshUuid()}`),
  ),
  push_failed: failing((device) => {
    const rows = [insert('list_items', listItem())];
    return device.call('POST', '/sync/push', {
      source_bundle_id: 1,
      canonical_request_hash: canonicalRequestHash(rows).hash,
      rows,
    });
  }),
  committed_bundle_rows_failed: failing((device) =>
    device.call('GET', '/sync/committed-bundles/1/rows'),
  ),
  pull_failed: failing((device) => device.pull()),
  bundle_change_watch_failed: failing((device) => device.call('GET', '/sync/watch')),
  snapshot_session_create_failed: failing((device) => device.call('POST', snapshots)),
  snapshot_chunk_failed: failing((device) => device.call('GET', `${snapshots}/${freshUuid()}`)),
  snapshot_session_delete_failed: failing((device) =>
    device.call('DELETE', `${snapshots}/${freshUuid()}`),
  ),
  status_failed: failing((device) => device.call('GET', '/syncx/status')),
  health_failed: failing((device) => device.call('GET', '/syncx/health')),
  service_unavailable: async () => {
    const device = await joinedDevice(server);
    const other = await startSyncServer();
    const gone = createDevice(other, device);
    await other.service.stop();
    const answer = await gone.pull();
    await other.close();
    return answer;
  },
  bundle_change_watch_disabled: async () =>
    (await joinedDevice(unwatched)).call('GET', '/sync/watch'),
};

/** Members beside `error` and `message`, as protocol.md §1.5 lists them. */
const extras: Readonly<Partial<Record<ErrorCode, readonly string[]>>> = {
  push_conflict: ['conflict'],
  push_chunk_invalid: ['rejection'],
  push_commit_invalid: ['rejection'],
  push_rejected: ['rejection_total', 'rejections'],
  source_retired: ['replaced_by_source_id', 'source_id'],
  snapshot_chunk_too_small: ['required_byte_count'],
  snapshot_session_limit_exceeded: ['actual', 'dimension', 'limit'],
  server_epoch_changed: [
    'epoch_base_bundle_seq',
    'latest_bundle_seq',
    'restore_policy',
    'server_epoch',
  ],
  client_upgrade_required: ['access', 'min_read', 'min_write', 'schema_version'],
  schema_version_ahead: ['schema_version'],
};

const provoked = Object.entries(provoke) as [keyof typeof provoke, Provoke][];

describe('error codes', () => {
  test.each(provoked)(
    '[OPS-136] %s is answered with its status and exactly its members',
    async (code, ask) => {
      const answer = await ask();
      expect([answer.status, answer.body['error']]).toEqual([errorCodes[code].status, code]);
      expect(Object.keys(answer.body).toSorted()).toEqual(
        ['error', 'message', ...(extras[code] ?? [])].toSorted(),
      );
      expect(typeof answer.body['message']).toBe('string');
      // What was switched off does not come back by waiting.
      const waits = answer.status === 429 || code === 'service_unavailable';
      expect(answer.headers.get('retry-after') !== null).toBe(waits);
    },
  );

  test('[OPS-137] a snapshot may have exactly as many rows as its limit, and not one more', async () => {
    const limited = await startSyncServer({
      limits: { ...limits, snapshot: { ...limits.snapshot, sessionRowsMax: 2 } },
    });
    const device = await joinedDevice(limited);
    // Each list item also writes a line of activity.
    await device.push([insert('list_items', listItem())]);
    expect((await device.call('POST', snapshots)).body).toMatchObject({ row_count: 2 });
    await device.push([insert('list_items', listItem())]);
    const answer = await device.call('POST', snapshots);
    expect(answer).toMatchObject({
      status: 409,
      body: {
        error: 'snapshot_session_limit_exceeded',
        dimension: 'row_count',
        actual: 4,
        limit: 2,
      },
    });
    expect(Object.keys(answer.body).toSorted()).toEqual([
      'actual',
      'dimension',
      'error',
      'limit',
      'message',
    ]);
    await limited.close();
  });

  test('[OPS-136] members that an extension adds are there for who asked, and for nobody else', async () => {
    const asked = { 'oversync-extensions': 'all_conflicts, push_rejections, server_epoch' };
    const members = ({ body }: Answer) => Object.keys(body).toSorted().join();
    const stale = [update('list_items', freshUuid(), 1, { title: 'x' })];
    const bad = [insert('list_items', listItem({ later: 'x' }))];
    const device = () => joinedDevice(server);
    expect(members(await (await device()).push(stale, { headers: asked }))).toBe(
      'conflict,conflict_total,conflicts,error,message',
    );
    expect(members(await (await device()).push(bad, { headers: asked }))).toBe(
      'error,message,rejection,rejection_total,rejections',
    );
    expect(members(await asking(await device(), '/sync/pull?after_bundle_seq=9', asked))).toBe(
      'error,latest_bundle_seq,message',
    );
  });

  test('[OPS-249] neither the text of a defect nor its place leaves the server', async () => {
    const before = broken.logged.length;
    for (const ask of [provoke.pull_failed, provoke.push_failed, provoke.status_failed]) {
      const { body, headers } = await ask();
      expect(JSON.stringify([body, [...headers]])).not.toMatch(/planted|\.ts|Error/);
    }
    expect(broken.logged.slice(before)).toHaveLength(3);
  });
});

describe('limits', () => {
  test('[OPS-137] a chunk, a single push, a bundle, a text and a page each take exactly their limit', async () => {
    const tight = await startSyncServer({
      limits: {
        ...limits,
        pull: { ...limits.pull, bundlesMax: 3, bundlesDefault: 3 },
        push: { ...limits.push, chunkRowsMax: 3, bundleRowsMax: 4 },
        singlePush: { ...limits.singlePush, rowsMax: 2 },
      },
    });
    const device = await joinedDevice(tight);
    const rows = (count: number) =>
      Array.from({ length: count }, () => insert('list_items', listItem()));
    const single = (count: number, id: number) => {
      const own = rows(count);
      return device.call('POST', '/sync/push', {
        source_bundle_id: id,
        canonical_request_hash: canonicalRequestHash(own).hash,
        rows: own,
      });
    };
    expect((await device.push(rows(3), { id: 1 })).status).toBe(200);
    expect((await device.push(rows(4), { id: 2 })).body['error']).toBe('push_chunk_invalid');
    expect((await single(2, 2)).status).toBe(200);
    expect((await single(3, 3)).body['error']).toBe('push_chunk_invalid');
    expect((await create(device, { source_bundle_id: 3, planned_row_count: 4 })).status).toBe(200);
    expect(
      (await create(device, { source_bundle_id: 3, planned_row_count: 5 })).body['error'],
    ).toBe('push_session_invalid');
    expect((await device.pull(0, '&max_bundles=3')).status).toBe(200);
    expect((await device.pull(0, '&max_bundles=4')).body['error']).toBe('invalid_request');
    await tight.close();
  });

  test('[OPS-137] a body may be exactly as large as its limit', async () => {
    const device = await joinedDevice(server);
    const padded = (bytes: number) => `{"pad":"${'x'.repeat(bytes - 10)}"}`;
    const { bodyBytesMax } = limits.request;
    expect(padded(bodyBytesMax)).toHaveLength(bodyBytesMax);
    expect((await device.call('POST', '/sync/connect', padded(bodyBytesMax))).status).toBe(200);
    expect((await device.call('POST', '/sync/connect', padded(bodyBytesMax + 1))).status).toBe(413);
  });

  test('[OPS-137] a source id, a nesting depth and a note take exactly their limit', async () => {
    const device = await joinedDevice(server);
    const as = (sourceId: string) =>
      device.call('GET', '/sync/pull', undefined, { 'oversync-source-id': sourceId });
    expect((await as('x'.repeat(256))).status).toBe(200);
    expect((await as('x'.repeat(257))).status).toBe(400);
    const nested = (depth: number) => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;
    expect((await device.call('POST', '/sync/connect', nested(64))).status).toBe(200);
    expect((await device.call('POST', '/sync/connect', nested(65))).status).toBe(400);
    const noted = (label: string) =>
      device.call(
        'POST',
        sessions,
        {
          source_bundle_id: 1,
          planned_row_count: 1,
          canonical_request_hash: HASH,
          note: { label },
        },
        { 'oversync-extensions': 'bundle_notes' },
      );
    expect((await noted('x'.repeat(200))).status).toBe(200);
    expect((await noted('x'.repeat(201))).status).toBe(400);
  });
});
