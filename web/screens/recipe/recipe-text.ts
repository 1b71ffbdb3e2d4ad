/**
 * A recipe for the number of servings on screen: its lines as they were written, or with scaled amounts for
 * another number, by section, and the whole of it as plain text for sharing. Pure; nothing here is ever
 * written back to the recipe.
 */
import { formatAmount } from '../../../shared/domain/format-amount.ts';
import { withoutLinks } from '../../../shared/domain/ingredient-line.ts';
import { scaleMilli } from '../../../shared/domain/scale.ts';
import type { IngredientView, RecipeView } from '../../../shared/queries.ts';
import { recipeText } from '../../text/recipes.ts';

export interface ScaledLine {
  readonly id: string;
  /** "" where no amount stands before the rest: the words then hold the whole wording. */
  readonly amount: string;
  readonly words: string;
  readonly wording: string;
  readonly optional: boolean;
}

export interface ScaledSection {
  readonly name: string | null;
  readonly lines: readonly ScaledLine[];
}

type Shown = Pick<ScaledLine, 'amount' | 'words'>;

/** As it was written, "1 pound (500 g) pasta", parted where the amount ends. */
const writtenLine = (line: IngredientView): Shown => {
  const words = withoutLinks(line.wording);
  if (line.quantityMilli === null || !words.endsWith(line.rest)) return { amount: '', words };
  const amount = words.slice(0, words.length - line.rest.length).trim();
  return amount === '' ? { amount, words } : { amount, words: line.rest };
};

const scaledLine = (line: IngredientView, from: number, to: number): ScaledLine => {
  const { id, quantityMilli, unit, rest, wording, optional } = line;
  const shown: Shown =
    from === to || quantityMilli === null
      ? writtenLine(line)
      : { amount: formatAmount(scaleMilli(quantityMilli, from, to), unit), words: rest };
  return { id, ...shown, wording, optional };
};

/** Lines in their order, cut where the section changes. */
export const scaledSections = (recipe: RecipeView, servings: number): readonly ScaledSection[] => {
  const sections: { name: string | null; lines: ScaledLine[] }[] = [];
  for (const line of recipe.ingredients) {
    const last = sections.at(-1);
    const scaled = scaledLine(line, recipe.servings, servings);
    if (last !== undefined && last.name === line.section) last.lines.push(scaled);
    else sections.push({ name: line.section, lines: [scaled] });
  }
  return sections;
};

export const lineText = (line: ScaledLine): string =>
  line.amount === '' ? line.words : `${line.amount} ${line.words}`;

/** What "Share as text" hands over: readable in any message, one blank line between parts. */
export const recipeAsText = (recipe: RecipeView, servings: number): string => {
  const ingredients = scaledSections(recipe, servings).flatMap((section) => [
    ...(section.name === null ? [] : [`${section.name}:`]),
    ...section.lines.map((line) => `- ${lineText(line)}`),
  ]);
  const steps = recipe.steps.map(
    (step, index) => `${String(index + 1)}. ${withoutLinks(step.wording)}`,
  );
  const parts = [
    [`${recipe.title} (${recipeText.servings.toLowerCase()}: ${String(servings)})`],
    recipe.summary === null ? [] : [recipe.summary],
    ingredients,
    steps,
    recipe.notes === null ? [] : [recipe.notes],
    recipe.sourceUrl === null ? [] : [recipe.sourceUrl],
  ];
  return parts
    .filter((part) => part.length > 0)
    .map((part) => part.join('\n'))
    .join('\n\n');
};

/** A stored address is only ever a link when it is one of the web; anything else stays text. */
export const safeLink = (url: string | null): string | null =>
  url !== null && /^https?:\/\//iu.test(url) ? url : null;
