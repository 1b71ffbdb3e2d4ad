/**
 * What is in the field of quick add and not added yet: one draft, which every field of this device shows,
 * kept for a day. It is a note of whoever works in the kitchen (`private-notes.ts`).
 */
import { useSyncExternalStore } from 'react';

import { deviceNotes } from '../../browser-storage.ts';

const KEY = 'larder:quick-add';
const KEPT_MS = 24 * 60 * 60 * 1000;

const listeners = new Set<() => void>();

export function readQuickAddDraft(nowMs = Date.now()): string {
  const [savedAtMs, text] = parse(deviceNotes.getItem(KEY));
  return nowMs - savedAtMs < KEPT_MS ? text : '';
}

export function keepQuickAddDraft(text: string, nowMs = Date.now()): void {
  if (text === '') deviceNotes.removeItem(KEY);
  else deviceNotes.setItem(KEY, JSON.stringify([nowMs, text]));
  for (const listener of listeners) listener();
}

/** Behind what is there already, as lines of their own. */
export function addToQuickAddDraft(text: string): void {
  const before = readQuickAddDraft();
  keepQuickAddDraft(before === '' ? text : `${before}\n${text}`);
}

export const useQuickAddDraft = (): string =>
  useSyncExternalStore(subscribeQuickAddDraft, () => readQuickAddDraft());

export function subscribeQuickAddDraft(onChange: () => void): () => void {
  listeners.add(onChange);
  // Another tab typed.
  globalThis.addEventListener('storage', onChange);
  return () => {
    listeners.delete(onChange);
    globalThis.removeEventListener('storage', onChange);
  };
}

function parse(stored: string | null): readonly [savedAtMs: number, text: string] {
  const value: unknown = JSON.parse(stored ?? 'null');
  if (!Array.isArray(value)) return [0, ''];
  const [savedAtMs, text] = value as readonly unknown[];
  return typeof savedAtMs === 'number' && typeof text === 'string' ? [savedAtMs, text] : [0, ''];
}
