/**
 * Bringing recipes in: all of them or none, in one act with one undo. What is too large or not understood
 * was named by the preview before; a recipe that still does not fit refuses the whole import and says
 * which field of which recipe.
 */
import type { ActArgs, Sentence } from '../../shared/acts/acts.ts';
import { checkCount } from './list.ts';
import { insertRecipe } from './recipe.ts';
import type { Work } from './work.ts';

export const importRecipesMax = 5000;
/** Below the server's 100 000 rows per bundle, with room for what was changed before it. */
export const importRowsMax = 90_000;
/** Below the server's 64 MiB per bundle; photos travel as base64, a third larger. */
export const importPhotoBytesMax: number = 36 * 1024 * 1024;

export function importApply(work: Work, { recipes }: ActArgs['import.apply']): Sentence {
  checkCount(work, 'recipes', recipes.length, importRecipesMax);
  const rows = recipes.reduce(
    (sum, each) => sum + 2 + each.ingredients.length + each.steps.length + each.tags.length * 2,
    0,
  );
  if (rows > importRowsMax) work.refuse({ type: 'too-large', limit: 'rows', max: importRowsMax });
  const bytes = recipes.reduce((sum, each) => sum + (each.photo?.bytes.length ?? 0), 0);
  if (bytes > importPhotoBytesMax) {
    work.refuse({ type: 'too-large', limit: 'photos', max: importPhotoBytesMax });
  }
  for (const [index, recipe] of recipes.entries()) {
    if (work.refusal() !== null) break;
    insertRecipe(
      work,
      {
        id: work.context.newId(),
        fields: recipe.fields,
        ingredients: recipe.ingredients.map((line) => ({ ...line, id: null })),
        steps: recipe.steps.map((step) => ({ ...step, id: null })),
        tags: recipe.tags,
        photo: recipe.photo,
      },
      `recipes.${index}.`,
    );
  }
  const photos = recipes.filter((recipe) => recipe.photo !== null).length;
  const tags = new Set(recipes.flatMap((recipe) => recipe.tags)).size;
  return {
    key: 'import.apply',
    values: { title: recipes[0]?.fields.title ?? '', count: recipes.length, tags, photos },
  };
}
