/** Push sessions over real Postgres: staging, commit, retries, refusals, ownership (protocol.md §5). */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  insert,
  listItem,
  planEntry,
  recipe,
  remove,
  tag,
  update,
} from '../../test/contract/kitchen-rows.ts';
import {
  type SyncServer,
  createDevice,
  freshUuid,
  joinedDevice,
  startSyncServer,
} from '../../test/contract/sync-server.ts';
import { bundleHash, canonicalRequestHash } from '../../shared/protocol/bundle-hash.ts';
import type { PullResponse } from '../../shared/protocol/pull.ts';
import type { BundleRow, PushRequestRow } from '../../shared/protocol/shapes.ts';

let server: SyncServer;

beforeAll(async () => {
  server = await startSyncServer();
});

afterAll(() => server.close());

const hashOf = (rows: readonly PushRequestRow[]): string => canonicalRequestHash(rows).hash;
const createBody = (rows: readonly PushRequestRow[], id = 1) => ({
  source_bundle_id: id,
  planned_row_count: rows.length,
  canonical_request_hash: hashOf(rows),
});
const bundlesOf = (body: object): PullResponse['bundles'] => (body as PullResponse).bundles;

describe('retries', () => {
  test('[PUSH-3] a replayed push returns the committed bundle and makes no second one', async () => {
    const device = await joinedDevice(server);
    const rows = [insert('list_items', listItem())];
    const first = await device.push(rows);
    const again = await device.push(rows, { id: 1 });
    expect(again.body).toEqual({ ...first.body, status: 'already_committed' });
    expect((await device.pull()).body['stable_bundle_seq']).toBe(1);
  });

  test('[PUSH-4] a committed tuple with other content is refused as out of order', async () => {
    const device = await joinedDevice(server);
    await device.push([insert('list_items', listItem())]);
    const other = await device.push([insert('list_items', listItem())], { id: 1 });
    expect(other).toMatchObject({ status: 409, body: { error: 'source_sequence_out_of_order' } });
  });

  test('[PUSH-5] bundles of a source follow each other without a gap', async () => {
    const device = await joinedDevice(server);
    const ahead = await device.push([insert('list_items', listItem())], { id: 2 });
    expect(ahead).toMatchObject({ status: 409, body: { error: 'source_sequence_out_of_order' } });
    await device.push([insert('list_items', listItem())], { id: 1 });
    await device.push([insert('list_items', listItem())], { id: 2 });
    await server.sql`delete from sync.bundle where scope_id = ${device.householdId}`;
    const pruned = await device.push([insert('list_items', listItem())], { id: 1 });
    expect(pruned).toMatchObject({ status: 409, body: { error: 'history_pruned' } });
  });

  test('[PUSH-6] the last tuple of a source is known after its history is gone', async () => {
    const device = await joinedDevice(server);
    const rows = [insert('list_items', listItem())];
    const first = await device.push(rows);
    await server.sql`delete from sync.bundle_row where scope_id = ${device.householdId}`;
    await server.sql`delete from sync.bundle where scope_id = ${device.householdId}`;
    await server.sql`update sync.scope set retained_bundle_floor = 1 where scope_id = ${device.householdId}`;
    const again = await device.push(rows, { id: 1 });
    expect(again.body).toEqual({ ...first.body, status: 'already_committed' });
    const read = await device.call('GET', '/sync/committed-bundles/1/rows');
    expect(read).toMatchObject({ status: 409, body: { error: 'history_pruned' } });
  });

  test('[PUSH-7] a commit that is repeated finds no session', async () => {
    const device = await joinedDevice(server);
    const rows = [insert('list_items', listItem())];
    const created = await device.call('POST', '/sync/push-sessions', createBody(rows));
    const path = `/sync/push-sessions/${String(created.body['push_id'])}`;
    await device.call('POST', `${path}/chunks`, { start_row_ordinal: 0, rows });
    expect((await device.call('POST', `${path}/commit`)).status).toBe(200);
    expect(await device.call('POST', `${path}/commit`)).toMatchObject({
      status: 404,
      body: { error: 'push_session_not_found' },
    });
  });
});

