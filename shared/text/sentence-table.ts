/**
 * The act sentences of `app.md` §4 by key. Values are what the act wrote into its sentence: titles,
 * counts, days (`2026-11-24`), amounts in thousandths. A value that is missing reads as nothing, because a
 * sentence may come from another version.
 */
import { weekdayName } from '../domain/day.ts';
import { formatAmount } from '../domain/format-amount.ts';
import { counted, plural } from './plural.ts';

export type SentenceValues = Readonly<Record<string, string | number>>;

type Write = (values: SentenceValues) => string;

const text = (v: SentenceValues, name: string): string => String(v[name] ?? '');
const count = (v: SentenceValues, name: string): number => Number(v[name] ?? 0);
const title = (v: SentenceValues): string => text(v, 'title');
const things = (n: number): string => counted(n, 'thing', 'things');
const day = (v: SentenceValues, name = 'day'): string => weekdayName(text(v, name));

/** `Milk`, or `3 things` when there were several. */
const oneOr = (v: SentenceValues, many: (n: number) => string): string =>
  count(v, 'count') > 1 ? many(count(v, 'count')) : title(v);

/** `Milk`, `Milk and 2 more`. */
const andMore = (v: SentenceValues): string =>
  count(v, 'more') > 0 ? `${title(v)} and ${count(v, 'more')} more` : title(v);

const recipes = (n: number): string => counted(n, 'recipe', 'recipes');

/** ` · 9 things on the list`, or nothing. */
const also = (n: number, words: (n: number) => string): string => (n > 0 ? ` · ${words(n)}` : '');

const isOrAre = (v: SentenceValues): string => (count(v, 'count') > 1 ? 'are' : 'is');

const LIST: readonly (readonly [string, Write])[] = [
  ['list.add', (v) => `Added ${andMore(v)} to the list`],
  ['list.add.back', (v) => `${oneOr(v, things)} ${isOrAre(v)} back on the list`],
  ['list.add.already', (v) => `${oneOr(v, things)} ${isOrAre(v)} already on the list`],
  ['list.addRecipe', (v) => `Added ${things(count(v, 'count'))} for ${title(v)}`],
  ['list.edit', (v) => `Changed ${title(v)}`],
  [
    'list.edit.amount',
    (v) => {
      const amount = formatAmount(count(v, 'quantityMilli') || null, text(v, 'unit') || null);
      return amount === '' ? `Changed ${title(v)}` : `Changed ${title(v)} to ${amount}`;
    },
  ],
  ['list.tick', (v) => `Ticked ${oneOr(v, things)}`],
  ['list.untick', (v) => `${oneOr(v, things)} ${isOrAre(v)} back on the list`],
  [
    'list.move',
    (v) =>
      text(v, 'aisle') === ''
        ? `Moved ${oneOr(v, things)} back to the usual aisle`
        : `Moved ${oneOr(v, things)} to ${text(v, 'aisle')}`,
  ],
  ['list.later', (v) => `Left ${oneOr(v, things)} for later`],
  ['list.notLater', (v) => `${oneOr(v, things)} ${isOrAre(v)} back on the list`],
  ['list.remove', (v) => `Removed ${oneOr(v, things)}`],
  ['list.keepOne', (v) => `Kept one ${title(v)} of ${count(v, 'lines')}`],
  [
    'trip.finish',
    (v) => {
      const where = text(v, 'store') === '' ? '' : ` at ${text(v, 'store')}`;
      return `Finished shopping${where}: ${things(count(v, 'count'))}`;
    },
  ],
  ['trip.reopen', (v) => `Reopened ${day(v)}’s trip`],
];

