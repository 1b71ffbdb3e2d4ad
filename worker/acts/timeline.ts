/**
 * Entries of the timeline for acts of this device: opened before the first write, closed with what was
 * really touched (rows that cascades took included). All entries, received ones too, are kept for 30 days
 * or 5 000 of them, but never less than what has not been sent.
 */
import { assert } from '../../shared/assert.ts';
import type { ActName, Performed, Sentence } from '../../shared/acts/acts.ts';
import { addDays } from '../../shared/domain/day.ts';
import type { RowCount, Sql, SqlValue } from '../engine/ports.ts';
import { settleByEdit } from './choices.ts';
import { ensureImageTriggers } from './local-tables.ts';
import { tidyVersions } from './versions.ts';
import type { ActContext } from './work.ts';

const timelineDaysMax = 30;
const timelineActsMax = 5000;
/** Tidying costs two indexed statements; every so many acts is often enough. */
const TIDY_EVERY = 64;

function parseSentence(text: SqlValue | undefined): Sentence {
  assert(typeof text === 'string', 'an entry of the timeline has a sentence');
  const sentence: unknown = JSON.parse(text);
  assert(
    sentence !== null && typeof sentence === 'object' && 'key' in sentence && 'values' in sentence,
    'a sentence has a key and values',
  );
  return sentence as Sentence;
}

/** The stored answer of an act that was performed before. */
export function findPerformed(sql: Sql, actId: string): Performed | null {
  const row = sql.all(`select sentence, undoable from acts where id = ?1`, [actId])[0];
  if (row === undefined) return null;
  return { actId, sentence: parseSentence(row['sentence']), undoable: row['undoable'] === 1 };
}

export function openAct(sql: Sql, actId: string): void {
  ensureImageTriggers(sql);
  sql.run('delete from act_open');
  sql.run('insert into act_open (singleton_key, act_id) values (1, ?1)', [actId]);
}

function countRows(sql: Sql, actId: string): readonly RowCount[] {
  return sql
    .all(
      `select table_name,
         case when before is null then 'insert' when after is null then 'delete' else 'update' end as op,
         count(*) as row_count
       from act_rows where act_id = ?1 group by table_name, op order by table_name, op`,
      [actId],
    )
    .map((row) => ({
      table: String(row['table_name']),
      op: row['op'] === 'insert' ? 'insert' : row['op'] === 'delete' ? 'delete' : 'update',
      rows: Number(row['row_count']),
    }));
}

export function closeAct(
  sql: Sql,
  act: ActName,
  sentence: Sentence,
  context: ActContext,
): Performed {
  const { actId, nowIso } = context;
  sql.run('delete from act_open');
  // Rows that came and went inside the act, or that were written as they were, are not news.
  sql.run(
    `delete from act_rows where act_id = ?1 and
       (before is after or (before is null and after is null))`,
    [actId],
  );
  const counts = countRows(sql, actId);
  // An answer that takes what stands already writes no row and can be taken back all the same.
  const isAnswer = act === 'choice.answer' || act === 'choice.answerAll';
  // An undo says itself what it asks; every other act that writes what is in question answers it.
  if (!isAnswer && act !== 'act.undo' && act !== 'act.redo') settleByEdit(sql, actId, nowIso);
  const undoable = (counts.length > 0 || isAnswer) && act !== 'act.undo';
  // An act that changed nothing has nothing to send.
  const state = counts.length > 0 ? 'saved' : 'accepted';
  sql.run(
    `insert into acts (id, direction, act, sentence, at, state, row_counts, undoable)
     values (?1, 'out', ?2, ?3, ?4, ?5, ?6, ?7)`,
    [actId, act, JSON.stringify(sentence), nowIso, state, JSON.stringify(counts), undoable ? 1 : 0],
  );
  tidyTimeline(sql, nowIso);
  return { actId, sentence, undoable };
}

/** Forgets old entries and their images; what has not been sent stays whatever its age. */
export function tidyTimeline(sql: Sql, nowIso: string): void {
  const last = Number(sql.all('select max(ordinal) as last from acts')[0]?.['last'] ?? 0);
  if (last % TIDY_EVERY !== 0) return;
  const oldest = `${addDays(nowIso.slice(0, 10), -timelineDaysMax)}T00:00:00.000Z`;
  const old = `state not in ('saved', 'sending') and (ordinal <= ?1 or at < ?2)`;
  const params = [last - timelineActsMax, oldest];
  sql.run(`delete from act_rows where act_id in (select id from acts where ${old})`, params);
  sql.run(`delete from acts where ${old}`, params);
  tidyVersions(sql, nowIso);
}
