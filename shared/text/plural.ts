/** Counting in words, by the rule of the language that the catalogue is written in: English has one and other. */
export function plural(count: number, one: string, other: string): string {
  return count === 1 ? one : other;
}

/** `1 thing`, `23 things`. */
export function counted(count: number, one: string, other: string): string {
  return `${count} ${plural(count, one, other)}`;
}
