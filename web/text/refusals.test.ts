import { expect, test } from 'vitest';
import { wordsForRefusal } from './refusals.ts';

test('[UI-462] what is too much at once says of what, and photos in megabytes', () => {
  const words = (limit: string, max: number) => wordsForRefusal({ type: 'too-large', limit, max });
  expect(words('photos', 36 * 1024 * 1024)).toContain('36 MB of photos');
  expect(words('ingredients', 400)).toContain('400 ingredients');
  expect(words('entries', 500)).toContain('500 things');
});
