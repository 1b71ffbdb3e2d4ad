/**
 * Merges two edits of one text by line. A stretch of lines that only one side changed takes that side; a
 * stretch that both changed differently has no answer here (null), and a person is asked. Texts are short
 * (a recipe's notes); where the quadratic comparison would still be too large, a person is asked as well.
 */

/** Cells of the comparison table: 2 bytes each. */
const COMPARISON_CELLS_MAX = 4_000_000;

/** For each line of `to` the line of `from` it continues, or -1: a longest common subsequence. */
function matchLines(from: readonly string[], to: readonly string[]): readonly number[] {
  const width = to.length + 1;
  const lengths = new Uint16Array((from.length + 1) * width);
  for (let a = from.length - 1; a >= 0; a -= 1)
    for (let b = to.length - 1; b >= 0; b -= 1)
      lengths[a * width + b] =
        from[a] === to[b]
          ? (lengths[(a + 1) * width + b + 1] ?? 0) + 1
          : Math.max(lengths[(a + 1) * width + b] ?? 0, lengths[a * width + b + 1] ?? 0);
  const matches = from.map(() => -1);
  let a = 0;
  let b = 0;
  while (a < from.length && b < to.length) {
    if (from[a] === to[b]) {
      matches[a] = b;
      a += 1;
      b += 1;
    } else if ((lengths[(a + 1) * width + b] ?? 0) >= (lengths[a * width + b + 1] ?? 0)) a += 1;
    else b += 1;
  }
  return matches;
}

const areSame = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((line, index) => line === b[index]);

/** Both sides' lines as one text, or null where they overlap. */
export function mergeText(base: string, mine: string, theirs: string): string | null {
  const before = base.split('\n');
  const left = mine.split('\n');
  const right = theirs.split('\n');
  const longest = Math.max(left.length, right.length) + 1;
  if ((before.length + 1) * longest > COMPARISON_CELLS_MAX) return null;
  const inLeft = matchLines(before, left);
  const inRight = matchLines(before, right);
  const merged: string[] = [];
  let [atBase, atLeft, atRight] = [0, 0, 0];
  for (;;) {
    // The next line that all three still share ends the stretch that somebody may have changed.
    let anchor = atBase;
    while (anchor < before.length && ((inLeft[anchor] ?? -1) < 0 || (inRight[anchor] ?? -1) < 0))
      anchor += 1;
    const endLeft = anchor < before.length ? (inLeft[anchor] ?? left.length) : left.length;
    const endRight = anchor < before.length ? (inRight[anchor] ?? right.length) : right.length;
    const was = before.slice(atBase, anchor);
    const isLeft = left.slice(atLeft, endLeft);
    const isRight = right.slice(atRight, endRight);
    if (areSame(isLeft, isRight) || areSame(was, isLeft)) merged.push(...isRight);
    else if (areSame(was, isRight)) merged.push(...isLeft);
    else return null;
    const line = before[anchor];
    if (line === undefined) return merged.join('\n');
    merged.push(line);
    [atBase, atLeft, atRight] = [anchor + 1, endLeft + 1, endRight + 1];
  }
}
