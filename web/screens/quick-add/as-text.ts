/** Words whose amount this person turned back into text: remembered on this device, newest last. */
import { deviceNotes } from '../../browser-storage.ts';

const KEY = 'larder:as-text';
const REMEMBERED_MAX = 200;

export function readAsText(): ReadonlySet<string> {
  const stored: unknown = JSON.parse(deviceNotes.getItem(KEY) ?? '[]');
  const words = Array.isArray(stored) ? stored : [];
  return new Set(words.filter((word) => typeof word === 'string'));
}

export function rememberAsText(words: ReadonlySet<string>, word: string): ReadonlySet<string> {
  const next = [...words, word].slice(-REMEMBERED_MAX);
  deviceNotes.setItem(KEY, JSON.stringify(next));
  return new Set(next);
}
