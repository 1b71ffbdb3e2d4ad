/**
 * Sides that lost: what a merge, an answer or a removal put aside is kept on this device for 30 days, so
 * that nothing typed is ever gone. `version.restore` brings one back as an ordinary act; it does the same with
 * what an act of this device replaced, of which the timeline has the images.
 */
import type { ActArgs, Sentence } from '../../shared/acts/acts.ts';
import { addDays } from '../../shared/domain/day.ts';
import type { LocalRow, LocalValue } from '../../shared/schema/row-codec.ts';
import type { RowImage, Sql } from '../engine/ports.ts';
import { columnsOf, imageText, isPeopleTable, readImage, readNames, titleOfRow } from './images.ts';
import { bytesColumn } from './local-tables.ts';
import { textOf, type NewRow, type PeopleTable, type Work } from './work.ts';

export const versionDaysMax = 30;

export interface LostVersion {
  readonly table: string;
  readonly id: string;
  readonly side: 'mine' | 'theirs';
  readonly reason: 'combined' | 'answered';
  /** None: the row as a whole. */
  readonly columns: readonly string[];
  /** The row first, then what went with it. */
  readonly rows: readonly RowImage[];
  readonly actId: string | null;
}

export function keepVersion(sql: Sql, version: LostVersion, nowIso: string): void {
  const [first] = version.rows;
  if (first === undefined) return;
  sql.run(
    `insert into versions (table_name, row_id, title, at, side, reason, columns, act_id)
     values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)`,
    [
      version.table,
      version.id,
      titleOfRow(first.row),
      nowIso,
      version.side,
      version.reason,
      JSON.stringify(version.columns),
      version.actId,
    ],
  );
  version.rows.forEach((image, ordinal) => {
    sql.run(
      `insert into version_rows (version_id, ordinal, table_name, row_id, image)
       values ((select max(id) from versions), ?1, ?2, ?3, ?4)`,
      [ordinal, image.table, image.id, imageText(image.table, image.row)],
    );
  });
}

export const oldestVersion = (nowIso: string): string =>
  `${addDays(nowIso.slice(0, 10), -versionDaysMax)}T00:00:00.000Z`;

export function tidyVersions(sql: Sql, nowIso: string): void {
  const oldest = [oldestVersion(nowIso)];
  sql.run(
    `delete from version_rows where version_id in (select id from versions where at < ?1)`,
    oldest,
  );
  sql.run(`delete from versions where at < ?1`, oldest);
  sql.run(`delete from combined_acts where at < ?1`, oldest);
  sql.run(
    `delete from choice_rows where choice_id in (
       select id from choices where state = 'answered' and at < ?1)`,
    oldest,
  );
  sql.run(`delete from choices where state = 'answered' and at < ?1`, oldest);
}

/** Links to rows that are gone are cleared; a row that cannot be without its link cannot be written. */
export function withLiveLinks(
  work: Work,
  table: PeopleTable,
  row: LocalRow,
  returning: ReadonlySet<string>,
): LocalRow | null {
  const live: Record<string, LocalValue> = { ...row };
  for (const [name, column] of columnsOf(table)) {
    const target = column.references?.table;
    const id = live[name];
    if (target === undefined || typeof id !== 'string' || !isPeopleTable(target)) continue;
    if (returning.has(`${target}/${id}`) || work.find(target, id) !== null) continue;
    if (!column.nullable) return null;
    live[name] = null;
  }
  return live;
}

/**
 * Writes rows that are to be here again, parents first: those that are gone are inserted, those that are
 * here get their columns (all that can be edited where none are named). Tells how many were written.
 */
