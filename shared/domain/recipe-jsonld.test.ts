import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { readIngredientLine } from './ingredient-line.ts';
import { importLimits, readRecipes } from './recipe-jsonld.ts';
import { readMinutes } from './recipe-node.ts';

const node = {
  '@context': 'https://schema.org',
  '@type': 'Recipe',
  name: 'Lasagne',
  recipeYield: '6',
  recipeIngredient: ['500 g beef mince', '2-3 carrots', 'Salt &amp; pepper'],
  recipeInstructions: [{ '@type': 'HowToStep', text: 'Brown the <b>mince</b>.' }, 'Bake it.'],
  keywords: 'pasta, supper',
  prepTime: 'PT20M',
  cookTime: 'PT1H10M',
};

const only = (text: string) => {
  const reading = readRecipes(text);
  const [recipe] = reading.recipes;
  if (recipe === undefined) throw new Error('no recipe was read');
  return { recipe, problems: reading.problems };
};

test('[IMPORT-13] a recipe is found in an array, in @graph, below a page and with several types', () => {
  const forms = [
    node,
    [node],
    { '@context': 'https://schema.org', '@graph': [{ '@type': 'WebSite' }, node] },
    { '@type': 'WebPage', mainEntity: node },
    { ...node, '@type': ['NewsArticle', 'Recipe'] },
    { ...node, '@type': 'http://schema.org/Recipe' },
  ];
  for (const form of forms) {
    const { recipe } = only(JSON.stringify(form));
    expect(recipe.fields).toMatchObject({
      title: 'Lasagne',
      servings: 6,
      prepMinutes: 20,
      cookMinutes: 70,
    });
    expect(recipe.steps.map((step) => step.wording)).toEqual(['Brown the mince.', 'Bake it.']);
    expect(recipe.tags).toEqual(['pasta', 'supper']);
  }
});

test('[IMPORT-2] a page source gives the recipes of its JSON-LD blocks, broken strings mended', () => {
  const page = `<!doctype html><html><head><script>var x = "<script type='application/ld+json'>";</script>
    <script type="application/ld+json">{"@type":"Organization","name":"x"}</script>
    <script id="a" type='application/ld+json' data-x>
      {"@type":"Recipe","name":"Soup","recipeIngredient":["1 onion",],"recipeInstructions":"Cook.
Eat.",}</script></head><body>hello</body></html>`;
  const { recipe } = only(page);
  expect(recipe.ingredients).toEqual([{ wording: '1 onion', section: null, optional: false }]);
  expect(recipe.steps.map((step) => step.wording)).toEqual(['Cook.', 'Eat.']);
});

test('[IMPORT-3] instructions may be text, steps or sections', () => {
  const steps = (recipeInstructions: unknown) =>
    only(JSON.stringify({ ...node, recipeInstructions })).recipe.steps.map((step) => step.wording);
  expect(steps('<p>Mix.</p><p>Bake.</p>')).toEqual(['Mix.', 'Bake.']);
  expect(steps('1. Mix.\n2. Bake.')).toEqual(['Mix.', 'Bake.']);
  expect(
    steps([
      {
        '@type': 'HowToSection',
        name: 'Dough',
        itemListElement: [{ '@type': 'HowToStep', text: 'Knead.' }, { text: 'Rest.' }],
      },
      { '@type': 'HowToStep', name: 'Bake.' },
    ]),
  ).toEqual(['Dough:', 'Knead.', 'Rest.', 'Bake.']);
});

test('[IMPORT-4] what could not be understood is named and its words are kept', () => {
  const { recipe, problems } = only(
    JSON.stringify({
      ...node,
      recipeYield: 'a crowd',
      cookTime: 'a while',
      url: 'javascript:alert(1)',
    }),
  );
  expect(recipe.ingredients.map((line) => line.wording)).toEqual([
    '500 g beef mince',
    '2-3 carrots',
    'Salt & pepper',
  ]);
  expect(recipe.fields).toMatchObject({ servings: 4, cookMinutes: null, sourceUrl: null });
  expect(problems).toEqual([
    { recipe: 'Lasagne', what: 'amount', text: '2-3 carrots' },
    { recipe: 'Lasagne', what: 'servings', text: 'a crowd' },
    { recipe: 'Lasagne', what: 'time', text: 'a while' },
    { recipe: 'Lasagne', what: 'source', text: 'javascript:alert(1)' },
  ]);
});

