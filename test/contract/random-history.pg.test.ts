/**
 * Random histories against real Postgres (issue 3, quality.md I6-I9, I12): whatever was pushed, refused,
 * retried, cascaded or written by triggers, replaying the bundles gives the business tables, and a
 * snapshot with the bundles after it gives the same. `SEED` and `RUNS` repeat and lengthen a run.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { assert, must } from '../../shared/assert.ts';
import { bundleHash, canonicalRequestHash } from '../../shared/protocol/bundle-hash.ts';
import type { PullResponse } from '../../shared/protocol/pull.ts';
import type { Bundle, PushRequestRow, SnapshotRow } from '../../shared/protocol/shapes.ts';
import type { SnapshotPageResponse } from '../../shared/protocol/snapshot.ts';
import { type Random, createRandom } from '../sim/prng.ts';
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
import { createReplica, dumpServer, serverVersions } from './replay.ts';
import {
  type Answer,
  type SyncServer,
  type TestDevice,
  createDevice,
  freshUuid,
  joinedDevice,
  startSyncServer,
} from './sync-server.ts';

const firstSeed = Number(process.env['SEED'] ?? 1);
const runs = Number(process.env['RUNS'] ?? 5);
const stepsPerRun = 60;
const AT = '2026-11-20T14:02:31.000Z';

let server: SyncServer;

beforeAll(async () => {
  server = await startSyncServer();
});

afterAll(() => server.close());

/** What happened during a run; a kind that never fired means that the test tested nothing. */
type Marks = Map<string, number>;
const mark = (marks: Marks, name: string): void => void marks.set(name, (marks.get(name) ?? 0) + 1);

interface Live {
  readonly table: string;
  readonly id: string;
  readonly version: number;
}

interface World {
  readonly random: Random;
  readonly marks: Marks;
  /** What the server held after the last bundle that this test saw. */
  live: Live[];
  dead: Live[];
}

const pick = <T>(random: Random, items: readonly T[]): T | undefined => items[random(items.length)];

const stamps = { created_at: AT, edited_at: AT };
const product = () => ({ id: freshUuid(), name: ' Red   Wine ', name_key: 'x', ...stamps });
const store = () => ({
  id: freshUuid(),
  name: 'Corner',
  name_key: 'x',
  currency: 'EUR',
  position: 'a0',
  ...stamps,
});

const idOf = (world: World, table: string): string | undefined =>
  pick(
    world.random,
    world.live.filter((row) => row.table === table),
  )?.id;

/** A new row of some table, which refers to what is there. */
function drawInsert(world: World): PushRequestRow[] {
  const { random } = world;
  const recipeId = idOf(world, 'recipes');
  switch (random(9)) {
    case 0: {
      const soup = recipe({ rating: String(1 + random(5)), based_on_id: recipeId ?? null });
      return [insert('recipe_ingredients', ingredient(soup.id)), insert('recipes', soup)];
    }
    case 1:
      return recipeId === undefined ? [] : [insert('recipe_ingredients', ingredient(recipeId))];
    case 2:
      return [insert('plan_entries', planEntry({ recipe_id: recipeId ?? null }))];
    case 3:
      return [insert('products', product())];
    case 4:
      return [insert('stores', store())];
    case 5:
      return [insert('tags', tag({ name: ` Tag  ${String(random(100))}` }))];
    case 6: {
      const tagId = idOf(world, 'tags');
      const id = `${String(recipeId)}.${String(tagId)}`.slice(0, 73);
      const isKnown = world.live.some((row) => row.id === id);
      if (recipeId === undefined || tagId === undefined || isKnown) return [];
      const base = world.dead.find((row) => row.id === id)?.version ?? 0;
      return [
        insert('recipe_tags', { id, recipe_id: recipeId, tag_id: tagId, created_at: AT }, base),
      ];
    }
    case 7: {
      const photo = {
        id: freshUuid(),
        recipe_id: recipeId ?? '',
        mime: 'image/webp',
        width: '2',
        height: '2',
        bytes: Buffer.from([random(256), 0, 255]).toString('base64'),
        created_at: AT,
      };
      return recipeId === undefined ? [] : [insert('recipe_photos', photo)];
    }
    default: {
      const links = {
        product_id: idOf(world, 'products') ?? null,
        store_id: idOf(world, 'stores') ?? null,
        plan_entry_id: idOf(world, 'plan_entries') ?? null,
        quantity_milli: String(random(1_000_000_000)),
      };
      return [insert('list_items', listItem(links))];
    }
  }
}