export function writeBack(
  work: Work,
  images: readonly RowImage[],
  columnsOfRow: (table: string, id: string) => readonly string[],
): number {
  const returning = new Set(
    images
      .filter(({ table, id }) => isPeopleTable(table) && work.find(table, id) === null)
      .map(({ table, id }) => `${table}/${id}`),
  );
  let written = 0;
  for (const image of images) {
    const { table, id } = image;
    if (!isPeopleTable(table)) continue;
    const row = withLiveLinks(work, table, image.row, returning);
    if (row === null) continue;
    written += 1;
    if (returning.has(`${table}/${id}`)) {
      const stamp = 'edited_at' in row ? { edited_at: work.context.nowIso } : {};
      // The image was taken from this very table, so it has this table's columns.
      work.insert(table, { ...row, ...stamp } as unknown as NewRow<typeof table>);
      continue;
    }
    const columns = columnsOfRow(table, id);
    const names = columnsOf(table)
      .filter(([, column]) => column.merge !== 'fixed' && column.kind !== 'blob')
      .map(([name]) => name)
      .filter((name) => name !== 'edited_at' && (columns.length === 0 || columns.includes(name)));
    if (names.length === 0) continue;
    const patch = Object.fromEntries(names.map((name) => [name, row[name] ?? null]));
    work.update(table, id, patch);
  }
  return written;
}

function readVersionRows(sql: Sql, versionId: number): readonly RowImage[] {
  return sql
    .all(
      `select table_name, row_id, image from version_rows where version_id = ?1 order by ordinal`,
      [versionId],
    )
    .flatMap((row): RowImage[] => {
      const table = textOf(row['table_name']);
      const image = readImage(table, row['image']);
      return image === null ? [] : [{ table, id: textOf(row['row_id']), row: image }];
    });
}

interface Version {
  readonly at: string;
  readonly rows: readonly RowImage[];
  /** What is written of a row that is still here; none: all that can be edited. */
  readonly columnsOf: (table: string, id: string) => readonly string[];
}

function findLost(sql: Sql, versionId: number): Version | null {
  const [version] = sql.all('select columns, at from versions where id = ?1', [versionId]);
  if (version === undefined) return null;
  const columns = readNames(version['columns']);
  return {
    at: textOf(version['at']),
    rows: readVersionRows(sql, versionId),
    columnsOf: () => columns,
  };
}

/** A row, and of a recipe its parts, as they were before one act of this device. */
function findReplaced(sql: Sql, actId: string, id: string): Version | null {
  const [act] = sql.all('select at from acts where id = ?1', [actId]);
  if (act === undefined) return null;
  const changed = new Map<string, readonly string[]>();
  const rows = sql
    .all(
      `select table_name, row_id, before, after, bytes from act_rows
       where act_id = ?1 and before is not null and (row_id = ?2
         or (table_name glob 'recipe_*' and json_extract(before, '$.recipe_id') = ?2))
       order by row_id <> ?2, ordinal`,
      [actId, id],
    )
    .flatMap((row): RowImage[] => {
      const table = textOf(row['table_name']);
      const [before, after] = [readImage(table, row['before']), readImage(table, row['after'])];
      if (before === null || !isPeopleTable(table)) return [];
      const rowId = textOf(row['row_id']);
      const names = Object.keys(before).filter((name) => before[name] !== after?.[name]);
      changed.set(`${table}/${rowId}`, names);
      const bytes = bytesColumn(table);
      const image = bytes === null ? before : { ...before, [bytes]: row['bytes'] ?? null };
      return [{ table, id: rowId, row: image }];
    });
  return {
    at: textOf(act['at']),
    rows,
    columnsOf: (table, rowId) => changed.get(`${table}/${rowId}`) ?? [],
  };
}

export function versionRestore(work: Work, { versionId }: ActArgs['version.restore']): Sentence {
  const [kind, key = '', id = ''] = versionId.split(':');
  const version =
    kind === 'lost' ? findLost(work.sql, Number(key)) : findReplaced(work.sql, key, id);
  const [first] = version?.rows ?? [];
  if (version === null || first === undefined) {
    work.refuse({ type: 'gone', table: 'versions', id: versionId });
    return { key: 'version.restore', values: { title: '', day: '' } };
  }
  if (writeBack(work, version.rows, version.columnsOf) === 0)
    work.refuse({ type: 'gone', table: first.table, id: first.id });
  return {
    key: 'version.restore',
    values: { title: titleOfRow(first.row), day: version.at.slice(0, 10) },
  };
}
