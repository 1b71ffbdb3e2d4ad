/** Two recipes of our own as schema.org JSON-LD, for a clone without the public recipe collection. */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

export async function writtenRecipes(path: string): Promise<string> {
  const recipe = (name: string, recipeIngredient: string[]) => ({
    '@context': 'https://schema.org',
    '@type': 'Recipe',
    name,
    recipeYield: '4 servings',
    recipeIngredient,
    recipeInstructions: [
      { '@type': 'HowToStep', text: 'Chop everything.' },
      { '@type': 'HowToStep', text: 'Cook until done.' },
    ],
  });
  await mkdir(dirname(path), { recursive: true });
  await writeFile(
    path,
    JSON.stringify([
      recipe('Tomato soup', ['1 kg ripe tomatoes', '2 large onions, chopped', 'salt']),
      recipe('Bean stew', ['2 cans beans', '1 1/2 l stock', 'a handful of parsley']),
    ]),
  );
  return path;
}
