/**
 * Random requests made from the OpenAPI document, right ones and broken ones, against the real service: every
 * answer is a documented one, in status, code and shape, and none is a 5xx (protocol.md B9, B21). `SEED` and
 * `RUNS` repeat and lengthen a run.
 */
import { afterAll, assert, beforeAll, expect, test } from 'vitest';
import { describeOpenapi } from '../../api/routes/openapi.ts';
import { operations } from '../../api/routes/openapi-operations.ts';
import { must } from '../../shared/assert.ts';
import { canonicalRequestHash } from '../../shared/protocol/bundle-hash.ts';
import { type Random, createRandom } from '../sim/prng.ts';
import { type JsonSchema, createSchemaReader } from './json-schema.ts';
import { insert, listItem, recipe, remove, update } from './kitchen-rows.ts';
import {
  type SyncServer,
  type TestDevice,
  createDevice,
  freshUuid,
  joinedDevice,
  startSyncServer,
} from './sync-server.ts';

const seed = Number(process.env['SEED'] ?? 1);
const requestCount = 2000 * Number(process.env['RUNS'] ?? 1);
const document = JSON.parse(JSON.stringify(describeOpenapi())) as JsonSchema;
const reader = createSchemaReader(document);

let server: SyncServer;

beforeAll(async () => {
  server = await startSyncServer();
});

afterAll(() => server.close());

interface Described {
  readonly parameters: readonly JsonSchema[];
  readonly requestBody?: {
    readonly content: Readonly<Record<string, { readonly schema: JsonSchema }>>;
  };
  readonly responses: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, { readonly schema: JsonSchema }>> }>
  >;
}

const describedAt = (path: string, method: string): Described =>
  (document['paths'] as Record<string, Record<string, Described>>)[path]?.[method] as Described;

/** What went by, so that some requests meet what is really there. */
interface Memory {
  readonly pushIds: string[];
  readonly snapshotIds: string[];
  readonly items: { id: string; version: number }[];
  nextBundleId: number;
  /** The rows that the last session was opened for. */
  planned: unknown[];
  /** What a client would call now. */
  likely: string | null;
}

const JUNK = [
  '%00',
  '%ff',
  '..%2f',
  '-1',
  '1e3',
  '9007199254740993',
  'null',
  '%F0%9F%98%80',
  'x'.repeat(300),
] as const;
const BROKEN_BODIES = [
  '',
  '{',
  '[]',
  'null',
  '"x"',
  '{"a":1',
  '\ufeff{}',
  '{"rows":',
  '['.repeat(2000),
  `${'{"a":'.repeat(100)}1${'}'.repeat(100)}`,
] as const;
const one = <T>(random: Random, list: readonly T[]): T => list[random(list.length)] as T;

function drawPathValue(name: string, memory: Memory, random: Random): string {
  if (random(4) === 0) return one(random, JUNK);
  if (name === 'bundle_seq') return String(random(30));
  const known = name === 'push_id' ? memory.pushIds : memory.snapshotIds;
  return random(4) === 0 || known.length === 0
    ? freshUuid()
    : must(known.at(random(4) > 0 ? -1 : -1 - random(known.length)), 'known');
}

function drawQuery(parameters: readonly JsonSchema[], random: Random): string {
  const query = new URLSearchParams();
  for (const { name, in: place, schema } of parameters) {
    if (place !== 'query' || random(2) === 0) continue;
    const value =
      random(5) === 0 ? one(random, JUNK) : String(reader.draw(schema as JsonSchema, random));
    query.append(String(name), value);
  }
  return query.toString();
}

/** Rows of the kitchen, most of them right. */
function drawRows(memory: Memory, random: Random): unknown[] {
  const rows: unknown[] = [];
  for (let index = random(4); index >= 0; index -= 1) {
    const item = memory.items[random(memory.items.length + 1)];
    const kind = random(8);
    if (item === undefined || kind < 4) rows.push(insert('list_items', listItem()));
    else if (kind === 4) rows.push(update('list_items', item.id, item.version, { title: 'Oats' }));
    else if (kind === 5) rows.push(remove('list_items', item.id, item.version));
    else if (kind === 6)
      rows.push(
        insert('recipes', recipe({ servings: one(random, ['4', '0', 4, null, 'x']) as string })),
      );
    else rows.push(reader.draw({ $ref: '#/components/schemas/PushRequestRow' }, random));
  }
  return rows;
}

