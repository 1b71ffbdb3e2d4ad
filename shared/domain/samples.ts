/**
 * What a new kitchen begins with, so that the first screen teaches by itself: five list lines, three
 * recipes, one planned meal. Our own writing. All ids are fixed (the planned meal's follows from its day),
 * so two devices that both begin with samples never show them twice, and what was removed stays removed.
 */
import type { ActArgs } from '../acts/acts.ts';
import { daySerial } from './day.ts';

/** Every sample row's id begins with this; children of a sample recipe go with it. */
export const sampleIdPrefix = '01920000-0000-7000-8000-0000005a';

export const sampleId = (ordinal: number): string =>
  sampleIdPrefix + ordinal.toString(16).padStart(4, '0');

/** The id of the sample meal on a day. */
export const sampleMealId = (day: string): string =>
  sampleId(0x8000 + ((((daySerial(day) ?? 0) % 0x7fff) + 0x7fff) % 0x7fff));

export interface SampleLine {
  readonly id: string;
  readonly title: string;
  readonly quantityMilli: number | null;
  readonly unit: string | null;
  readonly note: string | null;
}

const line = (
  ordinal: number,
  title: string,
  quantityMilli: number | null,
  unit: string | null,
  note: string | null,
): SampleLine => ({ id: sampleId(ordinal), title, quantityMilli, unit, note });

/** Rows of one id are equal on every device, so a line that is worded anew gets an id that was never used. */
export const sampleLines: readonly SampleLine[] = [
  line(6, 'Tap the circle', null, null, 'that is a tick, and puts it in the basket'),
  line(2, 'Tap +', null, null, 'and type: 2 l milk, eggs, 500 g flour'),
  line(3, 'Turn on aeroplane mode and add something', null, null, 'it is sent later, by itself'),
  line(4, 'Milk', 2000, 'l', null),
  line(5, 'Tomatoes', 800_000, 'g', null),
];

type Recipe = ActArgs['recipe.create'];

function recipe(
  ordinal: number,
  title: string,
  servings: number,
  minutes: readonly [number, number],
  summary: string,
  ingredients: readonly string[],
  steps: readonly (readonly [string, number | null])[],
  tags: readonly string[],
): Recipe {
  const base = ordinal * 0x100;
  return {
    id: sampleId(base),
    fields: {
      title,
      servings,
      summary,
      notes: null,
      prepMinutes: minutes[0],
      cookMinutes: minutes[1],
      sourceName: 'Larder',
      sourceUrl: null,
    },
    ingredients: ingredients.map((wording, index) => ({
      id: sampleId(base + 0x10 + index),
      wording,
      section: null,
      optional: false,
    })),
    steps: steps.map(([wording, timerSeconds], index) => ({
      id: sampleId(base + 0x40 + index),
      wording,
      timerSeconds,
    })),
    tags,
    photo: null,
  };
}

export const sampleRecipes: readonly Recipe[] = [
  recipe(
    1,
    'Tomato soup with basil',
    4,
    [10, 25],
    'Ripe tomatoes, a slow onion and not much else.',
    [
      '1 large onion, sliced',
      '2 cloves garlic',
      '3 tbsp olive oil',
      '1 kg ripe tomatoes, quartered',
      '500 ml vegetable stock',
      '1 bunch basil',
      'Salt and pepper',
    ],
    [
      ['Warm the oil in a wide pot and cook the onion over a low flame until soft and sweet.', 600],
      ['Add the garlic and stir for a minute.', 60],
      ['Tip in the tomatoes and the stock. Simmer with the lid ajar.', 900],
      ['Take the pot off the heat, add most of the basil and blend until smooth.', null],
      ['Season, and serve with the rest of the basil torn over it.', null],
    ],
    [],
  ),
  recipe(
    2,
    'Weekend pancakes',
    3,
    [10, 15],
    'A thin batter, a hot pan, and the first one belongs to the cook.',
    [
      '200 g flour',
      '3 eggs',
      '350 ml milk',
      '1 pinch salt',
      '30 g butter, melted',
      'Lemon and sugar to serve',
    ],
    [
      [
        'Whisk the eggs with a third of the milk, then with all of the flour, until no lumps are left.',
        null,
      ],
      ['Stir in the rest of the milk, the salt and the butter. Let the batter rest.', 1200],
      [
        'Heat a pan, wipe it with butter and pour in a ladle of batter, turning the pan as you pour.',
        null,
      ],
      ['Flip when the edges lift. The second side takes half as long.', 60],
    ],
    [],
  ),
  recipe(
    3,
    'Chickpea curry',
    4,
    [10, 30],
    'From the cupboard, for evenings without a plan.',
    [
      '2 tbsp oil',
      '1 onion, chopped',
      '1 piece ginger, grated',
      '2 tsp curry powder',
      '2 cans chickpeas, drained',
      '1 can chopped tomatoes',
      '1 can coconut milk',
      '300 g basmati rice',
      '½ bunch coriander',
    ],
    [
      [
        'Fry the onion in the oil until golden, then the ginger and the curry powder for a minute.',
        480,
      ],
      ['Add the tomatoes and let them thicken.', 300],
      ['Stir in the chickpeas and the coconut milk and simmer gently.', 900],
      ['Meanwhile cook the rice.', 720],
      ['Scatter the coriander over the curry and bring both to the table.', null],
    ],
    [],
  ),
];

/** Which of the recipes is planned, and for how many. */
export const samplePlan = { recipeId: sampleId(0x100), servings: 4, meal: 'dinner' } as const;
