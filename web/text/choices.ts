/**
 * Words of choices and earlier versions (`app.md` §7): what both sides did, what each answer does, in rows.
 * Exact numbers, no blame; theirs stands already, so the words say what is, and what would change.
 */
import type { ChoiceKind, ChoiceView, Writer } from '../../shared/queries.ts';
import { counted, plural } from '../../shared/text/plural.ts';

/** "Laptop (Ana)", "Ana", or "another device". */
export const wordsForWriter = ({ person, device }: Writer): string => {
  if (device === null) return person ?? 'another device';
  return person === null ? device : `${device} (${person})`;
};

const capital = (words: string): string => words.charAt(0).toUpperCase() + words.slice(1);

const FIELD_NAMES: ReadonlyMap<string, string> = new Map([
  ['title', 'Name'],
  ['name', 'Name'],
  ['quantity_milli', 'Amount'],
  ['unit', 'Unit'],
  ['servings', 'Servings'],
  ['summary', 'In one sentence'],
  ['notes', 'Notes'],
  ['note', 'Note'],
  ['wording', 'Text'],
  ['day', 'Day and meal'],
  ['trashed_at', 'Trash'],
  ['rating', 'Rating'],
  ['prep_minutes', 'Prep minutes'],
  ['cook_minutes', 'Cook minutes'],
  ['source_name', 'Where it is from'],
  ['checked_at', 'State'],
  ['later', 'For later'],
  ['price_minor', 'Price'],
  ['cooked_at', 'Cooked'],
  ['place', 'Place'],
  ['expires_on', 'Use by'],
  ['section', 'Section'],
  ['optional', 'Optional'],
  ['timer_seconds', 'Timer'],
  ['hue', 'Colour'],
  ['currency', 'Currency'],
]);

const PART_WORDS: ReadonlyMap<string, readonly [one: string, other: string]> = new Map([
  ['recipe_ingredients', ['ingredient', 'ingredients'] as const],
  ['recipe_steps', ['step', 'steps'] as const],
  ['recipe_photos', ['photo', 'photos'] as const],
  ['plan_entries', ['planned meal', 'planned meals'] as const],
]);

/** "2 ingredients, 1 step, 1 photo and 1 planned meal". */
export function wordsForParts(parts: ChoiceView['parts']): string {
  const words = parts.map(({ table, rows }) => {
    const [one, other] = PART_WORDS.get(table) ?? ['row', 'rows'];
    return counted(rows, one, other);
  });
  const last = words.pop();
  if (last === undefined) return '';
  return words.length === 0 ? last : `${words.join(', ')} and ${last}`;
}

const withParts = (choice: ChoiceView, words: (parts: string) => string): string => {
  const parts = wordsForParts(choice.parts);
  return parts === '' ? '' : words(parts);
};

const alsoSettles = (choice: ChoiceView): string =>
  choice.settles > 0
    ? ` ${counted(choice.settles, 'amount', 'amounts')} on the list ${plural(choice.settles, 'follows', 'follow')}.`
    : '';

/** What stays when theirs is taken. */
const THEIRS: Readonly<Record<ChoiceKind, (choice: ChoiceView) => string>> = {
  field: () => 'Stays as it is now on every device.',
  moved: () => 'Stays where it is now on every device.',
  'trashed-there': (choice) =>
    `Stays in the Trash with your change in it.${withParts(choice, (parts) => ` Nothing else goes: ${parts} stay with it until it is deleted.`)}`,
  'trashed-here': () => 'Stays out of the Trash, changed as it is.',
  'gone-there': () => 'Stays deleted. Yours is kept in Earlier versions for 30 days.',
  'gone-here': () => 'Stays, changed as it is.',
};

/** What taking mine does. */
const MINE: Readonly<Record<ChoiceKind, (choice: ChoiceView) => string>> = {
  field: (choice) => `Changes it on every device.${alsoSettles(choice)} Nothing is deleted.`,
  moved: () => 'Moves it on every device. Nothing is deleted.',
  'trashed-there': (choice) =>
    `Comes out of the Trash${withParts(choice, (parts) => `, with ${parts} unchanged`)}.`,
  'trashed-here': (choice) =>
    `Goes to the Trash with their change kept inside${withParts(choice, (parts) => `: ${parts} stay with it`)}.`,
  'gone-there': (choice) =>
    `Is written again on every device${withParts(choice, (parts) => `, with ${parts}`)}.`,
  'gone-here': () => 'Is removed on every device. One undo brings it back.',
};

