/**
 * Things known by name: products, shops, tags and the household's aisles. An act that names one finds it
 * by its key, or makes it. Two phones may still both make "Milk" offline; joining them is settled when
 * they meet, never by a unique index.
 */
import { lengthOf } from '../../shared/domain/characters.ts';
import { defaultAisles, guessAisle } from '../../shared/domain/aisle.ts';
import { capitalised, nameKey, singularKey, tidyName } from '../../shared/domain/name-key.ts';
import type { Row } from '../../shared/schema/tables.ts';
import { lastPosition, textOf, type Work } from './work.ts';

/** The instant that fixed rows carry, so that two devices which begin offline make equal rows. */
export const fixedInstant = '2026-01-01T00:00:00.000Z';

/** The longest name that makes a product by itself; a sentence stays free text. */
const PRODUCT_NAME_MAX = 60;
const DEFAULT_CURRENCY = 'EUR';

/** The first aisles of a household that has none; their ids are the same on every device. */
export function ensureAisles(work: Work): void {
  const some = work.sql.all('select 1 as one from aisles where store_id is null limit 1');
  if (some.length > 0) return;
  for (const { id, name, hue, position } of defaultAisles) {
    if (work.find('aisles', id) !== null) continue;
    work.insert('aisles', {
      id,
      name,
      hue,
      position,
      created_at: fixedInstant,
      edited_at: fixedInstant,
    });
  }
}

/** The oldest product of this name, also by its singular ("onion" finds "Onions"). */
export function findProduct(work: Work, name: string): Row<'products'> | null {
  const key = nameKey(name);
  const exact = work.sql.all('select id from products where name_key = ?1 order by id limit 1', [
    key,
  ])[0];
  if (exact !== undefined) return work.find('products', textOf(exact['id']));
  const single = singularKey(name);
  const plurals = [`${single}s`, `${single}es`, single.replace(/y$/u, 'ies')];
  const candidates = [...new Set([single, ...plurals])].filter((each) => each !== key);
  const found = work.sql.all(
    `select id from products where name_key in (${candidates.map((_, i) => `?${i + 1}`).join(', ')})
     order by id limit 1`,
    candidates,
  )[0];
  return found === undefined ? null : work.find('products', textOf(found['id']));
}

/** The product of this name, made where it is new and short enough to be one. */
export function productFor(
  work: Work,
  name: string,
  unit: string | null,
  at: string,
): { readonly id: string | null; readonly title: string } {
  const title = capitalised(tidyName(name));
  if (!work.check('list_items', 'title', title, at)) return { id: null, title };
  const found = findProduct(work, name);
  if (found !== null) return { id: found.id, title: found.name };
  if (lengthOf(title) > PRODUCT_NAME_MAX) return { id: null, title };
  ensureAisles(work);
  const guess = guessAisle(title);
  const aisle = guess === null ? null : work.find('aisles', guess.id);
  const id = work.context.newId();
  work.insert(
    'products',
    {
      id,
      name: title,
      name_key: nameKey(title),
      aisle_id: aisle?.id ?? null,
      unit: unit === null || lengthOf(unit) > 16 ? null : unit,
      tracked: 0,
    },
    at,
  );
  return { id, title };
}

/** A shop by name or by the beginning of its name ("@mart"); made where there is none. */
export function storeFor(work: Work, name: string, at: string): string {
  const key = nameKey(name);
  const stores = work.sql.all('select id, name_key from stores order by id');
  const exact = stores.find((row) => row['name_key'] === key);
  const begun = stores.filter((row) => textOf(row['name_key']).startsWith(key));
  const found = exact ?? (begun.length === 1 ? begun[0] : undefined);
  return found === undefined
    ? createStore(work, work.context.newId(), name, at)
    : textOf(found['id']);
}

export function createStore(work: Work, id: string, name: string, at: string): string {
  const title = capitalised(tidyName(name));
  work.insert(
    'stores',
    {
      id,
      name: title,
      name_key: nameKey(title),
      currency: currencyOfHousehold(work),
      position: work.between(lastPosition(work, 'stores'), null),
    },
    at,
  );
  return id;
}

/** A new shop takes the currency of the newest one. */
function currencyOfHousehold(work: Work): string {
  const row = work.sql.all('select currency from stores order by id desc limit 1')[0];
  return row === undefined ? DEFAULT_CURRENCY : textOf(row['currency']);
}

/** The tag of this name, made where it is new; its hue follows from its name. */
export function tagFor(work: Work, name: string, at: string): string {
  const key = nameKey(name);
  const found = work.sql.all('select id from tags where name_key = ?1 order by id limit 1', [key]);
  const id = found[0]?.['id'];
  if (id !== undefined) return textOf(id);
  const newId = work.context.newId();
  work.insert('tags', { id: newId, name: tidyName(name), name_key: key, hue: hueOf(key) }, at);
  return newId;
}

/** 0 … 11 from any text, always the same for the same text. */
export function hueOf(text: string): number {
  let hash = 0;
  for (const character of text) hash = (hash * 31 + (character.codePointAt(0) ?? 0)) % 1_000_003;
  return hash % 12;
}
