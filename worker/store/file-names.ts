/** Names of the files of the page log, as `file-format.ts` describes them. */
import { assert } from '../../shared/assert.ts';
import type { Owner } from './file-format.ts';

const SUFFIX = '.larder';
/** A file that holds nothing, to be given up when the disk is full (`reserve.ts`). */
const SPARE = 'spare';

export interface FileName extends Owner {
  readonly type: 'log' | 'base';
  readonly prefix: '' | 'bad' | 'keep';
  readonly firstSeq: number;
  readonly lastSeq: number;
}

function hex(value: number, digits: number): string {
  const text = value.toString(16).padStart(digits, '0');
  assert(Number.isSafeInteger(value) && value >= 0 && text.length === digits, 'fits its name');
  return text;
}

export const logName = (firstSeq: number, lastSeq: number, owner: Owner, attempt: number): string =>
  `log-${hex(firstSeq, 12)}-${hex(lastSeq, 12)}-${hex(owner.epoch, 8)}-${hex(owner.nonce, 8)}-${hex(attempt, 2)}${SUFFIX}`;

export const baseName = (seq: number, owner: Owner, attempt: number): string =>
  `base-${hex(seq, 12)}-${hex(owner.epoch, 8)}-${hex(owner.nonce, 8)}-${hex(attempt, 2)}${SUFFIX}`;

/** Names are used once, and this file comes and goes. */
export const spareName = ({ epoch, nonce }: Owner, attempt: number): string =>
  `${SPARE}-${hex(epoch, 8)}-${hex(nonce, 8)}-${attempt}`;

export const isSpareName = (name: string): boolean => name.startsWith(SPARE);

export const quarantineName = (name: string): string => `bad-${name}`;

/** `log-<first>-<last>-` and `base-<seq>-` before what both kinds of name end with. */
const LOG_NAME = /^log-[0-9a-f]{12}-[0-9a-f]{12}-[0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{2}\.larder$/;
const BASE_NAME = /^base-[0-9a-f]{12}-[0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{2}\.larder$/;

/** Null for a name that is not ours: such a file is left alone. */
export function parseFileName(name: string): FileName | null {
  const prefix = name.startsWith('bad-') ? 'bad' : name.startsWith('keep-') ? 'keep' : '';
  const rest = prefix === '' ? name : name.slice(prefix.length + 1);
  const number = (from: number, digits: number): number =>
    parseInt(rest.slice(from, from + digits), 16);
  if (LOG_NAME.test(rest)) {
    const [firstSeq, lastSeq] = [number(4, 12), number(17, 12)];
    return { type: 'log', prefix, firstSeq, lastSeq, epoch: number(30, 8), nonce: number(39, 8) };
  }
  if (!BASE_NAME.test(rest)) return null;
  const seq = number(5, 12);
  const [epoch, nonce] = [number(18, 8), number(27, 8)];
  return { type: 'base', prefix, firstSeq: seq, lastSeq: seq, epoch, nonce };
}
