/**
 * What waits for a person's choice, and the sides that lost. A choice shows what both sides began with, mine,
 * and the row as it is now (theirs); columns that merge as one value are one field. Columns that nobody
 * reads (keys, links, positions, stamps, bytes) go along with their group and are never shown alone.
 */
import { addDays } from '../../shared/domain/day.ts';
import type { Sentence } from '../../shared/acts/acts.ts';
import type {
  ChoiceField,
  ChoiceKind,
  ChoiceView,
  QueryArgs,
  Values,
  VersionView,
  Writer,
} from '../../shared/queries.ts';
import { kitchenSchema, tables } from '../../shared/schema/tables.ts';
import type { Column, Table } from '../../shared/schema/types.ts';
import type { Sql, SqlRow } from '../engine/ports.ts';
import { numberOf, textOf, textOrNull } from './rows.ts';
import type { QueryContext } from './run-query.ts';

const VERSION_DAYS = 30;
const VERSIONS_MAX = 100;

type Image = Values | null;

const tableNamed = (name: string): Table | null =>
  name in tables ? kitchenSchema.tables[name as keyof typeof tables] : null;

/** Stored images are the device's own JSON; bytes are hex there and are not shown. */
const imageOf = (row: SqlRow, name: string): Image => {
  const text = row[name];
  return typeof text === 'string' ? (JSON.parse(text) as Values) : null;
};

const namesOf = (row: SqlRow, name: string): readonly string[] =>
  JSON.parse(textOf(row, name)) as readonly string[];

const UNREAD = new Set<Column['kind']>(['id', 'key', 'order', 'blob']);
const STAMPS = new Set(['name_key', 'created_at', 'edited_at', 'added_by']);

const isRead = (name: string, column: Column | undefined): boolean =>
  column !== undefined && !UNREAD.has(column.kind) && !STAMPS.has(name);

/** The columns of a table as people decide them: groups whole, and only those with something to read. */
function unitsOf(table: Table): readonly (readonly string[])[] {
  const units = new Map<string, string[]>();
  for (const [name, column] of Object.entries(table.columns)) {
    const unit = column.group ?? `column ${name}`;
    units.set(unit, [...(units.get(unit) ?? []), name]);
  }
  return [...units.values()].filter((names) =>
    names.some((name) => isRead(name, table.columns[name])),
  );
}

const pick = (image: Image, names: readonly string[]): Image =>
  image === null ? null : Object.fromEntries(names.map((name) => [name, image[name] ?? null]));

const differs = (a: Image, b: Image, names: readonly string[]): boolean =>
  names.some((name) => (a?.[name] ?? null) !== (b?.[name] ?? null));

function fieldsOf(
  table: Table,
  asked: readonly string[],
  base: Image,
  mine: Image,
  theirs: Image,
): readonly ChoiceField[] {
  return unitsOf(table).flatMap((columns): ChoiceField[] => {
    const clash = asked.length === 0 || columns.some((name) => asked.includes(name));
    const isChanged = differs(mine, base, columns) || differs(theirs, base, columns);
    const isShown = asked.length === 0 ? differs(mine, theirs, columns) : clash || isChanged;
    if (!isShown) return [];
    const [before, here, there] = [base, mine, theirs].map((image) => pick(image, columns));
    return [{ columns, clash, before: before ?? null, mine: here ?? null, theirs: there ?? null }];
  });
}

function kindOf(table: string, asked: readonly string[], mine: Image, current: Image): ChoiceKind {
  if (mine === null) return 'gone-here';
  if (current === null) return 'gone-there';
  if (asked.includes('trashed_at'))
    return (mine['trashed_at'] ?? null) === null ? 'trashed-there' : 'trashed-here';
  return table === 'plan_entries' && asked.includes('day') ? 'moved' : 'field';
}

/** Who wrote the version that mine met, as far as this device has heard of it. */
function writerOf(sql: Sql, serverVersion: number): Writer {
  const [row] = sql.all(
    `select d.person, d.device from acts a join directory d on d.source_id = a.source_id
     where a.direction = 'in' and a.bundle_seq = ?1`,
    [serverVersion],
  );
  return row === undefined
    ? { person: null, device: null }
    : { person: textOrNull(row, 'person'), device: textOrNull(row, 'device') };
}

