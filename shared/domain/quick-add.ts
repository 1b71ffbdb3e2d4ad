/**
 * Quick add: one field of free typing or a pasted list becomes things to buy.
 *
 * Grammar: pieces are parted by comma, semicolon or new line, outside brackets; a comma between digits is
 * a decimal. In a piece the amount stands before or after the name; brackets become the note; `@mart`
 * names the shop, for its own piece, or for all others where it is a piece of its own. Pasted lines lose
 * bullets, boxes and numbers.
 *
 * What must hold: no word is dropped. Every piece with a letter or digit gives an entry; what is too long
 * for its name goes on in its note and then in further entries; more pieces than one act takes are read all
 * the same, so that the act refuses them whole. What is not clearly an amount stays in the name ("7up",
 * "00 flour", "4-cheese pizza", "vitamin B12").
 */
import { lengthOf } from './characters.ts';
import type { ListEntry } from '../acts/acts.ts';
import { nameKey, tidyName } from './name-key.ts';
import { hasAddend, readAmount, readAmountWord, type ReadAmount } from './quantity.ts';
import { readUnit } from './unit.ts';

/** Twice what one act takes: beyond it, nobody needs to know how many more there are. */
const PIECES_MAX = 1000;
const TITLE_MAX = 120;
const NOTE_MAX = 200;

/** Cuts at separators outside brackets; at most `PIECES_MAX` pieces, the last takes the rest. */
function splitPieces(text: string): readonly string[] {
  const pieces: string[] = [];
  let depth = 0;
  let start = 0;
  for (let index = 0; index < text.length; index += 1) {
    const character = text.charAt(index);
    if (character === '\n') depth = 0;
    else if (character === '(' || character === '[') depth += 1;
    else if ((character === ')' || character === ']') && depth > 0) depth -= 1;
    const decimal =
      character === ',' && /\d/u.test(text.charAt(index - 1)) && /\d/u.test(text.charAt(index + 1));
    const parts = character === '\n' || ((character === ',' || character === ';') && depth === 0);
    if (parts && !decimal && pieces.length < PIECES_MAX - 1) {
      pieces.push(text.slice(start, index));
      start = index + 1;
    }
  }
  pieces.push(text.slice(start));
  return pieces;
}

const BULLET = /^\s*(?:[-–—*•·◦▪‣●○+>]\s+|[•·◦▪‣●○☐☑☒✓✔□■]\s*)+/u;
const BOX = /^\s*\[[ xX✓]?\]\s*/u;
const ORDINAL = /^\s*\d{1,3}[.)]\s+(?=\S)/u;

/** A line as pasted from elsewhere, without the marks that were around it. */
function stripListMarks(line: string): string {
  return line.replace(BULLET, '').replace(BOX, '').replace(ORDINAL, '').replace(BOX, '').trim();
}

interface Parts {
  readonly words: string;
  readonly note: string | null;
  readonly storeName: string | null;
}

