import { expect, test } from 'vitest';
import { runBehind } from './cleaning.ts';

test('[SNAP-100] who asks while the cleaner runs is served by one more run, never by none', async () => {
  const ends: (() => void)[] = [];
  const ask = runBehind(() => new Promise<void>((resolve) => ends.push(resolve)));
  const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
  ask();
  ask();
  ask();
  expect(ends).toHaveLength(1);
  ends[0]?.();
  await turn();
  expect(ends, 'one run for all who asked meanwhile').toHaveLength(2);
  ends[1]?.();
  await turn();
  expect(ends, 'nobody asked again').toHaveLength(2);
  ask();
  expect(ends).toHaveLength(3);
});
