/** What two test files ask of the crash model: vitest runs files side by side, and the lives take a while. */
import { expect, test } from 'vitest';
import { openPageLog } from '../../worker/store/page-log.ts';
import { runCrashLives } from './crash-lives.ts';
import type { CrashReport } from './crash-lives.ts';
import { runs } from './planted.ts';

const LIVES = 250;

export const faultsOf = (report: CrashReport) => ({
  wrongStates: report.wrongStates,
  lostOnKill: report.lostOnKill,
  lostWrittenBack: report.lostWrittenBack,
  lossesUnsaid: report.lossesUnsaid,
});

const NO_FAULTS = { wrongStates: 0, lostOnKill: 0, lostWrittenBack: 0, lossesUnsaid: 0 };

/** `RUNS` multiplies the seeds. */
export function testCrashes(firstSeed: number, seedsByDefault: number): void {
  const seeds = seedsByDefault * runs();
  const total = { crashes: 0, kills: 0, tornLogs: 0, equalEpochs: 0 };
  test.each(Array.from({ length: seeds }, (_, index) => firstSeed * runs() + index))(
    '[STORE-2] no simulated crash gives a wrong state or loses what must be kept (seed %i)',
    async (seed) => {
      const report = await runCrashLives(openPageLog, seed, LIVES);
      total.crashes += report.kills + report.powerCuts;
      total.kills += report.kills;
      total.tornLogs += report.tornLogs;
      total.equalEpochs += report.equalEpochs;
      expect(faultsOf(report)).toEqual(NO_FAULTS);
      // The run did reach the rare paths.
      expect(report.kills).toBeGreaterThan(100);
      expect(report.powerCuts).toBeGreaterThan(50);
      expect(report.merges).toBeGreaterThan(100);
      expect(report.basesWritten).toBeGreaterThan(50);
      expect(report.removals).toBeGreaterThan(300);
      expect(report.lateLandings).toBeGreaterThan(0);
      expect(report.lateOwners).toBeGreaterThan(5);
      expect(report.carryingBases).toBeGreaterThan(50);
      expect(report.tornLogs).toBeGreaterThan(0);
      expect(report.fastOpenings).toBeGreaterThan(100);
    },
    600_000,
  );

  test('[STORE-2] the seeds together saw owners of equal epochs', () => {
    process.stdout.write(`page log: ${JSON.stringify(total)}, 0 lost, 0 wrong states\n`);
    expect(total.equalEpochs).toBeGreaterThan(0);
  });
}
