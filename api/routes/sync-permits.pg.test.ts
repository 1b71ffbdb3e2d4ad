/**
 * What a request takes it gives back: permits for pages and streams, and places for watch streams, whatever
 * the reader does. A permit that is lost is lost for every household of the process.
 */
import { connect as openSocket } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { note, plainSchema } from '../../test/contract/plain-schema.ts';
import {
  type SyncServer,
  type TestDevice,
  joinedDevice,
  startSyncServer,
} from '../../test/contract/sync-server.ts';
import { limits } from '../../shared/limits.ts';
import { must } from '../../shared/assert.ts';

const PERMITS = 2;
let server: SyncServer;

beforeAll(async () => {
  server = await startSyncServer({
    schema: plainSchema,
    limits: {
      ...limits,
      snapshot: { ...limits.snapshot, pageRequestsMax: PERMITS },
      snapshotStream: { ...limits.snapshotStream, streamsMax: PERMITS, stallMs: 1000 },
    },
  });
});

afterAll(() => server.close());

/** A household whose snapshot is larger than what a socket buffers. */
async function householdWithSnapshot(): Promise<{ device: TestDevice; path: string }> {
  const device = await joinedDevice(server);
  const rows = Array.from({ length: 200 }, (_, index) =>
    note({ body: `${String(index)} ${'long story '.repeat(900)}` }),
  );
  expect((await device.push(rows)).status).toBe(200);
  const session = await device.call('POST', '/sync/snapshot-sessions');
  return { device, path: `/sync/snapshot-sessions/${String(session.body['snapshot_id'])}` };
}

const headersOf = (device: TestDevice): Record<string, string> => ({
  'x-test-account': `account-of-${device.householdId}`,
  'x-test-household': device.householdId,
  'oversync-source-id': device.sourceId,
  authorization: 'Bearer test',
});

/** How many permits can be taken right now. */
function freePermits(): number {
  const taken = Array.from({ length: PERMITS }, () => [
    server.service.enterSnapshotPage(),
    server.service.enterSnapshotStream(),
  ]).flat();
  const releases = taken.filter((release) => release !== null);
  for (const release of releases) release();
  return releases.length;
}

/** What is free once everything that ended has been noticed. */
const held = (): string =>
  `${String(2 * PERMITS - freePermits())} permits, ${String(server.service.hub.count())} streams`;
const nothing = '0 permits, 0 streams';

test('[OPS-240] HEAD is no method of the protocol and keeps no permit and no stream', async () => {
  const { device, path } = await householdWithSnapshot();
  for (const target of [path, `${path}/stream`, '/sync/watch', '/sync/pull']) {
    for (let attempt = 0; attempt <= PERMITS; attempt += 1) {
      const response = await server.request(target, {
        method: 'HEAD',
        headers: headersOf(device),
      });
      expect([target, response.status, response.headers.get('allow')]).toEqual([
        target,
        405,
        'GET, POST, DELETE',
      ]);
    }
  }
  await expect.poll(held).toBe(nothing);
});

test('[OPS-241] a page that nobody takes is cut off, and its permit is free again', async () => {
  const { device, path } = await householdWithSnapshot();
  const page = () => server.request(path, { headers: headersOf(device) });
  const untouched = await page();
  expect(freePermits()).toBe(2 * PERMITS - 1);
  const begun = await page();
  const reader = must(begun.body, 'a page has a body').getReader();
  await reader.read();
  await expect.poll(held).toBe(nothing);
  await expect(untouched.text()).rejects.toThrow(/too long/);
});

test('[OPS-242] connections that break at any moment leave no permit and no stream behind', async () => {
  const { device, path } = await householdWithSnapshot();
  const http = createAdaptorServer({ fetch: (request: Request) => server.fetch(request) });
  await new Promise<void>((resolve) => {
    http.listen(0, '127.0.0.1', resolve);
  });
  const address = http.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const lines = Object.entries(headersOf(device)).map(([name, value]) => `${name}: ${value}`);
  const breakAfter = (target: string, ms: number): Promise<void> =>
    new Promise((resolve) => {
      const socket = openSocket(port, '127.0.0.1', () => {
        socket.write(`GET ${target} HTTP/1.1\r\nhost: localhost\r\n${lines.join('\r\n')}\r\n\r\n`);
        setTimeout(() => socket.destroy(), ms);
      });
      // Nothing is read, so a large answer fills the buffers and waits.
      socket.pause();
      socket.on('close', () => resolve());
      socket.on('error', () => undefined);
    });
  try {
    for (let ms = 0; ms < 24; ms += 1) {
      await Promise.all(
        [path, `${path}/stream`, '/sync/watch?after_bundle_seq=0'].map((target) =>
          breakAfter(target, ms),
        ),
      );
    }
    await expect.poll(held).toBe(nothing);
  } finally {
    await new Promise((resolve) => {
      http.close(resolve);
    });
  }
});
