/** What two test files ask of the crash model: vitest runs files side by side, and the lives take a while. */
import { expect, test } from 'vitest';
import { openPageLog } from '../../worker/store/page-log.ts';
import { runCrashLives } from './crash-lives.ts';
import type { CrashReport } from './crash-lives.ts';

const LIVES = 250;

export const faultsOf = (report: CrashReport) => ({
  wrongStates: report.wrongStates,
  lostOnKill: report.lostOnKill,
  lostWrittenBack: report.lostWrittenBack,
  lossesUnsaid: report.lossesUnsaid,
});

const NO_FAULTS = { wrongStates: 0, lostOnKill: 0, lostWrittenBack: 0, lossesUnsaid: 0 };

export function testCrashes(firstSeed: number, seeds: number): void {
  test.each(Array.from({ length: seeds }, (_, index) => firstSeed + index))(
    '[STORE-2] no simulated crash gives a wrong state or loses what must be kept (seed %i)',
    async (seed) => {
      const report = await runCrashLives(openPageLog, seed, LIVES);
      expect(faultsOf(report)).toEqual(NO_FAULTS);
      // The run did reach the rare paths.
      expect(report.kills).toBeGreaterThan(100);
      expect(report.powerCuts).toBeGreaterThan(50);
      expect(report.merges).toBeGreaterThan(100);
      expect(report.basesWritten).toBeGreaterThan(50);
      expect(report.removals).toBeGreaterThan(300);
      expect(report.lateLandings).toBeGreaterThan(0);
    },
    60_000,
  );
}
