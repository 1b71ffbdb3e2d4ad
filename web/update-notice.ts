/** Whether a newer version waits, for every place that tells it quietly. */
import { useSyncExternalStore } from 'react';

let reload: (() => void) | null = null;
const listeners = new Set<() => void>();

export function announceUpdate(reloadNow: () => void): void {
  reload = reloadNow;
  for (const listener of listeners) listener();
}

const subscribe = (onChange: () => void): (() => void) => {
  listeners.add(onChange);
  return () => {
    listeners.delete(onChange);
  };
};

/** What reloads into the new version, or null while there is none. */
export function useUpdate(): (() => void) | null {
  return useSyncExternalStore(subscribe, () => reload);
}
