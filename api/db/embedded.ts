/**
 * Launches a real PostgreSQL 18 from the binaries that npm installed, for a machine where nobody
 * wants to set up a database.
 *
 * What must hold: it listens on loopback only and asks for a password (scram) that only this account
 * can read; it runs unprivileged, also when root starts it; it ends when this process ends, however
 * that happens; killed by somebody else, it comes back on the same port. Every expected failure is an
 * `EmbeddedPostgresFailure` with one line to print.
 *
 * It does not make tables (`migrate.ts`) and does not hold connections (`pool.ts`).
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Account, pickAccount, reachableFolder, spawnAs } from './embedded-account.ts';
import { type PostgresBinaries, prepareBinaries } from './embedded-binaries.ts';
import {
  type Cluster,
  clearEarlierServer,
  prepareCluster,
  superuser,
  writeOwner,
} from './embedded-cluster.ts';
import { EmbeddedPostgresFailure, explainOutput, folderFailure } from './embedded-failure.ts';

export interface EmbeddedPostgresOptions {
  /** Made when missing. Root's folder may end up elsewhere: see `EmbeddedPostgres.dataDir`. */
  readonly dataDir: string;
  /** A free port is taken when this is absent or 0. */
  readonly port?: number;
  /** Tests only: gives up durability against power cuts for a faster start. */
  readonly noSync?: boolean;
  /** Tests only: the programs of an installed Postgres, another version perhaps, instead of npm's. */
  readonly programs?: PostgresBinaries;
  /** Extra server settings, e.g. `{ max_connections: '50' }`. */
  readonly settings?: Readonly<Record<string, string>>;
  readonly onProgress?: (line: string) => void;
  /** How often a server that ends by itself is started again; five times when absent. */
  readonly restartsPerMinuteMax?: number;
}

export interface EmbeddedPostgres {
  /** Connects as the owner of the database, password included: never log it. */
  readonly url: string;
  readonly port: number;
  /** Of the server that runs now; another one after it was killed and came back. */
  readonly pid: number;
  readonly dataDir: string;
  /** Resolves when the server is gone. Safe to call more than once. */
  stop(): Promise<void>;
}

const startMsMax = 600_000;
const bindAttemptsMax = 5;
const restartsPerMinuteMax = 5;
const reviveAgainMs = 500;
const logBytesMax = 5_000_000;

async function findFreePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => {
        if (typeof address === 'object' && address !== null) resolve(address.port);
        else reject(new Error('no port'));
      });
    });
  });
}

function serverSettings(options: EmbeddedPostgresOptions, port: number): string[] {
  const settings: Record<string, string> = {
    port: String(port),
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: '100',
    log_destination: 'stderr',
    logging_collector: 'off',
    // The log must not hold what people wrote: no statements, no DETAIL lines with key values.
    log_min_error_statement: 'panic',
    log_error_verbosity: 'terse',
    timezone: 'UTC',
    log_timezone: 'UTC',
    // After a kill, one call flushes the file system; opening every file of the cluster to flush it takes
    // seconds on a busy disk (measured: 3 to 4 s against 0.4 s until the first query).
    ...(process.platform === 'linux' ? { recovery_init_sync_method: 'syncfs' } : {}),
    // What was committed still survives a killed server: the operating system has it.
    ...(options.noSync === true ? { fsync: 'off', full_page_writes: 'off' } : {}),
    ...options.settings,
  };
  return Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}

/**
 * A shell that does nothing but wait for this process to end: the kernel then closes the pipe, `read`
 * returns, and the server is asked to stop. It lives in a session of its own, out of Ctrl-C's reach.
 */
function watchParent(cluster: Cluster, account: Account, pid: number): ChildProcess {
  const script =
    'read -r word; [ "$word" = done ] && exit 0; [ "$(head -n 1 "$2")" = "$1" ] && kill -INT "$1"';
  const pidFile = join(cluster.pgdata, 'postmaster.pid');
  const watcher = spawn('/bin/sh', ['-c', script, 'sh', String(pid), pidFile], {
    cwd: '/',
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
    ...spawnAs(account),
  });
  watcher.on('error', () => {
    // Without the watcher an orderly end still stops the server; only kill -9 would leave it.
  });
  watcher.stdin?.on('error', () => {});
  watcher.unref();
  return watcher;
}

/** Postgres writes its state into line 8 of the pid file; `pg_ctl` waits for the same word. */
function isReady(cluster: Cluster, pid: number): boolean {
  try {
    const lines = readFileSync(join(cluster.pgdata, 'postmaster.pid'), 'utf8').split('\n');
    return Number(lines[0]) === pid && lines[7]?.trim() === 'ready';
  } catch {
    return false;
  }
}

interface Server {
  readonly child: ChildProcess;
  readonly pid: number;
  readonly watcher: ChildProcess;
  readonly ended: Promise<void>;
}

