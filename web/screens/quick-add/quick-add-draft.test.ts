import { expect, test } from 'vitest';

import { addToQuickAddDraft, keepQuickAddDraft, readQuickAddDraft } from './quick-add-draft.ts';

const day = 24 * 60 * 60 * 1000;

test('[UI-443] what was typed in quick add comes back for a day, and not later', () => {
  keepQuickAddDraft('2 l milk', 1000);
  expect(readQuickAddDraft(1000 + day - 1)).toBe('2 l milk');
  expect(readQuickAddDraft(1000 + day)).toBe('');
});

test('[UI-443] shared lines stand behind what was typed, and an added draft is gone', () => {
  keepQuickAddDraft('bread');
  addToQuickAddDraft('milk\neggs');
  expect(readQuickAddDraft()).toBe('bread\nmilk\neggs');
  keepQuickAddDraft('');
  expect(readQuickAddDraft()).toBe('');
});
