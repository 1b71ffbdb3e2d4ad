/**
 * The week (`app.md` §5.4): seven columns of four meals on a desktop, one card per day on a phone. Both are
 * the same elements in the same order, only laid out differently, so nothing is read twice.
 *
 * It owns which dialogue is open and what a drop means; every change is one act. Rows come from the `week`
 * query only, so a meal that arrives from another device simply appears.
 */
import { ChevronLeft, ChevronRight } from 'lucide-react';
import { useLocation } from 'wouter';

import {
  addDays,
  isDay,
  isoWeek,
  mondayOf,
  mondayOfWeekText,
  weekDays,
} from '../../../shared/domain/day.ts';
import type { WeekEntry } from '../../../shared/queries.ts';
import { Button, IconButton } from '../../components/button.tsx';
import { Skeleton } from '../../components/skeleton.tsx';
import { View } from '../../components/view.tsx';
import { usePerform, useQuery } from '../../kitchen.tsx';
import { mealNames, weekText as text } from '../../text/week.ts';
import { useSheetParam } from '../../use-sheet-param.ts';
import { AddMealSheet } from './add-meal-sheet.tsx';
import { DayColumn } from './day-column.tsx';
import { isMealDialogName } from './meal-card.tsx';
import { MealDialog } from './meal-dialogs.tsx';
import { useToday } from './today.ts';
import { isMeal, isSamePlace, meals, planDays, type Place } from './week-cells.ts';
import { weekPath, weekRangeWords } from './week-days.ts';
import css from './week-screen.module.css';

export interface WeekScreenProps {
  readonly params: { readonly isoWeek?: string | undefined };
}

/** `2026-11-24.dinner` in the address, as the place where a meal is being added. */
const placeOf = (param: string): Place | null => {
  const [day = '', meal = ''] = param.split('.');
  return isDay(day) && isMeal(meal) ? { day, meal } : null;
};

export function WeekScreen({ params }: WeekScreenProps) {
  const today = useToday();
  const [, go] = useLocation();
  // An address that is no week shows this one instead of an error: nothing is lost by it.
  const monday = mondayOfWeekText(params.isoWeek ?? '') ?? mondayOf(today);
  const entries = useQuery('week', { from: monday });
  const range = weekRangeWords(monday);
  const isThisWeek = monday === mondayOf(today);

  return (
    <View
      wide
      title={`${text.weekNumber(isoWeek(monday).week)} · ${range}`}
      actions={
        <>
          <IconButton
            label={text.previousWeek}
            icon={<ChevronLeft size={20} />}
            onClick={() => go(weekPath(addDays(monday, -7)))}
          />
          <Button disabled={isThisWeek} title={text.goToToday} onClick={() => go('/week')}>
            {text.today}
          </Button>
          <IconButton
            label={text.nextWeek}
            icon={<ChevronRight size={20} />}
            onClick={() => go(weekPath(addDays(monday, 7)))}
          />
        </>
      }
    >
      {entries === undefined ? (
        <Skeleton count={7} />
      ) : (
        <WeekGrid
          key={monday}
          monday={monday}
          today={today}
          entries={entries}
          label={text.grid(range)}
        />
      )}
    </View>
  );
}

interface WeekGridProps {
  readonly monday: string;
  readonly today: string;
  readonly entries: readonly WeekEntry[];
  readonly label: string;
}

function WeekGrid({ monday, today, entries, label }: WeekGridProps) {
  const perform = usePerform();
  // Both sheets stand in the address, so that the back button closes them.
  const [adding, openAdd, closeAdd] = useSheetParam('add');
  const [meal, openMeal, closeMeal] = useSheetParam('meal');
  const days = planDays(weekDays(monday), entries);
  const place = adding === null ? null : placeOf(adding);
  const [dialogName = '', entryId] = meal === null ? [] : meal.split('.');
  const entry = entries.find((candidate) => candidate.id === entryId);

  const toggleCooked = (entry: WeekEntry) => {
    void perform(entry.cooked ? 'plan.uncook' : 'plan.cook', { id: entry.id });
  };
  const drop = (entryId: string, place: Place) => {
    const dropped = entries.find((candidate) => candidate.id === entryId);
    if (dropped === undefined || isSamePlace(dropped, place)) return;
    void perform('plan.move', { id: entryId, ...place });
  };

  const swap = (entryId: string, other: WeekEntry) => {
    if (entryId === other.id || !entries.some(({ id }) => id === entryId)) return;
    void perform('plan.swap', { id: entryId, otherId: other.id });
  };

  return (
    <>
      {entries.length === 0 ? (
        <p className={css['empty']}>
          <strong>{text.emptyTitle}.</strong> {text.emptyBody}
        </p>
      ) : null}
      <section className={css['week']} aria-label={label}>
        <div className={css['corner']} aria-hidden="true" />
        {meals.map((meal) => (
          <div key={meal} className={css['caption']} aria-hidden="true">
            <span>{mealNames[meal]}</span>
          </div>
        ))}
        {days.map((day) => (
          <DayColumn
            key={day.day}
            day={day}
            today={today}
            onAdd={(place) => openAdd(`${place.day}.${place.meal}`)}
            onDialog={(name, { id }) => openMeal(`${name}.${id}`)}
            onCooked={toggleCooked}
            onDrop={drop}
            onSwap={swap}
          />
        ))}
      </section>
      {place === null ? null : <AddMealSheet place={place} onClose={closeAdd} />}
      {entry === undefined || !isMealDialogName(dialogName) ? null : (
        <MealDialog name={dialogName} entry={entry} onClose={closeMeal} />
      )}
    </>
  );
}
