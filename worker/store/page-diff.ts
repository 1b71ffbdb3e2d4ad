/**
 * The difference of one page before and after a transaction, as small as it is worth being. Pure; the
 * bytes it returns are copies, so the page buffers may be reused.
 */
import { PAGE_SIZE_BYTES } from './format.ts';
import type { PageChange, PageRange } from './format.ts';

/** A gap of equal bytes this short is cheaper to copy than to describe twice. */
const BRIDGED_GAP_BYTES = 12;
const RANGE_COST_BYTES = 4;
/** Past this share of a page its ranges are not worth their bookkeeping. */
const FULL_ABOVE_BYTES = PAGE_SIZE_BYTES * 0.6;

/** `before` is null for a page the committed database did not have, or whose old content is unknown. */
export function diffPage(before: Uint8Array | null, after: Uint8Array): PageChange | null {
  if (before === null) {
    return isZeros(after) ? { type: 'zeros' } : { type: 'full', bytes: after.slice() };
  }
  const ranges = findRanges(before, after);
  if (ranges.length === 0) return null;
  const cost = ranges.reduce((sum, range) => sum + RANGE_COST_BYTES + range.bytes.length, 0);
  return cost > FULL_ABOVE_BYTES
    ? { type: 'full', bytes: after.slice() }
    : { type: 'ranges', ranges };
}

function isZeros(page: Uint8Array): boolean {
  return page.every((byte) => byte === 0);
}

function findRanges(before: Uint8Array, after: Uint8Array): PageRange[] {
  const ranges: PageRange[] = [];
  for (let index = 0; index < after.length; index++) {
    if (before[index] === after[index]) continue;
    let last = index;
    for (let ahead = index + 1; ahead < after.length; ahead++) {
      if (ahead - last > BRIDGED_GAP_BYTES) break;
      if (before[ahead] !== after[ahead]) last = ahead;
    }
    ranges.push({ offset: index, bytes: after.slice(index, last + 1) });
    index = last;
  }
  return ranges;
}