function sentenceOf(sql: Sql, actId: string | null): Sentence | null {
  if (actId === null) return null;
  const [row] = sql.all('select sentence from acts where id = ?1', [actId]);
  return row === undefined ? null : (JSON.parse(textOf(row, 'sentence')) as Sentence);
}

/** What hangs on a recipe: its own parts, and the meals that are planned with it. */
const PARTS: readonly (readonly [table: string, column: string])[] = [
  ['recipe_ingredients', 'recipe_id'],
  ['recipe_steps', 'recipe_id'],
  ['recipe_photos', 'recipe_id'],
  ['plan_entries', 'recipe_id'],
];

function partsOf(
  sql: Sql,
  table: string,
  id: string,
  others: readonly SqlRow[],
): ChoiceView['parts'] {
  if (table !== 'recipes') return [];
  const counts = new Map<string, number>();
  for (const other of others)
    if (namesOf(other, 'columns').length === 0) {
      const name = textOf(other, 'table_name');
      counts.set(name, (counts.get(name) ?? 0) + 1);
    }
  return PARTS.flatMap(([part, column]) => {
    const [row] = sql.all(`select count(*) as rows from ${part} where ${column} = ?1`, [id]);
    const rows = Math.max(counts.get(part) ?? 0, row === undefined ? 0 : numberOf(row, 'rows'));
    return rows === 0 ? [] : [{ table: part, rows }];
  });
}

function choiceOf(sql: Sql, row: SqlRow): ChoiceView | null {
  const table = textOf(row, 'table_name');
  const subjectId = textOf(row, 'row_id');
  const declared = tableNamed(table);
  const [subject, ...others] = sql.all(
    `select table_name, columns, base, mine, theirs from choice_rows where choice_id = ?1 order by ordinal`,
    [numberOf(row, 'id')],
  );
  if (declared === null || subject === undefined) return null;
  const settled = JSON.parse(textOf(row, 'settled')) as Readonly<Record<string, string>>;
  const asked = namesOf(row, 'columns').filter((name) => !(name in settled));
  const [found] = sql.all(`select * from ${table} where id = ?1`, [subjectId]);
  const current = found === undefined ? null : (found as Values);
  const mine = imageOf(subject, 'mine');
  const then = imageOf(subject, 'theirs');
  return {
    id: numberOf(row, 'id'),
    kind: kindOf(table, asked, mine, current),
    table,
    subjectId,
    title: textOf(row, 'title'),
    at: textOf(row, 'at'),
    theirsBy: writerOf(sql, numberOf(row, 'server_version')),
    madeBy: sentenceOf(sql, textOrNull(row, 'act_id')),
    fields: fieldsOf(declared, asked, imageOf(subject, 'base'), mine, current),
    changedSince: (then === null) !== (current === null) || differs(then, current, asked),
    settles: others.filter((other) => namesOf(other, 'columns').length > 0).length,
    parts: partsOf(sql, table, subjectId, others),
  };
}

export function choicesQuery(sql: Sql): readonly ChoiceView[] {
  return sql
    .all(`select * from choices where state = 'open' order by id`)
    .flatMap((row) => choiceOf(sql, row) ?? []);
}

function versionOf(sql: Sql, row: SqlRow): VersionView | null {
  const table = textOf(row, 'table_name');
  const declared = tableNamed(table);
  const images = sql.all('select image from version_rows where version_id = ?1 order by ordinal', [
    numberOf(row, 'id'),
  ]);
  const [first] = images;
  if (declared === null || first === undefined) return null;
  const image = imageOf(first, 'image');
  const columns = namesOf(row, 'columns');
  const fields = unitsOf(declared).flatMap((names) => {
    const isLost = columns.length === 0 || names.some((name) => columns.includes(name));
    const values = pick(image, names);
    const isEmpty = values === null || names.every((name) => values[name] === null);
    return !isLost || values === null || (columns.length === 0 && isEmpty)
      ? []
      : [{ columns: names, values }];
  });
  // Only an order or a link lost: nothing a person would look for.
  if (fields.length === 0) return null;
  return {
    id: `lost:${numberOf(row, 'id')}`,
    table,
    subjectId: textOf(row, 'row_id'),
    title: textOf(row, 'title'),
    at: textOf(row, 'at'),
    side: textOf(row, 'side') === 'mine' ? 'mine' : 'theirs',
    act: null,
    fields,
    rows: images.length,
  };
}

