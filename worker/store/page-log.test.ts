import { describe, expect, test } from 'vitest';
import { runCrashLives } from '../../test/sim/crash-lives.ts';
import type { CrashReport } from '../../test/sim/crash-lives.ts';
import {
  createSimulatedClock,
  createSimulatedDisk,
  drive,
  PUT_FAULTS,
  withPutFault,
} from '../../test/sim/files-model.ts';
import type { PutFault } from '../../test/sim/files-model.ts';
import { withMistake } from '../../test/sim/planted.ts';
import type { Mistake } from '../../test/sim/planted.ts';
import { createRandom } from '../../test/sim/prng.ts';
import { StoreError } from './files.ts';
import type { Store } from './files.ts';
import { PAGE_SIZE_BYTES } from './format.ts';
import { openPageLog } from './page-log.ts';
import type * as PageLogModule from './page-log.ts';
import type { PageLog } from './page-log.ts';

const SEEDS = 6;
const LIVES = 250;

const faultsOf = ({ wrongStates, lostOnKill, lostWrittenBack, lossesUnsaid }: CrashReport) => ({
  wrongStates,
  lostOnKill,
  lostWrittenBack,
  lossesUnsaid,
});
const NO_FAULTS = { wrongStates: 0, lostOnKill: 0, lostWrittenBack: 0, lossesUnsaid: 0 };

describe('crashes', () => {
  test.each(Array.from({ length: SEEDS }, (_, index) => index + 1))(
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

  const mistakes: readonly Mistake[] = [
    {
      name: 'acknowledge before the put',
      file: 'worker/store/commit.ts',
      right: 'const kept = await putGroup(deps, group);',
      wrong: `for (const waiter of waiters) if (waiter.seq <= group.end.seq) waiter.resolve();
              const kept = await putGroup(deps, group);`,
    },
    {
      name: 'delete what is replaced at once',
      file: 'worker/store/compact.ts',
      right: 'clock.elapsedMs() - sinceMs >= limits.replaceableAfterMs',
      wrong: 'true',
    },
    {
      name: 'never say that something is missing',
      file: 'worker/store/recover.ts',
      right: `: 'possible';`,
      wrong: `: 'none';`,
    },
    {
      name: 'count later transactions as durable',
      file: 'worker/store/commit.ts',
      right: 'durable = group.end;',
      wrong: 'durable = committed;',
    },
  ];

  test.each(mistakes)(
    '[STORE-2] the crash model notices a planted mistake: $name',
    async (mistake) => {
      const entry = 'worker/store/page-log.ts';
      const isCaught = await withMistake(entry, mistake, async (planted: typeof PageLogModule) => {
        for (let seed = 1; seed <= 20; seed++) {
          const report = await runCrashLives(planted.openPageLog, seed, 150);
          if (Object.values(faultsOf(report)).some((count) => count > 0)) return true;
        }
        return false;
      });
      expect(isCaught).toBe(true);
    },
    60_000,
  );
});

describe('a store that fails', () => {
  /** Commits pages whose first byte counts up, one by one, and notes what was said about each. */
  async function workOn(store: Store, clock: ReturnType<typeof createSimulatedClock>) {
    const random = createRandom(7);
    const said: ('saved' | 'not-saved' | 'outcome-unknown')[] = [];
    const opened = await drive(
      clock,
      openPageLog({
        store,
        clock,
        randomBytes: (count) => Uint8Array.from({ length: count }, () => random(256)),
        schemaVersion: 1,
        oldestWriterVersion: 1,
      }),
      500,
    );
    if (!opened.ok) return { said, found: null };
    const log = opened.value;
    const found = log.takeImage()[0] ?? 0;
    for (let value = found + 1; value <= found + 5; value++) {
      commitValue(log, value);
      const outcome = log.whenDurable(log.committedSeq()).then(
        () => 'saved' as const,
        (error: unknown) => {
          if (!(error instanceof StoreError) || error.outcome === 'refused') throw error;
          return error.outcome;
        },
      );
      said.push(await drive(clock, outcome, 500));
    }
    return { said, found };
  }

  function commitValue(log: PageLog, value: number): void {
    const page = new Uint8Array(PAGE_SIZE_BYTES).fill(value);
    log.commit({
      pageCount: 1,
      touchedPages: 1,
      schemaChanged: false,
      schemaVersion: 1,
      readChanges: () => new Map([[1, { type: 'full', bytes: page }]]),
      copyImage: (into) => into.set(page),
    });
  }

  test.each(PUT_FAULTS)(
    '[STORE-3] a put that %s never makes a false promise, whichever it is',
    async (fault: PutFault) => {
      for (let putNumber = 1; ; putNumber++) {
        const clock = createSimulatedClock();
        const disk = createSimulatedDisk(clock, createRandom(putNumber));
        const faulty = withPutFault(disk.open().store, putNumber, fault);
        const first = await workOn(faulty.store, clock);
        disk.crash('kill');
        const second = await workOn(disk.open().store, clock);
        // What was said to be saved is there; what was said not to be saved is not.
        const saved = first.said.filter((outcome) => outcome === 'saved').length;
        const unknown = first.said.filter((outcome) => outcome === 'outcome-unknown').length;
        const found = second.found ?? -1;
        const isTrue = found >= saved && found <= saved + unknown;
        expect({ putNumber, ...first, found, isTrue }).toMatchObject({ isTrue: true });
        // Once one call failed, none after it was acknowledged.
        expect(first.said.slice(saved)).not.toContain('saved');
        expect(second.said).toEqual(Array.from({ length: 5 }, () => 'saved'));
        if (faulty.putCount() < putNumber) return;
      }
    },
  );
});
