/**
 * A database that is lost at a chosen moment (protocol.md §5.3, §2.4; §15 line 20): at every statement of a
 * push, while COMMIT is under way, and by a crash that takes the unlogged tables with it. Afterwards all of a
 * write is there or nothing, and the same request again ends the same.
 */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  CommitOutcomeUnknown,
  type Database,
  DatabaseUnavailable,
  type Tx,
} from '../../api/sync/ports.ts';
import { canonicalRequestHash } from '../../shared/protocol/bundle-hash.ts';
import type { PullResponse } from '../../shared/protocol/pull.ts';
import { startOwnPostgres } from '../own-postgres.ts';
import { ingredient, insert, listItem, recipe } from './kitchen-rows.ts';
import { createReplica, dumpServer } from './replay.ts';
import {
  type Answer,
  type SyncServer,
  type TestDevice,
  createDevice,
  joinedDevice,
  startSyncServer,
} from './sync-server.ts';

/** Statements until the connection is lost, and what becomes of the next COMMIT of a write. */
const fault = {
  statementsLeft: Infinity,
  commit: 'kept' as 'kept' | 'done, answer lost' | 'undone, answer lost',
};

function fragile(database: Database): Database {
  const lost = (): never => {
    throw new DatabaseUnavailable('planted');
  };
  const wrap = (tx: Tx): Tx => ({
    query: (statement, params) => {
      fault.statementsLeft -= 1;
      return fault.statementsLeft < 0 ? lost() : tx.query(statement, params);
    },
    attempt: (work) => tx.attempt((inner) => work(wrap(inner))),
  });
  return {
    transaction: async (options, work) => {
      const { commit } = fault;
      if (options.readOnly || commit === 'kept') {
        return database.transaction(options, (tx) => work(wrap(tx)));
      }
      fault.commit = 'kept';
      const unknown = new CommitOutcomeUnknown('planted');
      if (commit === 'done, answer lost') await database.transaction(options, work);
      else {
        await database.transaction(options, async (tx) => {
          await work(tx);
          throw unknown;
        });
      }
      throw unknown;
    },
  };
}

let server: SyncServer;
beforeAll(async () => {
  server = await startSyncServer({ wrapDatabase: fragile });
});
afterAll(() => server.close());

const drawRows = () => {
  const soup = recipe();
  return [
    insert('recipes', soup),
    insert('recipe_ingredients', ingredient(soup.id)),
    insert('list_items', listItem()),
  ];
};

const bodyOf = (rows: ReturnType<typeof drawRows>) => ({
  source_bundle_id: 1,
  canonical_request_hash: canonicalRequestHash(rows).hash,
});

async function pushBySession(
  device: TestDevice,
  rows: ReturnType<typeof drawRows>,
): Promise<Answer> {
  const created = await device.call('POST', '/sync/push-sessions', {
    ...bodyOf(rows),
    planned_row_count: rows.length,
  });
  if (created.status !== 200 || created.body['status'] === 'already_committed') return created;
  const path = `/sync/push-sessions/${String(created.body['push_id'])}`;
  const staged = await device.call('POST', `${path}/chunks`, { start_row_ordinal: 0, rows });
  return staged.status === 200 ? device.call('POST', `${path}/commit`) : staged;
}

const ways = [
  ['sessions', pushBySession],
  [
    'one request',
    (device: TestDevice, rows: ReturnType<typeof drawRows>) =>
      device.call('POST', '/sync/push', { ...bodyOf(rows), rows }),
  ],
] as const;

/** One bundle, whose rows are those of the tables. */
async function expectOnce(device: TestDevice): Promise<void> {
  const { bundles } = (await device.pull()).body as unknown as PullResponse;
  expect(bundles.map(({ bundle_seq: seq }) => seq)).toEqual([1]);
  const replica = await createReplica();
  for (const bundle of bundles) replica.apply(bundle);
  expect(replica.dump()).toEqual(await dumpServer(server.sql, device.householdId));
  replica.close();
  const left = await server.sql`
    select 1 from sync.push_session where scope_id = ${device.householdId}
    union all select 1 from sync.push_session_row where scope_id = ${device.householdId}
    union all select 1 from sync.capture where scope_id = ${device.householdId}
    union all select 1 from sync.context where scope_id = ${device.householdId}`;
  expect(left).toHaveLength(0);
}

