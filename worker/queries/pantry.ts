/** The pantry by what should be used first, then by name. */
import type { PantryRow } from '../../shared/queries.ts';
import type { Sql } from '../engine/ports.ts';
import { numberOrNull, textOf, textOrNull } from './rows.ts';

const placeOf = (place: string): PantryRow['place'] =>
  place === 'fridge' || place === 'freezer' ? place : 'cupboard';

export function pantryQuery(sql: Sql): readonly PantryRow[] {
  const rows = sql.all(
    `select id, title, quantity_milli, unit, place, expires_on, note from pantry_items
     order by expires_on is null, expires_on, lower(title), id`,
  );
  return rows.map((row) => ({
    id: textOf(row, 'id'),
    title: textOf(row, 'title'),
    quantityMilli: numberOrNull(row, 'quantity_milli'),
    unit: textOrNull(row, 'unit'),
    place: placeOf(textOf(row, 'place')),
    expiresOn: textOrNull(row, 'expires_on'),
    note: textOrNull(row, 'note'),
  }));
}
