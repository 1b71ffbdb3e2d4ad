/**
 * House rules that a linter cannot say, in plain assertions that name the file, the rule and the way out.
 * Reads the tree as text; knows nothing of what the code does.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '..');
const sourceFolders = ['shared', 'worker', 'api', 'web', 'test', 'scripts'];

function walk(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return entry.name === 'node_modules' ? [] : walk(path);
    return [relative(root, path)];
  });
}

const files = sourceFolders.flatMap((folder) => walk(join(root, folder)));
const code = files.filter((file) => /\.(ts|tsx|mjs)$/.test(file));
const textOf = new Map(code.map((file) => [file, readFileSync(join(root, file), 'utf8')]));
const lineCount = (file: string) => (textOf.get(file) ?? '').trimEnd().split('\n').length;
const isTest = (file: string) => /\.(test|spec|contract|bench)\.ts$/.test(file);

test('[OPS-50] a source file has at most 500 lines: split what has two jobs', () => {
  const long = code.filter((file) => lineCount(file) > 500);
  expect(long).toEqual([]);
});

test('[OPS-51] a source file over 30 lines opens by saying what it owns', () => {
  const silent = code.filter((file) => {
    if (lineCount(file) <= 30 || file.endsWith('.tsx') || isTest(file)) return false;
    const opening = (textOf.get(file) ?? '').replace(/^#!.*\n/, '');
    return !/^\s*(\/\*|\/\/)/.test(opening);
  });
  expect(silent).toEqual([]);
});

test('[OPS-52] file names are kebab-case and say the concept', () => {
  const banned = /(^|-)(manager|util|utils|helper|helpers|misc|common|base|impl|handler)(-|\.|$)/;
  const wrong = code.filter((file) => {
    const name = basename(file);
    return !/^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z]+)*\.(ts|tsx|mjs)$/.test(name) || banned.test(name);
  });
  expect(wrong).toEqual([]);
});

test('[OPS-53] there is no index.ts and no import deeper than needed', () => {
  expect(code.filter((file) => basename(file) === 'index.ts')).toEqual([]);
  const deep = code.filter((file) => /from '(\.\.\/){4,}/.test(textOf.get(file) ?? ''));
  expect(deep).toEqual([]);
});

test('[OPS-54] no test is skipped, focused or left for later', () => {
  const pattern = /\b(test|it|describe)\.(skip|only|todo|fixme)\b/;
  const muted = code.filter((file) => isTest(file) && pattern.test(textOf.get(file) ?? ''));
  expect(muted.filter((file) => file !== 'test/tidy.test.ts')).toEqual([]);
});

test('[OPS-55] pure folders hold no clock, randomness or timer by any name', () => {
  const pure = /^(shared|worker\/(engine|store|acts|queries)|api\/sync)\//;
  const ambient = /\b(Date\.now|new Date|Math\.random|setTimeout|setInterval|performance\.now)\b/;
  const impure = code.filter(
    (file) => pure.test(file) && !isTest(file) && ambient.test(withoutComments(file)),
  );
  expect(impure).toEqual([]);
});

test('[OPS-56] SQL of the sync service takes time and ids as parameters', () => {
  const ambient = /\b(now\(\)|random\(\)|gen_random_uuid|clock_timestamp|nextval)\b/;
  const found = code.filter(
    (file) => file.startsWith('api/sync/') && !isTest(file) && ambient.test(withoutComments(file)),
  );
  expect(found).toEqual([]);
});

test('[OPS-57] every rule of docs/spec.md has a test, and every test cites a rule that exists', () => {
  const spec = readFileSync(join(root, 'docs/spec.md'), 'utf8');
  const rules = [...spec.matchAll(/^\| ([A-Z]+-\d+) \|/gm)].map((match) => match[1] ?? '');
  const cited = new Set(
    code
      .filter(isTest)
      .flatMap((file) => [...(textOf.get(file) ?? '').matchAll(/\[([A-Z]+-\d+)\]/g)])
      .map((match) => match[1] ?? ''),
  );
  expect(new Set(rules).size, 'a number is never used twice').toBe(rules.length);
  expect(rules.filter((rule) => !cited.has(rule))).toEqual([]);
  expect([...cited].filter((rule) => !rules.includes(rule))).toEqual([]);
});

test('[OPS-252] docs/conformance.md has a line for every item, and cites rules that exist', () => {
  const spec = readFileSync(join(root, 'docs/spec.md'), 'utf8');
  const text = readFileSync(join(root, 'docs/conformance.md'), 'utf8');
  const items = [...text.matchAll(/^\| (B\d+|E\d+|\d+) \|/gm)].map((match) => match[1] ?? '');
  const upTo = (last: number, first = 1) =>
    Array.from({ length: last - first + 1 }, (_, at) => String(first + at));
  expect(items).toEqual([
    ...upTo(29).map((number) => `B${number}`),
    ...upTo(8).map((number) => `E${number}`),
    ...upTo(25),
    ...upTo(43, 37),
  ]);
  const cited = [...text.matchAll(/\b[A-Z]{3,}-\d+\b/g)].map((match) => match[0]);
  expect(cited.filter((rule) => !spec.includes(`| ${rule} |`))).toEqual([]);
  const empty = text.split('\n').filter((line) => /^\| (B|E)?\d+ \|.*\| *\|$/.test(line));
  expect(empty).toEqual([]);
});

test('[OPS-58] links in the documents lead somewhere', () => {
  const documents = ['README.md', ...walk(join(root, 'docs'))].filter((file) =>
    file.endsWith('.md'),
  );
  const broken = documents.flatMap((file) =>
    [...readFileSync(join(root, file), 'utf8').matchAll(/\]\(([^)#]+)(#[^)]*)?\)/g)]
      .map((match) => match[1] ?? '')
      .filter((target) => !/^[a-z]+:/.test(target))
      .filter((target) => !exists(join(root, file, '..', target)))
      .map((target) => `${file}: ${target}`),
  );
  expect(broken).toEqual([]);
});

function withoutComments(file: string): string {
  return (textOf.get(file) ?? '')
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/^\s*(\/\/|--).*$/gm, '');
}

function exists(path: string): boolean {
  try {
    statSync(path);
    return true;
  } catch {
    return false;
  }
}
