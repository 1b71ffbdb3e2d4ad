/** Requests as they leave, answers and streams as they arrive: public shapes first, then every kind of failure. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { capabilitiesPath } from '../../shared/protocol/capabilities.ts';
import { committedRowsPath } from '../../shared/protocol/committed-bundle.ts';
import { connectPath } from '../../shared/protocol/connect.ts';
import { pullPath } from '../../shared/protocol/pull.ts';
import { pushChunksPath, pushCommitPath, pushSessionsPath } from '../../shared/protocol/push.ts';
import { snapshotSessionPath, snapshotSessionsPath } from '../../shared/protocol/snapshot.ts';
import { watchPath } from '../../shared/protocol/watch.ts';
import type { HintEvent, SyncRequest } from '../engine/ports.ts';
import { createFetchTransport, parseSafeJson } from './fetch-transport.ts';

const FOLDER = join(import.meta.dirname, '../../../shared/vectors');

interface RequestCase {
  readonly name: string;
  readonly operation: string;
  readonly sourceId: string;
  readonly args?: Readonly<Record<string, string | number>>;
  readonly expected: {
    readonly method: 'GET' | 'POST';
    readonly path: string;
    readonly query: Readonly<Record<string, string>>;
    readonly sourceHeader: string;
    readonly body: unknown;
  };
}

const requests = existsSync(FOLDER)
  ? (JSON.parse(readFileSync(join(FOLDER, 'protocol-http/requests.json'), 'utf8')) as {
      baseUri: string;
      cases: RequestCase[];
    })
  : { baseUri: '', cases: [] };

/** The path of each operation, as the engine builds it. */
const paths: Readonly<Record<string, (args: Readonly<Record<string, string | number>>) => string>> =
  {
    capabilities: () => capabilitiesPath,
    connect: () => connectPath,
    pull: () => pullPath,
    pushSessionCreate: () => pushSessionsPath,
    pushSessionChunk: (args) => pushChunksPath(String(args['pushId'])),
    pushSessionCommit: (args) => pushCommitPath(String(args['pushId'])),
    committedRows: (args) => committedRowsPath(Number(args['bundleSeq'])),
    snapshotSession: () => snapshotSessionsPath,
    snapshotChunk: (args) => snapshotSessionPath(String(args['snapshotId'])),
    sourceReplacement: () => snapshotSessionsPath,
    watch: () => watchPath,
  };

interface Sent {
  readonly url: URL;
  readonly init: RequestInit;
}

function recording(answer: () => Response | Promise<Response>): {
  sent: Sent[];
  fetch: typeof fetch;
} {
  const sent: Sent[] = [];
  return {
    sent,
    fetch: async (input, init) => {
      sent.push({ url: new URL(input instanceof Request ? input.url : input), init: init ?? {} });
      return answer();
    },
  };
}

const json = (status: number, body: string): Response =>
  new Response(body, {
    status,
    headers: { 'Content-Type': 'application/json', 'Retry-After': '7' },
  });

const request: SyncRequest = {
  method: 'GET',
  path: '/sync/pull',
  headers: { 'Oversync-Source-ID': 's' },
  body: null,
  timeoutMs: 1000,
};

describe('requests', () => {
  test('[CONN-64] a base address keeps its prefix, a question has no body and its source header', async () => {
    const { sent, fetch } = recording(() => json(200, '{}'));
    const transport = createFetchTransport({ baseUrl: 'https://h.example/api/v1/', fetch });
    await transport.request({ ...request, query: { after_bundle_seq: '7' } });
    const [{ url, init }] = sent as [Sent];
    expect(url.href).toBe('https://h.example/api/v1/sync/pull?after_bundle_seq=7');
    expect(init.method).toBe('GET');
    expect(init.body ?? null).toBeNull();
    expect(new Headers(init.headers).get('oversync-source-id')).toBe('s');
  });

  test.each(requests.cases.map((one) => [one.name, one] as const))(
    '[CONN-64] public shape of %s',
    async (_name, one) => {
      const { sent, fetch } = recording(() => json(200, '{}'));
      const transport = createFetchTransport({ baseUrl: requests.baseUri, fetch });
      const path = paths[one.operation];
      expect(path, `unknown operation ${one.operation}`).toBeDefined();
      await transport.request({
        ...request,
        method: one.expected.method,
        path: path?.(one.args ?? {}) ?? '',
        query: one.expected.query,
        headers: { 'Oversync-Source-ID': one.sourceId },
        body: one.expected.body === null ? null : JSON.stringify(one.expected.body),
      });
      const [{ url, init }] = sent as [Sent];
      expect(init.method).toBe(one.expected.method);
      expect(url.pathname).toBe(one.expected.path);
      expect(Object.fromEntries(url.searchParams)).toEqual(one.expected.query);
      expect(new Headers(init.headers).get('oversync-source-id')).toBe(one.expected.sourceHeader);
      const body: unknown = typeof init.body === 'string' ? JSON.parse(init.body) : null;
      expect(body).toEqual(one.expected.body);
      expect(init.credentials).toBe('same-origin');
    },
  );
});

