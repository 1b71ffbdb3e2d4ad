/**
 * Cook timers as end times, kept in this browser's session so that they survive a reload. A timer that is
 * over stays until someone stops it: its end must be seen, not only heard.
 */
import { useEffect, useRef, useState } from 'react';

import { type Bell, createBell } from './bell.ts';

export interface Timer {
  /** The step it belongs to, counted from 0; one timer per step. */
  readonly index: number;
  readonly endsAtMs: number;
}

const tickMs = 500;
const keyOf = (recipeId: string): string => `larder.timers.${recipeId}`;

const isTimer = (value: unknown): value is Timer =>
  typeof value === 'object' &&
  value !== null &&
  'index' in value &&
  typeof value.index === 'number' &&
  'endsAtMs' in value &&
  typeof value.endsAtMs === 'number';

const readTimers = (recipeId: string): readonly Timer[] => {
  try {
    const stored: unknown = JSON.parse(sessionStorage.getItem(keyOf(recipeId)) ?? '[]');
    return Array.isArray(stored) ? stored.filter(isTimer) : [];
  } catch {
    // Blocked or broken storage: timers then live as long as this view.
    return [];
  }
};

const keepTimers = (recipeId: string, timers: readonly Timer[]): void => {
  try {
    sessionStorage.setItem(keyOf(recipeId), JSON.stringify(timers));
  } catch {
    // As above: the timers on screen go on.
  }
};

export interface Timers {
  readonly timers: readonly Timer[];
  readonly nowMs: number;
  readonly start: (index: number, seconds: number) => void;
  readonly stop: (index: number) => void;
}

export function useTimers(recipeId: string): Timers {
  const [timers, setTimers] = useState(() => readTimers(recipeId));
  const [nowMs, setNowMs] = useState(() => Date.now());
  useEffect(() => keepTimers(recipeId, timers), [recipeId, timers]);
  useEffect(() => {
    if (timers.length === 0) return undefined;
    const timer = setInterval(() => setNowMs(Date.now()), tickMs);
    return () => clearInterval(timer);
  }, [timers.length]);
  // A timer of an earlier visit has no bell yet: it is seen, and rings from the next press on.
  const bell = useRef<Bell | null>(null);
  const over = timers.filter((timer) => timer.endsAtMs <= nowMs).length;
  useEffect(() => {
    if (over > 0) bell.current?.ring();
  }, [over]);
  const without = (index: number) => timers.filter((timer) => timer.index !== index);
  return {
    timers,
    nowMs,
    start: (index, seconds) => {
      bell.current ??= createBell();
      setNowMs(Date.now());
      setTimers([...without(index), { index, endsAtMs: Date.now() + seconds * 1000 }]);
    },
    stop: (index) => setTimers(without(index)),
  };
}