describe('sessions', () => {
  test('[PUSH-8] chunks come in order, and creating again drops what was staged', async () => {
    const device = await joinedDevice(server);
    const rows = [1, 2, 3].map(() => insert('list_items', listItem()));
    const first = await device.call('POST', '/sync/push-sessions', createBody(rows));
    const firstPath = `/sync/push-sessions/${String(first.body['push_id'])}`;
    const staged = await device.call('POST', `${firstPath}/chunks`, {
      start_row_ordinal: 0,
      rows: rows.slice(0, 2),
    });
    expect(staged.body).toEqual({ push_id: first.body['push_id'], next_expected_row_ordinal: 2 });
    const twice = await device.call('POST', `${firstPath}/chunks`, {
      start_row_ordinal: 0,
      rows: rows.slice(0, 2),
    });
    expect(twice).toMatchObject({ status: 409, body: { error: 'push_chunk_out_of_order' } });
    const early = await device.call('POST', `${firstPath}/commit`);
    expect(early).toMatchObject({ status: 400, body: { error: 'push_commit_invalid' } });
    const more = { start_row_ordinal: 2, rows: [rows[2], insert('list_items', listItem())] };
    expect(await device.call('POST', `${firstPath}/chunks`, more)).toMatchObject({
      status: 400,
      body: { error: 'push_chunk_invalid' },
    });
    await device.call('POST', '/sync/push-sessions', createBody(rows));
    expect((await device.call('POST', `${firstPath}/commit`)).status).toBe(404);
  });

  test('[PUSH-9] a session is refused to another source and unknown to another household', async () => {
    const device = await joinedDevice(server);
    const sibling = createDevice(server, { householdId: device.householdId });
    const stranger = await joinedDevice(server);
    const rows = [insert('list_items', listItem())];
    const created = await device.call('POST', '/sync/push-sessions', createBody(rows));
    const path = `/sync/push-sessions/${String(created.body['push_id'])}`;
    for (const call of [
      ['POST', `${path}/chunks`, { start_row_ordinal: 0, rows }],
      ['POST', `${path}/commit`],
      ['DELETE', path],
    ] as const) {
      const [method, where, body] = call;
      const unknown = await stranger.call(
        method,
        where.replace(String(created.body['push_id']), freshUuid()),
        body,
      );
      expect(await sibling.call(method, where, body)).toMatchObject({
        status: 403,
        body: { error: 'push_session_forbidden' },
      });
      const foreign = await stranger.call(method, where, body);
      expect([foreign.status, foreign.body]).toEqual([404, unknown.body]);
    }
    expect((await device.call('DELETE', path)).status).toBe(204);
    expect((await device.call('DELETE', path)).status).toBe(404);
    expect((await device.call('POST', '/sync/push-sessions/not-a-uuid/commit')).status).toBe(404);
  });

  test('[PUSH-10] a wrong request hash is found at commit and leaves nothing', async () => {
    const device = await joinedDevice(server);
    const rows = [insert('list_items', listItem())];
    const created = await device.call('POST', '/sync/push-sessions', {
      ...createBody(rows),
      canonical_request_hash: 'a'.repeat(64),
    });
    const path = `/sync/push-sessions/${String(created.body['push_id'])}`;
    await device.call('POST', `${path}/chunks`, { start_row_ordinal: 0, rows });
    expect(await device.call('POST', `${path}/commit`)).toMatchObject({
      status: 400,
      body: { error: 'push_commit_invalid' },
    });
    expect((await device.pull()).body).toEqual({
      stable_bundle_seq: 0,
      bundles: [],
      has_more: false,
    });
  });

  test.each([
    [{ source_bundle_id: 0 }],
    [{ source_bundle_id: '1' }],
    [{ planned_row_count: 0 }],
    [{ planned_row_count: 100_001 }],
    [{ canonical_request_hash: 'A'.repeat(64) }],
    [{ canonical_request_hash: undefined }],
    [{ initialization_id: 'x' }],
    [{ initialization_id: '11111111-1111-4111-8111-111111111111' }],
  ])('[PUSH-11] a create with %j is refused', async (wrong) => {
    const device = await joinedDevice(server);
    const answer = await device.call('POST', '/sync/push-sessions', {
      ...createBody([insert('list_items', listItem())]),
      ...wrong,
    });
    expect(answer).toMatchObject({ status: 400, body: { error: 'push_session_invalid' } });
  });
});

