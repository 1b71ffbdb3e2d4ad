/**
 * The keys that work in every view (`app.md` §10): Q, /, G then a letter, Ctrl/⌘ Z (⇧ again), Ctrl/⌘ S. Single
 * letters are never taken inside a text field, under an open dialogue, or together with a modifier.
 */
import { useEffect, useRef } from 'react';
import { useLocation } from 'wouter';

import { useKitchen, useRedoLast, useUndoLast } from '../kitchen.tsx';
import { PUSHED_STATE } from '../use-sheet-param.ts';

const VIEW_BY_KEY: ReadonlyMap<string, string> = new Map([
  ['l', '/list'],
  ['w', '/week'],
  ['r', '/recipes'],
  ['p', '/pantry'],
  ['a', '/activity'],
  ['s', '/sync'],
]);

/** How long G waits for its letter. */
const CHORD_MS = 1_500;

export function useGlobalKeys({ quickAdd }: { readonly quickAdd: () => void }): void {
  const [, navigate] = useLocation();
  const undoLast = useUndoLast();
  const redoLast = useRedoLast();
  const kitchen = useKitchen();
  const goAtMs = useRef(Number.NEGATIVE_INFINITY);

  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.defaultPrevented || isTyping(event.target)) return;
      const key = event.key.toLowerCase();
      if (event.ctrlKey || event.metaKey) {
        if (event.altKey) return;
        if (key === 'z') act(event, event.shiftKey ? redoLast : undoLast);
        if (event.shiftKey) return;
        if (key === 's') act(event, () => void kitchen.syncNow().catch(() => undefined));
        return;
      }
      if (event.altKey || isUnderDialog()) return;
      const going = event.timeStamp - goAtMs.current < CHORD_MS;
      goAtMs.current = key === 'g' && !going ? event.timeStamp : Number.NEGATIVE_INFINITY;
      const view = going ? VIEW_BY_KEY.get(key) : undefined;
      if (view === '/sync') act(event, () => navigate(view, { state: PUSHED_STATE }));
      else if (view !== undefined) act(event, () => navigate(view));
      else if (key === 'q') act(event, quickAdd);
      else if (key === '/') act(event, () => focusSearch(() => navigate('/recipes')));
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  });
}

function act(event: KeyboardEvent, run: () => void): void {
  event.preventDefault();
  run();
}

function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable || target instanceof HTMLTextAreaElement) return true;
  if (target instanceof HTMLSelectElement) return true;
  return target instanceof HTMLInputElement && !['checkbox', 'radio'].includes(target.type);
}

function isUnderDialog(): boolean {
  return document.querySelector('[role="dialog"], [role="alertdialog"]') !== null;
}

/** The search field of this view; where there is none, the view that has one, once it is there. */
function focusSearch(goToSearch: () => void): void {
  if (focusSearchField()) return;
  goToSearch();
  waitForSearchField(SEARCH_TRIES_MAX);
}

/** A view that comes from the network or the cache is there within this many looks, or not at all. */
const SEARCH_TRIES_MAX = 40;
const SEARCH_LOOK_MS = 50;

function waitForSearchField(tries: number): void {
  if (tries === 0 || focusSearchField()) return;
  setTimeout(() => waitForSearchField(tries - 1), SEARCH_LOOK_MS);
}

function focusSearchField(): boolean {
  const field = document.querySelector<HTMLElement>('input[type="search"]');
  field?.focus();
  return field !== null;
}
