/**
 * Brings a clone into a state in which it can run: the right Node, the packages of the lockfile, a
 * build of the present sources. Each part looks first and does nothing when there is nothing to do.
 * Uses Node alone, because it runs before anything is installed.
 */
import { createHash } from 'node:crypto';
import { accessSync, constants, existsSync, mkdirSync, readFileSync, readdirSync } from 'node:fs';
import { rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { StepFailed, fail, runStep } from './report.mjs';

/** Why a clone cannot be brought up, as the line to print last. */
export class PrepareFailed extends Error {
  constructor(line, output = '') {
    super(line);
    this.output = output;
  }
}

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

export function checkNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 19)) {
    fail(
      `Larder needs Node 20.19 or newer; this is ${process.versions.node}. See https://nodejs.org`,
    );
  }
}

const readJson = (path) => {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return null;
  }
};

/**
 * npm writes down what it installed as its last step, so that this file also tells a finished
 * installation from a cut one. Packages for other platforms are allowed to be missing.
 */
function areDependenciesFresh() {
  const wanted = readJson(join(root, 'package-lock.json'))?.packages;
  const present = readJson(join(root, 'node_modules/.package-lock.json'))?.packages;
  if (wanted === undefined || present === undefined) return false;
  return Object.entries(wanted).every(([path, entry]) => {
    if (path === '' || entry.link === true) return true;
    const found = present[path];
    if (found === undefined) return entry.optional === true || entry.peer === true;
    return found.version === entry.version && found.integrity === entry.integrity;
  });
}

export async function ensureDependencies() {
  if (areDependenciesFresh()) return;
  try {
    accessSync(root, constants.W_OK);
  } catch {
    throw new PrepareFailed(
      `Packages are missing and ${root} is not writable for this user. Run npm ci as its owner.`,
    );
  }
  try {
    await installPackages();
  } catch (error) {
    if (!(error instanceof StepFailed)) throw error;
    throw new PrepareFailed(
      'Packages could not be installed: see above. A network connection is needed once.',
      error.output,
    );
  }
}

async function installPackages() {
  // npm that started us knows where it is; otherwise the one on the path.
  const npm = process.env.npm_execpath;
  const isScript = npm !== undefined && /npm-cli\.[cm]?js$/.test(npm);
  const run = (label, verb) =>
    runStep(
      label,
      isScript ? process.execPath : 'npm',
      [
        ...(isScript ? [npm] : []),
        ...verb,
        '--include=dev',
        '--no-audit',
        '--no-fund',
        '--loglevel=error',
      ],
      { cwd: root },
    );
  try {
    await run('installing packages (once, about a minute)', ['ci']);
  } catch (error) {
    // `npm ci` refuses a lockfile without the packages that other platforms would need, which npm
    // writes where a registry lacks them. An installation without saving takes the same versions.
    if (!(error instanceof StepFailed && error.output.includes('EUSAGE'))) throw error;
    await run('installing packages by another way', ['install', '--no-save']);
  }
}

const sources = ['api', 'shared', 'web', 'worker'];
const singleFiles = ['vite.config.ts', 'package.json', 'package-lock.json', 'tsconfig.base.json'];
const stampFile = join(root, 'dist/.stamp');

/** Contents, not times: a fresh clone and a switched branch both look new to the clock. */
function hashSources() {
  const hash = createHash('sha256');
  const add = (path) => {
    hash.update(relative(root, path)).update('\0').update(readFileSync(path)).update('\0');
  };
  for (const folder of sources) {
    const entries = readdirSync(join(root, folder), { recursive: true, withFileTypes: true });
    const paths = entries
      .filter((entry) => entry.isFile() && !/\.test\.tsx?$/.test(entry.name))
      .map((entry) => join(entry.parentPath ?? entry.path, entry.name));
    for (const path of paths.sort()) add(path);
  }
  for (const name of singleFiles) add(join(root, name));
  return hash.digest('hex');
}

const vite = join(root, 'node_modules/vite/bin/vite.js');

export async function ensureBuilt() {
  const hash = hashSources();
  const stamp = existsSync(stampFile) ? readFileSync(stampFile, 'utf8') : '';
  if (stamp === hash && existsSync(join(root, 'dist/server/main.js'))) return;
  try {
    mkdirSync(join(root, 'dist'), { recursive: true });
    rmSync(stampFile, { force: true });
  } catch {
    throw new PrepareFailed(
      `The app must be built and ${join(root, 'dist')} is not writable for this user.`,
    );
  }
  try {
    await runStep('building the app', process.execPath, [vite, 'build'], { cwd: root });
    await runStep(
      'building the server',
      process.execPath,
      [vite, 'build', '--ssr', 'api/main.ts'],
      {
        cwd: root,
      },
    );
  } catch (error) {
    if (!(error instanceof StepFailed)) throw error;
    throw new PrepareFailed('The build failed: see above.', error.output);
  }
  writeFileSync(stampFile, hash);
}
