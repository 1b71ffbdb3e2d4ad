/**
 * `npm test`: installs what is missing, a browser included, runs every check, and closes with one line,
 * `N passed, N failed`. A stage without tests of its own (format, lint, types, dead code, build) counts
 * as one. A stage that could not run counts as failed: nothing is skipped in silence.
 *
 *   npm run check     the same without browsers
 *   npm run browsers  the journey that every browser must stand, in all of them, with more kills
 *   npm run bench     the benches of test/bench
 *   npm run test:postgres   only the tests that need Postgres, on the oldest installed one from 15 on
 */
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ensureBrowser } from './browser.mjs';
import { findOlderPostgres } from './older-postgres.mjs';
import { ensureOtherBrowsers } from './other-browsers.mjs';
import { PrepareFailed, checkNode, ensureBuilt, ensureDependencies, root } from './prepare.mjs';
import { StepFailed, fail, runStep, say, stopStepsOnSignal } from './report.mjs';

const known = ['--check', '--bench', '--browsers', '--postgres'];
const given = process.argv.slice(2);
for (const name of given) {
  if (!known.includes(name)) fail(`Unknown argument ${name}. Known: ${known.join(', ')}.`);
}

/** A run that somebody asked for on purpose may take its time. */
const longRunMs = 60 * 60_000;
const results = join(root, 'test-results');
const bin = (name) => join(root, 'node_modules', ...name.split('/'));
const total = { passed: 0, failed: 0 };
/** Named again at the end, where ten minutes of output do not hide it. */
const failedStages = [];
/** Browsers that are not on this machine: neither passed nor failed, said before the last line. */
let notRun = [];

function count(label, passed, failed, startedAt) {
  total.passed += passed;
  total.failed += failed;
  if (failed > 0) failedStages.push(label);
  const seconds = ((Date.now() - startedAt) / 1000).toFixed(1);
  say(`${label}: ${passed} passed, ${failed} failed (${seconds} s)`);
}

/** A stage that either holds or does not. */
async function check(label, script, args) {
  const startedAt = Date.now();
  try {
    await runStep(label, process.execPath, [bin(script), ...args], { cwd: root });
    count(label, 1, 0, startedAt);
    return true;
  } catch (error) {
    if (!(error instanceof StepFailed)) throw error;
    process.stderr.write(`${error.output.trimEnd()}\n`);
    count(label, 0, 1, startedAt);
    return false;
  }
}

async function prepare(label, work) {
  const startedAt = Date.now();
  try {
    await work();
    count(label, 1, 0, startedAt);
    return true;
  } catch (error) {
    if (!(error instanceof PrepareFailed)) throw error;
    process.stderr.write(`${error.output.trimEnd()}\nlarder: ${error.message}\n`);
    count(label, 0, 1, startedAt);
    return false;
  }
}

function readReport(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return null;
  }
}

/** A stage whose runner writes a report. What its exit code says and the report does not, is a failure. */
async function suite(label, script, args, reportFile, read, env = process.env, timeoutMs) {
  const startedAt = Date.now();
  rmSync(reportFile, { force: true });
  let code = 0;
  const onLine = (line) => process.stdout.write(`${line}\n`);
  try {
    const options = { cwd: root, onLine, env, timeoutMs };
    await runStep(label, process.execPath, [bin(script), ...args], options);
  } catch (error) {
    if (!(error instanceof StepFailed)) throw error;
    code = error.code;
  }
  const report = readReport(reportFile);
  const { passed, failed } = report === null ? { passed: 0, failed: 0 } : read(report);
  const hidden = failed === 0 && (code !== 0 || passed === 0) ? 1 : 0;
  count(label, passed, failed + hidden, startedAt);
}

const readVitest = (report) => ({
  passed: report.numPassedTests,
  // A file that does not load has no tests; a test that did not run did not pass.
  failed:
    report.numTotalTests -
    report.numPassedTests +
    report.testResults.filter(
      (file) => file.status === 'failed' && file.assertionResults.length === 0,
    ).length,
});

const readPlaywright = ({ stats }) => ({
  passed: stats.expected,
  failed: stats.unexpected + stats.flaky + stats.skipped,
});

