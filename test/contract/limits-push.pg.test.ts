/**
 * The limits of pushing, each at its bound and one above (protocol.md §2.2, B7, B8). Limits are configuration:
 * most are made small here. The defaults are compared once with the protocol's table.
 */
import { afterAll, describe, expect, test } from 'vitest';
import { limits } from '../../shared/limits.ts';
import { canonicalRequestHash } from '../../shared/protocol/bundle-hash.ts';
import type { PushRequestRow, SnapshotRow } from '../../shared/protocol/shapes.ts';
import { note, plainSchema } from './plain-schema.ts';
import {
  type Answer,
  type SyncServer,
  type SyncServerChoices,
  type TestDevice,
  createDevice,
  joinedDevice,
  startSyncServer,
} from './sync-server.ts';

const servers: SyncServer[] = [];
afterAll(async () => {
  for (const server of servers) await server.close();
});

async function start(
  bounds: SyncServerChoices['limits'],
  more: SyncServerChoices = {},
): Promise<SyncServer> {
  const server = await startSyncServer({
    schema: plainSchema,
    ...more,
    ...(bounds === undefined ? {} : { limits: bounds }),
  });
  servers.push(server);
  return server;
}

const codeOf = ({ status, body }: Answer): string =>
  status === 200 ? 'ok' : `${String(status)} ${String(body['error'])}`;

const single = (device: TestDevice, id: number, rows: readonly PushRequestRow[]): Promise<Answer> =>
  device.call('POST', '/sync/push', {
    source_bundle_id: id,
    canonical_request_hash: canonicalRequestHash(rows).hash,
    rows,
  });

/** A note whose text brings the whole to `bytes`; é is two bytes and one UTF-16 unit. */
function noteOf(bytes: number, measure: (row: PushRequestRow) => number): PushRequestRow {
  const missing = bytes - measure(note({ body: '' }, 'n'));
  return note({ body: 'é'.repeat(Math.floor(missing / 2)) + 'x'.repeat(missing % 2) }, 'n');
}

const KIB = 1024;
const MIB = 1024 * KIB;
const MINUTE_MS = 60_000;

describe('defaults', () => {
  test('[OPS-243] the limits are those of the protocol, and capabilities advertise them', async () => {
    expect(limits).toMatchObject({
      pull: { bundlesDefault: 1000, bundlesMax: 5000, pageBytesMax: 4 * MIB },
      push: {
        chunkRowsMax: 5000,
        bundleRowsMax: 100_000,
        bundleBytesMax: 64 * MIB,
        bundleEffectsMax: 200_000,
        rowBytesMax: 4 * MIB,
        textKeyBytesMax: 1024,
        sessionTtlMs: 15 * MINUTE_MS,
        leaseTtlMs: 15 * MINUTE_MS,
      },
      request: { chunkBytesMax: 32 * MIB, bodyBytesMax: 64 * KIB, nestingMax: 64 },
      singlePush: { requestBytesMax: 4 * MIB },
      committedRows: { rowsDefault: 1000, rowsMax: 5000, pageBytesMax: 4 * MIB },
      snapshot: {
        rowsDefault: 1000,
        rowsMax: 5000,
        pageBytesDefault: 4 * MIB,
        pageBytesMax: 16 * MIB,
        sessionRowsMax: 1_000_000,
        sessionBytesMax: 1024 * MIB,
        sessionTtlMs: 15 * MINUTE_MS,
        buildsMax: 8,
        pageRequestsMax: 4,
        sessionsPerScopeMax: 8,
      },
      history: { bundlesMin: 10_000, ageMsMin: 30 * 24 * 60 * MINUTE_MS, bundlesMax: 100_000 },
      database: {
        lockWaitMs: 5000,
        statementMs: 30_000,
        idleInTransactionMs: 10_000,
        triesMax: 3,
        waitersPerScopeMax: 64,
      },
      watch: {
        heartbeatMs: 20_000,
        recheckMs: 60_000,
        streamsPerAccountMax: 6,
        streamsPerScopeMax: 32,
        streamsPerProcessMax: 10_000,
      },
    });
    const advertised = async (server: SyncServer) =>
      (await createDevice(server).call('GET', '/sync/capabilities')).body['bundle_limits'];
    expect(await advertised(await start(undefined))).toEqual({
      max_rows_per_bundle: 100_000,
      max_bytes_per_bundle: 67_108_864,
      max_bundles_per_pull: 5000,
      default_rows_per_push_chunk: 1000,
      max_rows_per_push_chunk: 5000,
      push_session_ttl_seconds: 900,
      default_rows_per_committed_bundle_chunk: 1000,
      max_rows_per_committed_bundle_chunk: 5000,
      default_rows_per_snapshot_chunk: 1000,
      max_rows_per_snapshot_chunk: 5000,
      default_bytes_per_snapshot_chunk: 4_194_304,
      max_bytes_per_snapshot_chunk: 16_777_216,
      max_bytes_per_snapshot_row: 4_194_304,
      snapshot_session_ttl_seconds: 900,
      max_rows_per_snapshot_session: 1_000_000,
      max_bytes_per_snapshot_session: 1_073_741_824,
      max_concurrent_snapshot_builds: 8,
      max_concurrent_snapshot_chunk_requests: 4,
      initialization_lease_ttl_seconds: 900,
    });
    // Other numbers are advertised as soon as they are enforced.
    const other = await start({
      ...limits,
      push: { ...limits.push, bundleBytesMax: 4711, rowBytesMax: 815, sessionTtlMs: 7000 },
      snapshot: { ...limits.snapshot, sessionRowsMax: 3 },
    });
    expect(await advertised(other)).toMatchObject({
      max_bytes_per_bundle: 4711,
      max_bytes_per_snapshot_row: 815,
      push_session_ttl_seconds: 7,
      max_rows_per_snapshot_session: 3,
    });
  });
});

