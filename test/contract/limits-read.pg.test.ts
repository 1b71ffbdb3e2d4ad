/**
 * The limits of reading and of waiting, each at its bound and one above: snapshots, pages, streams, lifetimes
 * by the clock port, and how much the extensions list (protocol.md §2.2, §13).
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { limits } from '../../shared/limits.ts';
import { canonicalRequestHash } from '../../shared/protocol/bundle-hash.ts';
import type { PullResponse } from '../../shared/protocol/pull.ts';
import type { PushRequestRow } from '../../shared/protocol/shapes.ts';
import type { SnapshotPageResponse } from '../../shared/protocol/snapshot.ts';
import type { Database } from '../../api/sync/ports.ts';
import { note, plainSchema } from './plain-schema.ts';
import {
  type Answer,
  type SyncServer,
  type TestDevice,
  createDevice,
  freshUuid,
  joinedDevice,
  startSyncServer,
} from './sync-server.ts';

const snapshots = '/sync/snapshot-sessions';
const codeOf = ({ status, body }: Answer): string =>
  status === 200 ? 'ok' : `${String(status)} ${String(body['error'])}`;

let nowMs = Date.parse('2026-11-22T10:00:00Z');
/** Holds every transaction of a household that begins while it is closed. */
const gate = { isClosed: false, waiting: 0, open: (): void => undefined };
let server: SyncServer;

function gated(database: Database): Database {
  return {
    transaction: async (options, work) => {
      if (gate.isClosed && options.scopeId !== null) {
        gate.waiting += 1;
        await new Promise<void>((resolve) => {
          const before = gate.open;
          gate.open = () => {
            before();
            resolve();
          };
        });
      }
      return database.transaction(options, work);
    },
  };
}

const bounds = {
  ...limits,
  committedRows: { ...limits.committedRows, rowsDefault: 2, rowsMax: 3, pageBytesMax: 900 },
  snapshot: {
    ...limits.snapshot,
    rowsDefault: 2,
    rowsMax: 3,
    pageBytesDefault: 500,
    pageBytesMax: 600,
    sessionBytesMax: 2000,
    buildsMax: 2,
    pageRequestsMax: 2,
    sessionsPerScopeMax: 3,
  },
  watch: {
    ...limits.watch,
    streamsPerAccountMax: 2,
    streamsPerScopeMax: 3,
    streamsPerProcessMax: 5,
  },
  conflicts: { entriesMax: 3, bytesMax: 1200 },
  rejections: { entriesMax: 3 },
  singlePush: { ...limits.singlePush, responseBundlesMax: 2 },
};

beforeAll(async () => {
  server = await startSyncServer({
    schema: plainSchema,
    limits: bounds,
    nowMs: () => nowMs,
    wrapDatabase: gated,
  });
});

afterAll(() => server.close());

const create = (device: TestDevice): Promise<Answer> => device.call('POST', snapshots);
const pathOf = (session: Answer): string => `${snapshots}/${String(session.body['snapshot_id'])}`;

async function householdWith(count: number): Promise<TestDevice> {
  const device = await joinedDevice(server);
  const rows = Array.from({ length: count }, (_, index) => note({}, `n${String(index)}`));
  expect(codeOf(await device.push(rows))).toBe('ok');
  return device;
}