test('[IMPORT-463] fractions of page markup stay fractions', () => {
  const { recipe } = only(
    JSON.stringify({
      ...node,
      recipeIngredient: [
        '1&frasl;2 cup milk',
        '1<sup>1</sup>/<sub>2</sub> cups flour',
        '1 <sup>1</sup>&frasl;<sub>2</sub> cups sugar',
        '&frac38; cup oil',
      ],
    }),
  );
  expect(
    recipe.ingredients.map(({ wording }) => readIngredientLine(wording).quantityMilli),
  ).toEqual([500, 1500, 1500, 375]);
});

test('[IMPORT-464] names, descriptions and lists in lists keep their words', () => {
  const { recipe, problems } = only(
    JSON.stringify({
      ...node,
      recipeIngredient: [['500 g flour', '2 eggs'], { itemListElement: ['Salt'] }],
      recipeInstructions: [
        {
          '@type': 'HowToSection',
          name: 'Dough',
          description: 'The day before.',
          itemListElement: [
            { '@type': 'HowToStep', name: 'Knead', text: 'Work it for ten minutes.' },
            { '@type': 'HowToStep', name: 'Let it rest…', text: 'Let it rest overnight.' },
            { '@type': 'HowToStep', name: 'Step 3', text: 'Shape it.' },
          ],
        },
        { '@type': 'HowToStep', text: 'Bake. Cool.', itemListElement: ['Bake.', 'Cool.'] },
      ],
      author: [{ name: 'Ana' }, { name: 'Ben' }],
    }),
  );
  expect(recipe.ingredients.map((line) => line.wording)).toEqual(['500 g flour', '2 eggs', 'Salt']);
  expect(recipe.steps.map((step) => step.wording)).toEqual([
    'Dough:',
    'The day before.',
    'Knead: Work it for ten minutes.',
    'Let it rest overnight.',
    'Shape it.',
    'Bake.',
    'Cool.',
  ]);
  expect(recipe.fields.sourceName).toBe('Ana, Ben');
  expect(problems).toEqual([]);
});

test('[IMPORT-464] what has no place is named as left out', () => {
  const long = 'x'.repeat(41);
  const { recipe, problems } = only(
    JSON.stringify({
      ...node,
      keywords: ['pasta', long],
      recipeIngredient: Array.from({ length: 402 }, (_, line) => `Leaf ${'i'.repeat(line % 7)}`),
      author: Array.from({ length: 100 }, (_, each) => ({ name: `Author ${String(each)}` })),
    }),
  );
  expect(recipe.tags).toEqual(['pasta']);
  expect(recipe.ingredients).toHaveLength(400);
  expect(problems.map(({ what }) => what)).toEqual(['left-out', 'too-long', 'left-out']);
  expect(problems.map(({ text }) => text)).toContain(long);
});

test('[IMPORT-465] where there are more recipes than one import takes, it is said', () => {
  const many = (count: number) =>
    readRecipes(JSON.stringify(Array.from({ length: count }, () => ({ ...node, keywords: '' }))));
  const [most, more] = [many(importLimits.recipesMax), many(importLimits.recipesMax + 200)];
  expect(most.recipes).toHaveLength(importLimits.recipesMax);
  expect(most.problems.filter(({ what }) => what === 'too-many')).toEqual([]);
  expect(more.recipes).toHaveLength(importLimits.recipesMax);
  expect(more.problems[0]).toEqual({
    recipe: '',
    what: 'too-many',
    text: String(importLimits.recipesMax),
  });
});