describe('bytes', () => {
  test('[PUSH-240] a bundle has exactly the bytes of its canonical array, in one chunk, in several, and in one request', async () => {
    const bytesMax = 2000;
    const server = await start({
      ...limits,
      push: { ...limits.push, bundleBytesMax: bytesMax },
    });
    const bytesOf = (row: PushRequestRow): number => canonicalRequestHash([row]).byteCount;
    const fits = noteOf(bytesMax, bytesOf);
    const over = noteOf(bytesMax + 1, bytesOf);
    expect([bytesOf(fits), bytesOf(over)]).toEqual([bytesMax, bytesMax + 1]);
    const device = () => joinedDevice(server);
    expect(codeOf(await (await device()).push([over]))).toBe('400 push_chunk_invalid');
    expect(codeOf(await (await device()).push([fits]))).toBe('ok');
    expect(codeOf(await single(await device(), 1, [over]))).toBe('400 push_chunk_invalid');
    expect(codeOf(await single(await device(), 1, [fits]))).toBe('ok');

    // The same over two chunks: the first row is small, the second fills the rest.
    const first = note({ body: 'first' }, 'a');
    const twoOf = (row: PushRequestRow): number => canonicalRequestHash([first, row]).byteCount;
    for (const [bytes, expected] of [
      [bytesMax, 'ok'],
      [bytesMax + 1, '400 push_chunk_invalid'],
    ] as const) {
      const rows = [first, noteOf(bytes, twoOf)];
      const own = await device();
      const created = await own.call('POST', '/sync/push-sessions', {
        source_bundle_id: 1,
        planned_row_count: 2,
        canonical_request_hash: canonicalRequestHash(rows).hash,
      });
      const path = `/sync/push-sessions/${String(created.body['push_id'])}`;
      const stage = (ordinal: number) =>
        own.call('POST', `${path}/chunks`, {
          start_row_ordinal: ordinal,
          rows: rows.slice(ordinal, ordinal + 1),
        });
      expect(codeOf(await stage(0))).toBe('ok');
      expect(codeOf(await stage(1))).toBe(expected);
      // Over the bound nothing was staged, so that the bundle is not whole.
      expect(codeOf(await own.call('POST', `${path}/commit`))).toBe(
        expected === 'ok' ? 'ok' : '400 push_commit_invalid',
      );
    }
  });

  test('[PUSH-241] a row is as large as a snapshot carries it, pushed or written by a trigger, or it is not committed', async () => {
    const bytesMax = 1000;
    const server = await start({ ...limits, push: { ...limits.push, rowBytesMax: bytesMax } });
    const snapshotBytes = (row: {
      readonly table: string;
      readonly key: PushRequestRow['key'];
      readonly payload?: unknown;
    }): number =>
      Buffer.byteLength(
        JSON.stringify({
          schema: 'plain',
          table: row.table,
          key: row.key,
          row_version: 1,
          payload: row.payload,
        }),
      );
    for (const push of [
      (device: TestDevice, row: PushRequestRow) => device.push([row]),
      (device: TestDevice, row: PushRequestRow) => single(device, 1, [row]),
    ]) {
      const device = await joinedDevice(server);
      const refused = await push(device, noteOf(bytesMax + 1, snapshotBytes));
      expect(refused).toMatchObject({
        status: 400,
        body: { error: 'push_chunk_invalid', rejection: { category: 'row_too_large' } },
      });
      expect(codeOf(await push(device, noteOf(bytesMax, snapshotBytes)))).toBe('ok');
      await expectLargestRow(device, bytesMax);
    }
    // A partial update is small by itself; what counts is the whole row that it makes.
    const device = await joinedDevice(server);
    const long = noteOf(bytesMax - 1, snapshotBytes);
    expect(codeOf(await device.push([long]))).toBe('ok');
    const grow = (echoes: string): Promise<Answer> => {
      const { payload: _payload, ...row } = long;
      return device.push([
        { ...row, op: 'UPDATE', base_row_version: 1, payload: { echo_characters: echoes } },
      ]);
    };
    expect(codeOf(await grow('100'))).toBe('400 push_commit_invalid');
    expect(codeOf(await grow('10'))).toBe('ok');
    await expectLargestRow(device, bytesMax);

    const echo = (characters: number) => ({
      table: 'echoes',
      key: { id: 'n.1' },
      payload: { body: 'x'.repeat(characters), id: 'n.1' },
    });
    const longest = bytesMax - snapshotBytes(echo(0));
    expect(snapshotBytes(echo(longest))).toBe(bytesMax);
    for (const [characters, expected] of [
      [longest + 1, '400 push_commit_invalid'],
      [longest, 'ok'],
    ] as const) {
      const asked = note({ echoes: '1', echo_characters: String(characters) }, 'n');
      const own = await joinedDevice(server);
      expect(codeOf(await own.push([asked]))).toBe(expected);
      if (expected === 'ok') await expectLargestRow(own, bytesMax);
    }
  });

  async function expectLargestRow(device: TestDevice, bytes: number): Promise<void> {
    const session = await device.call('POST', '/sync/snapshot-sessions');
    expect(codeOf(session)).toBe('ok');
    const path = `/sync/snapshot-sessions/${String(session.body['snapshot_id'])}`;
    const rows = (await device.call('GET', path)).body['rows'] as readonly SnapshotRow[];
    const sizes = rows.map((row) => Buffer.byteLength(JSON.stringify(row)));
    expect(Math.max(...sizes)).toBe(bytes);
  }

  test('[OPS-244] chunk bodies, bodies of one-request pushes and all others have bounds of their own', async () => {
    const server = await start({
      ...limits,
      request: { ...limits.request, chunkBytesMax: 3000, bodyBytesMax: 1000 },
      singlePush: { ...limits.singlePush, requestBytesMax: 2000 },
    });
    const device = await joinedDevice(server);
    const padded = (bytes: number): string => `{"pad":"${'x'.repeat(bytes - 10)}"}`;
    const id = 'e1f10d5f-4b1f-4c1e-9a11-0f0e5c1d2b3a';
    const paths: readonly (readonly [string, string, number])[] = [
      ['POST', `/sync/push-sessions/${id}/chunks`, 3000],
      ['POST', '/sync/push', 2000],
      ['POST', '/sync/connect', 1000],
      ['POST', '/sync/push-sessions', 1000],
      ['POST', `/sync/push-sessions/${id}/commit`, 1000],
      ['DELETE', `/sync/push-sessions/${id}`, 1000],
      ['POST', '/sync/snapshot-sessions', 1000],
      ['DELETE', `/sync/snapshot-sessions/${id}`, 1000],
    ];
    for (const [method, path, bytesMax] of paths) {
      const at = await device.call(method, path, padded(bytesMax));
      const above = await device.call(method, path, padded(bytesMax + 1));
      expect([path, at.status === 413, codeOf(above)]).toEqual([
        path,
        false,
        '413 request_too_large',
      ]);
    }
    // Without a declared length the bytes are counted as they come.
    const streamed = (bytes: number): Promise<Response> =>
      server.request('/sync/connect', {
        method: 'POST',
        headers: {
          'x-test-account': 'a',
          'x-test-household': device.householdId,
          'oversync-source-id': 's',
          authorization: 'Bearer test',
        },
        body: new Blob([padded(bytes)]).stream(),
        duplex: 'half',
      } as RequestInit);
    expect((await streamed(1000)).status).toBe(200);
    expect((await streamed(1001)).status).toBe(413);
  });
});

