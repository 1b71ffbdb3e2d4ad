/** The value contract of protocol.md §3.1: what travels, and the category of everything else. */
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type WireType, checkWireValue } from './value-wire.ts';

const cases: readonly (readonly [WireType, unknown, string | null])[] = [
  ['int8', '9007199254740993', null],
  ['int8', '9223372036854775807', null],
  ['int8', '9223372036854775808', 'out_of_range'],
  ['int2', '32768', 'out_of_range'],
  ['int4', '-2147483648', null],
  ['int4', '', 'malformed'],
  ['int4', ' 1', 'malformed'],
  ['int4', '9'.repeat(100_000), 'out_of_range'],
  ['int4', true, 'malformed'],
  ['int4', 4, 'legacy_json_number'],
  ['int4', null, null],
  ['numeric', '0.10', null],
  ['numeric', '-0', 'negative_zero'],
  ['numeric', '1.25e3', null],
  ['float8', '0.1', null],
  ['float8', '1e21', 'noncanonical'],
  ['float8', '1e+21', null],
  ['float8', '1e999', 'out_of_range'],
  ['boolean', true, null],
  ['boolean', '0', null],
  ['boolean', 1, 'invalid_boolean_bridge'],
  ['bytea', '', null],
  ['bytea', 'AAE=', null],
  ['bytea', 'AAE', 'noncanonical'],
  ['uuid', '11111111-1111-4111-8111-11111111111a', null],
  ['uuid', '11111111-1111-4111-8111-11111111111A', 'noncanonical'],
  ['text', 'é😀', null],
  ['text', 'a\u0000', 'invalid_text'],
  ['text', '\ud800', 'invalid_text'],
  ['text', 7, 'malformed'],
  ['date', '2024-02-29', null],
  ['date', '2023-02-29', 'malformed'],
  ['date', 'today', 'malformed'],
  ['timestamptz', '2026-11-22T14:02:31.000Z', null],
  ['timestamptz', '2026-11-22T14:02:31+01:00', null],
  ['timestamptz', '2026-11-22T14:02:31', 'malformed'],
  ['timestamptz', '2026-11-22T25:02:31Z', 'malformed'],
  ['timestamptz', '2026-02-30T10:00:00Z', 'malformed'],
  ['timestamptz', 'yesterday', 'malformed'],
  ['timestamp', '2026-11-22T14:02:31.5', null],
  ['json', { a: [1, 'x'] }, null],
  ['json', { a: '\u0000' }, 'invalid_text'],
  ['array', ['a'], null],
  ['array', 'a', 'malformed'],
];

test.each(cases)('[SCHEMA-2] a %s of %j is refused as %s', (type, value, category) => {
  expect(checkWireValue(type, value)).toBe(category);
});

/** What Postgres keeps of these is in another year than the one that is written, and has no wire form. */
const leaving: readonly (readonly [WireType, string, string])[] = [
  ['timestamptz', 'timestamptz(3)', '9999-12-31T23:59:59.9999Z'],
  ['timestamptz', 'timestamptz(3)', '9999-12-31T23:59:59.9995Z'],
  ['timestamptz', 'timestamptz(0)', '9999-12-31 23:59:59.5Z'],
  ['timestamptz', 'timestamptz', '9999-12-31T23:59:59-15:59'],
  ['timestamptz', 'timestamptz', '9999-12-31T08:01:00-1559'],
  ['timestamptz', 'timestamptz', '0001-01-01T00:00:00+01:00'],
  ['timestamptz', 'timestamptz', '0001-01-01T00:59:59.999999+01:00'],
  ['timestamp', 'timestamp(3)', '9999-12-31T23:59:59.9999'],
];
test.each(leaving)(
  '[SCHEMA-400] a %s in a column of %s that leaves its years as %s is out of range',
  (type, sqlType, value) => {
    expect(checkWireValue(type, value, sqlType)).toBe('out_of_range');
  },
);

const staying: readonly (readonly [WireType, string, string])[] = [
  ['timestamptz', 'timestamptz(3)', '9999-12-31T23:59:59.999499Z'],
  ['timestamptz', 'timestamptz(3)', '9999-12-31T23:59:59.999Z'],
  ['timestamptz', 'timestamptz', '9999-12-31T23:59:59.999999Z'],
  ['timestamptz', 'timestamptz', '9999-12-31T23:59:59.999999+15:59'],
  ['timestamptz', 'timestamptz', '9999-12-31T08:00:59.999999-15:59'],
  ['timestamptz', 'timestamptz', '9999-12-30T23:59:59.9999-15:59'],
  ['timestamptz', 'timestamptz', '0001-01-01T00:00:00Z'],
  ['timestamptz', 'timestamptz', '0001-01-01T00:00:00-01:00'],
  ['timestamptz', 'timestamptz', '0001-01-01T01:00:00+01:00'],
  ['timestamptz', 'timestamptz', '0001-01-02T00:00:00+15:59'],
  ['timestamp', 'timestamp', '9999-12-31T23:59:59.999999'],
];
test.each(staying)(
  '[SCHEMA-400] a %s in a column of %s that stays in its years as %s may travel',
  (type, sqlType, value) => {
    expect(checkWireValue(type, value, sqlType)).toBeNull();
  },
);

const file = new URL(
  '../../../shared/vectors/canonical-json/jcs-uniform-numeric-strings.json',
  import.meta.url,
);

interface Accepted {
  readonly name: string;
  readonly uploaded_wire: unknown;
  readonly postgres_destination: string;
}

interface Refused {
  readonly name: string;
  readonly family: 'integer' | 'decimal' | 'float' | 'boolean';
  readonly input: unknown;
  readonly category: string;
}

const families = {
  integer: 'int8',
  decimal: 'numeric',
  float: 'float8',
  boolean: 'boolean',
} as const;

/** `numeric(30,9)` and `decimal(8,4)` are one wire type. */
const destinationType = (destination: string): WireType =>
  /^(numeric|decimal)/.test(destination) ? 'numeric' : (destination as WireType);

describe('public vectors', () => {
  test('[SCHEMA-2] every accepted and refused value of the public vectors is judged alike', () => {
    if (!existsSync(file)) {
      process.stdout.write('vectors missing: ../shared/vectors/canonical-json\n');
      return;
    }
    const document = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
    const accepted = ['integer_cases', 'decimal_cases', 'float_cases', 'boolean_cases'].flatMap(
      (name) => document[name] as Accepted[],
    );
    const refused = document['invalid_cases'] as Refused[];
    expect([accepted.length, refused.length]).toEqual([18, 25]);
    for (const one of accepted) {
      const type = destinationType(one.postgres_destination);
      expect([one.name, checkWireValue(type, one.uploaded_wire)]).toEqual([one.name, null]);
    }
    for (const one of refused) {
      expect([one.name, checkWireValue(families[one.family], one.input)]).toEqual([
        one.name,
        one.category,
      ]);
    }
  });
});
