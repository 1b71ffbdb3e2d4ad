/** What staging leaves behind is removed, whoever else is at work at the same time. */
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
import type { PushRequestRow } from '../../shared/protocol/shapes.ts';

const ROWS = 12;
let server: SyncServer;

beforeEach(async () => {
  server = await startSyncServer();
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
});
