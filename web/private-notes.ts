/**
 * Drafts, half-typed lines, timers and the undo stack are notes of whoever works in a kitchen, kept in the
 * browser beside it. When another kitchen of this device opens, they step aside with the one they belong to
 * and come back with it: nobody finds the words of the person before (`app.md` §6.5).
 *
 * The look and the last view belong to the device and stay.
 */
import type { Kitchen } from '../shared/rpc.ts';
import { deviceNotes, type NoteStorage, tabNotes } from './browser-storage.ts';

/** Which kitchen the notes in plain sight belong to. */
const OWNER = 'larder:kitchen';
const OF_THE_DEVICE: ReadonlySet<string> = new Set([OWNER, 'larder:theme', 'larder:last-view']);
const ASIDE = 'larder~';

const asideOf = (kitchen: string): string => `${ASIDE}${kitchen}~`;

/** Follows the kitchen that is open; `onMoved` is told when the notes in sight became others. */
export function keepNotesApart(kitchen: Pick<Kitchen, 'watchStatus'>, onMoved: () => void): void {
  kitchen
    .watchStatus(({ kitchen: name }) => {
      if (name !== undefined && showNotesOf(name, noteStorages)) onMoved();
    })
    // A worker that is gone is told by the frame.
    .catch(() => undefined);
}

/** Puts the notes of `kitchen` in plain sight. True if they were another's until now. */
export function showNotesOf(kitchen: string, storages: readonly NoteStorage[]): boolean {
  let hasChanged = false;
  for (const storage of storages) {
    const owner = storage.getItem(OWNER);
    if (owner === kitchen) continue;
    storage.setItem(OWNER, kitchen);
    if (owner === null) continue;
    hasChanged = true;
    for (const name of inSight(storage)) move(storage, name, asideOf(owner) + name);
    const aside = asideOf(kitchen);
    for (const name of namesIn(storage)) {
      if (name.startsWith(aside)) move(storage, name, name.slice(aside.length));
    }
  }
  return hasChanged;
}

/** The kitchen leaves this device: its notes too. */
export function forgetNotesOf(kitchen: string, storages: readonly NoteStorage[]): void {
  for (const storage of storages) {
    const isInSight = storage.getItem(OWNER) === kitchen;
    const aside = namesIn(storage).filter((name) => name.startsWith(asideOf(kitchen)));
    for (const name of [...(isInSight ? inSight(storage) : []), ...aside]) {
      storage.removeItem(name);
    }
  }
}

/** Both storages of a tab. */
export const noteStorages: readonly NoteStorage[] = [deviceNotes, tabNotes];

const inSight = (storage: NoteStorage): string[] =>
  namesIn(storage).filter((name) => /^larder[:.]/.test(name) && !OF_THE_DEVICE.has(name));

function namesIn(storage: NoteStorage): string[] {
  return Array.from({ length: storage.length }, (_, index) => storage.key(index)).filter(
    (name) => name !== null,
  );
}

function move(storage: NoteStorage, from: string, to: string): void {
  const value = storage.getItem(from);
  storage.removeItem(from);
  if (value !== null) storage.setItem(to, value);
}
