/**
 * What can happen only once and happened on two devices (a meal cooked twice): the act that came second is
 * withdrawn whole, in the transaction that found out, so that the pantry is counted once. The row itself is
 * settled by its conflict; the other rows of the act go back to what they were, as far as nobody wrote them
 * since. It stands in the timeline as an act of this device.
 */
import { assert } from '../../shared/assert.ts';
import type { RowConflict } from '../../shared/schema/resolve.ts';
import type { SettledConflict, Sql, SqlValue } from '../engine/ports.ts';
import { columnsOf, tableOf, titleOfRow } from './images.ts';
import { imagesOf, invert, type RowImages } from './invert.ts';
import { closeAct, openAct } from './timeline.ts';
import { createWork, textOf, type Work } from './work.ts';

/** A column that is set once, and the value that the newest act of this device gave it. */
export interface Setter {
  readonly actId: string;
  readonly value: SqlValue;
}

/** The newest act of this device that set a column of a row which was empty before. */
export function findSetter(sql: Sql, table: string, id: string, column: string): Setter | null {
  const [row] = sql.all(
    `select a.id, json_extract(r.after, '$.' || ?3) as value
     from act_rows r join acts a on a.id = r.act_id
     where r.table_name = ?1 and r.row_id = ?2 and a.direction = 'out' and a.state <> 'undone'
       and json_extract(r.before, '$.' || ?3) is null and json_extract(r.after, '$.' || ?3) is not null
     order by a.ordinal desc limit 1`,
    [table, id, column],
  );
  return row === undefined ? null : { actId: textOf(row['id']), value: row['value'] ?? null };
}

/** The act of this device that did what can be done once. */
function findOnce(sql: Sql, { conflict }: SettledConflict): string | null {
  for (const [name, column] of Object.entries(tableOf(conflict.table).columns)) {
    const setter = column.once === true ? findSetter(sql, conflict.table, conflict.id, name) : null;
    if (setter !== null) return setter.actId;
  }
  return null;
}

/** A removal of mine that is not settled yet can be taken back; one that they made as well stays made. */
function isStillMine(sql: Sql, image: RowImages): boolean {
  if (image.after !== null) return true;
  const pending = sql.all(
    `select 1 as one from _sync_dirty_rows
     where table_name = ?1 and key_json = json_object('id', ?2) and payload is null`,
    [image.table, image.id],
  );
  return pending.length > 0;
}

const numberOr0 = (value: unknown): number => (typeof value === 'number' ? value : 0);

/** Amounts that both changed: what they would be had this act not been, other uses of mine included. */
function withoutAct(work: Work, image: RowImages, { base, mine, theirs }: RowConflict): void {
  const { before, after } = image;
  const patch: Record<string, number> = {};
  for (const [name, column] of columnsOf(image.table)) {
    if (column.merge !== 'delta' || typeof theirs?.[name] !== 'number') continue;
    const [all, own] = [
      numberOr0(mine?.[name]) - numberOr0(base?.[name]),
      numberOr0(after?.[name]) - numberOr0(before?.[name]),
    ];
    if (own !== 0) patch[name] = Math.max(0, theirs[name] + all - own);
  }
  if (Object.keys(patch).length > 0) work.update(image.table, image.id, patch);
}

function withdraw(
  work: Work,
  actId: string,
  settled: SettledConflict,
  all: readonly SettledConflict[],
): void {
  const conflicts = new Map(
    all.map(({ conflict }) => [`${conflict.table}/${conflict.id}`, conflict]),
  );
  const untouched: RowImages[] = [];
  for (const image of imagesOf(work, actId)) {
    const conflict = conflicts.get(`${image.table}/${image.id}`);
    if (conflict === settled.conflict || !isStillMine(work.sql, image)) continue;
    if (conflict === undefined) untouched.push(image);
    // Theirs used it up: my smaller use, which kept the row, does not count.
    else if (conflict.theirs === null) work.remove(image.table, image.id);
    else if (conflict.mine !== null) withoutAct(work, image, conflict);
  }
  invert(work, untouched);
}

export function withdrawActs(
  sql: Sql,
  conflicts: readonly SettledConflict[],
  nowIso: string,
): void {
  for (const settled of conflicts) {
    if (!settled.resolution.isActWithdrawn) continue;
    const actId = findOnce(sql, settled);
    if (actId === null) continue;
    const context = {
      actId: `withdrawn:${actId}`,
      nowIso,
      newId: (): string => {
        assert(false, 'giving rows back makes none that are new');
      },
      accountId: null,
    };
    openAct(sql, context.actId);
    const work = createWork(sql, context);
    withdraw(work, actId, settled, conflicts);
    assert(work.refusal() === null, 'rows go back to values that they had');
    sql.run(`update acts set state = 'undone', undoable = 0 where id = ?1`, [actId]);
    const title = titleOfRow(settled.conflict.theirs);
    closeAct(sql, 'act.undo', { key: 'act.withdrawn', values: { title } }, context);
  }
}
