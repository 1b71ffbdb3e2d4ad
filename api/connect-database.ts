/**
 * The database of this server: the one of `DATABASE_URL`, tried once so that a wrong address is one
 * clear line at start, or the embedded one. No line holds a password.
 */
import postgres from 'postgres';
import { type Result, err, ok } from '../shared/result.ts';
import { EmbeddedPostgresFailure } from './db/embedded-failure.ts';
import { startEmbeddedPostgres } from './db/embedded.ts';
import type { Env } from './env.ts';

export interface Database {
  readonly url: string;
  /** Ends the embedded server; nothing for a database that is not ours. */
  readonly stop: () => Promise<void>;
}

const connectSeconds = 10;
const oldestVersion = 150_000;

function explain(error: unknown, url: URL): string {
  const place = `${url.hostname}:${url.port === '' ? '5432' : url.port}`;
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : '';
  switch (code) {
    case 'ECONNREFUSED':
      return `DATABASE_URL: nothing listens on ${place}. Is Postgres running there?`;
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `DATABASE_URL: the host ${url.hostname} is not known.`;
    case 'CONNECT_TIMEOUT':
    case 'ETIMEDOUT':
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return `DATABASE_URL: ${place} does not answer.`;
    case '28P01':
    case '28000':
    case 'SASL_SIGNATURE_MISMATCH':
      return `DATABASE_URL: ${place} refuses this user or password.`;
    case '3D000':
      return `DATABASE_URL: the database ${url.pathname.slice(1)} does not exist on ${place}.`;
    case '53300':
      return `DATABASE_URL: ${place} has no connection left for us.`;
    default:
      return `DATABASE_URL: cannot connect to ${place} (${String(code) || 'no reason given'}).`;
  }
}

async function tryConnection(databaseUrl: string): Promise<Result<Database, string>> {
  const url = new URL(databaseUrl);
  const sql = postgres(databaseUrl, {
    max: 1,
    connect_timeout: connectSeconds,
    onnotice: () => {},
  });
  try {
    const [row] = await sql<{ version: number }[]>`
      select current_setting('server_version_num')::int as version`;
    if (row === undefined || row.version < oldestVersion) {
      return err('DATABASE_URL: Larder needs PostgreSQL 15 or newer.');
    }
    return ok({ url: databaseUrl, stop: async () => {} });
  } catch (error) {
    return err(explain(error, url));
  } finally {
    await sql.end({ timeout: 1 });
  }
}

export async function connectDatabase(
  env: Env,
  onProgress: (line: string) => void,
): Promise<Result<Database, string>> {
  if (env.databaseUrl !== null) return tryConnection(env.databaseUrl);
  try {
    const server = await startEmbeddedPostgres({ dataDir: env.dataDir, onProgress });
    if (server.dataDir !== env.dataDir) {
      onProgress(`the data is in ${server.dataDir}, where the account that runs Postgres may go`);
    }
    return ok({ url: server.url, stop: async () => server.stop() });
  } catch (error) {
    if (error instanceof EmbeddedPostgresFailure) return err(error.message);
    throw error;
  }
}
