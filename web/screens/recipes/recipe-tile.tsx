/** One recipe as a card: photo or paper tile, serif title, how long it takes and its first tags. */
import { Star } from 'lucide-react';
import { Link } from 'wouter';

import type { RecipeCard } from '../../../shared/queries.ts';
import { Photo } from '../../components/photo.tsx';
import { UnsentDot } from '../../components/unsent-dot.tsx';
import { recipesText as text } from '../../text/recipes.ts';
import css from './recipe-tile.module.css';

const tagsShownMax = 2;

export function RecipeTile({ recipe }: { readonly recipe: RecipeCard }) {
  const facts = [
    recipe.minutes === null ? null : text.minutes(recipe.minutes),
    ...recipe.tags.slice(0, tagsShownMax),
  ].filter((fact) => fact !== null);
  return (
    <Link href={`/recipes/${recipe.id}`} className={css['tile']} aria-label={recipe.title}>
      <Photo
        photoId={recipe.photoId}
        alt=""
        title={recipe.title}
        hue={recipe.hue}
        className={css['photo'] ?? ''}
      />
      <span className={css['words']}>
        <span className={css['title']}>{recipe.title}</span>
        <span className={css['facts']}>
          {facts.join(' · ')}
          {recipe.rating === null ? null : (
            <span className={css['rating']}>
              <Star size={13} aria-hidden="true" />
              <span aria-hidden="true">{recipe.rating}</span>
              <span className="spoken">{text.rating(recipe.rating)}</span>
            </span>
          )}
          {recipe.unsent ? <UnsentDot /> : null}
        </span>
      </span>
    </Link>
  );
}
