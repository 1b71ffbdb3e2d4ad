/**
 * One schema.org `Recipe` node becomes one recipe to import. Used by `recipe-jsonld.ts`, which finds the
 * nodes. Texts too long for their column are never cut silently: a summary goes whole into the notes, a
 * line that cannot be held is named as a problem and kept whole in the notes as well. Whatever words have
 * no place are named as left out.
 */
import { cutText, lengthOf } from './characters.ts';
import type { RecipeImport } from '../acts/acts.ts';
import { isOptionalLine, readHeading, readIngredientLine } from './ingredient-line.ts';
import { plainLine, plainText } from './markup.ts';
import { nameKey, tidyName } from './name-key.ts';

/** What was not understood; `text` is the passage it is about. */
export interface ImportProblem {
  /** Title of the recipe, or "" when it concerns the whole text. */
  readonly recipe: string;
  readonly what: ProblemKind;
  readonly text: string;
}

export type ProblemKind =
  | 'no-recipe'
  | 'not-json'
  | 'only-a-link'
  | 'too-large'
  | 'no-title'
  | 'no-ingredients'
  | 'no-steps'
  | 'amount'
  | 'servings'
  | 'time'
  | 'source'
  | 'too-long'
  | 'left-out'
  | 'too-many'
  | 'unreadable';

export interface NodeReading {
  readonly recipe: RecipeImport | null;
  readonly image: string | null;
  readonly problems: readonly ImportProblem[];
}

type JsonObject = Readonly<Record<string, unknown>>;
type Note = (what: ProblemKind, text: string) => void;

const TITLE_MAX = 160;
const SUMMARY_MAX = 400;
const NOTES_MAX = 8000;
const WORDING_MAX = 300;
const STEP_MAX = 4000;
const TAG_MAX = 40;
const TAGS_MAX = 60;
const LINES_MAX = 400;
const SERVINGS_DEFAULT = 4;
const MINUTES_MAX = 9999;

const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const NESTED_MAX = 6;

const listOf = (value: unknown): readonly unknown[] =>
  Array.isArray(value)
    ? (value as unknown[]).flat(NESTED_MAX)
    : value === undefined || value === null
      ? []
      : [value];

/** Text of a value: itself, a number's digits, or the `name`, `text` or `@value` of a node. */
function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return String(value);
  if (Array.isArray(value)) return value.length === 0 ? '' : textOf(value[0]);
  if (!isObject(value)) return '';
  return textOf(value['text'] ?? value['@value'] ?? value['name'] ?? '');
}

const SERVINGS = /(\d{1,3})(?:[.,]\d+)?/u;

/** The first number of the yield; without one, the usual four, and it says so. */
function readServings(node: JsonObject, note: Note): number {
  const words = listOf(node['recipeYield'] ?? node['yield']).map((each) => plainLine(textOf(each)));
  const text = words.find((each) => SERVINGS.test(each)) ?? words[0] ?? '';
  const number = Number(SERVINGS.exec(text)?.[1] ?? 0);
  const fits = number >= 1 && number <= 99;
  const exact = /^\s*\d{1,2}\s*(?:servings?|people|persons?|portions?)?\s*$/iu.test(text);
  if (!fits || !exact) note('servings', text);
  return fits ? number : SERVINGS_DEFAULT;
}

const DURATION =
  /^P(?:(\d{1,3})D)?(?:T(?:(\d{1,4}(?:\.\d+)?)H)?(?:(\d{1,5}(?:\.\d+)?)M)?(?:(\d{1,6})(?:\.\d+)?S)?)?$/iu;

/** Minutes of an ISO 8601 duration; null where there is none, or it is not one. */
export function readMinutes(text: string): number | null {
  const [whole, days, hours, minutes, seconds] = DURATION.exec(text.trim()) ?? [];
  if (whole === undefined || !/\d/u.test(whole)) return null;
  const total =
    Number(days ?? 0) * 1440 +
    Number(hours ?? 0) * 60 +
    Number(minutes ?? 0) +
    Number(seconds ?? 0) / 60;
  const rounded = Math.round(total);
  return rounded >= 0 && rounded <= MINUTES_MAX ? rounded : null;
}

function readTime(node: JsonObject, name: string, note: Note): number | null {
  const text = plainLine(textOf(node[name]));
  if (text === '') return null;
  const minutes = readMinutes(text);
  if (minutes === null) note('time', text);
  return minutes === 0 ? null : minutes;
}

/** The cooking time; where only a total is given, that without the preparation. */
function readCooking(node: JsonObject, note: Note): number | null {
  const cooking = readTime(node, 'cookTime', note);
  if (cooking !== null) return cooking;
  const [total, preparation] = ['totalTime', 'prepTime'].map((name) =>
    readMinutes(plainLine(textOf(node[name]))),
  );
  const left = (total ?? 0) - (preparation ?? 0);
  return left > 0 ? left : null;
}

