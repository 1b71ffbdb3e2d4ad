import { describe, expect, test } from 'vitest';
import { runCrashLives } from '../../test/sim/crash-lives.ts';
import { faultsOf, testCrashes } from '../../test/sim/crashes.ts';
import { medianSeeds, SEEDS_MAX } from '../../test/sim/planted.ts';
import type { Mistake } from '../../test/sim/planted.ts';
import type * as PageLogModule from './page-log.ts';

testCrashes(14, 12);

const mistakes: readonly Mistake[] = [
  {
    name: 'acknowledge before the put',
    file: 'worker/store/commit.ts',
    right: 'const kept = await putGroup(deps, group);',
    wrong: `for (const waiter of waiters) if (waiter.seq <= group.end.seq) waiter.resolve();
            const kept = await putGroup(deps, group);`,
  },
  {
    name: 'count later transactions as durable',
    file: 'worker/store/commit.ts',
    right: 'durable = group.end;',
    wrong: 'durable = committed;',
  },
  {
    name: 'choose the best next record instead of the best end',
    file: 'worker/store/recover.ts',
    right: 'if (best === null || compareEnds(endOf(child), endOf(best)) > 0) best = child;',
    wrong: 'if (best === null || compareEnds(child, best) > 0) best = child;',
  },
  {
    name: 'nonce before seq',
    file: 'worker/store/cover.ts',
    right: 'a.epoch - b.epoch || a.seq - b.seq || a.nonce - b.nonce;',
    wrong: 'a.epoch - b.epoch || a.nonce - b.nonce || a.seq - b.seq;',
  },
  {
    name: 'longest log before newest owner',
    file: 'worker/store/cover.ts',
    right: 'a.epoch - b.epoch || a.seq - b.seq || a.nonce - b.nonce;',
    wrong: 'a.seq - b.seq || a.epoch - b.epoch || a.nonce - b.nonce;',
  },
  {
    name: 'put before the store is settled',
    file: 'worker/store/page-log.ts',
    right: 'const settled = deps.store.settle();',
    wrong: 'const settled = Promise.resolve(ok(undefined));',
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
    name: 'join the bytes of torn segments',
    file: 'worker/store/compact.ts',
    right: `if (!(await put(name, encodeSegment(deps.databaseId, deps.owner, records)))) return;`,
    wrong: `const files = await Promise.all(parts.map((part) => store.read(part.name)));
      const chunks = [encodeSegment(deps.databaseId, deps.owner, records).slice(0, 64)];
      for (const file of files) if (file.ok) chunks.push(file.value.slice(64));
      const all = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
      let at = 0;
      for (const chunk of chunks) {
        all.set(chunk, at);
        at += chunk.length;
      }
      if (!(await put(name, all))) return;`,
    also: [
      {
        file: 'worker/store/compact.ts',
        right: '({ torn, records }) => !torn && records.every(',
        wrong: '({ records }) => records.every(',
      },
      {
        file: 'worker/store/retention.ts',
        right: 'if (parts.length === 0 || !(await isWhole(file, cover))) continue;',
        wrong: 'if (parts.length === 0) continue;',
      },
    ],
  },
  {
    name: 'take what the chosen files hold for the newest state',
    file: 'worker/store/folder.ts',
    right: 'if (isSettled && !reading.usable().some((file) => canMatter(file, recovery.best))) {',
    wrong: 'if (folder.segments.length > 0) {',
  },
  {
    name: 'believe the newest base when its followers were read',
    file: 'worker/store/folder.ts',
    right: 'if (isSettled && !reading.usable().some((file) => canMatter(file, recovery.best))) {',
    wrong: 'if (isSettled && !folder.unread.some((file) => canMatter(file, recovery.best))) {',
  },
  {
    name: 'never say that something is missing',
    file: 'worker/store/recover.ts',
    right: `: 'possible';`,
    wrong: `: 'none';`,
  },
];

describe('planted mistakes', () => {
  test.each(mistakes)(
    '[STORE-2] the crash model notices: $name',
    async (mistake) => {
      const entry = 'worker/store/page-log.ts';
      const median = await medianSeeds(
        entry,
        mistake,
        async (planted: typeof PageLogModule, seed) => {
          const report = await runCrashLives(planted.openPageLog, seed, 150);
          return Object.values(faultsOf(report)).some((count) => count > 0);
        },
      );
      expect(median).toBeLessThanOrEqual(SEEDS_MAX);
    },
    600_000,
  );
});
