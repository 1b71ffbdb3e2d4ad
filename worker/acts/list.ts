/**
 * Acts on the shopping list (`app.md` §4, §5.2). A line is open, in the basket (`checked_at`) or bought
 * (`finished_at`); acts here touch lines that are not bought. What must hold: adding what is in the
 * basket takes it out again instead of doubling it, and adding what is open, without an amount, adds
 * nothing.
 */
import type { ActArgs, ListEntry, PlannedLine, Sentence } from '../../shared/acts/acts.ts';
import { cutText } from '../../shared/domain/characters.ts';
import { nameKey } from '../../shared/domain/name-key.ts';
import { wordsOfLine } from '../../shared/domain/shopping.ts';
import { tables, type Row } from '../../shared/schema/tables.ts';
import { productFor, storeFor } from './names.ts';
import { lastPosition, textOf, type RowPatch, type Work } from './work.ts';

export const idsMax = 5000;
export const entriesMax = 500;
const noteMax = tables.list_items.columns.note.max;

/** Refuses a list of arguments that is empty or longer than anybody needs. */
export function checkCount(work: Work, field: string, count: number, max: number): boolean {
  if (count > max) work.refuse({ type: 'too-large', limit: field, max });
  else if (count === 0) work.refuse({ type: 'invalid', field, reason: 'missing' });
  else return true;
  return false;
}

/** Lines of the given ids that exist and are not bought yet, in the order given. */
function currentLines(work: Work, ids: readonly string[]): readonly Row<'list_items'>[] {
  if (!checkCount(work, 'ids', ids.length, idsMax)) return [];
  const lines = ids.flatMap((id) => work.find('list_items', id) ?? []);
  const first = ids[0];
  if (lines.length === 0 && first !== undefined) {
    work.refuse({ type: 'gone', table: 'list_items', id: first });
  }
  return lines.filter((line) => line.finished_at === null);
}

/** Counts things, not lines: a summed row of three lines is one thing. */
function titled(key: string, lines: readonly { readonly title: string }[]): Sentence {
  const count = new Set(lines.map((line) => line.title)).size;
  return { key, values: { title: lines[0]?.title ?? '', count, more: Math.max(0, count - 1) } };
}

interface SameThing {
  readonly open: Row<'list_items'> | null;
  readonly basket: Row<'list_items'> | null;
}

/** What the list already holds of a product (or a title) in the same shop. */
function findSame(
  work: Work,
  productId: string | null,
  title: string,
  storeId: string | null,
): SameThing {
  const rows = work.sql.all(
    productId === null
      ? `select id, title, product_id from list_items
         where finished_at is null and product_id is null order by id desc`
      : `select id, title, product_id from list_items
         where finished_at is null and product_id = ?1 order by id desc`,
    productId === null ? [] : [productId],
  );
  const key = nameKey(title);
  const lines = rows
    .filter((row) => productId !== null || nameKey(textOf(row['title'])) === key)
    .flatMap((row) => work.find('list_items', textOf(row['id'])) ?? [])
    .filter((line) => storeId === null || line.store_id === null || line.store_id === storeId);
  return {
    open: lines.find((line) => line.checked_at === null) ?? null,
    basket: lines.find((line) => line.checked_at !== null) ?? null,
  };
}

type Added = 'new' | 'back' | 'already';

