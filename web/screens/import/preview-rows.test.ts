import { expect, test } from 'vitest';
import { readRecipes } from '../../../shared/domain/recipe-jsonld.ts';
import { looseProblems, previewRows } from './preview-rows.ts';

const page = (recipes: readonly object[]) => JSON.stringify(recipes);
const recipe = (name: string, lines: readonly string[]) => ({
  '@type': 'Recipe',
  name,
  recipeIngredient: lines,
  recipeInstructions: 'Cook.',
  keywords: 'soup',
});

test('[IMPORT-21] the preview names what becomes of a recipe and which amounts stay words', () => {
  const reading = readRecipes(page([recipe('Borscht', ['500 g beets', '2-3 onions', 'salt'])]));
  const [row] = previewRows(reading.recipes, ['missing'], reading.problems, []);
  expect(row).toMatchObject({
    index: 0,
    title: 'Borscht',
    ingredients: 3,
    steps: 1,
    tags: 1,
    photo: 'missing',
    sameTitle: 'no',
  });
  expect(row?.problems.map((problem) => problem.text)).toContain('2-3 onions');
  expect(looseProblems(reading.recipes, reading.problems)).toEqual([]);
});

test('[IMPORT-22] a title that exists here, or twice in the file, is flagged before the import', () => {
  const { recipes } = readRecipes(
    page([recipe('Borscht', []), recipe('borscht ', []), recipe('Pho', [])]),
  );
  const rows = previewRows(recipes, [], [], ['PHO']);
  expect(rows.map((row) => row.sameTitle)).toEqual(['no', 'import', 'kitchen']);
});

test('[IMPORT-21] a text without a recipe leaves no row and one loose problem', () => {
  const reading = readRecipes('<p>Hello</p>');
  expect(previewRows(reading.recipes, [], reading.problems, [])).toEqual([]);
  expect(looseProblems(reading.recipes, reading.problems).map(({ what }) => what)).toEqual([
    'no-recipe',
  ]);
});