describe('snapshots', () => {
  test('[SNAP-241] a snapshot may have exactly as many bytes as its limit, and not one more', async () => {
    const device = await joinedDevice(server);
    const probe = await (async () => {
      await device.push([note({ body: '' }, 'a')]);
      return Number((await create(device)).body['byte_count']);
    })();
    const other = await joinedDevice(server);
    await other.push([note({ body: 'x'.repeat(2000 - probe) }, 'a')]);
    expect((await create(other)).body['byte_count']).toBe(2000);
    const above = await joinedDevice(server);
    await above.push([note({ body: 'x'.repeat(2001 - probe) }, 'a')]);
    const refused = await create(above);
    expect(refused).toMatchObject({
      status: 409,
      body: {
        error: 'snapshot_session_limit_exceeded',
        dimension: 'byte_count',
        actual: 2001,
        limit: 2000,
      },
    });
    // Nothing of the refused one is left.
    const [left] =
      await server.sql`select count(*)::int as n from sync.snapshot_row where scope_id = ${above.householdId}`;
    expect(left?.['n']).toBe(0);
  });

  test('[SNAP-242] so many are built and so many pages read at once; the next one is told to come back', async () => {
    const devices = await Promise.all([1, 2, 3].map(() => householdWith(1)));
    const race = async (ask: (at: number) => Promise<Answer>): Promise<string[]> => {
      gate.isClosed = true;
      gate.waiting = 0;
      const first = [0, 1].map(ask);
      try {
        await expect.poll(() => gate.waiting).toBe(2);
        const third = await ask(2);
        const wait = third.headers.get('retry-after') ?? '';
        return [codeOf(third), wait];
      } finally {
        gate.isClosed = false;
        gate.open();
        expect((await Promise.all(first)).map(codeOf)).toEqual(['ok', 'ok']);
      }
    };
    const device = (at: number): TestDevice => devices[at] ?? createDevice(server);
    expect(await race((at) => create(device(at)))).toEqual(['429 snapshot_build_capacity', '1']);
    const paths = (await Promise.all(devices.slice(0, 2).map(create))).map(pathOf);
    expect(await race((at) => device(at).call('GET', paths[at] ?? `${snapshots}/x`))).toEqual([
      '429 snapshot_chunk_capacity',
      '1',
    ]);
  });

  test('[SNAP-243] one session lives per source and so many per household, the oldest gives way', async () => {
    const device = await householdWith(1);
    const peers = [0, 1, 2, 3].map(() => createDevice(server, { householdId: device.householdId }));
    const paths: string[] = [];
    for (const peer of peers) {
      nowMs += 1000;
      paths.push(pathOf(await create(peer)));
    }
    const read = async (): Promise<string[]> => {
      const codes: string[] = [];
      for (const [at, peer] of peers.entries()) {
        codes.push(codeOf(await peer.call('GET', paths[at] ?? '')));
      }
      return codes;
    };
    // Three fit; the fourth ended the first.
    expect(await read()).toEqual(['410 snapshot_session_expired', 'ok', 'ok', 'ok']);
    const again = pathOf(await create(peers[3] ?? device));
    expect(await read()).toEqual([
      '410 snapshot_session_expired',
      'ok',
      'ok',
      '410 snapshot_session_expired',
    ]);
    expect(codeOf(await (peers[3] ?? device).call('GET', again))).toBe('ok');
  });

  test('[SNAP-244] pages are clamped to their largest rows and bytes, never refused for asking more', async () => {
    const device = await householdWith(8);
    const path = pathOf(await create(device));
    const rowsOf = async (query: string): Promise<number> =>
      ((await device.call('GET', path + query)).body as unknown as SnapshotPageResponse).rows
        .length;
    expect(await rowsOf('')).toBe(2);
    expect(await rowsOf('?max_rows=3')).toBe(3);
    expect(await rowsOf('?max_rows=4')).toBe(3);
    expect(await rowsOf(`?max_rows=${String(Number.MAX_SAFE_INTEGER)}`)).toBe(3);
    const { byte_count: bytes } = (await device.call('GET', `${path}?max_rows=1`)).body;
    expect(await rowsOf(`?max_bytes=${String(2 * Number(bytes))}`)).toBe(2);
    expect(await rowsOf(`?max_bytes=${String(2 * Number(bytes) - 1)}`)).toBe(1);
    // 600 bytes hold fewer of these rows than three, whatever is asked for.
    const wide = await joinedDevice(server);
    await wide.push([1, 2, 3].map((at) => note({ body: 'x'.repeat(150) }, `n${String(at)}`)));
    const page = await wide.call(
      'GET',
      `${pathOf(await create(wide))}?max_rows=3&max_bytes=99999999`,
    );
    expect(page.body).toMatchObject({ has_more: true });
    expect(Number(page.body['byte_count'])).toBeLessThanOrEqual(600);
    for (const query of ['?max_rows=0', '?max_bytes=0', '?max_rows=1.5', '?after_row_ordinal=-1']) {
      expect(codeOf(await device.call('GET', path + query))).toBe('400 snapshot_chunk_invalid');
    }
  });
});