const PLAN: readonly (readonly [string, Write])[] = [
  [
    'plan.add',
    (v) =>
      `Planned ${title(v)} for ${day(v)}${also(count(v, 'count'), (n) => `${things(n)} on the list`)}`,
  ],
  ['plan.addText', (v) => `Planned “${title(v)}” for ${day(v)}`],
  ['plan.edit', (v) => `Changed ${title(v)}`],
  [
    'plan.move',
    (v) =>
      text(v, 'from') === text(v, 'day')
        ? `Moved ${title(v)} to ${text(v, 'meal')}`
        : `Moved ${title(v)} from ${day(v, 'from')} to ${day(v)}`,
  ],
  ['plan.swap', (v) => `Swapped ${title(v)} and ${text(v, 'other')}`],
  [
    'plan.servings',
    (v) => {
      const amounts = also(count(v, 'count'), (n) => `${counted(n, 'amount', 'amounts')} changed`);
      return `${title(v)} is now for ${count(v, 'servings')}${amounts}`;
    },
  ],
  [
    'plan.remove',
    (v) => {
      const what =
        count(v, 'count') > 1
          ? `Took ${counted(count(v, 'count'), 'meal', 'meals')} off the week`
          : `Took ${title(v)} off ${day(v)}`;
      return what + also(count(v, 'lines'), (n) => `${n} off the list`);
    },
  ],
  ['plan.cook', (v) => `Cooked ${title(v)}${also(count(v, 'count'), (n) => `${things(n)} used`)}`],
  [
    'plan.uncook',
    (v) =>
      count(v, 'pantryStays') > 0
        ? `${title(v)} is not cooked yet. The pantry stays as it is.`
        : `${title(v)} is not cooked yet${also(count(v, 'count'), (n) => `${things(n)} back in the pantry`)}`,
  ],
];

const RECIPES: readonly (readonly [string, Write])[] = [
  ['recipe.create', (v) => `Wrote ${title(v)}`],
  [
    'recipe.edit',
    (v) => {
      const parts = [
        also(count(v, 'ingredients'), (n) => counted(n, 'ingredient', 'ingredients')),
        also(count(v, 'steps'), (n) => counted(n, 'step', 'steps')),
      ]
        .filter((part) => part !== '')
        .map((part) => part.slice(3));
      return parts.length === 0
        ? `Changed ${title(v)}`
        : `Changed ${title(v)}: ${parts.join(', ')}`;
    },
  ],
  [
    'recipe.set.rating',
    (v) =>
      count(v, 'rating') > 0
        ? `Rated ${title(v)} ${count(v, 'rating')}`
        : `Took the rating off ${title(v)}`,
  ],
  ['recipe.set.servings', (v) => `${title(v)} is now written for ${count(v, 'servings')}`],
  ['recipe.photo', (v) => `Added a photo to ${title(v)}`],
  ['recipe.unphoto', (v) => `Removed the photo of ${title(v)}`],
  ['recipe.trash', (v) => `Put ${oneOr(v, recipes)} in the Trash`],
  ['recipe.restore', (v) => `Took ${oneOr(v, recipes)} out of the Trash`],
  ['recipe.erase', (v) => `Deleted ${oneOr(v, recipes)} for good`],
  [
    'import.apply',
    (v) => {
      const rest = [
        count(v, 'tags') > 0 ? counted(count(v, 'tags'), 'tag', 'tags') : '',
        count(v, 'photos') > 0 ? counted(count(v, 'photos'), 'photo', 'photos') : '',
      ].filter((part) => part !== '');
      return `Imported ${[recipes(count(v, 'count')), ...rest].join(', ')}`;
    },
  ],
  ['samples.add', () => 'Laid out the samples'],
  ['samples.remove', () => 'Removed the samples'],
];

