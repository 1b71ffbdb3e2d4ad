/**
 * Which operating-system account runs the embedded Postgres. Postgres refuses to run as root, so a
 * start by root lends it to an account that already exists (`postgres`, else `nobody`): no account is
 * ever created. A start by anybody else uses that person's own account.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { EmbeddedPostgresFailure } from './embedded-failure.ts';

export interface Account {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  /** True when it is not the account of this process, i.e. when this process is root. */
  readonly isOther: boolean;
}

/** The part of spawn options that makes a child run as `account`. */
export function spawnAs(account: Account): { uid?: number; gid?: number } {
  return account.isOther ? { uid: account.uid, gid: account.gid } : {};
}

function readAccounts(): readonly Account[] {
  let text: string;
  try {
    text = readFileSync('/etc/passwd', 'utf8');
  } catch {
    return [];
  }
  return text.split('\n').flatMap((line) => {
    const [name, , uid, gid] = line.split(':');
    if (name === undefined || uid === undefined || gid === undefined) return [];
    return [{ name, uid: Number(uid), gid: Number(gid), isOther: true }];
  });
}

/**
 * `clusterFolder` may exist already: when root starts a folder that an ordinary user made, Postgres
 * runs as that user, because it insists on owning its folder.
 */
export function pickAccount(clusterFolder: string): Account {
  const uid = process.getuid?.() ?? -1;
  if (uid !== 0) {
    return { name: 'this user', uid, gid: process.getgid?.() ?? -1, isOther: false };
  }
  const accounts = readAccounts();
  try {
    const owner = statSync(clusterFolder);
    if (owner.uid !== 0) {
      const name =
        accounts.find((account) => account.uid === owner.uid)?.name ?? `uid ${owner.uid}`;
      return { name, uid: owner.uid, gid: owner.gid, isOther: true };
    }
  } catch {
    // No folder yet: the first start decides.
  }
  for (const name of ['postgres', 'nobody']) {
    const found = accounts.find((account) => account.name === name && account.uid > 0);
    if (found !== undefined) return found;
  }
  throw new EmbeddedPostgresFailure(
    'no-unprivileged-user',
    'Postgres does not run as root, and neither "postgres" nor "nobody" exists here. Start Larder as an ordinary user, or set DATABASE_URL.',
  );
}

/**
 * Asks the system itself, as that account, because permissions of parent folders, groups and access
 * lists all count.
 */
export function mayReach(account: Account, path: string, access: 'r' | 'w' | 'x'): boolean {
  if (process.platform === 'win32') return true;
  const probe = spawnSync('/bin/sh', ['-c', `test -${access} "$1"`, 'sh', path], {
    cwd: '/',
    stdio: 'ignore',
    ...spawnAs(account),
  });
  return probe.status === 0;
}

/**
 * Where the data really goes. A clone below /root is closed to every other account, so that root's
 * data folder there would be useless to Postgres: it then lives below /var/lib, under a name that
 * only this folder has.
 */
export function reachableFolder(account: Account, wanted: string): string {
  const folder = resolve(wanted);
  if (!account.isOther) return folder;
  let existing = dirname(folder);
  while (
    existing !== dirname(existing) &&
    statSync(existing, { throwIfNoEntry: false }) === undefined
  ) {
    existing = dirname(existing);
  }
  // A file in the way is for mkdir to complain about.
  if (!statSync(existing).isDirectory() || mayReach(account, existing, 'x')) return folder;
  const name = createHash('sha256').update(folder).digest('hex').slice(0, 12);
  return join('/var/lib/larder', name);
}
