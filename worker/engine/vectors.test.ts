/* oxlint-disable vitest/no-conditional-expect -- each public case says which members it expects */
/**
 * The public vectors, where they concern a client: the real engine against scripted answers. They live
 * outside the repository; without them one test says so. Error texts of the reference are mapped to our
 * codes in one table per file, so that no case passes by failing for another reason, and a case that this
 * runner does not know fails the run.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { bundleHash } from '../../shared/protocol/bundle-hash.ts';
import { capabilitiesResponse } from '../../shared/protocol/capabilities.ts';
import type { BundleRow } from '../../shared/protocol/shapes.ts';
import type { Schema } from '../../shared/schema/types.ts';
import { createDevice, createIds, createRandom } from '../../test/sim/world.ts';
import type { Device } from '../../test/sim/world.ts';
import { parseRetryAfterMs } from './backoff.ts';
import { compareTables } from './capabilities.ts';
import type { SyncAnswer, SyncRequest, Transport } from './ports.ts';

const FOLDER = join(import.meta.dirname, '../../../shared/vectors');
const isPresent = existsSync(FOLDER);

type Json = Record<string, unknown>;
const read = (file: string): Json =>
  isPresent ? (JSON.parse(readFileSync(join(FOLDER, file), 'utf8')) as Json) : {};
const casesOf = (file: Json, name = 'cases'): readonly Json[] => (file[name] ?? []) as Json[];
const named = (file: Json, name = 'cases'): readonly (readonly [string, Json])[] =>
  casesOf(file, name).map((one) => [String(one['name']), one] as const);

const users: Schema = {
  name: 'main',
  version: 1,
  tables: {
    users: {
      columns: {
        id: { kind: 'key', nullable: false, merge: 'fixed', max: 100 },
        name: { kind: 'text', nullable: false, merge: 'fixed', max: 100 },
      },
      key: 'id',
      serverWritten: false,
      serverUnique: [],
      indexes: [],
    },
  },
};

const limits = {
  default_rows_per_snapshot_chunk: 1000,
  max_rows_per_snapshot_chunk: 4000,
  default_bytes_per_snapshot_chunk: 4_194_304,
  max_bytes_per_snapshot_chunk: 16_777_216,
  max_bytes_per_snapshot_row: 4_194_304,
  max_concurrent_snapshot_builds: 2,
  max_concurrent_snapshot_chunk_requests: 8,
};
const capabilities = {
  protocol_version: 'v1',
  schema_version: 1,
  registered_table_specs: [{ schema: 'main', table: 'users', sync_key_columns: ['id'] }],
  features: { connect_lifecycle: true },
  bundle_limits: limits,
};

const text = (value: unknown, otherwise: string): string =>
  typeof value === 'string' ? value : otherwise;

type Script = (request: SyncRequest) => { status: number; body: unknown } | null;

function scripted(script: Script, log: SyncRequest[] = []): Transport {
  return {
    request: (request): Promise<SyncAnswer> => {
      log.push(request);
      const { status, body } =
        script(request) ??
        (request.path === '/sync/capabilities'
          ? { status: 200, body: capabilities }
          : request.method === 'DELETE'
            ? { status: 204, body: null }
            : { status: 404, body: { error: 'not_found', message: request.path } });
      return Promise.resolve({ type: 'answer', status, headers: {}, body });
    },
    watch: () => () => undefined,
  };
}

async function createUser(script: Script, log: SyncRequest[] = []): Promise<Device> {
  const ids = createIds(createRandom(1));
  return createDevice({ schema: users, transport: scripted(script, log), ids });
}

function attachAt(device: Device, checkpoint: number, sourceId = 'source-fixture'): void {
  device.sql.run('insert or ignore into _sync_source_state (source_id) values (?1)', [sourceId]);
  device.sql.run(
    `update _sync_attachment_state set binding_state = 'attached', attached_user_id = 'user-1',
       current_source_id = ?1, last_bundle_seq_seen = ?2`,
    [sourceId, checkpoint],
  );
}

const count = (device: Device, from: string): unknown =>
  device.sql.all(`select count(*) as rows from ${from}`)[0]?.['rows'];

/** Files beside these are about the server or values; a new one must be looked at before it is listed. */
const KNOWN = [
  'README.md',
  'canonical-json',
  'protocol-handshake',
  'protocol-http',
  'pull-snapshot',
  'push',
  'recipes',
  'rich-schema',
  'snapshot-capacity',
  'watch',
];

