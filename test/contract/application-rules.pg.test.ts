/**
 * Rules of an application that the service cannot know: errors of any state that its triggers raise, and values
 * that one of its indexes cannot take. They are refusals of a row (protocol.md B5, §5.8), never a 500 that a
 * client would retry for ever.
 */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { canonicalRequestHash } from '../../shared/protocol/bundle-hash.ts';
import type { PushRequestRow } from '../../shared/protocol/shapes.ts';
import { note, plainSchema } from './plain-schema.ts';
import {
  type Answer,
  type SyncServer,
  type TestDevice,
  joinedDevice,
  startSyncServer,
} from './sync-server.ts';

let server: SyncServer;
beforeAll(async () => {
  server = await startSyncServer({ schema: plainSchema });
});
afterAll(() => server.close());

const ways: readonly (readonly [
  string,
  (device: TestDevice, rows: readonly PushRequestRow[]) => Promise<Answer>,
])[] = [
  ['sessions', (device, rows) => device.push(rows, { id: 1 })],
  [
    'one request',
    (device, rows) =>
      device.call('POST', '/sync/push', {
        source_bundle_id: 1,
        canonical_request_hash: canonicalRequestHash(rows).hash,
        rows,
      }),
  ],
];

test.each(ways)(
  '[PUSH-254] what a trigger of the application raises, in whatever state, refuses the row by %s',
  async (_name, push) => {
    const device = await joinedDevice(server);
    // Raised without a state, one of its own, one that SQL reserves for applications, and borrowed ones.
    for (const state of ['P0001', 'LR001', '45000', '23514', '22023', 'P0004']) {
      const rows = [note(), note({ body: `raise ${state}` }, 'culprit'), note()];
      expect([state, await push(device, rows)]).toMatchObject([
        state,
        {
          status: 400,
          body: {
            error: 'push_commit_invalid',
            rejection: { row_ordinal: 1, table: 'notes', key: { id: 'culprit' } },
          },
        },
      ]);
    }
    expect((await device.pull()).body['bundles']).toEqual([]);
    expect((await push(device, [note()])).status).toBe(200);
  },
);

test.each(ways)(
  '[PUSH-255] a value that is too long for an index refuses the row, by %s',
  async (_name, push) => {
    const device = await joinedDevice(server);
    // What can be compressed fits longer than it looks.
    const long = randomBytes(5000).toString('hex');
    const answer = await push(device, [note(), note({ handle: long }, 'culprit')]);
    expect(answer).toMatchObject({
      status: 400,
      body: {
        error: 'push_commit_invalid',
        rejection: {
          row_ordinal: 1,
          key: { id: 'culprit' },
          constraint: 'type',
          category: 'row_too_large',
        },
      },
    });
    expect((await push(device, [note({ handle: 'short' })])).status).toBe(200);
  },
);
