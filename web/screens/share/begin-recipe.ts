/**
 * Begins a recipe with what is known of a page. There is one draft of a new recipe on this device: where one
 * was begun and not saved, it stays as it is.
 */
import type { SharedPage } from '../../../shared/share.ts';
import { deviceNotes } from '../../browser-storage.ts';
import { keepDraft, readDraft } from '../recipe-edit/draft.ts';
import { emptyForm } from '../recipe-edit/recipe-form.ts';

const NEW = 'new';

/** False where another one is in the way: nothing was taken. */
export function beginRecipe({ title, link, notes }: SharedPage, nowMs: number): boolean {
  if (readDraft(deviceNotes, NEW, nowMs) !== null) return false;
  const form = { ...emptyForm, title, sourceUrl: link, notes };
  return keepDraft(deviceNotes, NEW, { form, opened: null }, nowMs);
}
