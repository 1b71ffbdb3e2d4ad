import { describe, expect, test } from 'vitest';
import type { RecipeView } from '../../../shared/queries.ts';
import {
  changesOf,
  countChanges,
  emptyForm,
  findProblems,
  formOf,
  ingredientsToText,
  matchLines,
  mergeList,
  textToLines,
} from './recipe-form.ts';
import { moveRow, splitSteps } from './step-rows.ts';

const ingredient = (id: string, wording: string, section: string | null = null) => ({
  id,
  wording,
  section,
  optional: false,
  quantityMilli: null,
  unit: null,
  rest: wording,
  productId: null,
});

const lasagne: RecipeView = {
  id: 'r1',
  title: 'Lasagne',
  servings: 4,
  summary: null,
  notes: 'Better the next day.',
  prepMinutes: 30,
  cookMinutes: 45,
  rating: null,
  sourceName: null,
  sourceUrl: null,
  photoId: null,
  basedOn: null,
  trashedAt: null,
  ingredients: [
    ingredient('i1', '500 g minced beef'),
    ingredient('i2', '2 onions'),
    ingredient('i3', '1 l milk', 'For the sauce'),
  ],
  steps: [
    { id: 's1', wording: 'Fry the beef.', timerSeconds: null },
    { id: 's2', wording: 'Bake 40 min.', timerSeconds: 2400 },
  ],
  tags: [{ id: 't1', name: 'oven', hue: 2 }],
  planned: [],
};

describe('ingredients as text', () => {
  test('[UI-41] lines and sections survive the way to text and back', () => {
    const text = ingredientsToText(lasagne.ingredients);
    expect(text).toBe('500 g minced beef\n2 onions\n\nFor the sauce:\n1 l milk');
    expect(textToLines(text)).toEqual([
      { wording: '500 g minced beef', section: null, optional: false },
      { wording: '2 onions', section: null, optional: false },
      { wording: '1 l milk', section: 'For the sauce', optional: false },
    ]);
  });

  test('[UI-41] pasted lists lose bullets and boxes, and keep every word', () => {
    const lines = textToLines('- 2 eggs\r\n• ½ cup cream\n☐ parsley (optional)\n[ ] salt');
    expect(lines.map((line) => line.wording)).toEqual([
      '2 eggs',
      '½ cup cream',
      'parsley (optional)',
      'salt',
    ]);
    expect(lines.map((line) => line.optional)).toEqual([false, false, true, false]);
  });

  test('[UI-464] a heading with no line below it stays a line', () => {
    const typed = 'Dough:\n1 egg\nGarnish:\n\nToppings:\nFor the sauce:\n1 l milk\nServe with:';
    expect(textToLines(typed).map(({ wording, section }) => [wording, section])).toEqual([
      ['1 egg', 'Dough'],
      ['Garnish:', 'Dough'],
      ['Toppings:', null],
      ['1 l milk', 'For the sauce'],
      ['Serve with:', 'For the sauce'],
    ]);
    const long = `${'very '.repeat(20)}long:`;
    expect(textToLines(`${long}\n1 egg`).map(({ wording }) => wording)).toEqual([long, '1 egg']);
  });

  test('[UI-464] a stored line that ends with a colon stays one when another is edited', () => {
    const recipe = {
      ...lasagne,
      ingredients: [
        ingredient('i1', 'Either of these:', 'Filling'),
        ingredient('i2', '2 onions', 'Filling'),
        ingredient('i3', 'Toppings:', 'Filling'),
      ],
    };
    const opened = formOf(recipe);
    const ingredients = opened.ingredients.replace('2 onions', '3 onions');
    expect(changesOf(opened, recipe, { ...opened, ingredients }, recipe).ingredients).toEqual([
      { id: 'i1', wording: 'Either of these:', section: 'Filling', optional: false },
      { id: 'i2', wording: '3 onions', section: 'Filling', optional: false },
      { id: 'i3', wording: 'Toppings:', section: 'Filling', optional: false },
    ]);
    const below = `${opened.ingredients}\nchives`;
    expect(
      changesOf(opened, recipe, { ...opened, ingredients: below }, recipe).ingredients?.at(-1),
    ).toMatchObject({ wording: 'chives', section: 'Toppings' });
  });

  test('[UI-41] a negative or ranged amount is not mistaken for a bullet', () => {
    expect(textToLines('1-2 eggs\n-5 C water').map((line) => line.wording)).toEqual([
      '1-2 eggs',
      '-5 C water',
    ]);
  });
});

describe('matchLines', () => {
  const stored = [
    { id: 'a', wording: '500 g flour', section: null, optional: false },
    { id: 'b', wording: '2 eggs', section: null, optional: true },
    { id: 'c', wording: 'salt', section: null, optional: false },
  ];

  test('[UI-42] an edited line stays the same row, a new one has no id', () => {
    const typed = textToLines('500 g flour\n3 eggs\nsalt\npepper');
    expect(matchLines(typed, stored).map((line) => line.id)).toEqual(['a', 'b', 'c', null]);
  });

  test('[UI-42] moved lines keep their rows', () => {
    const typed = textToLines('salt\n500 g flour\n2 eggs');
    expect(matchLines(typed, stored).map((line) => line.id)).toEqual(['c', 'a', 'b']);
  });

  test('[UI-42] the same wording twice takes two rows, never one twice', () => {
    const twice = [...stored, { id: 'd', wording: 'salt', section: null, optional: false }];
    const typed = textToLines('salt\nsalt\nsalt');
    expect(matchLines(typed, twice).map((line) => line.id)).toEqual(['c', 'd', null]);
  });

  test('[UI-42] an untouched line keeps its optional mark', () => {
    const typed = textToLines('500 g flour\n2 eggs');
    expect(matchLines(typed, stored).map((line) => line.optional)).toEqual([false, true]);
  });
});

