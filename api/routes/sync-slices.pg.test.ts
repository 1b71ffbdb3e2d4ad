/**
 * Answers too large to be held: the same text as a whole one, made in slices as it is taken (B23). Two
 * services on one database tell slices from whole answers: one slices everything, the other nothing.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { insert, listItem, recipe, remove } from '../../test/contract/kitchen-rows.ts';
import {
  type SyncServer,
  type TestDevice,
  createDevice,
  joinedDevice,
  startSyncServer,
} from '../../test/contract/sync-server.ts';
import { type TestDatabase, createTestDatabase } from '../../test/test-database.ts';
import { must } from '../../shared/assert.ts';
import { limits } from '../../shared/limits.ts';
import type { PushRequestRow } from '../../shared/protocol/shapes.ts';
import { canonicalRequestHash } from '../../shared/protocol/bundle-hash.ts';

let database: TestDatabase;
let whole: SyncServer;
let sliced: SyncServer;
/** Transactions of `sliced` that were begun and are still open. */
const transactions = { begun: 0, open: 0 };

beforeAll(async () => {
  database = await createTestDatabase();
  whole = await startSyncServer({
    url: database.url,
    limits: { ...limits, answer: { ...limits.answer, wholeBytesMax: 64 * 1024 * 1024 } },
  });
  sliced = await startSyncServer({
    url: database.url,
    limits: {
      ...limits,
      answer: { ...limits.answer, wholeBytesMax: 0, sliceRowsMax: 4, sliceBytesMax: 3000 },
      snapshot: { ...limits.snapshot, buildRowsMax: 7 },
    },
    wrapDatabase: (real) => ({
      transaction: async (options, work) => {
        transactions.begun += 1;
        transactions.open += 1;
        try {
          return await real.transaction(options, work);
        } finally {
          transactions.open -= 1;
        }
      },
    }),
  });
});

afterAll(async () => {
  await sliced.close();
  await whole.close();
  await database.drop();
});

const headersOf = (device: TestDevice, more: Record<string, string> = {}) => ({
  'x-test-account': `account-of-${device.householdId}`,
  'x-test-household': device.householdId,
  'oversync-source-id': device.sourceId,
  authorization: 'Bearer test',
  ...more,
});

const read = async (server: SyncServer, device: TestDevice, path: string): Promise<string> =>
  (await server.request(path, { headers: headersOf(device) })).text();

/** Bundles of many sizes: 1, 30, 2 rows, one with a large row, one that removes. */
async function filled(): Promise<TestDevice> {
  const device = await joinedDevice(whole);
  const many = Array.from({ length: 30 }, (_, index) =>
    insert('list_items', listItem({ title: `Milk ${String(index)} é😀 "\\" %s %1$s` })),
  );
  for (const rows of [
    [insert('recipes', recipe())],
    many,
    [insert('recipes', recipe({ notes: 'long '.repeat(1500) })), insert('list_items', listItem())],
  ] satisfies PushRequestRow[][]) {
    expect((await device.push(rows)).status).toBe(200);
  }
  const gone = many.slice(0, 9).map((row) => remove('list_items', must(row.key['id'], 'a key'), 2));
  expect((await device.push(gone)).status).toBe(200);
  return device;
}

