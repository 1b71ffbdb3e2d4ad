/** The embedded Postgres against the real binaries: start, stop, kill, recovery, and its refusals. */
import {
  chmodSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  mkdirSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import postgres from 'postgres';
import { afterEach, describe, expect, test } from 'vitest';
import { EmbeddedPostgresFailure } from './embedded-failure.ts';
import { type EmbeddedPostgres, startEmbeddedPostgres } from './embedded.ts';

const cleanUps: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp();
});

function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'larder-pg-'));
  chmodSync(folder, 0o755); // The account that runs Postgres for root must get through.
  cleanUps.push(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  return join(folder, 'data');
}

async function start(dataDir: string): Promise<EmbeddedPostgres> {
  const server = await startEmbeddedPostgres({ dataDir, noSync: true });
  cleanUps.push(async () => server.stop());
  return server;
}

async function ask(url: string, query: string): Promise<unknown> {
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  try {
    return await sql.unsafe(query);
  } finally {
    await sql.end({ timeout: 1 });
  }
}

async function failureOf(work: Promise<unknown>): Promise<EmbeddedPostgresFailure> {
  try {
    await work;
  } catch (error) {
    if (error instanceof EmbeddedPostgresFailure) return error;
    throw error;
  }
  throw new Error('it did not fail');
}

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

describe('embedded Postgres', () => {
  test('[OPS-61] starts Postgres 18, keeps data over a stop, and leaves no process', async () => {
    const folder = makeFolder();
    const first = await start(folder);
    await ask(first.url, 'create table kept (n int)');
    await ask(first.url, 'insert into kept values (7)');
    const firstPid = first.pid;
    await first.stop();
    expect(isAlive(firstPid)).toBe(false);
    const second = await start(folder);
    expect(await ask(second.url, 'select n from kept')).toEqual([{ n: 7 }]);
    expect(await ask(second.url, "select current_setting('server_version') as v")).toEqual([
      { v: '18.4' },
    ]);
  });

  test('[OPS-62] refuses a connection without the password, which only the owner can read', async () => {
    const server = await start(makeFolder());
    const url = new URL(server.url);
    url.password = '';
    await expect(ask(url.href, 'select 1')).rejects.toThrow(/password/);
    expect(statSync(join(server.dataDir, 'postgres-password')).mode & 0o777).toBe(0o600);
    expect(statSync(join(server.dataDir, 'pgdata')).mode & 0o777).toBe(0o700);
  });

  test('[OPS-63] comes back on the same address with its data after kill -9', async () => {
    const server = await start(makeFolder());
    await ask(server.url, 'create table kept (n int)');
    await ask(server.url, 'insert into kept values (7)');
    const killed = server.pid;
    process.kill(killed, 'SIGKILL');
    const deadline = Date.now() + 10_000;
    // Asked only when it is back: the driver hangs on a server that dies while it shakes hands.
    while (server.pid === killed && Date.now() < deadline) await sleep(10);
    expect(server.pid).not.toBe(killed);
    expect(await ask(server.url, 'select n from kept')).toEqual([{ n: 7 }]);
  });

  test('[OPS-64] a pid file that names some other program is stale and does not stop the start', async () => {
    const folder = makeFolder();
    const first = await start(folder);
    const pidFile = join(first.dataDir, 'pgdata', 'postmaster.pid');
    const lines = readFileSync(pidFile, 'utf8').split('\n');
    await first.stop();
    writeFileSync(pidFile, [String(process.pid), ...lines.slice(1)].join('\n'));
    const second = await start(folder);
    expect(await ask(second.url, 'select 1 as one')).toEqual([{ one: 1 }]);
  });

  test('[OPS-65] a second start on a folder in use, another version, a broken folder and a taken port are one clear line each', async () => {
    const folder = makeFolder();
    const first = await start(folder);
    expect((await failureOf(startEmbeddedPostgres({ dataDir: folder }))).code).toBe(
      'already-running',
    );
    await first.stop();

    const versionFile = join(folder, 'pgdata', 'PG_VERSION');
    writeFileSync(versionFile, '17\n');
    const wrongVersion = await failureOf(startEmbeddedPostgres({ dataDir: folder }));
    expect(wrongVersion.code).toBe('wrong-version');
    expect(wrongVersion.message).toMatch(/Postgres 17, but Postgres 18/);
    writeFileSync(versionFile, '18\n');

    rmSync(join(folder, 'pgdata', 'global', 'pg_control'));
    const broken = await failureOf(startEmbeddedPostgres({ dataDir: folder }));
    expect(broken.code).toBe('broken-data-folder');
    expect(broken.message).not.toContain('\n');

    const junk = makeFolder();
    mkdirSync(join(junk, 'pgdata'), { recursive: true });
    writeFileSync(join(junk, 'pgdata', 'something'), 'else');
    expect((await failureOf(startEmbeddedPostgres({ dataDir: junk }))).code).toBe(
      'broken-data-folder',
    );

    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    cleanUps.push(() => {
      taken.close();
    });
    const address = taken.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    expect((await failureOf(startEmbeddedPostgres({ dataDir: makeFolder(), port }))).code).toBe(
      'port-busy',
    );
  });
});