const edits: Readonly<Record<string, (world: World) => Readonly<Record<string, unknown>>>> = {
  recipes: (world) => ({
    title: `Soup ${String(world.random(1000))} é😀`,
    cover_photo_id: idOf(world, 'recipe_photos') ?? null,
    trashed_at: world.random(3) === 0 ? AT : null,
  }),
  recipe_ingredients: ({ random }) => ({ optional: random(2) === 0, quantity_milli: '250' }),
  plan_entries: ({ random }) => ({ cooked_at: random(2) === 0 ? AT : null }),
  // Ticked and finished: a trigger writes purchases and activity.
  list_items: ({ random }) => {
    const at = random(2) === 0 ? AT : null;
    return {
      checked_at: at,
      trip_id: at === null ? null : freshUuid(),
      finished_at: at,
      price_minor: String(random(10_000)),
    };
  },
  products: ({ random }) => ({ name: `Rye  ${String(random(100))}`, staple: random(2) === 0 }),
  stores: () => ({ name: ' Market ' }),
  tags: ({ random }) => ({ hue: String(random(12)) }),
};

function drawRows(world: World): readonly PushRequestRow[] {
  const rows: PushRequestRow[] = [];
  const touched = new Set<string>();
  const count = 1 + world.random(8);
  for (let index = 0; index < count; index += 1) {
    const kind = world.random(10);
    const row = pick(world.random, world.live);
    let drawn: readonly PushRequestRow[] = [];
    if (kind < 5 || row === undefined) drawn = drawInsert(world);
    else if (kind < 8) {
      const edit = edits[row.table];
      if (edit !== undefined) drawn = [update(row.table, row.id, row.version, edit(world))];
    } else if (row.table !== 'activity' && row.table !== 'purchases') {
      drawn = [remove(row.table, row.id, row.version)];
    }
    for (const one of drawn) {
      const name = `${one.table} ${one.key['id'] ?? ''}`;
      if (!touched.has(name)) rows.push(one);
      touched.add(name);
    }
  }
  return rows;
}

const tupleBody = (id: number, rows: readonly PushRequestRow[]) => ({
  source_bundle_id: id,
  canonical_request_hash: canonicalRequestHash(rows).hash,
  rows,
});

interface Writer {
  device: TestDevice;
  next: number;
}

async function rotate(writer: Writer): Promise<void> {
  const { householdId, sourceId } = writer.device;
  const device = createDevice(server, { householdId });
  const answer = await writer.device.call('POST', '/sync/snapshot-sessions', {
    source_replacement: {
      previous_source_id: sourceId,
      new_source_id: device.sourceId,
      reason: 'history_pruned',
    },
  });
  assert(answer.status === 200, 'a rotation succeeds');
  writer.device = device;
  writer.next = 1;
}

/** Pushes by sessions or in one request; now and then twice, as after a lost answer. */
async function send(
  world: World,
  writer: Writer,
  rows: readonly PushRequestRow[],
): Promise<Answer> {
  const body = tupleBody(writer.next, rows);
  const isSingle = world.random(2) === 0;
  const answer = isSingle
    ? await writer.device.call('POST', '/sync/push', body)
    : await writer.device.push(rows, { id: writer.next });
  if (answer.status !== 200) return answer;
  if (world.random(5) === 0) {
    mark(world.marks, 'retry');
    const again = await writer.device.call('POST', '/sync/push', body);
    expect(again.body).toMatchObject({
      status: 'already_committed',
      bundle_seq: answer.body['bundle_seq'],
      bundle_hash: answer.body['bundle_hash'],
    });
  }
  writer.next += 1;
  return answer;
}

async function pullFrom(device: TestDevice, after: number): Promise<readonly Bundle[]> {
  const bundles: Bundle[] = [];
  for (let more = true; more;) {
    const seen = bundles.at(-1)?.bundle_seq ?? after;
    const body = (await device.pull(seen, '&max_bundles=7')).body as unknown as PullResponse;
    bundles.push(...body.bundles);
    more = body.has_more;
  }
  return bundles;
}

