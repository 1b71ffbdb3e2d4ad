/**
 * Reading and holding amounts. An amount is an integer of thousandths ("milli") of its unit, so that ½
 * is 500, ⅓ is 333 and sums are exact on both ends of the wire.
 *
 * What must hold: a number is never invented. A range ("2-3"), a percentage ("50 %"), a
 * name ("7up", "00 flour", "4-cheese pizza", "half fat milk") or a doubtful grouping ("1,000", "1.500 g")
 * reads as no amount at all, and the words stay as they were written. Units are `unit.ts`; whole lines are `quick-add.ts` and
 * `ingredient-line.ts`.
 */
import { readUnit } from './unit.ts';

export const quantityMilliMax = 9_999_999_999;

/** An amount found at the start of a text, and where the text goes on. */
export interface ReadAmount {
  readonly milli: number;
  readonly end: number;
}

const FRACTION_SIGNS: Readonly<Record<string, readonly [number, number]>> = {
  '½': [1, 2],
  '⅓': [1, 3],
  '⅔': [2, 3],
  '¼': [1, 4],
  '¾': [3, 4],
  '⅕': [1, 5],
  '⅖': [2, 5],
  '⅗': [3, 5],
  '⅘': [4, 5],
  '⅙': [1, 6],
  '⅚': [5, 6],
  '⅛': [1, 8],
  '⅜': [3, 8],
  '⅝': [5, 8],
  '⅞': [7, 8],
};

const SIGNS = Object.keys(FRACTION_SIGNS).join('');
const MIXED_SIGN = new RegExp(`^(?:(\\d{1,4})(?:\\s+(?:and|&)\\s+|\\s?-?\\s?))?([${SIGNS}])`, 'u');
const MIXED_SLASH =
  /^(?:(\d{1,4})(?:\s+|-|\s+(?:and|&)\s+))?(\d{1,2})\s?[/⁄]\s?(\d{1,2})(?!\d|\s?[/⁄])/u;
const DECIMAL = /^(\d{1,7})[.,](\d{1,3})(?![\d]|[.,]\d)/u;
const INTEGER = /^(\d{1,7})(?!\d|[.,]\d)/u;

