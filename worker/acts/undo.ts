/**
 * The inverse of one act of this device, made from the images that `local-tables.ts` took: what was
 * inserted goes, what was changed gets its old values, what was removed (by a cascade too) comes back with
 * its id, bytes included. It is an ordinary act and reaches others like one; if the original was never
 * sent, the two cancel out in the dirty set and nobody else ever sees either.
 *
 * What must hold: a newer edit is never trampled. Where a column that the act wrote has another value by
 * now, the whole undo is refused with the names of those columns, and nothing changes. Positions and
 * stamps are not edits. Products, shops, tags and aisles that are in use elsewhere by now simply stay.
 */
import type { ActArgs, Sentence } from '../../shared/acts/acts.ts';
import { defaultAisles } from '../../shared/domain/aisle.ts';
import { kitchenSchema, tables } from '../../shared/schema/tables.ts';
import type { Column } from '../../shared/schema/types.ts';
import type { SqlRow, SqlValue } from '../engine/ports.ts';
import { bytesColumn } from './local-tables.ts';
import { textOf, type NewRow, type PeopleTable, type Work } from './work.ts';

type Image = Readonly<Record<string, string | number | null>>;

interface RowImages {
  readonly table: PeopleTable;
  readonly id: string;
  readonly before: Image | null;
  readonly after: Image | null;
  readonly bytes: Uint8Array | null;
}

const NOT_EDITS: ReadonlySet<string> = new Set(['id', 'created_at', 'edited_at', 'position']);
const STAYS_IN_USE: ReadonlySet<string> = new Set(['products', 'stores', 'aisles', 'tags']);
const FIRST_AISLES: ReadonlySet<string> = new Set(defaultAisles.map((aisle) => aisle.id));

const isPeopleTable = (name: string): name is PeopleTable =>
  name in tables && !kitchenSchema.tables[name as PeopleTable].serverWritten;

function parseImage(value: SqlValue | undefined): Image | null {
  if (typeof value !== 'string') return null;
  const image: unknown = JSON.parse(value);
  return image !== null && typeof image === 'object' ? (image as Image) : null;
}

function imagesOf(work: Work, actId: string): readonly RowImages[] {
  return work.sql
    .all(
      `select table_name, row_id, before, after, bytes from act_rows
       where act_id = ?1 order by ordinal desc`,
      [actId],
    )
    .flatMap((row) => {
      const table = textOf(row['table_name']);
      if (!isPeopleTable(table)) return [];
      const bytes = row['bytes'];
      return [
        {
          table,
          id: textOf(row['row_id']),
          before: parseImage(row['before']),
          after: parseImage(row['after']),
          bytes: bytes instanceof Uint8Array ? bytes : null,
        },
      ];
    });
}

const columnsOf = (table: PeopleTable): readonly (readonly [string, Column])[] =>
  Object.entries<Column>(tables[table].columns);

/** Columns of `current` that differ from what the act left; positions and stamps aside. */
const changedColumns = (current: Image, after: Image, columns: readonly string[]): string[] =>
  columns.filter((name) => name in after && current[name] !== after[name]);

const editColumns = (table: PeopleTable): readonly string[] =>
  columnsOf(table)
    .filter(([name, column]) => !NOT_EDITS.has(name) && column.kind !== 'blob')
    .map(([name]) => name);

interface Undoing {
  readonly work: Work;
  /** Rows that this undo brings back: links to them are good before they are written. */
  readonly returning: ReadonlySet<string>;
  readonly clashes: string[];
}

const rowKey = (table: string, id: string): string => `${table}/${id}`;

/** The old values with links to rows that are gone cleared, or refused where a row cannot be without. */
function withLiveLinks(undoing: Undoing, table: PeopleTable, values: Image): Image {
  const result: Record<string, string | number | null> = { ...values };
  for (const [name, column] of columnsOf(table)) {
    const target = column.references?.table;
    const id = result[name];
    if (target === undefined || typeof id !== 'string' || !isPeopleTable(target)) continue;
    const lives =
      undoing.returning.has(rowKey(target, id)) || undoing.work.find(target, id) !== null;
    if (lives) continue;
    if (column.nullable) result[name] = null;
    else undoing.clashes.push(`${table}.${name}`);
  }
  return result;
}

function bringBack(undoing: Undoing, image: RowImages, before: Image): void {
  const { work, clashes } = undoing;
  if (work.find(image.table, image.id) !== null) {
    clashes.push(`${image.table}.id`);
    return;
  }
  const live = withLiveLinks(undoing, image.table, before);
  const bytes = bytesColumn(image.table);
  const row = {
    ...live,
    ...('edited_at' in live ? { edited_at: work.context.nowIso } : {}),
    ...(bytes === null ? {} : { [bytes]: image.bytes }),
  };
  if (clashes.length === 0) {
    // The image was taken from this very table, so it has this table's columns.
    work.insert(image.table, row as unknown as NewRow<typeof image.table>);
  }
}

