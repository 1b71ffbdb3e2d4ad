/**
 * Many writers, lost answers, and a database that dies: what must hold when things happen at once or
 * half-way (protocol.md §2.3, §2.4; quality.md §4).
 */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createPool } from '../../api/db/pool.ts';
import { createDatabase } from '../../api/db/tx.ts';
import { bundleHash, canonicalRequestHash } from '../../shared/protocol/bundle-hash.ts';
import type { PullResponse } from '../../shared/protocol/pull.ts';
import { startOwnPostgres } from '../own-postgres.ts';
import { insert, listItem, recipe, update } from './kitchen-rows.ts';
import {
  type SyncServer,
  type TestDevice,
  createDevice,
  joinedDevice,
  startSyncServer,
} from './sync-server.ts';

let server: SyncServer;

beforeAll(async () => {
  server = await startSyncServer();
});

afterAll(() => server.close());

async function pullAll(device: TestDevice): Promise<PullResponse['bundles']> {
  const bundles: PullResponse['bundles'] = [];
  for (let more = true; more;) {
    const after = bundles.at(-1)?.bundle_seq ?? 0;
    const body = (await device.pull(after)).body as unknown as PullResponse;
    bundles.push(...body.bundles);
    more = body.has_more;
  }
  return bundles;
}

describe('many writers', () => {
  test('[PUSH-29] 32 writers on one scope commit without a gap, each bundle once', async () => {
    const first = await joinedDevice(server);
    const devices = Array.from({ length: 32 }, () =>
      createDevice(server, { householdId: first.householdId }),
    );
    const answers = await Promise.all(
      devices.map(async (device) => [
        await device.push([insert('list_items', listItem())]),
        await device.push([insert('recipes', recipe())]),
      ]),
    );
    const numbers = answers.flat().map((answer) => Number(answer.body['bundle_seq']));
    expect(numbers.toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: 64 }, (_, index) => index + 1),
    );
    const bundles = await pullAll(first);
    expect(bundles.map((bundle) => bundle.bundle_seq)).toEqual(
      bundles.map((_, index) => index + 1),
    );
    for (const bundle of bundles) expect(bundleHash(bundle.rows).hash).toBe(bundle.bundle_hash);
  });

  test('[PUSH-30] of two devices that change one row at once, one wins and the other learns it', async () => {
    const ana = await joinedDevice(server);
    const ben = createDevice(server, { householdId: ana.householdId });
    const item = listItem();
    await ana.push([insert('list_items', item)]);
    const answers = await Promise.all([
      ana.push([update('list_items', item.id, 1, { title: 'Oats' })]),
      ben.push([update('list_items', item.id, 1, { title: 'Rye' })]),
    ]);
    expect(new Set(answers.map((answer) => answer.status))).toEqual(new Set([200, 409]));
  });

  test('[PUSH-31] twins that push one tuple at the same time commit it once', async () => {
    const device = await joinedDevice(server);
    const twin = createDevice(server, {
      householdId: device.householdId,
      sourceId: device.sourceId,
    });
    const rows = [insert('list_items', listItem())];
    const body = {
      source_bundle_id: 1,
      canonical_request_hash: canonicalRequestHash(rows).hash,
      rows,
    };
    const answers = await Promise.all([
      device.call('POST', '/sync/push', body),
      twin.call('POST', '/sync/push', body),
      device.push(rows, { id: 1 }),
    ]);
    const numbers = answers
      .map((answer) => answer.body['bundle_seq'])
      .filter((seq) => seq !== undefined);
    expect(new Set(numbers)).toEqual(new Set([1]));
    expect(await pullAll(device)).toHaveLength(1);
  });

  test('[SNAP-5] a snapshot under concurrent pushes is one instant', async () => {
    const device = await joinedDevice(server);
    const peers = Array.from({ length: 4 }, () =>
      createDevice(server, { householdId: device.householdId }),
    );
    const pushes = peers.map(async (peer) => {
      for (let index = 0; index < 5; index += 1) {
        // Two rows that must never be seen apart.
        await peer.push([insert('list_items', listItem()), insert('recipes', recipe())]);
      }
    });
    for (let index = 0; index < 5; index += 1) {
      const session = await device.call('POST', '/sync/snapshot-sessions');
      const page = await device.call(
        'GET',
        `/sync/snapshot-sessions/${String(session.body['snapshot_id'])}`,
      );
      const rows = page.body['rows'] as { table: string; row_version: number }[];
      const count = (table: string) => rows.filter((row) => row.table === table).length;
      expect(count('list_items')).toBe(Number(session.body['snapshot_bundle_seq']));
      expect(count('recipes')).toBe(Number(session.body['snapshot_bundle_seq']));
    }
    await Promise.all(pushes);
  });
});

describe('a database that dies', () => {
  test('[OPS-10] while Postgres is gone every answer is a typed 503, and afterwards each tuple is there once', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'larder-dies-'));
    chmodSync(folder, 0o755); // The account that runs Postgres for root must get through.
    // Durable on purpose: what was acknowledged must outlive the kill.
    const postgres = await startOwnPostgres({ dataDir: join(folder, 'data') });
    const mortal = await startSyncServer({ url: postgres.url });
    try {
      const devices = await Promise.all(Array.from({ length: 4 }, () => joinedDevice(mortal)));
      const acknowledged = new Map<TestDevice, number>();
      const statuses = new Set<number>();
      const state = { isOver: false };
      const work = devices.map(async (device) => {
        for (let id = 1; !state.isOver;) {
          const rows = [insert('list_items', listItem())];
          const body = {
            source_bundle_id: id,
            canonical_request_hash: canonicalRequestHash(rows).hash,
            rows,
          };
          for (let isKnown = false; !isKnown;) {
            const answer = await device.call('POST', '/sync/push', body);
            statuses.add(answer.status);
            isKnown = answer.status === 200;
          }
          acknowledged.set(device, id);
          id += 1;
        }
      });
      const progress = async (pushes: number) => {
        const total = () => [...acknowledged.values()].reduce((sum, id) => sum + id, 0);
        const goal = total() + pushes;
        while (total() < goal) await devices[0]?.pull();
      };
      await progress(10);
      for (let kill = 0; kill < 2; kill += 1) {
        process.kill(postgres.pid, 'SIGKILL');
        await progress(10);
      }
      state.isOver = true;
      await Promise.all(work);
      expect(statuses).toEqual(new Set([200, 503]));
      for (const device of devices) {
        const bundles = await pullAll(device);
        expect(bundles.map((bundle) => bundle.source_bundle_id)).toEqual(
          Array.from({ length: acknowledged.get(device) ?? 0 }, (_, index) => index + 1),
        );
      }
    } finally {
      await mortal.close();
      await postgres.stop();
      rmSync(folder, { recursive: true, force: true });
    }
  }, 300_000);

  test('[OPS-11] nobody waits for a connection longer than the bound', async () => {
    const pool = createPool({
      url: 'postgres://nobody@127.0.0.1:1/none',
      connections: 1,
      waitMs: 20,
    });
    const database = createDatabase(pool, { appRole: null });
    const settings = { isolation: 'read-committed', readOnly: true, scopeId: null } as const;
    const answers = await Promise.allSettled(
      [1, 2].map(() => database.transaction(settings, async (tx) => tx.query('select 1'))),
    );
    for (const answer of answers) {
      expect(answer).toMatchObject({ status: 'rejected', reason: { name: 'DatabaseUnavailable' } });
    }
    await pool.close();
  });
});
