/** Why something was not done, in words without blame. Nothing changed in any of these cases. */
import type { Refusal } from '../../shared/acts/acts.ts';
import { wordsForFault } from './faults.ts';

export function wordsForRefusal(refusal: Refusal): string {
  switch (refusal.type) {
    case 'invalid':
      return wordsForFault(refusal.reason);
    case 'gone':
      return 'That is no longer there. It was removed in the meantime.';
    case 'changed-since':
      return 'It was changed since. The newer change stays.';
    case 'not-saved':
      return wordsForNotSaved(refusal.reason);
    case 'too-large':
      return `That is too much at once: at most ${amountOf(refusal)}. Nothing was changed.`;
  }
}

const MIB = 1024 * 1024;

const WORD_OF_LIMIT: Readonly<Record<string, string>> = {
  recipes: 'recipes',
  ingredients: 'ingredients',
  steps: 'steps',
  tags: 'tags',
  rows: 'rows',
};

/** A bare number says nothing about bytes. */
function amountOf({ limit, max }: Extract<Refusal, { readonly type: 'too-large' }>): string {
  if (limit === 'photos') return `${String(Math.floor(max / MIB))} MB of photos`;
  return `${String(max)} ${WORD_OF_LIMIT[limit] ?? 'things'}`;
}

function wordsForNotSaved(reason: 'full' | 'broken' | 'unknown'): string {
  switch (reason) {
    case 'full':
      return 'This device has no room. Your last change is still on screen, not saved.';
    case 'broken':
      return 'This device cannot save at the moment. Your last change is still on screen, not saved.';
    case 'unknown':
      return 'That was not saved. Reload and try again.';
  }
}
