import { expect, test } from 'vitest';

import type { NoteStorage } from './browser-storage.ts';
import { forgetNotesOf, showNotesOf } from './private-notes.ts';

function storageWith(start: Readonly<Record<string, string>>): NoteStorage & { all(): unknown } {
  const kept = new Map(Object.entries(start));
  return {
    getItem: (name) => kept.get(name) ?? null,
    setItem: (name, value) => void kept.set(name, value),
    removeItem: (name) => void kept.delete(name),
    key: (index) => [...kept.keys()][index] ?? null,
    get length() {
      return kept.size;
    },
    all: () => Object.fromEntries(kept),
  };
}

test('[CONN-59] drafts step aside with their kitchen and come back with it', () => {
  const storage = storageWith({ 'larder:theme': 'dark', 'larder:quick-add': 'milk', other: 'x' });
  expect(showNotesOf('first', [storage])).toBe(false);
  expect(storage.getItem('larder:quick-add')).toBe('milk');
  expect(showNotesOf('second', [storage])).toBe(true);
  expect(storage.getItem('larder:quick-add')).toBeNull();
  expect(storage.getItem('larder:theme')).toBe('dark');
  storage.setItem('larder.draft.recipe.new', 'soup');
  expect(showNotesOf('first', [storage])).toBe(true);
  expect(storage.getItem('larder:quick-add')).toBe('milk');
  expect(storage.getItem('larder.draft.recipe.new')).toBeNull();
});

test('[CONN-59] notes of a kitchen that left are gone, whether in sight or aside', () => {
  const storage = storageWith({
    'larder:kitchen': 'first',
    'larder:quick-add': 'milk',
    other: 'x',
  });
  showNotesOf('second', [storage]);
  storage.setItem('larder:undo', '[]');
  forgetNotesOf('first', [storage]);
  forgetNotesOf('second', [storage]);
  expect(storage.all()).toEqual({ 'larder:kitchen': 'second', other: 'x' });
});