describe('rows', () => {
  const good = listItem();
  const refused: readonly (readonly [string, unknown, object | null])[] = [
    ['an unknown table', { ...insert('list_items', good), table: 'secrets' }, null],
    [
      'a table of the server',
      insert('purchases', good),
      { constraint: 'check', constraint_name: 'server_written' },
    ],
    [
      'an unknown column',
      insert('list_items', { ...good, colour: 'red' }),
      { constraint: 'unknown_column', columns: ['colour'] },
    ],
    ['the scope column', insert('list_items', { ...good, _sync_scope_id: freshUuid() }), null],
    ['a column twice', insert('list_items', { ...good, TITLE: 'x' }), null],
    [
      'a wrong type',
      insert('list_items', { ...good, quantity_milli: 5 }),
      { columns: ['quantity_milli'], category: 'legacy_json_number' },
    ],
    [
      'a bad timestamp',
      insert('list_items', { ...good, created_at: 'yesterday' }),
      { columns: ['created_at'], category: 'malformed' },
    ],
    [
      'a bad day',
      insert('plan_entries', planEntry({ day: '2026-02-30' })),
      { columns: ['day'], category: 'malformed' },
    ],
    [
      'a NUL in text',
      insert('list_items', { ...good, title: 'a\u0000' }),
      { category: 'invalid_text' },
    ],
    [
      'a lone surrogate',
      insert('list_items', { ...good, title: '\ud800' }),
      { category: 'invalid_text' },
    ],
    ['a key that is no UUID', insert('list_items', { ...good, id: 'x' }), null],
    [
      'another key in the payload',
      { ...insert('list_items', good), key: { id: freshUuid() } },
      null,
    ],
    ['a DELETE with a payload', { ...remove('list_items', good.id, 1), payload: null }, null],
    ['an INSERT without a payload', { ...insert('list_items', good), payload: undefined }, null],
    ['an unknown op', { ...insert('list_items', good), op: 'UPSERT' }, null],
    ['a negative base', { ...insert('list_items', good), base_row_version: -1 }, null],
    ['a fractional base', { ...insert('list_items', good), base_row_version: 1.5 }, null],
    ['no object', 'row', null],
    [
      'a row over the limit',
      insert('recipes', recipe({ notes: 'x'.repeat(5_000_000) })),
      { category: 'row_too_large' },
    ],
  ];
  test.each(refused)(
    '[PUSH-12] %s is refused by name and nothing is staged',
    async (_name, row, rejection) => {
      const device = await joinedDevice(server);
      const rows = [insert('list_items', listItem()), row as PushRequestRow];
      const created = await device.call('POST', '/sync/push-sessions', {
        source_bundle_id: 1,
        planned_row_count: 2,
        canonical_request_hash: 'a'.repeat(64),
      });
      const path = `/sync/push-sessions/${String(created.body['push_id'])}`;
      const body = JSON.stringify({ start_row_ordinal: 0, rows });
      const answer = await device.call('POST', `${path}/chunks`, body);
      expect(answer).toMatchObject({ status: 400, body: { error: 'push_chunk_invalid' } });
      expect(answer.body['message']).toContain('row 1');
      expect(answer.body).toMatchObject(
        rejection === null ? {} : { rejection: { row_ordinal: 1, ...rejection } },
      );
      const staged =
        await server.sql`select count(*)::int as n from sync.push_session_row where scope_id = ${device.householdId}`;
      expect(staged[0]?.['n']).toBe(0);
    },
  );

  test('[PUSH-13] the same key twice is refused in a chunk and over chunks', async () => {
    const device = await joinedDevice(server);
    const item = listItem();
    const rows = [insert('list_items', item), update('list_items', item.id, 0, { title: 'x' })];
    expect(await device.push(rows)).toMatchObject({
      status: 400,
      body: { error: 'push_chunk_invalid' },
    });
    const created = await device.call('POST', '/sync/push-sessions', createBody(rows));
    const path = `/sync/push-sessions/${String(created.body['push_id'])}`;
    for (const [start, row] of rows.entries()) {
      await device.call('POST', `${path}/chunks`, { start_row_ordinal: start, rows: [row] });
    }
    expect(await device.call('POST', `${path}/commit`)).toMatchObject({
      status: 400,
      body: { error: 'push_commit_invalid' },
    });
  });

  test('[PUSH-14] a partial payload fills in defaults, and an update leaves other columns alone', async () => {
    const device = await joinedDevice(server);
    const { id, ...rest } = listItem({ note: 'ripe' });
    await device.push([insert('list_items', { id, ...rest })]);
    await device.push([update('list_items', id, 1, { title: 'Oats' })]);
    const [, second] = bundlesOf((await device.pull()).body);
    const row = second?.rows.find((one) => one.table === 'list_items');
    expect(row?.payload).toMatchObject({ title: 'Oats', note: 'ripe', later: false });
  });
});

