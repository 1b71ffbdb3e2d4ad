/** Instants on their way through Postgres: what is taken can be given back to every device (B8). */
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { insert, listItem } from '../../test/contract/kitchen-rows.ts';
import {
  type SyncServer,
  freshUuid,
  joinedDevice,
  startSyncServer,
} from '../../test/contract/sync-server.ts';
import { must } from '../../shared/assert.ts';
import type { PullResponse } from '../../shared/protocol/pull.ts';
import { valueFromWire } from '../../shared/schema/row-codec.ts';
import { tables } from '../../shared/schema/tables.ts';
import { checkWireValue } from '../../shared/schema/value-wire.ts';

let server: SyncServer;

beforeAll(async () => {
  server = await startSyncServer();
});

afterAll(() => server.close());

const createdAt = must(tables['list_items']?.columns['created_at'], 'a column of the list');

const two = (max: number, min = 0) =>
  fc.integer({ min, max }).map((value) => String(value).padStart(2, '0'));
const offset = fc
  .tuple(fc.constantFrom('+', '-'), two(15), fc.constantFrom(':', ''), two(59))
  .map((parts) => parts.join(''));
const day = fc.oneof(
  fc.constantFrom('0001-01-01', '0001-01-02', '9999-12-30', '9999-12-31', '2000-02-29'),
  fc
    .tuple(fc.integer({ min: 1, max: 9999 }), two(12, 1), two(28, 1))
    .map(([year, month, date]) => `${String(year).padStart(4, '0')}-${month}-${date}`),
);
const time = fc.oneof(
  fc.constantFrom('00:00:00', '23:59:59', '08:00:59', '08:01:00'),
  fc.tuple(two(23), two(59), two(59)).map((parts) => parts.join(':')),
);
const fraction = fc.oneof(
  fc.constantFrom('', '.999', '.9994', '.9995', '.9999', '.999499', '.999999', '.0005'),
  fc.integer({ min: 0, max: 999_999 }).map((micros) => `.${String(micros).padStart(6, '0')}`),
);
/** Well-spelled instants, many of them at the two ends of what can be spelled. */
const instant = fc
  .tuple(day, fc.constantFrom('T', ' '), time, fraction, fc.oneof(fc.constant('Z'), offset))
  .map((parts) => parts.join(''));

describe('instants', () => {
  test.each([
    '9999-12-31T23:59:59.9999Z',
    '9999-12-31T23:59:59-15:59',
    '0001-01-01T00:00:00+01:00',
  ])('[PUSH-400] an instant that no device could read back, as %s, is refused', async (at) => {
    const device = await joinedDevice(server);
    const rows = [insert('list_items', listItem({ created_at: at }))];
    expect(await device.push(rows)).toMatchObject({
      status: 400,
      body: {
        error: 'push_chunk_invalid',
        rejection: { constraint: 'type', category: 'out_of_range', columns: ['created_at'] },
      },
    });
    expect((await device.pull()).body['stable_bundle_seq']).toBe(0);
  });

  test('[PUSH-401] every spelling of an instant that is taken comes back as one that devices read', async () => {
    const device = await joinedDevice(server);
    const taken = fc
      .sample(instant, { numRuns: 3000, seed: 400 })
      .filter((at) => checkWireValue('timestamptz', at, 'timestamptz(3)') === null);
    expect(taken.length).toBeGreaterThan(2000);
    const rows = taken.map((at) => insert('list_items', listItem({ created_at: at })));
    expect((await device.push(rows)).status).toBe(200);
    const { bundles } = (await device.pull()).body as unknown as PullResponse;
    const kept = must(bundles[0], 'the bundle that was pushed').rows.filter(
      ({ table }) => table === 'list_items',
    );
    expect(kept).toHaveLength(taken.length);
    const unread = kept.flatMap(({ payload }, at) =>
      valueFromWire(createdAt, payload?.['created_at']).ok
        ? []
        : [`${taken[at] ?? ''} came back as ${String(payload?.['created_at'])}`],
    );
    expect(unread).toEqual([]);
  });

  test.each([
    ['infinity', '2026-11-24'],
    ['-infinity', '2026-11-24'],
    ['10000-01-01 00:00:00+00', '2026-11-24'],
    ['0001-12-31 23:59:59.999+00 BC', '2026-11-24'],
    ['2026-11-24 10:00:00+00', 'infinity'],
    ['2026-11-24 10:00:00+00', '10000-01-01'],
    ['2026-11-24 10:00:00+00', '0001-12-31 BC'],
  ])(
    '[PUSH-407] the server writes no instant and day, as %s and %s, that no device could read back',
    async (at, on) => {
      const device = await joinedDevice(server);
      const write = (instantText: string, dayText: string) =>
        server.service.withServerBundle({ userId: device.householdId, writer: 'test' }, (tx) =>
          tx.query(
            `insert into larder.plan_entries (id, day, meal, title, servings, position, created_at, edited_at)
             values ($1::uuid, $2::text::date, 'dinner', 'Soup', 2, 'a0', $3::text::timestamptz, '2026-11-24 10:00:00+00')`,
            [freshUuid(), dayText, instantText],
          ),
        );
      await expect(write(at, on)).rejects.toThrow('the database refused with 23514');
      await write('0001-01-01 00:00:00+00', '0001-01-01');
      await write('9999-12-31 23:59:59.999+00', '9999-12-31');
      expect((await device.pull()).body['stable_bundle_seq']).toBe(2);
    },
  );
});