const TAKE_THEIRS: Readonly<Record<ChoiceKind, string>> = {
  field: 'Use theirs',
  moved: 'Use theirs',
  'trashed-there': 'Leave it in the Trash',
  'trashed-here': 'Keep it out of the Trash',
  'gone-there': 'Let it go',
  'gone-here': 'Keep it',
};

const TAKE_MINE: Readonly<Record<ChoiceKind, string>> = {
  field: 'Use mine',
  moved: 'Use mine',
  'trashed-there': 'Take it out of the Trash',
  'trashed-here': 'Put it in the Trash',
  'gone-there': 'Write it again',
  'gone-here': 'Remove it',
};

const WHAT: Readonly<Record<ChoiceKind, (who: string) => string>> = {
  field: (who) => `Changed here and on ${who}.`,
  moved: (who) => `Moved here and on ${who}.`,
  'trashed-there': (who) => `You changed it here; ${who} put it in the Trash.`,
  'trashed-here': (who) => `You put it in the Trash here; ${who} changed it.`,
  'gone-there': (who) => `You changed it here; ${who} deleted it.`,
  'gone-here': (who) => `You removed it here; ${who} changed it.`,
};

export const wordsForChoices = {
  title: 'Needs your choice',
  empty: 'Nothing needs you.',
  emptyBody: 'When two devices change the same thing, the question waits here.',
  count: (count: number) => `${count} ${plural(count, 'needs', 'need')} your choice`,
  position: (at: number, all: number) => `${at} of ${all}`,
  previous: 'Previous choice',
  next: 'Next choice',
  what: (kind: ChoiceKind, by: Writer) => WHAT[kind](wordsForWriter(by)),
  since: (when: string) => `Since ${when}.`,
  madeBy: (sentence: string) => `Your act: ${sentence}.`,
  changedSince: 'It was changed again since. The answer goes on top of how it is now.',
  meanwhile: 'Theirs stands meanwhile, on every device. Nothing waits for your answer.',
  field: (column: string) => FIELD_NAMES.get(column) ?? 'Value',
  fieldColumn: 'What',
  before: 'Before',
  mine: 'This device',
  theirs: (by: Writer) => capital(wordsForWriter(by)),
  settled: 'no clash',
  result: 'Result',
  editResult: (field: string) => `Result: ${field}`,
  resultBad: 'This cannot be read.',
  takeMine: (kind: ChoiceKind) => TAKE_MINE[kind],
  takeTheirs: (kind: ChoiceKind) => TAKE_THEIRS[kind],
  takeMix: 'Save this mix',
  doesTheirs: (choice: ChoiceView) => THEIRS[choice.kind](choice),
  doesMine: (choice: ChoiceView) => MINE[choice.kind](choice),
  later: 'Decide later',
  open: (title: string) => `Decide about ${title}`,
  answerAll: (count: number) => `Use theirs for all ${count}`,
  answerAllTitle: (count: number) => `Use theirs for ${counted(count, 'choice', 'choices')}`,
  answerAllBody: 'These stay as they are now. Yours are kept in Earlier versions for 30 days.',
  cancel: 'Cancel',
  had: (value: string) => (value === '' ? 'you had no amount' : `you had ${value}`),
  none: 'nothing',
  some: 'some',
  inlineTheirs: (title: string, value: string) => `${title}: keep ${value}, as it is now`,
  inlineMine: (title: string, value: string) => `${title}: use ${value}, yours`,
  inTrash: 'In the Trash',
  notInTrash: 'Not in the Trash',
  yes: 'Yes',
  no: 'No',
  states: { open: 'Open', basket: 'In the basket', bought: 'Bought' },
  keys: 'Keys: 1 theirs, 2 mine, 3 the mix, L later, J and K the next and the previous one.',
} as const;

export const wordsForVersions = {
  title: 'Earlier versions',
  count: (count: number) => counted(count, 'earlier version', 'earlier versions'),
  of: (title: string) => `Earlier versions of ${title}`,
  intro:
    'What you replaced here, and what lost when two devices changed the same, is kept on this device for 30 days.',
  empty: 'No earlier versions on this device.',
  mine: 'Yours',
  theirs: 'From another device',
  before: (sentence: string) => `Before “${sentence}”`,
  bringBack: 'Bring back',
  bringBackOne: (title: string, when: string) => `Bring back ${title} of ${when}`,
  rows: (rows: number) => counted(rows, 'row', 'rows'),
} as const;
