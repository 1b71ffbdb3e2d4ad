/**
 * What the sync service costs, beside the least that any design could pay for the same rows over the same
 * HTTP and driver in the same run. Printed and written, never asserted.
 *
 * `ROWS` is the size of the large household (20,000), `BEHIND` the longest catch-up in bundles (1,000),
 * `PART` one of push, throughput, pull, capture, snapshot; all of them when absent.
 */
/* oxlint-disable vitest/expect-expect -- a bench prints and judges nothing */
import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import postgres from 'postgres';
import { build } from 'vite';
import { afterAll, beforeAll, test } from 'vitest';
import { driverGuard } from '../../api/db/driver-guard.ts';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../api/db/embedded.ts';
import { type Report, createReport, elapsedMs, measurePairs, seriesOf } from './measure.ts';
import {
  type BenchDevice,
  type PreparedPush,
  createBenchDevice,
  drain,
  drawRows,
} from './sync-client.ts';

const root = join(import.meta.dirname, '../..');
const outDir = join(root, '.build/bench-sync-server');
const largeRows = Number(process.env['ROWS'] ?? 20_000);
const behindMax = Number(process.env['BEHIND'] ?? 1000);
const part = process.env['PART'] ?? null;
const wanted = (name: string): boolean => part === null || part === name;

interface Server {
  readonly child: ChildProcess;
  readonly url: string;
}

let database: EmbeddedPostgres;
let folder: string;
let server: Server;
let report: Report;

async function startServer(): Promise<Server> {
  const child = spawn(process.execPath, [join(outDir, 'main.js')], {
    env: { PATH: process.env['PATH'], DATABASE_URL: database.url },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const url = await new Promise<string>((resolve, reject) => {
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      const found = /ready at (\S+)/.exec(output)?.[1];
      if (found !== undefined) resolve(found);
    });
    child.once('exit', () => reject(new Error('the server of the bench ended')));
  });
  return { child, url };
}

async function stopServer({ child }: Server): Promise<void> {
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await ended;
}

beforeAll(async () => {
  await build({
    root,
    configFile: false,
    logLevel: 'error',
    publicDir: false,
    plugins: [driverGuard()],
    ssr: { noExternal: ['postgres'] },
    build: {
      ssr: 'test/bench/sync-server.ts',
      outDir,
      target: 'node20',
      rolldownOptions: { output: { entryFileNames: 'main.js' } },
    },
  });
  folder = mkdtempSync(join(tmpdir(), 'larder-bench-'));
  chmodSync(folder, 0o755); // The account that runs Postgres for root must get through.
  // As people run it: what is committed is on disk, for ours and for the reference.
  database = await startEmbeddedPostgres({ dataDir: join(folder, 'data') });
  server = await startServer();
  report = createReport('The sync service beside its references', {
    postgres: '18, embedded, fsync on',
    transport: 'HTTP on the loopback, identity encoding',
    rows: largeRows,
    behind: behindMax,
  });
});

afterAll(async () => {
  report.end('.build/bench/sync-service.json');
  await stopServer(server);
  await database.stop();
  rmSync(folder, { recursive: true, force: true });
  rmSync(outDir, { recursive: true, force: true });
});

const plainName = 'begin, insert, commit of the same rows';

test.runIf(wanted('push'))('push by rows per bundle', async () => {
  const device = await createBenchDevice(server.url);
  for (const [rows, repeats, warmUps] of [
    [1, 60, 100],
    [10, 60, 40],
    [100, 25, 10],
    [1000, 9, 3],
    [10_000, 5, 1],
  ] as const) {
    const prepared = Array.from({ length: (repeats + warmUps) * 2 }, () =>
      device.prepare(drawRows(rows)),
    );
    const next = (): PreparedPush => prepared.pop() ?? device.prepare(drawRows(rows));
    const series = await measurePairs({
      repeats,
      warmUps,
      ours: () => elapsedMs(() => device.push(next())),
      reference: () => elapsedMs(() => device.plainPush(next())),
    });
    report.add({
      name: `push of ${String(rows)} rows, p50`,
      unit: 'ms',
      ours: series.ours,
      reference: { name: plainName, series: series.reference },
      target: rows === 10 ? '<= 2.5' : null,
    });
  }
});

/** Pushes per second when `users` households push ten rows at a time over eight connections. */
async function throughput(
  devices: readonly BenchDevice[],
  pushes: readonly (readonly PreparedPush[])[],
  send: (device: BenchDevice, push: PreparedPush) => Promise<void>,
): Promise<number> {
  const lanes = Array.from({ length: 8 }, () => [] as (() => Promise<void>)[]);
  // A household's pushes stay in order, so a lane owns whole households; a single one has a single lane.
  devices.forEach((device, index) => {
    for (const push of pushes[index] ?? []) lanes[index % 8]?.push(() => send(device, push));
  });
  const count = lanes.reduce((sum, lane) => sum + lane.length, 0);
  const ms = await elapsedMs(() =>
    Promise.all(
      lanes.map(async (lane) => {
        for (const work of lane) await work();
      }),
    ),
  );
  return (count / ms) * 1000;
}

