/**
 * Merges two edits of one text by line, then by word. A stretch of lines that only one side changed takes that
 * side; a stretch that both changed differently is compared word by word, and where both changed the same
 * words there is no answer here (null): a person is asked. Texts are short (a recipe's notes); where the
 * quadratic comparison would still be too large, a person is asked as well.
 */

/** Cells of the comparison table: 2 bytes each. */
const COMPARISON_CELLS_MAX = 4_000_000;

/** For each piece of `from` the piece of `to` that continues it, or -1: a longest common subsequence. */
function matchPieces(from: readonly string[], to: readonly string[]): readonly number[] {
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

type Pieces = readonly string[];

/** Both sides' pieces in order; `settle` is asked where both changed one stretch, null ends it. */
function mergePieces(
  before: Pieces,
  left: Pieces,
  right: Pieces,
  settle: (was: Pieces, mine: Pieces, theirs: Pieces) => Pieces | null,
): Pieces | null {
  const longest = Math.max(left.length, right.length) + 1;
  if ((before.length + 1) * longest > COMPARISON_CELLS_MAX) return null;
  const inLeft = matchPieces(before, left);
  const inRight = matchPieces(before, right);
  const merged: string[] = [];
  let [atBase, atLeft, atRight] = [0, 0, 0];
  for (;;) {
    // The next piece that all three still share ends the stretch that somebody may have changed.
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
    else {
      const settled = settle(was, isLeft, isRight);
      if (settled === null) return null;
      merged.push(...settled);
    }
    const piece = before[anchor];
    if (piece === undefined) return merged;
    merged.push(piece);
    [atBase, atLeft, atRight] = [anchor + 1, endLeft + 1, endRight + 1];
  }
}

/** Words with the space behind them, so that joining them gives the text again. */
const wordsOf = (lines: Pieces): Pieces => lines.join('\n').match(/\s*\S+|\s+/gu) ?? [];

/** Where one side only added or removed whole lines, words of different lines would run together. */
function mergeWords(was: Pieces, mine: Pieces, theirs: Pieces): Pieces | null {
  if (was.length === 0 || mine.length !== was.length || theirs.length !== was.length) return null;
  const lines: string[] = [];
  for (const [index, line] of was.entries()) {
    const words = mergePieces(
      wordsOf([line]),
      wordsOf([mine[index] ?? '']),
      wordsOf([theirs[index] ?? '']),
      () => null,
    );
    if (words === null) return null;
    lines.push(words.join(''));
  }
  return lines;
}

/** Both sides' edits as one text, or null where they overlap. */
export function mergeText(base: string, mine: string, theirs: string): string | null {
  const lines = mergePieces(base.split('\n'), mine.split('\n'), theirs.split('\n'), mergeWords);
  return lines === null ? null : lines.join('\n');
}
