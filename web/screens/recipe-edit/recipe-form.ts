/**
 * The recipe form as plain data: what the fields hold while someone types, how it comes from a stored
 * recipe, and what one Save has to say. It owns the text form of ingredients (one per line, a line that
 * ends with a colon starts a section where lines follow, an empty line ends it) and finds the stored line
 * behind a typed one, so that an edited line stays the same row.
 *
 * Must hold: a Save holds only what differs from the form as it was opened, so that a change made
 * elsewhere meanwhile is not overwritten; a line nobody touched keeps its id.
 * It does not read amounts (`shared/domain/ingredient-line.ts` does) and knows no screen.
 */
import type {
  ActArgs,
  IngredientDraft,
  RecipeFields,
  StepDraft,
} from '../../../shared/acts/acts.ts';
import { isOptionalLine } from '../../../shared/domain/ingredient-line.ts';
import { nameKey } from '../../../shared/domain/name-key.ts';
import type { RecipeView } from '../../../shared/queries.ts';

/** One step in the form. `key` is only for the screen, to keep focus while rows move. */
export interface StepField {
  readonly key: string;
  readonly id: string | null;
  readonly wording: string;
  readonly timerSeconds: number | null;
}

/** Every field as it is typed: numbers are text until Save. */
export interface RecipeForm {
  readonly title: string;
  readonly servings: string;
  readonly summary: string;
  readonly notes: string;
  readonly prepMinutes: string;
  readonly cookMinutes: string;
  readonly sourceName: string;
  readonly sourceUrl: string;
  readonly ingredients: string;
  readonly steps: readonly StepField[];
  readonly tags: readonly string[];
  /** What stands in the tag field and is no chip yet; Save takes it too. */
  readonly tag: string;
}

export type TextField = Exclude<keyof RecipeForm, 'steps' | 'tags' | 'tag'>;

export type FormProblem =
  | 'title-missing'
  | 'servings-bad'
  | 'minutes-bad'
  | 'source-bad'
  | 'too-long';

export type FormProblems = Partial<Readonly<Record<TextField | 'steps' | 'tags', FormProblem>>>;

/** From the text kinds of the recipe tables (`app.md` §3.3). */
export const lengthMax = {
  title: 160,
  summary: 400,
  notes: 8000,
  sourceName: 160,
  sourceUrl: 2000,
  ingredient: 300,
  section: 80,
  step: 4000,
  tag: 40,
} as const;

export const emptyForm: RecipeForm = {
  title: '',
  servings: '4',
  summary: '',
  notes: '',
  prepMinutes: '',
  cookMinutes: '',
  sourceName: '',
  sourceUrl: '',
  ingredients: '',
  steps: [{ key: 'first', id: null, wording: '', timerSeconds: null }],
  tags: [],
  tag: '',
};

type Line = Pick<IngredientDraft, 'wording' | 'section' | 'optional'>;

/** Stored lines as the text a person edits. */
export const ingredientsToText = (lines: readonly Line[]): string => {
  const out: string[] = [];
  let section: string | null = null;
  for (const line of lines) {
    if (line.section !== section) {
      if (out.length > 0) out.push('');
      if (line.section !== null) out.push(`${line.section}:`);
      section = line.section;
    }
    out.push(line.wording);
  }
  return out.join('\n');
};

export const bullet = /^(?:[-*•–▢☐□]\s+|\[[ x]?\]\s*)/iu;

const isHeading = (line: string): boolean =>
  line.endsWith(':') && line.length > 1 && line.length <= lengthMax.section + 1;

/** Stored lines that end with a colon and have others below them: they are lines, not headings. */
export const colonLines = (stored: readonly Line[]): ReadonlySet<string> =>
  new Set(
    stored
      .filter((line, at) => isHeading(line.wording) && stored[at + 1]?.section === line.section)
      .map((line) => line.wording),
  );

/**
 * Typed or pasted text as lines, in order. Bullets and boxes of pasted lists are dropped. A heading with
 * nothing below it is a line like any other, as in an import: no word is dropped.
 */