test(`[PULL-62] the public vectors are ${isPresent ? 'all known' : 'MISSING: ../shared/vectors, its cases did not run'}`, () => {
  expect(isPresent ? readdirSync(FOLDER).toSorted(byCodeUnit) : KNOWN).toEqual(KNOWN);
});

/** Without the folder there are no cases, and the line above says so. */
const present = isPresent ? ['present'] : [];

const byCodeUnit = (a: string, b: string): number => (a < b ? -1 : 1);

const pullFile = read('pull-snapshot/basic.json');
const pullCodes: Readonly<Record<string, string>> = {
  'pull-rejects-row-version-zero': 'malformed-answer',
  'pull-rejects-hidden-scope-payload': 'row-invalid',
  'pull-rejects-stable-behind-request': 'stable-behind',
  'pull-rejects-non-empty-response-without-stable-ceiling': 'bundle-order',
  'snapshot-rejects-malformed-expiry': 'session-expiry',
  'snapshot-rejects-negative-row-count': 'malformed-answer',
  'snapshot-rejects-non-empty-session-without-bundle-seq': 'session-without-bundle',
  'snapshot-rejects-hidden-scope-payload': 'row-invalid',
  'snapshot-rejects-has-more-with-empty-rows': 'empty-page',
  'snapshot-rejects-next-row-ordinal-mismatch': 'page-ordinal',
  'snapshot-rejects-non-empty-chunk-without-bundle-seq': 'too-many-rows',
  'source-replacement-invalid': 'source-replacement-invalid',
};

function pullScript(one: Json): Script {
  const refused = (one['historyPrunedResponse'] ?? one['checkpointAheadResponse']) as
    | { status: number; body: unknown }
    | undefined;
  const invalid = one['sourceReplacementInvalidResponse'] as
    | { status?: number; body?: unknown }
    | undefined;
  let isRebuilt = false;
  return (request) => {
    if (request.path === '/sync/pull') {
      const seq = (one['snapshotSession'] as Json | undefined)?.['snapshot_bundle_seq'] ?? 0;
      if (isRebuilt || one['pullResponse'] === undefined)
        return refused !== undefined && !isRebuilt
          ? refused
          : { status: 200, body: { stable_bundle_seq: seq, bundles: [], has_more: false } };
      return { status: 200, body: one['pullResponse'] };
    }
    if (request.path === '/sync/snapshot-sessions') {
      if (invalid !== undefined)
        return { status: invalid.status ?? 409, body: invalid.body ?? { ...invalid } };
      return { status: 200, body: one['snapshotSession'] };
    }
    if (request.path.startsWith('/sync/snapshot-sessions/') && request.method === 'GET') {
      isRebuilt = true;
      return { status: 200, body: one['snapshotChunkResponse'] };
    }
    return null;
  };
}

describe.each(present)('pull-snapshot/basic.json', () => {
  test.each(named(pullFile))('[PULL-62] %s', async (name, one) => {
    const log: SyncRequest[] = [];
    const device = await createUser(pullScript(one), log);
    const replacement = (
      one['snapshotSessionCreateRequest'] as { source_replacement?: Json } | undefined
    )?.source_replacement;
    const isRotation = replacement !== undefined || name === 'source-replacement-invalid';
    attachAt(
      device,
      Number(one['afterBundleSeq'] ?? 0),
      text(replacement?.['previous_source_id'], 'source-fixture'),
    );
    if (isRotation)
      device.sql.run(
        `update _sync_operation_state set kind = 'source_recovery', reason = 'source_retired',
           replacement_source_id = ?1`,
        [text(replacement?.['new_source_id'], 'reserved-source')],
      );
    const needsSnapshot = one['pullResponse'] === undefined && one['afterBundleSeq'] === undefined;
    const report = needsSnapshot ? await device.engine.rebuild() : await device.engine.sync();
    const final = one['expectedFinalState'] as Json | undefined;
    const code = pullCodes[name];
    if (code !== undefined) {
      expect(report.failure).toMatchObject({ type: 'protocol', code });
      expect(device.engine.status().checkpoint).toBe(Number(one['afterBundleSeq'] ?? 0));
      expect(count(device, 'users')).toBe(0);
      return;
    }
    expect(report.failure).toBeNull();
    expect(final).toBeDefined();
    expect(device.engine.status().checkpoint).toBe(final?.['lastBundleSeqSeen']);
    expect(count(device, '_sync_dirty_rows')).toBe(final?.['dirtyRowCount']);
    if (final?.['usersRowCount'] !== undefined)
      expect(count(device, 'users')).toBe(final['usersRowCount']);
    if (final?.['rowStateDeleted'] !== undefined)
      expect(device.sql.all('select deleted from _sync_row_state')).toEqual([
        { deleted: final['rowStateDeleted'] },
      ]);
    if (replacement !== undefined) {
      const created = log.find((request) => request.path === '/sync/snapshot-sessions');
      expect(JSON.parse(created?.body ?? '')).toEqual(one['snapshotSessionCreateRequest']);
      expect(device.engine.status().sourceId).toBe(final?.['currentSourceId']);
    }
  });
});