describe('changesOf', () => {
  const opened = formOf(lasagne);

  test('[UI-43] a form that was only opened has nothing to save', () => {
    expect(changesOf(opened, lasagne, formOf(lasagne), lasagne)).toEqual({});
    expect(countChanges(opened, formOf(lasagne))).toBe(0);
  });

  test('[UI-43] a Save holds only the fields that differ', () => {
    const form = { ...opened, servings: '6', notes: '' };
    expect(changesOf(opened, lasagne, form, lasagne)).toEqual({
      fields: { servings: 6, notes: null },
    });
  });

  test('[UI-43] a changed step sends the whole list and leaves the ingredients alone', () => {
    const steps = opened.steps.map((step) =>
      step.id === 's2' ? { ...step, wording: 'Bake 45 min.' } : step,
    );
    expect(changesOf(opened, lasagne, { ...opened, steps }, lasagne)).toEqual({
      steps: [
        { id: 's1', wording: 'Fry the beef.', timerSeconds: null },
        { id: 's2', wording: 'Bake 45 min.', timerSeconds: 2400 },
      ],
    });
  });

  test('[UI-43] a line that arrived from elsewhere meanwhile is not removed by Save', () => {
    const live = { ...lasagne, ingredients: [...lasagne.ingredients, ingredient('i9', 'nutmeg')] };
    const form = { ...opened, ingredients: opened.ingredients.replace('2 onions', '3 onions') };
    const changes = changesOf(opened, lasagne, form, live);
    expect(changes.ingredients?.map(({ id, wording }) => [id, wording])).toEqual([
      ['i1', '500 g minced beef'],
      ['i2', '3 onions'],
      ['i3', '1 l milk'],
      ['i9', 'nutmeg'],
    ]);
  });

  test('[UI-43] a tag set elsewhere meanwhile stays', () => {
    const live = { ...lasagne, tags: [...lasagne.tags, { id: 't2', name: 'winter', hue: 6 }] };
    const changes = changesOf(opened, lasagne, { ...opened, tags: ['oven', 'quick'] }, live);
    expect(changes).toEqual({ tags: ['oven', 'quick', 'winter'] });
  });
});

describe('mergeList', () => {
  const row = (id: string | null, wording: string) => ({ id, wording });

  test('[UI-43] each side keeps what only it touched', () => {
    const base = [row('a', 'one'), row('b', 'two'), row('c', 'three')];
    const mine = [row('a', 'ONE'), row('b', 'two'), row(null, 'mine')];
    const theirs = [row('a', 'one'), row('b', 'TWO'), row('c', 'three'), row('d', 'theirs')];
    expect(mergeList(base, mine, theirs)).toEqual([
      row('a', 'ONE'),
      row('b', 'TWO'),
      row(null, 'mine'),
      row('d', 'theirs'),
    ]);
  });

  test('[UI-43] removed there: my change comes back as a new row, an untouched row stays away', () => {
    const base = [row('a', 'one'), row('b', 'two')];
    expect(mergeList(base, [row('a', 'ONE'), row('b', 'two')], [])).toEqual([row(null, 'ONE')]);
  });
});

describe('findProblems', () => {
  test('[UI-44] every field says what is wrong with it', () => {
    expect(findProblems(emptyForm)).toEqual({ title: 'title-missing' });
    expect(
      findProblems({
        ...emptyForm,
        title: 'x'.repeat(161),
        servings: '0',
        prepMinutes: 'half an hour',
        sourceUrl: 'javascript:alert(1)',
        ingredients: 'x'.repeat(301),
        steps: [{ key: 'k', id: null, wording: 'x'.repeat(4001), timerSeconds: null }],
      }),
    ).toEqual({
      title: 'too-long',
      servings: 'servings-bad',
      prepMinutes: 'minutes-bad',
      sourceUrl: 'source-bad',
      ingredients: 'too-long',
      steps: 'too-long',
    });
  });

  test('[UI-465] a tag that is still being typed is saved, once, and counts as a change', () => {
    const form = { ...formOf(lasagne), tag: ' supper, Oven' };
    expect(changesOf(formOf(lasagne), lasagne, form, lasagne)).toEqual({
      tags: ['oven', 'supper'],
    });
    expect(countChanges(formOf(lasagne), form)).toBe(1);
  });

  test('[UI-467] a tag that is too long is a problem, not cut', () => {
    const tags = ['oven', 'x'.repeat(41)];
    expect(findProblems({ ...formOf(lasagne), tags })).toEqual({ tags: 'too-long' });
    expect(findProblems({ ...formOf(lasagne), tag: 'x'.repeat(41) })).toEqual({ tags: 'too-long' });
  });

  test('[UI-44] an ordinary form has no problem', () => {
    expect(findProblems(formOf(lasagne))).toEqual({});
  });
});

describe('steps', () => {
  test('[UI-41] a pasted method becomes steps without its numbers', () => {
    expect(splitSteps('1. Boil water.\n2) Add salt.\n\n')).toEqual(['Boil water.', 'Add salt.']);
    expect(splitSteps('Step 1: Boil\nslowly.\n\nStep 2: Add 2. salts.')).toEqual([
      'Boil\nslowly.',
      'Add 2. salts.',
    ]);
    expect(splitSteps('350 g go in first.')).toEqual(['350 g go in first.']);
  });

  test('[UI-41] a step moves by one place and stays inside the list', () => {
    expect(moveRow(['a', 'b', 'c'], 0, 1)).toEqual(['b', 'a', 'c']);
    expect(moveRow(['a', 'b', 'c'], 0, -1)).toEqual(['a', 'b', 'c']);
  });
});
