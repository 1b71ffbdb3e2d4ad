/**
 * For how many a recipe is shown: it stands in the address (`?servings=6`), so that cook mode, the way back
 * from it and a reload show the amounts that were chosen, and a planned meal opens its recipe for as many as
 * it is planned for.
 */
const NAME = 'servings';

/** The servings that the address asks for; null where it names none that a recipe can have. */
export function servingsIn(search: string): number | null {
  const text = new URLSearchParams(search).get(NAME) ?? '';
  return /^[1-9]\d?$/u.test(text) ? Number(text) : null;
}

/** The same search with other servings; null leaves it to the recipe. */
export function withServings(search: string, servings: number | null): string {
  const params = new URLSearchParams(search);
  if (servings === null) params.delete(NAME);
  else params.set(NAME, String(servings));
  const text = params.toString();
  return text === '' ? '' : `?${text}`;
}
