/**
 * Units of the kitchen: the closed codes of the design, the ways people spell them, and what may be
 * added to what. Conversion is for showing sums; it is never written back to a row.
 *
 * Volumes of spoons and cups are the rounded kitchen measures (5, 15, 30 and 240 ml), because a sum on a
 * shopping list wants to be read, not weighed. Any other word may be a unit too (free text): it is then
 * only ever added to itself.
 */

type Family = 'mass' | 'volume';

interface Measure {
  readonly family: Family;
  /** In thousandths of a gram or of a millilitre. */
  readonly factor: number;
  readonly metric: boolean;
}

const MEASURES: Readonly<Record<string, Measure>> = {
  g: { family: 'mass', factor: 1000, metric: true },
  kg: { family: 'mass', factor: 1_000_000, metric: true },
  oz: { family: 'mass', factor: 28_350, metric: false },
  lb: { family: 'mass', factor: 453_592, metric: false },
  ml: { family: 'volume', factor: 1000, metric: true },
  cl: { family: 'volume', factor: 10_000, metric: true },
  dl: { family: 'volume', factor: 100_000, metric: true },
  l: { family: 'volume', factor: 1_000_000, metric: true },
  tsp: { family: 'volume', factor: 5000, metric: false },
  tbsp: { family: 'volume', factor: 15_000, metric: false },
  floz: { family: 'volume', factor: 30_000, metric: false },
  cup: { family: 'volume', factor: 240_000, metric: false },
};

/** The codes, then the free words that recipes use so often that they are worth knowing. */
const SPELLINGS: Readonly<Record<string, string>> = {
  g: 'g gr gm gms gram grams gramm gramms gramme grammes',
  kg: 'kg kgs kilo kilos kilogram kilograms',
  oz: 'oz ounce ounces',
  lb: 'lb lbs pound pounds',
  ml: 'ml mls milliliter milliliters millilitre millilitres',
  cl: 'cl centiliter centiliters centilitre centilitres',
  dl: 'dl deciliter deciliters decilitre decilitres',
  l: 'l lt ltr ltrs liter liters litre litres',
  tsp: 'tsp tsps teaspoon teaspoons',
  tbsp: 'tbsp tbsps tblsp tbs tbl tablespoon tablespoons',
  cup: 'cup cups',
  floz: 'floz',
  piece: 'piece pieces pc pcs pce',
  pack: 'pack packs packet packets package packages pkg pkgs pkt',
  can: 'can cans tin tins',
  bottle: 'bottle bottles',
  jar: 'jar jars',
  bunch: 'bunch bunches',
  clove: 'clove cloves',
  slice: 'slice slices',
  pinch: 'pinch pinches',
  bag: 'bag bags',
  box: 'box boxes',
  cube: 'cube cubes',
  dash: 'dash dashes',
  drop: 'drop drops',
  gallon: 'gallon gallons',
  glass: 'glass glasses',
  handful: 'handful handfuls',
  head: 'head heads',
  knob: 'knob knobs',
  loaf: 'loaf loaves',
  pint: 'pint pints',
  quart: 'quart quarts',
  sheet: 'sheet sheets',
  splash: 'splash splashes',
  spoon: 'spoon spoons spoonful spoonfuls',
  sprig: 'sprig sprigs',
  stalk: 'stalk stalks',
  stick: 'stick sticks',
  tub: 'tub tubs',
};

const CODE_OF_SPELLING: ReadonlyMap<string, string> = new Map(
  Object.entries(SPELLINGS).flatMap(([code, words]) =>
    words.split(' ').map((word): [string, string] => [word, code]),
  ),
);

/** Units a shop sells closed: what is in brackets behind them is a size, not the same amount again. */
const CONTAINERS: ReadonlySet<string> = new Set([
  'pack',
  'can',
  'bottle',
  'jar',
  'bag',
  'box',
  'tub',
]);

