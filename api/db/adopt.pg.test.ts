/** Rows that no bundle brought (protocol.md §10.4). */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  createDevice,
  freshUuid,
  joinedDevice,
  startSyncServer,
} from '../../test/contract/sync-server.ts';
import { type TestDatabase, createTestDatabase } from '../../test/test-database.ts';
import { bundleHash } from '../../shared/protocol/bundle-hash.ts';
import type { PullResponse } from '../../shared/protocol/pull.ts';
import { readCommand } from '../operator-commands.ts';
import { migrations } from './kitchen.ts';
import { installSync, migrate } from './migrate.ts';
import { type Pool, createPool } from './pool.ts';

let database: TestDatabase;
let pool: Pool;

beforeEach(async () => {
  database = await createTestDatabase();
  pool = createPool({ url: database.url });
  await migrate(pool, migrations);
});

afterEach(async () => {
  await pool.close();
  await database.drop();
});

const schema = {
  appName: 'pad',
  schemaVersion: 1,
  tables: [
    {
      schema: 'pad',
      table: 'notes',
      key: 'id',
      keyType: 'text',
      serverWritten: false,
      columns: [
        { name: 'id', type: 'text', sqlType: 'text' },
        { name: 'at', type: 'timestamptz', sqlType: 'timestamptz' },
      ],
      foreignKeys: [],
      uniques: [],
    },
  ],
} as const;

const MAKE = `create schema pad; create table pad.notes (
  _sync_scope_id uuid not null default sync.current_scope(), id text not null, at timestamptz,
  primary key (_sync_scope_id, id))`;

describe('adoption', () => {
  test('[OPS-108] rows that no bundle brought stop the start, and change nothing', async () => {
    const scope = freshUuid();
    await pool.sql.unsafe(MAKE).simple();
    await pool.sql`insert into pad.notes (_sync_scope_id, id) values (${scope}, 'a')`;
    await expect(installSync(pool, schema)).rejects.toThrow(/pad\.notes.*run the command "adopt"/);
    expect(await pool.sql`select 1 from sync.table_catalog`).toHaveLength(0);
  });

  test('[OPS-109] adoption makes one baseline bundle per household, which devices pull like any other', async () => {
    const [ana, ben] = [freshUuid(), freshUuid()];
    await pool.sql.unsafe(MAKE).simple();
    await pool.sql`insert into pad.notes (_sync_scope_id, id, at) values
      (${ana}, 'a', '2026-11-20T14:00:00+02:00'), (${ana}, 'b', null), (${ben}, 'c', null)`;
    const { adoptedScopes } = await installSync(pool, schema, { adopt: true });
    expect(adoptedScopes).toBe(2);
    expect((await installSync(pool, schema, { adopt: true })).adoptedScopes).toBe(0);
    const server = await startSyncServer({
      url: database.url,
      schema: { ...schema, sql: 'select 1' },
    });
    const device = createDevice(server, { householdId: ana });
    expect((await device.connect(true)).body).toEqual({ resolution: 'remote_authoritative' });
    const { bundles } = (await device.pull()).body as unknown as PullResponse;
    expect(bundles).toHaveLength(1);
    const [bundle] = bundles;
    expect(bundle).toMatchObject({ bundle_seq: 1, source_bundle_id: 1, row_count: 2 });
    expect(bundle?.source_id).toMatch(/^oversync-adoption:[0-9a-f-]{36}$/);
    expect(bundle?.rows.map((row) => row.payload)).toEqual([
      { id: 'a', at: '2026-11-20T12:00:00+00:00' },
      { id: 'b', at: null },
    ]);
    const rows = (bundle?.rows ?? []).map((row) => ({ ...row, payload: row.payload ?? null }));
    expect(bundle?.bundle_hash).toBe(bundleHash(rows).hash);
    expect((await device.call('POST', '/sync/snapshot-sessions')).body['row_count']).toBe(2);
    const pushed = await device.push([
      { schema: 'pad', table: 'notes', key: { id: 'a' }, op: 'DELETE', base_row_version: 1 },
    ]);
    expect(pushed).toMatchObject({ status: 200, body: { bundle_seq: 2 } });
    await server.close();
  });

  /** Loads a row as a restore of data alone does. */
  const loadBehindTriggers = (scope: string, id: string): Promise<unknown> =>
    pool.sql.begin(async (sql) => {
      await sql`set local session_replication_role = replica`;
      await sql`insert into pad.notes (_sync_scope_id, id) values (${scope}, ${id})`;
    });

  test('[OPS-423] rows that were loaded behind the triggers stop the start too, and can be adopted', async () => {
    const server = await startSyncServer({ url: database.url, schema: { ...schema, sql: MAKE } });
    const device = await joinedDevice(server);
    const note = (op: 'INSERT' | 'DELETE', id: string, base: number) => ({
      schema: 'pad',
      table: 'notes',
      key: { id },
      op,
      base_row_version: base,
      ...(op === 'INSERT' ? { payload: { id } } : {}),
    });
    await device.push([note('INSERT', 'a', 0), note('INSERT', 'b', 0)]);
    await device.push([note('DELETE', 'b', 1)]);
    await installSync(pool, schema);
    await loadBehindTriggers(device.householdId, 'b');
    await loadBehindTriggers(device.householdId, 'c');
    await expect(installSync(pool, schema)).rejects.toThrow(/pad\.notes.*run the command "adopt"/);
    expect((await installSync(pool, schema, { adopt: true })).adoptedScopes).toBe(1);
    const { bundles } = (await device.pull(2)).body as unknown as PullResponse;
    expect(bundles.map(({ rows }) => rows.map(({ key, op }) => [key['id'], op]))).toEqual([
      [
        ['b', 'INSERT'],
        ['c', 'INSERT'],
      ],
    ]);
    expect((await device.call('POST', '/sync/snapshot-sessions')).body['row_count']).toBe(3);
    await installSync(pool, schema);
    await server.close();
  });

  test('[OPS-424] a role that obeys the policies finds them in every household that the service knows', async () => {
    const role = `plain_${freshUuid().replaceAll('-', '')}`;
    const url = new URL(database.url);
    await pool.sql.unsafe(
      `create role ${role}; grant create on database ${url.pathname.slice(1)} to ${role}`,
    );
    await pool.sql.unsafe('drop schema sync, larder, larder_migration, auth cascade');
    url.searchParams.set('role', role);
    const plain = createPool({ url: url.href });
    try {
      await migrate(plain, migrations);
      await plain.sql.unsafe(MAKE).simple();
      expect((await installSync(plain, schema)).walls).toMatchObject({
        appRole: null,
        secondWall: true,
      });
      const scope = freshUuid();
      await plain.sql`select sync.create_scope(${scope})`;
      await installSync(plain, schema);
      await loadBehindTriggers(scope, 'a');
      await expect(installSync(plain, schema)).rejects.toThrow(/pad\.notes/);
      expect((await installSync(plain, schema, { adopt: true })).adoptedScopes).toBe(1);
      await installSync(plain, schema);
    } finally {
      await plain.close();
      await pool.sql.unsafe(`drop owned by ${role} cascade; drop role ${role}`);
    }
  });

  test('[OPS-110] an unknown operator command is one sentence', () => {
    expect(readCommand([])).toEqual({ ok: true, value: null });
    expect(readCommand(['new-epoch'])).toEqual({ ok: true, value: 'new-epoch' });
    expect(readCommand(['adopt'])).toEqual({ ok: true, value: 'adopt' });
    expect(readCommand(['destroy'])).toMatchObject({ ok: false });
  });
});
