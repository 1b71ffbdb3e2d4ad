import { expect, test } from 'vitest';
import { runBehind } from './cleaning.ts';

test('[SNAP-100] who asks while the cleaner runs is served by one more run, never by none', async () => {
  const ends: (() => void)[] = [];
  const ask = runBehind(() => new Promise<void>((resolve) => ends.push(resolve)));
  const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
  void ask();
  void ask();
  void ask();
  expect(ends).toHaveLength(1);
  ends[0]?.();
  await turn();
  expect(ends, 'one run for all who asked meanwhile').toHaveLength(2);
  ends[1]?.();
  await turn();
  expect(ends, 'nobody asked again').toHaveLength(2);
  void ask();
  expect(ends).toHaveLength(3);
});

test('[SNAP-402] who asks waits for the run that serves them, not for the one under way', async () => {
  const ends: (() => void)[] = [];
  const ask = runBehind(() => new Promise<void>((resolve) => ends.push(resolve)));
  const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
  const served: string[] = [];
  const first = ask().then(() => served.push('first'));
  const second = ask().then(() => served.push('second'));
  ends[0]?.();
  await turn();
  expect(served).toEqual(['first']);
  ends[1]?.();
  await Promise.all([first, second]);
  expect(served).toEqual(['first', 'second']);
});
