/**
 * One day of the week: a column with a cell per meal on a desktop, a card with its meals on a phone. A
 * cell takes dropped meals; its own "Add" button is there on wide screens, the day's on narrow ones.
 */
import { Plus } from 'lucide-react';
import { type DragEvent, useEffect, useRef, useState } from 'react';

import type { Meal } from '../../../shared/acts/acts.ts';
import type { WeekEntry } from '../../../shared/queries.ts';
import { Button } from '../../components/button.tsx';
import { cx } from '../../components/cx.ts';
import { mealNames, weekText as text } from '../../text/week.ts';
import { MealCard, mealDragType, type MealDialogName } from './meal-card.tsx';
import type { DayPlan, Place } from './week-cells.ts';
import { dayWords } from './week-days.ts';
import css from './week-screen.module.css';

export interface DayColumnProps {
  readonly day: DayPlan;
  readonly today: string;
  readonly onAdd: (place: Place) => void;
  readonly onDialog: (name: MealDialogName, entry: WeekEntry) => void;
  readonly onCooked: (entry: WeekEntry) => void;
  readonly onDrop: (entryId: string, place: Place) => void;
  readonly onSwap: (droppedId: string, entry: WeekEntry) => void;
}

export function DayColumn(props: DayColumnProps) {
  const { day, today, onAdd } = props;
  const isToday = day.day === today;
  const name = dayWords(day.day, 'long');
  const section = useRef<HTMLElement>(null);
  useEffect(() => {
    // On a phone the days before today would fill the first screen.
    if (!isToday || globalThis.matchMedia('(width >= 1024px)').matches) return undefined;
    // After the frame has scrolled the new view to its top.
    const frame = requestAnimationFrame(() => section.current?.scrollIntoView({ block: 'start' }));
    return () => cancelAnimationFrame(frame);
  }, [isToday]);
  return (
    <section
      ref={section}
      className={cx(css['day'], isToday && css['today'], day.day < today && css['past'])}
      aria-label={name}
    >
      <header className={css['dayHead']}>
        <h2>
          <span className={css['weekday']} aria-hidden="true">
            {dayWords(day.day, 'weekday')}
          </span>{' '}
          <span className={css['number']} aria-hidden="true">
            {dayWords(day.day, 'number')}
          </span>
          <span className="spoken">{name}</span>
        </h2>
        {isToday ? <span className={css['todayMark']}>{text.today}</span> : null}
        <Button
          tone="quiet"
          className={css['addToDay'] ?? ''}
          icon={<Plus size={18} aria-hidden="true" />}
          aria-label={text.addMealOn(name)}
          onClick={() => onAdd({ day: day.day, meal: 'dinner' })}
        >
          {text.add}
        </Button>
      </header>
      {day.cells.map((cell) => (
        <MealCell key={cell.meal} {...props} meal={cell.meal} entries={cell.entries} name={name} />
      ))}
    </section>
  );
}

function MealCell(
  props: DayColumnProps & {
    readonly meal: Meal;
    readonly entries: readonly WeekEntry[];
    readonly name: string;
  },
) {
  const { day, meal, entries, name, onAdd, onDialog, onCooked, onDrop, onSwap } = props;
  const [over, setOver] = useState(false);
  const place = { day: day.day, meal };
  const allowDrop = (event: DragEvent) => {
    if (!event.dataTransfer.types.includes(mealDragType)) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = 'move';
    setOver(true);
  };
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    onDrop(event.dataTransfer.getData(mealDragType), place);
  };
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions -- dropping is a second way; "Move to…" does the same
    <fieldset
      aria-label={mealNames[meal]}
      className={cx(css['cell'], entries.length === 0 && css['open'], over && css['over'])}
      onDragOver={allowDrop}
      onDragLeave={() => setOver(false)}
      onDrop={drop}
    >
      {entries.length === 0 ? null : (
        <p className={css['mealName']} aria-hidden="true">
          {mealNames[meal]}
        </p>
      )}
      {entries.map((entry) => (
        <MealCard
          key={entry.id}
          entry={entry}
          onDialog={onDialog}
          onCooked={onCooked}
          onSwap={(droppedId, other) => {
            setOver(false);
            onSwap(droppedId, other);
          }}
        />
      ))}
      <button
        type="button"
        className={css['addToCell']}
        aria-label={text.addMealTo(mealNames[meal], name)}
        onClick={() => onAdd(place)}
      >
        <Plus size={18} aria-hidden="true" />
      </button>
    </fieldset>
  );
}