const handshakeFile = read('protocol-handshake/connect.json');
const binding = (device: Device): unknown =>
  device.sql.all('select binding_state, pending_initialization_id from _sync_attachment_state')[0];

describe.each(present)('protocol-handshake/connect.json', () => {
  test.each(named(handshakeFile, 'contractCases'))('[CONN-61] tables: %s', (_name, one) => {
    const expected = one['expected'] as Json;
    const advertised = one['advertised'] as never;
    const decoded = capabilitiesResponse.safeParse({
      ...capabilities,
      registered_table_specs: one['advertised'],
    });
    if (expected['kind'] === 'invalid' && !decoded.success) return;
    const contract = compareTables(one['localSpecs'] as never, advertised);
    if (expected['kind'] === 'match') expect(contract).toBeNull();
    else if (expected['kind'] === 'invalid') expect(contract).not.toBeNull();
    else
      expect(contract).toEqual({
        serverOnly: expected['serverOnlyTables'],
        clientOnly: expected['clientOnlyTables'],
        keyDiffers: (expected['syncKeyMismatches'] as Json[]).map((one) => one['qualifiedTable']),
      });
  });

  test.each(named(handshakeFile))('[CONN-62] attach: %s', async (_name, one) => {
    const expected = one['expected'] as Json;
    const log: SyncRequest[] = [];
    const device = await createUser((request) => {
      if (request.path === '/sync/capabilities') return one['capabilities'] as never;
      if (request.path === '/sync/connect') return one['connect'] as never;
      if (request.path === '/sync/snapshot-sessions')
        return {
          status: 200,
          body: {
            snapshot_id: 's',
            snapshot_bundle_seq: 0,
            row_count: 0,
            byte_count: 0,
            expires_at: '2099-01-01T00:00:00Z',
          },
        };
      return request.method === 'GET'
        ? {
            status: 200,
            body: {
              snapshot_id: 's',
              snapshot_bundle_seq: 0,
              rows: [],
              next_row_ordinal: 0,
              has_more: false,
              byte_count: 0,
            },
          }
        : null;
    }, log);
    if ((one['local'] as Json)['hasLocalPendingRows'] === true)
      await device.engine.write((sql) => sql.run(`insert into users values ('u', 'Ana')`));
    const result = await device.engine.attach('user-1');
    expect(log.some((request) => request.path === '/sync/connect')).toBe(expected['connectCalled']);
    const outcomes: Readonly<Record<string, string>> = {
      startedEmpty: 'started-empty',
      seededFromLocal: 'seeded-from-local',
      usedRemoteState: 'used-remote-state',
    };
    if (expected['attachKind'] === 'connected')
      expect(result).toMatchObject({
        type: 'attached',
        outcome: outcomes[String(expected['attachOutcome'])],
      });
    else if (expected['attachKind'] === 'retryLater')
      expect(result).toMatchObject({ type: 'retry-later', seconds: 7 });
    else
      expect(result).toMatchObject({
        type: 'failed',
        failure: { type: 'protocol', code: 'attach-unsupported' },
      });
    if (expected['bindingState'] !== undefined)
      expect(binding(device)).toEqual({
        binding_state: expected['bindingState'],
        pending_initialization_id: expected['pendingInitializationId'] ?? '',
      });
  });
});

const pushFile = read('push/basic-insert.json');

