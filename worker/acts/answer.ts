/**
 * Answers to questions (`app.md` §7): ordinary acts on the rows as they are by now. Theirs already stands,
 * so taking it writes nothing and only ends the question; mine is written over it, with everything that was
 * decided along. Whichever side is not taken stays among the earlier versions.
 */
import type { ActArgs, ChoiceAnswer, Sentence } from '../../shared/acts/acts.ts';
import type { LocalRow } from '../../shared/schema/row-codec.ts';
import { keepMine, readOpenChoice, settleColumns } from './choices.ts';
import type { ChoiceRow, OpenChoice } from './choices.ts';
import { isPeopleTable, titleOfRow } from './images.ts';
import { keepVersion, withLiveLinks, writeBack } from './versions.ts';
import type { Work } from './work.ts';

function currentOf(work: Work, row: ChoiceRow): LocalRow | null {
  return isPeopleTable(row.table) ? (work.find(row.table, row.id) as LocalRow | null) : null;
}

function keepTheirs(work: Work, choice: OpenChoice, current: LocalRow | null): void {
  const { table, id } = choice.subject;
  if (current === null) return;
  keepVersion(
    work.sql,
    {
      table,
      id,
      side: 'theirs',
      reason: 'answered',
      columns: choice.columns,
      rows: [{ table, id, row: current }],
      actId: work.context.actId,
    },
    work.context.nowIso,
  );
}

function writeColumns(work: Work, row: ChoiceRow, values: LocalRow): void {
  if (!isPeopleTable(row.table)) return;
  const live = withLiveLinks(work, row.table, values, new Set());
  // A link that a row cannot be without is no column that could be in question.
  if (live !== null) work.update(row.table, row.id, live);
}

const pick = (row: LocalRow, columns: readonly string[]): LocalRow =>
  Object.fromEntries(columns.map((name) => [name, row[name] ?? null]));

/** Rows that follow the answer take mine as well, where nobody changed them since. */
function writeFollowers(work: Work, choice: OpenChoice): void {
  for (const other of choice.others) {
    const { columns, mine, theirs } = other;
    const current = currentOf(work, other);
    if (columns.length === 0 || mine === null || theirs === null || current === null) continue;
    const isUntouched = columns.every((name) => current[name] === theirs[name]);
    if (isUntouched) writeColumns(work, other, pick(mine, columns));
  }
}

function takeMine(work: Work, choice: OpenChoice, current: LocalRow | null): void {
  const { subject } = choice;
  const { table, id, mine } = subject;
  if (!isPeopleTable(table)) return;
  if (mine === null) {
    if (current !== null) work.remove(table, id);
    return;
  }
  if (current !== null && choice.columns.length > 0) {
    writeColumns(work, subject, pick(mine, choice.columns));
    writeFollowers(work, choice);
    return;
  }
  const tree = choice.others.flatMap((other) =>
    other.mine === null || other.columns.length > 0
      ? []
      : [{ table: other.table, id: other.id, row: other.mine }],
  );
  const written = writeBack(work, [{ table, id, row: mine }, ...tree], () => choice.columns);
  if (written === 0) work.refuse({ type: 'gone', table, id });
}

function takeMix(
  work: Work,
  choice: OpenChoice,
  current: LocalRow | null,
  values: Extract<ChoiceAnswer, { side: 'mix' }>['values'],
): void {
  const { table, id, mine } = choice.subject;
  const unknown = Object.keys(values).find((name) => !choice.columns.includes(name));
  if (unknown !== undefined || choice.columns.length === 0) {
    work.refuse({ type: 'invalid', field: unknown ?? 'answer', reason: 'not-a-choice' });
    return;
  }
  if (current === null || mine === null) {
    work.refuse({ type: 'gone', table, id });
    return;
  }
  const names = choice.columns.filter((name) => name in values);
  if (names.length > 0) writeColumns(work, choice.subject, pick(values, names));
  // A mix that takes my whole answer decides the lines of a meal like mine does.
  if (choice.columns.every((name) => name in values && values[name] === mine[name]))
    writeFollowers(work, choice);
}

function answerOne(work: Work, choiceId: number, answer: ChoiceAnswer): Sentence {
  const choice = readOpenChoice(work.sql, choiceId);
  if (choice === null) {
    work.refuse({ type: 'gone', table: 'choices', id: String(choiceId) });
    return { key: 'choice.answer', values: { title: '', side: answer.side } };
  }
  const { actId, nowIso } = work.context;
  const before = currentOf(work, choice.subject);
  if (answer.side === 'mine') takeMine(work, choice, before);
  else if (answer.side === 'mix') takeMix(work, choice, before, answer.values);
  if (work.refusal() === null) {
    if (answer.side !== 'theirs') keepTheirs(work, choice, before);
    if (answer.side !== 'mine') keepMine(work.sql, choice, choice.columns, actId, nowIso);
    settleColumns(work.sql, choice, choice.columns, actId);
  }
  return sentenceOf(choice, answer.side, currentOf(work, choice.subject));
}

/** The amount is said where an amount was the question: "Milk: took 3 l". */
function sentenceOf(
  choice: OpenChoice,
  side: ChoiceAnswer['side'],
  result: LocalRow | null,
): Sentence {
  const title = titleOfRow(result) || choice.title;
  const quantity = result?.['quantity_milli'];
  const unit = result?.['unit'];
  const isAmount = choice.columns.includes('quantity_milli') && typeof quantity === 'number';
  return {
    key: 'choice.answer',
    values: {
      title,
      side,
      ...(isAmount ? { quantityMilli: quantity } : {}),
      ...(isAmount && typeof unit === 'string' ? { unit } : {}),
    },
  };
}

export const choiceAnswer = (work: Work, args: ActArgs['choice.answer']): Sentence =>
  answerOne(work, args.choiceId, args.answer);

export function choiceAnswerAll(work: Work, args: ActArgs['choice.answerAll']): Sentence {
  const [first, ...more] = args.choiceIds;
  if (first === undefined) work.refuse({ type: 'invalid', field: 'choiceIds', reason: 'missing' });
  const sentence = first === undefined ? null : answerOne(work, first, { side: args.side });
  for (const choiceId of more) answerOne(work, choiceId, { side: args.side });
  return {
    key: 'choice.answerAll',
    values: {
      title: String(sentence?.values['title'] ?? ''),
      side: args.side,
      count: args.choiceIds.length,
    },
  };
}
