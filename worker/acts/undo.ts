/**
 * Undo and redo: the inverse of one act of this device (`invert.ts`). It is an ordinary act and reaches
 * others like one; if the original was never sent, the two cancel out in the dirty set and nobody else ever
 * sees either.
 *
 * Where somebody changed the same since, theirs stays and a choice asks, as after any other conflict; what
 * was clear is undone all the same. What this device changed since stays without a question, because the
 * newer act can be undone first; where nothing else is left to undo, the undo is refused and says so. So is
 * one whose rows have lost the recipe that they belong to. Undoing an answer asks its question again.
 */
import type { ActArgs, Sentence } from '../../shared/acts/acts.ts';
import type { SqlRow, SqlValue } from '../engine/ports.ts';
import { findOpenChoice, keepMine, openChoice, reopenChoices, settleColumns } from './choices.ts';
import { readImage } from './images.ts';
import { imagesOf, invert, type Clash } from './invert.ts';
import { bytesColumn } from './local-tables.ts';
import type { Work } from './work.ts';

function readSentence(value: SqlValue | undefined): Sentence {
  const parsed: unknown = typeof value === 'string' ? JSON.parse(value) : null;
  const known = parsed !== null && typeof parsed === 'object' && 'key' in parsed;
  return known ? (parsed as Sentence) : { key: 'unknown', values: {} };
}

/** The newer edit stands, the old values are mine, and what the act had written is what both began with. */
function ask(work: Work, { image, columns }: Clash): void {
  const { table, id, before, after } = image;
  const theirs = work.find(table, id);
  if (theirs === null) return;
  const row = {
    table,
    id,
    columns,
    base: bytesColumn(table) === null ? after : null,
    mine: columns.length === 0 ? null : before,
    theirs: { ...theirs },
  };
  openChoice(work.sql, { row, serverVersion: 0, others: [] }, work.context.nowIso);
}

/** Versions that an answer put aside are no losers any more when the answer is taken back. */
function forgetAnswered(work: Work, actId: string): void {
  work.sql.run(
    `delete from version_rows where version_id in (
       select id from versions where act_id = ?1 and reason = 'answered')`,
    [actId],
  );
  work.sql.run(`delete from versions where act_id = ?1 and reason = 'answered'`, [actId]);
}

/** What the act wrote had lost already and was in question: taking the act back ends the question. */
function withdrawn(work: Work, actId: string, { image, columns }: Clash): boolean {
  const choice = findOpenChoice(work.sql, image.table, image.id);
  if (choice === null || choice.actId !== actId) return false;
  if (!columns.every((name) => choice.columns.includes(name))) return false;
  keepMine(work.sql, choice, columns, work.context.actId, work.context.nowIso);
  settleColumns(work.sql, choice, columns, work.context.actId);
  return true;
}

/** A newer act of this device did it: every row that is in the way, in a column that is in the way. */
function isOwn(work: Work, actId: string, { by, columns }: Clash): boolean {
  return by.every((key) => {
    const [table = '', id = ''] = key.split('/');
    const later = work.sql.all(
      `select r.before, r.after from act_rows r join acts a on a.id = r.act_id
       where r.table_name = ?1 and r.row_id = ?2 and a.direction = 'out' and a.state <> 'undone'
         and a.ordinal > (select ordinal from acts where id = ?3)`,
      [table, id, actId],
    );
    return later.some((row) => {
      const before = readImage(table, row['before']);
      const after = readImage(table, row['after']);
      return columns.length === 0 || columns.some((name) => before?.[name] !== after?.[name]);
    });
  });
}

const fieldsOf = ({ image, columns }: Clash): readonly string[] =>
  (columns.length === 0 ? ['id'] : columns).map((name) => `${image.table}.${name}`);

const hasWritten = (work: Work): boolean =>
  work.sql.all('select 1 as one from act_rows where act_id = ?1 limit 1', [work.context.actId])
    .length > 0;

function takeBack(work: Work, actId: string, key: 'act.undo' | 'act.redo', act: SqlRow): Sentence {
  const { clashes, homeless } = invert(work, imagesOf(work, actId));
  const asked = clashes.filter((clash) => !isOwn(work, actId, clash));
  let asks = asked;
  const isNothingClear = clashes.length > 0 && asked.length === 0 && !hasWritten(work);
  if (homeless.length > 0 || isNothingClear) {
    const fields = [...homeless.map(({ table }) => `${table}.id`), ...clashes.flatMap(fieldsOf)];
    work.refuse({ type: 'changed-since', fields: [...new Set(fields)].sort(byText) });
  }
  if (work.refusal() === null) {
    asks = asked.filter((clash) => !withdrawn(work, actId, clash));
    for (const clash of asks) ask(work, clash);
    reopenChoices(work.sql, actId);
    forgetAnswered(work, actId);
  }
  work.sql.run(`update acts set state = 'undone', undoable = 0 where id = ?1`, [actId]);
  const original = readSentence(act['sentence']);
  const of = original.key === 'act.undo' ? String(original.values['of'] ?? '') : original.key;
  const { asks: _earlier, ...values } = original.values;
  return { key, values: { ...values, of, ...(asks.length > 0 ? { asks: asks.length } : {}) } };
}

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

function findAct(work: Work, actId: string, isFit: (act: SqlRow) => boolean): SqlRow | null {
  const [act] = work.sql.all(
    `select act, sentence, state, undoable from acts where id = ?1 and direction = 'out'`,
    [actId],
  );
  if (act !== undefined && act['state'] !== 'undone' && isFit(act)) return act;
  work.refuse({ type: 'gone', table: 'acts', id: actId });
  return null;
}

export function undoAct(work: Work, { actId }: ActArgs['act.undo']): Sentence {
  const act = findAct(work, actId, ({ undoable }) => undoable === 1);
  if (act === null) return { key: 'act.undo', values: { of: 'unknown' } };
  return takeBack(work, actId, 'act.undo', act);
}

export function redoAct(work: Work, { actId }: ActArgs['act.redo']): Sentence {
  const act = findAct(work, actId, (found) => found['act'] === 'act.undo');
  if (act === null) return { key: 'act.redo', values: { of: 'unknown' } };
  return takeBack(work, actId, 'act.redo', act);
}
