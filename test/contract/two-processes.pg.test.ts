/**
 * The server as it is started in production, twice, on one database: what is pushed to one process wakes a
 * stream of the other (protocol.md §7.2). The bridge's own cases are in `fan-out.pg.test.ts`.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'vite';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { driverGuard } from '../../api/db/driver-guard.ts';
import { canonicalRequestHash } from '../../shared/protocol/bundle-hash.ts';
import { type TestDatabase, createTestDatabase } from '../test-database.ts';
import { insert, listItem } from './kitchen-rows.ts';

const root = join(import.meta.dirname, '../..');
// Inside the repository, so that packages are found.
const outDir = join(root, '.build/two-processes');

interface Running {
  readonly child: ChildProcess;
  readonly url: string;
}

let database: TestDatabase;
const running: Running[] = [];

async function start(): Promise<Running> {
  const child = spawn(process.execPath, [join(outDir, 'server/main.js')], {
    env: {
      PATH: process.env['PATH'],
      PORT: '0',
      DATABASE_URL: database.url,
      LARDER_LOG_LEVEL: 'error',
      LARDER_SIGN_INS_PER_QUARTER_HOUR: '1000',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const url = await new Promise<string>((resolve, reject) => {
    let output = '';
    const read = (chunk: Buffer): void => {
      output += chunk.toString();
      const port = /ready at http:\/\/localhost:(\d+)/.exec(output)?.[1];
      if (port !== undefined) resolve(`http://localhost:${port}`);
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
    child.once('exit', () => reject(new Error(`the server ended: ${output}`)));
  });
  return { child, url };
}

beforeAll(async () => {
  database = await createTestDatabase();
  await build({
    root,
    configFile: false,
    logLevel: 'error',
    publicDir: false,
    plugins: [driverGuard()],
    ssr: { noExternal: ['postgres'] },
    build: {
      ssr: 'api/main.ts',
      outDir: join(outDir, 'server'),
      target: 'node20',
      rolldownOptions: { output: { entryFileNames: 'main.js' } },
    },
  });
  // The app's files, of which this test needs none.
  mkdirSync(join(outDir, 'app'), { recursive: true });
  running.push(await start(), await start());
}, 60_000);

afterAll(async () => {
  for (const { child } of running) {
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    await ended;
  }
  rmSync(outDir, { recursive: true, force: true });
  await database.drop();
});

test('[PULL-79] a push to one server process wakes a stream of another on the same database', async () => {
  const [one, other] = running as [Running, Running];
  const signedUp = await fetch(`${one.url}/api/auth/sign-up/email`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: one.url },
    body: JSON.stringify({ name: 'Ana', email: 'ana@example.org', password: 'a long enough word' }),
  });
  expect(signedUp.status).toBe(200);
  const cookie = signedUp.headers
    .getSetCookie()
    .map((line) => line.split(';')[0])
    .join('; ');
  const call = (server: Running, source: string, path: string, body?: unknown) =>
    fetch(server.url + path, {
      method: body === undefined ? 'GET' : 'POST',
      headers: { cookie, origin: server.url, 'oversync-source-id': source },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  expect((await call(one, 'laptop', '/sync/connect', {})).status).toBe(200);
  const stream = await call(other, 'phone', '/sync/watch?after_bundle_seq=0');
  expect(stream.status).toBe(200);
  const reader = (stream.body as ReadableStream<Uint8Array>).getReader();
  const decoder = new TextDecoder();
  const latencies: number[] = [];
  for (let id = 1; id <= 5; id += 1) {
    const rows = [insert('list_items', listItem())];
    const pushed = await call(one, 'laptop', '/sync/push', {
      source_bundle_id: id,
      canonical_request_hash: canonicalRequestHash(rows).hash,
      rows,
    });
    expect(pushed.status).toBe(200);
    const startedAt = performance.now();
    for (let text = ''; !text.includes(`"bundle_seq":${String(id)}`);) {
      const { value } = await reader.read();
      text += decoder.decode(value, { stream: true });
    }
    latencies.push(Math.round(performance.now() - startedAt));
  }
  process.stdout.write(`two processes: ${latencies.join(', ')} ms from answer to hint\n`);
  await reader.cancel();
}, 30_000);
