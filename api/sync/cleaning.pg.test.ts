/** What staging and snapshots leave behind is removed, whoever else is at work at the same time. */
import type postgres from 'postgres';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { insert, listItem } from '../../test/contract/kitchen-rows.ts';
import {
  type Answer,
  type SyncServer,
  type TestDevice,
  joinedDevice,
  startSyncServer,
} from '../../test/contract/sync-server.ts';
import { canonicalRequestHash } from '../../shared/protocol/bundle-hash.ts';
import { limits } from '../../shared/limits.ts';
import type { PushRequestRow } from '../../shared/protocol/shapes.ts';

const ROWS = 12;
const BATCH_ROWS = 5;
let server: SyncServer;
let nowMs = Date.UTC(2026, 10, 20);

beforeEach(async () => {
  nowMs = Date.UTC(2026, 10, 20);
  server = await startSyncServer({
    nowMs: () => nowMs,
    // One batch for each call, so that a test sees them one after the other.
    limits: {
      ...limits,
      cleaning: { rowsPerBatchMax: BATCH_ROWS, sessionsPerBatchMax: 2, batchesMax: 1 },
    },
  });
});

afterEach(() => server.close());

const freshRows = (): readonly PushRequestRow[] =>
  Array.from({ length: ROWS }, () => insert('list_items', listItem()));

const tupleOf = (rows: readonly PushRequestRow[]) => ({
  source_bundle_id: 1,
  canonical_request_hash: canonicalRequestHash(rows).hash,
});

const createSession = (device: TestDevice, rows: readonly PushRequestRow[]): Promise<Answer> =>
  device.call('POST', '/sync/push-sessions', { ...tupleOf(rows), planned_row_count: ROWS });

/** Opens a session and stages the first so many of the rows. */
async function stage(
  device: TestDevice,
  rows: readonly PushRequestRow[],
  count: number = rows.length,
): Promise<void> {
  const created = await createSession(device, rows);
  const path = `/sync/push-sessions/${String(created.body['push_id'])}/chunks`;
  const body = { start_row_ordinal: 0, rows: rows.slice(0, count) };
  expect((await device.call('POST', path, body)).status).toBe(200);
}

async function countOf(table: string): Promise<number> {
  const [row] = await server.sql`select count(*)::int as n from ${server.sql(`sync.${table}`)}`;
  return Number(row?.['n']);
}

/** Holds what `hold` takes until `work` waits for it, and then commits. */
async function holding<T>(
  hold: (sql: postgres.TransactionSql) => Promise<unknown>,
  work: () => Promise<T>,
): Promise<T> {
  // In an object, or it would be waited for before the commit.
  const begun = await server.sql.begin(async (sql): Promise<{ readonly answer: Promise<T> }> => {
    await hold(sql);
    const answer = work();
    await expect
      .poll(
        () => server.sql`select 1 from pg_stat_activity
          where datname = current_database() and wait_event_type = 'Lock'`,
      )
      .not.toHaveLength(0);
    return { answer };
  });
  return begun.answer;
}

/** What a chunk request does that still has the session when its client has given up on it. */
const stageOneMore = async (sql: postgres.TransactionSql): Promise<void> => {
  await sql`select from sync.push_session for update`;
  await sql`insert into sync.push_session_row
    select scope_id, push_id, ordinal + 1000, table_no, op, key, key_text, base_row_version, columns, payload, request
    from sync.push_session_row where ordinal = 0`;
};

describe('staged rows', () => {
  test('[PUSH-405] a push in one request takes the staged rows of its tuple along', async () => {
    const device = await joinedDevice(server);
    const rows = freshRows();
    await stage(device, rows);
    const pushed = await device.call('POST', '/sync/push', { ...tupleOf(rows), rows });
    expect(pushed.body).toMatchObject({ status: 'committed' });
    expect([await countOf('push_session'), await countOf('push_session_row')]).toEqual([0, 0]);
  });

  test('[PUSH-406] rows that a late chunk staged go with their session, replaced or overtaken', async () => {
    const device = await joinedDevice(server);
    const rows = freshRows();
    await stage(device, rows, 1);
    expect((await holding(stageOneMore, () => createSession(device, rows))).status).toBe(200);
    expect([await countOf('push_session'), await countOf('push_session_row')]).toEqual([1, 0]);
    await stage(device, rows, 1);
    const pushed = await holding(stageOneMore, () =>
      device.call('POST', '/sync/push', { ...tupleOf(rows), rows }),
    );
    expect(pushed.body).toMatchObject({ status: 'committed' });
    expect([await countOf('push_session'), await countOf('push_session_row')]).toEqual([0, 0]);
  });

  test('[RET-400] a session that nobody came back to goes in batches of rows, its header last', async () => {
    const device = await joinedDevice(server);
    await stage(device, freshRows());
    nowMs += 2 * limits.push.sessionTtlMs + 1;
    const left: number[][] = [];
    for (let batch = 0; batch < 3; batch += 1) {
      await server.service.clean();
      left.push([await countOf('push_session'), await countOf('push_session_row')]);
    }
    expect(left).toEqual([
      [1, ROWS - BATCH_ROWS],
      [1, ROWS - 2 * BATCH_ROWS],
      [0, 0],
    ]);
  });
});

/** A snapshot that is over, with all its rows still there. */
async function expiredSnapshot(): Promise<void> {
  const device = await joinedDevice(server);
  await device.push(freshRows());
  await device.call('POST', '/sync/snapshot-sessions');
  // Whatever the server cleans behind that answer it has cleaned by then.
  await server.service.clean();
  nowMs += limits.snapshot.sessionTtlMs;
  expect(await countOf('snapshot_row')).toBe(ROWS + 1);
}

describe('frozen rows', () => {
  test('[SNAP-400] no frozen row stays when somebody else takes rows of the same snapshot', async () => {
    await expiredSnapshot();
    await holding(
      (sql) => sql`delete from sync.snapshot_row where ordinal = 1`,
      () => server.service.clean(),
    );
    await server.service.clean();
    await server.service.clean();
    expect(await countOf('snapshot_row')).toBe(0);
    const [session] = await server.sql`select rows_gone from sync.snapshot_session`;
    expect(session?.['rows_gone']).toBe(true);
  });

  test('[SNAP-401] a snapshot that another cleaner is at is left to it', async () => {
    await expiredSnapshot();
    await server.sql.begin(async (sql) => {
      await sql`select from sync.snapshot_session for update`;
      await server.service.clean();
      expect(await countOf('snapshot_row')).toBe(ROWS + 1);
    });
    await server.service.clean();
    expect(await countOf('snapshot_row')).toBe(ROWS + 1 - BATCH_ROWS);
  });
});
