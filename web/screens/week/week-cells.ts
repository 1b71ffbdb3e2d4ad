/**
 * The week as seven days of four meals: puts entries into cells, counts what a removal takes with it.
 * Pure; days come in as text, rows as the query gave them.
 */
import type { Meal } from '../../../shared/acts/acts.ts';
import type { WeekEntry } from '../../../shared/queries.ts';

export const meals: readonly Meal[] = ['breakfast', 'lunch', 'dinner', 'snack'];

export interface DayPlan {
  readonly day: string;
  readonly cells: readonly { readonly meal: Meal; readonly entries: readonly WeekEntry[] }[];
  readonly count: number;
}

/** The order inside a cell is the order of the rows, which is their `position`. */
export const planDays = (
  days: readonly string[],
  entries: readonly WeekEntry[],
): readonly DayPlan[] =>
  days.map((day) => {
    const ofDay = entries.filter((entry) => entry.day === day);
    return {
      day,
      cells: meals.map((meal) => ({
        meal,
        entries: ofDay.filter((entry) => entry.meal === meal),
      })),
      count: ofDay.length,
    };
  });

/** What the person hears before a meal is taken off the week. */
export const removalOf = (
  entry: WeekEntry,
): { readonly open: number; readonly done: number; readonly all: number } => {
  const { done, all } = entry.lines;
  return { open: Math.max(0, all - done), done, all };
};

export interface Place {
  readonly day: string;
  readonly meal: Meal;
}

export const isSamePlace = (a: Place, b: Place): boolean => a.day === b.day && a.meal === b.meal;

export const isMeal = (text: string): text is Meal => meals.some((meal) => meal === text);
