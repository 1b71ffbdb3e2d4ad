/** Counting in words, by the rules of the language that the catalogue is written in. */
const rules = new Intl.PluralRules('en');

export function plural(count: number, one: string, other: string): string {
  return rules.select(count) === 'one' ? one : other;
}

/** `1 thing`, `23 things`. */
export function counted(count: number, one: string, other: string): string {
  return `${count} ${plural(count, one, other)}`;
}
