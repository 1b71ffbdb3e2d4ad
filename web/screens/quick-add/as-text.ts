/** Words whose amount this person turned back into text: remembered on this device, newest last. */
const KEY = 'larder:as-text';
const REMEMBERED_MAX = 200;

export function readAsText(): ReadonlySet<string> {
  const stored: unknown = JSON.parse(localStorage.getItem(KEY) ?? '[]');
  const words = Array.isArray(stored) ? stored : [];
  return new Set(words.filter((word) => typeof word === 'string'));
}

export function rememberAsText(words: ReadonlySet<string>, word: string): ReadonlySet<string> {
  const next = [...words, word].slice(-REMEMBERED_MAX);
  localStorage.setItem(KEY, JSON.stringify(next));
  return new Set(next);
}
