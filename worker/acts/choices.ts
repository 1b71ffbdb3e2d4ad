/**
 * Questions that conflicts leave for a person (`app.md` §2, §7). The engine has already taken theirs for
 * now; here mine is written down beside it, in the same transaction, as an open choice. Asking never stops
 * sync, and the answer is an ordinary act on the row as it is then.
 *
 * There is one open choice for a row. When the same row clashes again its columns are added to the choice,
 * and what it asked about before becomes an earlier version. An ordinary edit of a column in question, by
 * this person, settles that column: what they saw and changed, they chose.
 */
import type { LocalRow } from '../../shared/schema/row-codec.ts';
import type { RowImage, SettledConflict, Sql, SqlRow } from '../engine/ports.ts';
import { imageText, readImage, readNames, tableOf, titleOfRow } from './images.ts';
import { keepVersion } from './versions.ts';
import { textOf } from './work.ts';

export interface ChoiceRow {
  readonly table: string;
  readonly id: string;
  readonly columns: readonly string[];
  readonly base: LocalRow | null;
  readonly mine: LocalRow | null;
  readonly theirs: LocalRow | null;
}

export interface OpenChoice {
  readonly id: number;
  readonly title: string;
  readonly at: string;
  readonly serverVersion: number;
  readonly actId: string | null;
  /** What is still in question; none: the row as a whole. */
  readonly columns: readonly string[];
  readonly subject: ChoiceRow;
  /** Rows that the answer decides along: lines that follow a meal, or the tree that went with the row. */
  readonly others: readonly ChoiceRow[];
}

function choiceRowOf(row: SqlRow): ChoiceRow {
  const table = textOf(row['table_name']);
  return {
    table,
    id: textOf(row['row_id']),
    columns: readNames(row['columns']),
    base: readImage(table, row['base']),
    mine: readImage(table, row['mine']),
    theirs: readImage(table, row['theirs']),
  };
}

type Settled = Readonly<Record<string, string>>;

const settledOf = (row: SqlRow): Settled => JSON.parse(textOf(row['settled'])) as Settled;

function openChoiceOf(sql: Sql, row: SqlRow): OpenChoice | null {
  const id = Number(row['id']);
  const [subject, ...others] = sql
    .all('select * from choice_rows where choice_id = ?1 order by ordinal', [id])
    .map(choiceRowOf);
  if (subject === undefined) return null;
  const settled = settledOf(row);
  return {
    id,
    title: textOf(row['title']),
    at: textOf(row['at']),
    serverVersion: Number(row['server_version']),
    actId: typeof row['act_id'] === 'string' ? row['act_id'] : null,
    columns: readNames(row['columns']).filter((name) => !(name in settled)),
    subject,
    others,
  };
}

export function readOpenChoice(sql: Sql, id: number): OpenChoice | null {
  const [row] = sql.all(`select * from choices where id = ?1 and state = 'open'`, [id]);
  return row === undefined ? null : openChoiceOf(sql, row);
}

export function findOpenChoice(sql: Sql, table: string, id: string): OpenChoice | null {
  const [row] = sql.all(
    `select * from choices where state = 'open' and table_name = ?1 and row_id = ?2`,
    [table, id],
  );
  return row === undefined ? null : openChoiceOf(sql, row);
}

export const countOpenChoices = (sql: Sql): number =>
  Number(sql.all(`select count(*) as open from choices where state = 'open'`)[0]?.['open'] ?? 0);

/** The act of this device that wrote the row last: it is what the question is about. */
export function writerOf(sql: Sql, table: string, id: string): string | null {
  const [row] = sql.all(
    `select a.id from act_rows r join acts a on a.id = r.act_id
     where r.table_name = ?1 and r.row_id = ?2 and a.direction = 'out'
     order by a.ordinal desc limit 1`,
    [table, id],
  );
  return row === undefined ? null : textOf(row['id']);
}

function writeChoiceRow(sql: Sql, choiceId: number, ordinal: number, row: ChoiceRow): void {
  sql.run(
    `insert into choice_rows (choice_id, ordinal, table_name, row_id, columns, base, mine, theirs)
     values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)`,
    [
      choiceId,
      ordinal,
      row.table,
      row.id,
      JSON.stringify(row.columns),
      imageText(row.table, row.base),
      imageText(row.table, row.mine),
      imageText(row.table, row.theirs),
    ],
  );
}