describe('committed rows and bundles', () => {
  test('[PULL-241] committed rows are clamped by rows and cut by bytes, at least one at a time', async () => {
    const device = await householdWith(8);
    const path = '/sync/committed-bundles/1/rows';
    const rowsOf = async (query: string): Promise<unknown> =>
      ((await device.call('GET', path + query)).body['rows'] as unknown[]).length;
    expect(await rowsOf('')).toBe(2);
    expect(await rowsOf('?max_rows=3')).toBe(3);
    expect(await rowsOf('?max_rows=4')).toBe(3);
    expect(codeOf(await device.call('GET', `${path}?max_rows=0`))).toBe(
      '400 committed_bundle_chunk_invalid',
    );
    await device.push([1, 2].map((at) => note({ body: 'x'.repeat(2000) }, `w${String(at)}`)));
    const large = await device.call('GET', '/sync/committed-bundles/2/rows');
    expect(large.body).toMatchObject({ next_row_ordinal: 0, has_more: true });
  });

  test('[PUSH-246] an answer to a push in one request brings at most so many bundles', async () => {
    const device = await householdWith(1);
    const peer = createDevice(server, { householdId: device.householdId });
    const push = async (id: number, after: number): Promise<Answer> => {
      const rows = [note()];
      return peer.call('POST', '/sync/push', {
        source_bundle_id: id,
        canonical_request_hash: canonicalRequestHash(rows).hash,
        after_bundle_seq: after,
        rows,
      });
    };
    const seqs = ({ body }: Answer) =>
      (body as unknown as PullResponse).bundles.map(({ bundle_seq: seq }) => seq);
    const two = await push(1, 0);
    expect([seqs(two), two.body['has_more']]).toEqual([[1, 2], false]);
    const three = await push(2, 0);
    expect([seqs(three), three.body['has_more']]).toEqual([[1, 2], true]);
  });
});

describe('what extensions list', () => {
  const asked = { 'oversync-extensions': 'all_conflicts, push_rejections' };
  const stale = (id: string): PushRequestRow => ({
    ...note({}, id),
    op: 'UPDATE',
    base_row_version: 7,
  });

  test('[CONF-240] conflicts are listed up to their number and their bytes, at least one, and all are counted', async () => {
    const device = await householdWith(5);
    const ids = ['n0', 'n1', 'n2', 'n3', 'n4'];
    const conflictsOf = async (count: number, on = device) => {
      const { body } = await on.push(ids.slice(0, count).map(stale), { headers: asked });
      return [(body['conflicts'] as unknown[]).length, body['conflict_total']];
    };
    expect(await conflictsOf(3)).toEqual([3, 3]);
    expect(await conflictsOf(4)).toEqual([3, 4]);
    const { body } = await device.push([stale('n0')], { headers: asked });
    const entry = Buffer.byteLength(JSON.stringify((body['conflicts'] as unknown[])[0]));
    for (const [characters, listed] of [
      [600 - entry, 2],
      [601 - entry, 1],
      [5000, 1],
    ] as const) {
      // Two rows of 600 bytes make the 1,200; however large the first is, it is listed.
      const own = await joinedDevice(server);
      await own.push(ids.slice(0, 2).map((id) => note({ body: 'x'.repeat(characters) }, id)));
      expect(await conflictsOf(2, own)).toEqual([listed, 2]);
    }
  });

  test('[PUSH-247] rejections are listed up to their number', async () => {
    const device = await householdWith(1);
    const bad = (count: number) => Array.from({ length: count }, () => note({ echoes: 'many' }));
    const listed = async (count: number) => {
      const { body } = await device.push(bad(count), { headers: asked });
      return (body['rejections'] as unknown[]).length;
    };
    expect(await listed(3)).toBe(3);
    expect(await listed(4)).toBe(3);
  });

  test('[PUSH-248] a note has at most so many bytes of canonical JSON', async () => {
    const device = await householdWith(1);
    const noted = (label: string) =>
      device.call(
        'POST',
        '/sync/push-sessions',
        {
          source_bundle_id: 2,
          planned_row_count: 1,
          canonical_request_hash: 'a'.repeat(64),
          note: { label, action: `a${'b'.repeat(63)}` },
        },
        { 'oversync-extensions': 'bundle_notes' },
      );
    const frame = Buffer.byteLength(JSON.stringify({ action: `a${'b'.repeat(63)}`, label: '' }));
    const room = limits.note.bytesMax - frame;
    // Four bytes a sign, so that the bytes are used up before the 200 characters are.
    const fits = '😀'.repeat(Math.floor(room / 4)) + 'x'.repeat(room % 4);
    expect(codeOf(await noted(fits))).toBe('ok');
    expect(codeOf(await noted(`${fits}x`))).toBe('400 push_session_invalid');
  });
});

