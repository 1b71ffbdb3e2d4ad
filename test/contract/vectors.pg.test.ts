/**
 * The public vectors against the real service: values through Postgres and back, requests as published
 * clients send them, and the exchanges of push, pull and snapshot with real hashes in the place of the
 * fixtures' placeholders. The tables are those of the test mount.
 */
/* oxlint-disable vitest/no-conditional-expect, vitest/no-conditional-tests, vitest/valid-title -- a missing folder is one test that says so, and answers differ by case */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { CommittedRowsResponse } from '../../shared/protocol/committed-bundle.ts';
import { canonicalRequestHash } from '../../shared/protocol/bundle-hash.ts';
import type { PullResponse } from '../../shared/protocol/pull.ts';
import type { PushRequestRow } from '../../shared/protocol/shapes.ts';
import type { SnapshotPageResponse } from '../../shared/protocol/snapshot.ts';
import { businessSchema } from './business-schema.ts';
import {
  type SyncServer,
  createDevice,
  freshUuid,
  joinedDevice,
  startSyncServer,
} from './sync-server.ts';
import { MISSING, areVectorsHere, caseNamed, casesOf, readVectors } from './vectors.ts';

type Members = Readonly<Record<string, unknown>>;

const CANONICAL = 'canonical-json/jcs-uniform-numeric-strings.json';
const PULL = 'pull-snapshot/basic.json';
const ran = { count: 0 };
let server: SyncServer;

if (areVectorsHere) {
  beforeAll(async () => {
    server = await startSyncServer({ schema: businessSchema() });
  });
  afterAll(async () => {
    process.stdout.write(`public vectors, server: ${String(ran.count)} cases ran\n`);
    await server.close();
  });
  describeValues();
  describeRequests();
  describePush();
  describePull();
  describeWatch();
} else {
  test(MISSING, () => {
    process.stdout.write(`${MISSING}\n`);
    expect(areVectorsHere).toBe(false);
  });
}

const user = (
  id: string,
  name: string,
  base = 0,
  op: PushRequestRow['op'] = 'INSERT',
): PushRequestRow => ({
  schema: 'main',
  table: 'users',
  key: { id },
  op,
  base_row_version: base,
  ...(op === 'DELETE' ? {} : { payload: { id, name } }),
});

