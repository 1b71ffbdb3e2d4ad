/** Acts on shops and products: what one can buy, and where. */
import type { ActArgs, Sentence } from '../../shared/acts/acts.ts';
import { nameKey } from '../../shared/domain/name-key.ts';
import { createStore } from './names.ts';
import type { RowPatch, Work } from './work.ts';

export function storeAdd(work: Work, args: ActArgs['store.add']): Sentence {
  const key = nameKey(args.name);
  const same = work.sql.all('select 1 as one from stores where name_key = ?1 limit 1', [key]);
  if (same.length > 0) work.refuse({ type: 'invalid', field: 'name', reason: 'taken' });
  createStore(work, args.id, args.name, '');
  return { key: 'store.add', values: { title: args.name.trim() } };
}

/** Its aisles go with it; lines lose the shop and keep everything else. */
export function storeErase(work: Work, { id }: ActArgs['store.erase']): Sentence {
  const store = work.get('stores', id);
  const row = work.sql.all('select count(*) as aisles from aisles where store_id = ?1', [id])[0];
  work.remove('stores', id);
  return {
    key: 'store.erase',
    values: { title: store?.name ?? '', aisles: Number(row?.['aisles'] ?? 0) },
  };
}

export function productEdit(work: Work, args: ActArgs['product.edit']): Sentence {
  const product = work.get('products', args.id);
  const wanted = args.aisleId ?? null;
  const aisle = wanted === null ? null : work.get('aisles', wanted);
  const patch: RowPatch<'products'> = {
    ...(args.aisleId === undefined ? {} : { aisle_id: aisle?.id ?? null }),
    ...(args.staple === undefined ? {} : { staple: args.staple ? 1 : 0 }),
    ...(args.tracked === undefined ? {} : { tracked: args.tracked ? 1 : 0 }),
  };
  if (product !== null && Object.keys(patch).length > 0) work.update('products', args.id, patch);
  return {
    key: args.aisleId === undefined ? 'product.edit' : 'product.edit.aisle',
    values: { title: product?.name ?? '', aisle: aisle?.name ?? '' },
  };
}
