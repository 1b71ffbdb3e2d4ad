import * as fc from 'fast-check';
import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { lengthOf } from './characters.ts';
import { readIngredientLine } from './ingredient-line.ts';
import { readRecipes } from './recipe-jsonld.ts';

const read = (wording: string) => {
  const { quantityMilli, unit, rest, name } = readIngredientLine(wording);
  return [quantityMilli, unit, rest, name];
};

test('[IMPORT-460] a line with a letter has a name, of its own words', () => {
  expect(read('1 clove (spice)')).toEqual([1000, null, 'clove (spice)', 'Clove']);
  expect(read('3 cloves (crushed)')).toEqual([3000, null, 'cloves (crushed)', 'Cloves']);
  expect(read('1 can (400 g)')).toEqual([1000, null, 'can (400 g)', 'Can']);
  expect(read('1 pkg. (optional)')).toEqual([1000, null, 'pkg. (optional)', 'Pkg']);
  expect(read('1 cup (chopped)')).toEqual([1000, 'cup', '(chopped)', '1 cup (chopped)']);
  const pieces = fc.constantFrom('1', '½', 'cup', 'cloves', 'can', '(', ')', 'x', ',', '-', '.');
  const lines = fc.oneof(
    fc.string({ unit: 'grapheme', maxLength: 120 }),
    fc.array(pieces, { maxLength: 9 }).map((words) => words.join(' ')),
  );
  fc.assert(
    fc.property(lines, (wording) => {
      const { name } = readIngredientLine(wording);
      expect(/\p{L}/u.test(name)).toBe(/\p{L}/u.test(wording));
      expect(lengthOf(name)).toBeLessThanOrEqual(80);
    }),
  );
});

const real = new URL('../../../shared/vectors/recipes/recipes-240.jsonld', import.meta.url);

test('[IMPORT-460] every line of the 240 real recipes has a name', () => {
  if (!existsSync(real)) {
    process.stdout.write(`not run: ${real.pathname} is missing\n`);
    return;
  }
  const lines = readRecipes(readFileSync(real, 'utf8')).recipes.flatMap((each) => each.ingredients);
  expect(lines.length).toBeGreaterThan(2000);
  expect(lines.filter(({ wording }) => !/\p{L}/u.test(readIngredientLine(wording).name))).toEqual(
    [],
  );
});
