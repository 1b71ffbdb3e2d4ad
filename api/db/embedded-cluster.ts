/**
 * The folder of one embedded Postgres: made by initdb, checked before each start, and never opened
 * by two servers at once.
 *
 * Layout of a data folder: `pgdata/` (the cluster, owned by the account that runs Postgres, 0700),
 * `postgres-password` (0600, this process' account), `postgres.log`, `owner` (which process started
 * the server). initdb works in `pgdata.new` and is renamed when it has finished, so that a killed
 * first start leaves nothing that looks like a cluster.
 */
import { execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, chownSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Account, spawnAs } from './embedded-account.ts';
import type { PostgresBinaries } from './embedded-binaries.ts';
import { EmbeddedPostgresFailure, explainOutput, folderFailure } from './embedded-failure.ts';

export const superuser = 'larder';

export interface Cluster {
  readonly folder: string;
  readonly pgdata: string;
  readonly logFile: string;
  readonly ownerFile: string;
  readonly password: string;
}

function readPassword(folder: string): string {
  const file = join(folder, 'postgres-password');
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    const password = randomBytes(24).toString('hex');
    writeFileSync(file, `${password}\n`, { mode: 0o600 });
    return password;
  }
}

/** The same order and case rules everywhere: Postgres' own from 17 on, before that those of the C library. */
const localeOptions = (major: string): readonly string[] =>
  Number(major) >= 17
    ? ['--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--locale=C']
    : ['--locale-provider=libc', '--locale=C.UTF-8'];

async function initialise(
  cluster: Cluster,
  binaries: PostgresBinaries,
  account: Account,
  noSync: boolean,
): Promise<void> {
  const fresh = `${cluster.pgdata}.new`;
  rmSync(fresh, { recursive: true, force: true });
  mkdirSync(fresh, { mode: 0o700 });
  if (account.isOther) chownSync(fresh, account.uid, account.gid);
  const options = [
    `--pgdata=${fresh}`,
    `--username=${superuser}`,
    '--auth=scram-sha-256',
    '--pwfile=/dev/stdin',
    '--encoding=UTF8',
    ...localeOptions(binaries.major),
    '--data-checksums',
    ...(noSync ? ['--no-sync'] : []),
  ];
  const output = await new Promise<{ code: number | null; text: string }>((resolve, reject) => {
    // A shell hands the password over on a pipe: initdb opens /dev/stdin by name, which fails for
    // the sockets that Node uses as standard input of a child.
    const script = 'cat | "$@"';
    const child = spawn('/bin/sh', ['-c', script, 'sh', binaries.initdb, ...options], {
      cwd: fresh,
      env: { PATH: process.env['PATH'] ?? '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' },
      stdio: ['pipe', 'pipe', 'pipe'],
      ...spawnAs(account),
    });
    let text = '';
    const collect = (chunk: Buffer): void => {
      text = (text + chunk.toString()).slice(-20_000);
    };
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    child.on('error', reject);
    child.on('close', (code) => {
      resolve({ code, text });
    });
    child.stdin.end(`${cluster.password}\n`);
  });
  if (output.code !== 0) {
    writeFileSync(cluster.logFile, output.text, { flag: 'a' });
    throw explainOutput(output.text, cluster.folder, cluster.logFile);
  }
  renameSync(fresh, cluster.pgdata);
}

function checkVersion(cluster: Cluster, binaries: PostgresBinaries): void {
  let found: string;
  try {
    found = readFileSync(join(cluster.pgdata, 'PG_VERSION'), 'utf8').trim();
  } catch {
    throw new EmbeddedPostgresFailure(
      'broken-data-folder',
      `The data folder ${cluster.pgdata} is not a Postgres cluster (no PG_VERSION). Restore it from a backup or move it away.`,
    );
  }
  if (found !== binaries.major) {
    throw new EmbeddedPostgresFailure(
      'wrong-version',
      `The data folder ${cluster.pgdata} was written by Postgres ${found}, but Postgres ${binaries.major} is installed. Start it with the Larder release that made it, dump the data there, and load it into a new folder.`,
    );
  }
}

