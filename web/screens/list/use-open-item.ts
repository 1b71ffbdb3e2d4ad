/**
 * The row whose details are open. Its lines can go while somebody types: another device finishes the trip or
 * removes them. Then it is still open, without a row, so that what was typed can be seen and copied.
 */
import { useState } from 'react';

import type { ListRow, ListView } from '../../../shared/queries.ts';
import { wordsForList } from '../../text/list.ts';

export interface OpenItem {
  /** By which it was opened. */
  readonly lineId: string;
  readonly title: string;
  /** Null when none of its lines is on the list any more. */
  readonly row: ListRow | null;
  /** Lines that were open here and are on the list no more. */
  readonly goneIds: readonly string[];
}

interface Seen {
  readonly lineId: string;
  readonly title: string;
  readonly ids: readonly string[];
}

/** The address names a line, not a row: rows change their keys when they are ticked. */
export function useOpenItem(view: ListView | undefined, lineId: string | null): OpenItem | null {
  const [seen, setSeen] = useState<Seen | null>(null);
  const before = seen?.lineId === lineId ? seen.ids : [];
  const row = view && lineId !== null ? findRow(view, [lineId, ...before]) : null;
  const isNew = row !== null && row.ids.some((id) => !before.includes(id));
  if (lineId !== null && row !== null && (isNew || seen?.title !== row.title)) {
    setSeen({ lineId, title: row.title, ids: [...new Set([...before, ...row.ids])] });
  }
  if (view === undefined || lineId === null) return null;
  const ids = before.length === 0 ? [lineId] : before;
  return {
    lineId,
    title: row?.title ?? (before.length === 0 ? wordsForList.title : (seen?.title ?? '')),
    row,
    goneIds: ids.filter((id) => findRow(view, [id]) === null),
  };
}

/** The row of the first of these lines that is still there. */
function findRow(view: ListView, lineIds: readonly string[]): ListRow | null {
  const rows = [...view.sections.flatMap((section) => section.rows), ...view.later, ...view.basket];
  const found = lineIds.map((id) => rows.find((row) => row.ids.includes(id)));
  return found.find((row) => row !== undefined) ?? null;
}
