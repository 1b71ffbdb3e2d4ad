import { expect, test } from 'vitest';

import { createTurnstile } from './turnstile.ts';

test('[UI-452] a form that waits for the disk is sent once, and can be sent again after a refusal', async () => {
  const busy: boolean[] = [];
  const acts: (() => void)[] = [];
  const once = createTurnstile((now) => void busy.push(now));
  const perform = () => new Promise<void>((resolve) => void acts.push(resolve));
  const first = once(perform);
  await once(perform);
  expect(acts.length).toBe(1);
  acts[0]?.();
  await first;
  await expect(once(() => Promise.reject(new Error('a fault')))).rejects.toThrow('a fault');
  const again = once(perform);
  expect(acts.length).toBe(2);
  acts[1]?.();
  await again;
  expect(busy).toEqual([true, false, true, false, true, false]);
});