async function runVitest(project, env = {}, timeoutMs) {
  const reportFile = join(results, `${project}.json`);
  const args = ['run', '--project', project, '--reporter=default', '--reporter=json'];
  // Left alone, a core is kept free. Beside a database it is not: that is the other core's work.
  if (project === 'node') args.push('--maxWorkers=100%');
  await suite(
    `tests (${project})`,
    'vitest/vitest.mjs',
    [...args, `--outputFile.json=${reportFile}`],
    reportFile,
    readVitest,
    { ...process.env, NO_COLOR: '1', ...env },
    timeoutMs,
  );
}

/** The service on the oldest Postgres that it supports and this machine has. */
async function runOnOlderPostgres() {
  const found = findOlderPostgres();
  if (found === null) {
    fail(
      'No PostgreSQL 15, 16 or 17 is installed here. Name its programs: TEST_POSTGRES_BIN=…/bin.',
    );
  }
  say(`PostgreSQL ${found.version} in ${found.bin}`);
  await runVitest('pg', { TEST_POSTGRES_BIN: found.bin }, longRunMs);
}

/** Figures that a test wrote into its report: how many kills, how many edits, what was lost. */
function sayFigures(report) {
  const specsOf = (suite) => [...(suite.specs ?? []), ...(suite.suites ?? []).flatMap(specsOf)];
  const tests = (report?.suites ?? []).flatMap(specsOf).flatMap((spec) => spec.tests);
  for (const { type, description } of tests.flatMap((test) => test.annotations)) {
    if (description !== undefined) say(`${type}: ${description}`);
  }
}

async function runBrowserTests(args = [], moreEnv = {}) {
  const startedAt = Date.now();
  const browser = await ensureBrowser();
  if (browser === null) {
    say('no browser was found and none could be installed: install Chromium and run again');
    count('tests (browser)', 0, 1, startedAt);
    return;
  }
  const reportFile = join(results, 'browser.json');
  const env = { ...process.env, LARDER_CHROMIUM: browser, ...moreEnv };
  const playwright = '@playwright/test/cli.js';
  await suite('tests (browser)', playwright, ['test', ...args], reportFile, readPlaywright, env);
  sayFigures(readReport(reportFile));
}

/** Asked for by name, so a browser that cannot be had is a failure here. */
async function runConformance() {
  const startedAt = Date.now();
  notRun = await ensureOtherBrowsers({ download: true });
  if (notRun.length > 0) count('browsers', 0, notRun.length, startedAt);
  const kills = process.env.BROWSER_KILLS ?? '10';
  await runBrowserTests(['conformance'], { BROWSER_KILLS: kills });
}

async function main() {
  checkNode();
  stopStepsOnSignal();
  if (!(await prepare('packages', ensureDependencies))) return close();
  mkdirSync(results, { recursive: true });
  if (given.includes('--bench')) {
    if (!existsSync(join(root, 'test/bench/run.mjs'))) fail('There are no benches yet.');
    await ensureBuilt();
    const onLine = (line) => process.stdout.write(`${line}\n`);
    await runStep('benches', process.execPath, [join(root, 'test/bench/run.mjs')], {
      cwd: root,
      onLine,
    });
    return;
  }
  if (given.includes('--browsers')) {
    if (await prepare('build', ensureBuilt)) await runConformance();
    return close();
  }
  if (given.includes('--postgres')) {
    await runOnOlderPostgres();
    return close();
  }
  await check('format', 'oxfmt/bin/oxfmt', ['--check']);
  await check('lint', 'oxlint/bin/oxlint', [
    '--type-aware',
    '--deny-warnings',
    '--report-unused-disable-directives',
  ]);
  await check('types', 'typescript/bin/tsc', ['-b']);
  await check('dead code', 'knip/bin/knip.js', []);
  for (const project of ['node', 'pg']) await runVitest(project);
  if (!given.includes('--check')) {
    // Browsers see the built app: without a build there is nothing to show them.
    if (await prepare('build', ensureBuilt)) {
      notRun = await ensureOtherBrowsers({ download: false });
      await runBrowserTests();
    }
  }
  return close();
}

function close() {
  for (const line of notRun) say(line);
  if (failedStages.length > 0) say(`failed: ${failedStages.join(', ')}`);
  process.stdout.write(`${total.passed} passed, ${total.failed} failed\n`);
  if (total.failed > 0 || total.passed === 0) process.exitCode = 1;
}

await main();
