/**
 * A Postgres of the tests' own: the one that npm installed, or the programs in the folder that
 * `TEST_POSTGRES_BIN` names, so that every test that starts, kills and restarts a server does so on an older
 * version as well (`npm run test:postgres`).
 */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import {
  type EmbeddedPostgres,
  type EmbeddedPostgresOptions,
  startEmbeddedPostgres,
} from '../api/db/embedded.ts';
import { must } from '../shared/assert.ts';

function programsIn(folder: string): NonNullable<EmbeddedPostgresOptions['programs']> {
  const postgres = join(folder, 'postgres');
  const version = execFileSync(postgres, ['--version'], { encoding: 'utf8' });
  const major = must(/\b(\d+)\.\d+/.exec(version)?.[1], `${postgres} says its version`);
  return { postgres, initdb: join(folder, 'initdb'), major };
}

export function startOwnPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const folder = process.env['TEST_POSTGRES_BIN'] ?? '';
  return startEmbeddedPostgres(
    folder === '' ? options : { ...options, programs: programsIn(folder) },
  );
}
