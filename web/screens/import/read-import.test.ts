import { expect, test } from 'vitest';
import { readImport } from './read-import.ts';

/** What a browser hands over for a folder that was dropped, or a file that is gone since. */
class UnreadableFile extends File {
  override text(): Promise<string> {
    return Promise.reject(new DOMException('gone', 'NotReadableError'));
  }
}

const recipe = new File(['{"@type":"Recipe","name":"Soup"}'], 'soup.json');

test('[IMPORT-466] a file that cannot be read is named, and the others are read', async () => {
  const folder = new UnreadableFile([], 'recipes');
  const plan = await readImport([], [folder, recipe], () => undefined);
  expect(plan.recipes.map(({ fields }) => fields.title)).toEqual(['Soup']);
  expect(plan.problems).toContainEqual({ recipe: '', what: 'unreadable', text: 'recipes' });
});

test('[IMPORT-466] whatever goes wrong while reading ends in a preview that says so', async () => {
  const strange = new Proxy(recipe, {
    get() {
      throw new DOMException('gone', 'NotFoundError');
    },
  });
  const plan = await readImport([], [strange], () => undefined);
  expect(plan.recipes).toEqual([]);
  expect(plan.problems.map(({ what }) => what)).toEqual(['unreadable']);
});
