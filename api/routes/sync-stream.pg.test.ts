/** The snapshot as a stream (E5): lines, segments, hash, capacity, slow readers. */
import { createHash } from 'node:crypto';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { insert, listItem, recipe } from '../../test/contract/kitchen-rows.ts';
import {
  type SyncServer,
  type TestDevice,
  joinedDevice,
  startSyncServer,
} from '../../test/contract/sync-server.ts';
import { limits } from '../../shared/limits.ts';
import {
  type SnapshotStreamHeader,
  type SnapshotStreamTrailer,
  snapshotStreamHeader,
  snapshotStreamTrailer,
} from '../../shared/protocol/snapshot.ts';
import type { SnapshotRow } from '../../shared/protocol/shapes.ts';

let server: SyncServer;
let nowMs = Date.UTC(2026, 10, 20);

beforeAll(async () => {
  server = await startSyncServer({
    nowMs: () => nowMs,
    limits: {
      ...limits,
      snapshotStream: { ...limits.snapshotStream, pageRowsMax: 7, streamsMax: 2, stallMs: 200 },
    },
  });
});

afterAll(() => server.close());

const headersOf = (device: TestDevice, more: Record<string, string> = {}) => ({
  'x-test-account': `account-of-${device.householdId}`,
  'x-test-household': device.householdId,
  'oversync-source-id': device.sourceId,
  authorization: 'Bearer test',
  ...more,
});

async function householdWithRows(): Promise<{ device: TestDevice; snapshotId: string }> {
  const device = await joinedDevice(server);
  await device.push([
    ...Array.from({ length: 20 }, (_, index) =>
      insert('list_items', listItem({ title: `Milk ${String(index)} é😀 "\\"` })),
    ),
    ...Array.from({ length: 5 }, () => insert('recipes', recipe({ notes: null }))),
  ]);
  const snapshot = await device.call('POST', '/sync/snapshot-sessions');
  return { device, snapshotId: String(snapshot.body['snapshot_id']) };
}

const open = (device: TestDevice, id: string, query = '', more: Record<string, string> = {}) =>
  server.request(`/sync/snapshot-sessions/${id}/stream${query}`, {
    headers: headersOf(device, more),
  });

interface Parsed {
  readonly header: SnapshotStreamHeader;
  readonly trailer: SnapshotStreamTrailer;
  readonly rows: readonly SnapshotRow[];
}

/** Reads the lines as a client does: the table of a row follows from its ordinal. */
function parse(text: string): Parsed {
  const lines = text.split('\n');
  expect(lines.pop()).toBe('');
  const header = snapshotStreamHeader.parse(JSON.parse(lines.shift() ?? ''));
  const trailer = snapshotStreamTrailer.parse(JSON.parse(lines.pop() ?? ''));
  const hash = createHash('sha256');
  const rows = lines.map((line, index): SnapshotRow => {
    hash.update(`${line}\n`);
    const ordinal = header.after_row_ordinal + index + 1;
    const table = header.tables.find(
      (one) => ordinal >= one.first_row_ordinal && ordinal < one.first_row_ordinal + one.row_count,
    );
    const [version, ...values] = JSON.parse(line) as [number, ...unknown[]];
    expect(values).toHaveLength(table?.columns.length ?? -1);
    const payload = Object.fromEntries(
      (table?.columns ?? []).map((column, at) => [column, values[at]]),
    );
    const key = { [table?.key ?? '']: String(payload[table?.key ?? '']) };
    const { schema = '', table: name = '' } = table ?? {};
    return { schema, table: name, key, row_version: version, payload };
  });
  expect(trailer.hash).toBe(hash.digest('hex'));
  expect(trailer.row_count).toBe(rows.length);
  return { header, trailer, rows };
}

