/**
 * The one question before a recipe is deleted for good: it counts what goes with it and says what stays,
 * because no Trash stands behind this act.
 */
import type { RecipeView } from '../../../shared/queries.ts';
import { Button } from '../../components/button.tsx';
import { Sheet } from '../../components/sheet.tsx';
import { usePerform } from '../../kitchen.tsx';
import { recipeText as text } from '../../text/recipes.ts';
import css from './recipe-screen.module.css';

export interface EraseDialogProps {
  readonly recipe: RecipeView;
  readonly onClose: () => void;
  readonly onErased: () => void;
}

export function EraseDialog({ recipe, onClose, onErased }: EraseDialogProps) {
  const perform = usePerform();
  const goes = [
    recipe.ingredients.length > 0 ? text.eraseIngredients(recipe.ingredients.length) : null,
    recipe.steps.length > 0 ? text.eraseSteps(recipe.steps.length) : null,
    recipe.photoId === null ? null : text.erasePhoto,
    recipe.tags.length > 0 ? text.eraseTags(recipe.tags.length) : null,
  ].filter((part) => part !== null);
  const erase = async () => {
    const result = await perform('recipe.erase', { ids: [recipe.id] });
    if (result.ok) onErased();
  };
  return (
    <Sheet
      open
      alert
      onClose={onClose}
      title={text.eraseTitle(recipe.title)}
      foot={
        <>
          <Button onClick={onClose}>{text.cancel}</Button>
          <Button tone="danger" onClick={() => void erase()}>
            {text.erase}
          </Button>
        </>
      }
    >
      <div className={css['dialog']}>
        {goes.length === 0 ? null : (
          <>
            <p>{text.eraseGoes}</p>
            <ul className={css['goes']}>
              {goes.map((part) => (
                <li key={part}>{part}</li>
              ))}
            </ul>
          </>
        )}
        <p className={css['quiet']}>{text.eraseStays(recipe.planned.length)}</p>
      </div>
    </Sheet>
  );
}