const titleOf = (image: Image): string => {
  const named = ['title', 'name', 'wording'].map((name) => image?.[name]);
  return named.find((value) => typeof value === 'string') ?? '';
};

/** A row as it was before one act: what the act changed of it, or of its parts. */
function replacedOf(sql: Sql, act: SqlRow, id: string): VersionView | null {
  const rows = sql.all(
    `select table_name, row_id, before, after from act_rows
     where act_id = ?1 and before is not null and (row_id = ?2
       or (table_name glob 'recipe_*' and json_extract(before, '$.recipe_id') = ?2))
     order by row_id <> ?2, ordinal`,
    [textOf(act, 'id'), id],
  );
  const fields = rows.flatMap((row) => {
    const declared = tableNamed(textOf(row, 'table_name'));
    const [before, after] = [imageOf(row, 'before'), imageOf(row, 'after')];
    if (declared === null) return [];
    return unitsOf(declared)
      .filter((names) => differs(before, after, names))
      .flatMap((names) => {
        const values = pick(before, names);
        const isEmpty = values === null || names.every((name) => values[name] === null);
        return values === null || (after === null && isEmpty) ? [] : [{ columns: names, values }];
      });
  });
  const [first] = rows;
  if (first === undefined || fields.length === 0) return null;
  return {
    id: `act:${textOf(act, 'id')}:${id}`,
    table: textOf(first, 'table_name'),
    subjectId: id,
    title: titleOf(imageOf(first, 'before')),
    at: textOf(act, 'at'),
    side: 'before',
    act: JSON.parse(textOf(act, 'sentence')) as Sentence,
    fields,
    rows: rows.length,
  };
}

/** What acts of this device replaced. Answers and undos keep what they put aside by themselves. */
function replacedVersions(sql: Sql, id: string, oldest: string): readonly VersionView[] {
  return sql
    .all(
      `select a.id, a.sentence, a.at from acts a
       where a.direction = 'out' and a.state <> 'undone' and a.at >= ?2
         and a.act not in ('choice.answer', 'choice.answerAll', 'act.undo', 'act.redo')
         and a.id in (select act_id from act_rows
           where before is not null and (row_id = ?1
             or (table_name glob 'recipe_*' and json_extract(before, '$.recipe_id') = ?1)))
       order by a.ordinal desc limit ?3`,
      [id, oldest, VERSIONS_MAX],
    )
    .flatMap((act) => replacedOf(sql, act, id) ?? []);
}

/** Of a recipe its ingredients and steps belong to it too. */
export function versionsQuery(
  sql: Sql,
  { id }: QueryArgs<'versions'>,
  { todayIso }: QueryContext,
): readonly VersionView[] {
  const oldest = addDays(todayIso, -VERSION_DAYS);
  const lost = lostVersions(sql, id, oldest);
  if (id === null) return lost;
  return [...lost, ...replacedVersions(sql, id, oldest)].sort((a, b) =>
    a.at === b.at ? 0 : a.at < b.at ? 1 : -1,
  );
}

function lostVersions(sql: Sql, id: string | null, oldest: string): readonly VersionView[] {
  return sql
    .all(
      `select v.* from versions v
       where v.at >= ?1 and (?2 is null or v.row_id = ?2 or exists (
         select 1 from version_rows r where r.version_id = v.id and r.ordinal = 0
           and json_extract(r.image, '$.recipe_id') = ?2 and r.table_name like 'recipe\\_%' escape '\\'))
       order by v.id desc limit ?3`,
      [oldest, id, VERSIONS_MAX],
    )
    .flatMap((row) => versionOf(sql, row) ?? []);
}
