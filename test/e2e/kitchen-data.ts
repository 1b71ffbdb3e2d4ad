/** Things that journeys cook with. */
import type { ActArgs } from '../../shared/acts/acts.ts';
import type { Tab } from './fixtures.ts';

const ingredient = (wording: string) => ({ id: null, wording, section: null, optional: false });
const step = (wording: string) => ({ id: null, wording, timerSeconds: null });

/** A line of the list that is only a title. */
export const line = (title: string): ActArgs['list.add']['entries'][number] => ({
  title,
  quantityMilli: null,
  unit: null,
  note: null,
  storeName: null,
});

/** A new recipe with nine ingredients and three steps. */
export function lasagne(title = 'Lasagne'): ActArgs['recipe.create'] {
  return {
    id: crypto.randomUUID(),
    fields: {
      title,
      servings: 4,
      summary: null,
      notes: null,
      prepMinutes: 30,
      cookMinutes: 45,
      sourceName: null,
      sourceUrl: null,
    },
    ingredients: [
      '12 lasagne sheets',
      '500 g minced beef',
      '800 g tomatoes',
      '1 onion',
      '2 cloves garlic',
      '50 g butter',
      '50 g flour',
      '600 ml milk',
      '150 g parmesan',
    ].map(ingredient),
    steps: ['Cook the sauce.', 'Stir the bechamel.', 'Layer and bake for 40 minutes.'].map(step),
    tags: ['weekend'],
    photo: null,
  };
}

/** Plans it with one line per ingredient, as the plan sheet does. */
export async function planLasagne(
  tab: Tab,
  recipe: ActArgs['recipe.create'],
  monday: string,
  dayIndex: number,
): Promise<string> {
  const id = crypto.randomUUID();
  const lines = await tab.ask('planSheet', { recipeId: recipe.id, servings: 6 });
  await tab.perform('plan.add', {
    id,
    recipeId: recipe.id,
    day: addDays(monday, dayIndex % 7),
    meal: dayIndex < 7 ? 'dinner' : 'lunch',
    servings: 6,
    lines,
  });
  return id;
}

function addDays(day: string, count: number): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + count * 86_400_000).toISOString().slice(0, 10);
}

export const photo = (seed: number): ActArgs['recipe.photo']['photo'] => ({
  mime: 'image/webp',
  width: 480,
  height: 360,
  bytes: Uint8Array.from({ length: 20_000 }, (_, index) => (index * 31 + seed * 17) % 256),
});