const HOME: readonly (readonly [string, Write])[] = [
  [
    'pantry.add',
    (v) => `Put ${andMore(v)} in the ${text(v, 'place') === '' ? 'pantry' : text(v, 'place')}`,
  ],
  ['pantry.edit', (v) => `Changed ${title(v)} in the pantry`],
  ['pantry.gone', (v) => `${oneOr(v, things)} used up`],
  ['store.add', (v) => `Added the shop ${title(v)}`],
  [
    'store.erase',
    (v) =>
      `Deleted shop ${title(v)}${also(count(v, 'aisles'), (n) => counted(n, 'aisle', 'aisles'))}`,
  ],
  ['product.edit', (v) => `Changed ${title(v)}`],
  [
    'product.edit.aisle',
    (v) =>
      text(v, 'aisle') === ''
        ? `${title(v)} belongs to no aisle now`
        : `${title(v)} now belongs to ${text(v, 'aisle')}`,
  ],
];

/** What a bundle of another device changed, by table. */
const TABLE_WORDS: Readonly<Record<string, readonly [one: string, other: string]>> = {
  plan_entries: ['meal', 'meals'],
  recipes: ['recipe', 'recipes'],
  list_items: ['thing on the list', 'things on the list'],
  pantry_items: ['thing in the pantry', 'things in the pantry'],
  stores: ['shop', 'shops'],
  products: ['product', 'products'],
  aisles: ['aisle', 'aisles'],
  tags: ['tag', 'tags'],
  recipe_ingredients: ['ingredient', 'ingredients'],
  recipe_steps: ['step', 'steps'],
  recipe_photos: ['photo', 'photos'],
  recipe_tags: ['tag of a recipe', 'tags of recipes'],
};

const VERBS: Readonly<Record<string, string>> = {
  insert: 'Added',
  update: 'Changed',
  delete: 'Removed',
};

function received(v: SentenceValues): string {
  const [one, other] = TABLE_WORDS[text(v, 'table')] ?? ['thing', 'things'];
  const verb = VERBS[text(v, 'op')] ?? 'Changed';
  const more = also(count(v, 'more'), (n) => counted(n, 'more change', 'more changes'));
  return `${verb} ${counted(count(v, 'count'), one, other)}${more}`;
}

/** `took 3 l` where an amount was the question, else whose side stands now. */
function taken(v: SentenceValues): string {
  const amount = formatAmount(count(v, 'quantityMilli') || null, text(v, 'unit') || null);
  if (amount !== '') return `took ${amount}`;
  switch (text(v, 'side')) {
    case 'mine':
      return 'took yours';
    case 'mix':
      return 'took a mix of both';
    default:
      return 'took theirs';
  }
}

const CHOICES: readonly (readonly [string, Write])[] = [
  ['choice.answer', (v) => `${title(v)}: ${taken(v)}`],
  [
    'choice.answerAll',
    (v) => {
      const others = count(v, 'count') - 1;
      return `${others > 0 ? `${title(v)} and ${others} more` : title(v)}: ${taken(v)}`;
    },
  ],
  [
    'version.restore',
    (v) =>
      text(v, 'day') === '' ? `Brought back ${title(v)}` : `Brought back ${day(v)}’s ${title(v)}`,
  ],
  ['act.withdrawn', (v) => `${title(v)} was done already: counted once`],
];

const OTHERS: readonly (readonly [string, Write])[] = [
  ['received', received],
  ['received.note', (v) => text(v, 'label')],
  ['received.history', () => 'Brought the history up to date'],
];

const plain = new Map<string, Write>([
  ...LIST,
  ...PLAN,
  ...RECIPES,
  ...HOME,
  ...CHOICES,
  ...OTHERS,
]);

/** What an undo could not do by itself, because somebody changed it since. */
const asks = (v: SentenceValues): string =>
  also(count(v, 'asks'), (n) => `${n} ${plural(n, 'needs', 'need')} your choice`);

const about = (verb: string, nothing: string): Write => {
  return (v) => {
    const original = plain.get(text(v, 'of'));
    return `${original === undefined ? nothing : `${verb}: ${original(v)}`}${asks(v)}`;
  };
};

export const SENTENCES: ReadonlyMap<string, Write> = new Map<string, Write>([
  ...plain,
  ['act.undo', about('Undid', 'Undid a change')],
  ['act.redo', about('Did again', 'Did a change again')],
]);
