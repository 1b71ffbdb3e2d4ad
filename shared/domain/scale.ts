/**
 * Amounts for another number of servings. Thirds and sixths are stored rounded (333 for ⅓); here they
 * are taken for the fraction that was meant, so that ⅓ cup for 4 is ½ cup for 6 and three times ⅓ is 1.
 */
import { quantityMilliMax } from './quantity.ts';

const ROUNDED_PARTS: Readonly<Record<number, readonly [number, number]>> = {
  167: [1, 6],
  333: [1, 3],
  667: [2, 3],
  833: [5, 6],
};

/** The scaled amount in thousandths; at least 1, so that a pinch of a pinch does not vanish. */
export function scaleMilli(milli: number, fromServings: number, toServings: number): number {
  if (fromServings <= 0 || toServings <= 0 || fromServings === toServings) return milli;
  const [top, bottom] = ROUNDED_PARTS[milli % 1000] ?? [0, 0];
  const exact = bottom > 0;
  const numerator = exact ? Math.floor(milli / 1000) * bottom + top : milli;
  const scaled = exact
    ? Math.round((numerator * 1000 * toServings) / (bottom * fromServings))
    : Math.round((numerator * toServings) / fromServings);
  return Math.min(quantityMilliMax, Math.max(1, scaled));
}