function describeValues(): void {
  const typed = (payload: Members): PushRequestRow => {
    const id = freshUuid();
    return {
      schema: 'business',
      table: 'typed_rows',
      key: { id },
      op: 'INSERT',
      base_row_version: 0,
      payload: { id, name: 'typed', enabled_flag: '1', ...payload },
    };
  };
  const columns: Readonly<Record<string, string>> = {
    int2: 'small_count',
    int4: 'medium_count',
    int8: 'count_value',
    float4: 'float4_value',
    float8: 'rating',
    boolean: 'enabled_flag',
  };

  async function committed(payload: Members): Promise<Members> {
    const device = await joinedDevice(server);
    expect((await device.push([typed(payload)])).status).toBe(200);
    const { bundles } = (await device.pull()).body as unknown as PullResponse;
    return bundles[0]?.rows[0]?.payload ?? {};
  }

  interface ValueCase {
    readonly uploaded_wire: string;
    readonly postgres_destination: string;
    readonly committed_server: string | boolean;
  }
  describe('values', () => {
    const values = ['integer', 'decimal', 'float', 'boolean'].flatMap((family) =>
      casesOf<ValueCase>(CANONICAL, `${family}_cases`),
    );
    test.each(values)('[OPS-131] %s is kept and spelled as published', async (_name, vector) => {
      ran.count += 1;
      const column = columns[vector.postgres_destination];
      if (column !== undefined) {
        const kept = await committed({ [column]: vector.uploaded_wire });
        expect(kept[column]).toEqual(vector.committed_server);
        return;
      }
      // Decimals of another scale than the mount's have no column there: Postgres itself converts them.
      const [row] = await server.sql.unsafe<{ text: string }[]>(
        `select ($1::text)::${vector.postgres_destination}::text as text`,
        [vector.uploaded_wire],
      );
      expect(row?.text).toBe(vector.committed_server);
    });

    const families: Readonly<Record<string, string>> = {
      integer: 'count_value',
      decimal: 'exact_amount',
      float: 'rating',
      boolean: 'enabled_flag',
    };
    test.each(
      casesOf<{ family: string; input: unknown; category: string }>(CANONICAL, 'invalid_cases'),
    )('[OPS-131] %s is refused before anything is stored', async (_name, vector) => {
      ran.count += 1;
      const column = families[vector.family] ?? '';
      const device = await joinedDevice(server);
      const answer = await device.push([typed({}), typed({ [column]: vector.input })]);
      expect(answer).toMatchObject({
        status: 400,
        body: {
          error: 'push_chunk_invalid',
          rejection: { row_ordinal: 1, columns: [column], category: vector.category },
        },
      });
      expect((await device.pull()).body).toMatchObject({ stable_bundle_seq: 0, bundles: [] });
    });

    interface Scenario {
      readonly local: Readonly<Record<string, string>>;
      readonly committed: Readonly<Record<string, string>>;
    }
    test.each(casesOf<Scenario>('rich-schema/business-rich-v0.json', 'numericScenarios'))(
      '[OPS-131] the numeric scenario %s survives',
      async (_name, scenario) => {
        ran.count += 1;
        const sent = Object.fromEntries(
          Object.entries(scenario.local).map(([name, text]) => [
            name,
            text === '-0.0' ? '0' : text,
          ]),
        );
        const kept = await committed(sent);
        for (const [name, text] of Object.entries(scenario.committed)) {
          expect([name, String(kept[name])]).toEqual([name, text]);
        }
      },
    );
  });

  test('[OPS-131] capabilities name the version that published clients require', async () => {
    ran.count += 1;
    const { protocol } = readVectors<{ protocol: { capabilities: Members } }>(CANONICAL);
    const device = createDevice(server);
    const { body } = await device.call('GET', '/sync/capabilities');
    expect(body).toMatchObject(protocol.capabilities);
    const specs = body['registered_table_specs'] as { schema: string; table: string }[];
    expect(specs.filter(({ schema }) => schema === 'business')).toHaveLength(8);
  });
}

function describeRequests(): void {
  interface Request {
    readonly sourceId: string;
    readonly expected: {
      readonly method: string;
      readonly path: string;
      readonly query: Readonly<Record<string, string>>;
      readonly sourceHeader: string;
      readonly body: Members | null;
    };
  }
  /** How a server without the fixture's ids answers a request that it understood whole. */
  const answers: Readonly<Record<string, readonly [status: number, code?: string]>> = {
    capabilities: [200],
    connect: [200],
    pull: [409, 'checkpoint_ahead'],
    'push-session-create': [400, 'push_session_invalid'],
    'push-session-chunk': [404, 'push_session_not_found'],
    'push-session-commit': [404, 'push_session_not_found'],
    'committed-rows': [404, 'committed_bundle_not_found'],
    'snapshot-session': [200],
    'snapshot-chunk': [404, 'snapshot_session_not_found'],
    // Its header differs from the source that it wants to retire.
    'source-replacement': [400, 'snapshot_session_invalid'],
    watch: [200],
  };
  test.each(casesOf<Request>('protocol-http/requests.json', 'cases'))(
    '[OPS-131] the request %s reaches its operation',
    async (name, { sourceId, expected }) => {
      ran.count += 1;
      expect(expected.sourceHeader).toBe(sourceId);
      const device = createDevice(server, { sourceId });
      await device.connect();
      const path = expected.path.replace('/api/v1', '').replaceAll('.', '%2E');
      const query = new URLSearchParams(expected.query).toString();
      const response = await server.request(query === '' ? path : `${path}?${query}`, {
        method: expected.method,
        headers: {
          'x-test-account': 'account',
          'x-test-household': device.householdId,
          authorization: 'Bearer test',
          'oversync-source-id': expected.sourceHeader,
        },
        body: expected.body === null ? null : JSON.stringify(expected.body),
      });
      const [status, code] = answers[name] ?? [];
      expect(response.status).toBe(status);
      if (name === 'watch') {
        expect(response.headers.get('content-type')).toBe('text/event-stream');
        await response.body?.cancel();
        return;
      }
      const body = (await response.json()) as Members;
      expect(body['error']).toBe(code);
      if (name === 'connect') expect(body['resolution']).toBe('remote_authoritative');
    },
  );
}