function putBack(undoing: Undoing, image: RowImages, before: Image, after: Image): void {
  const { work, clashes } = undoing;
  const current = work.find(image.table, image.id) as Image | null;
  if (current === null) return;
  const written = editColumns(image.table).filter((name) => before[name] !== after[name]);
  const open = written.filter((name) => current[name] !== before[name]);
  for (const name of changedColumns(current, after, open)) clashes.push(`${image.table}.${name}`);
  const moved =
    before['position'] !== after['position'] && current['position'] === after['position'];
  const names = moved ? [...open, 'position'] : open;
  if (names.length === 0) {
    // Only its children changed: the recipe is noticed as edited all the same.
    if (image.table === 'recipes')
      work.update('recipes', image.id, { title: textOf(current['title']) });
    return;
  }
  const old = Object.fromEntries(names.map((name) => [name, before[name] ?? null]));
  const live = withLiveLinks(undoing, image.table, old);
  if (clashes.length === 0) work.update(image.table, image.id, live);
}

/** Every declared link to a table: who refers to it, by which column. */
function linksTo(target: string): readonly (readonly [string, string])[] {
  return Object.entries(kitchenSchema.tables).flatMap(([name, table]) =>
    Object.entries<Column>(table.columns)
      .filter(([, column]) => column.references?.table === target)
      .map(([column]): readonly [string, string] => [name, column]),
  );
}

function usersOf(work: Work, image: RowImages): readonly string[] {
  return linksTo(image.table).flatMap(([table, column]) =>
    work.sql
      .all(`select id from ${table} where ${column} = ?1`, [image.id])
      .map((row: SqlRow) => rowKey(table, textOf(row['id']))),
  );
}

/** Removes what the act inserted, unless it was edited or is in use by now. */
function takeOut(undoing: Undoing, inserted: readonly RowImages[]): void {
  const { work, clashes } = undoing;
  const leaving = new Map<string, RowImages>();
  for (const image of inserted) {
    const current = work.find(image.table, image.id) as Image | null;
    if (current === null || image.after === null || FIRST_AISLES.has(image.id)) continue;
    const changed = changedColumns(current, image.after, editColumns(image.table));
    for (const name of changed) clashes.push(`${image.table}.${name}`);
    leaving.set(rowKey(image.table, image.id), image);
  }
  // What stays may refer to more that then stays as well; each pass keeps at least one or ends.
  for (let keptSome = true; keptSome && clashes.length === 0;) {
    keptSome = false;
    for (const [key, image] of leaving) {
      if (usersOf(work, image).every((user) => leaving.has(user))) continue;
      if (!STAYS_IN_USE.has(image.table)) clashes.push(`${image.table}.id`);
      leaving.delete(key);
      keptSome = true;
    }
  }
  if (clashes.length > 0) return;
  for (const image of leaving.values()) work.remove(image.table, image.id);
}

function readSentence(value: SqlValue | undefined): Sentence {
  const parsed: unknown = typeof value === 'string' ? JSON.parse(value) : null;
  const known = parsed !== null && typeof parsed === 'object' && 'key' in parsed;
  return known ? (parsed as Sentence) : { key: 'unknown', values: {} };
}

export function undoAct(work: Work, { actId }: ActArgs['act.undo']): Sentence {
  const act = work.sql.all(
    `select sentence, state, undoable from acts where id = ?1 and direction = 'out'`,
    [actId],
  )[0];
  if (act === undefined || act['undoable'] !== 1 || act['state'] === 'undone') {
    work.refuse({ type: 'gone', table: 'acts', id: actId });
    return { key: 'act.undo', values: { of: 'unknown' } };
  }
  const images = imagesOf(work, actId);
  const removed = images.filter((image) => image.before !== null && image.after === null);
  const undoing: Undoing = {
    work,
    returning: new Set(removed.map((image) => rowKey(image.table, image.id))),
    clashes: [],
  };
  for (const image of removed) if (image.before !== null) bringBack(undoing, image, image.before);
  for (const image of images) {
    if (image.before !== null && image.after !== null) {
      putBack(undoing, image, image.before, image.after);
    }
  }
  takeOut(
    undoing,
    images.filter((image) => image.before === null),
  );
  if (undoing.clashes.length > 0) {
    work.refuse({ type: 'changed-since', fields: [...new Set(undoing.clashes)].sort(byText) });
  }
  work.sql.run(`update acts set state = 'undone', undoable = 0 where id = ?1`, [actId]);
  const original = readSentence(act['sentence']);
  return { key: 'act.undo', values: { ...original.values, of: original.key } };
}

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
