/** The application without a database: headers on every kind of answer, files, health, failures. */
import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { Hono } from 'hono';
import pino from 'pino';
import { afterAll, describe, expect, test } from 'vitest';
import { type AppDeps, createApp } from './app.ts';
import { createOriginsOf } from './origins.ts';
import { type StaticFiles, readStaticFiles } from './routes/static.ts';

const folder = mkdtempSync(join(tmpdir(), 'larder-app-'));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

const script = 'console.log("x");'.repeat(200);
mkdirSync(join(folder, 'assets'));
writeFileSync(join(folder, 'index.html'), '<!doctype html><title>Larder</title>');
writeFileSync(join(folder, 'service-worker.js'), '// worker');
writeFileSync(join(folder, 'manifest.webmanifest'), '{}');
writeFileSync(join(folder, 'assets', 'main-abc.js'), script);
const staticFiles: StaticFiles = readStaticFiles(folder);

function createWorld(change: Partial<AppDeps> = {}) {
  const syncRoutes = new Hono();
  syncRoutes.get('/sync/pull', (context) => context.json({ bundles: [] }));
  syncRoutes.get('/sync/defect', () => {
    throw new Error('a secret value of a row');
  });
  const logged: string[] = [];
  const app = createApp({
    auth: {
      handler: async () => Response.json({}),
      authenticate: async () => ({ type: 'none' }),
      findMe: async () => null,
    },
    households: {
      invite: async () => null,
      join: async () => ({ ok: false, error: 'unknown-code' }),
    },
    originsOf: createOriginsOf(null),
    logger: pino({ base: null }, { write: (line: string) => void logged.push(line) }),
    lifecycle: { isStopping: () => false, isDatabaseWritable: async () => true },
    syncRoutes,
    staticFiles,
    isHttps: false,
    trustProxy: false,
    ...change,
  });
  return { app, logged };
}

/** Headers that must be the same each time; those that change are checked and taken out. */
function stable(answer: Response): Record<string, string> {
  const headers = Object.fromEntries(answer.headers);
  expect(headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
  delete headers['x-request-id'];
  return headers;
}

const kinds: readonly (readonly [string, string, RequestInit])[] = [
  ['the page', '/', {}],
  ['an address of the app', '/recipes/1', {}],
  ['a hashed file', '/assets/main-abc.js', {}],
  ['the service worker', '/service-worker.js', {}],
  ['data', '/sync/pull', {}],
  ['a missing file', '/assets/gone.js', {}],
  ['an unknown data route', '/sync/nothing', {}],
  ['a refusal', '/api/me', {}],
  ['a defect', '/sync/defect', {}],
  ['health', '/health', {}],
];

describe('headers', () => {
  test.each(kinds)('[OPS-80] %s carries the same walls', async (_, path, init) => {
    const { app } = createWorld();
    const answer = await app.request(path, init);
    expect({ status: answer.status, headers: stable(answer) }).toMatchSnapshot();
  });

  test('[OPS-80] 304 carries them too, and has no body', async () => {
    const { app } = createWorld();
    const first = await app.request('/');
    const again = await app.request('/', {
      headers: { 'if-none-match': first.headers.get('etag') ?? '' },
    });
    expect(again.status).toBe(304);
    expect(await again.text()).toBe('');
    expect(stable(again)).toMatchSnapshot();
  });

  test('[OPS-80] a public https address adds HSTS', async () => {
    const { app } = createWorld({ isHttps: true });
    const answer = await app.request('/');
    expect(answer.headers.get('strict-transport-security')).toBe('max-age=31536000');
  });
});

describe('files', () => {
  test('[OPS-81] hashed files are kept for ever, files with fixed names are asked for again', async () => {
    const { app } = createWorld();
    const cacheOf = async (path: string) => (await app.request(path)).headers.get('cache-control');
    expect(await cacheOf('/assets/main-abc.js')).toBe('public, max-age=31536000, immutable');
    for (const path of ['/', '/index.html', '/service-worker.js', '/manifest.webmanifest']) {
      expect(await cacheOf(path)).toBe('no-cache');
    }
  });

  test('[OPS-82] a file is compressed as the request accepts, and never when it does not', async () => {
    const { app } = createWorld();
    const ask = async (accepted: string) =>
      app.request('/assets/main-abc.js', { headers: { 'accept-encoding': accepted } });
    const bytes = async (answer: Response) => Buffer.from(await answer.arrayBuffer());
    const br = await ask('gzip, deflate, br');
    expect(br.headers.get('content-encoding')).toBe('br');
    expect(brotliDecompressSync(await bytes(br)).toString()).toBe(script);
    const gzip = await ask('gzip, br;q=0');
    expect(gzip.headers.get('content-encoding')).toBe('gzip');
    expect(gunzipSync(await bytes(gzip)).toString()).toBe(script);
    const plain = await ask('identity');
    expect(plain.headers.get('content-encoding')).toBeNull();
    expect(await plain.text()).toBe(script);
  });

  test('[OPS-83] the app answers for its own addresses, and nobody gets a page for data', async () => {
    const { app } = createWorld();
    for (const path of ['/recipes/abc', '/sync', '/week/2026-W48']) {
      expect((await app.request(path)).headers.get('content-type')).toContain('text/html');
    }
    for (const path of ['/sync/x', '/api/x', '/assets/x.js', '/../package.json']) {
      expect((await app.request(path)).status).toBe(404);
    }
    expect((await app.request('/', { method: 'POST' })).status).toBe(404);
  });
});

describe('operation', () => {
  test('[OPS-84] ready says no while stopping and while the database takes no writes', async () => {
    const statusOf = async (lifecycle: AppDeps['lifecycle']) =>
      (await createWorld({ lifecycle }).app.request('/ready')).status;
    const yes = async () => true;
    const no = async () => false;
    expect(await statusOf({ isStopping: () => false, isDatabaseWritable: yes })).toBe(200);
    expect(await statusOf({ isStopping: () => true, isDatabaseWritable: yes })).toBe(503);
    expect(await statusOf({ isStopping: () => false, isDatabaseWritable: no })).toBe(503);
  });

  test('[OPS-85] a defect answers a request id and tells neither client nor log what it was about', async () => {
    const { app, logged } = createWorld();
    const answer = await app.request('/sync/defect?name=secret');
    expect(answer.status).toBe(500);
    const body = await answer.text();
    expect(body + logged.join('')).not.toContain('secret');
    expect(logged.some((line) => line.includes('"error":"Error"'))).toBe(true);
  });
});