/** Executes a push case: our hashes stand in for the placeholders, except where a mismatch is the point. */
function pushScript(one: Json): { script: Script; device: { current: Device | null } } {
  const device: { current: Device | null } = { current: null };
  const ours = (): string =>
    String(
      device.current?.sql.all(
        'select canonical_request_hash as hash from _sync_outbox_bundle',
      )[0]?.['hash'],
    );
  const committed = one['committedBundleRowsResponse'] as
    | (Json & { rows: BundleRow[] })
    | undefined;
  const isMismatch = String(one['name']).includes('mismatch');
  const fix = (body: Json): Json => ({
    ...body,
    canonical_request_hash: isMismatch ? body['canonical_request_hash'] : ours(),
    ...(body['bundle_hash'] === undefined || committed === undefined
      ? {}
      : { bundle_hash: bundleHash(committed.rows).hash }),
  });
  const script: Script = (request) => {
    if (request.path === '/sync/push-sessions') {
      const response = one['pushSessionCreateResponse'] as Json | undefined;
      if (response !== undefined) return { status: 200, body: fix(response) };
      return {
        status: 200,
        body: {
          status: 'staging',
          push_id: '11111111-1111-4111-8111-111111111111',
          planned_row_count: 1,
          canonical_request_hash: ours(),
        },
      };
    }
    if (request.path.endsWith('/chunks'))
      return {
        status: 200,
        body: { push_id: '11111111-1111-4111-8111-111111111111', next_expected_row_ordinal: 1 },
      };
    if (request.path.endsWith('/commit')) {
      if (one['pushConflictResponse'] !== undefined)
        return { status: 409, body: one['pushConflictResponse'] };
      return { status: 200, body: fix(one['pushCommitResponse'] as Json) };
    }
    if (request.path.endsWith('/rows') && committed !== undefined)
      return { status: 200, body: fix(committed) };
    if (request.path === '/sync/pull') {
      const seq = device.current?.engine.status().checkpoint ?? 0;
      return { status: 200, body: { stable_bundle_seq: seq, bundles: [], has_more: false } };
    }
    return null;
  };
  return { script, device };
}

describe.each(present)('push/basic-insert.json', () => {
  test.each(named(pushFile))('[PUSH-62] %s', async (name, one) => {
    const { script, device: holder } = pushScript(one);
    const log: SyncRequest[] = [];
    const device = await createUser(script, log);
    holder.current = device;
    const isConflict = one['pushConflictResponse'] !== undefined;
    attachAt(device, isConflict ? 2 : 0);
    const local = one['localWrite'] as { sql: string } | undefined;
    await device.engine.write((sql) =>
      sql.run(local?.sql ?? `insert into users (id, name) values ('user-1', 'Ada')`),
    );
    const report = await device.engine.sync();
    const final = one['expectedFinalState'] as Json;
    const outbox = device.sql.all('select state from _sync_outbox_bundle')[0];
    const next = device.sql.all(
      `select next_source_bundle_id as next from _sync_source_state where source_id = 'source-fixture'`,
    )[0];
    if (final['error'] === 'source_sequence_mismatch') {
      expect(report.failure).toMatchObject({ code: 'source-sequence-mismatch' });
      expect(outbox).toEqual({ state: 'prepared' });
      expect(next).toEqual({ next: 1 });
      return;
    }
    if (final['error'] === 'rebuild_required') {
      // Our sync goes on to the rebuild at once; the scripted server has no snapshot, so it stops there.
      expect(report.failure).not.toBeNull();
      expect(outbox).toEqual({ state: 'committed_remote' });
      expect(device.sql.all('select rebuild_required as r from _sync_attachment_state')).toEqual([
        { r: 1 },
      ]);
      expect(next).toEqual({ next: 1 });
      return;
    }
    expect([name, report.failure]).toEqual([name, null]);
    expect(count(device, '_sync_dirty_rows')).toBe(final['dirtyRowCount']);
    expect(count(device, '_sync_outbox_rows')).toBe(final['outboxRowCount']);
    const state = final['rowState'] as Json;
    expect(device.sql.all('select row_version, deleted from _sync_row_state')).toEqual([
      { row_version: state['rowVersion'], deleted: state['deleted'] === true ? 1 : 0 },
    ]);
    const expectedCreate = one['pushSessionCreateRequest'] as Json | undefined;
    if (expectedCreate !== undefined) {
      const bodies = new Map(
        log.map((request) => [
          request.path.split('/').at(-1),
          JSON.parse(request.body ?? 'null') as Json,
        ]),
      );
      expect(bodies.get('push-sessions')).toEqual({
        ...expectedCreate,
        canonical_request_hash: bodies.get('push-sessions')?.['canonical_request_hash'],
      });
      expect(bodies.get('chunks')).toEqual(one['pushChunkRequest']);
      expect(device.engine.status().checkpoint).toBe(final['lastBundleSeqSeen']);
    }
  });
});

const capacityFile = read('snapshot-capacity/retry.json');

describe.each(present)('snapshot-capacity/retry.json', () => {
  test.each(
    casesOf(capacityFile, 'retry_after_cases').map((one) => [one['wire'], one['expected_millis']]),
  )('[SNAP-61] Retry-After "%s" is %s ms', (wire, expected) => {
    expect(parseRetryAfterMs(String(wire))).toBe(expected);
  });
});
