/**
 * When two names are the same thing: single-spaced, NFKC, lower case. The server recomputes the stored
 * key (`name_key`) by the same rule, and what it kept replaces what was computed here. `singularKey` is
 * looser and never stored: it only finds "onion" for "Onions".
 */

/** A name as it is kept: NFC, no space around it, single spaces inside. */
export const tidyName = (name: string): string =>
  name.normalize('NFC').replace(/\s+/gu, ' ').trim();

export const nameKey = (name: string): string =>
  tidyName(name).normalize('NFKC').toLowerCase().replace(/\s+/gu, ' ').trim();

/** For searching: also without accents, so that "jalapeno" finds "Jalapeño". */
export const foldText = (text: string): string =>
  text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();

const KEEP_S = /(?:ss|us|is)$/u;

function singularWord(word: string): string {
  if (word.length < 4 || !word.endsWith('s') || KEEP_S.test(word)) {
    return word.endsWith('oes') ? word.slice(0, -2) : word;
  }
  if (word.endsWith('ies') && word.length > 4) return `${word.slice(0, -3)}y`;
  if (word.endsWith('oes')) return word.slice(0, -2);
  if (/(?:ch|sh|x)es$/u.test(word)) return word.slice(0, -2);
  return word.slice(0, -1);
}

/** The key with each word in its likely singular; English rules, used for matching only. */
export const singularKey = (name: string): string =>
  nameKey(name).split(' ').map(singularWord).join(' ');

/** First letter in upper case, the rest as typed: "eggs" becomes "Eggs", "iPhone" stays. */
export function capitalised(name: string): string {
  const [first = '', ...rest] = name;
  return /^\p{Ll}[\p{Lu}]/u.test(name) ? name : first.toUpperCase() + rest.join('');
}
