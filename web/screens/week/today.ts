/**
 * Today as this device's calendar has it. A view that stays open over midnight, or wakes from sleep, moves
 * on: the day is read again when the page becomes visible and once a minute.
 */
import { useSyncExternalStore } from 'react';

const checkEveryMs = 60_000;

const readToday = (): string => {
  const now = new Date();
  const two = (n: number) => String(n).padStart(2, '0');
  return `${String(now.getFullYear())}-${two(now.getMonth() + 1)}-${two(now.getDate())}`;
};

const subscribe = (onChange: () => void): (() => void) => {
  const timer = setInterval(onChange, checkEveryMs);
  document.addEventListener('visibilitychange', onChange);
  return () => {
    clearInterval(timer);
    document.removeEventListener('visibilitychange', onChange);
  };
};

export const useToday = (): string => useSyncExternalStore(subscribe, readToday);
