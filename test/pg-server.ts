/**
 * One Postgres for all files of the `pg` project, given to them as `inject('postgresUrl')`. A test
 * file makes a database of its own on it (`createTestDatabase`), so that files run side by side.
 * `TEST_POSTGRES_URL` names another server, `TEST_POSTGRES_BIN` the programs of another version.
 */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { startOwnPostgres } from './own-postgres.ts';

declare module 'vitest' {
  interface ProvidedContext {
    postgresUrl: string;
  }
}

export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const given = process.env['TEST_POSTGRES_URL'];
  if (given !== undefined && given !== '') {
    project.provide('postgresUrl', given);
    return async () => undefined;
  }
  const folder = mkdtempSync(join(tmpdir(), 'larder-pg-'));
  chmodSync(folder, 0o755); // The account that runs Postgres for root must get through.
  const server = await startOwnPostgres({
    dataDir: join(folder, 'data'),
    noSync: true,
    settings: { max_connections: '200' },
  });
  project.provide('postgresUrl', server.url);
  return async () => {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  };
}
