/**
 * What names alone say about a folder: which few files are worth reading, and whether the others can
 * matter. Names tell the range of seq of a file and the owner that wrote it; a file holds no record that
 * is better than its name (`compareEnds`), because an owner writes records of its own epoch or copies
 * records of lower ones.
 *
 * A plan made here is a guess. It becomes an answer only when the state found in the files that were read
 * is at least as good as every name (`canMatter`); otherwise the caller reads the rest.
 */
import type { Owner } from './file-format.ts';
import type { FileName } from './file-names.ts';

/** The last record of a state, in the order in which states beat each other. */
export interface End extends Owner {
  readonly seq: number;
}

/** A stalled owner's later seq loses to a newer owner; nonces part owners that took the same epoch. */
export const compareEnds = (a: End, b: End): number =>
  a.epoch - b.epoch || a.seq - b.seq || a.nonce - b.nonce;

export interface ListedFile extends FileName {
  readonly name: string;
}

/** The best record that the file can hold. */
const endOf = ({ epoch, lastSeq, nonce }: ListedFile): End => ({ epoch, seq: lastSeq, nonce });

/**
 * Whether a file could change what was found, by its name: a better end, or a sign that something is
 * missing after it.
 */
export const canMatter = (file: ListedFile, found: End): boolean =>
  compareEnds(endOf(file), found) > 0 || file.lastSeq > found.seq;

/** The newest base and segments from there to the best name; null where the names leave a gap. */
export function planReading(files: readonly ListedFile[]): readonly ListedFile[] | null {
  const [first] = files;
  if (first === undefined) return null;
  const top = files.reduce((a, b) => (compareEnds(endOf(b), endOf(a)) > 0 ? b : a), first);
  const base = files
    .filter(({ type }) => type === 'base')
    .reduce<ListedFile | null>((a, b) => (a === null || isNewer(b, a) ? b : a), null);
  const segments = coverRange(files, (base?.lastSeq ?? 0) + 1, top.lastSeq);
  if (segments === null) return null;
  return base === null ? segments : [base, ...segments];
}

const isNewer = (a: ListedFile, b: ListedFile): boolean =>
  a.lastSeq > b.lastSeq || (a.lastSeq === b.lastSeq && compareEnds(endOf(a), endOf(b)) > 0);

/** Few segments whose names cover every seq from `from` to `to`, newer owners before wider ranges. */
export function coverRange(
  files: readonly ListedFile[],
  from: number,
  to: number,
): readonly ListedFile[] | null {
  const waiting = files
    .filter(({ type, lastSeq }) => type === 'log' && lastSeq >= from)
    .sort((a, b) => b.firstSeq - a.firstSeq);
  let open: ListedFile[] = [];
  const chosen: ListedFile[] = [];
  for (let next = from; next <= to;) {
    for (let file = waiting.at(-1); file !== undefined; file = waiting.at(-1)) {
      if (file.firstSeq > next) break;
      open.push(file);
      waiting.pop();
    }
    if (open.length > 1) open = open.filter(({ lastSeq }) => lastSeq >= next);
    const [first] = open;
    if (first === undefined || (open.length === 1 && first.lastSeq < next)) return null;
    const best = open.reduce((a, b) => (compareEnds(endOf(b), endOf(a)) > 0 ? b : a), first);
    chosen.push(best);
    next = best.lastSeq + 1;
  }
  return chosen;
}