export const isContainer = (unit: string | null): boolean => unit !== null && CONTAINERS.has(unit);
export const isMetric = (unit: string): boolean => MEASURES[unit]?.metric === true;
export const isMeasure = (unit: string): boolean => MEASURES[unit] !== undefined;

/** The code of one word, dots forgiven: "Tbsp." is tbsp, "T" is tbsp and "t" is tsp. */
export function unitFromWord(word: string): string | null {
  const bare = word.replace(/\.$/u, '');
  if (bare === 'T') return 'tbsp';
  if (bare === 't') return 'tsp';
  return CODE_OF_SPELLING.get(bare.toLowerCase()) ?? null;
}

export interface ReadUnit {
  readonly unit: string;
  readonly end: number;
}

const FLUID_OUNCE = /^(?:fl\.?|fluid)\s?(?:oz|ounces?)\.?(?![\p{L}\d])/iu;
const UNIT_WORD = /^(\p{L}+)(\.?)(?![\p{L}\d]|-\p{L}|['’]\p{L})/u;

/** The unit at the start of `text` (which follows an amount), if a known unit stands there. */
export function readUnit(text: string): ReadUnit | null {
  const fluid = FLUID_OUNCE.exec(text);
  if (fluid !== null) return { unit: 'floz', end: fluid[0].length };
  const word = UNIT_WORD.exec(text);
  const unit = word?.[1] === undefined ? null : unitFromWord(word[1]);
  if (word === null || unit === null) return null;
  return { unit, end: word[0].length };
}

/** What may be added up: `mass`, `volume`, or the count unit itself. No unit counts pieces. */
export const unitFamily = (unit: string | null): string =>
  unit === null ? 'piece' : (MEASURES[unit]?.family ?? unit.toLowerCase());

/** The amount in another unit of its family, or null where that has no meaning. */
export function convertMilli(milli: number, from: string | null, to: string | null): number | null {
  if (from === to || unitFamily(from) !== unitFamily(to)) {
    return unitFamily(from) === unitFamily(to) ? milli : null;
  }
  const [source, target] = [MEASURES[from ?? ''], MEASURES[to ?? '']];
  if (source === undefined || target === undefined) return milli;
  return Math.round((milli * source.factor) / target.factor);
}

export interface Amount {
  readonly quantityMilli: number;
  readonly unit: string | null;
}

/**
 * The sum of amounts of one family. Amounts in one unit stay in it; mixed ones are shown in the largest
 * unit present, or, where grams meet ounces, in metric, which both kinds of scales can show.
 */
export function sumAmounts(amounts: readonly Amount[]): Amount | null {
  const first = amounts[0];
  if (first === undefined) return null;
  const units = new Set(amounts.map((amount) => amount.unit));
  const measured = [...units].filter((unit) => unit !== null && isMeasure(unit));
  if (units.size === 1 || measured.length < units.size) {
    const quantityMilli = amounts.reduce((sum, amount) => sum + amount.quantityMilli, 0);
    return { quantityMilli, unit: first.unit };
  }
  const totalBase = amounts.reduce(
    (sum, { quantityMilli, unit }) => sum + quantityMilli * (MEASURES[unit ?? '']?.factor ?? 0),
    0,
  );
  const unit = sumUnit(measured, totalBase);
  return { quantityMilli: Math.round(totalBase / (MEASURES[unit]?.factor ?? 1)), unit };
}

function sumUnit(units: readonly (string | null)[], totalBase: number): string {
  const present = units.flatMap((unit) => (unit === null ? [] : [unit]));
  const factorOf = (unit: string): number => MEASURES[unit]?.factor ?? 1;
  if (present.every((unit) => !isMetric(unit))) {
    return present.reduce((a, b) => (factorOf(b) > factorOf(a) ? b : a));
  }
  const mass = present.some((unit) => MEASURES[unit]?.family === 'mass');
  // `totalBase` is in millionths of a gram or millilitre: one kilogram or litre is 10^9 of them.
  const large = totalBase >= 1_000_000_000;
  if (mass) return large ? 'kg' : 'g';
  return large ? 'l' : 'ml';
}
