/**
 * Composes the sync service over the pool: triggers and walls into the database, adapters for the
 * ports, routes around the service, and the sweep that removes what expired.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Hono } from 'hono';
import type { Logger } from 'pino';
import { startHintBridge } from './db/hint-bridge.ts';
import { kitchenSync } from './db/kitchen.ts';
import { installSync } from './db/migrate.ts';
import type { Pool } from './db/pool.ts';
import { createDatabase } from './db/tx.ts';
import type { Identity } from './auth/auth.ts';
import { hashRows } from './hash-rows.ts';
import { describeCause } from './describe-cause.ts';
import { createSyncRoutes } from './routes/sync.ts';
import type { Log } from './sync/ports.ts';
import { createSyncService } from './sync/service.ts';

export interface SyncParts {
  readonly routes: Hono;
  /** Refuses new work, ends streams, lets what is in flight finish. */
  readonly stop: () => Promise<void>;
}

export interface StartSyncDeps {
  readonly pool: Pool;
  /** For the one connection that cannot come from the pool: LISTEN. */
  readonly databaseUrl: string;
  readonly authenticate: (request: Request) => Promise<Identity>;
  readonly originsOf: (request: Request) => readonly string[];
  readonly logger: Logger;
  /** Shows counters in `/syncx/status`. */
  readonly operatorToken?: string | null;
  /** Hints over event streams; clients poll without them. */
  readonly isWatchOn?: boolean;
  /** Pages of other origins may use the sync routes with a bearer token. */
  readonly allowsOtherOrigins?: boolean;
  /** Lines for who started the server. */
  readonly onProgress: (line: string) => void;
}

const drainMs = 10_000;
const sweepMs = 60_000;
/** History ages by days; a household that is busy now loses nothing by waiting. */
const retainMs = 10 * 60_000;

const createLog = (logger: Logger): Log => ({
  error: (event, { operation, cause }) => {
    logger.error({ event, operation, ...(cause === undefined ? {} : describeCause(cause)) });
  },
});

export async function startSync(deps: StartSyncDeps): Promise<SyncParts> {
  const { pool, authenticate, originsOf, logger } = deps;
  const { registry, walls } = await installSync(pool, kitchenSync);
  if (walls.reason !== null) deps.onProgress(walls.reason);
  const service = createSyncService({
    database: createDatabase(pool, { appRole: walls.appRole }),
    registry,
    clock: { nowMs: () => Date.now(), toRfc3339: (ms) => new Date(ms).toISOString() },
    ids: { uuid: () => randomUUID() },
    hashRows,
    log: createLog(logger),
    watchPolicy: () => (deps.isWatchOn === false ? 'disabled' : 'allowed'),
  });
  const bridge = startHintBridge({
    url: deps.databaseUrl,
    sql: pool.sql,
    streams: service.hub,
    processId: randomUUID(),
  });
  const sweep = setInterval(() => void service.clean(), sweepMs);
  const retain = setInterval(() => void service.retain(), retainMs);
  void service.retain();
  return {
    routes: createSyncRoutes({
      service,
      authenticate,
      originsOf,
      operatorToken: deps.operatorToken ?? null,
      allowsOtherOrigins: deps.allowsOtherOrigins ?? false,
    }),
    stop: async () => {
      clearInterval(sweep);
      clearInterval(retain);
      await bridge.stop();
      // What is still at work after that is answered by 503, or cut off with the process.
      await Promise.race([service.stop(), sleep(drainMs, undefined, { ref: false })]);
    },
  };
}
