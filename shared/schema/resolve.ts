/**
 * What becomes of the rows of one bundle that two sides changed (`app.md` §7): a pure function of all its
 * conflicts together, from the declarations of the tables alone. Beside an outcome for each row it says
 * what is to be kept in the same transaction: a question that only a person can answer (theirs stand
 * meanwhile, so that nothing waits for the answer), sides that lost, an act that must be withdrawn.
 *
 * `isValidOutcome` is the table of `protocol.md` §11.10. The engine asks it about every outcome, because
 * an application may bring a resolver of its own.
 */
import { must } from '../assert.ts';
import { lostColumns, mergeRemoval, mergeRows } from './merge.ts';
import type { LocalRow } from './row-codec.ts';
import { areRowsEqual, rowToWire } from './row-codec.ts';
import type { Schema, Table } from './types.ts';

export interface RowConflict {
  readonly table: string;
  readonly id: string;
  readonly localOp: 'INSERT' | 'UPDATE' | 'DELETE';
  /** The server's row that mine was based on, where it is still known. */
  readonly base: LocalRow | null;
  /** The row as it is here; null where this device removed it. */
  readonly mine: LocalRow | null;
  readonly server: 'nothing' | 'deleted' | 'live';
  readonly serverVersion: number;
  /** Null unless the server's row is live. */
  readonly theirs: LocalRow | null;
}

export type Outcome =
  | { readonly type: 'accept-server' }
  | { readonly type: 'keep-local' }
  | { readonly type: 'keep-merged'; readonly row: LocalRow };

export interface Question {
  /** Columns that only a person can decide; none: the row as a whole. */
  readonly columns: readonly string[];
  /** Answered along with the question about this row. */
  readonly follows: { readonly table: string; readonly id: string } | null;
}

export interface LostSide {
  readonly side: 'mine' | 'theirs';
  /** None: the row as a whole. */
  readonly columns: readonly string[];
}

export interface Resolution {
  readonly outcome: Outcome;
  /** With accept-server over a removal: mine is written again, an ordinary insert over the tombstone. */
  readonly isRemade: boolean;
  readonly question: Question | null;
  readonly lost: readonly LostSide[];
  /** The other rows of the act that wrote mine go back to what they were. */
  readonly isActWithdrawn: boolean;
}

/** One resolution for each conflict, in their order. */
export type Resolver = (conflicts: readonly RowConflict[]) => readonly Resolution[];

const ACCEPT: Resolution = {
  outcome: { type: 'accept-server' },
  isRemade: false,
  question: null,
  lost: [],
  isActWithdrawn: false,
};
const WHOLE: Question = { columns: [], follows: null };

/** They removed what I changed. A row that I made is newer than any removal before it. */
function resolveGone(table: Table, { localOp, server }: RowConflict): Resolution {
  if (localOp === 'INSERT')
    return server === 'deleted'
      ? { ...ACCEPT, outcome: { type: 'keep-local' } }
      : { ...ACCEPT, isRemade: true };
  switch (mergeRemoval(table, 'them')) {
    case 'accept-server':
      return { ...ACCEPT, lost: [{ side: 'mine', columns: [] }] };
    case 'keep-local':
      return { ...ACCEPT, isRemade: true };
    case 'ask':
      return { ...ACCEPT, question: WHOLE };
  }
}

/** I removed what they changed. A version that changed nothing is no change that could beat a removal. */
function resolveRemoved(table: Table, base: LocalRow | null, theirs: LocalRow): Resolution {
  const keep: Resolution = { ...ACCEPT, outcome: { type: 'keep-local' } };
  if (base !== null && areRowsEqual(table, base, theirs)) return keep;
  switch (mergeRemoval(table, 'me')) {
    case 'accept-server':
      return ACCEPT;
    case 'keep-local':
      return { ...keep, lost: [{ side: 'theirs', columns: [] }] };
    case 'ask':
      return { ...ACCEPT, question: WHOLE };
  }
}

function resultOf(outcome: Outcome, mine: LocalRow, theirs: LocalRow): LocalRow {
  if (outcome.type === 'accept-server') return theirs;
  return outcome.type === 'keep-local' ? mine : outcome.row;
}

