/**
 * One recipe, to read like a page of a book (`app.md` §5.6): two columns where there is room, tabs for
 * ingredients and steps on a phone. The servings stepper scales the view and saves nothing; "Always for 6"
 * is the act that does.
 *
 * It owns which sheet is open. A recipe that is gone, or in the Trash, says so in place.
 */
import { ChevronLeft, ListPlus, Pencil, CalendarPlus, CookingPot } from 'lucide-react';
import { useState } from 'react';
import { Link, useLocation, useSearch } from 'wouter';

import { withoutLinks } from '../../../shared/domain/ingredient-line.ts';
import type { RecipeView } from '../../../shared/queries.ts';
import { Button, IconButton } from '../../components/button.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { Photo } from '../../components/photo.tsx';
import { SegmentedTabs } from '../../components/segmented-tabs.tsx';
import { Skeleton } from '../../components/skeleton.tsx';
import { Stepper } from '../../components/stepper.tsx';
import { View } from '../../components/view.tsx';
import { usePerform, useQuery } from '../../kitchen.tsx';
import { recipesText, recipeText as text } from '../../text/recipes.ts';
import { useSheetParam } from '../../use-sheet-param.ts';
import { trashDaysLeft } from '../trash/trash-days.ts';
import { VersionsList } from '../choices/versions-list.tsx';
import { ChoiceNotice } from '../choices/choice-notice.tsx';
import { PlanSheet } from '../week/plan-sheet.tsx';
import { useToday } from '../week/today.ts';
import { EraseDialog } from './erase-dialog.tsx';
import { IngredientList } from './ingredient-list.tsx';
import { Origin, RecipeFacts } from './recipe-facts.tsx';
import { RecipeMenu } from './recipe-menu.tsx';
import { RecipeRating } from './recipe-rating.tsx';
import css from './recipe-screen.module.css';
import { VersionsSheet } from './versions-sheet.tsx';
import { scaledSections } from './recipe-text.ts';
import { servingsIn, withServings } from './servings-param.ts';

export interface RecipeScreenProps {
  readonly params: { readonly id: string };
}

export function RecipeScreen({ params }: RecipeScreenProps) {
  const recipe = useQuery('recipe', { id: params.id });
  const [, go] = useLocation();
  if (recipe === undefined) {
    return (
      <View title={text.loading} titleHidden>
        <Skeleton kind="text" />
      </View>
    );
  }
  if (recipe === null) {
    return (
      <View title={text.goneTitle} titleHidden>
        <EmptyState
          title={text.goneTitle}
          actions={<Button onClick={() => go('/recipes')}>{text.backToRecipes}</Button>}
        >
          {text.goneBody}
        </EmptyState>
        <ChoiceNotice ids={[params.id]} />
        <VersionsList ids={[params.id]} quiet />
      </View>
    );
  }
  return <RecipePage key={recipe.id} recipe={recipe} />;
}

function RecipePage({ recipe }: { readonly recipe: RecipeView }) {
  const [, go] = useLocation();
  const chosen = servingsIn(useSearch());
  const choose = (next: number | null) =>
    go(`/recipes/${recipe.id}${withServings(location.search, next)}`, { replace: true });
  const today = useToday();
  const [tab, setTab] = useState<'ingredients' | 'steps'>('ingredients');
  const [sheet, openSheet, closeSheet] = useSheetParam('sheet');
  const servings = chosen ?? recipe.servings;

  return (
    <View title={recipe.title} titleHidden>
      <article className={css['page']} data-tab={tab}>
        <ChoiceNotice
          ids={[
            recipe.id,
            ...recipe.ingredients.map(({ id }) => id),
            ...recipe.steps.map(({ id }) => id),
          ]}
        />
        {recipe.trashedAt === null ? null : (
          <TrashBanner recipe={recipe} onErase={() => openSheet('erase')} />
        )}
        <RecipeHead recipe={recipe} servings={servings} onSheet={openSheet} />
        <div className={css['tabs']}>
          <SegmentedTabs
            wide
            label={recipe.title}
            value={tab}
            options={[
              { value: 'ingredients', label: text.ingredients },
              { value: 'steps', label: text.steps },
            ]}
            onChange={setTab}
          />
        </div>
        <section className={css['ingredients']} aria-label={text.ingredients}>
          <h2 className={css['heading']}>{text.ingredients}</h2>
          <Servings recipe={recipe} servings={servings} onChange={choose} />
          <IngredientList sections={scaledSections(recipe, servings)} />
        </section>
        <section className={css['method']} aria-label={text.steps}>
          <h2 className={css['heading']}>{text.steps}</h2>
          <Steps recipe={recipe} />
          {recipe.notes === null ? null : (
            <section className={css['notes']} aria-label={text.notes}>
              <h2 className={css['heading']}>{text.notes}</h2>
              <p>{recipe.notes}</p>
            </section>
          )}
          <Origin recipe={recipe} />
        </section>
      </article>
      {sheet === 'plan' || sheet === 'list' ? (
        <PlanSheet
          recipe={{ ...recipe, servings }}
          place={sheet === 'plan' ? { day: today, meal: 'dinner' } : null}
          onClose={closeSheet}
        />
      ) : null}
      {sheet === 'versions' ? <VersionsSheet recipe={recipe} onClose={closeSheet} /> : null}
      {sheet === 'erase' ? (
        <EraseDialog
          recipe={recipe}
          onClose={closeSheet}
          onErased={() => go('/trash', { replace: true })}
        />
      ) : null}
    </View>
  );
}

