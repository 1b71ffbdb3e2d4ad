/**
 * Households never meet (quality.md I11, protocol.md B10, B22). Thousands of generated requests ask, as
 * somebody else, for what belongs to Ana's household: every endpoint, with her ids in paths, headers,
 * queries, row keys and references. Each is sent twice, once with her ids and once with ids that nobody
 * has, and the two answers must be the same but for the ids themselves; no answer holds a byte of hers.
 *
 * Each of the two walls is taken away in turn: the scope in the service's own statements, and row-level
 * security. `PROBES=10000` makes those runs as long as the first.
 */
import { afterAll, describe, expect, test } from 'vitest';
import type { Database, Tx } from '../../api/sync/ports.ts';
import { must } from '../../shared/assert.ts';
import { limits } from '../../shared/limits.ts';
import { createRandom } from '../sim/prng.ts';
import {
  type Attacker,
  type Identity,
  type Ids,
  type Sent,
  type Victim,
  createVictim,
  identities,
  probes,
  unknownIds,
} from './cross-tenant-probes.ts';
import { insert, listItem } from './kitchen-rows.ts';
import {
  type SyncServer,
  type SyncServerChoices,
  createDevice,
  joinedDevice,
  startSyncServer,
} from './sync-server.ts';

const oneWallPairs = Math.ceil(Number(process.env['PROBES'] ?? 800) / 8);

interface Outcome {
  readonly status: number;
  readonly text: string;
  readonly headers: string;
  readonly ms: number;
}

/** All of an answer; of a stream what it says at once. */
async function readAnswer(response: Response): Promise<string> {
  const isStream = response.headers.get('content-type') === 'text/event-stream';
  if (!isStream || response.body === null) return response.text();
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  // The own history ends elsewhere than any number that is asked for, so one event is due at once.
  while (!text.includes('data:')) text += (await reader.read()).value ?? '';
  await reader.cancel();
  return text;
}

async function run(
  server: SyncServer,
  attacker: Attacker,
  sent: Sent,
  identity: Identity,
): Promise<Outcome> {
  const { householdId, sourceId } = attacker.device;
  const startedAt = performance.now();
  const response = await server.request(sent.path, {
    method: sent.method,
    headers: {
      'x-test-account': `account-of-${householdId}`,
      'x-test-household': householdId,
      'oversync-source-id': sourceId,
      authorization: 'Bearer test',
      ...identity,
      ...sent.headers,
    },
    ...(sent.body === undefined ? {} : { body: JSON.stringify(sent.body) }),
  });
  const text = await readAnswer(response);
  return {
    status: response.status,
    text,
    headers: [...response.headers.keys()].toSorted().join(),
    ms: performance.now() - startedAt,
  };
}