/** Puts something else in the place of one member, at some depth. */
function breakSomething(value: unknown, random: Random): unknown {
  if (typeof value !== 'object' || value === null || random(4) === 0) {
    return one<unknown>(random, [
      null,
      '',
      -1,
      1.5,
      2 ** 53,
      true,
      [],
      {},
      'x'.repeat(70_000),
      '\u0000',
      '\ud800',
    ]);
  }
  const entries = Object.entries(value);
  const at = random(entries.length + 1);
  const broken = entries.map(([name, member], index) => [
    name,
    index === at ? breakSomething(member, random) : member,
  ]);
  return Array.isArray(value) ? broken.map(([, member]) => member) : Object.fromEntries(broken);
}

function drawBody(schema: JsonSchema, memory: Memory, random: Random): string {
  if (random(12) === 0) return one(random, BROKEN_BODIES);
  let body = reader.draw(schema, random) as Record<string, unknown>;
  if ('rows' in body) {
    if (random(3) > 0) body['rows'] = drawRows(memory, random);
    if ('start_row_ordinal' in body && memory.planned.length > 0 && random(4) > 0) {
      body['rows'] = memory.planned;
      body['start_row_ordinal'] = 0;
    }
    if (random(3) > 0) delete body['initialization_id'];
    if (random(3) > 0) delete body['after_bundle_seq'];
    try {
      const { hash } = canonicalRequestHash(body['rows'] as never);
      if ('canonical_request_hash' in body) body['canonical_request_hash'] = hash;
    } catch {
      // Some drawn rows have no canonical form; the drawn hash stays.
    }
  }
  if ('source_bundle_id' in body && random(4) > 0) body['source_bundle_id'] = memory.nextBundleId;
  if ('planned_row_count' in body) {
    memory.planned = Array.from({ length: 1 + random(3) }, () => insert('list_items', listItem()));
    body['planned_row_count'] = memory.planned.length;
    body['canonical_request_hash'] = canonicalRequestHash(memory.planned as never).hash;
    if (random(3) > 0) delete body['initialization_id'];
  }
  if (random(5) === 0) body = breakSomething(body, random) as Record<string, unknown>;
  return JSON.stringify(body) ?? '';
}

function drawHeaders(device: TestDevice, random: Random): Record<string, string> {
  const headers: Record<string, string> = {
    'x-test-account': `account-of-${device.householdId}`,
    'x-test-household': device.householdId,
    'oversync-source-id': device.sourceId,
    authorization: 'Bearer test',
  };
  const kind = random(40);
  if (kind === 0) delete headers['x-test-account'];
  if (kind === 1) delete headers['x-test-household'];
  if (kind === 2) delete headers['authorization'];
  if (kind === 3)
    headers['oversync-source-id'] = one(random, ['', 'server:x', 'a b', 'x'.repeat(257)]);
  if (kind === 4) headers['oversync-expect-user'] = freshUuid();
  if (kind === 5) headers['oversync-schema-version'] = one(random, ['0', '1', '99', 'x']);
  if (kind === 6) headers['oversync-server-epoch'] = freshUuid();
  if (random(3) === 0)
    headers['oversync-extensions'] = one(random, [
      '*',
      'all_conflicts,push_rejections',
      'bundle_notes',
      'server_epoch,schema_negotiation,expected_user',
    ]);
  return headers;
}

function remember(memory: Memory, body: Readonly<Record<string, unknown>>): void {
  if (typeof body['push_id'] === 'string') memory.pushIds.push(body['push_id']);
  if (typeof body['snapshot_id'] === 'string') memory.snapshotIds.push(body['snapshot_id']);
  if (typeof body['source_bundle_id'] === 'number' && body['status'] !== 'staging') {
    memory.nextBundleId = Math.max(memory.nextBundleId, body['source_bundle_id'] + 1);
  }
  for (const bundle of (body['bundles'] ?? []) as {
    bundle_seq: number;
    rows: { table: string; op: string; key: { id: string } }[];
  }[]) {
    for (const row of bundle.rows) {
      if (row.table === 'list_items')
        memory.items.push({ id: row.key.id, version: bundle.bundle_seq });
    }
  }
}

