/**
 * Where a bench puts what it measured. Nothing is judged here: a metric is printed at once, kept for the
 * table that `run.mjs` prints at the end of the run, and written to JSON there. A ratio needs a reference
 * that was measured in the same run; the table says none where there is none.
 */
import { appendFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';

export const metricsFile: string = join(
  import.meta.dirname,
  '../../test-results/bench-metrics.jsonl',
);

interface Named {
  readonly name: string;
  readonly unit: 'ms' | 'rows/s' | 'x' | 'KB' | 'MB' | 'count';
  /** Name of the metric this one is divided by. */
  readonly reference?: string;
  /** As the design states it: absolute, or of the ratio. */
  readonly target?: string;
}

function keep(metric: Named, values: readonly number[]): void {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
  const kept = {
    ...metric,
    n: sorted.length,
    p50: at(0.5),
    p95: at(0.95),
    p99: at(0.99),
    min: at(0),
    max: at(1),
  };
  mkdirSync(join(metricsFile, '..'), { recursive: true });
  appendFileSync(metricsFile, `${JSON.stringify(kept)}\n`);
  const numbers =
    sorted.length === 1
      ? kept.p50.toFixed(2)
      : `p50 ${kept.p50.toFixed(2)}, p99 ${kept.p99.toFixed(2)}, n ${kept.n}`;
  console.log(`${metric.name}: ${numbers} ${metric.unit}`);
}

/** Many runs of the same thing. */
export const report = (metric: Named, values: readonly number[]): void => keep(metric, values);

/** One figure. */
export const reportOne = (metric: Named, value: number): void => keep(metric, [value]);