async function launch(
  cluster: Cluster,
  binaries: PostgresBinaries,
  account: Account,
  settings: readonly string[],
  onProgress: (line: string) => void,
): Promise<Server> {
  const sizeBefore = statSync(cluster.logFile, { throwIfNoEntry: false })?.size ?? 0;
  if (sizeBefore > logBytesMax) renameSync(cluster.logFile, `${cluster.logFile}.1`);
  const log = openSync(cluster.logFile, 'a', 0o600);
  const logFrom = sizeBefore > logBytesMax ? 0 : sizeBefore;
  const child = spawn(binaries.postgres, ['-D', cluster.pgdata, ...settings], {
    cwd: cluster.pgdata,
    detached: true, // Ctrl-C reaches the whole process group; only we end the server.
    env: { PATH: process.env['PATH'] ?? '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' },
    stdio: ['ignore', log, log],
    ...spawnAs(account),
  });
  closeSync(log);
  let gone = false;
  const ended = new Promise<void>((resolve) => {
    const end = (): void => {
      gone = true;
      resolve();
    };
    child.on('error', end);
    child.on('exit', end);
  });
  const { pid } = child;
  if (pid === undefined) {
    await ended;
    throw new EmbeddedPostgresFailure('start-failed', `Cannot run ${binaries.postgres}.`);
  }
  const watcher = watchParent(cluster, account, pid);
  const server: Server = { child, pid, watcher, ended };
  for (let waitedMs = 0; waitedMs < startMsMax; waitedMs += 15) {
    if (gone) {
      watcher.stdin?.end('done\n');
      const written = readFileSync(cluster.logFile).subarray(logFrom).toString();
      throw explainOutput(written, cluster.pgdata, cluster.logFile);
    }
    if (isReady(cluster, pid)) return server;
    if (waitedMs > 0 && waitedMs % 5_010 === 0) onProgress('the database is recovering');
    await Promise.race([sleep(15), ended]);
  }
  await end(server);
  throw new EmbeddedPostgresFailure(
    'start-timeout',
    `The database did not become ready. Details: ${cluster.logFile}`,
  );
}

/** SIGINT is Postgres' fast shutdown; a server that hangs is ended harder, which recovery repairs. */
async function end(server: Server): Promise<void> {
  for (const [signal, waitMs] of [
    ['SIGINT', 10_000],
    ['SIGQUIT', 5_000],
    ['SIGKILL', 5_000],
  ] as const) {
    server.child.kill(signal);
    const waiting = new AbortController();
    const ended = await Promise.race([
      server.ended.then(() => true),
      sleep(waitMs, false, { signal: waiting.signal }).catch(() => false),
    ]);
    waiting.abort();
    if (ended) break;
  }
  server.watcher.stdin?.end('done\n');
}

/** Starts on `port`, or on a free one; patient with what a killed server leaves for a moment. */
async function launchOnPort(
  port: number,
  launchOn: (port: number) => Promise<Server>,
): Promise<{ server: Server; port: number }> {
  for (let attempt = 1; ; attempt += 1) {
    const chosen = port > 0 ? port : await findFreePort();
    try {
      return { server: await launchOn(chosen), port: chosen };
    } catch (error) {
      const isPassing =
        error instanceof EmbeddedPostgresFailure &&
        ((error.code === 'port-busy' && port === 0) ||
          error.message.includes('shared memory block'));
      if (!isPassing || attempt >= bindAttemptsMax) throw error;
      await sleep(200 * attempt);
    }
  }
}

export async function startEmbeddedPostgres(
  options: EmbeddedPostgresOptions,
): Promise<EmbeddedPostgres> {
  const onProgress = options.onProgress ?? (() => {});
  if (process.platform === 'win32') {
    throw new EmbeddedPostgresFailure(
      'unsupported-platform',
      'The embedded Postgres needs Linux or macOS (on Windows: WSL), or set DATABASE_URL.',
    );
  }
  const first = pickAccount(join(options.dataDir, 'pgdata'));
  const folder = reachableFolder(first, options.dataDir);
  const account = pickAccount(join(folder, 'pgdata'));
  const binaries = options.programs ?? (await prepareBinaries(account, folder, onProgress));
  const cluster = await prepareCluster(
    folder,
    binaries,
    account,
    options.noSync === true,
    onProgress,
  );
  await clearEarlierServer(cluster, onProgress);
  const launchOn = async (port: number): Promise<Server> =>
    launch(cluster, binaries, account, serverSettings(options, port), onProgress);
  let running: { server: Server; port: number };
  try {
    running = await launchOnPort(options.port ?? 0, launchOn);
    writeOwner(cluster);
  } catch (error) {
    throw error instanceof EmbeddedPostgresFailure ? error : folderFailure(error, folder);
  }
  return supervise(
    cluster,
    running,
    launchOn,
    onProgress,
    options.restartsPerMinuteMax ?? restartsPerMinuteMax,
  );
}

/** Brings a killed server back, within a bound, until `stop` is called. */
function supervise(
  cluster: Cluster,
  first: { server: Server; port: number },
  launchOn: (port: number) => Promise<Server>,
  onProgress: (line: string) => void,
  restartsMax: number,
): EmbeddedPostgres {
  const { port } = first;
  let server = first.server;
  let stopping = false;
  let reviving: Promise<void> = Promise.resolve();
  let restarts: number[] = [];

  const revive = async (): Promise<void> => {
    server.watcher.stdin?.end('done\n');
    if (stopping) return;
    const now = Date.now();
    restarts = [...restarts.filter((time) => now - time < 60_000), now];
    if (restarts.length > restartsMax) {
      onProgress(`the database keeps ending and is not started again: ${cluster.logFile}`);
      return;
    }
    onProgress('the database ended unexpectedly: starting it again');
    try {
      server = (await launchOnPort(port, launchOn)).server;
      watch();
    } catch (error) {
      onProgress(error instanceof Error ? error.message : String(error));
      // What the killed server left running can stand in the way for a moment; the bound above ends this.
      await sleep(reviveAgainMs);
      await revive();
    }
  };
  const watch = (): void => {
    reviving = server.ended.then(revive);
  };
  watch();

  const stop = async (): Promise<void> => {
    stopping = true;
    await end(server);
    await reviving;
    await end(server); // Of a server that was just being brought back.
    rmSync(cluster.ownerFile, { force: true });
  };
  let stopped: Promise<void> | undefined;
  return {
    url: `postgres://${superuser}:${cluster.password}@127.0.0.1:${port}/postgres`,
    port,
    get pid() {
      return server.pid;
    },
    dataDir: cluster.folder,
    stop: async () => (stopped ??= stop()),
  };
}
