/** `npx vitest run --config test/bench/sync-service.config.ts`: the bench of the sync service, on a Postgres of its own. */
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';
import { driverGuard } from '../../api/db/driver-guard.ts';

const root = join(import.meta.dirname, '../..');

export default defineConfig({
  root,
  plugins: [driverGuard()],
  test: {
    include: ['test/bench/sync-service.ts'],
    globalSetup: [join(root, 'test/pg-server.ts')],
    server: { deps: { inline: ['postgres'] } },
    testTimeout: 1_200_000,
    hookTimeout: 120_000,
  },
});
