/** Clients of several schema versions on one history (E7, protocol.md §13.8). */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type SyncServer,
  type TestDevice,
  createDevice,
  freshUuid,
  startSyncServer,
} from '../../test/contract/sync-server.ts';
import { type TestDatabase, createTestDatabase } from '../../test/test-database.ts';
import { assert } from '../../shared/assert.ts';
import { bundleHash } from '../../shared/protocol/bundle-hash.ts';
import type { PullResponse } from '../../shared/protocol/pull.ts';
import type { PushRequestRow, SnapshotRow } from '../../shared/protocol/shapes.ts';
import type { SyncTable } from './registry.ts';
import { gateSchema } from './schema-gate.ts';

const SCOPE = '_sync_scope_id uuid not null default sync.current_scope()';
const notes: SyncTable = {
  schema: 'pad',
  table: 'notes',
  key: 'id',
  keyType: 'text',
  serverWritten: false,
  columns: [
    { name: 'id', type: 'text', sqlType: 'text' },
    { name: 'title', type: 'text', sqlType: 'text' },
  ],
  foreignKeys: [],
  uniques: [],
};
const stars = {
  name: 'stars',
  type: 'int4',
  sqlType: 'integer',
  since: 3,
  wireDefault: '0',
} as const;
const tags: SyncTable = {
  ...notes,
  table: 'tags',
  since: 3,
  columns: [{ name: 'id', type: 'text', sqlType: 'text', since: 3 }],
};

let database: TestDatabase;
let server: SyncServer;
let householdId: string;
let first: { readonly hash: unknown; readonly id: number };

const put = (table: string, id: string, more: object = {}): PushRequestRow => ({
  schema: 'pad',
  table,
  key: { id },
  op: 'INSERT',
  base_row_version: 0,
  payload: { id, ...more },
});
const at = (version: number | string, more: Record<string, string> = {}) => ({
  'oversync-extensions': 'schema_negotiation',
  'oversync-schema-version': String(version),
  ...more,
});
const get = (device: TestDevice, path: string, headers: Record<string, string> = {}) =>
  device.call('GET', path, undefined, headers);
const device = () => createDevice(server, { householdId });

beforeAll(async () => {
  database = await createTestDatabase();
  const old = await startSyncServer({
    url: database.url,
    schema: {
      appName: 'pad',
      schemaVersion: 2,
      tables: [notes],
      sql: `create schema pad; create table pad.notes (${SCOPE}, id text not null, title text,
        primary key (_sync_scope_id, id))`,
    },
  });
  const writer = createDevice(old);
  ({ householdId } = writer);
  await writer.connect();
  const pushed = await writer.push([put('notes', 'a', { title: 'Bread' })]);
  first = { hash: pushed.body['bundle_hash'], id: Number(pushed.body['bundle_seq']) };
  await old.close();
  server = await startSyncServer({
    url: database.url,
    schema: {
      appName: 'pad',
      schemaVersion: 3,
      schemaPolicy: { minRead: 1, minWrite: 2, minClientVersions: { pad: '1.4.0' } },
      tables: [{ ...notes, columns: [...notes.columns, stars] }, tags],
      sql: `alter table pad.notes add column stars integer default 0;
        create table pad.tags (${SCOPE}, id text not null, primary key (_sync_scope_id, id))`,
    },
  });
  const current = device();
  const second = await current.push([
    put('notes', 'b', { title: 'Salt', stars: '5' }),
    put('tags', 'quick'),
  ]);
  const third = await current.push([put('tags', 'slow')]);
  assert(second.status === 200 && third.status === 200, 'the history of both versions is there');
});

afterAll(async () => {
  await server.close();
  await database.drop();
});

const hashesFit = (bundles: PullResponse['bundles']): boolean =>
  bundles.every((bundle) => {
    const { hash } = bundleHash(
      bundle.rows.map((row) => ({ ...row, payload: row.payload ?? null })),
    );
    return bundle.bundle_hash === hash && bundle.row_count === bundle.rows.length;
  });

