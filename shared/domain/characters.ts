/** Text counted in characters as SQLite and Postgres count them: code points, not UTF-16 units. */

export const lengthOf = (text: string): number => Array.from(text).length;

/** At most `max` characters, never half of one, no space left at the end. */
export const cutText = (text: string, max: number): string =>
  text.length <= max ? text.trim() : Array.from(text).slice(0, max).join('').trim();
