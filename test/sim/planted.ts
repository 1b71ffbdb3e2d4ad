/**
 * Builds a module with one known mistake in it, as a text transform of one source file, so that a test can
 * show that it would notice. Product code has no test branches; the mistakes live beside the tests.
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'vite';

const root = join(import.meta.dirname, '../..');

export interface Edit {
  /** Path from the root of the repository. */
  readonly file: string;
  /** Must occur exactly once: a mistake that no longer matches is no proof. */
  readonly right: string;
  readonly wrong: string;
}

export interface Mistake extends Edit {
  readonly name: string;
  /** Second walls that have to go, too, before the first one can be seen to matter. */
  readonly also?: readonly Edit[];
}

/** How many seeds a planted mistake may hide from a model, in the middle of several tries. */
export const SEEDS_MAX = 20;
const TRIALS = 3 * runs();

/** `RUNS` makes every random test so many times longer; the default fits into the whole test run. */
export function runs(): number {
  const asked = Number(process.env['RUNS'] ?? 1);
  if (!Number.isInteger(asked) || asked < 1) throw new Error('RUNS is a whole number from 1');
  return asked;
}

/** Seeds until `notices` says so, in the middle of some trials; printed. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- an import has no type to infer
export async function medianSeeds<Module>(
  entry: string,
  mistake: Mistake,
  notices: (module: Module, seed: number) => boolean | Promise<boolean>,
): Promise<number> {
  const tries = await withMistake(entry, mistake, async (module: Module) => {
    const needed: number[] = [];
    for (let trial = 0; trial < TRIALS; trial++) {
      let count = 1;
      while (count <= SEEDS_MAX && !(await notices(module, trial * SEEDS_MAX + count))) count++;
      needed.push(count);
    }
    return needed.sort((a, b) => a - b);
  });
  const median = tries[tries.length >> 1] ?? Infinity;
  process.stdout.write(`planted: ${mistake.name}: noticed after ${median} seeds of ${SEEDS_MAX}\n`);
  return median;
}

/** Runs `work` with the module at `entry` (a path from the root), built with the mistake. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- an import has no type to infer
export async function withMistake<Module, T>(
  entry: string,
  mistake: Mistake,
  work: (module: Module) => Promise<T>,
): Promise<T> {
  // Inside the repository, so that packages left outside the build are found.
  await mkdir(join(root, '.build'), { recursive: true });
  const folder = await mkdtemp(join(root, '.build', 'planted-'));
  const edits = [mistake, ...(mistake.also ?? [])];
  const matches = edits.map(() => 0);
  try {
    await build({
      root,
      configFile: false,
      logLevel: 'error',
      publicDir: false,
      build: { ssr: join(root, entry), outDir: folder, minify: false, target: 'node20' },
      plugins: [
        {
          name: 'plant-mistake',
          enforce: 'pre',
          transform(code, id) {
            let text = code;
            for (const [index, { file, right, wrong }] of edits.entries()) {
              if (id !== join(root, file)) continue;
              matches[index] = text.split(right).length - 1;
              text = text.replace(right, () => wrong);
            }
            return text === code ? null : text;
          },
        },
      ],
    });
    if (matches.some((count) => count !== 1)) {
      throw new Error(`${mistake.name} matches ${matches.join(', ')} times`);
    }
    const file = `${entry.split('/').at(-1)?.replace(/\.ts$/, '') ?? ''}.js`;
    const module: Module = await import(pathToFileURL(join(folder, file)).href);
    return await work(module);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