/** A shop has a letter: "@2.99" is a price. */
const STORE = /(?:^|\s)@(?=\p{N}*\p{L})([\p{L}\p{N}][\p{L}\p{N}_'’&-]*)/u;
const BRACKETS = /[([]([^()[\]]*)[)\]]/gu;

const isThing = (words: string): boolean => /[\p{L}\p{N}\p{So}]/u.test(words);

function takeParts(piece: string): Parts {
  const store = STORE.exec(piece)?.[1];
  const notes: string[] = [];
  const words = piece.replace(STORE, ' ').replace(BRACKETS, (_, inside: string) => {
    if (inside.trim() !== '') notes.push(inside.trim());
    return ' ';
  });
  const storeName = store === undefined ? null : store.replace(/_/gu, ' ');
  const [name, note] = [tidyName(words), notes.join('; ')];
  // A bracket of its own is a thing, not a note to nothing.
  if (!isThing(name)) return { words: tidyName(note), note: null, storeName };
  return { words: name, note: note === '' ? null : note, storeName };
}

interface ReadPiece {
  readonly title: string;
  readonly quantityMilli: number | null;
  readonly unit: string | null;
}

const TIMES_AHEAD = /^\s?[x×](?=\s)/iu;
const LINK_WORD = /^(?:of|de)\s+/iu;
/** Names that begin with a number of their own. */
const NUMBERED_NAMES = /^(?:5|five)[ -]spice\b/iu;

/** Amount, then a unit or "x" or a space, then a name; else null. */
function readBefore(words: string): ReadPiece | null {
  if (NUMBERED_NAMES.test(words)) return null;
  const amount: ReadAmount | null = readAmount(words) ?? readAmountWord(words);
  if (amount === null) return null;
  const rest = words.slice(amount.end);
  if (hasAddend(rest)) return null;
  const times = TIMES_AHEAD.exec(rest);
  const after = times === null ? rest : rest.slice(times[0].length);
  const trimmed = after.trimStart();
  const unit = readUnit(trimmed);
  // Letters glued to the number are a unit or nothing: "500g" counts, "7up" does not.
  if (unit === null && times === null && trimmed.length === after.length) return null;
  const name = unit === null ? trimmed : trimmed.slice(unit.end).trimStart();
  const title = name.replace(LINK_WORD, '');
  if (!/[\p{L}\p{N}]/u.test(title)) return null;
  return { title, quantityMilli: amount.milli, unit: unit?.unit ?? null };
}

const TAIL =
  /^(.*\S)\s+([x×]\s?)?((?:\d+\s+)?[\d½⅓⅔¼¾⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞][^\s]*(?:\s+(?:fl\.?\s?)?\p{L}+\.?)?)$/iu;
const TAIL_TIMES = /\s?[x×]$/iu;

/** A name, then an amount with a unit, or a bare or "x" number, at the very end. */
function readAfter(words: string): ReadPiece | null {
  const [, name, times, tail] = TAIL.exec(words) ?? [];
  if (name === undefined || tail === undefined || !/\p{L}/u.test(name)) return null;
  // "butter 1 cup + 2 tbsp"; what stands behind an "@" is no amount either.
  if (hasAddend(words) || name.endsWith('@')) return null;
  const bare = tail.replace(TAIL_TIMES, '');
  const amount = readAmount(bare);
  if (amount === null) return null;
  const rest = bare.slice(amount.end).trimStart();
  const unit = readUnit(rest);
  if (rest.slice(unit?.end ?? 0) !== '') return null;
  if (times !== undefined && unit !== null) return null;
  const title = name.replace(/[\s:–—-]+$/u, '');
  return title === '' ? null : { title, quantityMilli: amount.milli, unit: unit?.unit ?? null };
}

const asItStands = (words: string): ReadPiece => ({
  title: words,
  quantityMilli: null,
  unit: null,
});

/** The piece without its amount, or whole when there is none. */
const readPiece = (words: string): ReadPiece =>
  readBefore(words) ?? readAfter(words) ?? asItStands(words);

/** Cut in two before a word, or inside one that is as long as that by itself. */
function cutAtWord(text: string, max: number): readonly [string, string] {
  if (lengthOf(text.slice(0, 2 * max + 1)) <= max) return [text, ''];
  const head = Array.from(text.slice(0, 2 * max))
    .slice(0, max)
    .join('');
  const space = text.charAt(head.length) === ' ' ? head.length : head.lastIndexOf(' ');
  const at = space > 0 ? space : head.length;
  return [text.slice(0, at).trim(), text.slice(at).trim()];
}

type Words = Pick<ListEntry, 'title' | 'note'>;

/** What is too long for its name goes on in its note, and then in further things. */
function fitted(title: string, note: string | null): readonly Words[] {
  const things: Words[] = [];
  let [name, behind] = [title, note ?? ''];
  while (name !== '') {
    const [head, more] = cutAtWord(name, TITLE_MAX);
    const [kept, rest] = cutAtWord([more, behind].filter(Boolean).join('; '), NOTE_MAX);
    things.push({ title: head, note: kept === '' ? null : kept });
    [name, behind] = [rest, ''];
  }
  return things;
}

export interface QuickAddPiece {
  readonly entry: ListEntry;
  /** The words that an amount was looked for in: as a name key they turn it back into text. */
  readonly words: string;
}

/**
 * The things in one field. `asText` holds name keys of pieces whose amount a person turned back into
 * text: they are taken as they stand.
 */
export function readPieces(
  text: string,
  asText: ReadonlySet<string> = new Set(),
): readonly QuickAddPiece[] {
  const pieces: QuickAddPiece[] = [];
  let storeForAll: string | null = null;
  for (const piece of splitPieces(text)) {
    const { words, note, storeName } = takeParts(stripListMarks(piece));
    if (!isThing(words)) {
      storeForAll = storeName ?? storeForAll;
      continue;
    }
    const { title, ...amount } = asText.has(nameKey(words)) ? asItStands(words) : readPiece(words);
    for (const [index, each] of fitted(title, note).entries()) {
      const counted = index === 0 ? amount : { quantityMilli: null, unit: null };
      pieces.push({ entry: { ...each, ...counted, storeName }, words });
    }
  }
  return pieces.map(({ entry, words }) => ({
    entry: { ...entry, storeName: entry.storeName ?? storeForAll },
    words,
  }));
}

export const readQuickAdd = (
  text: string,
  asText: ReadonlySet<string> = new Set(),
): readonly ListEntry[] => readPieces(text, asText).map(({ entry }) => entry);