test.runIf(wanted('throughput'))('push throughput by users', async () => {
  for (const users of [1, 10, 100]) {
    const devices = await Promise.all(
      Array.from({ length: users }, () => createBenchDevice(server.url)),
    );
    const each = Math.max(2, Math.round(100 / users));
    const draw = (): PreparedPush[][] =>
      devices.map((device) => Array.from({ length: each }, () => device.prepare(drawRows(10))));
    const series = await measurePairs({
      repeats: 5,
      warmUps: 2,
      ours: () => throughput(devices, draw(), (device, push) => device.push(push)),
      reference: () => throughput(devices, draw(), (device, push) => device.plainPush(push)),
    });
    report.add({
      name: `pushes of 10 rows by ${String(users)} users`,
      unit: '/s',
      ours: series.ours,
      reference: { name: plainName, series: series.reference },
      target: users === 100 ? '>= 0.4' : null,
    });
  }
});

test.runIf(wanted('pull'))('pull', async () => {
  const device = await createBenchDevice(server.url);
  await device.push(device.prepare(drawRows(100)));
  await device.plainPush(device.prepare(drawRows(100)));
  const hundred = await measurePairs({
    repeats: 60,
    warmUps: 60,
    ours: () => elapsedMs(() => device.pullAll(0)),
    reference: () => elapsedMs(async () => (await device.get('/plain/rows?limit=100')).json()),
  });
  report.add({
    name: 'pull of 100 rows, per second',
    unit: '/s',
    ours: seriesOf([1000 / hundred.ours.median]),
    reference: {
      name: 'raw select of 100 rows over the same HTTP',
      series: seriesOf([1000 / hundred.reference.median]),
    },
    target: '>= 0.7',
  });
  const single = device.prepare(drawRows(1));
  for (let sent = device.latest(); sent < behindMax + 1; sent += 1) {
    await device.push(sent === 1 ? single : device.prepare(drawRows(1)));
  }
  for (const behind of [1, 100, 1000, 10_000].filter((count) => count <= behindMax)) {
    let requests = 0;
    const series = await measurePairs({
      repeats: 5,
      warmUps: 1,
      ours: async () => {
        let rows = 0;
        const ms = await elapsedMs(async () => {
          const pulled = await device.pullAll(device.latest() - behind);
          rows = pulled.rows;
          ({ requests } = pulled);
        });
        return (rows / ms) * 1000;
      },
      reference: async () => {
        const ms = await elapsedMs(async () =>
          (await device.get(`/plain/rows?limit=${String(behind)}`)).json(),
        );
        return (behind / ms) * 1000;
      },
    });
    report.add({
      name: `catch-up of ${String(behind)} bundles, rows (${String(requests)} requests)`,
      unit: '/s',
      ours: series.ours,
      reference: { name: 'raw select, at most that many rows', series: series.reference },
      target: null,
    });
  }
});

test.runIf(wanted('capture'))('capture', async () => {
  const sql = postgres(database.url, { max: 1, onnotice: () => undefined, fetch_types: false });
  for (const table of ['aisles', 'list_items']) {
    await sql.unsafe(`create table public.bare_${table} (like larder.${table} including all)`);
    const insertInto = async (target: string, withContext: boolean): Promise<number> => {
      let ms = 0;
      const scope = crypto.randomUUID();
      await sql
        .begin(async (tx) => {
          await tx.unsafe("select set_config('sync.scope_id', $1, true)", [scope]);
          if (withContext) {
            await tx.unsafe(
              "insert into sync.context (scope_id, source_id, source_bundle_id) values ($1::uuid, 'bench', 1)",
              [scope],
            );
          }
          const values =
            table === 'aisles'
              ? `(_sync_scope_id, id, name, hue, position, created_at, edited_at)
                 select $1::uuid, gen_random_uuid(), 'Aisle', 1, 'a0', now(), now() from generate_series(1, 10000)`
              : `(_sync_scope_id, id, title, later, position, created_at, edited_at)
                 select $1::uuid, gen_random_uuid(), 'Milk', false, 'a0', now(), now() from generate_series(1, 10000)`;
          ms = await elapsedMs(() => tx.unsafe(`insert into ${target} ${values}`, [scope]));
          throw new Error('measured');
        })
        .catch((error: unknown) => {
          if (!(error instanceof Error && error.message === 'measured')) throw error;
        });
      return ms;
    };
    const series = await measurePairs({
      repeats: 9,
      warmUps: 2,
      ours: () => insertInto(`larder.${table}`, true),
      reference: () => insertInto(`public.bare_${table}`, false),
    });
    report.add({
      name: `capture of 10,000 rows of ${table}`,
      unit: 'ms',
      ours: series.ours,
      reference: { name: 'the same insert without triggers', series: series.reference },
      target: table === 'aisles' ? '<= 3' : null,
    });
  }
  await sql.end();

  const [guarded, open] = [
    await createBenchDevice(server.url),
    await createBenchDevice(server.url, { prefix: '/without-rls' }),
  ];
  const both = await measurePairs({
    repeats: 60,
    warmUps: 60,
    ours: () => elapsedMs(() => guarded.push(guarded.prepare(drawRows(10)))),
    reference: () => elapsedMs(() => open.push(open.prepare(drawRows(10)))),
  });
  report.add({
    name: 'row-level security on, pushes of 10 rows',
    unit: '/s',
    ours: seriesOf([1000 / both.ours.median]),
    reference: { name: 'the same without', series: seriesOf([1000 / both.reference.median]) },
    target: '>= 0.9',
  });
});

