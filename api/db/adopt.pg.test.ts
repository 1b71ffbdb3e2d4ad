/** Rows that were there before their table was synced (protocol.md §10.4). */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createDevice, freshUuid, startSyncServer } from '../../test/contract/sync-server.ts';
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

  test('[OPS-110] an unknown operator command is one sentence', () => {
    expect(readCommand([])).toEqual({ ok: true, value: null });
    expect(readCommand(['new-epoch'])).toEqual({ ok: true, value: 'new-epoch' });
    expect(readCommand(['adopt'])).toEqual({ ok: true, value: 'adopt' });
    expect(readCommand(['destroy'])).toMatchObject({ ok: false });
  });
});
