/**
 * What the sync service costs, printed and never asserted: statements per push; push, pull and snapshot beside
 * a plain INSERT, SELECT and COPY of the same rows through the same driver in the same run; memory while a
 * large snapshot is built and read. `ROWS` sets the size of the large household (20,000 when absent).
 *
 * The references write into a table without triggers, row-level security or history: what a push is compared
 * with is the least that any design could pay.
 */
/* oxlint-disable vitest/expect-expect -- a bench prints and judges nothing */
import { afterAll, beforeAll, test } from 'vitest';
import { kitchenSync, migrations } from '../../api/db/kitchen.ts';
import { installSync, migrate } from '../../api/db/migrate.ts';
import { type Pool, createPool } from '../../api/db/pool.ts';
import { createDatabase } from '../../api/db/tx.ts';
import { createSyncRoutes } from '../../api/routes/sync.ts';
import { type SyncService, createSyncService } from '../../api/sync/service.ts';
import { must } from '../../shared/assert.ts';
import { canonicalRequestHash } from '../../shared/protocol/bundle-hash.ts';
import type { PushRequestRow } from '../../shared/protocol/shapes.ts';
import { insert, listItem, tag } from '../contract/kitchen-rows.ts';
import { type TestDatabase, createTestDatabase } from '../test-database.ts';

const largeRows = Number(process.env['ROWS'] ?? 20_000);
const statements: string[] = [];
const household = crypto.randomUUID();
const source = crypto.randomUUID();
let nextBundleId = 1;
let database: TestDatabase;
let pool: Pool;
let service: SyncService;
let call: (method: string, path: string, body?: unknown) => Promise<Response>;

const say = (line: string): void => void process.stdout.write(`${line}\n`);

beforeAll(async () => {
  database = await createTestDatabase();
  pool = createPool({ url: database.url, onStatement: (text) => void statements.push(text) });
  await migrate(pool, migrations);
  const { registry, walls } = await installSync(pool, kitchenSync);
  service = createSyncService({
    database: createDatabase(pool, walls),
    registry,
    clock: { nowMs: () => Date.now(), toRfc3339: (ms) => new Date(ms).toISOString() },
    ids: { uuid: () => crypto.randomUUID() },
    log: { error: (event, { cause }) => say(`${event} ${String(cause)}`) },
  });
  const routes = createSyncRoutes({
    service,
    authenticate: async () => ({
      type: 'account',
      accountId: 'ana',
      householdId: household,
      name: 'Ana',
    }),
    originsOf: () => [],
  });
  call = async (method, path, body) =>
    routes.request(path, {
      method,
      headers: { 'oversync-source-id': source, authorization: 'Bearer bench' },
      body: body === undefined ? null : JSON.stringify(body),
    });
  await call('POST', '/sync/connect', {});
  await pool.sql.unsafe('create table public.plain (like larder.list_items)');
});

afterAll(async () => {
  await service.stop();
  await pool.close();
  await database.drop();
});

/** Sessions in chunks of 1,000, as a client sends a bundle of any size. */
async function push(rows: readonly PushRequestRow[]): Promise<void> {
  const created = await call('POST', '/sync/push-sessions', {
    source_bundle_id: nextBundleId,
    planned_row_count: rows.length,
    canonical_request_hash: canonicalRequestHash(rows).hash,
  });
  const { push_id: pushId } = (await created.json()) as { push_id: string };
  for (let at = 0; at < rows.length; at += 1000) {
    const chunk = { start_row_ordinal: at, rows: rows.slice(at, at + 1000) };
    const staged = await call('POST', `/sync/push-sessions/${pushId}/chunks`, chunk);
    if (staged.status !== 200) throw new Error(await staged.text());
  }
  const committed = await call('POST', `/sync/push-sessions/${pushId}/commit`);
  if (committed.status !== 200) throw new Error(await committed.text());
  nextBundleId += 1;
}

const draw = (count: number): PushRequestRow[] =>
  Array.from({ length: count }, () => insert('list_items', listItem({ quantity_milli: '1000' })));

async function time<T>(
  work: () => Promise<T>,
): Promise<{ readonly ms: number; readonly value: T }> {
  const startedAt = performance.now();
  const value = await work();
  return { ms: performance.now() - startedAt, value };
}

const perSecond = (rows: number, ms: number): string =>
  `${Math.round((rows / ms) * 1000).toLocaleString('en')} rows/s`;

/** The same rows, one statement, no rules. */
async function plainInsert(rows: readonly PushRequestRow[]): Promise<void> {
  const payloads = JSON.stringify(
    rows.map(({ payload }) => ({ ...payload, _sync_scope_id: household, later: false })),
  );
  await pool.sql.unsafe(
    'insert into public.plain select * from jsonb_populate_recordset(null::public.plain, $1::text::jsonb)',
    [payloads],
  );
}

