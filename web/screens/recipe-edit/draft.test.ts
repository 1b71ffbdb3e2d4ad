import { describe, expect, test } from 'vitest';
import { dropDraft, keepDraft, readDraft, type DraftStorage } from './draft.ts';
import { emptyForm } from './recipe-form.ts';

const createMemoryStorage = (): DraftStorage & { readonly rows: Map<string, string> } => {
  const rows = new Map<string, string>();
  return {
    rows,
    getItem: (key) => rows.get(key) ?? null,
    setItem: (key, value) => void rows.set(key, value),
    removeItem: (key) => void rows.delete(key),
  };
};

const blocked: DraftStorage = {
  getItem: () => {
    throw new Error('blocked');
  },
  setItem: () => {
    throw new Error('blocked');
  },
  removeItem: () => {
    throw new Error('blocked');
  },
};

const form = { ...emptyForm, title: 'Half a sent' };
const day = 24 * 60 * 60 * 1000;

describe('drafts', () => {
  test('[UI-45] what was typed comes back for the same recipe only', () => {
    const storage = createMemoryStorage();
    expect(keepDraft(storage, 'r1', { form, opened: null }, 0)).toBe(true);
    expect(readDraft(storage, 'r1', day)).toEqual({ form, opened: null });
    expect(readDraft(storage, 'r2', day)).toBeNull();
    dropDraft(storage, 'r1');
    expect(readDraft(storage, 'r1', day)).toBeNull();
  });

  test('[UI-45] an old, a cut-off and a foreign draft are dropped', () => {
    const storage = createMemoryStorage();
    keepDraft(storage, 'r1', { form, opened: null }, 0);
    expect(readDraft(storage, 'r1', 31 * day)).toBeNull();
    for (const text of [
      '{"version":1',
      '[]',
      '{"version":9}',
      '{"version":1,"savedAtMs":1,"form":{}}',
    ]) {
      storage.setItem('larder.draft.recipe.r1', text);
      expect(readDraft(storage, 'r1', day)).toBeNull();
    }
  });

  test('[UI-45] a draft of a version that kept no half-typed tag comes back', () => {
    const storage = createMemoryStorage();
    const { tag: _tag, ...older } = form;
    const text = JSON.stringify({ version: 1, savedAtMs: 0, form: older, opened: null });
    storage.setItem('larder.draft.recipe.r1', text);
    expect(readDraft(storage, 'r1', day)).toEqual({ form, opened: null });
  });

  test('[UI-45] a window without storage has no drafts and no error', () => {
    expect(keepDraft(blocked, 'r1', { form, opened: null }, 0)).toBe(false);
    expect(readDraft(blocked, 'r1', 0)).toBeNull();
    dropDraft(blocked, 'r1');
  });
});
