/**
 * Cook mode (`app.md` §5.6): one step at a time in large type, ingredients at hand, a timer where a step
 * names a time. Step and servings stand in the address, so a reload comes back to them. It covers the frame:
 * floury hands find two big buttons and nothing else.
 */
import { Timer as TimerIcon, X } from 'lucide-react';
import { type KeyboardEvent, useEffect, useState } from 'react';
import { useLocation, useSearch } from 'wouter';

import { withoutLinks } from '../../../shared/domain/ingredient-line.ts';
import type { RecipeView } from '../../../shared/queries.ts';
import { Button, IconButton } from '../../components/button.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { Sheet } from '../../components/sheet.tsx';
import { Skeleton } from '../../components/skeleton.tsx';
import { useHeadingFocus } from '../../heading-focus.ts';
import { useQuery } from '../../kitchen.tsx';
import { cookText as text, recipeText } from '../../text/recipes.ts';
import { wordsForFrame } from '../../text/frame.ts';
import { IngredientList } from '../recipe/ingredient-list.tsx';
import { scaledSections } from '../recipe/recipe-text.ts';
import { servingsIn, withServings } from '../recipe/servings-param.ts';
import { useWakeLock } from '../shop/use-wake-lock.ts';
import css from './cook-screen.module.css';
import { clockText, findTimerSeconds } from './cook-steps.ts';
import { type Timers, useTimers } from './use-timers.ts';

export interface CookScreenProps {
  readonly params: { readonly id: string };
}

export function CookScreen({ params }: CookScreenProps) {
  const recipe = useQuery('recipe', { id: params.id });
  const [, go] = useLocation();
  if (recipe === undefined) return <Skeleton kind="text" />;
  if (recipe === null || recipe.steps.length === 0) {
    return (
      <EmptyState
        actions={<Button onClick={() => go(`/recipes/${params.id}`)}>{text.back}</Button>}
      >
        {recipe === null ? recipeText.goneBody : text.noSteps}
      </EmptyState>
    );
  }
  return <CookPage recipe={recipe} />;
}

function CookPage({ recipe }: { readonly recipe: RecipeView }) {
  const [, go] = useLocation();
  const search = useSearch();
  const { maySleep } = useWakeLock();
  const heading = useHeadingFocus();
  const timers = useTimers(recipe.id);
  const [showIngredients, setShowIngredients] = useState(false);
  const last = recipe.steps.length - 1;
  const asked = Number(new URLSearchParams(search).get('step') ?? '1') - 1;
  const index = Number.isInteger(asked) ? Math.min(last, Math.max(0, asked)) : 0;
  const step = recipe.steps[index];
  const chosen = servingsIn(search);
  const servings = chosen ?? recipe.servings;
  useEffect(() => {
    document.title = wordsForFrame.documentTitle(text.title(recipe.title));
  }, [recipe.title]);
  const leave = () => go(`/recipes/${recipe.id}${withServings('', chosen)}`, { replace: true });
  const turn = (to: number) => {
    if (to > last) leave();
    else if (to >= 0) {
      const next = withServings(`?step=${String(to + 1)}`, chosen);
      go(`/recipes/${recipe.id}/cook${next}`, { replace: true });
    }
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'ArrowRight') turn(index + 1);
    if (event.key === 'ArrowLeft') turn(index - 1);
  };
  if (step === undefined) return null;
  const seconds = step.timerSeconds ?? findTimerSeconds(step.wording);

  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions -- arrow keys besides the two buttons
    <section className={css['cook']} aria-label={text.title(recipe.title)} onKeyDown={onKeyDown}>
      <header className={css['head']}>
        <div className={css['headWords']}>
          <h1 ref={heading} tabIndex={-1}>
            {recipe.title}
          </h1>
          <output>{text.stepOf(index + 1, last + 1)}</output>
        </div>
        <Button onClick={() => setShowIngredients(true)}>{text.ingredients}</Button>
        <IconButton label={text.close} icon={<X size={22} />} onClick={leave} />
      </header>
      <progress className={css['progress']} value={index + 1} max={last + 1} aria-hidden="true" />
      <div className={css['step']}>
        <p className={css['words']}>{withoutLinks(step.wording)}</p>
        {seconds === null ? null : (
          <Button
            icon={<TimerIcon size={20} aria-hidden="true" />}
            onClick={() => timers.start(index, seconds)}
          >
            {seconds < 60 ? text.timerSeconds(seconds) : text.timer(Math.round(seconds / 60))}
          </Button>
        )}
      </div>
      <TimerRow timers={timers} />
      {maySleep ? <p className={css['quiet']}>{text.maySleep}</p> : null}
      <footer className={css['foot']} data-action-bar>
        <Button disabled={index === 0} onClick={() => turn(index - 1)}>
          {text.back}
        </Button>
        <Button tone="primary" onClick={() => turn(index + 1)}>
          {index === last ? text.done : text.next}
        </Button>
      </footer>
      {showIngredients ? (
        <Sheet
          open
          place="panel"
          title={text.ingredientsFor(servings)}
          onClose={() => setShowIngredients(false)}
        >
          <IngredientList sections={scaledSections(recipe, servings)} />
        </Sheet>
      ) : null}
    </section>
  );
}

function TimerRow({ timers }: { readonly timers: Timers }) {
  if (timers.timers.length === 0) return null;
  return (
    <div className={css['timers']}>
      <ul>
        {timers.timers.map((timer) => {
          const left = (timer.endsAtMs - timers.nowMs) / 1000;
          return (
            <li key={timer.index} data-over={left <= 0}>
              <span>{text.timerOf(timer.index + 1)}</span>
              <strong role={left <= 0 ? 'alert' : 'timer'}>
                {left <= 0 ? text.timerOver : clockText(left)}
              </strong>
              <IconButton
                label={text.timerStop(timer.index + 1)}
                icon={<X size={18} />}
                onClick={() => timers.stop(timer.index)}
              />
            </li>
          );
        })}
      </ul>
      <p className={css['quiet']}>{text.timerHint}</p>
    </div>
  );
}
