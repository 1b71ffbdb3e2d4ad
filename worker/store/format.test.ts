import { array, assert, boolean, nat, property, tuple, uint8Array } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { crc32c } from './crc32c.ts';
import {
  allocateBase,
  chainStart,
  decodeBase,
  decodeSegment,
  encodeSegment,
  sealBase,
} from './file-format.ts';
import { baseName, logName, parseFileName } from './file-names.ts';
import { applyRecord, encodeRecord, fitsAfter, PAGE_SIZE_BYTES } from './format.ts';
import type { LogRecord, PageChange } from './format.ts';
import { diffPage } from './page-diff.ts';

const ID = Uint8Array.from({ length: 16 }, (_, index) => index);
const OWNER = { epoch: 3, nonce: 0xcafe };
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

const tinyRecord = (seq: number, previousCrc: number): LogRecord =>
  encodeRecord(
    { ...OWNER, seq, previousCrc, pageCount: 2, flags: 0 },
    new Map<number, PageChange>([
      [1, { type: 'ranges', ranges: [{ offset: 24, bytes: Uint8Array.of(1, 2, 3) }] }],
      [2, { type: 'zeros' }],
    ]),
  );

describe('bytes', () => {
  test('[STORE-5] CRC-32C has its published check value', () => {
    expect(crc32c(new TextEncoder().encode('123456789'))).toBe(0xe3069283);
  });

  test('[STORE-5] a record and a segment keep their bytes', () => {
    const record = tinyRecord(7, 0x01020304);
    expect(hex(record.bytes)).toBe(
      [
        '4c524543', // LREC
        '47000000', // length 71
        '0700000000000000', // seq
        '03000000feca0000', // epoch, nonce
        '04030201', // CRC before
        '00100000', // page size
        '02000000', // page count
        '02000000', // entries
        '00000000', // flags
        '0100000001000100', // page 1, ranges, one
        '18000200010203', // offset 24, three bytes
        '0200000002000000', // page 2, zeros
        GOLDEN_RECORD_CRC,
      ].join(''),
    );
    const segment = encodeSegment(ID, OWNER, [record]);
    expect(hex(segment.subarray(0, 64))).toBe(
      [
        '4c415244524c4f47', // LARDRLOG
        '01004000', // version, header length
        '87000000', // length 135
        '000102030405060708090a0b0c0d0e0f', // database id
        '0700000000000000',
        '0700000000000000',
        '03000000feca0000',
        '01000000',
        GOLDEN_SEGMENT_CRC,
      ].join(''),
    );
  });

  test('[STORE-5] a base keeps its header and is used in place', () => {
    const buffer = allocateBase(1);
    buffer.image.fill(9);
    const chain = sealBase(buffer, {
      ...OWNER,
      databaseId: ID,
      seq: 5,
      chain: null,
      pageCount: 1,
      schemaVersion: 2,
      oldestWriterVersion: 1,
    });
    expect(hex(buffer.bytes.subarray(0, 84))).toBe(
      [
        '4c41524452424153', // LARDRBAS
        '01000100', // version, carries its transaction
        '00100000', // pages begin at 4096
        '000102030405060708090a0b0c0d0e0f',
        '0500000000000000',
        '03000000feca0000',
        GOLDEN_BASE_TAIL,
      ].join(''),
    );
    const decoded = decodeBase(buffer.bytes);
    expect(decoded).toMatchObject({ seq: 5, chain, pageCount: 1, carriesTransaction: true });
  });

  test('[STORE-5] names carry what they say and nothing else is ours', () => {
    const log = logName(1, 0xabc, OWNER, 2);
    expect(log).toBe('log-000000000001-000000000abc-00000003-0000cafe-02.larder');
    expect(parseFileName(log)).toEqual({
      ...OWNER,
      type: 'log',
      prefix: '',
      firstSeq: 1,
      lastSeq: 0xabc,
    });
    const base = `keep-${baseName(9, OWNER, 0)}`;
    expect(parseFileName(base)).toEqual({
      ...OWNER,
      type: 'base',
      prefix: 'keep',
      firstSeq: 9,
      lastSeq: 9,
    });
    expect(parseFileName('notes.txt')).toBeNull();
  });
});

