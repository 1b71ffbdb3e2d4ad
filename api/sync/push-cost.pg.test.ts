/** What a push costs: statements that do not grow with its rows (B12, quality.md §6.3). */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { insert, listItem, recipe, remove, update } from '../../test/contract/kitchen-rows.ts';
import { freshUuid } from '../../test/contract/sync-server.ts';
import { type TestDatabase, createTestDatabase } from '../../test/test-database.ts';
import { must } from '../../shared/assert.ts';
import { limits } from '../../shared/limits.ts';
import { canonicalRequestHash } from '../../shared/protocol/bundle-hash.ts';
import type { PushRequestRow } from '../../shared/protocol/shapes.ts';
import { hashRows } from '../hash-rows.ts';
import { kitchenSync, migrations } from '../db/kitchen.ts';
import { installSync, migrate } from '../db/migrate.ts';
import { type Pool, createPool } from '../db/pool.ts';
import { createDatabase } from '../db/tx.ts';
import type { Walls } from '../db/walls.ts';
import type { Caller } from './caller.ts';
import { type SyncService, type SyncServiceOptions, createSyncService } from './service.ts';

let database: TestDatabase;
let pool: Pool;
let service: SyncService;
let options: SyncServiceOptions;
let walls: Walls;
const statements: string[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
  pool = createPool({ url: database.url, onStatement: (text) => void statements.push(text) });
  await migrate(pool, migrations);
  const installed = await installSync(pool, kitchenSync);
  ({ walls } = installed);
  options = {
    database: createDatabase(pool, walls),
    registry: installed.registry,
    clock: { nowMs: () => Date.now(), toRfc3339: (ms) => new Date(ms).toISOString() },
    ids: { uuid: freshUuid },
    hashRows,
    log: { error: () => undefined },
  };
  service = createSyncService(options);
});

afterAll(async () => {
  await service.stop();
  await pool.close();
  await database.drop();
});

async function joined(): Promise<Caller> {
  const userId = freshUuid();
  const caller: Caller = {
    userId,
    scopeId: userId,
    accountId: freshUuid(),
    sourceId: freshUuid(),
    actor: 'Ana',
    device: null,
    serverEpoch: null,
    extensions: new Set(),
  };
  expect((await service.connect(caller, false)).ok).toBe(true);
  return caller;
}

const rowsOf = (count: number): PushRequestRow[] =>
  Array.from({ length: count }, () => insert('list_items', listItem()));

const tupleOf = (rows: readonly PushRequestRow[], sourceBundleId: number) => ({
  sourceBundleId,
  requestHash: canonicalRequestHash(rows).hash,
  initializationId: null,
  note: null,
});

async function pushOnce(caller: Caller, rows: readonly PushRequestRow[], id = 1): Promise<number> {
  statements.length = 0;
  const tuple = tupleOf(rows, id);
  const answer = await service.pushOnce(caller, {
    tuple,
    rows,
    afterBundleSeq: id - 1,
    withNotes: false,
  });
  expect(answer.ok).toBe(true);
  return statements.length;
}

async function commitStaged(caller: Caller, rows: readonly PushRequestRow[]): Promise<number> {
  const created = await service.createPushSession(caller, tupleOf(rows, 1), rows.length);
  if (!created.ok || created.value.status !== 'staging') throw new Error('not staged');
  const staged = await service.pushChunk(caller, created.value.push_id, 0, rows);
  expect(staged.ok).toBe(true);
  statements.length = 0;
  const committed = await service.commitPush(caller, created.value.push_id);
  expect(committed.ok).toBe(true);
  return statements.length;
}

/** How many rows were read until now by the one connection that works. */
async function readRows(single: Pool): Promise<number> {
  await single.sql`select pg_stat_force_next_flush()`;
  const [row] = await single.sql`select sum(idx_tup_fetch + seq_tup_read)::bigint as n
    from pg_stat_user_tables where schemaname in ('sync', 'larder')`;
  return Number(row?.['n']);
}

