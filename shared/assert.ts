/** Checks that stand in production: what they refuse is a bug, never a person's mistake. */

export class AssertionFailed extends Error {
  override readonly name = 'AssertionFailed';
}

export function assert(condition: unknown, sentence: string): asserts condition {
  if (!condition) throw new AssertionFailed(sentence);
}

/** The value, or a halt that says why it had to be there. */
export function must<T>(value: T | null | undefined, sentence: string): T {
  if (value === null || value === undefined) throw new AssertionFailed(sentence);
  return value;
}
