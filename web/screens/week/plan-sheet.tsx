/**
 * The plan sheet (`app.md` §5.4): a recipe, for how many, on which day, and which of its ingredients go
 * on the shopping list. Planning is one act, the meal and its lines together, so the other devices never
 * see one without the other. The same sheet puts a recipe on the list without planning it.
 *
 * What starts unticked says why. A tick that the person changed stays changed when the servings do.
 */
import { useState } from 'react';

import type { Meal, PlannedLine } from '../../../shared/acts/acts.ts';
import { formatAmount } from '../../../shared/domain/format-amount.ts';
import type { PlanSheetLine } from '../../../shared/queries.ts';
import { Button } from '../../components/button.tsx';
import { Sheet } from '../../components/sheet.tsx';
import { Skeleton } from '../../components/skeleton.tsx';
import { Stepper } from '../../components/stepper.tsx';
import { Tick } from '../../components/tick.tsx';
import { newId } from '../../ids.ts';
import { usePerform, useQuery } from '../../kitchen.tsx';
import { planSheetText as text } from '../../text/week.ts';
import { useBusy } from '../../use-busy.ts';
import { useLatestQuery } from '../../use-latest-query.ts';
import { PlaceFields } from './place-fields.tsx';
import css from './plan-sheet.module.css';
import type { Place } from './week-cells.ts';

export interface PlanSheetProps {
  readonly recipe: { readonly id: string; readonly title: string; readonly servings: number };
  /** Where the meal goes at first; null puts the ingredients on the list without a meal. */
  readonly place: Place | null;
  readonly onClose: () => void;
}

const isOn = (line: PlanSheetLine, changed: ReadonlyMap<string, boolean>): boolean =>
  changed.get(line.ingredientId) ?? line.on;

const plannedLine = (line: PlanSheetLine): PlannedLine => ({
  ingredientId: line.ingredientId,
  title: line.title,
  quantityMilli: line.quantityMilli,
  unit: line.unit,
  productId: line.productId,
});

export function PlanSheet({ recipe, place, onClose }: PlanSheetProps) {
  const perform = usePerform();
  const [servings, setServings] = useState(recipe.servings);
  const [where, setWhere] = useState(place);
  const [changed, setChanged] = useState<ReadonlyMap<string, boolean>>(new Map());
  const [busy, once] = useBusy();
  // One meal for as long as the sheet is open, however often it is sent.
  const [id] = useState(newId);
  const asked = { recipeId: recipe.id, servings };
  const lines = useLatestQuery('planSheet', asked);
  const chosen = (lines ?? []).filter((line) => isOn(line, changed));
  // The lines on screen may still be those of other servings: what they say must not be written.
  const waiting = useQuery('planSheet', asked) === undefined;

  const save = async () => {
    const planned = chosen.map(plannedLine);
    const result =
      where === null
        ? await perform('list.addRecipe', { recipeId: recipe.id, lines: planned })
        : await perform('plan.add', {
            id,
            recipeId: recipe.id,
            day: where.day,
            meal: where.meal satisfies Meal,
            servings,
            lines: planned,
          });
    if (result.ok) onClose();
  };

  return (
    <Sheet
      open
      onClose={onClose}
      title={where === null ? text.listTitle(recipe.title) : text.title(recipe.title)}
      foot={
        <Button
          tone="primary"
          wide
          disabled={busy || waiting || (where === null && chosen.length === 0)}
          onClick={() => once(save)}
        >
          {where === null ? text.addToList(chosen.length) : text.plan(chosen.length)}
        </Button>
      }
    >
      <div className={css['top']}>
        {where === null ? null : <PlaceFields place={where} onChange={setWhere} />}
        <div className={css['servings']}>
          <span>{text.servings}</span>
          <Stepper label={text.servings} value={servings} min={1} max={99} onChange={setServings} />
        </div>
      </div>
      <PlanLines lines={lines} changed={changed} onChange={setChanged} />
    </Sheet>
  );
}

function PlanLines(props: {
  readonly lines: readonly PlanSheetLine[] | undefined;
  readonly changed: ReadonlyMap<string, boolean>;
  readonly onChange: (changed: ReadonlyMap<string, boolean>) => void;
}) {
  const { lines, changed, onChange } = props;
  if (lines === undefined) return <Skeleton count={6} />;
  if (lines.length === 0) return <p className={css['none']}>{text.noIngredients}</p>;
  const setAll = (on: boolean) =>
    onChange(new Map(lines.map((line) => [line.ingredientId, on] as const)));
  return (
    <section aria-label={text.ingredients}>
      <header className={css['head']}>
        <h3>{text.ingredients}</h3>
        <Button tone="quiet" onClick={() => setAll(true)}>
          {text.all}
        </Button>
        <Button tone="quiet" onClick={() => setAll(false)}>
          {text.none}
        </Button>
      </header>
      <ul>
        {lines.map((line) => (
          <PlanLine
            key={line.ingredientId}
            line={line}
            on={isOn(line, changed)}
            onChange={(on) => onChange(new Map([...changed, [line.ingredientId, on]]))}
          />
        ))}
      </ul>
    </section>
  );
}

function PlanLine(props: {
  readonly line: PlanSheetLine;
  readonly on: boolean;
  readonly onChange: (on: boolean) => void;
}) {
  const { line, on, onChange } = props;
  const amount = formatAmount(line.quantityMilli, line.unit);
  const reason = line.offReason === null ? null : text.reasons[line.offReason];
  const name = [line.title, amount, reason].filter((part) => part !== null && part !== '');
  return (
    <li>
      <label className={css['line']} data-off={!on}>
        <Tick label={name.join(', ')} checked={on} onChange={onChange} />
        <span className={css['words']}>
          <span>{line.title}</span>
          {reason === null ? null : <span className={css['reason']}>{reason}</span>}
        </span>
        <span className={css['amount']}>{amount}</span>
      </label>
    </li>
  );
}
