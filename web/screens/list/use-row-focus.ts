/**
 * The focus stays in a list whose rows come and go: when the row that had it leaves (ticked, left for later,
 * removed, here or on another device), the row that took its place gets it; when only the button goes that was
 * pressed in it, the row keeps it. What a person did with the focus meanwhile counts; somebody who left the
 * list is left alone.
 */
import { type FocusEvent, type RefObject, useLayoutEffect, useRef } from 'react';

interface RowFocus {
  readonly ref: RefObject<HTMLDivElement | null>;
  readonly onFocus: (event: FocusEvent) => void;
  readonly onBlur: (event: FocusEvent) => void;
}

interface FocusedRow {
  readonly row: Element;
  readonly index: number;
}

export const rowsIn = (list: Element | null): readonly Element[] =>
  list === null ? [] : [...list.querySelectorAll('[data-row]')];

const rowOf = (target: EventTarget | null): Element | null =>
  target instanceof Element ? target.closest('[data-row]') : null;

/** The details of a row may remove it: who is there comes back to the list. */
const isInDetails = (target: EventTarget | null): boolean =>
  target instanceof Element && target.closest('[role="dialog"], aside') !== null;

/** `target` finds what takes the focus inside a row. */
export function useRowFocus(target: string): RowFocus {
  const ref = useRef<HTMLDivElement>(null);
  const focused = useRef<FocusedRow | null>(null);
  const remember = (row: Element | null): void => {
    focused.current = row === null ? null : { row, index: rowsIn(ref.current).indexOf(row) };
  };
  useLayoutEffect(() => {
    const last = focused.current;
    if (last === null) return;
    // A person who goes elsewhere is seen to blur; the focus is lost only with what had it.
    const isLost = document.activeElement === document.body;
    if (!isLost && last.row.isConnected) return remember(last.row);
    if (!isLost) return;
    const rows = rowsIn(ref.current);
    const row = last.row.isConnected ? last.row : rows[Math.min(last.index, rows.length - 1)];
    row?.querySelector<HTMLElement>(target)?.focus();
  });
  // The last row went, and the list with it.
  useLayoutEffect(
    () => () => {
      if (focused.current !== null) document.querySelector('h1')?.focus();
    },
    [],
  );
  return {
    ref,
    onFocus: (event) => remember(rowOf(event.target)),
    onBlur: (event) => {
      if (!isInDetails(event.relatedTarget)) focused.current = null;
    },
  };
}
