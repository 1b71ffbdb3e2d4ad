/**
 * What can be read from one ingredient line of a recipe. The wording itself is kept as it was written by
 * whoever calls this; here only an amount, a unit, the rest of the words and a short name are found.
 *
 * What must hold: a number is never invented. Ranges, sums ("1 cup plus 2 tbsp"), sizes ("2-inch piece") and
 * doubtful lines have no amount. Where a line gives two measures ("1 pound (500 g)", "500 g / 1 lb") the first one counts and the
 * second leaves the rest, because scaling would make it a lie; the size of a can stays.
 */
import { cutText, lengthOf } from './characters.ts';
import { foldText, tidyName } from './name-key.ts';
import { hasAddend, readAmount, readAmountWord } from './quantity.ts';
import { isContainer, isMeasure, readUnit } from './unit.ts';

export interface IngredientLine {
  readonly quantityMilli: number | null;
  readonly unit: string | null;
  /** The wording without its amount, links as their words: "large onions, chopped". */
  readonly rest: string;
  /** A short name for a list or a product: "Onions". */
  readonly name: string;
  /** True where the line contains figures of which no amount was taken. */
  readonly doubtful: boolean;
}

const LINK = /\[([^\]]*)\]\([^)]*\)/gu;

/** Markdown links become their words. */
export const withoutLinks = (text: string): string => text.replace(LINK, '$1');

interface Measured {
  readonly milli: number;
  readonly unit: string | null;
  readonly end: number;
}

const ABOUT = /^(?:~|≈|ca\.?\s|approx(?:\.|imately)?\s|appr\.?\s|about\s|around\s|roughly\s)\s*/iu;
const ARTICLE = /^an?\s+(?:(?:heaping|heaped|level|scant|generous|large|big|small|good)\s+)?/iu;
const MANNER = /^(?:heaping|heaped|level|scant|generous|large|big|small|full)\s+/iu;
const NUMBERED_NAMES = /^(?:5|five)[ -]spice\b/iu;

/** An amount and its unit at the start, e.g. `1 1/2 cups`; a glued word that is no unit spoils it. */
function readMeasured(text: string): Measured | null {
  const about = ABOUT.exec(text)?.[0].length ?? 0;
  const start = text.slice(about);
  const amount = readAmount(start) ?? readAmountWord(start);
  if (amount === null || NUMBERED_NAMES.test(start)) return null;
  const behind = start.slice(amount.end);
  const times = /^\s?[x×](?=\s)/iu.exec(behind)?.[0].length ?? 0;
  const spaced = behind.slice(times);
  const trimmed = spaced.trimStart().replace(/^\.\s/u, '');
  const offset = about + amount.end + behind.length - trimmed.length;
  const manner = MANNER.exec(trimmed)?.[0].length ?? 0;
  const direct = readUnit(trimmed);
  const mannered = manner === 0 ? null : readUnit(trimmed.slice(manner));
  if (direct !== null) return { milli: amount.milli, unit: direct.unit, end: offset + direct.end };
  if (mannered !== null && isMeasure(mannered.unit)) {
    return { milli: amount.milli, unit: mannered.unit, end: offset + manner + mannered.end };
  }
  const glued = trimmed !== '' && /^[\p{L}\p{N}]/u.test(spaced) && times === 0;
  return glued ? null : { milli: amount.milli, unit: null, end: offset };
}

/** "A cup of milk" is one cup; "a little salt" is not one little. */
function readArticle(text: string): Measured | null {
  const article = ARTICLE.exec(text);
  if (article === null) return null;
  const unit = readUnit(text.slice(article[0].length));
  if (unit === null) return null;
  return { milli: 1000, unit: unit.unit, end: article[0].length + unit.end };
}

const RANGE_AFTER = /^\s*(?:[-–—~]|to\s|or\s)\s*(?:\d|[½⅓⅔¼¾])/u;
const SECOND_MEASURE = /^\s*(?:[/|=]|or\s|\+?\s?~)\s*/u;
const BRACKET = /^\s*\(([^()]*)\)/u;

const isWholeMeasure = (text: string): boolean => {
  const inner = text.replace(/^(?:or|=|\/)\s*/iu, '').trim();
  const found = readMeasured(inner);
  return found !== null && found.unit !== null && inner.slice(found.end).trim() === '';
};