function addEntry(work: Work, entry: ListEntry, index: number): readonly [Added, string] {
  const at = `entries.${index}.`;
  const product = productFor(work, entry.title, entry.unit, at);
  const storeId = entry.storeName === null ? null : storeFor(work, entry.storeName, at);
  const same = findSame(work, product.id, product.title, storeId);
  const amount = { quantity_milli: entry.quantityMilli, unit: entry.unit };
  if (same.basket !== null && same.open === null) {
    const patch: RowPatch<'list_items'> = {
      checked_at: null,
      later: 0,
      ...(entry.quantityMilli === null ? {} : amount),
      ...(entry.note === null ? {} : { note: entry.note }),
    };
    work.update('list_items', same.basket.id, patch, at);
    return ['back', product.title];
  }
  if (same.open !== null && entry.quantityMilli === null && entry.note === null) {
    // "Not this time" is taken back by asking for it again.
    if (same.open.later === 1) work.update('list_items', same.open.id, { later: 0 });
    return [same.open.later === 1 ? 'back' : 'already', product.title];
  }
  work.insert(
    'list_items',
    {
      id: work.context.newId(),
      product_id: product.id,
      title: product.title,
      ...amount,
      store_id: storeId,
      note: entry.note,
      added_by: work.context.accountId,
      position: work.between(lastPosition(work, 'list_items', 'finished_at is null'), null),
    },
    at,
  );
  return ['new', product.title];
}

export function listAdd(work: Work, { entries }: ActArgs['list.add']): Sentence {
  checkCount(work, 'entries', entries.length, entriesMax);
  const titles: Record<Added, string[]> = { new: [], back: [], already: [] };
  for (const [index, entry] of entries.slice(0, entriesMax).entries()) {
    const [added, title] = addEntry(work, entry, index);
    titles[added].push(title);
  }
  const key =
    titles.new.length > 0
      ? 'list.add'
      : titles.back.length > 0
        ? 'list.add.back'
        : 'list.add.already';
  const shown =
    titles.new.length > 0 ? titles.new : titles.back.length > 0 ? titles.back : titles.already;
  return {
    key,
    values: {
      title: shown[0] ?? '',
      count: shown.length,
      more: Math.max(0, shown.length - 1),
      back: titles.back.length,
      already: titles.already.length,
    },
  };
}

/** List lines from a plan sheet or a recipe; an absent product is found by name or made. */
export function insertPlannedLines(
  work: Work,
  lines: readonly PlannedLine[],
  planEntryId: string | null,
): void {
  let last = lastPosition(work, 'list_items', 'finished_at is null');
  for (const [index, line] of lines.entries()) {
    const at = `lines.${index}.`;
    const known = line.productId === null ? null : work.find('products', line.productId);
    const product =
      known === null
        ? productFor(work, line.title, line.unit, at)
        : { id: known.id, title: known.name };
    last = work.between(last, null);
    work.insert(
      'list_items',
      {
        id: work.context.newId(),
        product_id: product.id,
        title: product.title,
        quantity_milli: line.quantityMilli,
        unit: line.unit,
        plan_entry_id: planEntryId,
        added_by: work.context.accountId,
        position: last,
      },
      at,
    );
  }
}

export function listAddRecipe(work: Work, args: ActArgs['list.addRecipe']): Sentence {
  const recipe = work.get('recipes', args.recipeId);
  if (checkCount(work, 'lines', args.lines.length, entriesMax)) {
    insertPlannedLines(work, args.lines, null);
  }
  return {
    key: 'list.addRecipe',
    values: { title: recipe?.title ?? '', count: args.lines.length },
  };
}

export function listEdit(work: Work, args: ActArgs['list.edit']): Sentence {
  const line = work.get('list_items', args.id);
  if (line === null) return titled('list.edit', []);
  const patch: { -readonly [K in keyof RowPatch<'list_items'>]: RowPatch<'list_items'>[K] } = {};
  if (args.title !== undefined && args.title !== line.title) {
    const product = productFor(work, args.title, args.unit ?? line.unit, '');
    patch.title = product.id === null ? args.title : product.title;
    patch.product_id = product.id;
  }
  if (args.quantityMilli !== undefined) patch.quantity_milli = args.quantityMilli;
  if (args.unit !== undefined) patch.unit = args.unit;
  if (args.note !== undefined) patch.note = args.note;
  if (args.storeId !== undefined) patch.store_id = existing(work, 'stores', args.storeId);
  if (args.priceMinor !== undefined) patch.price_minor = args.priceMinor;
  if (Object.keys(patch).length > 0) work.update('list_items', args.id, patch);
  const values = {
    title: patch.title ?? line.title,
    quantityMilli: patch.quantity_milli ?? line.quantity_milli ?? 0,
    unit: patch.unit ?? line.unit ?? '',
  };
  const amount = patch.quantity_milli !== undefined || patch.unit !== undefined;
  return { key: amount ? 'list.edit.amount' : 'list.edit', values };
}