export const textToLines = (
  text: string,
  linesWithColon: ReadonlySet<string> = new Set(),
): readonly Line[] => {
  const lines: Line[] = [];
  let section: string | null = null;
  let heading: string | null = null;
  const add = (wording: string): void => {
    lines.push({ wording, section, optional: isOptionalLine(wording) });
  };
  const endHeading = (): void => {
    if (heading !== null) add(heading);
    heading = null;
  };
  for (const raw of text.split(/\r\n|\r|\n/u)) {
    const line = raw.trim().replace(bullet, '').trim();
    if (line === '') {
      endHeading();
      section = null;
    } else if (isHeading(line) && !linesWithColon.has(line)) {
      endHeading();
      heading = line;
    } else {
      if (heading !== null) section = heading.slice(0, -1).trim();
      heading = null;
      add(line);
    }
  }
  endHeading();
  return lines;
};

/**
 * Gives typed lines the ids of the stored lines behind them: first the same wording, then, between two
 * lines that were found, what is left over in order. A changed line thereby stays the same row.
 */
export const matchLines = (
  typed: readonly Line[],
  stored: readonly IngredientDraft[],
): readonly IngredientDraft[] => {
  const used = new Set<number>();
  const found = typed.map((line) => {
    const index = stored.findIndex(
      (candidate, at) => !used.has(at) && candidate.wording === line.wording,
    );
    if (index !== -1) used.add(index);
    return index;
  });
  return typed.map((line, at) => {
    let index = found[at] ?? -1;
    if (index === -1) {
      const before = found.slice(0, at).findLast((candidate) => candidate !== -1) ?? -1;
      const after = found.slice(at + 1).find((candidate) => candidate > before) ?? stored.length;
      index = stored.findIndex((_, spot) => spot > before && spot < after && !used.has(spot));
      if (index !== -1) {
        used.add(index);
        found[at] = index;
      }
    }
    const match = index === -1 ? undefined : stored[index];
    if (match === undefined) return { id: null, ...line };
    const optional = match.wording === line.wording ? match.optional : line.optional;
    return { id: match.id, wording: line.wording, section: line.section, optional };
  });
};

export const storedIngredients = (recipe: RecipeView): readonly IngredientDraft[] =>
  recipe.ingredients.map(({ id, wording, section, optional }) => ({
    id,
    wording,
    section,
    optional,
  }));

const storedSteps = (recipe: RecipeView): readonly StepDraft[] =>
  recipe.steps.map(({ id, wording, timerSeconds }) => ({ id, wording, timerSeconds }));

const numberToText = (value: number | null): string => (value === null ? '' : String(value));

/** The form of a stored recipe, as it is opened. */
export const formOf = (recipe: RecipeView): RecipeForm => ({
  title: recipe.title,
  servings: String(recipe.servings),
  summary: recipe.summary ?? '',
  notes: recipe.notes ?? '',
  prepMinutes: numberToText(recipe.prepMinutes),
  cookMinutes: numberToText(recipe.cookMinutes),
  sourceName: recipe.sourceName ?? '',
  sourceUrl: recipe.sourceUrl ?? '',
  ingredients: ingredientsToText(recipe.ingredients),
  steps:
    recipe.steps.length === 0
      ? emptyForm.steps
      : recipe.steps.map((step) => ({ key: step.id, ...step })),
  tags: recipe.tags.map((tag) => tag.name),
  tag: '',
});

/** The tags with what is still being typed, each once; commas part them. */
export const tagsOf = (form: Pick<RecipeForm, 'tags' | 'tag'>): readonly string[] => {
  const byKey = new Map(form.tags.map((tag) => [nameKey(tag), tag]));
  for (const word of form.tag.split(',').map((part) => part.trim())) {
    const key = nameKey(word);
    if (key !== '' && !byKey.has(key)) byKey.set(key, word);
  }
  return [...byKey.values()];
};

const wholeNumber = (text: string): number | null =>
  /^\d{1,4}$/u.test(text.trim()) ? Number(text.trim()) : null;

/** What must be put right before Save, by field. */
export const findProblems = (form: RecipeForm): FormProblems => {
  const problems: { -readonly [K in keyof FormProblems]: FormProblems[K] } = {};
  for (const field of ['title', 'summary', 'notes', 'sourceName', 'sourceUrl'] as const) {
    if (form[field].trim().length > lengthMax[field]) problems[field] = 'too-long';
  }
  if (form.title.trim() === '') problems.title = 'title-missing';
  const servings = wholeNumber(form.servings);
  if (servings === null || servings < 1 || servings > 99) problems.servings = 'servings-bad';
  for (const field of ['prepMinutes', 'cookMinutes'] as const) {
    if (form[field].trim() !== '' && wholeNumber(form[field]) === null) {
      problems[field] = 'minutes-bad';
    }
  }
  const url = form.sourceUrl.trim();
  if (url !== '' && !/^https?:\/\/\S+$/iu.test(url)) problems.sourceUrl = 'source-bad';
  if (textToLines(form.ingredients).some((line) => line.wording.length > lengthMax.ingredient)) {
    problems.ingredients = 'too-long';
  }
  if (form.steps.some((step) => step.wording.trim().length > lengthMax.step)) {
    problems.steps = 'too-long';
  }
  if (tagsOf(form).some((tag) => tag.length > lengthMax.tag)) problems.tags = 'too-long';
  return problems;
};

