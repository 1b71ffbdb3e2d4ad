/**
 * The anomaly loop over every procedure of the device (`quality.md` §3.6). The number of points where each
 * port can fail is written down: a change in it means that a procedure got another step, and is looked at.
 * Every transaction and every request is tried; what ends like another mode, and single statements, are
 * sampled unless `ANOMALY=all`, and `SEED` moves the sample.
 */
import { describe, expect, test } from 'vitest';
import { MODES, prepareScenario, runOnce } from '../../test/sim/anomaly.ts';
import type { Fault, Mode, Port } from '../../test/sim/anomaly.ts';
import { scenarios } from '../../test/sim/anomaly-scenarios.ts';

const IS_WHOLE = process.env['ANOMALY'] === 'all';
const SEED = Number(process.env['SEED'] ?? 0);
const SAMPLE = 3;
/** Never reached: the run that counts the points. */
const NEVER = 1_000_000;
const SCENARIO_MS_MAX = 600_000;
const PORTS: readonly Port[] = ['store', 'transport', 'sql'];
const ALWAYS: ReadonlySet<Mode> = new Set(['crash-before', 'crash-after', 'answer-lost']);

const isTried = (at: number, mode: Mode, points: number): boolean => {
  if (IS_WHOLE || ALWAYS.has(mode)) return true;
  const step = Math.max(1, Math.floor(points / SAMPLE));
  return at % step === SEED % step;
};

describe('the anomaly loop', () => {
  test.each(scenarios.map((scenario) => [scenario.name, scenario] as const))(
    '[STORE-340] %s: interrupted at every step, it ends as if it had not been',
    async (_name, scenario) => {
      const prepared = await prepareScenario(scenario);
      const points: Record<Port, number> = { store: 0, transport: 0, sql: 0 };
      let untouched = '';
      for (const port of PORTS) {
        const whole = await runOnce(prepared, { port, mode: MODES[port][0], at: NEVER });
        points[port] = whole.count;
        untouched = whole.tables;
      }
      for (const port of PORTS)
        for (const mode of MODES[port])
          for (let at = 1; at <= points[port]; at += 1) {
            if (!isTried(at, mode, points[port])) continue;
            const fault: Fault = { port, mode, at };
            const ending = await runOnce(prepared, fault);
            expect({ ...fault, ...ending }).toMatchObject({ isTouched: true, tables: untouched });
          }
      // Statements are many and come and go; a step is a transaction or a request.
      expect({ store: points.store, transport: points.transport }).toMatchSnapshot();
    },
    SCENARIO_MS_MAX,
  );
});