describe('answers in slices', () => {
  test('[PULL-260] a pull in slices is byte for byte the pull in one piece', async () => {
    const device = await filled();
    for (const query of ['', '?after_bundle_seq=1&max_bundles=2', '?after_bundle_seq=3']) {
      const text = await read(sliced, device, `/sync/pull${query}`);
      expect(JSON.parse(text)).toHaveProperty('bundles');
      expect(text).toBe(await read(whole, device, `/sync/pull${query}`));
    }
  });

  test('[PULL-261] a push that brings peers’ bundles in slices gives the same document', async () => {
    const device = await filled();
    const push = (source: TestDevice, server: SyncServer): Promise<Response> => {
      const rows = [insert('list_items', listItem({ id: source.sourceId }))];
      return server.request('/sync/push', {
        method: 'POST',
        headers: headersOf(source),
        body: JSON.stringify({
          source_bundle_id: 1,
          canonical_request_hash: canonicalRequestHash(rows).hash,
          after_bundle_seq: 0,
          rows,
        }),
      });
    };
    const peer = createDevice(sliced, { householdId: device.householdId });
    await peer.connect();
    const first = (await (await push(peer, sliced)).json()) as Record<string, unknown>;
    const again = (await (await push(peer, whole)).json()) as Record<string, unknown>;
    expect(first).toEqual({ ...again, status: 'committed' });
    expect(first['bundles']).toHaveLength(5);
  });

  test('[SNAP-260] a page in slices is byte for byte the page in one piece', async () => {
    const device = await filled();
    const created = await device.call('POST', '/sync/snapshot-sessions');
    const path = `/sync/snapshot-sessions/${String(created.body['snapshot_id'])}`;
    for (const query of ['', '?max_rows=5&after_row_ordinal=3', '?max_bytes=9000']) {
      const text = await read(sliced, device, path + query);
      expect(JSON.parse(text)).toHaveProperty('byte_count');
      expect(text).toBe(await read(whole, device, path + query));
    }
  });

  test('[SNAP-261] a table frozen by several statements is the same snapshot', async () => {
    const device = await filled();
    const bySlices = createDevice(sliced, { householdId: device.householdId });
    const rowsOf = async (builder: TestDevice): Promise<unknown> => {
      const created = await builder.call('POST', '/sync/snapshot-sessions');
      const id = String(created.body['snapshot_id']);
      const page = await builder.call('GET', `/sync/snapshot-sessions/${id}`);
      return { ...page.body, snapshot_id: null, counted: created.body['row_count'] };
    };
    expect(await rowsOf(bySlices)).toEqual(await rowsOf(device));
  });

  test('[PULL-262] a reader that waits holds no connection, and slices wait with it', async () => {
    const device = await filled();
    const total = Math.ceil(44 / 4);
    transactions.begun = 0;
    const response = await sliced.request('/sync/pull', { headers: headersOf(device) });
    const reader: ReadableStreamDefaultReader<Uint8Array> = must(
      response.body,
      'a body',
    ).getReader();
    const decoder = new TextDecoder();
    let text = decoder.decode((await reader.read()).value, { stream: true });
    // Whatever the server would do by itself, it does while the others are answered.
    for (let other = 0; other < 5; other += 1) {
      expect((await device.call('GET', '/sync/pull?after_bundle_seq=3')).status).toBe(200);
    }
    expect(transactions.open).toBe(0);
    expect(transactions.begun).toBeLessThan(total / 2);
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      text += decoder.decode(value, { stream: true });
    }
    expect(transactions.begun).toBeGreaterThanOrEqual(total);
    expect(text).toBe(await read(whole, device, '/sync/pull'));
  });

  test('[PULL-263] an answer whose rows go while it is sent breaks off and is never a whole one', async () => {
    const device = await filled();
    const response = await sliced.request('/sync/pull', { headers: headersOf(device) });
    const reader: ReadableStreamDefaultReader<Uint8Array> = must(
      response.body,
      'a body',
    ).getReader();
    await reader.read();
    await sliced.sql`delete from sync.bundle_row where scope_id = ${device.householdId}`;
    await expect(
      (async () => {
        for (;;) if ((await reader.read()).done) break;
      })(),
    ).rejects.toThrow('the history of this answer is gone');
  });

  /** Bundles of 60, 6 and 1 lines, the first of them begun to be sent. */
  async function begun(): Promise<{
    readonly device: TestDevice;
    readonly readOn: () => Promise<void>;
  }> {
    const device = await joinedDevice(whole);
    for (const count of [60, 6, 1]) {
      const rows = Array.from({ length: count }, () => insert('list_items', listItem()));
      expect((await device.push(rows)).status).toBe(200);
    }
    const response = await sliced.request('/sync/pull', { headers: headersOf(device) });
    const reader: ReadableStreamDefaultReader<Uint8Array> = must(
      response.body,
      'a body',
    ).getReader();
    await reader.read();
    const readOn = async (): Promise<void> => {
      for (;;) if ((await reader.read()).done) break;
    };
    return { device, readOn };
  }

  test.each([[[1]], [[2]], [[1, 2]]])(
    '[PULL-400] an answer breaks off when retention takes bundles %j of it, though later ones are there',
    async (taken) => {
      const { device, readOn } = await begun();
      await sliced.sql`delete from sync.bundle_row
        where scope_id = ${device.householdId} and bundle_seq in ${sliced.sql(taken)}`;
      await expect(readOn()).rejects.toThrow('the history of this answer is gone');
    },
  );
});
