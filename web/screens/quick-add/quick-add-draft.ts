/** What is in the field of quick add and not added yet, kept in this tab. */

const DRAFT_KEY = 'larder:quick-add';

export const readQuickAddDraft = (): string => sessionStorage.getItem(DRAFT_KEY) ?? '';

export const keepQuickAddDraft = (text: string): void => sessionStorage.setItem(DRAFT_KEY, text);

/** Behind what is there already, as lines of their own. */
export function addToQuickAddDraft(text: string): void {
  const before = readQuickAddDraft();
  keepQuickAddDraft(before === '' ? text : `${before}\n${text}`);
}