/** Makes or checks the folder. Afterwards a server may be started on it. */
export async function prepareCluster(
  folder: string,
  binaries: PostgresBinaries,
  account: Account,
  noSync: boolean,
  onProgress: (line: string) => void,
): Promise<Cluster> {
  let cluster: Cluster;
  let isNew: boolean;
  try {
    mkdirSync(folder, { recursive: true, mode: account.isOther ? 0o711 : 0o700 });
    if (account.isOther) chmodSync(folder, 0o711);
    cluster = {
      folder,
      pgdata: join(folder, 'pgdata'),
      logFile: join(folder, 'postgres.log'),
      ownerFile: join(folder, 'owner'),
      password: readPassword(folder),
    };
    isNew = !existsSync(cluster.pgdata) || readdirSync(cluster.pgdata).length === 0;
    if (isNew) rmSync(cluster.pgdata, { recursive: true, force: true });
  } catch (error) {
    throw folderFailure(error, folder);
  }
  if (isNew) {
    onProgress('creating the database');
    await initialise(cluster, binaries, account, noSync).catch((error: unknown) => {
      throw error instanceof EmbeddedPostgresFailure ? error : folderFailure(error, folder);
    });
  }
  checkVersion(cluster, binaries);
  return cluster;
}

/** Command line and start time of a live process, or null. Both are needed: pids are reused. */
function describeProcess(pid: number): { command: string; started: string } | null {
  try {
    if (process.platform === 'linux') {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      // The name in parentheses may hold spaces; the 20th field after it is the start time.
      const started = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
      return { command, started };
    }
    const ask = (column: string): string =>
      execFileSync('ps', ['-o', `${column}=`, '-p', String(pid)], { encoding: 'utf8' }).trim();
    return { command: ask('command'), started: ask('lstart') };
  } catch {
    return null;
  }
}

/** Remembers that this process owns the server, so that a later start can tell an orphan. */
export function writeOwner(cluster: Cluster): void {
  const self = describeProcess(process.pid);
  writeFileSync(cluster.ownerFile, `${process.pid} ${self?.started ?? ''}\n`, { mode: 0o600 });
}

function ownerLives(cluster: Cluster): boolean {
  try {
    const text = readFileSync(cluster.ownerFile, 'utf8').trim();
    const space = text.indexOf(' ');
    const pid = Number(text.slice(0, space));
    const described = describeProcess(pid);
    return described !== null && described.started === text.slice(space + 1);
  } catch {
    return false;
  }
}

/**
 * Deals with the pid file of an earlier server. A live Postgres on this very folder is left alone
 * when the process that started it lives, and stopped when it is an orphan. A pid file whose number
 * now belongs to some other program is stale and removed; one whose process is gone is left to
 * Postgres, which also checks the shared memory it names.
 */
export async function clearEarlierServer(
  cluster: Cluster,
  onProgress: (line: string) => void,
): Promise<void> {
  const pidFile = join(cluster.pgdata, 'postmaster.pid');
  let pid: number;
  try {
    pid = Number(readFileSync(pidFile, 'utf8').split('\n')[0]);
  } catch {
    return; // No pid file: the last server ended in order.
  }
  if (!Number.isSafeInteger(pid) || pid <= 1) {
    rmSync(pidFile, { force: true });
    return;
  }
  const found = describeProcess(pid);
  if (found === null) return;
  if (!found.command.includes('postgres') || !found.command.includes(cluster.pgdata)) {
    rmSync(pidFile, { force: true });
    return;
  }
  if (ownerLives(cluster)) {
    throw new EmbeddedPostgresFailure(
      'already-running',
      `Another Larder is using the data folder ${cluster.folder}. Stop it first, or set LARDER_DATA to another folder.`,
    );
  }
  onProgress('stopping a database server that lost its Larder');
  process.kill(pid, 'SIGINT');
  for (let waited = 0; waited < 30_000; waited += 100) {
    if (describeProcess(pid)?.started !== found.started) return;
    await sleep(100);
  }
  throw new EmbeddedPostgresFailure(
    'already-running',
    `A database server (process ${pid}) uses the data folder ${cluster.folder} and does not stop.`,
  );
}