test('statements per push', async () => {
  for (const [label, make] of [
    ['list items, with their activity', draw],
    [
      'tags, without triggers that write',
      (count: number) => Array.from({ length: count }, () => insert('tags', tag())),
    ],
  ] as const) {
    for (const count of [1, 100, 1000]) {
      statements.length = 0;
      await push(make(count));
      say(
        `statements for a push of ${String(count)} ${label}: ${String(statements.length)} (create, chunk and commit together)`,
      );
    }
  }
});

test('push, pull and snapshot beside INSERT, SELECT and COPY', async () => {
  for (const count of [1, 100, 1000]) {
    const repeats = Math.max(3, Math.min(30, Math.round(1000 / count)));
    let pushed = 0;
    let plain = 0;
    for (let repeat = 0; repeat < repeats; repeat += 1) {
      const rows = draw(count);
      pushed += (await time(() => push(rows))).ms;
      plain += (await time(() => plainInsert(rows))).ms;
    }
    say(
      `push of ${String(count)} rows: ${(pushed / repeats).toFixed(1)} ms (${perSecond(count * repeats, pushed)}); ` +
        `plain INSERT: ${(plain / repeats).toFixed(1)} ms (${perSecond(count * repeats, plain)}); factor ${(pushed / plain).toFixed(1)}`,
    );
  }

  let after = 0;
  let pulled = 0;
  const pull = await time(async () => {
    for (let more = true; more;) {
      const response = await call('GET', `/sync/pull?after_bundle_seq=${String(after)}`);
      const page = (await response.json()) as {
        bundles: { bundle_seq: number; rows: unknown[] }[];
        has_more: boolean;
      };
      for (const bundle of page.bundles) {
        pulled += bundle.rows.length;
        after = bundle.bundle_seq;
      }
      more = page.has_more;
    }
  });
  const select = await time(async () =>
    pool.sql.unsafe('select to_jsonb(p)::text as row from public.plain p'),
  );
  say(
    `pull of ${String(pulled)} rows: ${pull.ms.toFixed(0)} ms (${perSecond(pulled, pull.ms)}); plain SELECT of ${String(select.value.length)} rows as JSON: ${select.ms.toFixed(0)} ms (${perSecond(select.value.length, select.ms)})`,
  );
});

test('a large household', async () => {
  const bundleRows = 5000;
  const build = await time(async () => {
    for (let made = 0; made < largeRows; made += bundleRows)
      await push(draw(Math.min(bundleRows, largeRows - made)));
  });
  say(
    `pushed ${String(largeRows)} rows in bundles of ${String(bundleRows)}: ${perSecond(largeRows, build.ms)}`,
  );

  const memory = { peak: 0, before: 0 };
  globalThis.gc?.();
  memory.before = process.memoryUsage().rss;
  const watch = setInterval(() => {
    memory.peak = Math.max(memory.peak, process.memoryUsage().rss);
  }, 10);
  const created = await time(async () => (await call('POST', '/sync/snapshot-sessions')).json());
  const session = created.value as { snapshot_id: string; row_count: number; byte_count: number };
  let read = 0;
  const pages = await time(async () => {
    for (let more = true; more;) {
      const path = `/sync/snapshot-sessions/${session.snapshot_id}?after_row_ordinal=${String(read)}&max_rows=5000`;
      const page = (await (await call('GET', path)).json()) as {
        next_row_ordinal: number;
        has_more: boolean;
      };
      read = page.next_row_ordinal;
      more = page.has_more;
    }
  });
  clearInterval(watch);
  const copy = await time(async () => {
    const readable = await pool.sql
      .unsafe('copy (select to_jsonb(i)::text from larder.list_items i) to stdout')
      .readable();
    let bytes = 0;
    for await (const chunk of readable) bytes += must(chunk as Uint8Array, 'a chunk').byteLength;
    return bytes;
  });
  const mib = (bytes: number): string => `${(bytes / 1024 / 1024).toFixed(0)} MiB`;
  say(
    `snapshot of ${String(session.row_count)} rows, ${mib(session.byte_count)}: built in ${created.ms.toFixed(0)} ms (${perSecond(session.row_count, created.ms)}), ` +
      `read in ${pages.ms.toFixed(0)} ms (${perSecond(read, pages.ms)}); COPY of the items, ${mib(copy.value)}: ${copy.ms.toFixed(0)} ms`,
  );
  say(
    `memory of the process, its reader included: ${mib(memory.before)} before, ${mib(memory.peak)} at most`,
  );
});
