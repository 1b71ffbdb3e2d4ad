/**
 * What becomes of a row that two sides changed (`app.md` §3.2): a pure function of the row both started
 * from, mine and theirs. Columns of one group merge as one value. The result says which side stands, or
 * gives a whole merged row, or names the columns that only a person can decide. Nothing here looks at
 * other rows, so whether a reference still has its target is the caller's question.
 */
import { areRowsEqual, areValuesEqual } from './row-codec.ts';
import type { LocalRow, LocalValue } from './row-codec.ts';
import { mergeText } from './merge-text.ts';
import { AMOUNT_MAX } from './sqlite-ddl.ts';
import type { Column, MergeRule, Table } from './types.ts';

export type MergeOutcome =
  | { readonly type: 'accept-server' }
  | { readonly type: 'keep-local' }
  | { readonly type: 'keep-merged'; readonly row: LocalRow }
  /** `row` is the merge with their values where the person must decide. */
  | { readonly type: 'ask'; readonly columns: readonly string[]; readonly row: LocalRow };

/** Columns that merge as one value; `rule` is the same for all of them. */
interface Unit {
  readonly names: readonly string[];
  readonly rule: MergeRule;
}

interface Sides {
  readonly table: Table;
  readonly base: LocalRow | null;
  readonly mine: LocalRow;
  readonly theirs: LocalRow;
}

type Choice = 'mine' | 'theirs' | 'ask' | { readonly value: LocalValue };

function unitsOf(table: Table): readonly Unit[] {
  const units = new Map<string, { names: string[]; rule: MergeRule }>();
  for (const [name, column] of Object.entries(table.columns)) {
    const id = column.group === undefined ? `column ${name}` : `group ${column.group}`;
    const unit = units.get(id);
    if (unit === undefined) units.set(id, { names: [name], rule: column.merge });
    else unit.names.push(name);
  }
  return [...units.values()];
}

const valueOf = (row: LocalRow, name: string): LocalValue => row[name] ?? null;

const isSame = (a: LocalRow, b: LocalRow, names: readonly string[]): boolean =>
  names.every((name) => areValuesEqual(valueOf(a, name), valueOf(b, name)));

/** Their row is at least as new as mine, by the time a person last edited it. */
function isTheirsNewer(sides: Sides): boolean {
  const mine = valueOf(sides.mine, 'edited_at');
  const theirs = valueOf(sides.theirs, 'edited_at');
  return typeof mine !== 'string' || typeof theirs !== 'string' || theirs >= mine;
}

/** How far along a state is: the number of moments in its group that have come. */
const progressOf = (table: Table, row: LocalRow, names: readonly string[]): number =>
  names.filter((name) => table.columns[name]?.kind === 'instant' && valueOf(row, name) !== null)
    .length;

function earlier(mine: LocalValue, theirs: LocalValue): Choice {
  if (mine === null) return 'theirs';
  if (theirs === null) return 'mine';
  return typeof mine === 'string' && typeof theirs === 'string' && mine < theirs
    ? 'mine'
    : 'theirs';
}

/** What was used was used twice; the sum stays within the bounds that every device keeps rows by. */
function addDifferences(
  column: Column,
  base: LocalValue,
  mine: LocalValue,
  theirs: LocalValue,
): Choice {
  if (!isInteger(mine)) return 'theirs';
  if (!isInteger(theirs)) return 'mine';
  if (!isInteger(base)) return 'theirs';
  const sum = BigInt(mine) + BigInt(theirs) - BigInt(base);
  const least = BigInt(column.min ?? 0);
  const most = BigInt(column.max ?? AMOUNT_MAX);
  return { value: Number(sum < least ? least : sum > most ? most : sum) };
}

const isInteger = (value: LocalValue): value is number | bigint =>
  typeof value === 'number' || typeof value === 'bigint';

/** Texts are counted in characters, as SQLite does. */
function fits(column: Column, text: string): boolean {
  const { length } = Array.from(text);
  return length >= (column.min ?? 0) && length <= (column.max ?? Infinity);
}

/** Both notes, one under the other, theirs first; a note that holds the other one stands alone. */
function joinNotes(column: Column, mine: LocalValue, theirs: LocalValue): Choice {
  if (typeof mine !== 'string') return 'theirs';
  if (typeof theirs !== 'string') return 'mine';
  if (theirs.includes(mine)) return 'theirs';
  if (mine.includes(theirs)) return 'mine';
  const joined = `${theirs}\n${mine}`;
  return fits(column, joined) ? { value: joined } : 'ask';
}

function mergeTexts(
  column: Column,
  base: LocalValue,
  mine: LocalValue,
  theirs: LocalValue,
): Choice {
  if (typeof base !== 'string' || typeof mine !== 'string' || typeof theirs !== 'string')
    return typeof mine === 'string' && typeof theirs === 'string' ? 'ask' : earlier(mine, theirs);
  const merged = mergeText(base, mine, theirs);
  return merged === null || !fits(column, merged) ? 'ask' : { value: merged };
}

