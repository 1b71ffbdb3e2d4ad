/**
 * The inverse of one act, row by row, from the images that `local-tables.ts` took: what was inserted goes,
 * what was changed gets its old values, what was removed (by a cascade too) comes back with its id, bytes
 * included. Amounts that merge by their differences are given back by their difference.
 *
 * What must hold: a newer edit is never trampled. What is clear is done; where a column that the act wrote
 * has another value by now, the newer one stays, and the column is reported as a clash. Positions and stamps
 * are not edits. Products, shops, tags and aisles that are in use elsewhere by now simply stay.
 */
import { defaultAisles } from '../../shared/domain/aisle.ts';
import type { LocalRow, LocalValue } from '../../shared/schema/row-codec.ts';
import { kitchenSchema } from '../../shared/schema/tables.ts';
import type { Column } from '../../shared/schema/types.ts';
import type { SqlRow, SqlValue } from '../engine/ports.ts';
import { columnsOf, isPeopleTable } from './images.ts';
import { bytesColumn } from './local-tables.ts';
import { withLiveLinks } from './versions.ts';
import { textOf, type NewRow, type PeopleTable, type Work } from './work.ts';

export interface RowImages {
  readonly table: PeopleTable;
  readonly id: string;
  readonly before: LocalRow | null;
  readonly after: LocalRow | null;
}

/** A newer edit that stays. No columns: the row as a whole was to go and is wanted by somebody. */
export interface Clash {
  readonly image: RowImages;
  readonly columns: readonly string[];
  /** The rows, as `table/id`, whose newer state is in the way. */
  readonly by: readonly string[];
}

export interface Inverted {
  readonly clashes: readonly Clash[];
  /** Rows that cannot come back, because what they belong to is gone. */
  readonly homeless: readonly RowImages[];
}

const NOT_EDITS: ReadonlySet<string> = new Set(['id', 'created_at', 'edited_at', 'position']);
const STAYS_IN_USE: ReadonlySet<string> = new Set(['products', 'stores', 'aisles', 'tags']);
/** A link that a deletion would merely clear keeps these all the same. */
const KEPT_BY_LINKS: ReadonlySet<string> = new Set([...STAYS_IN_USE, 'recipes']);
const FIRST_AISLES: ReadonlySet<string> = new Set(defaultAisles.map((aisle) => aisle.id));

const rowKey = (table: string, id: string): string => `${table}/${id}`;

function parseImage(
  table: PeopleTable,
  value: SqlValue | undefined,
  bytes: SqlValue,
): LocalRow | null {
  if (typeof value !== 'string') return null;
  const image = JSON.parse(value) as Record<string, LocalValue>;
  const column = bytesColumn(table);
  return column === null ? image : { ...image, [column]: bytes };
}

/** What the act did, last change first. */
export function imagesOf(work: Work, actId: string): readonly RowImages[] {
  return work.sql
    .all(
      `select table_name, row_id, before, after, bytes from act_rows
       where act_id = ?1 order by ordinal desc`,
      [actId],
    )
    .flatMap((row): RowImages[] => {
      const table = textOf(row['table_name']);
      if (!isPeopleTable(table)) return [];
      const bytes = row['bytes'] ?? null;
      return [
        {
          table,
          id: textOf(row['row_id']),
          before: parseImage(table, row['before'], bytes),
          after: parseImage(table, row['after'], null),
        },
      ];
    });
}

const findRow = (work: Work, image: RowImages): LocalRow | null =>
  work.find(image.table, image.id) as LocalRow | null;

const editColumns = (table: PeopleTable): readonly (readonly [string, Column])[] =>
  columnsOf(table).filter(([name, column]) => !NOT_EDITS.has(name) && column.kind !== 'blob');

const isEdited = (table: PeopleTable, current: LocalRow, after: LocalRow): boolean =>
  editColumns(table).some(([name]) => current[name] !== after[name]);

/** Columns that merge as one value are given back as one value. */
function unitsOf(table: PeopleTable): readonly (readonly (readonly [string, Column])[])[] {
  const units = new Map<string, (readonly [string, Column])[]>();
  for (const entry of editColumns(table)) {
    const unit = entry[1].group ?? `column ${entry[0]}`;
    units.set(unit, [...(units.get(unit) ?? []), entry]);
  }
  return [...units.values()];
}

const numberOr0 = (value: LocalValue | undefined): number =>
  typeof value === 'number' ? value : 0;

function bringBack(
  work: Work,
  image: RowImages,
  before: LocalRow,
  returning: ReadonlySet<string>,
): boolean {
  if (findRow(work, image) !== null) return true;
  const live = withLiveLinks(work, image.table, before, returning);
  if (live === null) return false;
  const stamp = 'edited_at' in live ? { edited_at: work.context.nowIso } : {};
  // The image was taken from this very table, so it has this table's columns.
  work.insert(image.table, { ...live, ...stamp } as unknown as NewRow<typeof image.table>);
  return true;
}

