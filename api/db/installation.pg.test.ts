/** Starting one more process on a database that others are serving. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { insert, listItem } from '../../test/contract/kitchen-rows.ts';
import { type SyncServer, joinedDevice, startSyncServer } from '../../test/contract/sync-server.ts';
import { type TestDatabase, createTestDatabase } from '../../test/test-database.ts';
import { kitchenSync } from './kitchen.ts';
import { installSync } from './migrate.ts';
import { type Pool, createPool } from './pool.ts';

let database: TestDatabase;
let server: SyncServer;
let pool: Pool;

beforeEach(async () => {
  database = await createTestDatabase();
  server = await startSyncServer({ url: database.url });
  pool = createPool({ url: database.url });
});

afterEach(async () => {
  await pool.close();
  await server.close();
  await database.drop();
});

/** Reads a table as a snapshot that is being built does, for as long as `work` takes. */
async function whileRead(work: () => Promise<void>): Promise<void> {
  await server.sql.begin(async (sql) => {
    await sql`lock table larder.list_items in access share mode`;
    await work();
  });
}

/** Somebody waits for a lock, or `isOver` says that nobody will any more. */
const waitForLock = (isOver: () => boolean): Promise<void> =>
  expect
    .poll(
      async () => {
        const waiting = await server.sql`select 1 from pg_stat_activity
          where datname = current_database() and wait_event_type = 'Lock'`;
        return isOver() || waiting.length > 0;
      },
      { timeout: 20_000 },
    )
    .toBe(true);

/** What a start puts on the tables, as far as hands could have changed it. */
const readInstalled = (): Promise<readonly unknown[]> => server.sql`
  select c.relname, c.relrowsecurity, c.relforcerowsecurity, c.relacl::text,
    array(select format('%s %s', t.tgname, t.tgenabled) from pg_trigger t
      where t.tgrelid = c.oid and not t.tgisinternal order by 1)::text as triggers,
    array(select format('%s %s', p.polname, pg_get_expr(p.polqual, p.polrelid)) from pg_policy p
      where p.polrelid = c.oid order by 1)::text as policies,
    array(select p.oid::regprocedure::text from pg_proc p
      where p.pronamespace = 'sync'::regnamespace order by 1)::text as functions
  from pg_class c where c.relnamespace = 'larder'::regnamespace and c.relkind = 'r' order by 1`;

const BY_HAND: readonly (readonly [string, string])[] = [
  ['a dropped trigger', 'drop trigger "00_sync_capture_insert" on larder.list_items'],
  ['a trigger that is off', 'alter table larder.list_items disable trigger "00_sync_scope"'],
  ['a dropped policy', 'drop policy sync_scope on larder.list_items'],
  ['another policy', 'alter policy sync_scope on larder.list_items using (true)'],
  ['a wall that is off', 'alter table larder.list_items disable row level security'],
  ['a wall that spares the owner', 'alter table larder.list_items no force row level security'],
  ['a dropped function', 'drop function sync.store_1(uuid, bigint, bytea[], text[], integer[])'],
  ['a right that is gone', 'revoke insert on larder.list_items from larder_app'],
];

describe('installation', () => {
  test('[OPS-420] a process that starts on a database that is as it should be holds up nobody', async () => {
    const device = await joinedDevice(server);
    await whileRead(async () => {
      let isStarted = false;
      const start = installSync(pool, kitchenSync).finally(() => (isStarted = true));
      await waitForLock(() => isStarted);
      expect((await device.push([insert('list_items', listItem())])).status).toBe(200);
      expect(isStarted).toBe(true);
      await start;
    });
  });

  test.each(BY_HAND)('[OPS-421] the next start puts %s right', async (_what, statement) => {
    const before = await readInstalled();
    await server.sql.unsafe(statement);
    expect(await readInstalled()).not.toEqual(before);
    await installSync(pool, kitchenSync);
    expect(await readInstalled()).toEqual(before);
  });

  test('[OPS-422] a start that cannot have a table gives up in one sentence, and writes go on meanwhile', async () => {
    const device = await joinedDevice(server);
    await server.sql`update sync.installation set fingerprint = 'of an older build'`;
    await whileRead(async () => {
      let isOver = false;
      const said = installSync(pool, kitchenSync, { triesMax: 2 })
        .then(() => 'installed', String)
        .finally(() => (isOver = true));
      await waitForLock(() => isOver);
      expect((await device.push([insert('list_items', listItem())])).status).toBe(200);
      expect(await said).toMatch(/holds a table that has to be prepared/);
    });
    await installSync(pool, kitchenSync);
    expect(await server.sql`select fingerprint from sync.installation`).not.toEqual([
      { fingerprint: 'of an older build' },
    ]);
  });
});
