/**
 * `npm run bench`: prints what a person waits for, beside references measured in the same run, and closes with
 * one table; `test-results/bench.json` has the same with the commit and the machine. Nothing is judged.
 * Sizes come from the environment (`ROWS`, `LINES`, `COMMITS`, `EDITS`, `ACROSS`, `ROUNDS`).
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, release } from 'node:os';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');
const metricsFile = join(root, 'test-results/bench-metrics.jsonl');

const run = (script, ...args) =>
  spawnSync(process.execPath, [join(root, 'node_modules', script), ...args], {
    cwd: root,
    stdio: 'inherit',
  }).status;

const number = (value) =>
  value >= 1000 ? Math.round(value).toLocaleString('en') : value.toFixed(value < 10 ? 2 : 1);

function table(metrics) {
  const byName = new Map(metrics.map((metric) => [metric.name, metric]));
  const rows = metrics.map(({ name, unit, n, p50, p99, reference, target }) => {
    const beside = byName.get(reference);
    const ratio = beside === undefined ? '' : `${number(p50 / beside.p50)} × ${reference}`;
    return [name, number(p50), n === 1 ? '' : number(p99), unit, String(n), ratio, target ?? ''];
  });
  const head = ['what', 'p50', 'p99', 'unit', 'n', 'beside (p50)', 'target'];
  const widths = head.map((_, at) => Math.max(...[head, ...rows].map((row) => row[at].length)));
  return [head, ...rows]
    .map((row) =>
      row
        .map((cell, at) => cell.padEnd(widths[at]))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

rmSync(metricsFile, { force: true });
const statuses = [
  run('@playwright/test/cli.js', 'test', '-c', join(import.meta.dirname, 'playwright.config.ts')),
  run('vitest/vitest.mjs', 'run', '--config', join(import.meta.dirname, 'sync-service.config.ts')),
];
if (existsSync(metricsFile)) {
  const metrics = readFileSync(metricsFile, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const commit = spawnSync('git', ['rev-parse', 'HEAD'], { cwd: root, encoding: 'utf8' });
  const machine = {
    cores: cpus().length,
    cpu: cpus()[0]?.model,
    system: release(),
    load: loadavg(),
  };
  const report = { commit: commit.stdout.trim(), node: process.version, machine, metrics };
  writeFileSync(join(root, 'test-results/bench.json'), `${JSON.stringify(report, null, 2)}\n`);
  console.log(`\n${table(metrics)}\n\nload of the machine: ${loadavg().map(number).join(' ')}`);
}
process.exitCode = statuses.find((status) => status !== 0) ?? 0;