describe('refusals by the database', () => {
  const orphanId = freshUuid();
  const cases: readonly (readonly [string, PushRequestRow, object])[] = [
    [
      'a missing parent',
      insert('list_items', listItem({ product_id: orphanId })),
      {
        constraint: 'foreign_key',
        constraint_name: 'list_items_product_id_fkey',
        columns: ['product_id'],
        referenced_table: 'larder.products',
      },
    ],
    [
      'a value out of its range',
      insert('recipes', recipe({ servings: '100' })),
      { constraint: 'check', constraint_name: 'recipes_servings_check', columns: ['servings'] },
    ],
    [
      'a missing value',
      insert('recipes', recipe({ title: null })),
      { constraint: 'not_null', columns: ['title'] },
    ],
  ];
  test.each(cases)(
    '[PUSH-15] %s is a 400 that names row and constraint',
    async (_name, row, rejection) => {
      const device = await joinedDevice(server);
      const rows = [insert('list_items', listItem()), row, insert('list_items', listItem())];
      const answer = await device.push(rows);
      expect(answer).toMatchObject({
        status: 400,
        body: {
          error: 'push_commit_invalid',
          rejection: { row_ordinal: 1, key: row.key, ...rejection },
        },
      });
      expect(answer.body['rejection']).not.toHaveProperty('referenced_key');
      expect((await device.pull()).body['stable_bundle_seq']).toBe(0);
      const left = await server.sql`select count(*)::int as n from sync.capture`;
      expect(left[0]?.['n']).toBe(0);
    },
  );

  test('[PUSH-16] who asked gets every culprit, with the parent and the holder', async () => {
    const device = await joinedDevice(server);
    const [soup, quick] = [recipe(), tag()];
    const link = {
      id: `${soup.id}.${quick.id}`,
      recipe_id: soup.id,
      tag_id: quick.id,
      created_at: soup.created_at,
    };
    const rows = [
      insert('recipes', soup),
      insert('tags', quick),
      insert('recipe_tags', link),
      insert('recipes', recipe({ servings: '0' })),
      insert('list_items', listItem({ store_id: orphanId })),
    ];
    const answer = await device.push(rows, {
      headers: { 'oversync-extensions': 'push_rejections' },
    });
    expect(answer).toMatchObject({
      status: 409,
      body: { error: 'push_rejected', rejection_total: 2 },
    });
    expect(answer.body['rejections']).toMatchObject([
      { row_ordinal: 3, constraint: 'check' },
      { row_ordinal: 4, constraint: 'foreign_key', referenced_key: { id: orphanId } },
    ]);
  });
});

describe('agreement', () => {
  test('[PULL-1] commit, committed rows and pull name one hash, and it is that of the rows', async () => {
    const device = await joinedDevice(server);
    const item = listItem({ title: 'é😀 "quoted" \\ <b>\n', quantity_milli: '9999999999' });
    const committed = await device.push([insert('list_items', item), insert('recipes', recipe())]);
    const read = await device.call('GET', '/sync/committed-bundles/1/rows');
    const [bundle] = bundlesOf((await device.pull()).body);
    expect(bundle?.rows).toEqual(read.body['rows']);
    expect(bundleHash(bundle?.rows ?? [])).toMatchObject({ hash: committed.body['bundle_hash'] });
    expect(bundle).toMatchObject({
      bundle_hash: committed.body['bundle_hash'],
      row_count: committed.body['row_count'],
      canonical_request_hash: committed.body['canonical_request_hash'],
    });
  });

  test('[PULL-2] committed rows are paged from ordinal 0 by the last ordinal sent', async () => {
    const device = await joinedDevice(server);
    await device.push([insert('list_items', listItem()), insert('list_items', listItem())]);
    const path = '/sync/committed-bundles/1/rows';
    const first = await device.call('GET', `${path}?max_rows=2`);
    expect(first.body).toMatchObject({ row_count: 3, next_row_ordinal: 1, has_more: true });
    const second = await device.call('GET', `${path}?after_row_ordinal=1&max_rows=2`);
    expect(second.body).toMatchObject({ next_row_ordinal: 2, has_more: false });
    expect((second.body['rows'] as BundleRow[]).length).toBe(1);
    const past = await device.call('GET', `${path}?after_row_ordinal=2`);
    expect(past.body).toMatchObject({ rows: [], next_row_ordinal: 2, has_more: false });
    for (const wrong of ['?max_rows=0', '?after_row_ordinal=-1', '?max_rows=x']) {
      expect(await device.call('GET', path + wrong)).toMatchObject({
        status: 400,
        body: { error: 'committed_bundle_chunk_invalid' },
      });
    }
    expect((await device.call('GET', '/sync/committed-bundles/2/rows')).status).toBe(404);
    expect((await device.call('GET', '/sync/committed-bundles/x/rows')).status).toBe(400);
  });
});
