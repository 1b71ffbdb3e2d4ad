/**
 * Shopping trips: everything in the basket becomes bought, in one act, and some of it goes into the
 * pantry. A batch takes the id of its list line, so that two phones which finish the same trip offline
 * meet on one key instead of doubling the stock. The purchases themselves are written by the server.
 */
import type { ActArgs, Sentence } from '../../shared/acts/acts.ts';
import { pantryPlaceFor } from '../../shared/domain/aisle.ts';
import type { Row } from '../../shared/schema/tables.ts';
import { textOf, type Work } from './work.ts';

function linesWhere(work: Work, where: string, params: readonly string[]): Row<'list_items'>[] {
  return work.sql
    .all(`select id from list_items where ${where} order by position, id`, params)
    .flatMap((row) => work.find('list_items', textOf(row['id'])) ?? []);
}

export function tripFinish(work: Work, args: ActArgs['trip.finish']): Sentence {
  const { nowIso, newId } = work.context;
  const store = args.storeId === null ? null : work.get('stores', args.storeId);
  const basket = linesWhere(
    work,
    args.storeId === null
      ? 'checked_at is not null and finished_at is null'
      : 'checked_at is not null and finished_at is null and (store_id is null or store_id = ?1)',
    args.storeId === null ? [] : [args.storeId],
  );
  if (basket.length === 0) {
    work.refuse({ type: 'invalid', field: 'basket', reason: 'missing' });
  }
  const tripId = newId();
  const toPantry = new Set(args.pantryLineIds);
  for (const line of basket) {
    const bought = { finished_at: nowIso, trip_id: tripId };
    const here = line.store_id === null && store !== null ? { store_id: store.id } : {};
    work.update('list_items', line.id, { ...bought, ...here });
    if (toPantry.has(line.id) && work.find('pantry_items', line.id) === null) {
      work.insert('pantry_items', {
        id: line.id,
        product_id: line.product_id,
        title: line.title,
        quantity_milli: line.quantity_milli,
        unit: line.unit,
        place: pantryPlaceFor(line.title),
      });
    }
  }
  return {
    key: 'trip.finish',
    values: { store: store?.name ?? '', count: basket.length, tripId },
  };
}

/** Puts a finished trip back into the basket; batches it made are taken back with it. */
export function tripReopen(work: Work, { tripId }: ActArgs['trip.reopen']): Sentence {
  const lines = linesWhere(work, 'trip_id = ?1', [tripId]);
  if (lines.length === 0) work.refuse({ type: 'gone', table: 'list_items', id: tripId });
  for (const line of lines) {
    work.update('list_items', line.id, { finished_at: null, trip_id: null });
    if (work.find('pantry_items', line.id) !== null) work.remove('pantry_items', line.id);
  }
  const day = lines[0]?.finished_at?.slice(0, 10) ?? '';
  return { key: 'trip.reopen', values: { day, count: lines.length } };
}
