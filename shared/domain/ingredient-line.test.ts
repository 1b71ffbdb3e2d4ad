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

test('[IMPORT-461] a line that adds one amount to another has none, and is named after the thing', () => {
  const added: readonly (readonly [string, string])[] = [
    ['1/4 cup + 1/2 tsp Lime Juice', 'Lime Juice'],
    ['1 cup + 2 1/2 Tbsp Butter', 'Butter'],
    ['1 cup plus 2 tablespoons sugar', 'Sugar'],
    ['2 and a half cups flour', 'Flour'],
    ['one and a half cups flour', 'Flour'],
    ['2 plus 1 eggs', 'Eggs'],
    ['2 eggs plus 1 yolk', 'Eggs'],
    ['8 cups chicken broth + 2 cups water', 'Chicken broth'],
  ];
  for (const [wording, name] of added) {
    expect(readIngredientLine(wording)).toEqual({
      quantityMilli: null,
      unit: null,
      rest: wording,
      name,
      doubtful: true,
    });
  }
  expect(read('1 cup + salt')).toEqual([1000, 'cup', '+ salt', 'Salt']);
  expect(read('1 cup half and half (cream)').slice(0, 2)).toEqual([1000, 'cup']);
  expect(read('2 boxes mac and 4-cheese').slice(0, 2)).toEqual([2000, 'box']);
});

test('[IMPORT-462] a number counts what stands behind it: parts of one, twelves, mixed numbers', () => {
  expect(read('3/4 of a cup of water')).toEqual([750, 'cup', 'water', 'Water']);
  expect(read('1/2 of an onion')).toEqual([500, null, 'onion', 'Onion']);
  expect(read('2 & 1/2 cups flour')).toEqual([2500, 'cup', 'flour', 'Flour']);
  expect(read('2 and ½ cups flour')).toEqual([2500, 'cup', 'flour', 'Flour']);
  expect(read('1 dozen eggs')).toEqual([12_000, null, 'eggs', 'Eggs']);
  expect(read('half fat milk')).toEqual([null, null, 'half fat milk', 'Half fat milk']);
  expect(read('1.500 g flour').slice(0, 2)).toEqual([null, null]);
  expect(read('1.250 kg flour').slice(0, 2)).toEqual([1250, 'kg']);
});
