import { expect, test } from 'vitest';

import { guarded, type NoteStorage } from './browser-storage.ts';

const broken = (): never => {
  throw new Error('blocked');
};

test('[UI-450] storage that is blocked, missing or refuses every use is the memory of the tab', () => {
  const refusing = { getItem: broken, setItem: broken } as unknown as NoteStorage;
  for (const reach of [broken, () => refusing, () => null as unknown as NoteStorage]) {
    const storage = guarded(reach);
    storage.setItem('larder:a', '1');
    expect([storage.getItem('larder:a'), storage.key(0), storage.length]).toEqual([
      '1',
      'larder:a',
      1,
    ]);
    storage.removeItem('larder:a');
    expect([storage.getItem('larder:a'), storage.length]).toEqual([null, 0]);
  }
});

test('[UI-450] what has no room is read back as it was written, and stands among the names once', () => {
  const kept = new Map([['larder:a', 'before']]);
  let isFull = true;
  const storage = guarded(() => ({
    getItem: (name) => kept.get(name) ?? null,
    setItem: (name, value) => (isFull ? broken() : void kept.set(name, value)),
    removeItem: (name) => void kept.delete(name),
    key: (index) => [...kept.keys()][index] ?? null,
    get length() {
      return kept.size;
    },
  }));
  storage.setItem('larder:a', 'after');
  expect([storage.getItem('larder:a'), storage.length]).toEqual(['after', 1]);
  isFull = false;
  storage.setItem('larder:a', 'last');
  expect([storage.getItem('larder:a'), kept.get('larder:a')]).toEqual(['last', 'last']);
});
