/**
 * Extensions are invisible to who does not ask and never required (protocol.md §13.1, §15 line 37): a plain
 * client is answered by the same bytes whether they are on or off, and our device converges without each of them.
 */
import { describe, expect, test } from 'vitest';
import { EXTENSIONS } from '../../api/sync/service.ts';
import { canonicalRequestHash } from '../../shared/protocol/bundle-hash.ts';
import type { PushRequestRow } from '../../shared/protocol/shapes.ts';
import { kitchenSchema } from '../../shared/schema/tables.ts';
import { createDevice as createEngineDevice, createIds, createRandom } from '../sim/world.ts';
import type { Device } from '../sim/world.ts';
import { performAct } from '../sim/workload.ts';
import { transportTo } from './device-transport.ts';
import { oddSchema } from './odd-schema.ts';
import { type SyncServer, createDevice, freshUuid, startSyncServer } from './sync-server.ts';

const TEST_MS_MAX = 120_000;

/** A row of the second application, whose triggers write nothing that differs from run to run. */
const row = (
  op: 'INSERT' | 'UPDATE' | 'DELETE',
  table: 'parents' | 'children',
  id: string,
  base: number,
  payload: Readonly<Record<string, string>> = {},
): PushRequestRow => ({
  schema: 'odd',
  table,
  key: { id },
  op,
  base_row_version: base,
  ...(op === 'DELETE' ? {} : { payload }),
});

/** All that a published client may ask. */
async function playPlainClient(server: SyncServer): Promise<string[]> {
  const device = createDevice(server);
  const peer = createDevice(server, { householdId: device.householdId });
  const heard: string[] = [];
  const ask = async (
    by: typeof device,
    method: string,
    path: string,
    body?: unknown,
  ): Promise<Readonly<Record<string, unknown>>> => {
    const answer = await by.call(method, path, body);
    const headers = [...answer.headers.keys()].toSorted((a, b) => (a < b ? -1 : 1));
    heard.push(
      `${method} ${path} ${String(answer.status)} ${headers.join()} ${JSON.stringify(answer.body)}`,
    );
    return answer.body;
  };
  const pushes = [
    [
      row('INSERT', 'parents', 'p', 0, { name: 'P' }),
      row('INSERT', 'children', 'c', 0, { parent: 'p' }),
    ],
    [row('UPDATE', 'parents', 'p', 1, { name: 'Q', size: 'short' })],
    // Stale, refused by a foreign key, refused by its spelling, and good.
    [row('UPDATE', 'parents', 'p', 1, { name: 'Late' })],
    [row('INSERT', 'children', 'orphan', 0, { parent: 'nobody' })],
    [row('UPDATE', 'parents', 'p', 2, { size: 'too long' })],
    [row('DELETE', 'parents', 'p', 2)],
  ];
  const connected = await ask(device, 'POST', '/sync/connect', { has_local_pending_rows: true });
  let seed: unknown = connected['initialization_id'];
  let id = 1;
  for (const rows of pushes) {
    const created = await ask(device, 'POST', '/sync/push-sessions', {
      source_bundle_id: id,
      planned_row_count: rows.length,
      canonical_request_hash: canonicalRequestHash(rows).hash,
      ...(seed === undefined ? {} : { initialization_id: seed }),
      // Members of extensions mean nothing to who does not ask.
      note: { label: 'Never kept' },
      after_bundle_seq: 0,
    });
    seed = undefined;
    const path = `/sync/push-sessions/${String(created['push_id'])}`;
    await ask(device, 'POST', `${path}/chunks`, { start_row_ordinal: 0, rows });
    const committed = await ask(device, 'POST', `${path}/commit`);
    if (committed['bundle_seq'] !== undefined) id += 1;
  }
  await ask(peer, 'POST', '/sync/connect', {});
  await ask(peer, 'GET', '/sync/capabilities');
  await ask(peer, 'GET', '/sync/pull?include=notes');
  await ask(peer, 'GET', '/sync/pull?after_bundle_seq=99');
  await ask(peer, 'GET', '/sync/committed-bundles/1/rows?include=notes');
  const session = await ask(peer, 'POST', '/sync/snapshot-sessions');
  const page = `/sync/snapshot-sessions/${String(session['snapshot_id'])}`;
  await ask(peer, 'GET', page);
  await ask(peer, 'DELETE', page);
  await ask(peer, 'GET', page);
  // Only what the server draws differs from run to run.
  return heard.map((line) =>
    line
      .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, 'UUID')
      .replace(/"(lease_expires_at|expires_at)":"[^"]*"/g, '"$1":"TIME"'),
  );
}

describe('extensions', () => {
  test(
    '[OPS-250] a plain client is answered alike with all extensions on and with all of them off',
    async () => {
      const on = await startSyncServer({ schema: oddSchema });
      const off = await startSyncServer({ schema: oddSchema, extensions: [] });
      const [withAll, withNone] = [await playPlainClient(on), await playPlainClient(off)];
      expect(withAll).toEqual(withNone);
      expect(withAll.filter((line) => / (200|204) /.test(line)).length).toBeGreaterThan(15);
      for (const word of ['push_conflict', 'push_commit_invalid', 'push_chunk_invalid']) {
        expect(withAll.some((line) => line.includes(word))).toBe(true);
      }
      expect(withAll.join('')).not.toMatch(/Never kept|epoch|conflict_total|rejections/);
      await on.close();
      await off.close();
    },
    TEST_MS_MAX,
  );

  test.each(['all of them', ...EXTENSIONS, 'being asked for any'])(
    '[PULL-246] two devices converge on a server without %s',
    async (missing) => {
      const server = await startSyncServer({
        extensions: EXTENSIONS.filter((name) => missing !== 'all of them' && name !== missing),
      });
      const isNotAsked = missing === 'being asked for any';
      const householdId = freshUuid();
      const random = createRandom(5);
      const ids = createIds(random);
      const transport = transportTo(
        server,
        householdId,
        isNotAsked ? ['oversync-extensions', 'oversync-expect-user'] : [],
      );
      const create = () => createEngineDevice({ schema: kitchenSchema, transport, ids });
      const devices: readonly Device[] = [await create(), await create()];
      const hand = { random, ids, nowMs: 1_750_000_000_000 };
      for (let step = 0; step < 12; step += 1) {
        for (const device of devices) {
          await device.engine.write((sql) => performAct(sql, hand));
          if (step % 4 !== 0) continue;
          if (device.engine.attachedUser() === null) await device.engine.attach(householdId);
          await device.engine.sync();
        }
      }
      for (let round = 0; round < 4; round += 1) {
        for (const device of devices) {
          expect(await device.engine.sync()).toMatchObject({ failure: null });
          for (const row of device.sql.all('select table_name, key_json from _sync_x_held')) {
            const { id } = JSON.parse(String(row['key_json'])) as { id: string };
            await device.engine.decide(String(row['table_name']), id, 'theirs');
          }
        }
      }
      const dumps = devices.map((device) =>
        Object.keys(kitchenSchema.tables).map((table) =>
          device.sql.all(`select * from ${table} order by id`),
        ),
      );
      expect(dumps[0]).toEqual(dumps[1]);
      for (const { engine } of devices) expect(engine.status().unsent.rows).toBe(0);
      await server.close();
    },
    TEST_MS_MAX,
  );
});
