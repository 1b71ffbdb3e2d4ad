/**
 * Every error code is answered by the real service, with its status and exactly its documented members
 * (protocol.md appendix A). The table is total: a new code does not compile until somebody says how it is
 * provoked, or why it is never sent.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { limits } from '../../shared/limits.ts';
import { canonicalRequestHash } from '../../shared/protocol/bundle-hash.ts';
import { type ErrorCode, errorCodes } from '../../shared/protocol/errors.ts';
import { ingredient, insert, listItem, update } from './kitchen-rows.ts';
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
/** Its limits are small, and its database can be made to fail. */
let small: SyncServer;
const fault = { isOn: false };

beforeAll(async () => {
  server = await startSyncServer({ nowMs: () => nowMs });
  small = await startSyncServer({
    limits: {
      ...limits,
      snapshot: { ...limits.snapshot, sessionRowsMax: 2, buildsMax: 0, pageRequestsMax: 0 },
    },
    wrapDatabase: (database) => ({
      transaction: (options, work) =>
        fault.isOn ? Promise.reject(new Error('planted')) : database.transaction(options, work),
    }),
  });
});

afterAll(async () => {
  await server.close();
  // Defects were provoked on purpose.
  (small.logged as string[]).length = 0;
  await small.close();
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
  const device = createDevice(small);
  fault.isOn = true;
  try {
    return await call(device);
  } finally {
    fault.isOn = false;
  }
};

const bare = async (path: string, init: RequestInit): Promise<Answer> => {
  const response = await server.request(path, init);
  return {
    status: response.status,
    headers: response.headers,
    body: (await response.json()) as Answer['body'],
  };
};

type Provoke = () => Promise<Answer>;
/** A sentence says why no request can provoke it today. */
const provoke: Readonly<Record<ErrorCode, Provoke | string>> = {
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
  connect_invalid: 'the protocol reserves it and nobody sends it',
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
  bundle_change_watch_forbidden: 'no host policy forbids watching in this build',
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
  snapshot_session_limit_exceeded: 'provoked at its edge below, on a server with room for a build',
  push_rejected: async () =>
    (await joinedDevice(server)).push([insert('recipe_ingredients', ingredient(freshUuid()))], {
      headers: { 'oversync-extensions': 'push_rejections' },
    }),
  server_epoch_changed: 'api/sync/epoch.pg.test.ts provokes it with its restores',
  client_upgrade_required:
    'api/sync/rendering.pg.test.ts provokes it with schema versions of its own',
  schema_version_ahead: 'api/sync/rendering.pg.test.ts provokes it with schema versions of its own',
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
  snapshot_build_capacity: async () => (await joinedDevice(small)).call('POST', snapshots),
  snapshot_chunk_capacity: async () =>
    (await joinedDevice(small)).call('GET', `${snapshots}/${freshUuid()}`),
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
  snapshot_session_create_failed:
    'the planted defect would need a build permit; its twin below has one',
  snapshot_chunk_failed: 'the planted defect would need a page permit; its twin below has one',
  snapshot_session_delete_failed: failing((device) =>
    device.call('DELETE', `${snapshots}/${freshUuid()}`),
  ),
  status_failed: 'status reads what the process keeps, which cannot fail',
  health_failed: 'a failing probe is the answer "unhealthy", with 503',
  service_unavailable: async () => {
    const device = await joinedDevice(server);
    const other = await startSyncServer();
    const gone = createDevice(other, device);
    await other.service.stop();
    const answer = await gone.pull();
    await other.close();
    return answer;
  },
  bundle_change_watch_disabled: 'watch cannot be switched off in this build',
};

/** Members beside `error` and `message`, as protocol.md §1.5 lists them. */
const extras: Readonly<Partial<Record<ErrorCode, readonly string[]>>> = {
  push_conflict: ['conflict'],
  push_chunk_invalid: ['rejection'],
  push_commit_invalid: ['rejection'],
  push_rejected: ['rejection_total', 'rejections'],
  source_retired: ['replaced_by_source_id', 'source_id'],
  snapshot_chunk_too_small: ['required_byte_count'],
};

const provoked = Object.entries(provoke).filter(
  (entry): entry is [ErrorCode, Provoke] => typeof entry[1] === 'function',
);

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
      const waits = answer.status === 429 || answer.status === 503;
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

  test.each([
    ['snapshot_session_create_failed', 'POST', snapshots],
    ['snapshot_chunk_failed', 'GET', `${snapshots}/${freshUuid()}`],
  ])('[OPS-136] %s is what a defect looks like', async (code, method, path) => {
    const broken = await startSyncServer({
      wrapDatabase: () => ({ transaction: () => Promise.reject(new Error('planted')) }),
    });
    const answer = await createDevice(broken).call(method, path);
    expect([answer.status, answer.body['error']]).toEqual([500, code]);
    // Neither the text of the defect nor a stack leaves the server.
    expect(JSON.stringify(answer.body)).not.toContain('planted');
    (broken.logged as string[]).length = 0;
    await broken.close();
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