/** The old values of one unit, `clash` where somebody wrote it since, or nothing where nothing is due. */
function oldValues(
  unit: readonly (readonly [string, Column])[],
  current: LocalRow,
  before: LocalRow,
  after: LocalRow,
): LocalRow | 'clash' {
  const written = unit.filter(([name]) => before[name] !== after[name]);
  const due = written.filter(([name]) => current[name] !== before[name]);
  if (due.length === 0) return {};
  if (unit.every(([name]) => current[name] === after[name]))
    return Object.fromEntries(due.map(([name]) => [name, before[name] ?? null]));
  const [first] = due;
  if (first === undefined || first[1].merge !== 'delta' || unit.length > 1) return 'clash';
  const [name] = first;
  if (typeof current[name] !== 'number') return 'clash';
  const given = numberOr0(current[name]) - (numberOr0(after[name]) - numberOr0(before[name]));
  return { [name]: Math.max(0, given) };
}

function putBack(
  work: Work,
  image: RowImages,
  before: LocalRow,
  after: LocalRow,
  returning: ReadonlySet<string>,
): readonly string[] {
  const current = findRow(work, image);
  if (current === null) return [];
  const clashes: string[] = [];
  let patch: LocalRow = {};
  for (const unit of unitsOf(image.table)) {
    const values = oldValues(unit, current, before, after);
    if (values === 'clash') clashes.push(...unit.map(([name]) => name));
    else patch = { ...patch, ...values };
  }
  const isMoved =
    before['position'] !== after['position'] && current['position'] === after['position'];
  if (isMoved) patch = { ...patch, position: before['position'] ?? null };
  // Only its children changed: the recipe is noticed as edited all the same.
  if (Object.keys(patch).length === 0 && clashes.length === 0 && image.table === 'recipes')
    patch = { title: current['title'] ?? null };
  const live = withLiveLinks(work, image.table, patch, returning);
  if (live === null) return Object.keys(patch);
  if (Object.keys(live).length > 0) work.update(image.table, image.id, live);
  return clashes;
}

interface Link {
  readonly table: string;
  readonly column: string;
  readonly isOwned: boolean;
}

/** Every declared link to a table: who refers to it, by which column. */
const linksTo = (target: string): readonly Link[] =>
  Object.entries(kitchenSchema.tables).flatMap(([table, declared]) =>
    Object.entries<Column>(declared.columns)
      .filter(([, column]) => column.references?.table === target)
      .map(([column, { references }]) => ({
        table,
        column,
        isOwned: references?.onDelete === 'cascade',
      })),
  );

function usersOf(work: Work, image: RowImages, isOwned: boolean): readonly string[] {
  return linksTo(image.table)
    .filter((link) => link.isOwned === isOwned)
    .flatMap(({ table, column }) =>
      work.sql
        .all(`select id from ${table} where ${column} = ?1`, [image.id])
        .map((row: SqlRow) => rowKey(table, textOf(row['id']))),
    );
}

/** Removes what the act inserted, unless it was edited or is in use by now. */
function takeOut(work: Work, inserted: readonly RowImages[]): readonly Clash[] {
  const leaving = new Map<string, RowImages>();
  /** What stays, and the rows that keep it; none: it is part of something that stays. */
  const staying = new Map<string, { readonly image: RowImages; readonly by: readonly string[] }>();
  for (const image of inserted) {
    const current = findRow(work, image);
    if (current === null || image.after === null || FIRST_AISLES.has(image.id)) continue;
    const key = rowKey(image.table, image.id);
    if (isEdited(image.table, current, image.after)) staying.set(key, { image, by: [key] });
    else leaving.set(key, image);
  }
  const isPartOfStaying = (key: string): boolean =>
    [...staying.values()].some((other) => usersOf(work, other.image, true).includes(key));
  // What stays keeps what it is part of, and its own parts; each pass keeps at least one more or ends.
  for (let keptSome = true; keptSome;) {
    keptSome = false;
    for (const [key, image] of leaving) {
      const parts = usersOf(work, image, true);
      const links = KEPT_BY_LINKS.has(image.table) ? usersOf(work, image, false) : [];
      const by = [...parts, ...links].filter((user) => !leaving.has(user));
      const isPart = isPartOfStaying(key);
      if (by.length === 0 && !isPart) continue;
      leaving.delete(key);
      staying.set(key, { image, by: isPart ? [] : by });
      keptSome = true;
    }
  }
  for (const image of leaving.values()) work.remove(image.table, image.id);
  return [...staying].flatMap(([key, { image, by }]) =>
    by.length > 0 && !STAYS_IN_USE.has(image.table) && !isPartOfStaying(key)
      ? [{ image, columns: [], by }]
      : [],
  );
}

/** Does the inverse of what the images show, as far as nobody wrote the same since. */
export function invert(work: Work, images: readonly RowImages[]): Inverted {
  const removed = images.filter(({ before, after }) => before !== null && after === null);
  const returning = new Set(removed.map(({ table, id }) => rowKey(table, id)));
  const homeless = removed.filter(
    (image) => image.before !== null && !bringBack(work, image, image.before, returning),
  );
  const clashes: Clash[] = [];
  for (const image of images) {
    if (image.before === null || image.after === null) continue;
    const columns = putBack(work, image, image.before, image.after, returning);
    if (columns.length > 0) clashes.push({ image, columns, by: [rowKey(image.table, image.id)] });
  }
  const kept = takeOut(
    work,
    images.filter(({ before }) => before === null),
  );
  return { clashes: [...clashes, ...kept], homeless };
}
