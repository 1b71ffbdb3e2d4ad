/**
 * What was done, in one sentence: a sentence arrives as a key and values, because it may come from another
 * device, in another version, long after. A key that this version does not know still says something true.
 */
import type { Sentence } from '../acts/acts.ts';
import { SENTENCES } from './sentence-table.ts';

export function wordsForSentence(sentence: Sentence): string {
  const write = SENTENCES.get(sentence.key);
  return write ? write(sentence.values) : 'Changed something in the kitchen';
}