describe('counts', () => {
  test('[PUSH-242] a bundle has at most so many effects, whoever caused them', async () => {
    const server = await start({ ...limits, push: { ...limits.push, bundleEffectsMax: 5 } });
    const device = await joinedDevice(server);
    expect(codeOf(await device.push([note({ echoes: '5' })]))).toBe('400 push_commit_invalid');
    expect(codeOf(await single(device, 1, [note({ echoes: '5' })]))).toBe(
      '400 push_commit_invalid',
    );
    const committed = await device.push([note({ echoes: '4' })]);
    expect(committed.body['row_count']).toBe(5);
  });

  test('[PUSH-243] a text key has at most so many bytes of UTF-8', async () => {
    const server = await start({ ...limits, push: { ...limits.push, textKeyBytesMax: 1024 } });
    const device = await joinedDevice(server);
    expect(codeOf(await device.push([note({}, `${'é'.repeat(512)}x`)]))).toBe(
      '400 push_chunk_invalid',
    );
    expect(codeOf(await device.push([note({}, 'é'.repeat(512))]))).toBe('ok');
    expect(codeOf(await device.push([note({}, '😀'.repeat(256))], { id: 2 }))).toBe('ok');
  });

  test('[OPS-245] so many writers wait for a household, the next one is told to come back, and no other household waits', async () => {
    const waiting = 3;
    const server = await start({
      ...limits,
      database: { ...limits.database, waitersPerScopeMax: waiting },
    });
    const device = await joinedDevice(server);
    const stranger = await joinedDevice(server);
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    let isHeld = (): void => undefined;
    const locked = new Promise<void>((resolve) => {
      isHeld = resolve;
    });
    const holder = server.sql.begin(async (sql) => {
      await sql`select 1 from sync.scope where scope_id = ${device.householdId} for update`;
      isHeld();
      await held;
    });
    await locked;
    // One holds a connection and waits for the row, three wait in front, and the rest is refused.
    const answers: string[] = [];
    const writers = Array.from({ length: waiting + 1 + 5 }, async () => {
      const answer = await createDevice(server, { householdId: device.householdId }).push([note()]);
      answers.push(`${codeOf(answer)} ${answer.headers.get('retry-after') ?? ''}`.trim());
    });
    const refused = Array.from({ length: 5 }, () => '503 service_unavailable 1');
    await expect.poll(() => answers).toEqual(refused);
    expect(codeOf(await stranger.push([note()]))).toBe('ok');
    // Readers of the same household wait for nobody, and neither does who joins it (B15).
    expect(codeOf(await device.pull())).toBe('ok');
    expect((await device.connect(true)).body['resolution']).toBe('remote_authoritative');
    const snapshot = await device.call('POST', '/sync/snapshot-sessions');
    expect(codeOf(snapshot)).toBe('ok');
    const page = `/sync/snapshot-sessions/${String(snapshot.body['snapshot_id'])}`;
    expect(codeOf(await device.call('GET', page))).toBe('ok');
    release();
    await holder;
    await Promise.all(writers);
    expect(answers).toEqual([...refused, ...Array.from({ length: waiting + 1 }, () => 'ok')]);
  });
});
