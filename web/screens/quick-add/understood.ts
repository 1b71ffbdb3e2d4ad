/**
 * What the field is understood as, piece by piece, with the key under which a piece can be turned back into
 * plain text. The grammar itself is `shared/domain/quick-add.ts`; here it is only paired with its pieces,
 * so that a chip's ✕ knows which words it stands for.
 */
import type { ListEntry } from '../../../shared/acts/acts.ts';
import { nameKey } from '../../../shared/domain/name-key.ts';
import { readPieces } from '../../../shared/domain/quick-add.ts';

export interface UnderstoodPiece {
  readonly entry: ListEntry;
  /** Added to the set of words taken as text, this piece loses its amount. */
  readonly textKey: string;
}

export const understand = (text: string, asText: ReadonlySet<string>): readonly UnderstoodPiece[] =>
  readPieces(text, asText).map(({ entry, words }) => ({ entry, textKey: nameKey(words) }));

/** After a suggestion was taken: the last piece has its name; its amount, note and shop stay. */
export function completeLast(
  pieces: readonly UnderstoodPiece[],
  title: string,
): readonly UnderstoodPiece[] {
  return pieces.map((piece, index) =>
    index === pieces.length - 1 ? { ...piece, entry: { ...piece.entry, title } } : piece,
  );
}