/** An older question about the same row is taken into the new one; nothing that it kept is lost. */
function absorb(sql: Sql, before: OpenChoice, row: ChoiceRow, nowIso: string): ChoiceRow {
  sql.run(`update choices set state = 'answered' where id = ?1`, [before.id]);
  const { mine } = before.subject;
  if (mine === null) return row;
  const isReplaced =
    row.columns.length === 0 ||
    before.columns.length === 0 ||
    before.columns.some((name) => row.columns.includes(name));
  if (isReplaced)
    keepVersion(
      sql,
      {
        table: row.table,
        id: row.id,
        side: 'mine',
        reason: 'combined',
        columns: before.columns,
        rows: [
          { table: row.table, id: row.id, row: mine },
          ...before.others.flatMap(({ table, id, mine: other }): RowImage[] =>
            other === null ? [] : [{ table, id, row: other }],
          ),
        ],
        actId: before.actId,
      },
      nowIso,
    );
  if (row.columns.length === 0 || row.mine === null || before.columns.length === 0) return row;
  const older = before.columns.filter((name) => !row.columns.includes(name));
  const kept = Object.fromEntries(older.map((name) => [name, mine[name] ?? null]));
  return { ...row, columns: [...row.columns, ...older], mine: { ...row.mine, ...kept } };
}

export interface NewChoice {
  readonly row: ChoiceRow;
  readonly serverVersion: number;
  readonly others: readonly ChoiceRow[];
}

export function openChoice(sql: Sql, choice: NewChoice, nowIso: string): void {
  const before = findOpenChoice(sql, choice.row.table, choice.row.id);
  const row = before === null ? choice.row : absorb(sql, before, choice.row, nowIso);
  const followers = before?.others.filter(({ columns }) => columns.length > 0) ?? [];
  const others = [
    ...choice.others,
    ...followers.filter(({ id }) => choice.others.every((other) => other.id !== id)),
  ];
  sql.run(
    `insert into choices (table_name, row_id, title, at, server_version, act_id, state, columns)
     values (?1, ?2, ?3, ?4, ?5, ?6, 'open', ?7)`,
    [
      row.table,
      row.id,
      titleOfRow(row.theirs ?? row.mine),
      nowIso,
      choice.serverVersion,
      writerOf(sql, row.table, row.id),
      JSON.stringify(row.columns),
    ],
  );
  const id = Number(sql.all('select max(id) as id from choices')[0]?.['id'] ?? 0);
  [row, ...others].forEach((each, ordinal) => writeChoiceRow(sql, id, ordinal, each));
}

const rowOf = ({ conflict }: SettledConflict, columns: readonly string[]): ChoiceRow => ({
  table: conflict.table,
  id: conflict.id,
  columns,
  base: conflict.base,
  mine: conflict.mine,
  theirs: conflict.theirs,
});

function keepLost(sql: Sql, settled: SettledConflict, nowIso: string): void {
  const { conflict, resolution, tree } = settled;
  const { table, id } = conflict;
  for (const { side, columns } of resolution.lost) {
    const image = conflict[side];
    if (image === null) continue;
    const rows = [{ table, id, row: image }, ...(columns.length === 0 ? tree : [])];
    const actId = writerOf(sql, table, id);
    keepVersion(sql, { table, id, side, reason: 'combined', columns, rows, actId }, nowIso);
  }
}

/** Writes down what settled conflicts leave: questions with what the answer decides along, lost sides. */
export function recordSettled(
  sql: Sql,
  conflicts: readonly SettledConflict[],
  nowIso: string,
): void {
  const followersOf = (table: string, id: string): readonly ChoiceRow[] =>
    conflicts.flatMap((each) => {
      const question = each.resolution.question;
      const isFollower = question?.follows?.table === table && question.follows.id === id;
      return isFollower ? [rowOf(each, question.columns)] : [];
    });
  for (const settled of conflicts) {
    const { conflict, resolution, tree } = settled;
    keepLost(sql, settled, nowIso);
    const actId = writerOf(sql, conflict.table, conflict.id);
    if (actId !== null)
      sql.run('insert or ignore into combined_acts (act_id, at) values (?1, ?2)', [actId, nowIso]);
    const { question } = resolution;
    if (question === null || question.follows !== null) continue;
    const gone = tree.map(({ table, id, row }): ChoiceRow => ({
      table,
      id,
      columns: [],
      base: null,
      mine: row,
      theirs: null,
    }));
    const others = [...followersOf(conflict.table, conflict.id), ...gone];
    openChoice(
      sql,
      { row: rowOf(settled, question.columns), serverVersion: conflict.serverVersion, others },
      nowIso,
    );
  }
}