function describePush(): void {
  const FILE = 'push/basic-insert.json';
  test('[OPS-131] single-insert-commit runs as published, with real hashes', async () => {
    ran.count += 1;
    interface Exchange {
      readonly pushSessionCreateRequest: Members;
      readonly pushSessionCreateResponse: Members;
      readonly pushChunkRequest: { readonly rows: PushRequestRow[] };
      readonly pushChunkResponse: Members;
      readonly pushCommitResponse: Members;
      readonly committedBundleRowsResponse: CommittedRowsResponse;
    }
    const vector = caseNamed<Exchange>(FILE, 'single-insert-commit');
    const device = createDevice(server, { sourceId: 'source-fixture' });
    await device.connect();
    const hash = canonicalRequestHash(vector.pushChunkRequest.rows).hash;
    const created = await device.call('POST', '/sync/push-sessions', {
      ...vector.pushSessionCreateRequest,
      canonical_request_hash: hash,
    });
    const pushId = String(created.body['push_id']);
    expect(created.body).toEqual({
      ...vector.pushSessionCreateResponse,
      push_id: pushId,
      canonical_request_hash: hash,
    });
    const path = `/sync/push-sessions/${pushId}`;
    const staged = await device.call('POST', `${path}/chunks`, vector.pushChunkRequest);
    expect(staged.body).toEqual({ ...vector.pushChunkResponse, push_id: pushId });
    const committed = await device.call('POST', `${path}/commit`);
    const hashes = {
      bundle_hash: committed.body['bundle_hash'],
      canonical_request_hash: hash,
    };
    expect(committed.body).toEqual({ ...vector.pushCommitResponse, ...hashes });
    const rows = await device.call('GET', '/sync/committed-bundles/1/rows');
    expect(rows.body).toEqual({ ...vector.committedBundleRowsResponse, ...hashes });
  });

  test('[OPS-131] server-wins-update-conflict is answered as published', async () => {
    ran.count += 1;
    const vector = caseNamed<{ pushConflictResponse: Members }>(
      FILE,
      'server-wins-update-conflict',
    );
    const device = await joinedDevice(server);
    await device.push([user('user-1', 'Ada')]);
    await device.push([user('user-1', 'Server', 1, 'UPDATE')]);
    const answer = await device.push([user('user-1', 'Local', 0, 'UPDATE')]);
    expect(answer.status).toBe(409);
    expect({ ...answer.body, message: 'conflict' }).toEqual(vector.pushConflictResponse);
  });
}