/** Null when the answer is a documented one. */
async function explainAnswer(
  response: Response,
  described: Described,
  memory: Memory,
): Promise<string | null> {
  const documented = described.responses[String(response.status)];
  const [type = ''] = (response.headers.get('content-type') ?? '').split(';');
  if (type === 'text/event-stream') {
    await response.body?.cancel();
    return documented?.content?.[type] === undefined ? 'a stream that is not documented' : null;
  }
  const text = await response.text();
  if (response.status >= 500) return `${String(response.status)} ${text}`;
  if (documented === undefined)
    return `the status ${String(response.status)} is not documented: ${text}`;
  if (documented.content === undefined)
    return text === '' ? null : 'a body where none is documented';
  const content = documented.content[type];
  if (content === undefined) return `the type ${type} is not documented`;
  if (type !== 'application/json') return null;
  const body: unknown = JSON.parse(text);
  if (response.status === 200) remember(memory, body as Record<string, unknown>);
  return reader.explain(content.schema, body);
}

const followUps: Readonly<Record<string, string>> = {
  createPushSession: 'pushChunk',
  pushChunk: 'commitPush',
  commitPush: 'committedRows',
  createSnapshot: 'readSnapshotPage',
};

test('[OPS-134] random requests, right and broken, get documented answers only', async () => {
  const random = createRandom(seed);
  const seen = new Map<string, number>();
  const initialising = createDevice(server);
  await initialising.connect(true);
  const untouched = createDevice(server);
  let device = await joinedDevice(server);
  let memory: Memory = {
    pushIds: [],
    snapshotIds: [],
    items: [],
    nextBundleId: 1,
    planned: [],
    likely: null,
  };
  for (let index = 0; index < requestCount; index += 1) {
    if (index % 250 === 249) {
      device = await joinedDevice(server);
      memory = {
        pushIds: [],
        snapshotIds: [],
        items: [],
        nextBundleId: 1,
        planned: [],
        likely: null,
      };
    }
    const operation =
      operations.find(({ id }) => id === memory.likely && random(2) === 0) ??
      one(random, operations);
    memory.likely = null;
    const described = describedAt(operation.path, operation.method);
    const asker = random(15) === 0 ? one(random, [initialising, untouched]) : device;
    const path = operation.path.replace(/\{([a-z_]+)\}/, (_all, name: string) =>
      drawPathValue(name, memory, random),
    );
    const query = drawQuery(described.parameters, random);
    const schema = described.requestBody?.content['application/json']?.schema;
    const sent = {
      method: operation.method.toUpperCase(),
      headers: drawHeaders(asker, random),
      body: schema === undefined ? null : drawBody(schema, memory, random),
    };
    const response = await server.request(query === '' ? path : `${path}?${query}`, sent);
    const why = await explainAnswer(response, described, memory);
    assert(
      why === null,
      `seed ${String(seed)}, request ${String(index)}, ${operation.id} ${path}?${query} ${JSON.stringify(sent).slice(0, 1500)}: ${String(why)}`,
    );
    if (response.status === 200) memory.likely = followUps[operation.id] ?? null;
    const key = `${operation.id} ${String(response.status)}`;
    seen.set(key, (seen.get(key) ?? 0) + 1);
  }
  process.stdout.write(
    `fuzz: ${String(requestCount)} requests: ${JSON.stringify(Object.fromEntries([...seen].toSorted(([a], [b]) => a.localeCompare(b))))}\n`,
  );
  // What never succeeded was hardly tested.
  const succeeded = new Set(
    [...seen.keys()].filter((key) => / 20[04]$/.test(key)).map((key) => key.split(' ')[0]),
  );
  expect(succeeded).toEqual(new Set(operations.map(({ id }) => id)));
}, 300_000);
