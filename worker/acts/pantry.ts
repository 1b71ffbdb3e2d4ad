/** Acts on the pantry: one row is one batch of something, in one place. */
import type { ActArgs, Sentence } from '../../shared/acts/acts.ts';
import { checkCount, entriesMax, idsMax } from './list.ts';
import { productFor } from './names.ts';
import type { RowPatch, Work } from './work.ts';

export function pantryAdd(work: Work, args: ActArgs['pantry.add']): Sentence {
  checkCount(work, 'entries', args.entries.length, entriesMax);
  const titles: string[] = [];
  for (const [index, entry] of args.entries.slice(0, entriesMax).entries()) {
    const at = `entries.${index}.`;
    const product = productFor(work, entry.title, entry.unit, at);
    titles.push(product.title);
    work.insert(
      'pantry_items',
      {
        id: work.context.newId(),
        product_id: product.id,
        title: product.title,
        quantity_milli: entry.quantityMilli,
        unit: entry.unit,
        place: args.place,
        note: entry.note,
      },
      at,
    );
  }
  const values = { title: titles[0] ?? '', count: titles.length, place: args.place };
  return { key: 'pantry.add', values: { ...values, more: Math.max(0, titles.length - 1) } };
}

export function pantryEdit(work: Work, args: ActArgs['pantry.edit']): Sentence {
  const batch = work.get('pantry_items', args.id);
  const patch: RowPatch<'pantry_items'> = {
    ...(args.quantityMilli === undefined ? {} : { quantity_milli: args.quantityMilli }),
    ...(args.expiresOn === undefined ? {} : { expires_on: args.expiresOn }),
    ...(args.place === undefined ? {} : { place: args.place }),
  };
  if (batch !== null && Object.keys(patch).length > 0) {
    work.update('pantry_items', args.id, patch);
  }
  return { key: 'pantry.edit', values: { title: batch?.title ?? '' } };
}

export function pantryGone(work: Work, { ids }: ActArgs['pantry.gone']): Sentence {
  checkCount(work, 'ids', ids.length, idsMax);
  const batches = ids.slice(0, idsMax).flatMap((id) => work.find('pantry_items', id) ?? []);
  const first = ids[0];
  if (batches.length === 0 && first !== undefined) {
    work.refuse({ type: 'gone', table: 'pantry_items', id: first });
  }
  for (const batch of batches) work.remove('pantry_items', batch.id);
  return {
    key: 'pantry.gone',
    values: { title: batches[0]?.title ?? '', count: batches.length },
  };
}
