/** Names of the files of the page log, as `file-format.ts` describes them. */
import { assert } from '../../shared/assert.ts';
import type { Owner } from './file-format.ts';

const SUFFIX = '.larder';
const NAME =
  /^(?<prefix>bad-|keep-)?(?:log-(?<first>[0-9a-f]{12})-(?<last>[0-9a-f]{12})|base-(?<seq>[0-9a-f]{12}))-(?<epoch>[0-9a-f]{8})-(?<nonce>[0-9a-f]{8})-(?<attempt>[0-9a-f]{2})\.larder$/;

/** A file that can be given up when the disk is full. */
export const SPARE_NAME = 'spare';

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

export const quarantineName = (name: string): string => `bad-${name}`;

/** Null for a name that is not ours: such a file is left alone. */
export function parseFileName(name: string): FileName | null {
  const groups = NAME.exec(name)?.groups;
  if (groups === undefined) return null;
  const { prefix, first, last, seq, epoch, nonce } = groups;
  const number = (text: string | undefined): number => parseInt(text ?? '0', 16);
  return {
    type: seq === undefined ? 'log' : 'base',
    prefix: prefix === 'bad-' ? 'bad' : prefix === 'keep-' ? 'keep' : '',
    firstSeq: number(seq ?? first),
    lastSeq: number(seq ?? last),
    epoch: number(epoch),
    nonce: number(nonce),
  };
}