test.runIf(wanted('snapshot'))('a large household', async () => {
  const device = await createBenchDevice(server.url);
  const bundleRows = 20_000;
  // Each import adds one line to the activity, and the snapshot shall have exactly `largeRows`.
  const importedRows = largeRows - Math.ceil(largeRows / bundleRows);
  const filled = await elapsedMs(async () => {
    for (let made = 0; made < importedRows; made += bundleRows) {
      await device.bringIn(Math.min(bundleRows, importedRows - made));
    }
  });
  const one = (value: number) => seriesOf([value]);
  report.add({
    name: `import of ${String(importedRows)} rows in bundles of ${String(bundleRows)}`,
    unit: 'rows/s',
    ours: one((importedRows / filled) * 1000),
    reference: null,
    target: null,
  });
  // A process that did nothing before, so that its peak is the snapshot's.
  const fresh = await startServer();
  const memory = async (): Promise<{ rssBytes: number; peakRssBytes: number }> =>
    (await (await fetch(`${fresh.url}/process`)).json()) as {
      rssBytes: number;
      peakRssBytes: number;
    };
  const before = await memory();
  const reader = await createBenchDevice(fresh.url, { householdId: device.householdId });
  let session = { snapshot_id: '', row_count: 0, byte_count: 0 };
  const built = await elapsedMs(async () => {
    session = await reader.snapshot();
  });
  const sql = postgres(database.url, { max: 1, fetch_types: false });
  const copied = await elapsedMs(async () => {
    const readable = await sql
      .unsafe('copy (select to_jsonb(i)::text from larder.list_items i) to stdout')
      .readable();
    for await (const chunk of readable) void chunk;
  });
  await sql.end();
  const rows = session.row_count;
  const rate = (ms: number): number => (rows / ms) * 1000;
  const copy = { name: 'COPY of the same rows as JSON', series: one(rate(copied)) };
  report.add({
    name: `build a snapshot of ${String(rows)} rows`,
    unit: 'rows/s',
    ours: one(rate(built)),
    reference: copy,
    target: 'report',
  });
  const afterBuild = await memory();
  const readStream = async (): Promise<number> =>
    rate(
      await elapsedMs(async () =>
        drain(await reader.get(`/sync/snapshot-sessions/${session.snapshot_id}/stream`)),
      ),
    );
  const alone = one(await readStream());
  report.add({
    name: 'hydrate: stream of the frozen rows, once',
    unit: 'rows/s',
    ours: alone,
    reference: copy,
    target: 'report',
  });
  const afterStream = await memory();
  let read = 0;
  const paged = await elapsedMs(async () => {
    while (read < rows) {
      const path = `/sync/snapshot-sessions/${session.snapshot_id}?after_row_ordinal=${String(read)}&max_rows=5000`;
      const page = (await (await reader.get(path)).json()) as { next_row_ordinal: number };
      read = page.next_row_ordinal;
    }
  });
  report.add({
    name: 'hydrate by pages of 5,000 rows, client parsing included',
    unit: 'rows/s',
    ours: one(rate(paged)),
    reference: copy,
    target: 'report',
  });
  const afterPages = await memory();
  const streamed = await measurePairs({
    repeats: rows > 200_000 ? 1 : 5,
    warmUps: rows > 200_000 ? 0 : 1,
    ours: readStream,
    reference: async () =>
      rate(await elapsedMs(async () => drain(await reader.get('/plain/arrays')))),
  });
  report.add({
    name: 'hydrate: stream of the frozen rows',
    unit: 'rows/s',
    ours: streamed.ours,
    reference: {
      name: 'JSON arrays built in SQL, same HTTP and driver',
      series: streamed.reference,
    },
    target: '>= 0.6',
  });
  const mib = (bytes: number) => one(bytes / 1024 / 1024);
  for (const [name, bytes] of [
    ['resident memory of a fresh server', before.rssBytes],
    ['peak after the build', afterBuild.peakRssBytes],
    ['peak after the stream', afterStream.peakRssBytes],
    ['peak after the pages', afterPages.peakRssBytes],
  ] as const) {
    report.add({ name, unit: 'MiB', ours: mib(bytes), reference: null, target: 'flat' });
  }
  report.add({
    name: 'bytes of the snapshot',
    unit: 'MiB',
    ours: mib(session.byte_count),
    reference: null,
    target: null,
  });
  await stopServer(fresh);
});