describe('watch', () => {
  test('[PULL-242] streams are counted per source, account, household and process, and each place is given back', async () => {
    const open: (() => Promise<void>)[] = [];
    const watch = async (
      householdId: string,
      account: string,
      sourceId = freshUuid(),
    ): Promise<string> => {
      const response = await server.request('/sync/watch?after_bundle_seq=0', {
        headers: {
          'x-test-account': account,
          'x-test-household': householdId,
          'oversync-source-id': sourceId,
          authorization: 'Bearer test',
        },
      });
      if (response.status === 200) open.push(async () => response.body?.cancel());
      return `${String(response.status)} ${response.headers.get('retry-after') ?? ''}`.trim();
    };
    const [ana, ben, eve] = [
      await householdWith(1),
      await householdWith(1),
      await householdWith(1),
    ];
    const source = freshUuid();
    expect(await watch(ana.householdId, 'ana', source)).toBe('200');
    // The same source again takes no second place.
    expect(await watch(ana.householdId, 'ana', source)).toBe('200');
    expect(server.service.hub.count()).toBe(1);
    expect(await watch(ana.householdId, 'ana')).toBe('200');
    expect(await watch(ana.householdId, 'ana')).toBe('503 5');
    expect(await watch(ana.householdId, 'partner')).toBe('200');
    expect(await watch(ana.householdId, 'child')).toBe('503 5');
    expect(await watch(ben.householdId, 'ben')).toBe('200');
    expect(await watch(eve.householdId, 'eve')).toBe('200');
    expect(server.service.hub.count()).toBe(5);
    expect(await watch(eve.householdId, 'other')).toBe('503 5');
    for (const close of open) await close();
    await expect.poll(() => server.service.hub.count()).toBe(0);
    expect(await watch(ana.householdId, 'child')).toBe('200');
    await open.at(-1)?.();
  });
});

describe('lifetimes', () => {
  const rows = [note({}, 'a'), note({}, 'b')];
  const begin = async (device: TestDevice, initializationId?: string): Promise<string> => {
    const created = await device.call('POST', '/sync/push-sessions', {
      source_bundle_id: 1,
      planned_row_count: 2,
      canonical_request_hash: canonicalRequestHash(rows).hash,
      ...(initializationId === undefined ? {} : { initialization_id: initializationId }),
    });
    return `/sync/push-sessions/${String(created.body['push_id'])}`;
  };
  const stage = (device: TestDevice, path: string, at: number): Promise<Answer> =>
    device.call('POST', `${path}/chunks`, { start_row_ordinal: at, rows: rows.slice(at, at + 1) });
  const later = (ms: number): void => {
    nowMs += ms;
  };

  test('[PUSH-249] a push session lives its time after each chunk that was taken, to the millisecond', async () => {
    const ttlMs = limits.push.sessionTtlMs;
    const device = await joinedDevice(server);
    const path = await begin(device);
    later(ttlMs - 1);
    expect(codeOf(await stage(device, path, 0))).toBe('ok');
    // A chunk that is refused prolongs nothing.
    later(ttlMs - 1);
    expect(codeOf(await stage(device, path, 0))).toBe('409 push_chunk_out_of_order');
    expect(codeOf(await stage(device, path, 1))).toBe('ok');
    later(ttlMs);
    for (const call of [
      stage(device, path, 1),
      device.call('POST', `${path}/commit`),
      device.call('DELETE', path),
    ]) {
      expect(codeOf(await call)).toBe('410 push_session_expired');
    }
  });

  test('[CONN-240] a lease is prolonged by connecting again, creating and staging, and ends to the millisecond', async () => {
    const leaseMs = limits.push.leaseTtlMs;
    const device = createDevice(server);
    const peer = createDevice(server, { householdId: device.householdId });
    const connected = await device.connect(true);
    const id = String(connected.body['initialization_id']);
    later(leaseMs - 1);
    expect((await peer.connect()).body).toMatchObject({
      resolution: 'retry_later',
      retry_after_seconds: 1,
    });
    expect((await device.connect(true)).body['initialization_id']).toBe(id);
    later(leaseMs - 1);
    const path = await begin(device, id);
    later(leaseMs - 1);
    expect(codeOf(await stage(device, path, 0))).toBe('ok');
    later(leaseMs - 1);
    expect((await peer.connect(true)).body['resolution']).toBe('retry_later');
    expect(codeOf(await stage(device, path, 1))).toBe('ok');
    later(leaseMs - 1);
    expect(codeOf(await device.call('POST', `${path}/commit`))).toBe('ok');

    const late = createDevice(server);
    await late.connect(true);
    later(leaseMs);
    const next = createDevice(server, { householdId: late.householdId });
    expect((await next.connect(true)).body['resolution']).toBe('initialize_local');
  });

  test('[SNAP-245] a snapshot lives its time from creation, and reading does not prolong it', async () => {
    const device = await householdWith(1);
    const path = pathOf(await create(device));
    later(limits.snapshot.sessionTtlMs - 1);
    expect(codeOf(await device.call('GET', path))).toBe('ok');
    later(1);
    expect(codeOf(await device.call('GET', path))).toBe('410 snapshot_session_expired');
    expect(codeOf(await device.call('DELETE', path))).toBe('410 snapshot_session_expired');
  });
});
