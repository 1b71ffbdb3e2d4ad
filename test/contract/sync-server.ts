/**
 * The sync server for tests: a fresh database, the real migrations, the real service and routes, called
 * through `app.request` without a socket. Who asks is said by two test headers instead of a session.
 */
import type postgres from 'postgres';
import { hashRows } from '../../api/hash-rows.ts';
import { kitchenSync, migrations } from '../../api/db/kitchen.ts';
import { type SyncSchema, installSync, migrate } from '../../api/db/migrate.ts';
import { createPool } from '../../api/db/pool.ts';
import { createDatabase } from '../../api/db/tx.ts';
import type { Database } from '../../api/sync/ports.ts';
import { createSyncRoutes } from '../../api/routes/sync.ts';
import {
  type SyncService,
  type SyncServiceOptions,
  createSyncService,
} from '../../api/sync/service.ts';
import { canonicalRequestHash } from '../../shared/protocol/bundle-hash.ts';
import { assert } from '../../shared/assert.ts';
import type { PushRequestRow } from '../../shared/protocol/shapes.ts';
import { createTestDatabase } from '../test-database.ts';

export interface Answer {
  readonly status: number;
  // Bodies are asserted member by member; a schema here would hide what the server really sends.
  readonly body: Readonly<Record<string, unknown>>;
  readonly headers: Headers;
}

export interface SyncServer {
  readonly service: SyncService;
  readonly sql: postgres.Sql;
  /** Defects that the service reported. */
  readonly logged: readonly string[];
  /** Ends every session of the account. */
  revoke(accountId: string): void;
  request(path: string, init?: RequestInit): Promise<Response>;
  /** The same for a real socket in front. */
  fetch(request: Request): Promise<Response>;
  /** Fails when the service reported a defect: whatever was refused, the server itself never failed. */
  close(): Promise<void>;
}

export const freshUuid = (): string => crypto.randomUUID();

export type SyncServerChoices = Partial<
  Pick<SyncServiceOptions, 'limits' | 'extensions' | 'watchPolicy'>
> & {
  readonly nowMs?: () => number;
  /** Other tables than the kitchen's, and the SQL that makes them. */
  readonly schema?: SyncSchema & { readonly sql: string };
  /** False runs as the superuser, past row-level security: the first wall alone. */
  readonly withSecondWall?: boolean;
  /** Stands between service and database, to count, to cut, or to take a wall away. */
  readonly wrapDatabase?: (database: Database) => Database;
  /** An empty database of the test's own; one on the shared server when absent. */
  readonly url?: string;
};

export async function startSyncServer(choices: SyncServerChoices = {}): Promise<SyncServer> {
  const { url } = choices;
  const database =
    url === undefined ? await createTestDatabase() : { url, drop: () => Promise.resolve() };
  const pool = createPool({ url: database.url });
  await migrate(pool, migrations);
  const logged: string[] = [];
  const revoked = new Set<string>();
  if (choices.schema !== undefined) await pool.sql.unsafe(choices.schema.sql).simple();
  const { registry, walls } = await installSync(pool, choices.schema ?? kitchenSync);
  const real = createDatabase(pool, choices.withSecondWall === false ? { appRole: null } : walls);
  const service = createSyncService({
    database: choices.wrapDatabase?.(real) ?? real,
    registry,
    clock: {
      nowMs: choices.nowMs ?? (() => Date.now()),
      toRfc3339: (ms) => new Date(ms).toISOString(),
    },
    ids: { uuid: freshUuid },
    hashRows,
    log: {
      error: (event, { operation, cause }) =>
        void logged.push(`${event} ${operation ?? ''} ${String(cause)}`),
    },
    ...(choices.limits === undefined ? {} : { limits: choices.limits }),
    ...(choices.extensions === undefined ? {} : { extensions: choices.extensions }),
    ...(choices.watchPolicy === undefined ? {} : { watchPolicy: choices.watchPolicy }),
  });
  const routes = createSyncRoutes({
    service,
    authenticate: async (request) => {
      const accountId = request.headers.get('x-test-account');
      if (accountId === null || revoked.has(accountId)) return { type: 'none' };
      const householdId = request.headers.get('x-test-household');
      return { type: 'account', accountId, householdId, name: 'Ana', deviceLabel: 'Phone' };
    },
    originsOf: () => ['http://localhost'],
  });
  return {
    service,
    sql: pool.sql,
    logged,
    request: async (path, init) => routes.request(path, init),
    fetch: async (request) => routes.fetch(request),
    revoke: (accountId) => void revoked.add(accountId),
    close: async () => {
      await service.stop();
      await pool.close();
      await database.drop();
      assert(logged.length === 0, `the server failed by itself: ${logged.join(' | ')}`);
    },
  };
}

export interface TestDevice {
  readonly householdId: string;
  readonly sourceId: string;
  call(
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<Answer>;
  connect(pending?: boolean): Promise<Answer>;
  /** Creates, stages in one chunk and commits; the answer of the first call that is not 200. */
  push(
    rows: readonly PushRequestRow[],
    options?: {
      readonly id?: number;
      readonly initializationId?: string;
      readonly headers?: Record<string, string>;
    },
  ): Promise<Answer>;
  pull(after?: number, query?: string): Promise<Answer>;
}

export function createDevice(
  server: SyncServer,
  options: { readonly householdId?: string; readonly sourceId?: string } = {},
): TestDevice {
  const householdId = options.householdId ?? freshUuid();
  const sourceId = options.sourceId ?? freshUuid();
  let nextBundleId = 1;
  const call: TestDevice['call'] = async (method, path, body, headers = {}) => {
    const response = await server.request(path, {
      method,
      headers: {
        'x-test-account': `account-of-${householdId}`,
        'x-test-household': householdId,
        'oversync-source-id': sourceId,
        authorization: 'Bearer test',
        ...headers,
      },
      ...(body === undefined
        ? {}
        : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    return {
      status: response.status,
      body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>),
      headers: response.headers,
    };
  };
  return {
    householdId,
    sourceId,
    call,
    connect: (pending = false) =>
      call('POST', '/sync/connect', { has_local_pending_rows: pending }),
    push: async (rows, { id, initializationId, headers = {} } = {}) => {
      const created = await call(
        'POST',
        '/sync/push-sessions',
        {
          source_bundle_id: id ?? nextBundleId,
          planned_row_count: rows.length,
          canonical_request_hash: canonicalRequestHash(rows).hash,
          ...(initializationId === undefined ? {} : { initialization_id: initializationId }),
        },
        headers,
      );
      if (created.status !== 200 || created.body['status'] === 'already_committed') return created;
      const path = `/sync/push-sessions/${String(created.body['push_id'])}`;
      const staged = await call('POST', `${path}/chunks`, { start_row_ordinal: 0, rows }, headers);
      if (staged.status !== 200) return staged;
      const committed = await call('POST', `${path}/commit`, undefined, headers);
      if (committed.status === 200) nextBundleId = (id ?? nextBundleId) + 1;
      return committed;
    },
    pull: (after = 0, query = '') =>
      call('GET', `/sync/pull?after_bundle_seq=${String(after)}${query}`),
  };
}

/** A device that joined an empty household. */
export async function joinedDevice(server: SyncServer, householdId?: string): Promise<TestDevice> {
  const device = createDevice(server, householdId === undefined ? {} : { householdId });
  await device.connect();
  return device;
}
