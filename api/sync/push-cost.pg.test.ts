/** What a push costs: statements that do not grow with its rows (B12, quality.md §6.3). */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { insert, listItem, recipe } from '../../test/contract/kitchen-rows.ts';
import { freshUuid } from '../../test/contract/sync-server.ts';
import { type TestDatabase, createTestDatabase } from '../../test/test-database.ts';
import { canonicalRequestHash } from '../../shared/protocol/bundle-hash.ts';
import type { PushRequestRow } from '../../shared/protocol/shapes.ts';
import { kitchenSync, migrations } from '../db/kitchen.ts';
import { installSync, migrate } from '../db/migrate.ts';
import { type Pool, createPool } from '../db/pool.ts';
import { createDatabase } from '../db/tx.ts';
import type { Caller } from './caller.ts';
import { type SyncService, createSyncService } from './service.ts';

let database: TestDatabase;
let pool: Pool;
let service: SyncService;
const statements: string[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
  pool = createPool({ url: database.url, onStatement: (text) => void statements.push(text) });
  await migrate(pool, migrations);
  const { registry, walls } = await installSync(pool, kitchenSync);
  service = createSyncService({
    database: createDatabase(pool, walls),
    registry,
    clock: { nowMs: () => Date.now(), toRfc3339: (ms) => new Date(ms).toISOString() },
    ids: { uuid: freshUuid },
    log: { error: () => undefined },
  });
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
});
