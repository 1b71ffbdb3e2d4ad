/**
 * An amount between its two fields and the stored form. The amount field takes "3", "½", "1,5" and also
 * "3 l", which fills the unit as well; nothing is guessed: what is not an amount is an error in words.
 */
import { formatNumber } from '../../../shared/domain/format-amount.ts';
import { readAmount } from '../../../shared/domain/quantity.ts';
import { isMetric, readUnit } from '../../../shared/domain/unit.ts';

export interface Amount {
  readonly quantityMilli: number | null;
  readonly unit: string | null;
}

export function amountFromFields(amountText: string, unitText: string): Amount | null {
  const text = amountText.trim();
  const ownUnit = unitText.trim() === '' ? null : unitFromText(unitText.trim());
  if (text === '') return { quantityMilli: null, unit: ownUnit };
  const amount = readAmount(text);
  if (amount === null) return null;
  const rest = text.slice(amount.end).trim();
  if (rest === '') return { quantityMilli: amount.milli, unit: ownUnit };
  const unit = readUnit(rest);
  if (unit === null || rest.slice(unit.end).trim() !== '') return null;
  return { quantityMilli: amount.milli, unit: unit.unit };
}

/** A known unit by any of its names, else the words as they are: "crate" is a unit too. */
function unitFromText(text: string): string {
  const known = readUnit(text);
  return known !== null && known.end === text.length ? known.unit : text;
}

export function amountToText(quantityMilli: number | null, unit: string | null): string {
  if (quantityMilli === null) return '';
  return formatNumber(quantityMilli, unit === null || !isMetric(unit));
}
