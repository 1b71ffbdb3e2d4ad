/**
 * Which dirty rows belong together (`protocol.md` §11.4): rows of one local transaction, an upsert and the
 * pending row it refers to that the server does not have, and the removal of a parent with the changes that
 * take its children away. A group is pushed whole or not at all; only where it is larger than any bundle, it
 * goes act by act: what needs another act then comes after it, where it cannot come along.
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

type Rows = readonly DirtyRow[];

/** Every pair of pending rows of which one needs the other, by index: the needy one, then what it needs. */
function forEachNeed(rows: Rows, tell: (index: number, needed: number) => void): void {
  const indexByRow = new Map(rows.map((row, index) => [`${row.table.name} ${row.id}`, index]));
  const tellParents = (row: DirtyRow, index: number, image: LocalRow | null): void => {
    for (const reference of row.table.references) {
      const parentId = image?.[reference.column];
      const parentIndex = indexByRow.get(`${reference.parent} ${String(parentId)}`);
      if (typeof parentId !== 'string' || parentIndex === undefined) continue;
      const parent = rows[parentIndex];
      if (parent === undefined) continue;
      if (parent.payload === null) tell(parentIndex, index);
      else if (!parent.isLive) tell(index, parentIndex);
    }
  };
  rows.forEach((row, index) => {
    tellParents(row, index, row.payload);
    tellParents(row, index, row.before);
  });
}

const firstOrdinal = (rows: Rows): number =>
  rows.reduce((first, row) => Math.min(first, row.ordinal), Infinity);

/** Groups in the order of their earliest row. */
export function groupRows(rows: Rows): readonly Rows[] {
  const sets = createSets(rows.length);
  const indexByTx = new Map<number, number>();
  rows.forEach((row, index) => {
    if (row.tx === null) return;
    const first = indexByTx.get(row.tx);
    if (first === undefined) indexByTx.set(row.tx, index);
    else sets.join(first, index);
  });
  forEachNeed(rows, (index, needed) => sets.join(index, needed));
  const groups = new Map<number, DirtyRow[]>();
  rows.forEach((row, index) => {
    const leader = sets.find(index);
    const group = groups.get(leader);
    if (group === undefined) groups.set(leader, [row]);
    else group.push(row);
  });
  return [...groups.values()].sort((a, b) => firstOrdinal(a) - firstOrdinal(b));
}

/** The rows of one local transaction, and the other ones that cannot come after it. */
export interface DirtyAct {
  readonly rows: DirtyRow[];
  readonly needs: Set<DirtyAct>;
}

/** A group taken apart into what was done in one step each, in order. */
export function actsOf(group: Rows): readonly DirtyAct[] {
  const acts: DirtyAct[] = [];
  const byTx = new Map<number, DirtyAct>();
  const actByIndex = group.map((row) => {
    const act = (row.tx === null ? undefined : byTx.get(row.tx)) ?? { rows: [], needs: new Set() };
    if (act.rows.length === 0) acts.push(act);
    if (row.tx !== null) byTx.set(row.tx, act);
    act.rows.push(row);
    return act;
  });
  forEachNeed(group, (index, needed) => {
    const [act, other] = [actByIndex[index], actByIndex[needed]];
    if (act !== undefined && other !== undefined && act !== other) act.needs.add(other);
  });
  return acts.sort((a, b) => firstOrdinal(a.rows) - firstOrdinal(b.rows));
}

/** An act and whatever it needs, however far away, without what was taken before. */
export function withNeeds(act: DirtyAct, taken: ReadonlySet<DirtyAct>): readonly DirtyAct[] {
  if (taken.has(act)) return [];
  // A set that grows while it is walked: everything that is added is visited as well.
  const found = new Set([act]);
  for (const { needs } of found)
    for (const needed of needs) if (!taken.has(needed)) found.add(needed);
  return [...found];
}
