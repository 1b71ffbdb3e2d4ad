/**
 * How benches measure: ours and its reference in the same run, in shuffled order, after a warm-up, at least
 * five times; printed as one table and written as JSON. Nothing is judged.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import { must } from '../../shared/assert.ts';

export interface Series {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly n: number;
}

export interface Metric {
  readonly name: string;
  readonly unit: string;
  readonly ours: Series;
  /** What it is compared with, in the same unit; null for a figure that stands alone. */
  readonly reference: { readonly name: string; readonly series: Series } | null;
  /** Ours divided by the reference, of the medians. */
  readonly ratio: number | null;
  readonly target: string | null;
}

export function seriesOf(values: readonly number[]): Series {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (index: number): number => must(sorted[index], 'a series has values');
  return {
    median: at(Math.floor(sorted.length / 2)),
    min: at(0),
    max: at(sorted.length - 1),
    n: sorted.length,
  };
}

export async function elapsedMs(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

/** Runs both `repeats` times after `warmUps`, each pair in an order of its own. */
export async function measurePairs(options: {
  readonly repeats: number;
  readonly warmUps: number;
  readonly ours: () => Promise<number>;
  readonly reference: () => Promise<number>;
}): Promise<{ readonly ours: Series; readonly reference: Series }> {
  const ours: number[] = [];
  const reference: number[] = [];
  for (let round = -options.warmUps; round < options.repeats; round += 1) {
    const isOursFirst = Math.random() < 0.5;
    const early = await (isOursFirst ? options.ours() : options.reference());
    const late = await (isOursFirst ? options.reference() : options.ours());
    if (round < 0) continue;
    ours.push(isOursFirst ? early : late);
    reference.push(isOursFirst ? late : early);
  }
  return { ours: seriesOf(ours), reference: seriesOf(reference) };
}

const shown = (value: number): string =>
  value >= 1000 ? Math.round(value).toLocaleString('en') : value.toPrecision(3);

function rowOf(metric: Metric): readonly string[] {
  const { name, unit, ours, reference, ratio, target } = metric;
  return [
    name,
    `${shown(ours.median)} ${unit} (${shown(ours.min)}-${shown(ours.max)}, n ${String(ours.n)})`,
    reference === null ? '' : `${shown(reference.series.median)} ${unit}`,
    reference?.name ?? '',
    ratio === null ? '' : ratio.toFixed(2),
    target ?? '',
  ];
}

export interface Report {
  add(metric: Omit<Metric, 'ratio'>): void;
  /** Prints the table and writes the JSON. */
  end(file: string): void;
}

export function createReport(title: string, facts: Readonly<Record<string, unknown>>): Report {
  const metrics: Metric[] = [];
  const say = (line: string): void => void process.stdout.write(`${line}\n`);
  return {
    add: (given) => {
      const { reference } = given;
      const ratio = reference === null ? null : given.ours.median / reference.series.median;
      const metric = { ...given, ratio };
      metrics.push(metric);
      say(rowOf(metric).join(' | '));
    },
    end: (file) => {
      const head = ['', 'ours, median', 'reference', 'what the reference is', 'ratio', 'target'];
      const rows = [head, ...metrics.map(rowOf)];
      const widths = head.map((_, column) =>
        Math.max(...rows.map((row) => row[column]?.length ?? 0)),
      );
      say(`\n${title}`);
      for (const row of rows) {
        say(
          row
            .map((cell, column) => cell.padEnd(widths[column] ?? 0))
            .join('  ')
            .trimEnd(),
        );
      }
      const path = join(import.meta.dirname, '../..', file);
      mkdirSync(dirname(path), { recursive: true });
      const about = {
        commit: execFileSync('git', ['rev-parse', 'HEAD'], { encoding: 'utf8' }).trim(),
        node: process.version,
        processors: cpus().length,
        processor: cpus()[0]?.model ?? 'unknown',
        memoryBytes: totalmem(),
        at: new Date().toISOString(),
        ...facts,
      };
      writeFileSync(path, `${JSON.stringify({ about, metrics }, null, 2)}\n`);
      say(`written to ${file}`);
    },
  };
}