/** Both sides changed the unit, differently. */
function choose(sides: Sides, unit: Unit): Choice {
  const { table, base, mine, theirs } = sides;
  const [name = ''] = unit.names;
  const column = table.columns[name];
  if (column === undefined) return 'theirs';
  const before = base === null ? null : valueOf(base, name);
  switch (unit.rule) {
    // Cannot happen to a row that both knew; two rows made under one key keep the server's.
    case 'fixed':
    case 'server':
      return 'theirs';
    case 'ask':
      return 'ask';
    case 'last':
      return 'mine';
    case 'newest':
      return isTheirsNewer(sides) ? 'theirs' : 'mine';
    case 'ref':
      return isTheirsNewer(sides) ? 'theirs' : 'mine';
    case 'first':
      return earlier(valueOf(mine, name), valueOf(theirs, name));
    case 'life':
      return valueOf(mine, name) !== null && valueOf(theirs, name) !== null
        ? earlier(valueOf(mine, name), valueOf(theirs, name))
        : 'ask';
    case 'delta':
      return addDifferences(column, before, valueOf(mine, name), valueOf(theirs, name));
    case 'furthest':
      return progressOf(table, mine, unit.names) > progressOf(table, theirs, unit.names)
        ? 'mine'
        : 'theirs';
    case 'join':
      return joinNotes(column, valueOf(mine, name), valueOf(theirs, name));
    case 'text':
      return mergeTexts(column, before, valueOf(mine, name), valueOf(theirs, name));
  }
}

/** Links are cleared by deletions too; a person who sets one is noticed by `edited_at`. */
const SILENT = new Set<MergeRule>(['last', 'fixed', 'ref']);

/**
 * Put into the trash on one side while the other side changed anything else; `edited_at` alone says that
 * something was changed that belongs to the row. Taking out of the trash asks nobody.
 */
function isLifeClash(sides: Sides, unit: Unit, changer: LocalRow): boolean {
  const { table, base } = sides;
  if (unit.rule !== 'life' || base === null) return false;
  const trasher = changer === sides.mine ? sides.theirs : sides.mine;
  if (unit.names.every((name) => valueOf(trasher, name) === null)) return false;
  return Object.entries(table.columns).some(
    ([name, column]) =>
      !unit.names.includes(name) &&
      !SILENT.has(column.merge) &&
      !areValuesEqual(valueOf(base, name), valueOf(changer, name)),
  );
}

function decide(sides: Sides, unit: Unit): Choice {
  const { base, mine, theirs } = sides;
  if (isSame(mine, theirs, unit.names)) return 'theirs';
  if (base !== null && isSame(base, mine, unit.names))
    return isLifeClash(sides, unit, mine) ? 'ask' : 'theirs';
  if (base !== null && isSame(base, theirs, unit.names))
    return isLifeClash(sides, unit, theirs) ? 'ask' : 'mine';
  return choose(sides, unit);
}

/** Merges an upsert of mine with an upsert of theirs. `base` is null when both made the row. */
export function mergeRows(
  table: Table,
  base: LocalRow | null,
  mine: LocalRow,
  theirs: LocalRow,
): MergeOutcome {
  const sides: Sides = { table, base, mine, theirs };
  const asked: string[] = [];
  const row: Record<string, LocalValue> = { ...theirs };
  for (const unit of unitsOf(table)) {
    const choice = decide(sides, unit);
    if (choice === 'ask') asked.push(...unit.names);
    else if (choice === 'mine') for (const name of unit.names) row[name] = valueOf(mine, name);
    else if (choice !== 'theirs') for (const name of unit.names) row[name] = choice.value;
  }
  if (asked.length > 0) return { type: 'ask', columns: asked, row };
  if (areRowsEqual(table, row, theirs)) return { type: 'accept-server' };
  if (areRowsEqual(table, row, mine)) return { type: 'keep-local' };
  return { type: 'keep-merged', row };
}

/** Rules whose result holds both sides, and those that nobody's word can lose to. */
const NOBODY_LOSES = new Set<MergeRule>(['fixed', 'server', 'text', 'join']);

/** Differences add up only from an amount to an amount; anything else is one side's word. */
const isAddedUp = (base: LocalRow | null, side: LocalRow, { names, rule }: Unit): boolean =>
  rule === 'delta' &&
  base !== null &&
  names.every((name) => isInteger(valueOf(base, name)) && isInteger(valueOf(side, name)));

/** The columns of `side` that a person changed and that did not make it into `result`. */
export function lostColumns(
  table: Table,
  base: LocalRow | null,
  side: LocalRow,
  result: LocalRow,
): readonly string[] {
  return unitsOf(table)
    .filter(
      (unit) =>
        !NOBODY_LOSES.has(unit.rule) &&
        !isAddedUp(base, side, unit) &&
        !unit.names.includes('edited_at') &&
        !isSame(side, result, unit.names) &&
        (base === null || !isSame(base, side, unit.names)),
    )
    .flatMap(({ names }) => names);
}

/** One side removed the row, the other changed it: whose word stands, by the table's declaration. */
export function mergeRemoval(
  table: Table,
  removedBy: 'me' | 'them',
): 'accept-server' | 'keep-local' | 'ask' {
  const rule = table.removal ?? 'change-stays';
  if (rule === 'ask') return 'ask';
  return (rule === 'removal-stays') === (removedBy === 'me') ? 'keep-local' : 'accept-server';
}
