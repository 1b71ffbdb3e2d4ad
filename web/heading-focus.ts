/**
 * Where the focus goes when another view opens: to its heading, so that a screen reader says where one is
 * and the keyboard goes on from there instead of from the top of the page. The first view of a tab leaves the
 * focus alone, and so does a view whose field asked for it.
 */
import { type RefObject, useEffect, useRef } from 'react';

let shownPath: string | null = null;
let hasMoved = false;

/** For the `h1` of a view, which needs `tabIndex={-1}`. */
export function useHeadingFocus(): RefObject<HTMLHeadingElement | null> {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    const path = location.pathname;
    const isAnother = shownPath !== null && shownPath !== path;
    shownPath = path;
    hasMoved ||= isAnother;
    if (isAnother ? isInView(document.activeElement) : !hasMoved || !isNowhere()) return;
    heading.current?.focus({ preventScroll: true });
  }, []);
  return heading;
}

/** The heading that had the focus may have gone, with the outline that a view shows at first. */
function isNowhere(): boolean {
  return document.activeElement === null || document.activeElement === document.body;
}

function isInView(element: Element | null): boolean {
  return (
    element !== null && element.closest('#main, [role="dialog"], [role="alertdialog"]') !== null
  );
}
