/**
 * A ticked row waits 600 ms where it stands, filled and struck, before it sinks: a mis-tap is still under
 * the finger. The tick itself is written at once; only its place on this screen is held. `holdRows` takes
 * the newest list and puts the held rows back to where they were; what is not held is left as it came.
 */
import type { ListRow, ListSection, ListView } from '../../../shared/queries.ts';

export const HOLD_MS = 600;

export interface HeldRow {
  /** The row as it is shown while it waits. */
  readonly row: ListRow;
  /** Where it stood: one of the sections by its key, or one of the two lists at the end. */
  readonly place: 'section' | 'later' | 'basket';
  readonly section: Omit<ListSection, 'rows'> | null;
  readonly sectionIndex: number;
  readonly index: number;
  readonly untilMs: number;
}

/** Where a row stands now, as a held row with its state turned over; null when it is not on the list. */
export function holdRow(view: ListView, row: ListRow, nowMs: number): HeldRow | null {
  const turned: ListRow = { ...row, state: row.state === 'basket' ? 'open' : 'basket' };
  const held = { row: turned, untilMs: nowMs + HOLD_MS, section: null, sectionIndex: 0 };
  for (const [sectionIndex, section] of view.sections.entries()) {
    const index = section.rows.findIndex((other) => other.key === row.key);
    if (index >= 0) {
      const { rows: _rows, ...rest } = section;
      return { ...held, place: 'section', section: rest, sectionIndex, index };
    }
  }
  const later = view.later.findIndex((other) => other.key === row.key);
  if (later >= 0) return { ...held, place: 'later', index: later };
  const basket = view.basket.findIndex((other) => other.key === row.key);
  return basket >= 0 ? { ...held, place: 'basket', index: basket } : null;
}

export function holdRows(view: ListView, held: readonly HeldRow[]): ListView {
  let next = view;
  for (const one of held) next = holdOne(next, one);
  return next;
}

function holdOne(view: ListView, held: HeldRow): ListView {
  const without = (rows: readonly ListRow[]): readonly ListRow[] =>
    rows.filter((row) => !isSame(row, held.row));
  const insert = (rows: readonly ListRow[]): readonly ListRow[] => [
    ...rows.slice(0, held.index),
    held.row,
    ...rows.slice(held.index),
  ];
  const sections = view.sections.map((section) => ({ ...section, rows: without(section.rows) }));
  const later = without(view.later);
  const basket = without(view.basket);
  const rest = { ...view, sections: sections.filter((section) => section.rows.length > 0) };
  switch (held.place) {
    case 'later':
      return { ...rest, later: insert(later), basket };
    case 'basket':
      return { ...rest, later, basket: insert(basket) };
    case 'section':
      return { ...rest, later, basket, sections: withSection(sections, held, insert) };
  }
}

/** The section may have emptied and gone: then it comes back at its old place for as long as it waits. */
function withSection(
  sections: readonly ListSection[],
  held: HeldRow,
  insert: (rows: readonly ListRow[]) => readonly ListRow[],
): readonly ListSection[] {
  const filled = sections.map((section) =>
    section.aisleId === held.section?.aisleId
      ? { ...section, rows: insert(section.rows) }
      : section,
  );
  const shown = filled.filter((section) => section.rows.length > 0);
  if (held.section === null || shown.some(({ aisleId }) => aisleId === held.section?.aisleId)) {
    return shown;
  }
  return [
    ...shown.slice(0, held.sectionIndex),
    { ...held.section, rows: [held.row] },
    ...shown.slice(held.sectionIndex),
  ];
}

/** Rows are the same when all lines of one are in the other: keys change with the state. */
function isSame(row: ListRow, held: ListRow): boolean {
  return row.ids.every((id) => held.ids.includes(id));
}
