import { expect, test } from 'vitest';
import * as fc from 'fast-check';
import {
  base64Decode,
  base64Encode,
  hexDecode,
  hexEncode,
  isWellFormed,
  utf8Encode,
  utf8Length,
} from './bytes.ts';

test('[SCHEMA-1] UTF-8 of any well-formed text equals the platform encoder', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect([...utf8Encode(text)]).toEqual([...new TextEncoder().encode(text)]);
      expect(utf8Length(text)).toBe(utf8Encode(text).length);
    }),
  );
});

test('[SCHEMA-1] a lone surrogate is found', () => {
  expect(isWellFormed('a\ud800')).toBe(false);
  expect(isWellFormed('\udc00a')).toBe(false);
  expect(isWellFormed('😀')).toBe(true);
});

test('[SCHEMA-1] base64 and hex read back exactly what they wrote', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 70 }), (bytes) => {
      expect(base64Encode(bytes)).toBe(Buffer.from(bytes).toString('base64'));
      expect(base64Decode(base64Encode(bytes))).toEqual(bytes);
      expect(hexDecode(hexEncode(bytes))).toEqual(bytes);
    }),
  );
});

test.each(['A', 'AA', 'AAA', 'AB==', 'AAB=', 'AA=A', '====', 'A===', 'AA\n=', 'A-__', 'AAAA===='])(
  '[SCHEMA-1] base64 that would not encode to itself is refused: %j',
  (text) => {
    expect(base64Decode(text)).toBeNull();
  },
);