/** Drops a second measure of the same amount, in another unit, that follows the first. */
function dropSecondMeasure(rest: string, unit: string | null): string {
  if (unit === null) return rest;
  const bracket = BRACKET.exec(rest);
  if (bracket?.[1] !== undefined && !isContainer(unit) && isWholeMeasure(bracket[1])) {
    return rest.slice(bracket[0].length);
  }
  const mark = SECOND_MEASURE.exec(rest);
  if (mark === null) return rest;
  const second = readMeasured(rest.slice(mark[0].length));
  const counts =
    second !== null && second.unit !== null && second.unit !== unit && isMeasure(second.unit);
  return counts ? rest.slice(mark[0].length + second.end) : rest;
}

const TAIL_BRACKET = /^(.*\S)\s*\(([^()]+)\)\s*\.?$/u;
const TAIL_COLON = /^([^:]*\p{L}[^:]*?)\s*(?::|\s[-–—]|,)\s+(\S.*)$/u;

/** "Onion (1)", "Rice (50 grams)", "Spaghetti: 320 g | 11 oz": the amount behind the name. */
function readTail(text: string): { readonly measured: Measured; readonly rest: string } | null {
  for (const pattern of [TAIL_BRACKET, TAIL_COLON]) {
    const [, name, tail] = pattern.exec(text) ?? [];
    if (name === undefined || tail === undefined || /\d/u.test(name)) continue;
    const measured = readMeasured(tail);
    if (measured === null) continue;
    const behind = dropSecondMeasure(tail.slice(measured.end), measured.unit).trim();
    if (behind === '') return { measured, rest: name };
  }
  return null;
}

/**
 * Words before a name that say how it is cut or how big it is. Some of them are what one buys, before some
 * things: minced beef, crushed tomatoes, grated parmesan.
 */
const SIZE_WORDS =
  /^(?:(?:of|the|some|few|large|medium|small|big|fresh|freshly|finely|roughly|coarsely|thinly|or|and|diced|minced(?!\s+(?:beef|pork|lamb|meat|veal|turkey|chicken))|(?:chopped|crushed|peeled)(?!\s+tomato)|(?:sliced|grated|shredded)(?!\s+(?:cheese|parmesan|mozzarella|cheddar|bread|ham|turkey|almond|coconut))|ripe|very|about|a|an|sized|medium-sized)\s+)+/iu;
