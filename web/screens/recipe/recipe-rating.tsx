/** One to five stars. Pressing the star that is set takes the rating away; each press is an act. */
import { Star } from 'lucide-react';

import type { RecipeView } from '../../../shared/queries.ts';
import { cx } from '../../components/cx.ts';
import { usePerform } from '../../kitchen.tsx';
import { recipeText as text } from '../../text/recipes.ts';
import css from './recipe-rating.module.css';

const stars = [1, 2, 3, 4, 5] as const;

export function RecipeRating({ recipe }: { readonly recipe: RecipeView }) {
  const perform = usePerform();
  const set = (star: number) => {
    const rating = recipe.rating === star ? null : star;
    void perform('recipe.set', { id: recipe.id, rating }, { toast: 'none' });
  };
  return (
    <fieldset className={css['rating']} aria-label={text.rate}>
      {stars.map((star) => (
        <button
          key={star}
          type="button"
          className={cx(css['star'], star <= (recipe.rating ?? 0) && css['on'])}
          aria-label={text.rateStars(star)}
          aria-pressed={recipe.rating === star}
          onClick={() => set(star)}
        >
          <Star size={18} aria-hidden="true" />
        </button>
      ))}
    </fieldset>
  );
}