describe('cost', () => {
  test('[PUSH-50] a push in one request costs the same few statements for 1, 100 and 1,000 rows', async () => {
    const counts: number[] = [];
    for (const size of [1, 100, 1000]) counts.push(await pushOnce(await joined(), rowsOf(size)));
    expect(counts).toEqual([6, 6, 6]);
  });

  test('[PUSH-51] the commit of a staged bundle costs the same few statements for 1 and 1,000 rows', async () => {
    expect([
      await commitStaged(await joined(), rowsOf(1)),
      await commitStaged(await joined(), rowsOf(1000)),
    ]).toEqual([9, 9]);
  });

  test('[PUSH-52] rows of other tables and ops cost no further round trip', async () => {
    const mixed = [...rowsOf(2), insert('recipes', recipe()), ...rowsOf(1)];
    expect(await pushOnce(await joined(), mixed)).toBe(6);
  });

  test('[PUSH-420] a changed or removed row is found by its key, however many its household has', async () => {
    const single = createPool({ url: database.url, connections: 1 });
    const own = createSyncService({ ...options, database: createDatabase(single, walls) });
    const caller = await joined();
    const items = Array.from({ length: 1000 }, () => listItem());
    const push = async (id: number, rows: readonly PushRequestRow[]): Promise<number> => {
      const before = await readRows(single);
      const tuple = tupleOf(rows, id);
      const answer = await own.pushOnce(caller, {
        tuple,
        rows,
        afterBundleSeq: id - 1,
        withNotes: false,
      });
      expect(answer.ok).toBe(true);
      return ((await readRows(single)) - before) / rows.length;
    };
    await push(
      1,
      items.map((item) => insert('list_items', item)),
    );
    const retitled = items.map(({ id }) => update('list_items', id, 1, { title: 'Oats' }));
    expect(await push(2, retitled)).toBeLessThan(20);
    const removed = items.map(({ id }) => remove('list_items', id, 2));
    expect(await push(3, removed)).toBeLessThan(20);
    await own.stop();
    await single.close();
  });

  test('[PUSH-421] a commit of more rows than one chunk has may take longer, by so much for each row', async () => {
    await pool.sql.unsafe(`create table public.seen (statement_timeout text);
      create function public.see() returns trigger language plpgsql security definer as $$ begin
        insert into public.seen values (current_setting('statement_timeout'));
        return null;
      end $$;
      create trigger see after insert on larder.list_items for each statement execute function public.see()`);
    const chunkRowsMax = 3;
    const own = createSyncService({
      ...options,
      limits: { ...limits, push: { ...limits.push, chunkRowsMax } },
    });
    for (const rows of [rowsOf(chunkRowsMax), rowsOf(chunkRowsMax + 1)]) {
      const caller = await joined();
      const created = await own.createPushSession(caller, tupleOf(rows, 1), rows.length);
      if (!created.ok || created.value.status !== 'staging') throw new Error('not staged');
      const pushId = created.value.push_id;
      for (let at = 0; at < rows.length; at += chunkRowsMax) {
        const chunk = rows.slice(at, at + chunkRowsMax);
        expect((await own.pushChunk(caller, pushId, at, chunk)).ok).toBe(true);
      }
      expect((await own.commitPush(caller, pushId)).ok).toBe(true);
    }
    const seen = await pool.sql`select statement_timeout from public.seen`;
    expect(seen.map((row) => String(row['statement_timeout']))).toEqual([
      '30s',
      `${String(30_000 + 4 * limits.database.commitRowMs)}ms`,
    ]);
    await pool.sql.unsafe('drop trigger see on larder.list_items; drop table public.seen');
    await own.stop();
  });

  test('[PUSH-260] a commit reads a number of rows that grows as the push does, whatever the statistics say', async () => {
    // A staging table that was never analysed once made each of 5,000 rows read the whole push: eighteen seconds.
    const single = createPool({ url: database.url, connections: 1 });
    const own = createSyncService({ ...options, database: createDatabase(single, walls) });
    const stage = async (rows: readonly PushRequestRow[]) => {
      const caller = await joined();
      const created = await own.createPushSession(caller, tupleOf(rows, 1), rows.length);
      if (!created.ok || created.value.status !== 'staging') throw new Error('not staged');
      const pushId = created.value.push_id;
      expect((await own.pushChunk(caller, pushId, 0, rows)).ok).toBe(true);
      return { caller, pushId };
    };
    const expectFewReads = async (size: number): Promise<void> => {
      const { caller, pushId } = await stage(rowsOf(size));
      const before = await readRows(single);
      expect((await own.commitPush(caller, pushId)).ok).toBe(true);
      expect(((await readRows(single)) - before) / size).toBeLessThan(20);
    };
    await expectFewReads(5000);
    await expectFewReads(5000);
    await stage(rowsOf(1000));
    await single.sql.unsafe('analyze sync.push_session_row, sync.row_state, sync.capture');
    await single.sql.unsafe('analyze larder.list_items, sync.bundle_row');
    await expectFewReads(1000);
    await own.stop();
    await single.close();
  });

  test('[PUSH-261] rows that name every column and rows that name some are applied alike', async () => {
    const { columns } = must(
      kitchenSync.tables.find((table) => table.table === 'list_items'),
      'the kitchen has a list',
    );
    const wholeOf = (item: Readonly<Record<string, unknown>>) =>
      Object.fromEntries(columns.map(({ name }) => [name, item[name] ?? null]));
    const storedFor = async (asWhole: boolean): Promise<unknown> => {
      const caller = await joined();
      const item = { ...listItem({ title: 'Oats', note: 'fine' }), id: freshUuid(), later: false };
      const other = { ...item, id: freshUuid() };
      const shape = (one: typeof item) =>
        insert('list_items', { ...(asWhole ? wholeOf(one) : one), id: one.id });
      await pushOnce(caller, [shape(item), shape(other)]);
      const changed = shape({ ...item, title: 'Rolled oats' });
      await pushOnce(
        caller,
        [
          { ...changed, op: 'UPDATE', base_row_version: 1 },
          { ...remove('list_items', other.id, 1) },
        ],
        2,
      );
      return pool.sql`select b.bundle_seq, b.op, (b.payload::jsonb - 'id')::text as payload from sync.bundle_row b
        join sync.table_catalog t using (table_no) where b.scope_id = ${caller.scopeId} and t.table_name = 'list_items'
        order by b.bundle_seq, b.ordinal`;
    };
    const whole = await storedFor(true);
    expect(whole).toHaveLength(4);
    expect(whole).toEqual(await storedFor(false));
  });
});
