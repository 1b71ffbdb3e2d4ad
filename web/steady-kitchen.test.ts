/** Owners that end under a tab: calls are answered, watches go on, and an end without an end is said. */
import { expect, test } from 'vitest';
import { must } from '../shared/assert.ts';
import type { Kitchen } from '../shared/rpc.ts';
import type { SyncStatus } from '../shared/status.ts';
import { createSteadyKitchen } from './steady-kitchen.ts';

const never = (): never => {
  throw new Error('not part of this test');
};

/** Owners by hand: each life records what it was asked, answers when told, and ends when told. */
function createOwners() {
  const lives: {
    readonly acts: string[];
    readonly watchers: ((status: SyncStatus) => void)[];
    answer: () => void;
    end: (reason: string) => void;
  }[] = [];
  const world = { nowMs: 0, givenUp: [] as unknown[], lives, pauses: [] as number[] };
  const reach = () => {
    let end = (_reason: string): void => undefined;
    const ended = new Promise<unknown>((resolve) => {
      end = resolve;
    });
    const answers: (() => void)[] = [];
    const life = {
      acts: [] as string[],
      watchers: [] as ((status: SyncStatus) => void)[],
      answer: () => {
        for (const one of answers.splice(0)) one();
      },
      end,
    };
    lives.push(life);
    const kitchen: Kitchen = {
      perform: (_act, _args, actId) => {
        life.acts.push(actId);
        return new Promise((resolve) =>
          answers.push(() =>
            resolve({
              ok: true,
              value: { actId, sentence: { key: 'plan.cooked', values: {} }, undoable: false },
            } as never),
          ),
        );
      },
      watchStatus: (onStatus) => {
        life.watchers.push(onStatus);
        return Promise.resolve(() => {
          life.watchers.splice(life.watchers.indexOf(onStatus), 1);
        });
      },
      ask: never,
      watch: never,
      attach: never,
      detach: never,
      account: never,
      decide: never,
      syncNow: never,
      wake: never,
      exportUnsent: never,
      discardUnsent: never,
      exportLost: never,
      dismissLost: never,
      afterClearing: never,
      handOver: () => {
        life.end('handed over');
        return Promise.resolve();
      },
      dump: never,
    };
    return { kitchen, ended };
  };
  const kitchen = createSteadyKitchen({
    reach,
    onGivenUp: (error) => void world.givenUp.push(error),
    nowMs: () => world.nowMs,
    pause: (ms) => {
      world.pauses.push(ms);
      return Promise.resolve();
    },
  });
  return { world, kitchen };
}

const life = (world: ReturnType<typeof createOwners>['world'], index: number) =>
  must(world.lives[index], 'this owner was reached');

test('[TABS-200] an act whose owner ended is sent to the next one under the same id', async () => {
  const { world, kitchen } = createOwners();
  const performed = kitchen.perform('list.remove', { ids: [] }, 'act-1');
  await expect.poll(() => life(world, 0).acts).toEqual(['act-1']);
  life(world, 0).end('killed');
  await expect.poll(() => world.lives.length).toBe(2);
  await expect.poll(() => life(world, 1).acts).toEqual(['act-1']);
  life(world, 1).answer();
  expect(await performed).toMatchObject({ ok: true, value: { actId: 'act-1' } });
  expect(world.givenUp).toEqual([]);
});

test('[TABS-201] a watch goes on at every next owner, once, until it is stopped', async () => {
  const { world, kitchen } = createOwners();
  const seen: string[] = [];
  const stop = await kitchen.watchStatus(({ sourceId }) => void seen.push(sourceId));
  for (const index of [0, 1]) {
    life(world, index).end('killed');
    await expect.poll(() => world.lives[index + 1]?.watchers.length).toBe(1);
    life(world, index + 1).watchers[0]?.({ sourceId: `owner ${index + 1}` } as SyncStatus);
  }
  expect(seen).toEqual(['owner 1', 'owner 2']);
  stop();
  expect(life(world, 2).watchers).toEqual([]);
  life(world, 2).end('killed');
  await expect.poll(() => world.lives.length).toBe(4);
  expect(life(world, 3).watchers).toEqual([]);
});

test('[TABS-202] owners that keep ending are given up, and what waits is refused', async () => {
  const { world, kitchen } = createOwners();
  const refused = kitchen.perform('list.remove', { ids: [] }, 'act-1').then(
    () => 'answered',
    (error: unknown) => error,
  );
  for (let index = 0; world.givenUp.length === 0; index += 1) {
    await expect.poll(() => world.lives.length).toBe(index + 1);
    life(world, index).end(`end ${index}`);
    await new Promise((resolve) => {
      setTimeout(resolve);
    });
  }
  expect(world.pauses).toEqual([0, 250, 1_000, 2_000, 4_000]);
  expect(await refused).toBe('end 5');
  expect(world.givenUp).toEqual(['end 5']);
  await expect(kitchen.perform('list.remove', { ids: [] }, 'act-2')).rejects.toBe('end 5');
});

test('[TABS-440] a browser that throws where a worker is asked for is given up aloud', async () => {
  const blocked = new Error('site data is blocked');
  const givenUp: unknown[] = [];
  const kitchen = createSteadyKitchen({
    reach: () => {
      throw blocked;
    },
    onGivenUp: (error) => void givenUp.push(error),
    nowMs: () => 0,
    pause: never,
  });
  await expect(kitchen.syncNow()).rejects.toBe(blocked);
  expect(givenUp).toEqual([blocked]);
});

test('[TABS-203] an owner that lived for a while makes earlier ends forgotten', async () => {
  const { world } = createOwners();
  for (let index = 0; index < 20; index += 1) {
    await expect.poll(() => world.lives.length).toBe(index + 1);
    world.nowMs += 60_000;
    life(world, index).end('killed');
  }
  await expect.poll(() => world.lives.length).toBe(21);
  expect(world.givenUp).toEqual([]);
});

test('[TABS-212] a tab of an older version hands its owner over and asks for no other', async () => {
  const { world, kitchen } = createOwners();
  await kitchen.retire();
  expect(world.lives).toHaveLength(1);
  expect(world.givenUp).toEqual([]);
  await expect(kitchen.perform('list.remove', { ids: [] }, 'act-1')).rejects.toThrow(
    'older version',
  );
});
