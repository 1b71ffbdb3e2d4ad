/** The small print of a recipe: how long it takes, its tags, when it is planned, and where it is from. */
import { Clock, ExternalLink } from 'lucide-react';
import { Link } from 'wouter';

import type { RecipeView } from '../../../shared/queries.ts';
import { recipesText, recipeText as text } from '../../text/recipes.ts';
import { dayWords, weekPath } from '../week/week-days.ts';
import css from './recipe-screen.module.css';
import { safeLink } from './recipe-text.ts';

export function RecipeFacts({ recipe }: { readonly recipe: RecipeView }) {
  const { prepMinutes, cookMinutes } = recipe;
  const times = [
    prepMinutes === null ? null : text.prep(prepMinutes),
    cookMinutes === null ? null : text.cook(cookMinutes),
  ].filter((time) => time !== null);
  if (times.length === 0 && recipe.tags.length === 0 && recipe.planned.length === 0) return null;
  return (
    <div className={css['facts']}>
      {times.length === 0 ? null : (
        <p className={css['times']}>
          <Clock size={16} aria-hidden="true" /> {times.join(', ')}
        </p>
      )}
      {recipe.tags.length === 0 ? null : (
        <ul className={css['tagList']} aria-label={recipesText.tags}>
          {recipe.tags.map((tag) => (
            <li key={tag.id}>
              <Link href={`/recipes?tag=${tag.id}`} className={css['tag']}>
                {tag.name}
              </Link>
            </li>
          ))}
        </ul>
      )}
      {recipe.planned.length === 0 ? null : (
        <p>
          {text.planned}{' '}
          {recipe.planned.map((plan, index) => (
            <span key={plan.entryId}>
              {index === 0 ? '' : ', '}
              <Link href={weekPath(plan.day)}>{dayWords(plan.day, 'medium')}</Link>
            </span>
          ))}
        </p>
      )}
    </div>
  );
}

export function Origin({ recipe }: { readonly recipe: RecipeView }) {
  const link = safeLink(recipe.sourceUrl);
  const name = recipe.sourceName ?? recipe.sourceUrl;
  if (name === null && recipe.basedOn === null) return null;
  return (
    <p className={css['origin']}>
      {name === null ? null : (
        <span>
          {text.source}:{' '}
          {link === null ? (
            name
          ) : (
            <a href={link} target="_blank" rel="noopener noreferrer">
              {name} <ExternalLink size={14} aria-hidden="true" />
            </a>
          )}
        </span>
      )}
      {recipe.basedOn === null ? null : (
        <span>
          {text.basedOn} <Link href={`/recipes/${recipe.basedOn.id}`}>{recipe.basedOn.title}</Link>
        </span>
      )}
    </p>
  );
}