function describePull(): void {
  interface Exchange {
    readonly afterBundleSeq: number;
    readonly pullResponse: PullResponse;
    readonly snapshotSession: Members;
    readonly snapshotChunkResponse: SnapshotPageResponse;
  }

  test('[OPS-131] incremental-insert-delete is pulled as published', async () => {
    ran.count += 1;
    const vector = caseNamed<Exchange>(PULL, 'incremental-insert-delete');
    const device = createDevice(server, { sourceId: 'remote-source' });
    await device.connect();
    await device.push([user('user-1', 'Ada')]);
    await device.push([user('user-1', '', 1, 'DELETE')]);
    const { body } = await device.pull(vector.afterBundleSeq);
    const expected = structuredClone(vector.pullResponse);
    // A server leaves the payload of a DELETE out; receivers take both.
    for (const { rows } of expected.bundles) {
      for (const row of rows) if (row.payload === null) delete row.payload;
    }
    expect(body).toMatchObject(expected);
    expect((body as unknown as PullResponse).bundles[1]?.rows[0]).not.toHaveProperty('payload');
  });

  /** A household whose only row is `user-1` at version 7. */
  async function atSeven(name: string) {
    const device = await joinedDevice(server);
    await device.push([user('user-1', 'first')]);
    for (let base = 1; base < 6; base += 1) {
      await device.push([user('user-1', `edit ${String(base)}`, base, 'UPDATE')]);
    }
    await device.push([user('user-1', name, 6, 'UPDATE')]);
    return device;
  }

  test.each([
    ['history-pruned-fallback', 'Snapshot', 'historyPrunedResponse'],
    ['checkpoint-ahead-fallback', 'Recovered', 'checkpointAheadResponse'],
  ])('[OPS-131] %s leads to exactly its snapshot', async (name, title, refused) => {
    ran.count += 1;
    const vector = caseNamed<
      Exchange & Readonly<Record<string, { status: number; body: { error: string } }>>
    >(PULL, name);
    const device = await atSeven(title);
    await server.sql`update sync.scope set retained_bundle_floor = 2 where scope_id = ${device.householdId}`;
    const answer = await device.pull(vector.afterBundleSeq);
    expect([answer.status, answer.body['error']]).toEqual([
      vector[refused]?.status,
      vector[refused]?.body.error,
    ]);
    const session = await device.call('POST', '/sync/snapshot-sessions');
    const own = {
      snapshot_id: session.body['snapshot_id'],
      expires_at: session.body['expires_at'],
    };
    expect(session.body).toEqual({ ...vector.snapshotSession, ...own });
    const page = await device.call('GET', `/sync/snapshot-sessions/${String(own.snapshot_id)}`);
    expect(page.body).toEqual({ ...vector.snapshotChunkResponse, snapshot_id: own.snapshot_id });
  });

  test('[OPS-131] source-replacement-snapshot retires the old source', async () => {
    ran.count += 1;
    const vector = caseNamed<{ snapshotSessionCreateRequest: Members }>(
      PULL,
      'source-replacement-snapshot',
    );
    const device = createDevice(server, { sourceId: 'retired-source' });
    await device.connect();
    const request = vector.snapshotSessionCreateRequest;
    const session = await device.call('POST', '/sync/snapshot-sessions', request);
    expect(session).toMatchObject({ status: 200, body: { row_count: 0, byte_count: 0 } });
    const late = await device.push([user('user-1', 'late')]);
    expect(late).toMatchObject({
      status: 409,
      body: {
        error: 'source_retired',
        source_id: 'retired-source',
        replaced_by_source_id: 'server-replacement-source',
      },
    });
  });

  test('[OPS-131] source-replacement-invalid is answered as published', async () => {
    ran.count += 1;
    const vector = caseNamed<{
      sourceReplacementInvalidResponse: { status: number; body: { error: string } };
    }>(PULL, 'source-replacement-invalid').sourceReplacementInvalidResponse;
    const device = await joinedDevice(server);
    const other = createDevice(server, { householdId: device.householdId });
    await other.push([user('user-1', 'Ada')]);
    const answer = await device.call('POST', '/sync/snapshot-sessions', {
      source_replacement: {
        previous_source_id: device.sourceId,
        new_source_id: other.sourceId,
        reason: 'source_retired',
      },
    });
    expect([answer.status, answer.body['error']]).toEqual([vector.status, vector.body.error]);
  });
}

function describeWatch(): void {
  interface Refused {
    readonly status: number;
    readonly expectedError: string;
  }
  /** Requests that provoke the refusals; the rest needs a host that forbids watching, or a defect. */
  const provoke: Readonly<Record<string, () => Promise<{ status: number; body: Members }>>> = {
    invalid_request: async () =>
      (await joinedDevice(server)).call('GET', '/sync/watch?after_bundle_seq=-1'),
    authentication_failed: async () => {
      const response = await server.request('/sync/watch', {
        headers: { 'oversync-source-id': 's' },
      });
      return { status: response.status, body: (await response.json()) as Members };
    },
    scope_uninitialized: () => createDevice(server).call('GET', '/sync/watch'),
    scope_initializing: async () => {
      const device = createDevice(server);
      await device.connect(true);
      return device.call('GET', '/sync/watch');
    },
  };
  const provocable = casesOf<Refused>('watch/basic.json', 'setupErrorResponses').filter(
    ([name]) => provoke[name] !== undefined,
  );
  test.each(provocable)('[OPS-131] watch refuses with %s as published', async (name, refused) => {
    ran.count += 1;
    const answer = await provoke[name]?.();
    expect([answer?.status, answer?.body['error']]).toEqual([
      refused.status,
      refused.expectedError,
    ]);
  });
}