describe('stream', () => {
  test('[SNAP-10] the stream has the rows of the pages, in their order, and a hash over its lines', async () => {
    const { device, snapshotId } = await householdWithRows();
    const paged = await device.call('GET', `/sync/snapshot-sessions/${snapshotId}?max_rows=5000`);
    const response = await open(device, snapshotId);
    expect(response.headers.get('content-type')).toBe('application/x-ndjson');
    const { header, trailer, rows } = parse(await response.text());
    expect(rows).toEqual(paged.body['rows']);
    expect(header.row_count).toBe(rows.length);
    expect(header.tables).toHaveLength(14);
    expect(header.tables.reduce((sum, table) => sum + table.row_count, 0)).toBe(rows.length);
    expect(trailer).toMatchObject({ has_more: false, next_row_ordinal: rows.length });
  });

  test('[SNAP-11] segments join to the whole, also where they cut a table', async () => {
    const { device, snapshotId } = await householdWithRows();
    const whole = parse(await (await open(device, snapshotId)).text());
    const joined: SnapshotRow[] = [];
    let after = 0;
    for (;;) {
      const query = `?after_row_ordinal=${String(after)}&max_rows=8`;
      const segment = parse(await (await open(device, snapshotId, query)).text());
      joined.push(...segment.rows);
      after = segment.trailer.next_row_ordinal;
      if (!segment.trailer.has_more) break;
    }
    expect(joined).toEqual(whole.rows);
    const beyond = parse(await (await open(device, snapshotId, '?after_row_ordinal=999')).text());
    expect(beyond.trailer).toMatchObject({ row_count: 0, next_row_ordinal: 999, has_more: false });
  });

  test('[SNAP-12] the stream is compressed as the client accepts', async () => {
    const { device, snapshotId } = await householdWithRows();
    const plain = await (await open(device, snapshotId)).text();
    for (const [name, decode] of [
      ['br', brotliDecompressSync],
      ['gzip', gunzipSync],
    ] as const) {
      const response = await open(device, snapshotId, '', { 'accept-encoding': name });
      expect(response.headers.get('content-encoding')).toBe(name);
      expect(decode(await response.arrayBuffer()).toString()).toBe(plain);
    }
  });

  test('[SNAP-13] access is refused before the header, as for pages', async () => {
    const { device, snapshotId } = await householdWithRows();
    const stranger = await joinedDevice(server);
    const sibling = await joinedDevice(server, device.householdId);
    expect((await open(stranger, snapshotId)).status).toBe(404);
    expect((await open(device, 'nonsense')).status).toBe(404);
    expect((await open(sibling, snapshotId)).status).toBe(403);
    expect((await open(device, snapshotId, '?max_rows=0')).status).toBe(400);
    expect((await open(device, snapshotId, '?after_row_ordinal=-1')).status).toBe(400);
    nowMs += limits.snapshot.sessionTtlMs;
    expect((await open(device, snapshotId)).status).toBe(410);
  });

  test('[SNAP-14] a stream whose rows are gone ends with an error line and without a trailer', async () => {
    const { device, snapshotId } = await householdWithRows();
    await server.sql`delete from sync.snapshot_row where snapshot_id = ${snapshotId} and ordinal > 10`;
    const lines = (await (await open(device, snapshotId)).text()).trimEnd().split('\n');
    expect(JSON.parse(lines.at(-1) ?? '')).toEqual({
      type: 'error',
      error: 'snapshot_session_not_found',
    });
    expect(lines.some((line) => line.includes('trailer'))).toBe(false);
  });

  test('[SNAP-15] streams above the capacity get 429, a reader that takes nothing is cut off', async () => {
    const { device, snapshotId } = await householdWithRows();
    const first = await open(device, snapshotId);
    const second = await open(device, snapshotId);
    const third = await open(device, snapshotId);
    expect([third.status, third.headers.get('retry-after')]).toEqual([429, '1']);
    expect(await third.json()).toMatchObject({ error: 'snapshot_chunk_capacity' });
    await second.body?.cancel();
    const reader = first.body?.getReader();
    await reader?.read();
    // Nothing is read for longer than the stall limit; the error arrives without asking for more.
    await expect(reader?.closed).rejects.toThrow(/too long/);
    parse(await (await open(device, snapshotId)).text());
  });

  test('[SNAP-16] a source of a rotation may stream the session that the other one made', async () => {
    const device = await joinedDevice(server);
    await device.push([insert('list_items', listItem())]);
    const next = await joinedDevice(server, device.householdId);
    const snapshot = await device.call('POST', '/sync/snapshot-sessions', {
      source_replacement: {
        previous_source_id: device.sourceId,
        new_source_id: next.sourceId,
        reason: 'source_sequence_changed',
      },
    });
    const id = String(snapshot.body['snapshot_id']);
    const { header, rows } = parse(await (await open(next, id)).text());
    expect(rows).toHaveLength(header.row_count);
  });
});