async function snapshotOf(
  device: TestDevice,
): Promise<{ readonly seq: number; readonly rows: readonly SnapshotRow[] }> {
  const session = await device.call('POST', '/sync/snapshot-sessions');
  const rows: SnapshotRow[] = [];
  for (let more = true; more;) {
    const path = `/sync/snapshot-sessions/${String(session.body['snapshot_id'])}`;
    const query = `?after_row_ordinal=${String(rows.length)}&max_rows=13`;
    const page = (await device.call('GET', path + query)).body as unknown as SnapshotPageResponse;
    rows.push(...page.rows);
    more = page.has_more;
  }
  expect(rows).toHaveLength(Number(session.body['row_count']));
  return { seq: Number(session.body['snapshot_bundle_seq']), rows };
}

/** What an import or a job does: any transaction of the server becomes a bundle of its own source. */
async function writeByServer(world: World, householdId: string): Promise<void> {
  const name = `Shop ${String(world.random(1000))}`;
  const { bundleSeq } = await server.service.withServerBundle(
    { userId: householdId, writer: 'history' },
    (tx, scopeId) =>
      tx.query('update larder.stores set name = $2 where _sync_scope_id = $1::uuid', [
        scopeId,
        name,
      ]),
  );
  if (bundleSeq !== null) mark(world.marks, 'server write');
}

function see(world: World, bundle: Bundle): void {
  const removed = (table: string): boolean =>
    bundle.rows.some((row) => row.op === 'DELETE' && row.table === table);
  if (removed('recipes') && (removed('recipe_ingredients') || removed('recipe_photos'))) {
    mark(world.marks, 'cascade');
  }
  for (const row of bundle.rows) {
    const one = { table: row.table, id: row.key['id'] ?? '', version: row.row_version };
    const others = (rows: Live[]) =>
      rows.filter(({ table, id }) => table !== one.table || id !== one.id);
    world.live = others(world.live);
    world.dead = others(world.dead);
    (row.op === 'DELETE' ? world.dead : world.live).push(one);
    if (row.op === 'DELETE') mark(world.marks, 'delete');
    if (row.table === 'activity' || row.table === 'purchases') mark(world.marks, 'trigger');
  }
}

async function step(world: World, writers: readonly Writer[]): Promise<void> {
  const writer = must(pick(world.random, writers), 'a run has writers');
  if (world.random(15) === 0) {
    mark(world.marks, 'rotation');
    await rotate(writer);
  }
  if (world.random(12) === 0) await writeByServer(world, writer.device.householdId);
  let rows = drawRows(world);
  if (rows.length === 0) return;
  const stale = rows.find(({ op }) => op === 'UPDATE');
  if (stale !== undefined && world.random(4) === 0) {
    // Based on what somebody else has changed since.
    rows = rows.map((row) =>
      row === stale ? { ...row, base_row_version: row.base_row_version - 1 } : row,
    );
  }
  const before = await dumpServer(server.sql, writer.device.householdId);
  const answer = await send(world, writer, rows);
  mark(world.marks, answer.status === 200 ? 'commit' : String(answer.body['error']));
  if (answer.status === 200) return;
  // A child of what the same bundle removed, and a stale base, are refused whole.
  expect(['push_conflict', 'push_commit_invalid']).toContain(answer.body['error']);
  expect(await dumpServer(server.sql, writer.device.householdId)).toEqual(before);
}

async function checkHistory(
  device: TestDevice,
  snapshots: Awaited<ReturnType<typeof snapshotOf>>[],
) {
  const bundles = await pullFrom(device, 0);
  expect(bundles.map(({ bundle_seq: seq }) => seq)).toEqual(bundles.map((_, index) => index + 1));
  for (const bundle of bundles) {
    expect(bundleHash(bundle.rows).hash).toBe(bundle.bundle_hash);
    expect(bundle.row_count).toBe(bundle.rows.length);
  }
  const expected = await dumpServer(server.sql, device.householdId);
  const versions = await serverVersions(server.sql, device.householdId);
  const starts = [{ seq: 0, rows: [] }, ...snapshots];
  for (const { seq, rows } of starts) {
    const replica = await createReplica();
    replica.hydrate(rows);
    for (const bundle of bundles) if (bundle.bundle_seq > seq) replica.apply(bundle);
    expect(replica.dump()).toEqual(expected);
    expect(replica.versions).toEqual(versions);
    replica.close();
  }
  return { bundles: bundles.length, rows: expected.length };
}

