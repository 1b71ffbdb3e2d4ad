/**
 * Which dirty rows belong together (`protocol.md` §11.4): rows of one local transaction, an upsert and the
 * pending row it refers to that the server does not have, and the removal of a parent with the changes that
 * take its children away. A group is pushed whole or not at all.
 */
import { must } from '../../shared/assert.ts';
import type { LocalRow } from '../../shared/schema/row-codec.ts';
import type { DirtyRow } from './dirty-set.ts';

/** Disjoint sets over row indexes; the smaller index leads, so the result does not depend on the order. */
function createSets(count: number): {
  find(index: number): number;
  join(a: number, b: number): void;
} {
  const leaders = Array.from({ length: count }, (_, index) => index);
  const find = (index: number): number => {
    let leader = index;
    while (leaders[leader] !== leader) leader = must(leaders[leader], 'every row has a leader');
    let at = index;
    while (leaders[at] !== leader) {
      const next = must(leaders[at], 'every row has a leader');
      leaders[at] = leader;
      at = next;
    }
    return leader;
  };
  return {
    find,
    join(a, b) {
      const [first, second] = [find(a), find(b)].sort((x, y) => x - y);
      leaders[must(second, 'two leaders')] = must(first, 'two leaders');
    },
  };
}

/** Groups in the order of their earliest row. */
export function groupRows(rows: readonly DirtyRow[]): readonly (readonly DirtyRow[])[] {
  const sets = createSets(rows.length);
  const indexByRow = new Map(rows.map((row, index) => [`${row.table.name} ${row.id}`, index]));
  const indexByTx = new Map<number, number>();
  const joinParents = (row: DirtyRow, index: number, image: LocalRow | null): void => {
    for (const reference of row.table.references) {
      const parentId = image?.[reference.column];
      const parentIndex = indexByRow.get(`${reference.parent} ${String(parentId)}`);
      if (typeof parentId !== 'string' || parentIndex === undefined) continue;
      const parent = rows[parentIndex];
      if (parent !== undefined && (!parent.isLive || parent.payload === null))
        sets.join(index, parentIndex);
    }
  };
  rows.forEach((row, index) => {
    if (row.tx !== null) {
      const first = indexByTx.get(row.tx);
      if (first === undefined) indexByTx.set(row.tx, index);
      else sets.join(first, index);
    }
    joinParents(row, index, row.payload);
    joinParents(row, index, row.before);
  });
  const groups = new Map<number, DirtyRow[]>();
  rows.forEach((row, index) => {
    const leader = sets.find(index);
    const group = groups.get(leader);
    if (group === undefined) groups.set(leader, [row]);
    else group.push(row);
  });
  const firstOrdinal = (group: readonly DirtyRow[]): number =>
    Math.min(...group.map((row) => row.ordinal));
  return [...groups.values()].sort((a, b) => firstOrdinal(a) - firstOrdinal(b));
}
