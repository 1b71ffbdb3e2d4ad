/**
 * Adding up list lines: what a person reads as "Milk 3 l" may be three lines from two meals. One row per
 * product (or, without one, per name), unit family, shop and state; free text joins the product of its name,
 * and lines without an amount ("some") the first row of their product. The lines themselves are never changed
 * by this.
 */
import { singularKey } from './name-key.ts';
import { sumAmounts, unitFamily, type Amount } from './unit.ts';

export type LineState = 'open' | 'later' | 'basket';

export interface ShoppingLine {
  readonly id: string;
  readonly title: string;
  readonly productId: string | null;
  readonly quantityMilli: number | null;
  readonly unit: string | null;
  readonly storeId: string | null;
  readonly planEntryId: string | null;
  readonly state: LineState;
}

export interface ShoppingGroup<L extends ShoppingLine> {
  readonly key: string;
  readonly lines: readonly L[];
  readonly quantityMilli: number | null;
  readonly unit: string | null;
  /** Two lines that nobody planned say exactly the same: probably added on two phones. */
  readonly addedTwice: boolean;
}

/** The first product of each name on the list: a sample's "Milk" is the milk that somebody typed. */
function productsByName(lines: readonly ShoppingLine[]): ReadonlyMap<string, string> {
  const products = new Map<string, string>();
  for (const { title, productId } of lines) {
    const name = singularKey(title);
    if (productId !== null && !products.has(name)) products.set(name, productId);
  }
  return products;
}

function subjectKey(line: ShoppingLine, products: ReadonlyMap<string, string>): string {
  const name = singularKey(line.title);
  const thing = line.productId ?? products.get(name) ?? `name:${name}`;
  return [thing, line.storeId ?? 'any', line.state].join('|');
}

const amountOf = (line: ShoppingLine): Amount | null =>
  line.quantityMilli === null ? null : { quantityMilli: line.quantityMilli, unit: line.unit };

/** What a line says of its amount; lines of one row that say the same are twins. */
export const wordsOfLine = (line: Pick<ShoppingLine, 'quantityMilli' | 'unit'>): string =>
  `${String(line.quantityMilli)} ${line.unit ?? ''}`;

function hasTwin(lines: readonly ShoppingLine[]): boolean {
  const said = new Set<string>();
  for (const line of lines) {
    if (line.planEntryId !== null) continue;
    const words = wordsOfLine(line);
    if (said.has(words)) return true;
    said.add(words);
  }
  return false;
}

function summed<L extends ShoppingLine>(key: string, lines: readonly L[]): ShoppingGroup<L> {
  const amounts = lines.flatMap((line) => amountOf(line) ?? []);
  const sum = sumAmounts(amounts);
  return {
    key,
    lines,
    quantityMilli: sum?.quantityMilli ?? null,
    unit: sum?.unit ?? null,
    addedTwice: hasTwin(lines),
  };
}

/** Rows in the order of their first line. */
export function groupLines<L extends ShoppingLine>(
  lines: readonly L[],
): readonly ShoppingGroup<L>[] {
  const bySubject = new Map<string, Map<string, L[]>>();
  const some = new Map<string, L[]>();
  const products = productsByName(lines);
  for (const line of lines) {
    const subject = subjectKey(line, products);
    const families = bySubject.get(subject) ?? new Map<string, L[]>();
    bySubject.set(subject, families);
    const family = line.quantityMilli === null ? null : unitFamily(line.unit);
    const into = family === null ? some : families;
    const key = family ?? subject;
    into.set(key, [...(into.get(key) ?? []), line]);
  }
  const groups: ShoppingGroup<L>[] = [];
  for (const [subject, families] of bySubject) {
    const unmeasured = some.get(subject) ?? [];
    if (families.size === 0) groups.push(summed(`${subject}|some`, unmeasured));
    let first = true;
    for (const [family, measured] of families) {
      groups.push(summed(`${subject}|${family}`, first ? [...measured, ...unmeasured] : measured));
      first = false;
    }
  }
  return groups;
}