function resolveChanged(
  table: Table,
  base: LocalRow | null,
  mine: LocalRow,
  theirs: LocalRow,
): Resolution {
  const merged = mergeRows(table, base, mine, theirs);
  const asked = merged.type === 'ask' ? merged.columns : [];
  const outcome: Outcome =
    merged.type !== 'ask'
      ? merged
      : areRowsEqual(table, merged.row, theirs)
        ? { type: 'accept-server' }
        : { type: 'keep-merged', row: merged.row };
  const result = resultOf(outcome, mine, theirs);
  const lost = (['mine', 'theirs'] as const).flatMap((side): LostSide[] => {
    const columns = lostColumns(table, base, side === 'mine' ? mine : theirs, result);
    // What is asked is kept in the question.
    const unasked = columns.filter((name) => !asked.includes(name));
    return unasked.length === 0 ? [] : [{ side, columns: unasked }];
  });
  const isTwice = Object.entries(table.columns).some(
    ([name, column]) =>
      column.once === true &&
      (base?.[name] ?? null) === null &&
      (mine[name] ?? null) !== null &&
      (theirs[name] ?? null) !== null,
  );
  return {
    outcome,
    isRemade: false,
    question: asked.length === 0 ? null : { columns: asked, follows: null },
    lost,
    isActWithdrawn: isTwice,
  };
}

/** A question that the answer to another question of the same bundle decides. */
function leaderOf(
  table: Table,
  conflict: RowConflict,
  question: Question,
  questionOf: (table: string, id: string) => Question | null,
): Question['follows'] {
  const leaders = question.columns.map((name) => {
    const follows = table.columns[name]?.follows;
    const id = follows === undefined ? null : (conflict.mine?.[follows.reference] ?? null);
    const led = table.columns[follows?.reference ?? '']?.references?.table;
    if (follows === undefined || led === undefined || typeof id !== 'string') return null;
    const asked = questionOf(led, id)?.columns ?? [];
    return asked.includes(follows.column) ? { table: led, id } : null;
  });
  return leaders.length > 0 && leaders.every((leader) => leader !== null)
    ? (leaders[0] ?? null)
    : null;
}

export function createResolver(schema: Schema): Resolver {
  const tableOf = (name: string): Table => must(schema.tables[name], 'a synced table is declared');
  const resolveRow = (conflict: RowConflict): Resolution => {
    const table = tableOf(conflict.table);
    const { base, mine, theirs } = conflict;
    if (mine === null) return theirs === null ? ACCEPT : resolveRemoved(table, base, theirs);
    return theirs === null
      ? resolveGone(table, conflict)
      : resolveChanged(table, base, mine, theirs);
  };
  return (conflicts) => {
    const resolutions = conflicts.map(resolveRow);
    const questions = new Map(
      conflicts.map((conflict, index) => [
        `${conflict.table} ${conflict.id}`,
        resolutions[index]?.question ?? null,
      ]),
    );
    const questionOf = (table: string, id: string): Question | null =>
      questions.get(`${table} ${id}`) ?? null;
    return resolutions.map((resolution, index) => {
      const conflict = must(conflicts[index], 'one resolution for each conflict');
      const { question } = resolution;
      if (question === null) return resolution;
      const follows = leaderOf(tableOf(conflict.table), conflict, question, questionOf);
      return { ...resolution, question: { ...question, follows } };
    });
  };
}

/** A merged row is a whole row of its table under the same key, and one that can be sent. */
function isWholeRow(table: Table, tableName: string, id: string, row: LocalRow): boolean {
  const names = Object.keys(row);
  return (
    names.length === Object.keys(table.columns).length &&
    names.every((name) => Object.hasOwn(table.columns, name)) &&
    row[table.key] === id &&
    rowToWire(tableName, table, row).ok
  );
}

/** Which outcomes a conflict allows: the table of `protocol.md` §11.10, cell by cell. */
export function isValidOutcome(table: Table, conflict: RowConflict, outcome: Outcome): boolean {
  const { localOp, server } = conflict;
  if (outcome.type === 'accept-server') return true;
  if (
    outcome.type === 'keep-merged' &&
    !isWholeRow(table, conflict.table, conflict.id, outcome.row)
  )
    return false;
  switch (localOp) {
    case 'INSERT':
      return server !== 'nothing';
    case 'UPDATE':
      return server === 'live';
    case 'DELETE':
      return outcome.type === 'keep-local';
  }
}