describe('history', () => {
  test('[PULL-60] an older client sees no newer table or column, and hashes of what it is sent', async () => {
    const { bundles } = (await get(device(), '/sync/pull', at(2))).body as unknown as PullResponse;
    expect(bundles.map((bundle) => bundle.rows.map((row) => row.payload))).toEqual([
      [{ id: 'a', title: 'Bread' }],
      [{ id: 'b', title: 'Salt' }],
      [],
    ]);
    expect(hashesFit(bundles)).toBe(true);
    expect(bundles[0]?.bundle_hash).toBe(first.hash);
  });

  test('[PULL-64] a current client gets old history with the constant default of a newer column', async () => {
    const { bundles } = (await get(device(), '/sync/pull')).body as unknown as PullResponse;
    expect(bundles[0]?.rows[0]?.payload).toEqual({ id: 'a', title: 'Bread', stars: '0' });
    expect(bundles[1]?.rows).toHaveLength(2);
    expect(hashesFit(bundles)).toBe(true);
  });

  test('[PULL-65] committed rows say the same count and hash as pull, for either version', async () => {
    for (const headers of [at(2), at(3)]) {
      const pulled = (await get(device(), '/sync/pull', headers)).body as unknown as PullResponse;
      for (const bundle of pulled.bundles) {
        const path = `/sync/committed-bundles/${String(bundle.bundle_seq)}/rows`;
        expect((await get(device(), path, headers)).body).toMatchObject({
          row_count: bundle.row_count,
          bundle_hash: bundle.bundle_hash,
          rows: bundle.rows,
          has_more: false,
        });
      }
    }
  });

  test('[SNAP-21] snapshots and streams have the tables and columns of the client that made them', async () => {
    const reader = device();
    const session = await reader.call('POST', '/sync/snapshot-sessions', undefined, at(2));
    const path = `/sync/snapshot-sessions/${String(session.body['snapshot_id'])}`;
    const rows = (await get(reader, path, at(2))).body['rows'] as readonly SnapshotRow[];
    expect(rows.map((row) => row.payload)).toEqual([
      { id: 'a', title: 'Bread' },
      { id: 'b', title: 'Salt' },
    ]);
    const response = await server.request(`${path}/stream`, {
      headers: {
        'x-test-account': 'account',
        'x-test-household': householdId,
        'oversync-source-id': reader.sourceId,
        authorization: 'Bearer test',
        ...at(2),
      },
    });
    const lines = (await response.text()).split('\n');
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      tables: [{ table: 'notes', columns: ['id', 'title'], row_count: 2 }],
    });
    expect(lines[1]).toBe('[1,"a","Bread"]');
    const whole = await device().call('POST', '/sync/snapshot-sessions');
    expect(whole.body['row_count']).toBe(4);
  });

  test('[PUSH-53] an older client pushes its own columns and is answered in its own terms', async () => {
    const writer = device();
    const rows = [put('notes', freshUuid(), { title: 'Oil' })];
    const pushed = await writer.push(rows, { headers: at(2) });
    const after = String(Number(pushed.body['bundle_seq']) - 1);
    const pulled = await get(writer, `/sync/pull?after_bundle_seq=${after}`, at(2));
    const { bundles } = pulled.body as unknown as PullResponse;
    expect(bundles[0]).toMatchObject({ bundle_hash: pushed.body['bundle_hash'] });
    expect(bundles[0]?.rows[0]?.payload).not.toHaveProperty('stars');
    const again = await writer.push(rows, { id: 1, headers: at(2) });
    expect(again.body).toEqual({ ...pushed.body, status: 'already_committed' });
  });

  test('[OPS-105] capabilities list the tables of the version that asks', async () => {
    const listed = async (headers: Record<string, string>) =>
      (await get(device(), '/sync/capabilities', headers)).body['registered_tables'];
    expect(await listed(at(2))).toEqual(['pad.notes']);
    expect(await listed(at(3))).toEqual(['pad.notes', 'pad.tags']);
    expect(await listed({})).toEqual(['pad.notes', 'pad.tags']);
  });
});

describe('gate', () => {
  test('[PUSH-54] a version that may only read is refused writes, after a committed push was acknowledged', async () => {
    const writer = device();
    const rows = [put('notes', freshUuid(), { title: 'Rice' })];
    const pushed = await writer.push(rows, { headers: at(2) });
    const again = await writer.push(rows, { id: 1, headers: at(1) });
    expect(again).toMatchObject({ status: 200, body: { bundle_seq: pushed.body['bundle_seq'] } });
    const refused = await writer.push([put('notes', freshUuid())], { headers: at(1) });
    expect(refused).toEqual({
      status: 409,
      headers: expect.anything() as unknown,
      body: {
        error: 'client_upgrade_required',
        message: expect.any(String) as unknown,
        access: 'read_only',
        schema_version: 3,
        min_read: 1,
        min_write: 2,
      },
    });
    const chunk = await writer.call(
      'POST',
      `/sync/push-sessions/${freshUuid()}/chunks`,
      { start_row_ordinal: 0, rows },
      at(1),
    );
    expect(chunk.body['error']).toBe('client_upgrade_required');
    const commit = await writer.call(
      'POST',
      `/sync/push-sessions/${freshUuid()}/commit`,
      {},
      at(1),
    );
    expect(commit.body['error']).toBe('client_upgrade_required');
    expect((await get(writer, '/sync/pull', at(1))).status).toBe(200);
  });

  test('[OPS-106] an old product, a newer schema and a malformed version are refused everything but capabilities', async () => {
    const old = at(3, { 'oversync-client': 'pad/1.3.9' });
    const refused = await get(device(), '/sync/pull', old);
    expect(refused).toMatchObject({
      status: 409,
      body: { error: 'client_upgrade_required', access: 'none', min_client_version: '1.4.0' },
    });
    expect((await get(device(), '/sync/capabilities', old)).status).toBe(200);
    const ahead = await get(device(), '/sync/pull', at(4));
    expect(ahead).toMatchObject({
      status: 409,
      body: { error: 'schema_version_ahead', schema_version: 3 },
    });
    expect((await get(device(), '/sync/pull', at('x'))).status).toBe(400);
    expect((await get(device(), '/sync/pull', { 'oversync-schema-version': '9' })).status).toBe(
      200,
    );
    for (const client of ['pad/1.4.0', 'pad/2.0.0-beta', 'other/0.1.0']) {
      const answer = await get(device(), '/sync/pull', at(3, { 'oversync-client': client }));
      expect([client, answer.status]).toEqual([client, 200]);
    }
  });

  test('[OPS-107] below the oldest readable version nothing is served', () => {
    const policy = {
      current: 7,
      minRead: 5,
      minWrite: 6,
      defaultVersion: 7,
      minClientVersions: {},
    };
    const accessOf = (version: string | null) => {
      const gate = gateSchema(policy, version, null);
      return [gate.refusal?.extra?.['access'], gate.writeRefusal?.extra?.['access'], gate.version];
    };
    expect(accessOf('4').slice(0, 1)).toEqual(['none']);
    expect(accessOf('5')).toEqual([undefined, 'read_only', 5]);
    expect(accessOf('6')).toEqual([undefined, undefined, 6]);
    expect(accessOf(null)).toEqual([undefined, undefined, 7]);
  });
});
