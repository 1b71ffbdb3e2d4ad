/**
 * A sheet that is a history entry: what it shows stands in the address (`/list?item=…`), so the back
 * button closes it, a reload opens it again, and it can be opened in its own tab.
 */
import { useCallback, useState } from 'react';
import { useLocation, useSearch } from 'wouter';

export type SheetParam = readonly [
  value: string | null,
  open: (value: string) => void,
  close: () => void,
];

/** Marks entries that we pushed: only those are left by going back. */
export const PUSHED_STATE: Readonly<Record<string, true>> = { larderSheet: true };

export function useSheetParam(name: string): SheetParam {
  const search = useViewSearch();
  const [path, navigate] = useLocation();
  const value = new URLSearchParams(search).get(name);
  const open = useCallback(
    (next: string) => {
      const params = new URLSearchParams(location.search);
      const wasOpen = params.has(name);
      // An entry that is only replaced stays what it was: one that we pushed, or the first of its tab.
      const state: unknown = wasOpen ? history.state : PUSHED_STATE;
      params.set(name, next);
      navigate(`${path}?${params.toString()}`, { state, replace: wasOpen });
    },
    [name, navigate, path],
  );
  const close = useCallback(() => {
    if (wasPushed()) {
      history.back();
      return;
    }
    const params = new URLSearchParams(location.search);
    params.delete(name);
    const rest = params.toString();
    navigate(rest === '' ? path : `${path}?${rest}`, { replace: true });
  }, [name, navigate, path]);
  return [value, open, close];
}

/** The panel that lies over a view with an address of its own, while the view keeps its state. */
export const SYNC = '/sync';

/** The parameters of the view, also while the sync panel lies over it. */
export function useViewSearch(): string {
  const search = useSearch();
  const [path] = useLocation();
  const [kept, setKept] = useState(search);
  const isCovered = path === SYNC;
  if (!isCovered && search !== kept) setKept(search);
  return isCovered ? kept : search;
}

/** True when the current entry was pushed by a sheet or a panel, so that going back closes it. */
export function wasPushed(): boolean {
  const state: unknown = history.state;
  return typeof state === 'object' && state !== null && 'larderSheet' in state;
}
