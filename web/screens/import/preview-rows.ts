/**
 * What the preview says about each recipe that was found, before anything is written: what it becomes, what
 * could not be understood (the words stay), whether its photo is there, and whether a recipe of the same
 * title exists. Pure.
 */
import type { RecipeImport } from '../../../shared/acts/acts.ts';
import { nameKey } from '../../../shared/domain/name-key.ts';
import type { ImportProblem } from '../../../shared/domain/recipe-node.ts';

export type PhotoState = 'none' | 'found' | 'missing' | 'unreadable';

export interface PreviewRow {
  readonly index: number;
  readonly title: string;
  readonly ingredients: number;
  readonly steps: number;
  readonly tags: number;
  readonly photo: PhotoState;
  /** What the reader could not use of this recipe. */
  readonly problems: readonly ImportProblem[];
  /** `kitchen`: a stored recipe has this title; `import`: an earlier one of this import has. */
  readonly sameTitle: 'no' | 'kitchen' | 'import';
}

export const previewRows = (
  recipes: readonly RecipeImport[],
  photos: readonly PhotoState[],
  problems: readonly ImportProblem[],
  storedTitles: readonly string[],
): readonly PreviewRow[] => {
  const stored = new Set(storedTitles.map(nameKey));
  const seen = new Set<string>();
  return recipes.map((recipe, index) => {
    const { title } = recipe.fields;
    const key = nameKey(title);
    const again = seen.has(key) ? 'import' : 'no';
    seen.add(key);
    return {
      index,
      title,
      ingredients: recipe.ingredients.length,
      steps: recipe.steps.length,
      tags: recipe.tags.length,
      photo: photos[index] ?? 'none',
      problems: problems.filter((problem) => problem.recipe === title),
      sameTitle: stored.has(key) ? 'kitchen' : again,
    };
  });
};

/** Problems that belong to no recipe in the preview: the text as a whole, or a recipe that was dropped. */
export const looseProblems = (
  recipes: readonly RecipeImport[],
  problems: readonly ImportProblem[],
): readonly ImportProblem[] => {
  const titles = new Set(recipes.map((recipe) => recipe.fields.title));
  return problems.filter((problem) => !titles.has(problem.recipe));
};