describe('lost connections', () => {
  test.each(ways)(
    '[PUSH-251] a database that is lost at any statement of a push by %s leaves nothing or all',
    async (_name, push) => {
      const outcomes = new Map<number, number>();
      for (let at = 0; ; at += 1) {
        const device = await joinedDevice(server);
        const rows = drawRows();
        fault.statementsLeft = at;
        const first = await push(device, rows);
        const wasReached = fault.statementsLeft < 0;
        fault.statementsLeft = Infinity;
        outcomes.set(first.status, (outcomes.get(first.status) ?? 0) + 1);
        // What was lost is not there at all, or whole.
        const seen = (await device.pull()).body as unknown as PullResponse;
        expect([0, 1]).toContain(seen.bundles.length);
        expect((await push(device, rows)).status).toBe(200);
        await expectOnce(device);
        if (!wasReached) break;
      }
      const lost = outcomes.get(503) ?? 0;
      // A push in one request has three statements of its own.
      expect(lost).toBeGreaterThanOrEqual(3);
      expect(outcomes).toEqual(
        new Map([
          [503, lost],
          [200, 1],
        ]),
      );
    },
    300_000,
  );

  test.each(ways)(
    '[PUSH-252] a commit whose answer was lost is looked up: done is acknowledged, undone is 503, by %s',
    async (_name, push) => {
      const commitOnly = async (
        device: TestDevice,
        rows: ReturnType<typeof drawRows>,
        outcome: typeof fault.commit,
      ): Promise<Answer> => {
        if (push !== pushBySession) {
          fault.commit = outcome;
          return push(device, rows);
        }
        const created = await device.call('POST', '/sync/push-sessions', {
          ...bodyOf(rows),
          planned_row_count: rows.length,
        });
        const path = `/sync/push-sessions/${String(created.body['push_id'])}`;
        await device.call('POST', `${path}/chunks`, { start_row_ordinal: 0, rows });
        fault.commit = outcome;
        return device.call('POST', `${path}/commit`);
      };
      const lucky = await joinedDevice(server);
      const done = drawRows();
      const acknowledged = await commitOnly(lucky, done, 'done, answer lost');
      expect(acknowledged).toMatchObject({ status: 200, body: { bundle_seq: 1 } });
      await expectOnce(lucky);
      expect(await push(lucky, done)).toMatchObject({ body: { status: 'already_committed' } });

      const unlucky = await joinedDevice(server);
      const undone = drawRows();
      const refused = await commitOnly(unlucky, undone, 'undone, answer lost');
      expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1']);
      expect((await push(unlucky, undone)).status).toBe(200);
      await expectOnce(unlucky);
    },
  );
});

/** As a client does: a connection of before the crash may still be found dead, which is a 503. */
async function steady(ask: () => Promise<Answer>): Promise<Answer> {
  for (let tries = 1; ; tries += 1) {
    const answer = await ask();
    if (answer.status !== 503 || tries === 20) return answer;
  }
}

describe('a crash of Postgres', () => {
  test('[PUSH-253] takes staged pushes and frozen snapshots with it, which are then unknown and made again', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'larder-crash-'));
    chmodSync(folder, 0o755); // The account that runs Postgres for root must get through.
    const postgres = await startOwnPostgres({ dataDir: join(folder, 'data') });
    const mortal = await startSyncServer({ url: postgres.url });
    try {
      const device = await joinedDevice(mortal);
      await device.push([insert('list_items', listItem())]);
      const rows = drawRows();
      const create = () =>
        device.call('POST', '/sync/push-sessions', {
          ...bodyOf(rows),
          source_bundle_id: 2,
          planned_row_count: rows.length,
        });
      const stage = (path: string) =>
        device.call('POST', `${path}/chunks`, { start_row_ordinal: 0, rows });
      const pathOf = ({ body }: Answer): string => `/sync/push-sessions/${String(body['push_id'])}`;
      const lost = pathOf(await create());
      expect((await stage(lost)).status).toBe(200);
      const session = await device.call('POST', '/sync/snapshot-sessions');
      const page = `/sync/snapshot-sessions/${String(session.body['snapshot_id'])}`;
      expect((await device.call('GET', page)).status).toBe(200);

      process.kill(postgres.pid, 'SIGKILL');
      await expect.poll(async () => (await device.pull()).status, { timeout: 20_000 }).toBe(200);

      for (const [method, path] of [
        ['POST', `${lost}/commit`],
        ['DELETE', lost],
      ] as const) {
        expect(await steady(() => device.call(method, path))).toMatchObject({
          status: 404,
          body: { error: 'push_session_not_found' },
        });
      }
      expect((await steady(() => stage(lost))).body['error']).toBe('push_session_not_found');
      expect(await steady(() => device.call('GET', page))).toMatchObject({
        status: 404,
        body: { error: 'snapshot_session_not_found' },
      });
      const again = pathOf(await steady(create));
      expect((await steady(() => stage(again))).status).toBe(200);
      expect((await device.call('POST', `${again}/commit`)).body['bundle_seq']).toBe(2);
      const anew = await steady(() => device.call('POST', '/sync/snapshot-sessions'));
      expect(anew.status).toBe(200);
      // Another device of the household sees both bundles, each once.
      const peer = createDevice(mortal, { householdId: device.householdId });
      const { bundles } = (await steady(() => peer.pull())).body as unknown as PullResponse;
      expect(bundles.map(({ source_bundle_id: id }) => id)).toEqual([1, 2]);
    } finally {
      await mortal.close();
      await postgres.stop();
      rmSync(folder, { recursive: true, force: true });
    }
  }, 300_000);
});
