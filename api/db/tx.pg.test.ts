/** How connections are shared out between households. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type TestDatabase, createTestDatabase } from '../../test/test-database.ts';
import { freshUuid } from '../../test/contract/sync-server.ts';
import { migrations } from './kitchen.ts';
import { migrate } from './migrate.ts';
import { type Pool, createPool } from './pool.ts';
import { createDatabase } from './tx.ts';

let database: TestDatabase;
let pool: Pool;

beforeAll(async () => {
  database = await createTestDatabase();
  pool = createPool({ url: database.url, connections: 3 });
  await migrate(pool, migrations);
});

afterAll(async () => {
  await pool.close();
  await database.drop();
});

test('[OPS-112] a household that holds its share of connections leaves the others to everybody else', async () => {
  const service = createDatabase(pool, { appRole: null, connectionsPerScope: 2 });
  const busy = freshUuid();
  const read = { isolation: 'read-committed', readOnly: true } as const;
  let open: () => void = () => undefined;
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  let running = 0;
  let most = 0;
  const held = Array.from({ length: 5 }, () =>
    service.transaction({ ...read, scopeId: busy }, async (tx) => {
      running += 1;
      most = Math.max(most, running);
      await gate;
      await tx.query('select 1');
      running -= 1;
    }),
  );
  const other = await service.transaction({ ...read, scopeId: freshUuid() }, (tx) =>
    tx.query('select 1 as one'),
  );
  expect(other).toEqual([{ one: 1 }]);
  open();
  await Promise.all(held);
  expect(most).toBe(2);
});
