/**
 * A field of a choice as people read it, and the mix that they put together: pure. A field is the columns
 * that merge as one value; its first column that has words names it.
 */
import { weekdayName } from '../../../shared/domain/day.ts';
import { formatAmount } from '../../../shared/domain/format-amount.ts';
import type { ChoiceField, ChoiceView, Values } from '../../../shared/queries.ts';
import { wordsForChoices } from '../../text/choices.ts';
import { clockTime } from '../../text/time.ts';
import { amountFromFields } from '../list/amount-text.ts';

export type Side = 'mine' | 'theirs';

const numberOrNull = (value: string | number | null | undefined): number | null =>
  typeof value === 'number' ? value : null;
const textOrNull = (value: string | number | null | undefined): string | null =>
  typeof value === 'string' ? value : null;

/** Columns that are carried along and never named: ids and keys. */
const isNamed = (column: string): boolean => !column.endsWith('_id') && !column.endsWith('_key');

export const mainColumn = ({ columns }: Pick<ChoiceField, 'columns'>): string =>
  columns.find(isNamed) ?? columns[0] ?? '';

export const fieldName = (field: Pick<ChoiceField, 'columns'>): string =>
  wordsForChoices.field(mainColumn(field));

function stateWords(values: Values): string {
  if (textOrNull(values['finished_at']) !== null) return wordsForChoices.states.bought;
  return textOrNull(values['checked_at']) === null
    ? wordsForChoices.states.open
    : wordsForChoices.states.basket;
}

const FLAGS = new Set(['later', 'optional', 'staple', 'tracked']);

/** The words of one side of a field; a side without the row is nothing. */
export function valueText(columns: readonly string[], values: Values | null): string {
  if (values === null) return wordsForChoices.none;
  const main = mainColumn({ columns });
  const value = values[main] ?? null;
  // A recipe's line shows its words; the amount was read from them.
  if (main === 'quantity_milli')
    return formatAmount(numberOrNull(value), textOrNull(values['unit'])) || wordsForChoices.some;
  if (main === 'trashed_at')
    return value === null ? wordsForChoices.notInTrash : wordsForChoices.inTrash;
  if (main === 'checked_at') return stateWords(values);
  if (main === 'day' && typeof value === 'string')
    return `${weekdayName(value)} ${value.slice(8)} · ${textOrNull(values['meal']) ?? ''}`;
  if (main === 'cooked_at' && typeof value === 'string') return clockTime(value);
  if (FLAGS.has(main)) return value === 1 ? wordsForChoices.yes : wordsForChoices.no;
  if (main === 'price_minor' && typeof value === 'number') return (value / 100).toFixed(2);
  return value === null ? wordsForChoices.none : String(value);
}

/** The one amount that is in question: what the row itself can ask. */
export function inlineField(choice: ChoiceView): ChoiceField | null {
  if (choice.kind !== 'field') return null;
  const [field, ...more] = choice.fields.filter(({ clash }) => clash);
  return field === undefined || more.length > 0 || mainColumn(field) !== 'quantity_milli'
    ? null
    : field;
}

/** How a result can be typed; null where a side must be taken as it is. */
export function editorOf(field: ChoiceField): 'amount' | 'number' | 'line' | 'text' | null {
  const main = mainColumn(field);
  if (main === 'quantity_milli') return 'amount';
  if (main === 'servings') return 'number';
  if (field.columns.filter(isNamed).length > 1) return null;
  if (main === 'title' || main === 'name') return 'line';
  return ['summary', 'notes', 'note', 'wording'].includes(main) ? 'text' : null;
}

/** What stands in the field of a result before anything is typed into it. */
export function typedText(field: ChoiceField, values: Values | null): string {
  if (values === null) return '';
  const editor = editorOf(field);
  if (editor !== 'text' && editor !== 'line') return valueText(field.columns, values);
  return textOrNull(values[mainColumn(field)]) ?? '';
}

/** What a person put together: a side for each field, or their own words for it. */
export interface Mix {
  readonly sides: Readonly<Record<string, Side>>;
  readonly typed: Readonly<Record<string, string>>;
}

export const NO_MIX: Mix = { sides: {}, typed: {} };

export const sideOf = (mix: Mix, field: ChoiceField): Side =>
  mix.sides[mainColumn(field)] ?? 'theirs';

/** The values that the result of one field stands for, or null where the typed words cannot be read. */
export function resultOf(mix: Mix, field: ChoiceField): Values | null {
  const main = mainColumn(field);
  const chosen = field[sideOf(mix, field)] ?? {};
  const typed = mix.typed[main];
  if (typed === undefined) return chosen;
  switch (editorOf(field)) {
    case 'amount': {
      const amount = amountFromFields(typed, textOrNull(chosen['unit']) ?? '');
      return amount === null ? null : { quantity_milli: amount.quantityMilli, unit: amount.unit };
    }
    case 'number':
      return /^\d{1,2}$/.test(typed.trim()) && Number(typed) > 0
        ? { ...chosen, [main]: Number(typed) }
        : null;
    case 'line':
    case 'text':
    case null:
      return { ...chosen, [main]: typed.trim() === '' ? null : typed };
  }
}

const isSame = (a: Values | null, b: Values | null): boolean =>
  Object.keys({ ...a, ...b }).every((name) => (a?.[name] ?? null) === (b?.[name] ?? null));

/** The values of a real mix: readable, and neither side as it is. */
export function mixedValues(choice: ChoiceView, mix: Mix): Values | null {
  const asked = choice.fields.filter(({ clash }) => clash);
  const results = asked.map((field) => ({ field, values: resultOf(mix, field) }));
  if (results.some(({ values }) => values === null)) return null;
  const isAll = (side: Side): boolean =>
    results.every(({ field, values }) => isSame(values, field[side]));
  if (results.length === 0 || isAll('mine') || isAll('theirs')) return null;
  return Object.assign({}, ...results.map(({ values }) => values)) as Values;
}
