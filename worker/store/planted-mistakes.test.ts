import { expect, test } from 'vitest';
import { runCrashLives } from '../../test/sim/crash-lives.ts';
import { faultsOf, testCrashes } from '../../test/sim/crashes.ts';
import { withMistake } from '../../test/sim/planted.ts';
import type { Mistake } from '../../test/sim/planted.ts';
import type * as PageLogModule from './page-log.ts';

testCrashes(11, 6);

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
    file: 'worker/store/retention.ts',
    right: 'isOld: store.survives.powerCut &&',
    wrong: 'isOld: true ||',
  },
  {
    name: 'believe the wall clock to the minute',
    file: 'worker/store/retention.ts',
    right: 'ageMs >= limits.replaceableAfterWallMs',
    wrong: 'ageMs >= limits.replaceableAfterMs',
  },
  {
    name: 'take what the chosen files hold for the newest state',
    file: 'worker/store/folder.ts',
    right: 'if (isSettled && !folder.unread.some((file) => canMatter(file, recovery.best))) {',
    wrong: 'if (folder.segments.length > 0) {',
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