const orNull = (text: string): string | null => (text.trim() === '' ? null : text.trim());

/** The scalar fields of a form without problems. */
export const fieldsOf = (form: RecipeForm): RecipeFields => ({
  title: form.title.trim(),
  servings: wholeNumber(form.servings) ?? 1,
  summary: orNull(form.summary),
  notes: orNull(form.notes),
  prepMinutes: wholeNumber(form.prepMinutes),
  cookMinutes: wholeNumber(form.cookMinutes),
  sourceName: orNull(form.sourceName),
  sourceUrl: orNull(form.sourceUrl),
});

export const stepsOf = (form: RecipeForm): readonly StepDraft[] =>
  form.steps
    .filter((step) => step.wording.trim() !== '')
    .map(({ id, wording, timerSeconds }) => ({ id, wording: wording.trim(), timerSeconds }));

const sameData = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

/**
 * Three-way merge of a list by id: mine decides what I touched, theirs what only they touched. What they
 * added meanwhile comes to the end, because its place in my order is unknown.
 */
export const mergeList = <T extends { readonly id: string | null }>(
  base: readonly T[],
  mine: readonly T[],
  theirs: readonly T[],
): readonly T[] => {
  const baseById = new Map(base.map((row) => [row.id, row]));
  const theirsById = new Map(theirs.map((row) => [row.id, row]));
  const mineIds = new Set(mine.map((row) => row.id));
  const kept = mine.flatMap((row): T[] => {
    const before = row.id === null ? undefined : baseById.get(row.id);
    if (before === undefined) return [row];
    const now = theirsById.get(row.id);
    const touched = !sameData(before, row);
    // Removed there and changed here: a change beats a removal, as a new row.
    if (now === undefined) return touched ? [{ ...row, id: null }] : [];
    return [touched ? row : now];
  });
  const added = theirs.filter((row) => !baseById.has(row.id) && !mineIds.has(row.id));
  return [...kept, ...added];
};

export type RecipeChanges = Omit<ActArgs['recipe.edit'], 'id'>;

/**
 * What one Save has to say: only what differs between the form as it was opened and as it is now, lists
 * merged with what the recipe holds by now.
 */
export const changesOf = (
  opened: RecipeForm,
  openedRecipe: RecipeView,
  form: RecipeForm,
  live: RecipeView,
): RecipeChanges => {
  const before = fieldsOf(opened);
  const after = fieldsOf(form);
  const fields = Object.fromEntries(
    Object.entries(after).filter(([field, value]) => before[field as keyof RecipeFields] !== value),
  ) as Partial<RecipeFields>;
  const changes: {
    -readonly [K in keyof RecipeChanges]: RecipeChanges[K];
  } = {};
  if (Object.keys(fields).length > 0) changes.fields = fields;
  if (opened.ingredients !== form.ingredients) {
    const stored = storedIngredients(openedRecipe);
    const mine = matchLines(textToLines(form.ingredients, colonLines(stored)), stored);
    if (!sameData(mine, stored)) {
      changes.ingredients = mergeList(stored, mine, storedIngredients(live));
    }
  }
  const steps = stepsOf(form);
  if (!sameData(stepsOf(opened), steps)) {
    changes.steps = mergeList(storedSteps(openedRecipe), steps, storedSteps(live));
  }
  const tags = tagsOf(form);
  if (!sameData(opened.tags, tags)) {
    const added = live.tags.map((tag) => tag.name).filter((name) => !opened.tags.includes(name));
    changes.tags = [...new Set([...tags, ...added])];
  }
  return changes;
};

/** How many things a Save would change, for the button: fields, lists. */
export const countChanges = (opened: RecipeForm, form: RecipeForm): number => {
  const keys = Object.keys(form) as (keyof RecipeForm)[];
  return keys.filter((key) => !sameData(opened[key], form[key])).length;
};