const NAME_END =
  /\s*(?:[,;:(|]|(?<!\d)\/|\s(?:or|for|to taste|as needed|plus|cut|chopped|diced|minced|peeled|sliced|grated|shredded|julienned|melted|softened|at room|\+)(?=\s|$)).*$/iu;

/** "package shredded cheese" is about the cheese. */
function withoutUnit(text: string): string {
  const unit = readUnit(text);
  const behind = unit === null ? '' : text.slice(unit.end).trim();
  return /^\p{L}/u.test(behind) ? behind.replace(/^of\s+/iu, '') : text;
}

const NAME_MAX = 80;
const BRACKETS = /\([^()]*\)/gu;

function shortName(rest: string): string {
  const plain = rest
    .replace(BRACKETS, ' ')
    .replace(/^[\s,.:;+&–—-]+/u, '')
    .replace(/^optional\s*:\s*/iu, '');
  const sized = tidyName(plain).replace(SIZE_WORDS, '');
  const cut = withoutUnit(sized)
    .replace(SIZE_WORDS, '')
    .replace(NAME_END, '')
    .replace(/(?:\s+and)?[\s.]*$/u, '');
  const name = cut === '' ? tidyName(plain) : cut;
  const short = cutText(name, NAME_MAX);
  return short.charAt(0).toUpperCase() + short.slice(1);
}

const tidyRest = (rest: string): string =>
  rest
    .replace(/^[\s,.:;]+/u, '')
    .replace(/^of\s+/iu, '')
    .trim();

/** Something beside what stands in brackets. */
const hasName = (rest: string): boolean => /[\p{L}\p{N}]/u.test(rest.replace(BRACKETS, ' '));

const lastWord = (text: string, end: number): string =>
  /\p{L}+\.?$/u.exec(text.slice(0, end))?.[0] ?? '';

/** A line without a name could not be planned: the whole of it is one then. */
function nameOf(words: string, whole: string): string {
  const name = shortName(words);
  return /\p{L}/u.test(name) ? name : cutText(tidyName(whole), NAME_MAX);
}

/** Reads one line. Its words are never changed; see the top of the file for what counts. */
export function readIngredientLine(wording: string): IngredientLine {
  const plain = withoutLinks(wording).trim();
  const whole = /\p{L}/u.test(plain) ? plain : wording;
  const measured = readMeasured(plain) ?? readArticle(plain);
  const behind = measured === null ? '' : plain.slice(measured.end);
  const single = measured === null ? '' : dropSecondMeasure(behind, measured.unit);
  const isSum = hasAddend(behind.replace(BRACKETS, ' '));
  if (measured !== null && !isSum && (single !== behind || !RANGE_AFTER.test(behind))) {
    const { milli: quantityMilli, unit, end } = measured;
    const rest = tidyRest(single);
    const thing = unit === null || isMeasure(unit) || hasName(rest) ? '' : lastWord(plain, end);
    // "8 cloves", "1 clove (spice)": the word that looked like a unit is the thing itself.
    if (thing !== '') {
      const words = single === behind ? plain.slice(end - thing.length).trim() : thing;
      return {
        quantityMilli,
        unit: null,
        rest: words,
        name: nameOf(thing, whole),
        doubtful: false,
      };
    }
    if (/\p{L}/u.test(rest)) {
      return { quantityMilli, unit, rest, name: nameOf(rest, whole), doubtful: false };
    }
  }
  const tail = measured === null ? readTail(plain) : null;
  if (tail !== null) {
    const { milli: quantityMilli, unit } = tail.measured;
    const { rest } = tail;
    return { quantityMilli, unit, rest, name: nameOf(rest, whole), doubtful: false };
  }
  const doubtful = isSum || /[\d½⅓⅔¼¾⅛]/u.test(plain);
  const words = doubtful ? behindFigures(plain) : plain;
  const name = nameOf(words, whole);
  return { quantityMilli: null, unit: null, rest: plain, name, doubtful };
}

/** "1 cup plus 2 tbsp sugar" is about the sugar: a sum has few parts. */
const SUM_PARTS_MAX = 4;
const ADDING = /^\s*(?:\+|&|plus\s|and\s)\s*/iu;

/** A doubtful line without its figures and their units, for its short name only. */
function behindFigures(plain: string): string {
  let rest = plain;
  for (let part = 0; part < SUM_PARTS_MAX; part += 1) {
    const measured = readMeasured(rest);
    if (measured === null || !ADDING.test(rest.slice(measured.end))) break;
    rest = rest.slice(measured.end).replace(ADDING, '');
  }
  const last = rest === plain ? null : readMeasured(rest);
  return last === null ? rest.replace(LEADING_FIGURES, '') : rest.slice(last.end);
}

/** Figures and their unit at the start of a doubtful line. */
const LEADING_FIGURES =
  /^[\d\s½⅓⅔¼¾⅛.,/~–—-]+(?:(?:to|or)\s+[\d½⅓⅔¼¾/.,]+\s*)?(?:(?:g|kg|ml|l|dl|cl|oz|lbs?|cups?|tbsp|tsp|tablespoons?|teaspoons?|cloves?|slices?|cans?|cm|inch|inches)\b\.?)?/iu;

const HEADING_START = /^for (?:the |a |an )?[\p{L} '’-]{2,40}$/iu;

/** A line that names the lines below it: ends with a colon, or "For the sauce". */
export function readHeading(wording: string): string | null {
  const plain = tidyName(withoutLinks(wording));
  const words = plain.replace(/\s*:$/u, '');
  const heading = plain.endsWith(':') ? !/\d/u.test(words) : HEADING_START.test(plain);
  return heading && words !== '' && lengthOf(words) <= 80 ? words : null;
}

/** Marked as optional in the line itself. */
export const isOptionalLine = (wording: string): boolean =>
  /[(,]\s*optional\b|^optional\b|\boptional\)/u.test(foldText(wording));
