/**
 * The acts of this tab that can be undone, and the undos that can be taken back, newest last, fifty deep. Kept in session storage, so a reload
 * does not lose them; another tab has its own.
 */
import { tabNotes } from './browser-storage.ts';

const KEY = 'larder:undo';
const REDO_KEY = 'larder:redo';
const DEPTH_MAX = 50;

/** Something new was done: what was undone before it is not done again by redo. */
export function rememberAct(actId: string): void {
  write(KEY, [...read(KEY), actId].slice(-DEPTH_MAX));
  write(REDO_KEY, []);
}

/** An undo can be taken back, until something new is done. */
export function rememberUndo(undoId: string): void {
  write(REDO_KEY, [...read(REDO_KEY), undoId].slice(-DEPTH_MAX));
}

/** What was done again can be undone again, and earlier undos can still be taken back. */
export function rememberRedo(actId: string): void {
  write(KEY, [...read(KEY), actId].slice(-DEPTH_MAX));
}

/** Takes the newest act off the stack. */
export const takeLastAct = (): string | undefined => takeLast(KEY);
export const takeLastUndo = (): string | undefined => takeLast(REDO_KEY);

function takeLast(key: string): string | undefined {
  const acts = read(key);
  const last = acts.at(-1);
  if (last !== undefined) write(key, acts.slice(0, -1));
  return last;
}

export function forgetAct(actId: string): void {
  write(
    KEY,
    read(KEY).filter((act) => act !== actId),
  );
}

function read(key: string): readonly string[] {
  const stored: unknown = JSON.parse(tabNotes.getItem(key) ?? '[]');
  return Array.isArray(stored) ? stored.filter((act) => typeof act === 'string') : [];
}

function write(key: string, acts: readonly string[]): void {
  tabNotes.setItem(key, JSON.stringify(acts));
}
