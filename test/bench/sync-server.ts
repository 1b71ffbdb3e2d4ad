/**
 * The server of the sync bench, a process of its own: the real service and routes, and beside them, over the
 * same HTTP and the same driver, the least that any design could pay for the same rows. The references write
 * into copies of the tables that have all their keys, checks and indexes but no triggers, no row-level security
 * and no history.
 */
import { Readable } from 'node:stream';
import { serve } from '@hono/node-server';
import { type Context, Hono } from 'hono';
import { hashRows } from '../../api/hash-rows.ts';
import { kitchenSync, migrations } from '../../api/db/kitchen.ts';
import { installSync, migrate } from '../../api/db/migrate.ts';
import { type Pool, createPool } from '../../api/db/pool.ts';
import { createDatabase } from '../../api/db/tx.ts';
import { createSyncRoutes } from '../../api/routes/sync.ts';
import type { Registry } from '../../api/sync/registry.ts';
import { type SyncService, createSyncService } from '../../api/sync/service.ts';
import { assert, must } from '../../shared/assert.ts';

const INSERT_PLAIN =
  'insert into public.plain select r.* from jsonb_populate_recordset(null::public.plain, $1::text::jsonb) r';

/** A household's rows as arrays of values, in the order of `columns`; what a stream of lines is compared with. */
const { columns } = must(
  kitchenSync.tables.find((table) => table.table === 'list_items'),
  'the kitchen has a list',
);
const ARRAYS = `select json_build_array(1, ${columns.map(({ name }) => `i."${name}"`).join(', ')})::text as line
  from larder.list_items i where i._sync_scope_id = $1::uuid`;

/** A body that is made as fast as it is taken, like ours. */
function streamed(lines: AsyncIterable<string>): Response {
  return new Response(Readable.toWeb(Readable.from(lines)) as ReadableStream<Uint8Array>);
}

async function* arrays(pool: Pool, household: string): AsyncGenerator<string, void, undefined> {
  for await (const rows of pool.sql.unsafe<{ line: string }[]>(ARRAYS, [household]).cursor(2000)) {
    yield `${rows.map((row) => row.line).join('\n')}\n`;
  }
}

function mountReferences(app: Hono, pool: Pool): void {
  app.post('/plain/push', async (context) => {
    const { rows } = await context.req.json<{ rows: readonly { payload: unknown }[] }>();
    const scope = context.req.header('x-household');
    const payloads = rows.map(({ payload }) => ({ ...(payload as object), _sync_scope_id: scope }));
    await pool.sql.begin(async (sql) => {
      await sql.unsafe(INSERT_PLAIN, [JSON.stringify(payloads)]);
    });
    return context.json({ rows: rows.length });
  });
  app.get('/plain/rows', async (context) =>
    context.json(
      await pool.sql.unsafe('select * from public.plain limit $1::int', [
        context.req.query('limit') ?? '100',
      ]),
    ),
  );
  app.get('/plain/arrays', async (context: Context) =>
    streamed(arrays(pool, context.req.header('x-household') ?? '')),
  );
  app.get('/process', (context) =>
    context.json({
      rssBytes: process.memoryUsage().rss,
      peakRssBytes: process.resourceUsage().maxRSS * 1024,
    }),
  );
}

function createService(pool: Pool, registry: Registry, appRole: string | null) {
  const service = createSyncService({
    database: createDatabase(pool, { appRole, connectionsPerScope: 4 }),
    registry,
    clock: { nowMs: () => Date.now(), toRfc3339: (ms) => new Date(ms).toISOString() },
    ids: { uuid: () => crypto.randomUUID() },
    hashRows,
    log: { error: (event, { cause }) => void process.stderr.write(`${event} ${String(cause)}\n`) },
  });
  const routes = createSyncRoutes({
    service,
    authenticate: async (request) => {
      const householdId = request.headers.get('x-household');
      return { type: 'account', accountId: 'ana', householdId, name: 'Ana' };
    },
    originsOf: () => [],
  });
  return { service, routes };
}

/** Rows that an import brings, in one bundle of a server-side writer. */
const IMPORT = `insert into larder.list_items (_sync_scope_id, id, title, quantity_milli, unit, later, position,
    created_at, edited_at)
  select $1::uuid, gen_random_uuid(), 'Milk', 1000, 'g', false, 'a0', now(), now() from generate_series(1, $2::int)`;

function mountImport(app: Hono, service: SyncService): void {
  app.post('/import', async (context) => {
    const userId = must(context.req.header('x-household'), 'an import names its household');
    const written = await service.withServerBundle({ userId, writer: 'import' }, (tx, scopeId) =>
      tx.query(IMPORT, [scopeId, Number(context.req.query('rows'))]),
    );
    return context.json({ bundle_seq: written.bundleSeq });
  });
}

const pool = createPool({
  url: must(process.env['DATABASE_URL'], 'the bench names its database'),
  connections: 10,
});
await migrate(pool, migrations);
const { registry, walls } = await installSync(pool, kitchenSync);
assert(
  walls.appRole !== null,
  'the embedded account is a superuser, so both walls can be measured',
);
await pool.sql.unsafe(
  'create table if not exists public.plain (like larder.list_items including all)',
);
const app = new Hono();
mountReferences(app, pool);
const { service, routes } = createService(pool, registry, walls.appRole);
mountImport(app, service);
app.route('/without-rls', createService(pool, registry, null).routes);
app.route('/', routes);
serve(
  {
    fetch: app.fetch,
    port: 0,
    hostname: '127.0.0.1',
    // The client draws its next rows for longer than a connection would be kept otherwise.
    serverOptions: { keepAliveTimeout: 600_000 },
  },
  ({ port }) => {
    process.stdout.write(`ready at http://127.0.0.1:${String(port)}\n`);
  },
);
