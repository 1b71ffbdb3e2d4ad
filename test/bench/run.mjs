/** `npm run bench`: prints what a person waits for, beside a bare reference measured in the same run. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');
const playwright = join(root, 'node_modules/@playwright/test/cli.js');
const config = join(import.meta.dirname, 'playwright.config.ts');
const { status } = spawnSync(process.execPath, [playwright, 'test', '-c', config], {
  cwd: root,
  stdio: 'inherit',
});
const vitest = join(root, 'node_modules/vitest/vitest.mjs');
const service = join(import.meta.dirname, 'sync-service.config.ts');
const second = spawnSync(process.execPath, [vitest, 'run', '--config', service], {
  cwd: root,
  stdio: 'inherit',
});
process.exitCode = status === 0 ? (second.status ?? 1) : (status ?? 1);
