/**
 * Positions of rows that people put in order: text keys in base 62, compared by code unit (on the server
 * `COLLATE "C"`), so that a row moves by changing itself alone.
 *
 * A key is a fraction followed by two closing characters that the caller draws at random: two phones that
 * put something in the same place offline get different keys (rows with equal keys are ordered by id).
 * The last character is never `0`, so there is always room below a key. Keys grow by about a character per
 * six insertions in the very same gap and not at all by appending.
 */

const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const BASE = DIGITS.length;
/** Appending counts in the first four digits: room for 14 million rows at either end. */
const HEAD_LENGTH = 4;
const HEAD_MAX = BASE ** HEAD_LENGTH;

const KEY = /^[0-9A-Za-z]*[1-9A-Za-z]$/u;

const digitAt = (key: string, index: number): number =>
  index < key.length ? DIGITS.indexOf(key.charAt(index)) : 0;

const digitText = (value: number): string => DIGITS.charAt(value);

/** Two closing characters from any text that is random enough (a fresh row id). */
export function closingCharacters(random: string): string {
  let hash = 7;
  for (const character of random) {
    hash = (hash * 131 + (character.codePointAt(0) ?? 0)) % 2_147_483_647;
  }
  return digitText(hash % BASE) + digitText(1 + (Math.floor(hash / BASE) % (BASE - 1)));
}

function headText(value: number): string {
  let text = '';
  for (let rest = value, index = 0; index < HEAD_LENGTH; index += 1) {
    text = digitText(rest % BASE) + text;
    rest = Math.floor(rest / BASE);
  }
  return text;
}

function headValue(key: string): number {
  let value = 0;
  for (let index = 0; index < HEAD_LENGTH; index += 1) value = value * BASE + digitAt(key, index);
  return value;
}

/** A fraction strictly between, and no prefix of `after`, so that closing characters cannot overtake. */
function fractionBetween(before: string, after: string | null): string {
  let prefix = '';
  let ceiling = after;
  const lengthMax = before.length + (after?.length ?? 0) + 2;
  for (let index = 0; index <= lengthMax; index += 1) {
    const low = digitAt(before, index);
    const high = ceiling === null ? BASE : digitAt(ceiling, index);
    if (high - low > 1) return prefix + digitText(Math.floor((low + high) / 2));
    prefix += digitText(low);
    if (high - low === 1) ceiling = null;
  }
  return prefix;
}

/**
 * A key between two keys; null is the open end. Neighbours that are out of order or not keys at all
 * (another client's) count as an open end, so that a row can always be placed.
 */
export function orderBetween(before: string | null, after: string | null, closing: string): string {
  const low = before !== null && KEY.test(before) ? before : null;
  const usable = after !== null && KEY.test(after) && (low === null || low < after);
  const high = usable ? after : null;
  if (low === null && high === null) return headText(Math.floor(HEAD_MAX / 2)) + closing;
  if (high === null && low !== null) {
    const next = headValue(low) + 1;
    return (next < HEAD_MAX ? headText(next) : fractionBetween(low, null)) + closing;
  }
  if (low === null && high !== null && headValue(high) > 1) {
    return headText(headValue(high) - 1) + closing;
  }
  return fractionBetween(low ?? '', high) + closing;
}
