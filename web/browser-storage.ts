/**
 * The two storages of a tab, in a form that never throws. Where the browser blocks site data, even naming
 * `localStorage` does. What it does not keep, because it is blocked or has no room, lives in the memory of
 * this tab and is gone with it: a field shows what was typed all the same.
 */
export type NoteStorage = Pick<Storage, 'getItem' | 'setItem' | 'removeItem' | 'key' | 'length'>;

export function guarded(reach: () => NoteStorage): NoteStorage {
  const storage = reachOrNull(reach);
  const memory = new Map<string, string>();
  const names = (): readonly string[] => {
    const kept = Array.from({ length: storage?.length ?? 0 }, (_, index) => storage?.key(index));
    return [...new Set([...kept.filter((name) => typeof name === 'string'), ...memory.keys()])];
  };
  return {
    getItem: (name) => memory.get(name) ?? storage?.getItem(name) ?? null,
    setItem(name, value) {
      if (isKept(storage, name, value)) memory.delete(name);
      else memory.set(name, value);
    },
    removeItem(name) {
      memory.delete(name);
      storage?.removeItem(name);
    },
    key: (index) => names()[index] ?? null,
    get length() {
      return names().length;
    },
  };
}

/** Asked once for a value: some browsers hand out a storage that refuses every use, or none. */
function reachOrNull(reach: () => NoteStorage): NoteStorage | null {
  try {
    const storage = reach();
    storage.getItem('larder:kitchen');
    return storage;
  } catch {
    return null;
  }
}

function isKept(storage: NoteStorage | null, name: string, value: string): boolean {
  try {
    storage?.setItem(name, value);
    return storage !== null;
  } catch {
    return false;
  }
}

/** Notes of this device, the same in all its tabs. */
export const deviceNotes = guarded(() => localStorage);
/** Notes of this tab alone. */
export const tabNotes = guarded(() => sessionStorage);