/** The id when its row is there; a shop or aisle that went meanwhile counts as none. */
export function existing(
  work: Work,
  table: 'stores' | 'aisles' | 'products',
  id: string | null,
): string | null {
  return id === null ? null : (work.find(table, id)?.id ?? null);
}

export function listTick(work: Work, { ids }: ActArgs['list.tick']): Sentence {
  const lines = currentLines(work, ids);
  for (const line of lines.filter((each) => each.checked_at === null)) {
    work.update('list_items', line.id, { checked_at: work.context.nowIso, later: 0 });
  }
  return titled('list.tick', lines);
}

export function listUntick(work: Work, { ids }: ActArgs['list.untick']): Sentence {
  const lines = currentLines(work, ids);
  for (const line of lines.filter((each) => each.checked_at !== null)) {
    work.update('list_items', line.id, { checked_at: null });
  }
  return titled('list.untick', lines);
}

export function listMove(work: Work, args: ActArgs['list.move']): Sentence {
  const lines = currentLines(work, args.ids);
  const aisle = args.aisleId === null ? null : work.get('aisles', args.aisleId);
  for (const line of lines) work.update('list_items', line.id, { aisle_id: aisle?.id ?? null });
  if (args.always) {
    // A product belongs to a household aisle; a shop's section stands for one.
    const home = aisle === null || aisle.store_id === null ? (aisle?.id ?? null) : aisle.parent_id;
    const products = new Set(lines.flatMap((line) => line.product_id ?? []));
    for (const id of products) work.update('products', id, { aisle_id: home });
  }
  const { values } = titled('list.move', lines);
  return { key: 'list.move', values: { ...values, aisle: aisle?.name ?? '' } };
}

export function listLater(work: Work, args: ActArgs['list.later']): Sentence {
  const lines = currentLines(work, args.ids);
  for (const line of lines) {
    const patch: RowPatch<'list_items'> = args.later
      ? { later: 1, checked_at: null }
      : { later: 0 };
    work.update('list_items', line.id, patch);
  }
  return titled(args.later ? 'list.later' : 'list.notLater', lines);
}

export function listRemove(work: Work, { ids }: ActArgs['list.remove']): Sentence {
  const lines = currentLines(work, ids);
  for (const line of lines) work.remove('list_items', line.id);
  return titled('list.remove', lines);
}

type Line = Row<'list_items'>;

/** Lines that nobody planned and that say exactly the same, the older first, as the mark counts them. */
function twinsOf(lines: readonly Line[]): readonly (readonly Line[])[] {
  const groups = new Map<string, Line[]>();
  for (const line of lines) {
    if (line.plan_entry_id !== null) continue;
    const words = wordsOfLine({ quantityMilli: line.quantity_milli, unit: line.unit });
    groups.set(words, [...(groups.get(words) ?? []), line]);
  }
  return [...groups.values()].filter((group) => group.length > 1);
}

/** All their notes one under the other, as far as they fit. */
function joinedNote(lines: readonly Line[]): string | null {
  const notes = [...new Set(lines.flatMap(({ note }) => note ?? []))];
  return notes.length === 0 ? null : cutText(notes.join('\n'), noteMax);
}

export function listKeepOne(work: Work, { ids }: ActArgs['list.keepOne']): Sentence {
  const lines = currentLines(work, ids);
  const twins = twinsOf(lines);
  for (const [kept, ...others] of twins) {
    if (kept === undefined) continue;
    const note = joinedNote([kept, ...others]);
    if (note !== kept.note) work.update('list_items', kept.id, { note });
    for (const line of others) work.remove('list_items', line.id);
  }
  return {
    key: 'list.keepOne',
    values: { title: lines[0]?.title ?? '', lines: twins.flat().length },
  };
}
