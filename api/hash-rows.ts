import { createHash } from 'node:crypto';
import type { HashRows } from './sync/ports.ts';

/** SHA-256 over the canonical array `[row,row,…]`, fed row by row. */
export const hashRows: HashRows = (canonicalRows) => {
  const hash = createHash('sha256').update('[');
  canonicalRows.forEach((row, index) => {
    if (index > 0) hash.update(',');
    hash.update(row, 'utf8');
  });
  return hash.update(']').digest('hex');
};