describe('random histories', () => {
  const marks: Marks = new Map();

  test.each(Array.from({ length: runs }, (_, index) => firstSeed + index))(
    '[PULL-70] replaying the bundles of seed %i gives the business tables, from the start and from any snapshot',
    async (seed) => {
      const world: World = { random: createRandom(seed), marks, live: [], dead: [] };
      const first = await joinedDevice(server);
      const { householdId } = first;
      const writers: Writer[] = [
        first,
        createDevice(server, { householdId }),
        createDevice(server, { householdId }),
      ].map((device) => ({ device, next: 1 }));
      const snapshots: Awaited<ReturnType<typeof snapshotOf>>[] = [];
      let seen = 0;
      for (let index = 0; index < stepsPerRun; index += 1) {
        await step(world, writers);
        for (const bundle of await pullFrom(first, seen)) {
          see(world, bundle);
          seen = bundle.bundle_seq;
        }
        if (world.random(20) === 0) snapshots.push(await snapshotOf(first));
      }
      const facts = await checkHistory(first, snapshots);
      expect(facts.bundles).toBeGreaterThan(stepsPerRun / 4);
    },
    300_000,
  );

  test('[PULL-71] the histories held cascades, triggers, conflicts, refusals, retries, rotations and server writes', () => {
    process.stdout.write(`random histories: ${JSON.stringify(Object.fromEntries(marks))}\n`);
    for (const name of [
      'commit',
      'push_conflict',
      'push_commit_invalid',
      'retry',
      'rotation',
      'delete',
      'cascade',
      'trigger',
      'server write',
    ]) {
      expect([name, marks.get(name) ?? 0]).not.toEqual([name, 0]);
    }
  });
});

describe('many writers', () => {
  test('[PULL-72] 32 writers with cascades and triggers on one scope leave a gapless history that replays, in the order in which a reader sees it', async () => {
    const first = await joinedDevice(server);
    const { householdId } = first;
    const state = { isOver: false };
    const seen: number[] = [];
    const reader = (async () => {
      // Whoever sees N sees all up to N: a later pull never brings a number that was passed.
      while (!state.isOver) {
        for (const { bundle_seq: seq } of await pullFrom(first, seen.at(-1) ?? 0)) seen.push(seq);
      }
    })();
    const statuses = new Map<number, number>();
    await Promise.all(
      Array.from({ length: 32 }, async () => {
        const device = createDevice(server, { householdId });
        for (let id = 1; id <= 3; id += 1) {
          const soup = recipe();
          const rows = [
            insert('recipes', soup),
            insert('recipe_ingredients', ingredient(soup.id)),
            insert(
              'list_items',
              listItem({ checked_at: AT, trip_id: freshUuid(), finished_at: AT }),
            ),
          ];
          const committed = await device.push(rows, { id: id * 2 - 1 });
          statuses.set(committed.status, (statuses.get(committed.status) ?? 0) + 1);
          const removed = await device.push(
            [remove('recipes', soup.id, Number(committed.body['bundle_seq']))],
            { id: id * 2 },
          );
          statuses.set(removed.status, (statuses.get(removed.status) ?? 0) + 1);
        }
      }),
    );
    state.isOver = true;
    await reader;
    expect(statuses).toEqual(new Map([[200, 192]]));
    const { bundles } = await checkHistory(first, [await snapshotOf(first)]);
    expect(bundles).toBe(192);
    expect(seen).toEqual(seen.map((_, index) => index + 1));
  }, 300_000);

  test('[PULL-73] 32 writers on 16 scopes leave each scope gapless and replayable', async () => {
    const firsts = await Promise.all(Array.from({ length: 16 }, () => joinedDevice(server)));
    const writers = firsts.flatMap((first) => [
      first,
      createDevice(server, { householdId: first.householdId }),
    ]);
    const answers = await Promise.all(
      writers.map(async (device) => {
        const statuses: number[] = [];
        for (let id = 1; id <= 5; id += 1) {
          const rows = [insert('recipes', recipe()), insert('list_items', listItem())];
          statuses.push((await device.push(rows, { id })).status);
        }
        return statuses;
      }),
    );
    expect(new Set(answers.flat())).toEqual(new Set([200]));
    for (const first of firsts) {
      expect((await checkHistory(first, [await snapshotOf(first)])).bundles).toBe(10);
    }
  }, 300_000);
});
