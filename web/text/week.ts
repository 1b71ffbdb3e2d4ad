/**
 * What the week plan, the plan sheet and their dialogues say (`app.md` §5.4, §10 "Words"): every
 * sentence by key, as a string or as a function of its parameters. Plurals go through `counted`, so that a
 * translation can replace this file alone. It holds no logic and knows no rows.
 */
import type { Meal } from '../../shared/acts/acts.ts';
import { counted } from '../../shared/text/plural.ts';

export const mealNames: Readonly<Record<Meal, string>> = {
  breakfast: 'Breakfast',
  lunch: 'Lunch',
  dinner: 'Dinner',
  snack: 'Snack',
};

export const weekText = {
  weekNumber: (week: number) => `Week ${String(week)}`,
  previousWeek: 'Previous week',
  nextWeek: 'Next week',
  today: 'Today',
  goToToday: 'Go to this week',
  emptyTitle: 'An open week',
  emptyBody: 'Add a meal to any day. Its ingredients can go on the shopping list in the same step.',
  grid: (range: string) => `Meals of ${range}`,
  addMealTo: (meal: string, day: string) => `Add ${meal.toLowerCase()} on ${day}`,
  addMealOn: (day: string) => `Add a meal on ${day}`,
  add: 'Add',
  servings: (n: number) => `for ${String(n)}`,
  bought: (done: number, all: number) => `${String(done)} of ${String(all)} bought`,
  cooked: 'Cooked',
  markCooked: 'Mark as cooked',
  markNotCooked: 'Not cooked after all',
  recipeTrashed: 'Recipe is in the Trash',
  recipeGone: 'Recipe is gone, the title stays',
  moveTo: 'Move to…',
  changeServings: 'Change servings…',
  rename: 'Change title…',
  remove: 'Remove…',
  actionsFor: (title: string) => `Actions for ${title}`,
} as const;

export const mealDialogText = {
  addTitle: 'Add a meal',
  cancel: 'Cancel',
  day: 'Day',
  meal: 'Meal',
  searchLabel: 'Recipe or your own words',
  searchPlaceholder: 'Lasagne, Pizza out, leftovers…',
  planAsText: (text: string) => `Plan “${text}” without a recipe`,
  recipesFound: 'Recipes',
  noRecipes: 'No recipes yet. Type what you will eat.',
  noneFound: 'No recipe by that name.',
  moveTitle: (title: string) => `Move ${title}`,
  move: (day: string, meal: string) => `Move to ${day}, ${meal.toLowerCase()}`,
  moveSame: 'It is there already',
  swap: (title: string) => `Swap with ${title}`,
  servingsTitle: (title: string) => `Servings of ${title}`,
  servingsBody: 'Amounts on the list that nobody changed by hand follow.',
  servingsSave: (n: number) => `Make it for ${String(n)}`,
  renameTitle: 'Change title',
  renameLabel: 'Title',
  renameSave: 'Save title',
  removeTitle: (title: string, day: string) => `Take ${title} off ${day}`,
  removeNothing: 'Nothing on the shopping list belongs to this meal.',
  removeLines: (open: number, all: number) =>
    open === all
      ? `${counted(all, 'open line goes', 'open lines go')} with it from the shopping list.`
      : `${String(open)} of ${counted(all, 'line', 'lines')} on the list ${open === 1 ? 'is' : 'are'} open and ${open === 1 ? 'goes' : 'go'} with it.`,
  removeStays: (done: number) =>
    `What is in the basket or bought stays: ${counted(done, 'line', 'lines')}.`,
  removeButton: (open: number) =>
    open === 0 ? 'Remove meal' : `Remove meal and ${counted(open, 'line', 'lines')}`,
} as const;

export const planSheetText = {
  title: (recipe: string) => `Plan ${recipe}`,
  listTitle: (recipe: string) => `Add ${recipe} to the list`,
  servings: 'Servings',
  ingredients: 'What goes on the shopping list',
  noIngredients: 'This recipe has no ingredients, so nothing goes on the list.',
  all: 'All',
  none: 'None',
  reasons: {
    staple: 'always at home',
    'in-pantry': 'in the pantry',
    optional: 'optional',
  },
  plan: (things: number) =>
    things === 0 ? 'Plan' : `Plan · ${counted(things, 'thing', 'things')}`,
  addToList: (things: number) => `Add ${counted(things, 'thing', 'things')}`,
} as const;