/** The answer without the ids that were sent, and without numbers and hashes where it succeeded. */
function normalise(outcome: Outcome, ids: Ids): unknown {
  let { text } = outcome;
  for (const value of Object.values(ids)) text = text.replaceAll(String(value), 'ID');
  if (outcome.status === 200) {
    // Own rows have ids of their own, and own bundles numbers; what is compared is how much there is of what.
    // A time that falls on a whole second has no fraction.
    text = text.replace(/[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{64}|\d{4}-\d\d-\d\dT[^"]*|\d+/g, '#');
  }
  return {
    status: outcome.status,
    headers: outcome.headers,
    text: text.replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, 'UUID'),
  };
}

interface Tally {
  probes: number;
  readonly statuses: Map<string, number>;
  readonly times: Map<string, { readonly foreign: number[]; readonly unknown: number[] }>;
}

async function attack(
  server: SyncServer,
  victim: Victim,
  seed: number,
  pairs: number,
  tally: Tally,
): Promise<void> {
  const random = createRandom(seed);
  const attacker: Attacker = { device: await joinedDevice(server), used: new Set(), next: 1 };
  for (let index = 0; index < pairs; index += 1) {
    const next = must(probes[index % probes.length], 'every index has a probe');
    // A refused reference is diagnosed row by row, which takes ten times as long: one round in four.
    const isTooMany = next.kind.includes('refer') && Math.floor(index / probes.length) % 4 !== 0;
    const probe = isTooMany ? must(probes[random(20)], 'the first probes are cheap') : next;
    const identity = must(
      identities[probe.isOwnSource === true ? 0 : random(identities.length)],
      'there is an identity',
    );
    const foreign = victim.draw(random, attacker.used);
    const unknown = unknownIds(random);
    const outcomes: Outcome[] = [];
    const order = random(2) === 0 ? [foreign, unknown] : [unknown, foreign];
    for (const ids of order) {
      const sent = probe.build(ids, attacker);
      const headers = identity(ids);
      const outcome = await run(server, attacker, sent, headers);
      if (outcome.status === 200 && probe.isCommit === true) attacker.next += 1;
      tally.probes += 1;
      const asked = JSON.stringify([sent, headers]);
      for (const secret of victim.secrets) {
        if (outcome.text.includes(secret) && !asked.includes(secret)) {
          expect.fail(`${probe.kind}: the answer holds ${secret}: ${outcome.text.slice(0, 300)}`);
        }
      }
      if (outcome.status >= 500) expect.fail(`${probe.kind}: ${outcome.text.slice(0, 300)}`);
      outcomes.push(outcome);
    }
    const [first, second] = outcomes;
    expect([probe.kind, normalise(must(first, 'sent'), must(order[0], 'two'))]).toEqual([
      probe.kind,
      normalise(must(second, 'sent'), must(order[1], 'two')),
    ]);
    const key = `${probe.kind} ${String(first?.status)}`;
    tally.statuses.set(key, (tally.statuses.get(key) ?? 0) + 1);
    const times = tally.times.get(probe.kind) ?? { foreign: [], unknown: [] };
    tally.times.set(probe.kind, times);
    outcomes.forEach(({ ms }, at) =>
      (order[at] === foreign ? times.foreign : times.unknown).push(ms),
    );
  }
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

const servers: SyncServer[] = [];
afterAll(async () => {
  for (const server of servers) await server.close();
});

async function attackAll(
  choices: SyncServerChoices,
  attackers: number,
  pairs: number,
): Promise<Tally> {
  // All attackers ask for a page at once; how busy the server is must not be what differs.
  const snapshot = { ...limits.snapshot, buildsMax: 100, pageRequestsMax: 100 };
  const snapshotStream = { ...limits.snapshotStream, streamsMax: 100 };
  const server = await startSyncServer({
    limits: { ...limits, snapshot, snapshotStream },
    ...choices,
  });
  servers.push(server);
  const victim = await createVictim(server);
  const tally: Tally = { probes: 0, statuses: new Map(), times: new Map() };
  await Promise.all(
    Array.from({ length: attackers }, (_, index) =>
      attack(server, victim, index + 1, pairs, tally),
    ),
  );
  await victim.check();
  return tally;
}

/** Takes the scope out of every statement of the service that reads or writes a business table. */
function withoutPredicate(counter: { rewritten: number }): (database: Database) => Database {
  const rewrite = (statement: string): string =>
    statement.replace(/(?:[a-z]+\.)?"_sync_scope_id" = \$1::uuid/g, () => {
      counter.rewritten += 1;
      return '$1::uuid is not null';
    });
  const wrap = (tx: Tx): Tx => ({
    query: (statement, params) => tx.query(rewrite(statement), params),
    attempt: (work) => tx.attempt((inner) => work(wrap(inner))),
  });
  return (database) => ({
    transaction: (options, work) => database.transaction(options, (tx) => work(wrap(tx))),
  });
}

describe('households', () => {
  test('[AUTH-30] more than 10,000 probes find no difference between ids of another household and ids of nobody', async () => {
    const startedAt = performance.now();
    const tally = await attackAll({}, 8, 630);
    const classes = [...tally.times].map(([kind, { foreign, unknown }]) => ({
      kind,
      foreign: median(foreign),
      unknown: median(unknown),
    }));
    const widest = classes
      .map(({ foreign, unknown }) => Math.max(foreign, unknown) / Math.min(foreign, unknown))
      .toSorted((a, b) => b - a)[0];
    process.stdout.write(
      `cross-tenant probes: ${String(tally.probes)} (${Math.round((performance.now() - startedAt) / 1000)} s); widest ratio of median times ${widest?.toFixed(2) ?? '-'}\n${[
        ...tally.statuses,
      ]
        .map(([name, count]) => `  ${name}: ${String(count)}`)
        .join('\n')}\n`,
    );
    expect(tally.probes).toBeGreaterThanOrEqual(10_000);
    // A class, not a stopwatch: an order of magnitude would tell somebody something.
    for (const { kind, foreign, unknown } of classes) {
      const isSameClass =
        Math.abs(foreign - unknown) < 20 ||
        Math.max(foreign, unknown) < 5 * Math.min(foreign, unknown);
      expect([kind, isSameClass]).toEqual([kind, true]);
    }
  }, 600_000);

  test('[AUTH-31] the scope in every statement holds alone, without row-level security', async () => {
    const tally = await attackAll({ withSecondWall: false }, 4, oneWallPairs);
    expect(tally.probes).toBe(8 * oneWallPairs);
  }, 600_000);

  test('[AUTH-32] row-level security holds alone, without the scope in the statements', async () => {
    const counter = { rewritten: 0 };
    const tally = await attackAll({ wrapDatabase: withoutPredicate(counter) }, 4, oneWallPairs);
    expect(tally.probes).toBe(8 * oneWallPairs);
    expect(counter.rewritten).toBeGreaterThan(100);
  }, 600_000);

  test('[AUTH-242] a stream hears of its own household only, while another one is busy', async () => {
    const server = await startSyncServer();
    servers.push(server);
    const busy = await joinedDevice(server);
    const quiet = await joinedDevice(server);
    const stream = await server.request('/sync/watch?after_bundle_seq=0', {
      headers: {
        'x-test-account': `account-of-${quiet.householdId}`,
        'x-test-household': quiet.householdId,
        'oversync-source-id': quiet.sourceId,
        authorization: 'Bearer test',
      },
    });
    const reader = must(stream.body, 'a stream has a body')
      .pipeThrough(new TextDecoderStream())
      .getReader();
    for (let id = 1; id <= 5; id += 1) await busy.push([insert('list_items', listItem())]);
    await quiet.push([insert('list_items', listItem())]);
    let heard = '';
    while (!heard.includes('data:')) heard += (await reader.read()).value ?? '';
    await reader.cancel();
    const events = heard.split('\n').filter((line) => line.startsWith('data:'));
    expect(events.map((line) => JSON.parse(line.slice(5)))).toEqual([
      { bundle_seq: 1, source_id: quiet.sourceId, source_bundle_id: 1 },
    ]);
  });

  test('[AUTH-33] strangers and accounts without a household learn nothing but that', async () => {
    const server = await startSyncServer();
    servers.push(server);
    const victim = await createVictim(server);
    const random = createRandom(9);
    const attacker: Attacker = { device: createDevice(server), used: new Set(), next: 1 };
    for (const probe of probes) {
      for (const ids of [victim.draw(random, attacker.used), unknownIds(random)]) {
        const sent = probe.build(ids, attacker);
        for (const [headers, status, code] of [
          [{}, 401, 'authentication_failed'],
          [{ 'x-test-account': 'ben' }, 403, 'scope_forbidden'],
        ] as const) {
          const response = await server.request(sent.path, {
            method: sent.method,
            headers: {
              'oversync-source-id': ids.sourceId,
              ...sent.headers,
              ...headers,
              authorization: 'Bearer x',
            },
            ...(sent.body === undefined ? {} : { body: JSON.stringify(sent.body) }),
          });
          const text = await response.text();
          // What anybody may ask says nothing about anybody.
          const isForAll = sent.path.startsWith('/syncx/') && response.status === 200;
          const isUnknownPath =
            isForAll || (response.status === 404 && text.includes('"not_found"'));
          expect([probe.kind, isUnknownPath || response.status === status]).toEqual([
            probe.kind,
            true,
          ]);
          expect(isUnknownPath || text.includes(code)).toBe(true);
          for (const secret of victim.secrets) expect(text.includes(secret)).toBe(false);
        }
      }
    }
    await victim.check();
  }, 60_000);
});