/** What may not stand right behind a number that counts: `7up` is judged by the unit reader. */
const RANGE_AHEAD = /^\s*(?:[-–—~‐‑]|to\s|or\s|bis\s)\s*(?:\d|[½⅓⅔¼¾⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞])/u;
const NOT_AN_AMOUNT_AHEAD =
  /^(?:\s?[%‰°]|\s?(?:["”″']|inch|inches|cm|mm)(?![\p{L}])|[-‐‑]\p{L}|\+)/iu;

const inBounds = (milli: number, end: number): ReadAmount | null =>
  milli > 0 && milli <= quantityMilliMax ? { milli, end } : null;

const fractionMilli = (whole: number, top: number, bottom: number): number =>
  whole * 1000 + Math.round((top * 1000) / bottom);

/** Nobody weighs thousandths of these: "1.500 g" may well be one and a half kilograms. */
const SMALL_UNITS: ReadonlySet<string> = new Set(['g', 'ml']);

function readNumber(text: string): ReadAmount | null {
  const sign = MIXED_SIGN.exec(text);
  const signValue = FRACTION_SIGNS[sign?.[2] ?? ''];
  if (sign !== null && signValue !== undefined) {
    return inBounds(
      fractionMilli(Number(sign[1] ?? 0), signValue[0], signValue[1]),
      sign[0].length,
    );
  }
  const slash = MIXED_SLASH.exec(text);
  if (slash !== null) {
    const [whole, top, bottom] = [Number(slash[1] ?? 0), Number(slash[2]), Number(slash[3])];
    const proper =
      bottom >= 2 && bottom <= 16 && top >= 1 && (slash[1] === undefined || top < bottom);
    return proper ? inBounds(fractionMilli(whole, top, bottom), slash[0].length) : null;
  }
  const decimal = DECIMAL.exec(text);
  if (decimal !== null) {
    const [found, whole = '', part = ''] = decimal;
    // "1,000" and "1.000" are a thousand to some and one to others: nobody guesses.
    const small = SMALL_UNITS.has(readUnit(text.slice(found.length).trimStart())?.unit ?? '');
    const grouping =
      part.length === 3 && Number(whole) > 0 && (found.includes(',') || part === '000' || small);
    if (grouping || (whole.length > 1 && whole.startsWith('0'))) return null;
    return inBounds(Number(whole) * 1000 + Number(part.padEnd(3, '0')), found.length);
  }
  const integer = INTEGER.exec(text);
  const digits = integer?.[1];
  if (digits === undefined || (digits.length > 1 && digits.startsWith('0'))) return null;
  return inBounds(Number(digits) * 1000, digits.length);
}

const ADDEND =
  /(?<!\bhalf\s*)(?:[+&]|(?:^|\s)(?:plus|and)\s)\s*(?:(?:about|another|an?)\s+)?(?!\d+[-‐‑]\p{L})(?:[\d½⅓⅔¼¾⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞]|(?:half|one|two|three|four|five|six)\s)/iu;

/**
 * "+ 2 tbsp", "plus ½ cup", "and a half": behind a first amount, a second one is added to it. The first alone
 * would be a lie, and scaled even more so. Half and half is a thing.
 */
export const hasAddend = (behind: string): boolean => ADDEND.test(behind);

const DOZEN_BEHIND = /^\s+dozens?(?:\s+of)?(?=\s|$)/iu;
/** "3/4 of a cup": a part of one. */
const OF_ONE = /^\s+of\s+an?(?=\s+\p{L})/iu;

/** The number at the start of `text`, unless it is a range, a percentage, a size or part of a name. */
export function readAmount(text: string): ReadAmount | null {
  const number = readNumber(text);
  if (number === null) return null;
  const rest = text.slice(number.end);
  if (RANGE_AHEAD.test(rest) || NOT_AN_AMOUNT_AHEAD.test(rest)) return null;
  const ofOne = number.milli < 1000 ? OF_ONE.exec(rest) : null;
  return ofOne === null
    ? inDozens(number, rest)
    : inBounds(number.milli, number.end + ofOne[0].length);
}

function inDozens(number: ReadAmount, rest: string): ReadAmount | null {
  const dozen = DOZEN_BEHIND.exec(rest);
  return dozen === null ? number : inBounds(number.milli * 12, number.end + dozen[0].length);
}

const NUMBER_WORDS: Readonly<Record<string, number>> = {
  one: 1000,
  two: 2000,
  three: 3000,
  four: 4000,
  five: 5000,
  six: 6000,
  seven: 7000,
  eight: 8000,
  nine: 9000,
  ten: 10_000,
  twelve: 12_000,
};

const DOZEN = /^(?:(?:a|one)\s+)?(half\s+(?:a\s+)?)?dozen(?:\s+of)?(?=\s|$)/iu;
const HALF = /^(?:a\s+)?half\s+(?:a\s+|an\s+|of\s+an?\s+)?(?!(?:and|fat)\b)(?=\p{L})/iu;
const WORD = /^(\p{L}+)(?=\s)/u;

/** "a dozen", "half a dozen", "half a", "two": words that people use as numbers. */
export function readAmountWord(text: string): ReadAmount | null {
  const dozen = DOZEN.exec(text);
  if (dozen !== null) {
    return { milli: dozen[1] === undefined ? 12_000 : 6000, end: dozen[0].length };
  }
  const half = HALF.exec(text);
  if (half !== null) return { milli: 500, end: half[0].trimEnd().length };
  const word = WORD.exec(text)?.[1];
  const milli = word === undefined ? undefined : NUMBER_WORDS[word.toLowerCase()];
  if (word === undefined || milli === undefined) return null;
  const rest = text.slice(word.length);
  return RANGE_AHEAD_WORD.test(rest) ? null : inDozens({ milli, end: word.length }, rest);
}

const RANGE_AHEAD_WORD =
  /^\s+(?:to|or)\s+(?:one|two|three|four|five|six|seven|eight|nine|ten|twelve|\d)/iu;
