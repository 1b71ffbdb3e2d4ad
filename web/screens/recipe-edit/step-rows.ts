/** Steps of the form as rows: pasted text cut into steps, and a row moved by one place. Pure. */
import { bullet } from './recipe-form.ts';

const stepNumber = /^(?:step\s*)?\d{1,2}\s*[.):]\s+/iu;

/** Pasted method text as steps: cut at empty lines, or at every line where there are none. */
export const splitSteps = (text: string): readonly string[] => {
  const tidy = text.replace(/\r\n?/gu, '\n').trim();
  const parts = /\n\s*\n/u.test(tidy) ? tidy.split(/\n\s*\n/u) : tidy.split('\n');
  return parts
    .map((part) => part.trim().replace(bullet, '').replace(stepNumber, '').trim())
    .filter((part) => part !== '');
};

/** Moves one row by one place; at the ends nothing happens. */
export const moveRow = <T>(rows: readonly T[], index: number, by: -1 | 1): readonly T[] => {
  const row = rows[index];
  const other = rows[index + by];
  if (row === undefined || other === undefined) return rows;
  return rows.map((candidate, at) => {
    if (at === index) return other;
    return at === index + by ? row : candidate;
  });
};