describe('damage', () => {
  const first = tinyRecord(1, chainStart(ID));
  const segment = encodeSegment(ID, OWNER, [first, tinyRecord(2, first.crc)]);
  const whole = decodeSegment(segment);

  const wholeRecords =
    typeof whole === 'string' ? [] : whole.records.map(({ bytes }) => hex(bytes));

  /** Damage may cost records, from some point on; it never changes one. */
  function isPrefix(damaged: Uint8Array): boolean {
    const decoded = decodeSegment(damaged);
    if (typeof decoded === 'string') return decoded === 'damaged';
    const kept = decoded.records.map(({ bytes }) => hex(bytes));
    return decoded.torn && kept.every((record, index) => record === wholeRecords[index]);
  }

  test('[STORE-6] every truncation of a segment leaves a prefix of its records', () => {
    expect(wholeRecords).toHaveLength(2);
    for (let length = 0; length < segment.length; length++) {
      expect(isPrefix(segment.slice(0, length))).toBe(true);
    }
  });

  test('[STORE-6] every flipped bit of a segment costs records and changes none', () => {
    for (let bit = 0; bit < segment.length * 8; bit++) {
      const damaged = segment.slice();
      damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(isPrefix(damaged)).toBe(true);
    }
  });

  test('[STORE-6] a base with any byte of header, table or page changed is no base', () => {
    const buffer = allocateBase(2);
    buffer.image.fill(5);
    sealBase(buffer, {
      ...OWNER,
      databaseId: ID,
      seq: 5,
      chain: 1,
      pageCount: 2,
      schemaVersion: 0,
      oldestWriterVersion: 0,
    });
    const { bytes } = buffer;
    const places = [...Array.from({ length: 84 }, (_, index) => index), 4096, 8191, 12_287];
    for (const place of places) {
      const damaged = bytes.slice();
      damaged[place] = (damaged[place] ?? 0) ^ 0x10;
      expect(decodeBase(damaged), `byte ${place}`).toBe('damaged');
    }
    for (const length of [0, 75, 4095, 4096, 12_287]) {
      expect(decodeBase(bytes.slice(0, length))).toBe('damaged');
    }
  });

  test('[STORE-6] a record that leaves a page undefined does not fit', () => {
    const header = { ...OWNER, seq: 1, previousCrc: 0, flags: 0 };
    const zeros = new Map<number, PageChange>([[1, { type: 'zeros' }]]);
    expect(fitsAfter(0, encodeRecord({ ...header, pageCount: 1 }, zeros))).toBe(true);
    expect(fitsAfter(0, encodeRecord({ ...header, pageCount: 2 }, zeros))).toBe(false);
    const ranges: PageChange = { type: 'ranges', ranges: [{ offset: 0, bytes: Uint8Array.of(1) }] };
    const record = encodeRecord({ ...header, pageCount: 1 }, new Map([[1, ranges]]));
    expect(fitsAfter(1, record)).toBe(true);
    expect(fitsAfter(0, record)).toBe(false);
  });
});

describe('round trips', () => {
  const edits = array(
    tuple(nat(PAGE_SIZE_BYTES - 1), uint8Array({ minLength: 1, maxLength: 600 })),
    { maxLength: 12 },
  );

  test('[STORE-5] a difference, encoded, decoded and applied, gives the page back', () => {
    assert(
      property(edits, edits, boolean(), (old, next, isNew) => {
        const before = paint(new Uint8Array(PAGE_SIZE_BYTES), old);
        const after = paint(before.slice(), next);
        const change = diffPage(isNew ? null : before, after);
        const changes = new Map(change === null ? [] : [[1, change] as const]);
        const record = encodeRecord(
          { ...OWNER, seq: 1, previousCrc: chainStart(ID), pageCount: 1, flags: 0 },
          changes,
        );
        const decoded = decodeSegment(encodeSegment(ID, OWNER, [record]));
        if (typeof decoded === 'string') throw new Error(decoded);
        const image = isNew ? new Uint8Array(PAGE_SIZE_BYTES).fill(0xee) : before.slice();
        for (const found of decoded.records) applyRecord(image, found);
        expect(hex(image)).toBe(hex(after));
      }),
      { numRuns: 200 },
    );
  });
});

function paint(page: Uint8Array, strokes: readonly (readonly [number, Uint8Array])[]): Uint8Array {
  for (const [offset, bytes] of strokes) page.set(bytes.subarray(0, page.length - offset), offset);
  return page;
}

/** Written down once from the first implementation that passed the checks above. */
const GOLDEN_RECORD_CRC = '32f59787';
const GOLDEN_SEGMENT_CRC = '894c1e3b';
const GOLDEN_BASE_TAIL = '899b72e2001000000100000002000000010000000001000001000000e90a788930f64d83';
