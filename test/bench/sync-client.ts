/** What the bench sends: rows as our client sends them, with every column, and calls that must succeed. */
import { kitchenSync } from '../../api/db/kitchen.ts';
import { must } from '../../shared/assert.ts';
import { canonicalRequestHash } from '../../shared/protocol/bundle-hash.ts';
import type { PushRequestRow } from '../../shared/protocol/shapes.ts';
import { insert, listItem } from '../contract/kitchen-rows.ts';

const CHUNK_ROWS = 1000;
const { columns } = must(
  kitchenSync.tables.find((table) => table.table === 'list_items'),
  'the kitchen has a list',
);

export function drawRows(count: number): PushRequestRow[] {
  return Array.from({ length: count }, () => {
    const known: Readonly<Record<string, unknown>> = listItem({
      quantity_milli: '1000',
      unit: 'g',
      later: false,
    });
    const whole = Object.fromEntries(columns.map(({ name }) => [name, known[name] ?? null]));
    return insert('list_items', { ...whole, id: String(known['id']) });
  });
}

/** A push whose body is ready, so that only the server is timed. */
export interface PreparedPush {
  readonly rows: number;
  readonly whole: string;
  readonly plannedJson: string;
  readonly chunksJson: readonly string[];
}

export interface BenchDevice {
  readonly householdId: string;
  prepare(rows: readonly PushRequestRow[]): PreparedPush;
  /** One request up to its limit, a session in chunks above. */
  push(prepared: PreparedPush): Promise<void>;
  plainPush(prepared: PreparedPush): Promise<void>;
  get(path: string): Promise<Response>;
  /** Everything after a checkpoint: rows and requests. */
  pullAll(after: number): Promise<{ readonly rows: number; readonly requests: number }>;
  /** Fills the household by an import on the server. */
  bringIn(rows: number): Promise<void>;
  snapshot(): Promise<{ snapshot_id: string; row_count: number; byte_count: number }>;
  latest(): number;
}

export async function createBenchDevice(
  base: string,
  {
    prefix = '',
    householdId = crypto.randomUUID(),
  }: { readonly prefix?: string; readonly householdId?: string } = {},
): Promise<BenchDevice> {
  const headers = {
    'x-household': householdId,
    'oversync-source-id': crypto.randomUUID(),
    authorization: 'Bearer bench',
    'accept-encoding': 'identity',
  };
  const call = async (method: string, path: string, body: string | null): Promise<Response> => {
    const response = await fetch(base + path, { method, headers, body });
    if (response.ok) return response;
    throw new Error(`${method} ${path}: ${String(response.status)} ${await response.text()}`);
  };
  const done = async (method: string, path: string, body: string | null): Promise<string> =>
    (await call(method, path, body)).text();
  await done('POST', `${prefix}/sync/connect`, '{}');
  let sent = 0;
  const numbered = (json: string): string => `{"source_bundle_id":${String(sent + 1)},${json}`;
  return {
    householdId,
    latest: () => sent,
    prepare: (rows) => {
      const hash = canonicalRequestHash(rows).hash;
      const chunks = [];
      for (let at = 0; at < rows.length; at += CHUNK_ROWS) {
        chunks.push(
          JSON.stringify({ start_row_ordinal: at, rows: rows.slice(at, at + CHUNK_ROWS) }),
        );
      }
      return {
        rows: rows.length,
        whole: `"canonical_request_hash":"${hash}","rows":${JSON.stringify(rows)}}`,
        plannedJson: `"canonical_request_hash":"${hash}","planned_row_count":${String(rows.length)}}`,
        chunksJson: chunks,
      };
    },
    push: async ({ rows, whole, plannedJson, chunksJson }) => {
      if (rows <= CHUNK_ROWS) {
        const { length } = await done('POST', `${prefix}/sync/push`, numbered(whole));
        if (length === 0) throw new Error('a push answers');
      } else {
        const path = `${prefix}/sync/push-sessions`;
        const created = JSON.parse(await done('POST', path, numbered(plannedJson))) as {
          push_id: string;
        };
        for (const chunk of chunksJson)
          await done('POST', `${path}/${created.push_id}/chunks`, chunk);
        await done('POST', `${path}/${created.push_id}/commit`, null);
      }
      sent += 1;
    },
    plainPush: async ({ whole }) => {
      await done('POST', '/plain/push', `{${whole}`);
    },
    get: (path) => call('GET', path, null),
    pullAll: async (from) => {
      let after = from;
      let rows = 0;
      let requests = 0;
      for (let hasMore = true; hasMore;) {
        const text = await done(
          'GET',
          `${prefix}/sync/pull?after_bundle_seq=${String(after)}`,
          null,
        );
        const page = JSON.parse(text) as {
          bundles: { bundle_seq: number; row_count: number }[];
          has_more: boolean;
        };
        requests += 1;
        for (const bundle of page.bundles) {
          after = bundle.bundle_seq;
          rows += bundle.row_count;
        }
        hasMore = page.has_more;
      }
      return { rows, requests };
    },
    bringIn: async (rows) => {
      await done('POST', `/import?rows=${String(rows)}`, '{}');
    },
    snapshot: async () =>
      JSON.parse(await done('POST', `${prefix}/sync/snapshot-sessions`, '{}')) as {
        snapshot_id: string;
        row_count: number;
        byte_count: number;
      },
  };
}

/** Reads a body to its end and forgets it. */
export async function drain(response: Response): Promise<number> {
  const reader: ReadableStreamDefaultReader<Uint8Array> = must(
    response.body,
    'a stream has a body',
  ).getReader();
  let bytes = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return bytes;
    bytes += value.byteLength;
  }
}
