import { expect, test } from 'vitest';

import type { Account, AttachOutcome } from '../../../shared/rpc.ts';
import { attachKitchen } from './attach-kitchen.ts';

const ana: Account = {
  accountId: 'a',
  name: 'Ana',
  email: 'ana@example.test',
  householdId: 'h',
  householdName: "Ana's household",
};

function answering(outcomes: readonly AttachOutcome[]) {
  let asked = 0;
  const waits: number[] = [];
  return {
    kitchen: {
      attach: () => {
        const outcome = outcomes[Math.min(asked, outcomes.length - 1)] ?? { type: 'unreachable' };
        asked += 1;
        return Promise.resolve(outcome);
      },
    },
    wait: (ms: number) => {
      waits.push(ms);
      return Promise.resolve();
    },
    waits,
    asked: () => asked,
  };
}

test('[UI-28] attaching waits as long as the server asks and then succeeds', async () => {
  const world = answering([
    { type: 'retry-later', seconds: 2 },
    { type: 'attached', keptRows: 3 },
  ]);
  const result = await attachKitchen(world.kitchen, ana, 'adopt', world.wait);
  expect(result).toEqual({ ok: true, value: 'together' });
  expect(world.waits).toEqual([2000]);
});

test('[UI-28] attaching does not wait for ever', async () => {
  const world = answering([{ type: 'retry-later', seconds: 60 }]);
  const result = await attachKitchen(world.kitchen, ana, 'adopt', world.wait);
  expect(result).toEqual({ ok: false, error: { type: 'unreachable' } });
  expect(world.asked()).toBe(6);
});