function TrashBanner(props: { readonly recipe: RecipeView; readonly onErase: () => void }) {
  const perform = usePerform();
  const { recipe, onErase } = props;
  const [nowMs] = useState(() => Date.now());
  const days = trashDaysLeft(recipe.trashedAt ?? '', nowMs);
  return (
    <section className={css['banner']} aria-label={text.trashedLabel}>
      <p>{text.trashedBanner(days)}</p>
      <div className={css['bannerActions']}>
        <Button tone="primary" onClick={() => void perform('recipe.restore', { ids: [recipe.id] })}>
          {text.restore}
        </Button>
        <Button tone="danger" onClick={onErase}>
          {text.erase}
        </Button>
      </div>
    </section>
  );
}

function RecipeHead(props: {
  readonly recipe: RecipeView;
  readonly servings: number;
  readonly onSheet: (name: string) => void;
}) {
  const { recipe, servings, onSheet } = props;
  const [, go] = useLocation();
  return (
    <header className={css['head']}>
      <Link href="/recipes" className={css['back']}>
        <ChevronLeft size={18} aria-hidden="true" /> {recipesText.title}
      </Link>
      {recipe.photoId === null ? null : (
        <Photo
          photoId={recipe.photoId}
          alt=""
          title={recipe.title}
          hue={recipe.tags[0]?.hue ?? 0}
          className={css['photo'] ?? ''}
        />
      )}
      <div className={css['headWords']}>
        <p className={css['title']} aria-hidden="true">
          {recipe.title}
        </p>
        {recipe.summary === null ? null : <p className={css['summary']}>{recipe.summary}</p>}
        <RecipeFacts recipe={recipe} />
        <RecipeRating recipe={recipe} />
        <div className={css['actions']}>
          {recipe.trashedAt === null ? (
            <>
              <Button
                tone="primary"
                icon={<CalendarPlus size={18} aria-hidden="true" />}
                onClick={() => onSheet('plan')}
              >
                {text.plan}
              </Button>
              <Button
                icon={<ListPlus size={18} aria-hidden="true" />}
                onClick={() => onSheet('list')}
              >
                {text.addToList}
              </Button>
            </>
          ) : null}
          <span className={css['smallActions']}>
            <IconButton
              label={text.cookMode}
              icon={<CookingPot size={20} />}
              onClick={() => go(`/recipes/${recipe.id}/cook${withServings('', servings)}`)}
            />
            <IconButton
              label={text.edit}
              icon={<Pencil size={20} />}
              onClick={() => go(`/recipes/${recipe.id}/edit`)}
            />
            <RecipeMenu
              recipe={recipe}
              servings={servings}
              onErase={() => onSheet('erase')}
              onVersions={() => onSheet('versions')}
            />
          </span>
        </div>
      </div>
    </header>
  );
}

function Servings(props: {
  readonly recipe: RecipeView;
  readonly servings: number;
  readonly onChange: (servings: number | null) => void;
}) {
  const { recipe, servings, onChange } = props;
  const perform = usePerform();
  return (
    <div className={css['servings']}>
      <span className={css['servingsRow']}>
        <span>{text.servings}</span>
        <Stepper label={text.servings} value={servings} min={1} max={99} onChange={onChange} />
      </span>
      {servings === recipe.servings ? null : (
        <span className={css['scaled']}>
          <Button tone="quiet" onClick={() => onChange(null)}>
            {text.resetServings(recipe.servings)}
          </Button>
          <Button
            tone="quiet"
            onClick={() => void perform('recipe.set', { id: recipe.id, servings })}
          >
            {text.makeDefault(servings)}
          </Button>
        </span>
      )}
    </div>
  );
}

function Steps({ recipe }: { readonly recipe: RecipeView }) {
  if (recipe.steps.length === 0) return <p className={css['quiet']}>{text.noSteps}</p>;
  return (
    <ol className={css['steps']}>
      {recipe.steps.map((step, index) => (
        <li key={step.id}>
          <span className={css['stepNumber']} aria-hidden="true">
            {index + 1}
          </span>
          <p>{withoutLinks(step.wording)}</p>
        </li>
      ))}
    </ol>
  );
}