test('[IMPORT-5] what holds no recipe says so and never throws', () => {
  const kinds = (text: string) => readRecipes(text).problems.map((problem) => problem.what);
  expect(kinds('')).toEqual(['no-recipe']);
  expect(kinds('https://example.org/lasagne')).toEqual(['only-a-link']);
  expect(kinds('{"@type":"Recipe"')).toEqual(['not-json']);
  expect(kinds('[1, null, {"@type": "Recipe"}]')).toEqual(['no-title']);
  expect(kinds('<html>nothing</html>')).toEqual(['no-recipe']);
  expect(kinds(`${'['.repeat(3000)}${']'.repeat(3000)}`)).toEqual(['no-recipe']);
});

test('[IMPORT-6] ISO 8601 durations are minutes, others are none', () => {
  const read = [
    'PT15M',
    'PT1H30M',
    'P1DT2H',
    'PT90S',
    'PT0.5H',
    'P',
    'PT',
    '15 min',
    '',
    'PT20000M',
  ];
  expect(read.map(readMinutes)).toEqual([15, 90, 1560, 2, 30, null, null, null, null, null]);
});

test('[IMPORT-7] a heading names the lines below it, a description too long goes whole into the notes', () => {
  const { recipe } = only(
    JSON.stringify({
      ...node,
      description: 'Long. '.repeat(100),
      recipeIngredient: ['1 egg', 'For the sauce:', '1 onion', 'Optional:', 'Basil', 'Toppings:'],
    }),
  );
  expect(recipe.fields.summary).toBeNull();
  expect(recipe.fields.notes).toBe('Long. '.repeat(100).trim());
  expect(recipe.ingredients).toEqual([
    { wording: '1 egg', section: null, optional: false },
    { wording: '1 onion', section: 'For the sauce', optional: false },
    { wording: 'Basil', section: 'Optional', optional: true },
    { wording: 'Toppings:', section: 'Optional', optional: true },
  ]);
});

const real = new URL('../../../shared/vectors/recipes/recipes-240.jsonld', import.meta.url);

test('[IMPORT-8] the 240 real recipes are all read, every wording as it was written', () => {
  if (!existsSync(real)) {
    process.stdout.write(`not run: ${real.pathname} is missing\n`);
    return;
  }
  const text = readFileSync(real, 'utf8');
  const source = JSON.parse(text) as {
    name: string;
    recipeIngredient: string[];
    recipeInstructions: { text: string }[];
  }[];
  const { recipes, problems } = readRecipes(text);
  expect(recipes).toHaveLength(240);
  let [parsed, unparsed] = [0, 0];
  for (const [index, recipe] of recipes.entries()) {
    const original = source[index];
    expect(recipe.fields.title).toBe(original?.name.trim());
    const kept = new Set([
      ...recipe.ingredients.map((line) => line.wording),
      ...recipe.ingredients.flatMap((line) => line.section ?? []),
    ]);
    const lost = original?.recipeIngredient.filter(
      (wording) => !kept.has(wording) && !kept.has(wording.replace(/\s*:$/u, '')),
    );
    expect(lost).toEqual([]);
    expect(recipe.steps).toHaveLength(original?.recipeInstructions.length ?? -1);
    for (const { wording } of recipe.ingredients) {
      const { quantityMilli } = readIngredientLine(wording);
      if (quantityMilli === null) unparsed += 1;
      else parsed += 1;
      // A number is never invented: whatever was read stands in the words.
      const says = /[\d½⅓⅔¼¾⅛]|\b(?:an?|one|two|three|four|five|six|eight|ten|half|dozen)\b/iu;
      expect(quantityMilli === null || says.test(wording)).toBe(true);
    }
  }
  const doubtful = problems.filter((problem) => problem.what === 'amount').length;
  process.stdout.write(
    `240 recipes: ${parsed} amounts read, ${unparsed} lines without one (${doubtful} with figures kept as text)\n`,
  );
  expect(parsed).toBeGreaterThan(1200);
}, 30_000);
