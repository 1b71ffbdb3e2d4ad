/**
 * Amounts as people read them: "1½ cups", "800 g", "2 kg", "12". Fractions where spoons, cups and counted
 * things are meant, decimals (two at most) for metric weights and volumes. The stored amount is never
 * changed by how it is shown.
 */
import { isMetric } from './unit.ts';

const PARTS: readonly (readonly [number, string])[] = [
  [125, '⅛'],
  [167, '⅙'],
  [200, '⅕'],
  [250, '¼'],
  [333, '⅓'],
  [375, '⅜'],
  [400, '⅖'],
  [500, '½'],
  [600, '⅗'],
  [625, '⅝'],
  [667, '⅔'],
  [750, '¾'],
  [800, '⅘'],
  [833, '⅚'],
  [875, '⅞'],
];

/** Of the units that are written out; "tsp" and "g" stay as they are. */
const PLURALS: Readonly<Record<string, string>> = {
  bag: 'bags',
  bottle: 'bottles',
  box: 'boxes',
  bunch: 'bunches',
  can: 'cans',
  clove: 'cloves',
  cube: 'cubes',
  cup: 'cups',
  dash: 'dashes',
  drop: 'drops',
  gallon: 'gallons',
  glass: 'glasses',
  handful: 'handfuls',
  head: 'heads',
  jar: 'jars',
  knob: 'knobs',
  loaf: 'loaves',
  pack: 'packs',
  pinch: 'pinches',
  pint: 'pints',
  quart: 'quarts',
  sheet: 'sheets',
  slice: 'slices',
  splash: 'splashes',
  spoon: 'spoons',
  sprig: 'sprigs',
  stalk: 'stalks',
  stick: 'sticks',
  tub: 'tubs',
};

function decimalText(milli: number): string {
  const hundredths = Math.round(milli / 10);
  const rest = hundredths % 100;
  const whole = String(Math.floor(hundredths / 100));
  if (rest === 0) return hundredths === 0 && milli > 0 ? '<0.01' : whole;
  return `${whole}.${String(rest).padStart(2, '0').replace(/0$/u, '')}`;
}

/** The number alone, as a fraction where one is meant. */
export function formatNumber(milli: number, fractions: boolean): string {
  const [whole, part] = [Math.floor(milli / 1000), milli % 1000];
  const sign = PARTS.find(([value]) => Math.abs(value - part) <= 1)?.[1];
  if (!fractions || sign === undefined) return decimalText(milli);
  return whole === 0 ? sign : `${whole}${sign}`;
}

/** Large grams and millilitres move up a unit where two decimals lose nothing. */
function liftedUnit(milli: number, unit: string): readonly [number, string] {
  const lifts = milli >= 1_000_000 && milli % 10_000 === 0;
  if (lifts && unit === 'g') return [milli / 1000, 'kg'];
  if (lifts && unit === 'ml') return [milli / 1000, 'l'];
  return [milli, unit];
}

/** "" when there is no amount ("some"). */
export function formatAmount(quantityMilli: number | null, unit: string | null): string {
  if (quantityMilli === null) return '';
  if (unit === null || unit === 'piece') return formatNumber(quantityMilli, true);
  const [milli, shown] = liftedUnit(quantityMilli, unit);
  const label = shown === 'floz' ? 'fl oz' : milli > 1000 ? (PLURALS[shown] ?? shown) : shown;
  return `${formatNumber(milli, !isMetric(shown))} ${label}`;
}
