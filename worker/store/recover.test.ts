import { describe, expect, test } from 'vitest';
import { chainStart } from './file-format.ts';
import type { Owner } from './file-format.ts';
import { encodeRecord, FLAG_CLEAN_END, PAGE_SIZE_BYTES } from './format.ts';
import type { LogRecord, PageChange } from './format.ts';
import { buildImage, recover } from './recover.ts';
import type { NamedSegment } from './recover.ts';

const ID = new Uint8Array(16).fill(1);
const START = { seq: 0, crc: chainStart(ID) };

function next(
  before: { readonly seq: number; readonly crc: number },
  owner: Owner,
  fill: number,
  flags = 0,
): LogRecord {
  const page: PageChange = { type: 'full', bytes: new Uint8Array(PAGE_SIZE_BYTES).fill(fill) };
  const header = { ...owner, seq: before.seq + 1, previousCrc: before.crc, pageCount: 1, flags };
  return encodeRecord(header, new Map([[1, page]]));
}

const file = (...records: LogRecord[]): NamedSegment => ({
  name: `log of ${records.length}`,
  segment: { databaseId: ID, epoch: 1, nonce: 0, records, torn: false },
});

const open = (...segments: NamedSegment[]) => {
  const found = recover({ segments, bases: [], damagedUpToSeq: 0 }, { freshId: ID, knownId: null });
  return { seq: found.end.seq, fill: buildImage(found)[0], clean: found.clean, loss: found.loss };
};

describe('the choice of the end', () => {
  const old = { epoch: 1, nonce: 9 };
  const stalled = { epoch: 2, nonce: 9 };
  const newest = { epoch: 3, nonce: 1 };
  const shared = next(START, old, 1);

  test('[STORE-7] the best end wins, not the best next record', () => {
    // The stalled owner's next record beats the old owner's, whose branch the newest owner built on.
    const late = next(shared, old, 2);
    const onLate = next(late, newest, 3);
    const stale = next(shared, stalled, 4);
    expect(open(file(shared), file(late), file(stale), file(onLate))).toMatchObject({
      seq: 3,
      fill: 3,
    });
  });

  test('[STORE-7] a longer branch of a former owner loses to the higher epoch', () => {
    const late1 = next(shared, old, 2);
    const late2 = next(late1, old, 3);
    const successor = next(shared, newest, 4);
    expect(open(file(shared, late1, late2), file(successor))).toMatchObject({ seq: 2, fill: 4 });
  });

  test('[STORE-7] with equal epochs the higher seq decides, then the higher nonce', () => {
    const low = next(shared, { epoch: 2, nonce: 1 }, 2);
    const high = next(shared, { epoch: 2, nonce: 2 }, 3);
    expect(open(file(shared), file(low), file(high))).toMatchObject({ seq: 2, fill: 3 });
    const longer = next(low, { epoch: 2, nonce: 1 }, 4);
    expect(open(file(shared), file(low, longer), file(high))).toMatchObject({ seq: 3, fill: 4 });
  });

  test('[STORE-7] the order of files and repeated records change nothing', () => {
    const second = next(shared, old, 2);
    expect(open(file(second), file(shared, second), file(shared))).toMatchObject({
      seq: 2,
      fill: 2,
    });
  });
});

describe('loss', () => {
  const owner = { epoch: 1, nonce: 0 };
  const first = next(START, owner, 1);
  const second = next(first, owner, 2);
  const third = next(second, owner, 3);
  const end = next(third, owner, 4, FLAG_CLEAN_END);

  test('[STORE-8] records beyond a gap make loss certain', () => {
    expect(open(file(first), file(third))).toMatchObject({ seq: 1, loss: 'certain' });
    expect(open(file(third))).toMatchObject({ seq: 0, loss: 'certain' });
  });

  test('[STORE-8] an end without a clean-end record leaves loss possible, a clean end excludes it', () => {
    expect(open(file(first, second))).toMatchObject({ seq: 2, clean: false, loss: 'possible' });
    expect(open(file(first, second, third, end))).toMatchObject({ clean: true, loss: 'none' });
    expect(open()).toMatchObject({ seq: 0, clean: true, loss: 'none' });
  });
});