interface Ingredients {
  readonly lines: RecipeImport['ingredients'];
  readonly overlong: readonly string[];
}

/** Names what has no place, shortened: the preview shows it, nothing keeps it. */
const leaveOut = (note: Note, texts: readonly string[]): void => {
  if (texts.length > 0) note('left-out', cutText(texts.join(', '), 200));
};

/** Lists in lists are common, lists as nodes are not unheard of. */
const ingredientNodes = (source: unknown): readonly unknown[] =>
  listOf(source).flatMap((each) =>
    isObject(each) && each['itemListElement'] !== undefined
      ? listOf(each['itemListElement'])
      : [each],
  );

function readIngredients(node: JsonObject, note: Note): Ingredients {
  const source = node['recipeIngredient'] ?? node['ingredients'];
  const wordings = ingredientNodes(source)
    .flatMap((each) => {
      const text = plainText(textOf(each));
      return typeof source === 'string' ? text.split('\n') : [text.replace(/\s*\n\s*/gu, ' ')];
    })
    .map((wording) => wording.trim())
    .filter((wording) => wording !== '');
  const overlong: string[] = [];
  const lines: { wording: string; section: string | null; optional: boolean }[] = [];
  let section: string | null = null;
  for (const [index, wording] of wordings.slice(0, LINES_MAX).entries()) {
    const heading = readHeading(wording);
    // A heading with nothing below it is a line like any other: no word is dropped.
    if (heading !== null && index < wordings.length - 1) {
      const next = readHeading(wordings[index + 1] ?? '');
      if (next === null) {
        section = heading;
        continue;
      }
    }
    const read = readIngredientLine(wording);
    if (read.quantityMilli === null && read.doubtful) note('amount', wording);
    if (lengthOf(wording) > WORDING_MAX) {
      note('too-long', wording);
      overlong.push(wording);
    }
    const optional = isOptionalLine(wording) || /^optional\b/iu.test(section ?? '');
    lines.push({ wording: cutText(wording, WORDING_MAX), section, optional });
  }
  leaveOut(note, wordings.slice(LINES_MAX));
  if (lines.length === 0) note('no-ingredients', '');
  return { lines, overlong };
}

/** Long texts become several steps at line and sentence ends; not a word is lost. */
function splitStep(text: string): readonly string[] {
  if (lengthOf(text) <= STEP_MAX) return [text];
  const parts: string[] = [];
  let part = '';
  for (const sentence of text.split(/(?<=[.!?\n])\s+/u)) {
    if (part !== '' && lengthOf(part) + lengthOf(sentence) + 1 > STEP_MAX) {
      parts.push(part);
      part = '';
    }
    part = part === '' ? sentence : `${part} ${sentence}`;
  }
  return [...parts, part].flatMap((each) => {
    const characters = Array.from(each);
    const chunks: string[] = [];
    for (let start = 0; start < characters.length; start += STEP_MAX) {
      chunks.push(
        characters
          .slice(start, start + STEP_MAX)
          .join('')
          .trim(),
      );
    }
    return chunks;
  });
}

const NUMBERED = /^\s*(?:step\s*)?\d{1,2}\s*[.):]\s+/iu;

/** The parts of one step or section that are not said already by another. */
function partsOf(value: JsonObject): { readonly name: string; readonly texts: readonly string[] } {
  const [text, description] = [value['text'], value['description']].map((part) =>
    plainText(textOf(part)),
  );
  const texts = [text ?? '', description ?? ''].filter(
    (part, index) => part !== '' && !(index === 1 && (text ?? '').includes(part)),
  );
  const name = plainLine(textOf(value['name']));
  const begun = name.replace(/[\s.…:]+$/u, '');
  const isSaid = texts.some((part) => plainLine(part).startsWith(begun));
  return { name: isSaid ? '' : name, texts };
}

function stepTexts(value: unknown, depth: number, note: Note): readonly string[] {
  if (depth > NESTED_MAX) {
    leaveOut(note, [cutText(JSON.stringify(value) ?? '', 200)]);
    return [];
  }
  if (typeof value === 'string') {
    const lines = plainText(value)
      .split(/\n+/u)
      .map((line) => line.trim())
      .filter((line) => line !== '');
    return lines.length > 1 ? lines.map((line) => line.replace(NUMBERED, '')) : lines;
  }
  if (Array.isArray(value)) {
    return value.flatMap((each: unknown) => stepTexts(each, depth + 1, note));
  }
  if (!isObject(value)) return [];
  const { name, texts } = partsOf(value);
  const items = value['itemListElement'] ?? value['steps'];
  if (items !== undefined) {
    const below = stepTexts(items, depth + 1, note);
    const said = below.map(plainLine).join(' ');
    const own = texts.filter((text) => !said.includes(plainLine(text)));
    return [...(name === '' ? [] : [`${name}:`]), ...own, ...below];
  }
  if (value['item'] !== undefined) return stepTexts(value['item'], depth + 1, note);
  const text = texts.join('\n');
  if (text === '') return name === '' ? [] : [name];
  const isNumber = name === '' || /^step\s*\d+$/iu.test(name);
  return [isNumber ? text : `${name}${/[.!?:]$/u.test(name) ? '' : ':'} ${text}`];
}

