/**
 * What was typed into the details of a line and not saved yet, kept in this tab until it is: another row, the
 * sync panel, a closed sheet or a reload must not take it.
 */
import { tabNotes } from '../../browser-storage.ts';

/** A field is absent until it was touched. */
export interface Typed {
  readonly title?: string;
  readonly amount?: string;
  readonly unit?: string;
  readonly note?: string;
  readonly storeId?: string;
}

const KEY = 'larder:list-details';
const LINES_MAX = 50;
const FIELDS = ['title', 'amount', 'unit', 'note', 'storeId'] as const satisfies (keyof Typed)[];

export function readTyped(lineId: string): Typed {
  return readAll().find(([id]) => id === lineId)?.[1] ?? {};
}

export function keepTyped(lineId: string, typed: Typed): void {
  const others = readAll().filter(([id]) => id !== lineId);
  const isEmpty = Object.keys(typed).length === 0;
  const all = isEmpty ? others : [...others, [lineId, typed]];
  tabNotes.setItem(KEY, JSON.stringify(all.slice(-LINES_MAX)));
}

/** What was typed beyond `saved`, or changed since it was sent. */
export function typedSince(saved: Typed, typed: Typed): Typed {
  return pick(typed, (field) => typed[field] !== saved[field]);
}

/** The words of these lines, to be copied: not the shop, which is no word. */
export function wordsTyped(lineIds: readonly string[]): string {
  return lineIds
    .map((id) => readTyped(id))
    .flatMap(({ title, amount, unit, note }) => [
      title,
      [amount, unit].filter(Boolean).join(' '),
      note,
    ])
    .filter(Boolean)
    .join('\n');
}

function readAll(): readonly (readonly [lineId: string, typed: Typed])[] {
  const stored: unknown = JSON.parse(tabNotes.getItem(KEY) ?? '[]');
  if (!Array.isArray(stored)) return [];
  return stored.flatMap((entry: unknown) => {
    const [id, typed] = Array.isArray(entry) ? (entry as readonly unknown[]) : [];
    if (typeof id !== 'string' || typeof typed !== 'object' || typed === null) return [];
    return [[id, pick(typed, (field) => typeof (typed as Typed)[field] === 'string')] as const];
  });
}

const pick = (typed: Typed, takes: (field: keyof Typed) => boolean): Typed =>
  Object.fromEntries(FIELDS.filter(takes).map((field) => [field, typed[field]]));
