import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { canonicalJson } from '../shared/protocol/canonical-json.ts';
import { hashCanonicalRows } from '../shared/protocol/bundle-hash.ts';
import { hashRows } from './hash-rows.ts';

test('[OPS-260] the host’s hash of canonical rows is the portable one', () => {
  const row = fc.string({ unit: 'binary' }).map((text) => canonicalJson({ text }));
  fc.assert(
    fc.property(fc.array(row, { maxLength: 5 }), (rows) => {
      expect(hashRows(rows)).toBe(hashCanonicalRows(rows).hash);
    }),
  );
});
