/**
 * A household with everything that another one might ask for, and the requests that ask: every endpoint, with
 * foreign ids in paths, queries, headers, row keys and references. Used by `cross-tenant.pg.test.ts`.
 */
import { expect } from 'vitest';
import { must } from '../../shared/assert.ts';
import { canonicalRequestHash } from '../../shared/protocol/bundle-hash.ts';
import type { PushRequestRow } from '../../shared/protocol/shapes.ts';
import type { Random } from '../sim/prng.ts';
import {
  ingredient,
  insert,
  listItem,
  planEntry,
  recipe,
  remove,
  tag,
  update,
} from './kitchen-rows.ts';
import { dumpServer } from './replay.ts';
import { type SyncServer, type TestDevice, createDevice, freshUuid } from './sync-server.ts';

const CANARY = 'kanarienvogel';
const FIRST_SEQ = 900_000;

/** Everything that a probe may name of another household. */
export interface Ids {
  readonly householdId: string;
  readonly sourceId: string;
  readonly pushId: string;
  readonly snapshotId: string;
  readonly initializationId: string;
  readonly requestHash: string;
  readonly bundleSeq: number;
  readonly version: number;
  readonly recipeId: string;
  readonly itemId: string;
  readonly tagId: string;
  /** A row that this attacker has not put into its own household yet. */
  readonly freshItemId: string;
}

export interface Victim {
  readonly device: TestDevice;
  readonly draw: (random: Random, used: Set<string>) => Ids;
  /** What no answer may hold unless its request held it. */
  readonly secrets: readonly string[];
  readonly check: () => Promise<void>;
}

export async function createVictim(server: SyncServer): Promise<Victim> {
  const sourceId = `${CANARY}-source-1`;
  const device = createDevice(server, { sourceId });
  const { householdId } = device;
  const connected = await device.connect(true);
  const initializationId = String(connected.body['initialization_id']);
  await server.sql`update sync.scope set next_bundle_seq = ${FIRST_SEQ} where scope_id = ${householdId}`;
  const items = Array.from({ length: 300 }, () => listItem({ title: `${CANARY} milk` }));
  const recipes = Array.from({ length: 20 }, () => recipe({ title: `${CANARY} soup` }));
  const tags = Array.from({ length: 20 }, () => tag({ name: `${CANARY} tag` }));
  const rows = [
    ...items.map((row) => insert('list_items', row)),
    ...recipes.map((row) => insert('recipes', row)),
    ...tags.map((row) => insert('tags', row)),
  ];
  const seeded = await device.push(rows, { initializationId });
  expect(seeded.body['bundle_seq']).toBe(FIRST_SEQ);
  const others = Array.from({ length: 20 }, (_, index) =>
    createDevice(server, { householdId, sourceId: `${CANARY}-source-${String(index + 2)}` }),
  );
  for (const other of others) {
    await other.push([
      insert('stores', {
        id: freshUuid(),
        name: `${CANARY} shop`,
        name_key: 'x',
        currency: 'EUR',
        position: 'a0',
        created_at: '2026-11-20T14:02:31.000Z',
        edited_at: '2026-11-20T14:02:31.000Z',
      }),
    ]);
  }
  const staged = [insert('list_items', listItem({ title: `${CANARY} staged` }))];
  const created = await device.call('POST', '/sync/push-sessions', {
    source_bundle_id: 2,
    planned_row_count: 1,
    canonical_request_hash: canonicalRequestHash(staged).hash,
  });
  const pushId = String(created.body['push_id']);
  await device.call('POST', `/sync/push-sessions/${pushId}/chunks`, {
    start_row_ordinal: 0,
    rows: staged,
  });
  const session = await device.call('POST', '/sync/snapshot-sessions');
  const snapshotId = String(session.body['snapshot_id']);
  const requestHash = canonicalRequestHash(rows).hash;
  const before = await facts();
  async function facts() {
    const scope = await server.sql`select * from sync.scope where scope_id = ${householdId}`;
    const sources =
      await server.sql`select * from sync.source where scope_id = ${householdId} order by source_id`;
    return {
      scope: [...scope],
      sources: [...sources],
      rows: await dumpServer(server.sql, householdId),
    };
  }
  const ids = [...items, ...recipes, ...tags].map(({ id }) => id);
  return {
    device,
    secrets: [CANARY, householdId, pushId, snapshotId, initializationId, requestHash, ...ids],
    draw: (random, used) => {
      const one = <T>(list: readonly T[]): T =>
        must(list[random(list.length)], 'the list has members');
      const freshItemId = must(
        items.slice(20).find(({ id }) => !used.has(id)),
        'there are rows left that this attacker has not tried',
      ).id;
      return {
        householdId,
        sourceId: one([device, ...others]).sourceId,
        pushId,
        snapshotId,
        initializationId,
        requestHash,
        bundleSeq: FIRST_SEQ + random(20),
        version: FIRST_SEQ,
        recipeId: one(recipes).id,
        itemId: one(items.slice(0, 20)).id,
        tagId: one(tags).id,
        freshItemId,
      };
    },
    check: async () => {
      expect(await facts()).toEqual(before);
      const page = await device.call('GET', `/sync/snapshot-sessions/${snapshotId}?max_rows=1`);
      expect(page.status).toBe(200);
      const committed = await device.call('POST', `/sync/push-sessions/${pushId}/commit`);
      expect(committed).toMatchObject({ status: 200, body: { source_bundle_id: 2 } });
    },
  };
}