/** Marks columns of a choice as settled by an act; the choice ends with its last column. */
export function settleColumns(
  sql: Sql,
  choice: OpenChoice,
  columns: readonly string[],
  actId: string,
): void {
  const isWhole = choice.columns.length === 0;
  const names = isWhole ? [''] : columns;
  const left = choice.columns.filter((name) => !columns.includes(name));
  const [row] = sql.all('select settled from choices where id = ?1', [choice.id]);
  const before = row === undefined ? {} : settledOf(row);
  const settled = { ...before, ...Object.fromEntries(names.map((name) => [name, actId])) };
  sql.run('update choices set settled = ?2, state = ?3 where id = ?1', [
    choice.id,
    JSON.stringify(settled),
    isWhole || left.length === 0 ? 'answered' : 'open',
  ]);
}

/** Undoing an act asks again what it had settled, unless the row is in question anew by now. */
export function reopenChoices(sql: Sql, actId: string): number {
  const rows = sql.all(
    `select c.* from choices c where exists (
       select 1 from json_each(c.settled) s where s.value = ?1)
     and not exists (select 1 from choices o where o.state = 'open' and o.id <> c.id
       and o.table_name = c.table_name and o.row_id = c.row_id)`,
    [actId],
  );
  for (const row of rows) {
    const left = Object.entries(settledOf(row)).filter(([, by]) => by !== actId);
    sql.run(`update choices set state = 'open', settled = ?2 where id = ?1`, [
      Number(row['id']),
      JSON.stringify(Object.fromEntries(left)),
    ]);
  }
  return rows.length;
}

/** Columns that merge as one value are answered as one. */
function withGroups(
  table: string,
  asked: readonly string[],
  changed: readonly string[],
): readonly string[] {
  const { columns } = tableOf(table);
  const unitOf = (name: string): string => columns[name]?.group ?? `column ${name}`;
  const units = new Set(changed.map(unitOf));
  return asked.filter((name) => units.has(unitOf(name)));
}

/** What an ordinary act changed of a row in question counts as chosen. */
export function settleByEdit(sql: Sql, actId: string, nowIso: string): void {
  const edited = sql.all(
    `select c.id, r.before, r.after from choices c join act_rows r
       on r.table_name = c.table_name and r.row_id = c.row_id
     where c.state = 'open' and r.act_id = ?1`,
    [actId],
  );
  for (const row of edited) {
    const choice = readOpenChoice(sql, Number(row['id']));
    if (choice === null) continue;
    const before = readImage(choice.subject.table, row['before']);
    const after = readImage(choice.subject.table, row['after']);
    const changed = choice.columns.filter((name) => before?.[name] !== after?.[name]);
    const chosen =
      after === null || before === null
        ? choice.columns
        : withGroups(choice.subject.table, choice.columns, changed);
    const isWhole = choice.columns.length === 0;
    if (chosen.length === 0 && !(isWhole && (before === null) !== (after === null))) continue;
    keepMine(sql, choice, chosen, actId, nowIso);
    settleColumns(sql, choice, chosen, actId);
  }
}

/** My side of a question becomes an earlier version. */
export function keepMine(
  sql: Sql,
  choice: OpenChoice,
  columns: readonly string[],
  actId: string,
  nowIso: string,
): void {
  const { table, id, mine } = choice.subject;
  if (mine === null) return;
  const rows = [{ table, id, row: mine }].concat(
    choice.others.flatMap((other) =>
      other.mine === null ? [] : [{ table: other.table, id: other.id, row: other.mine }],
    ),
  );
  keepVersion(sql, { table, id, side: 'mine', reason: 'answered', columns, rows, actId }, nowIso);
}