describe('answers', () => {
  const answered = async (response: () => Response | Promise<Response>) =>
    createFetchTransport({ baseUrl: 'http://h/', fetch: recording(response).fetch }).request(
      request,
    );

  test('[CONN-65] an answer of any status comes with its body and headers', async () => {
    expect(await answered(() => json(409, '{"error":"history_pruned"}'))).toMatchObject({
      type: 'answer',
      status: 409,
      headers: { 'retry-after': '7' },
      body: { error: 'history_pruned' },
    });
    expect(await answered(() => new Response(null, { status: 204 }))).toMatchObject({
      status: 204,
      body: null,
    });
  });

  test('[CONN-65] a cut body, a number no double holds, and a page that is not JSON are told apart', async () => {
    expect(await answered(() => json(200, '{"bundle_seq":'))).toEqual({
      type: 'no-answer',
      reason: 'malformed',
    });
    expect(await answered(() => json(200, '{"bundle_seq":9007199254740993}'))).toEqual({
      type: 'no-answer',
      reason: 'malformed',
    });
    expect(await answered(() => new Response('<html>', { status: 502 }))).toMatchObject({
      type: 'answer',
      status: 502,
      body: null,
    });
    expect(await answered(() => Promise.reject(new TypeError('refused')))).toEqual({
      type: 'no-answer',
      reason: 'network',
    });
  });

  test('[CONN-65] a request that takes too long ends by itself', async () => {
    const hanging: typeof fetch = (_input, init) =>
      new Promise((_resolve, reject) => {
        init?.signal?.addEventListener('abort', () => {
          reject(new DOMException('aborted', 'AbortError'));
        });
      });
    const transport = createFetchTransport({ baseUrl: 'http://h/', fetch: hanging });
    expect(await transport.request({ ...request, timeoutMs: 5 })).toEqual({
      type: 'no-answer',
      reason: 'timeout',
    });
  });

  test('[CONN-65] safe JSON refuses exactly the whole numbers that would change', () => {
    expect(parseSafeJson('{"a":9007199254740991,"b":1.5}')).toEqual({
      value: { a: 9_007_199_254_740_991, b: 1.5 },
    });
    expect(parseSafeJson('[9007199254740992]')).toBeNull();
    expect(parseSafeJson('{')).toBeNull();
  });
});

describe('the watch stream', () => {
  const events = async (response: () => Response | Promise<Response>): Promise<HintEvent[]> => {
    const seen: HintEvent[] = [];
    await new Promise<void>((resolve) => {
      const { fetch } = recording(response);
      createFetchTransport({ baseUrl: 'http://h/', fetch }).watch(request, (event) => {
        seen.push(event);
        if (event.type === 'ended' || event.type === 'refused') resolve();
      });
    });
    return seen;
  };

  test('[LIVE-66] hints arrive in order and the end is told', async () => {
    const text =
      ': heartbeat\n\nevent: bundle\ndata: {"bundle_seq":6}\n\nevent: bundle\ndata: {"bundle_seq":7}\n\n';
    expect(await events(() => new Response(text, { status: 200 }))).toEqual([
      { type: 'open' },
      { type: 'hint', bundleSeq: 6 },
      { type: 'hint', bundleSeq: 7 },
      { type: 'ended' },
    ]);
  });

  test('[LIVE-66] a broken event ends the stream, a refusal says its code', async () => {
    const broken =
      'event: bundle\ndata: {"bundle_seq":0}\n\nevent: bundle\ndata: {"bundle_seq":9}\n\n';
    expect(await events(() => new Response(broken, { status: 200 }))).toEqual([
      { type: 'open' },
      { type: 'ended' },
    ]);
    expect(await events(() => json(503, '{"error":"bundle_change_watch_disabled"}'))).toEqual([
      { type: 'refused', status: 503, code: 'bundle_change_watch_disabled' },
    ]);
    expect(await events(() => Promise.reject(new TypeError('refused')))).toEqual([
      { type: 'ended' },
    ]);
  });
});
