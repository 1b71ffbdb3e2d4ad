/** How sources join a scope, and the lease of the first one (protocol.md §4). */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { insert, listItem } from '../../test/contract/kitchen-rows.ts';
import {
  type SyncServer,
  createDevice,
  freshUuid,
  joinedDevice,
  startSyncServer,
} from '../../test/contract/sync-server.ts';
import { limits } from '../../shared/limits.ts';

let server: SyncServer;
let nowMs = Date.parse('2026-11-22T10:00:00.000Z');

beforeAll(async () => {
  server = await startSyncServer({ nowMs: () => nowMs });
});

afterAll(() => server.close());

const sibling = (householdId: string) => createDevice(server, { householdId });
const leaseMs = limits.push.leaseTtlMs;

describe('connect', () => {
  test('[CONN-1] an empty first source makes the scope, and everybody after it takes the server state', async () => {
    const first = createDevice(server);
    expect((await first.connect()).body).toEqual({ resolution: 'initialize_empty' });
    expect((await first.connect(true)).body).toEqual({ resolution: 'remote_authoritative' });
    expect((await sibling(first.householdId).connect(true)).body).toEqual({
      resolution: 'remote_authoritative',
    });
  });

  test('[CONN-2] a source with data gets a lease, keeps its id on repetition, and others wait', async () => {
    const first = createDevice(server);
    const answer = await first.connect(true);
    expect(answer.body).toEqual({
      resolution: 'initialize_local',
      initialization_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      lease_expires_at: new Date(nowMs + leaseMs).toISOString(),
    });
    nowMs += 60_000;
    expect((await first.connect(true)).body).toEqual({
      ...answer.body,
      lease_expires_at: new Date(nowMs + leaseMs).toISOString(),
    });
    expect((await sibling(first.householdId).connect(true)).body).toEqual({
      resolution: 'retry_later',
      retry_after_seconds: leaseMs / 1000,
      lease_expires_at: new Date(nowMs + leaseMs).toISOString(),
    });
    expect((await first.connect(false)).body).toEqual({ resolution: 'initialize_empty' });
  });

  test('[CONN-3] a lease that ran out lets the next source begin', async () => {
    const first = createDevice(server);
    await first.connect(true);
    nowMs += leaseMs;
    const second = sibling(first.householdId);
    expect((await second.connect(true)).body).toMatchObject({ resolution: 'initialize_local' });
    expect((await first.connect(true)).body).toMatchObject({ resolution: 'retry_later' });
  });

  test('[CONN-4] of two first callers at the same time one wins', async () => {
    const householdId = freshUuid();
    const answers = await Promise.all(
      Array.from({ length: 6 }, () => sibling(householdId).connect(true)),
    );
    const resolutions = answers.map((answer) => answer.body['resolution']);
    expect(resolutions.filter((one) => one === 'initialize_local')).toHaveLength(1);
    expect(resolutions.filter((one) => one === 'retry_later')).toHaveLength(5);
  });

  test('[CONN-5] a pending flag that is no boolean is refused', async () => {
    const device = createDevice(server);
    const answer = await device.call('POST', '/sync/connect', { has_local_pending_rows: 'yes' });
    expect(answer).toMatchObject({ status: 400, body: { error: 'invalid_request' } });
    expect((await device.call('POST', '/sync/connect', {})).body).toEqual({
      resolution: 'initialize_empty',
    });
  });
});

describe('seeding', () => {
  const rows = [insert('list_items', listItem())];

  test('[CONN-6] the seed commit initialises the scope, and its lost answer is given again', async () => {
    const device = createDevice(server);
    const { body } = await device.connect(true);
    const initializationId = String(body['initialization_id']);
    const committed = await device.push(rows, { id: 1, initializationId });
    expect(committed).toMatchObject({ status: 200, body: { bundle_seq: 1 } });
    for (const headers of [{}, { 'oversync-extensions': 'all_conflicts' }]) {
      const again = await device.push(rows, { id: 1, initializationId, headers });
      expect(again.body).toEqual({ ...committed.body, status: 'already_committed' });
    }
    const other = await device.push([insert('list_items', listItem())], {
      id: 2,
      initializationId,
    });
    expect(other).toMatchObject({ status: 400, body: { error: 'push_session_invalid' } });
  });

  test('[CONN-7] nobody reads or pushes before the scope is initialised', async () => {
    const device = createDevice(server);
    const expectGate = async (error: string) => {
      for (const answer of [
        await device.pull(),
        await device.call('GET', '/sync/watch'),
        await device.call('POST', '/sync/snapshot-sessions'),
      ]) {
        expect(answer).toMatchObject({ status: 409, body: { error } });
      }
    };
    await expectGate('scope_uninitialized');
    expect(await device.push(rows)).toMatchObject({
      status: 409,
      body: { error: 'scope_uninitialized' },
    });
    expect(await device.push(rows, { initializationId: freshUuid() })).toMatchObject({
      status: 410,
      body: { error: 'initialization_expired' },
    });
    await device.connect(true);
    await expectGate('scope_initializing');
    expect(await device.push(rows)).toMatchObject({
      status: 400,
      body: { error: 'push_session_invalid' },
    });
    expect(await device.push(rows, { initializationId: freshUuid() })).toMatchObject({
      status: 409,
      body: { error: 'initialization_stale' },
    });
  });

  test('[CONN-8] a staged seed whose lease ran out is stale', async () => {
    const device = createDevice(server);
    const { body } = await device.connect(true);
    const created = await device.call('POST', '/sync/push-sessions', {
      source_bundle_id: 1,
      planned_row_count: 1,
      canonical_request_hash: 'a'.repeat(64),
      initialization_id: body['initialization_id'],
    });
    nowMs += leaseMs - 1;
    const path = `/sync/push-sessions/${String(created.body['push_id'])}`;
    expect(
      (await device.call('POST', `${path}/chunks`, { start_row_ordinal: 0, rows })).status,
    ).toBe(200);
    nowMs += leaseMs - 1;
    await server.sql`update sync.scope set lease_expires_at_ms = ${nowMs} where scope_id = ${device.householdId}`;
    await server.sql`update sync.push_session set request_hash = (select encode(sha256(convert_to('[' || request || ']', 'UTF8')), 'hex')
      from sync.push_session_row where scope_id = ${device.householdId}) where scope_id = ${device.householdId}`;
    expect(await device.call('POST', `${path}/commit`)).toMatchObject({
      status: 409,
      body: { error: 'initialization_stale' },
    });
  });

  test('[CONN-9] a push session that ran out of time is gone for good', async () => {
    const device = await joinedDevice(server);
    const created = await device.call('POST', '/sync/push-sessions', {
      source_bundle_id: 1,
      planned_row_count: 1,
      canonical_request_hash: 'a'.repeat(64),
    });
    nowMs += limits.push.sessionTtlMs;
    const path = `/sync/push-sessions/${String(created.body['push_id'])}`;
    expect(
      await device.call('POST', `${path}/chunks`, { start_row_ordinal: 0, rows }),
    ).toMatchObject({
      status: 410,
      body: { error: 'push_session_expired' },
    });
  });
});