function readSteps(node: JsonObject, note: Note): RecipeImport['steps'] {
  const texts = stepTexts(node['recipeInstructions'] ?? node['instructions'], 0, note)
    .flatMap(splitStep)
    .filter((text) => text.trim() !== '');
  if (texts.length === 0) note('no-steps', '');
  leaveOut(note, texts.slice(LINES_MAX));
  return texts.slice(0, LINES_MAX).map((wording) => ({ wording, timerSeconds: null }));
}

function readTags(node: JsonObject, note: Note): readonly string[] {
  const words = ['keywords', 'recipeCategory', 'recipeCuisine'].flatMap((name) =>
    listOf(node[name]).flatMap((each) => plainLine(textOf(each)).split(/[,;]/u)),
  );
  const tags = new Map<string, string>();
  const long: string[] = [];
  for (const word of words.map(tidyName).filter((each) => each !== '')) {
    const isShort = lengthOf(word) <= TAG_MAX && lengthOf(nameKey(word)) <= TAG_MAX;
    if (!isShort) long.push(word);
    else if (!tags.has(nameKey(word))) tags.set(nameKey(word), word);
  }
  leaveOut(note, long);
  leaveOut(note, [...tags.values()].slice(TAGS_MAX));
  return [...tags.values()].slice(0, TAGS_MAX);
}

const WEB_ADDRESS = /^https?:\/\/[^\s<>"]+$/iu;

function readSource(
  node: JsonObject,
  note: Note,
): Pick<RecipeImport['fields'], 'sourceName' | 'sourceUrl'> {
  const main = node['mainEntityOfPage'];
  const address = [node['url'], isObject(main) ? main['@id'] : main]
    .map((each) => plainLine(typeof each === 'string' ? each : ''))
    .find((each) => each !== '');
  const good = address !== undefined && WEB_ADDRESS.test(address) && lengthOf(address) <= 2000;
  if (address !== undefined && !good) note('source', cutText(address, 200));
  const [authors = '', publishers = ''] = [node['author'], node['publisher']].map((source) =>
    [...new Set(listOf(source).map((each) => plainLine(textOf(each))))].filter(Boolean).join(', '),
  );
  const name = authors || publishers;
  const sourceName = cutText(name, TITLE_MAX);
  if (sourceName !== name) note('too-long', cutText(name, 200));
  return {
    sourceName: sourceName === '' ? null : sourceName,
    sourceUrl: good ? address : null,
  };
}

function readImage(node: JsonObject): string | null {
  for (const each of listOf(node['image'])) {
    const address = isObject(each) ? textOf(each['url'] ?? each['contentUrl']) : textOf(each);
    if (address.trim() !== '') return address.trim().slice(0, 2_000_000);
  }
  return null;
}

/** The recipe of one node; without a title there is none. */
export function recipeFromNode(node: JsonObject): NodeReading {
  const problems: ImportProblem[] = [];
  const name = plainLine(textOf(node['name'] ?? node['headline']));
  const title = cutText(name, TITLE_MAX);
  const note: Note = (what, text) => {
    problems.push({ recipe: title, what, text });
  };
  if (title === '') {
    note('no-title', plainLine(textOf(node['description'])).slice(0, 200));
    return { recipe: null, image: null, problems };
  }
  const { lines, overlong } = readIngredients(node, note);
  const description = plainText(textOf(node['description']));
  const fits = lengthOf(description) <= SUMMARY_MAX;
  const kept = [
    ...(title === name ? [] : [name]),
    ...(fits ? [] : [description]),
    ...overlong,
  ].join('\n\n');
  if (title !== name) note('too-long', name);
  if (lengthOf(kept) > NOTES_MAX) note('too-long', kept.slice(0, 200));
  const recipe: RecipeImport = {
    fields: {
      title,
      servings: readServings(node, note),
      summary: description === '' || !fits ? null : description,
      notes: kept === '' ? null : cutText(kept, NOTES_MAX),
      prepMinutes: readTime(node, 'prepTime', note),
      cookMinutes: readCooking(node, note),
      ...readSource(node, note),
    },
    ingredients: lines,
    steps: readSteps(node, note),
    tags: readTags(node, note),
    photo: null,
  };
  return { recipe, image: readImage(node), problems };
}
