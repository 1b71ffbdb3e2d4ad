/**
 * `npm start` as a person meets it: what it says when something is wrong, and that it leaves nothing
 * behind. Processes are real; each test has a data folder of its own.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test as base } from '@playwright/test';

const root = join(import.meta.dirname, '../..');

interface Run {
  readonly child: ChildProcess;
  readonly output: () => string;
  /** Resolves with the address when the server says it is ready; fails when it ends before. */
  readonly ready: Promise<string>;
  readonly ended: Promise<number | null>;
}

function start(folder: string, env: Record<string, string> = {}): Run {
  const child = spawn(process.execPath, ['scripts/start.mjs'], {
    cwd: root,
    env: { PATH: process.env['PATH'], PORT: '0', LARDER_DATA: join(folder, 'data'), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const ended = new Promise<number | null>((resolve) => {
    child.once('close', (code) => {
      resolve(code);
    });
  });
  const ready = new Promise<string>((resolve, reject) => {
    const read = (chunk: Buffer): void => {
      output += chunk.toString();
      const found = /ready at (http:\/\/\S+)/.exec(output);
      if (found?.[1] !== undefined) resolve(found[1]);
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
    void ended.then(() => {
      reject(new Error(`ended before it was ready:\n${output}`));
      return undefined;
    });
  });
  ready.catch(() => {}); // Tests of failing starts never ask.
  return { child, output: () => output, ready, ended };
}

const test = base.extend<{ folder: string }>({
  // oxlint-disable-next-line no-empty-pattern -- Playwright reads the names from the pattern
  folder: async ({}, use) => {
    const folder = mkdtempSync(join(tmpdir(), 'larder-start-'));
    chmodSync(folder, 0o755); // The account that runs Postgres for root must get through.
    await use(folder);
    rmSync(folder, { recursive: true, force: true });
  },
});

/** Every process that names the folder on its command line: the database and what watches it. */
function processesOf(folder: string): string[] {
  const lines = execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' }).split('\n');
  return lines.filter((line) => line.includes(folder));
}

const lastLine = (run: Run): string => run.output().trim().split('\n').at(-1) ?? '';

for (const signal of ['SIGINT', 'SIGTERM', 'SIGKILL'] as const) {
  test(`[OPS-90] ${signal} ends everything that the start began`, async ({ folder }) => {
    const run = start(folder);
    const url = await run.ready;
    expect((await fetch(`${url}/ready`)).status).toBe(200);
    expect(processesOf(folder).length).toBeGreaterThan(0);
    run.child.kill(signal);
    const code = await run.ended;
    if (signal !== 'SIGKILL') expect(code).toBe(0);
    await expect.poll(() => processesOf(folder)).toEqual([]);
  });
}

test('[OPS-91] data written before the process was killed is there at the next start', async ({
  folder,
}) => {
  const first = start(folder);
  const person = { name: 'Ana', email: 'ana@example.test', password: 'ten letters' };
  const post = async (url: string, path: string) =>
    fetch(`${url}/api/auth/${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: url },
      body: JSON.stringify(person),
    });
  expect((await post(await first.ready, 'sign-up/email')).status).toBe(200);
  first.child.kill('SIGKILL');
  await first.ended;
  // At once: the database of the killed start may still be on its way out.
  const second = start(folder);
  expect((await post(await second.ready, 'sign-in/email')).status).toBe(200);
  second.child.kill('SIGTERM');
  await second.ended;
});

test('[OPS-92] a busy port is one clear line and exit code 1', async ({ folder }) => {
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
  const address = taken.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const run = start(folder, { PORT: String(port) });
  expect(await run.ended).toBe(1);
  expect(lastLine(run)).toContain(`Port ${port} is busy`);
  taken.close();
});

const wrongDatabases = [
  ['a wrong form', 'mysql://larder@localhost/larder', 'DATABASE_URL must look like'],
  [
    'a silent port',
    'postgres://larder:secret@127.0.0.1:1/larder',
    'nothing listens on 127.0.0.1:1',
  ],
  ['an unknown host', 'postgres://larder:secret@larder.invalid/larder', 'larder.invalid'],
] as const;

for (const [what, url, line] of wrongDatabases) {
  test(`[OPS-93] DATABASE_URL with ${what} is one clear line without the password`, async ({
    folder,
  }) => {
    const run = start(folder, { DATABASE_URL: url });
    expect(await run.ended).toBe(1);
    expect(lastLine(run)).toContain(line);
    expect(run.output()).not.toContain('secret');
  });
}

test('[OPS-93] DATABASE_URL with a wrong password or database says which', async ({ folder }) => {
  const owner = start(folder);
  await owner.ready;
  const data = join(folder, 'data');
  const password = readFileSync(join(data, 'postgres-password'), 'utf8').trim();
  const port = readFileSync(join(data, 'pgdata/postmaster.pid'), 'utf8').split('\n')[3] ?? '';
  const lineFor = async (secret: string, name: string) => {
    const url = `postgres://larder:${secret}@127.0.0.1:${port}/${name}`;
    const run = start(folder, { DATABASE_URL: url });
    expect(await run.ended).toBe(1);
    return lastLine(run);
  };
  expect(await lineFor('wrong', 'postgres')).toContain('refuses this user or password');
  expect(await lineFor(password, 'nowhere')).toContain('the database nowhere does not exist');
  owner.child.kill('SIGTERM');
  await owner.ended;
});

test('[OPS-94] a broken data folder, and one in use, are one clear line each', async ({
  folder,
}) => {
  const first = start(folder);
  await first.ready;
  const second = start(folder);
  expect(await second.ended).toBe(1);
  expect(lastLine(second)).toContain('Another Larder is using the data folder');
  first.child.kill('SIGTERM');
  await first.ended;

  writeFileSync(join(folder, 'data/pgdata/PG_VERSION'), '17\n');
  const other = start(folder);
  expect(await other.ended).toBe(1);
  expect(lastLine(other)).toContain('was written by Postgres 17');

  rmSync(join(folder, 'data'), { recursive: true });
  writeFileSync(join(folder, 'data'), 'a file');
  const blocked = start(folder);
  expect(await blocked.ended).toBe(1);
  expect(lastLine(blocked)).toContain('is not a folder');
});