/** Ids of the same shapes that nobody has. */
export const unknownIds = (random: Random): Ids => ({
  householdId: freshUuid(),
  sourceId: `stranger-${freshUuid()}`,
  pushId: freshUuid(),
  snapshotId: freshUuid(),
  initializationId: freshUuid(),
  requestHash: Buffer.from(Array.from({ length: 32 }, () => random(256))).toString('hex'),
  bundleSeq: 800_000 + random(20),
  version: 800_000,
  recipeId: freshUuid(),
  itemId: freshUuid(),
  tagId: freshUuid(),
  freshItemId: freshUuid(),
});

export interface Attacker {
  readonly device: TestDevice;
  readonly used: Set<string>;
  next: number;
}

export interface Sent {
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Probe {
  readonly kind: string;
  readonly build: (ids: Ids, attacker: Attacker) => Sent;
  /** It changes the attacker's own household, so only the attacker's own source sends it. */
  readonly isOwnSource?: boolean;
  readonly isCommit?: boolean;
}

const push =
  (rows: readonly PushRequestRow[], more: Readonly<Record<string, unknown>> = {}) =>
  (attacker: Attacker): Sent => ({
    method: 'POST',
    path: '/sync/push',
    body: {
      source_bundle_id: attacker.next,
      canonical_request_hash: canonicalRequestHash(rows).hash,
      rows,
      ...more,
    },
  });

const get = (kind: string, path: (ids: Ids) => string): Probe => ({
  kind,
  build: (ids) => ({ method: 'GET', path: path(ids) }),
});
const send = (
  kind: string,
  method: string,
  path: (ids: Ids) => string,
  body?: (ids: Ids) => unknown,
): Probe => ({
  kind,
  build: (ids) => ({ method, path: path(ids), ...(body === undefined ? {} : { body: body(ids) }) }),
});
const pushing = (
  kind: string,
  rows: (ids: Ids) => readonly PushRequestRow[],
  more: (ids: Ids) => Readonly<Record<string, unknown>> = () => ({}),
): Probe => ({ kind, build: (ids, attacker) => push(rows(ids), more(ids))(attacker) });

const session = ({ pushId }: Ids): string => `/sync/push-sessions/${pushId}`;
const snapshot = ({ snapshotId }: Ids): string => `/sync/snapshot-sessions/${snapshotId}`;
const own = () => insert('list_items', listItem());

export const probes: readonly Probe[] = [
  get('capabilities', ({ householdId }) => `/sync/capabilities?user_id=${householdId}`),
  get('committed rows', ({ bundleSeq }) => `/sync/committed-bundles/${String(bundleSeq)}/rows`),
  get(
    'committed rows page',
    ({ bundleSeq, householdId }) =>
      `/sync/committed-bundles/${String(bundleSeq)}/rows?after_row_ordinal=1&user_id=${householdId}`,
  ),
  get('pull after', ({ bundleSeq }) => `/sync/pull?after_bundle_seq=${String(bundleSeq)}`),
  get(
    'pull target',
    ({ bundleSeq }) => `/sync/pull?after_bundle_seq=0&target_bundle_seq=${String(bundleSeq)}`,
  ),
  get(
    'pull ceiling',
    ({ householdId }) => `/sync/pull?after_bundle_seq=9999999999&_sync_scope_id=${householdId}`,
  ),
  get('watch', ({ bundleSeq }) => `/sync/watch?after_bundle_seq=${String(bundleSeq)}`),
  get('health', ({ householdId }) => `/syncx/health?user_id=${householdId}`),
  get('status', ({ householdId }) => `/syncx/status?user_id=${householdId}`),
  send(
    'snapshot create',
    'POST',
    () => '/sync/snapshot-sessions',
    ({ snapshotId, householdId }) => ({ snapshot_id: snapshotId, user_id: householdId }),
  ),
  get('snapshot page', snapshot),
  get(
    'snapshot page later',
    (ids) => `${snapshot(ids)}?after_row_ordinal=5&max_rows=1&max_bytes=1`,
  ),
  get('snapshot stream', (ids) => `${snapshot(ids)}/stream`),
  send('snapshot delete', 'DELETE', snapshot),
  send('push delete', 'DELETE', session),
  send('push commit', 'POST', (ids) => `${session(ids)}/commit`),
  send(
    'push chunk',
    'POST',
    (ids) => `${session(ids)}/chunks`,
    () => ({ start_row_ordinal: 0, rows: [own()] }),
  ),
  send(
    'push chunk of a foreign row',
    'POST',
    (ids) => `${session(ids)}/chunks`,
    ({ itemId, version }) => ({
      start_row_ordinal: 1,
      rows: [remove('list_items', itemId, version)],
    }),
  ),
  send(
    'connect',
    'POST',
    () => '/sync/connect',
    ({ householdId, sourceId, initializationId }) => ({
      has_local_pending_rows: 'no',
      user_id: householdId,
      source_id: sourceId,
      initialization_id: initializationId,
    }),
  ),
  send(
    'push create with a foreign lease',
    'POST',
    () => '/sync/push-sessions',
    ({ initializationId, requestHash }) => ({
      source_bundle_id: 1,
      planned_row_count: 1,
      canonical_request_hash: requestHash,
      initialization_id: initializationId,
    }),
  ),
  send(
    'push create out of order',
    'POST',
    () => '/sync/push-sessions',
    ({ requestHash, sourceId, householdId }) => ({
      source_bundle_id: 1_000_000,
      planned_row_count: 1,
      canonical_request_hash: requestHash,
      source_id: sourceId,
      user_id: householdId,
    }),
  ),
  {
    kind: 'rotation of a foreign source',
    isOwnSource: true,
    build: ({ sourceId }) => ({
      method: 'POST',
      path: '/sync/snapshot-sessions',
      body: {
        source_replacement: {
          previous_source_id: sourceId,
          new_source_id: `new-${sourceId}`,
          reason: 'source_retired',
        },
      },
    }),
  },
  {
    // A new id that another household uses is as new as one that nobody has; each is taken once.
    kind: 'rotation into a foreign source',
    isOwnSource: true,
    build: ({ sourceId }, attacker) => {
      const target = attacker.used.has(sourceId) ? `stranger-${freshUuid()}` : sourceId;
      attacker.used.add(sourceId);
      const previous = `throwaway-${freshUuid()}`;
      return {
        method: 'POST',
        path: '/sync/snapshot-sessions',
        headers: { 'oversync-source-id': previous },
        body: {
          source_replacement: {
            previous_source_id: previous,
            new_source_id: target,
            reason: 'source_retired',
          },
        },
      };
    },
  },
  pushing('update a foreign row', ({ itemId, version }) => [
    update('list_items', itemId, version, { title: 'mine' }),
  ]),
  pushing('delete a foreign row', ({ itemId, version }) => [remove('list_items', itemId, version)]),
  pushing('delete a foreign parent', ({ recipeId, version }) => [
    remove('recipes', recipeId, version),
  ]),
  pushing('refer to a foreign recipe', ({ recipeId }) => [
    insert('recipe_ingredients', ingredient(recipeId)),
  ]),
  pushing('plan: refer to a foreign recipe', ({ recipeId }) => [
    insert('plan_entries', planEntry({ recipe_id: recipeId })),
  ]),
  pushing('tag: refer to foreign rows', ({ recipeId, tagId }) => [
    insert('recipe_tags', {
      id: `${recipeId}.${tagId}`,
      recipe_id: recipeId,
      tag_id: tagId,
      created_at: '2026-11-20T14:02:31.000Z',
    }),
  ]),
  pushing('mix own and foreign rows', ({ itemId, version }) => [
    own(),
    update('list_items', itemId, version, { title: 'x' }),
    own(),
  ]),
  pushing('mix own rows and foreign references', ({ recipeId }) => [
    own(),
    insert('recipe_ingredients', ingredient(recipeId)),
  ]),
  pushing('name the foreign scope', ({ householdId }) => [
    insert('list_items', listItem({ _sync_scope_id: householdId })),
  ]),
  pushing(
    'seed with a foreign lease',
    () => [own()],
    ({ initializationId }) => ({ initialization_id: initializationId }),
  ),
  pushing(
    'catch up from a foreign checkpoint',
    () => [own()],
    ({ bundleSeq }) => ({ after_bundle_seq: bundleSeq }),
  ),
  {
    kind: 'insert a row under a foreign key',
    isOwnSource: true,
    isCommit: true,
    build: ({ freshItemId }, attacker) => {
      attacker.used.add(freshItemId);
      return push([insert('list_items', listItem({ id: freshItemId }))])(attacker);
    },
  },
];

export type Identity = Readonly<Record<string, string>>;

/** Who asks. All but the first are tried with probes that commit nothing. */
export const identities: readonly ((ids: Ids) => Identity)[] = [
  () => ({}),
  () => ({ 'oversync-extensions': 'all_conflicts,push_rejections,bundle_notes,expected_user' }),
  ({ sourceId }) => ({ 'oversync-source-id': sourceId }),
  ({ householdId }) => ({
    'oversync-expect-user': householdId,
    'oversync-extensions': 'expected_user',
  }),
  ({ householdId }) => ({
    'x-user-id': householdId,
    'x-forwarded-user': householdId,
    'x-larder-scope': householdId,
  }),
  ({ initializationId }) => ({
    'oversync-server-epoch': initializationId,
    'oversync-extensions': 'server_epoch',
  }),
  ({ bundleSeq, householdId }) => ({
    'oversync-schema-version': '1',
    'oversync-client': `larder/${String(bundleSeq)}.0.0`,
    'oversync-extensions': 'schema_negotiation',
    'x-forwarded-for': householdId,
    'x-request-id': householdId,
  }),
  ({ householdId }) => ({ cookie: `household=${householdId}; __Host-larder=${householdId}` }),
];
