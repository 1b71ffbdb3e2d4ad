/** Whether a media query holds, live. Layouts that differ in structure ask this; all else is CSS. */
import { useCallback, useSyncExternalStore } from 'react';

export const WIDE = '(width >= 1024px)';
export const WITH_PANE = '(width >= 1280px)';
export const PHONE = '(width < 640px)';

export function useMedia(query: string): boolean {
  const subscribe = useCallback(
    (onChange: () => void) => {
      const list = matchMedia(query);
      list.addEventListener('change', onChange);
      return () => list.removeEventListener('change', onChange);
    },
    [query],
  );
  return useSyncExternalStore(subscribe, () => matchMedia(query).matches);
}
