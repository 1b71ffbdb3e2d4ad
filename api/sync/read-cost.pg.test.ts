/** What reading costs: statements that grow neither with the bundles nor with their rows (B11, B13). */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { insert, listItem, update } from '../../test/contract/kitchen-rows.ts';
import {
  type Answer,
  type SyncServer,
  type TestDevice,
  createDevice,
  joinedDevice,
  startSyncServer,
} from '../../test/contract/sync-server.ts';
import { limits } from '../../shared/limits.ts';
import type { Tx } from './ports.ts';

const count = { statements: 0 };
let server: SyncServer;
let small: TestDevice;
let large: TestDevice;

beforeAll(async () => {
  const counted = (tx: Tx): Tx => ({
    query: (statement, params) => {
      count.statements += 1;
      return tx.query(statement, params);
    },
    attempt: (work) => tx.attempt((inner) => work(counted(inner))),
  });
  server = await startSyncServer({
    // Answers in slices cost one or two statements more for each; those are counted in sync-slices.pg.test.ts.
    limits: { ...limits, answer: { ...limits.answer, wholeBytesMax: limits.pull.pageBytesMax } },
    wrapDatabase: (database) => ({
      transaction: (options, work) =>
        // The cleaner works behind answers, for no household in particular.
        database.transaction(options, (tx) => work(options.scopeId === null ? tx : counted(tx))),
    }),
  });
  small = await joinedDevice(server);
  large = await joinedDevice(server);
  await small.push([insert('list_items', listItem())]);
  for (let id = 1; id <= 60; id += 1) {
    await large.push(Array.from({ length: 10 }, () => insert('list_items', listItem())));
  }
});

afterAll(() => server.close());

async function costOf(ask: (device: TestDevice) => Promise<Answer>): Promise<[number, number]> {
  const costs: number[] = [];
  for (const device of [small, large]) {
    count.statements = 0;
    const answer = await ask(device);
    expect(answer.status).toBeLessThan(410);
    costs.push(count.statements);
  }
  return [costs[0] ?? 0, costs[1] ?? 0];
}

test('[PULL-247] a pull, committed rows and a refused push cost the same few statements, however much there is', async () => {
  const stale = (device: TestDevice) =>
    device.pull().then(async ({ body }) => {
      const bundles = body['bundles'] as readonly { rows: readonly { key: { id: string } }[] }[];
      const ids = bundles.flatMap(({ rows }) => rows.map(({ key }) => key.id));
      const other = createDevice(server, { householdId: device.householdId });
      count.statements = 0;
      return other.push(
        ids.map((id) => update('list_items', id, 99, { title: 'x' })),
        { headers: { 'oversync-extensions': 'all_conflicts' } },
      );
    });
  for (const ask of [
    (device: TestDevice) => device.pull(),
    (device: TestDevice) => device.call('GET', '/sync/committed-bundles/1/rows'),
    stale,
  ]) {
    const [one, many] = await costOf(ask);
    expect(many).toBe(one);
    expect(many).toBeLessThan(20);
  }
});

test('[SNAP-246] a snapshot costs the same statements for one row and for a thousand, and so does a page of it', async () => {
  const tables = server.service.registry.tables.length;
  const paths = new Map<TestDevice, string>();
  const [one, many] = await costOf(async (device) => {
    const session = await device.call('POST', '/sync/snapshot-sessions');
    paths.set(device, `/sync/snapshot-sessions/${String(session.body['snapshot_id'])}`);
    return session;
  });
  expect(many).toBe(one);
  expect(many).toBeLessThan(tables + 20);
  const [page, fullPage] = await costOf((device) => device.call('GET', paths.get(device) ?? ''));
  expect(fullPage).toBe(page);
  expect(fullPage).toBeLessThan(10);
});
