/**
 * Reads schema.org `Recipe` JSON-LD from whatever people have: the pasted source of a page, an .html
 * file, JSON-LD text or a .json file (`app.md` §5.11). The node may sit in an array, in `@graph` or below
 * another node, and have several types; instructions may be text, steps or sections; times are ISO 8601.
 *
 * What must hold: wordings are kept as written (markup stripped, entities decoded); what could not be
 * understood is named, not guessed; nothing is fetched; everything is bounded. A text that holds no recipe
 * gives none and says so. Reading never throws, whatever was pasted.
 */
import type { RecipeImport } from '../acts/acts.ts';
import {
  recipeFromNode,
  type ImportProblem,
  type NodeReading,
  type ProblemKind,
} from './recipe-node.ts';

export const importLimits = {
  charactersMax: 40_000_000,
  recipesMax: 5000,
  nodesMax: 200_000,
  depthMax: 24,
  blocksMax: 200,
  problemsMax: 100_000,
} as const;

export interface ImportReading {
  readonly recipes: readonly RecipeImport[];
  /** The image address or file name of each recipe, in the same order. */
  readonly images: readonly (string | null)[];
  readonly problems: readonly ImportProblem[];
}

const SCRIPT =
  /<script\b[^>]*\btype\s*=\s*["']?application\/ld\+json["']?[^>]*>([\s\S]*?)<\/script\s*>/giu;

type Parsed =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly value: null };

/** Trailing commas and raw new lines inside strings are common in pages; nothing else is mended. */
function parseJson(text: string): Parsed {
  const trimmed = text
    .replace(/^\uFEFF/u, '')
    .replace(/^\s*(?:<!--|\/\/<!\[CDATA\[|<!\[CDATA\[)/u, '')
    .replace(/(?:-->|(?:\/\/)?\]\]>)\s*$/u, '')
    .replace(/;\s*$/u, '')
    .trim();
  for (const candidate of [trimmed, mendStrings(trimmed)]) {
    const value = tryParse(candidate);
    if (value !== undefined) return { ok: true, value };
  }
  return { ok: false, value: null };
}

/** The one place where foreign JSON is parsed; a mistake in it is an answer, not an error. */
function tryParse(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return value;
  } catch {
    return undefined;
  }
}

/** Control characters inside string literals are escaped, commas before a closing bracket dropped. */
function mendStrings(text: string): string {
  const parts: string[] = [];
  let inString = false;
  for (let index = 0; index < text.length; index += 1) {
    const character = text.charAt(index);
    if (inString && character === '\\') {
      parts.push(text.slice(index, index + 2));
      index += 1;
      continue;
    }
    if (character === '"') inString = !inString;
    if (inString && character < ' ') {
      parts.push(character === '\n' ? '\\n' : character === '\t' ? '\\t' : ' ');
    } else if (
      !inString &&
      character === ',' &&
      /^\s*[\]}]/u.test(text.slice(index + 1, index + 80))
    ) {
      continue;
    } else {
      parts.push(character);
    }
  }
  return parts.join('');
}

type JsonObject = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function isRecipe(node: JsonObject): boolean {
  const type = node['@type'];
  const types: readonly unknown[] = Array.isArray(type) ? type : [type];
  return types.some(
    (each) =>
      typeof each === 'string' && /^(?:(?:https?:\/\/)?schema\.org\/|schema:)?Recipe$/iu.test(each),
  );
}

/**
 * All recipe nodes below a value, in reading order, bounded in number and depth; one more than an import
 * holds, so that it can be said that there are more.
 */
function collectRecipes(root: unknown): readonly JsonObject[] {
  const found: JsonObject[] = [];
  const stack: { readonly value: unknown; readonly depth: number }[] = [{ value: root, depth: 0 }];
  for (let visited = 0; visited < importLimits.nodesMax; visited += 1) {
    const next = stack.pop();
    if (next === undefined) break;
    const { value, depth } = next;
    if (depth > importLimits.depthMax) continue;
    if (Array.isArray(value)) {
      for (const item of value.toReversed()) stack.push({ value: item, depth: depth + 1 });
    } else if (isObject(value)) {
      if (isRecipe(value)) {
        found.push(value);
        if (found.length > importLimits.recipesMax) break;
        continue;
      }
      const children = Object.values(value).filter((child) => typeof child === 'object');
      for (const child of children.toReversed()) stack.push({ value: child, depth: depth + 1 });
    }
  }
  return found;
}

/** The JSON-LD blocks of a page, or the text itself where it is JSON. */
function blocksOf(text: string): readonly string[] {
  const start = text.replace(/^\uFEFF/u, '').trimStart();
  if (start.startsWith('{') || start.startsWith('[')) return [text];
  return [...text.matchAll(SCRIPT)].slice(0, importLimits.blocksMax).map((match) => match[1] ?? '');
}

const failed = (what: ProblemKind, text: string): ImportReading => ({
  recipes: [],
  images: [],
  problems: [{ recipe: '', what, text: text.trim().slice(0, 200) }],
});

const LINK_ONLY = /^\s*https?:\/\/\S+\s*$/iu;

/** Every recipe in a pasted or opened text, and what of it was not understood. */
export function readRecipes(text: string): ImportReading {
  if (text.length > importLimits.charactersMax) return failed('too-large', '');
  if (LINK_ONLY.test(text)) return failed('only-a-link', text);
  const problems: ImportProblem[] = [];
  const nodes: JsonObject[] = [];
  for (const block of blocksOf(text)) {
    const parsed = parseJson(block);
    if (!parsed.ok)
      problems.push({ recipe: '', what: 'not-json', text: block.trim().slice(0, 200) });
    nodes.push(...collectRecipes(parsed.value));
  }
  if (nodes.length === 0 && problems.length === 0) return failed('no-recipe', text);
  if (nodes.length > importLimits.recipesMax) {
    problems.push({ recipe: '', what: 'too-many', text: String(importLimits.recipesMax) });
  }
  const readings: NodeReading[] = nodes
    .slice(0, importLimits.recipesMax)
    .map((node) => recipeFromNode(node));
  for (const reading of readings) problems.push(...reading.problems);
  const kept = readings.filter((reading) => reading.recipe !== null);
  return {
    recipes: kept.flatMap((reading) => reading.recipe ?? []),
    images: kept.map((reading) => reading.image),
    problems: problems.slice(0, importLimits.problemsMax),
  };
}
