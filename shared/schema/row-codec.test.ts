/** What a row survives on its way between SQLite, the wire and the device's own JSON. */
import { describe, expect, test } from 'vitest';
import * as fc from 'fast-check';
import { createSqljsSql, loadSqlJs } from '../../test/sim/sqljs.ts';
import { createCatalog, getTable, rowFromLocalJson } from '../../worker/engine/catalog.ts';
import {
  areRowsEqual,
  rowFromWire,
  rowToLocalJson,
  rowToWire,
  valueByRules,
  valueFromWire,
} from './row-codec.ts';
import type { LocalRow } from './row-codec.ts';
import { rowJson } from './sqlite-triggers.ts';
import type { Schema, Table } from './types.ts';

const table: Table = {
  columns: {
    id: { kind: 'key', nullable: false, merge: 'fixed', max: 40 },
    name: { kind: 'text', nullable: true, merge: 'newest', max: 400 },
    at: { kind: 'instant', nullable: true, merge: 'newest' },
    day: { kind: 'day', nullable: true, merge: 'newest' },
    large: { kind: 'milli', nullable: true, merge: 'newest' },
    small: { kind: 'count', nullable: true, merge: 'newest', max: 99 },
    on: { kind: 'flag', nullable: true, merge: 'newest' },
    bytes: { kind: 'blob', nullable: true, merge: 'newest', max: 99 },
    place: { kind: 'order', nullable: true, merge: 'last' },
  },
  key: 'id',
  serverWritten: false,
  serverUnique: [],
  indexes: [],
};
const schema: Schema = { name: 'test', version: 1, tables: { things: table } };
const catalog = createCatalog(schema);

const empty: LocalRow = {
  id: 'k1',
  name: null,
  at: null,
  day: null,
  large: null,
  small: null,
  on: null,
  bytes: null,
  place: null,
};
const wireOf = (row: LocalRow): Record<string, unknown> => {
  const wire = rowToWire('things', table, row);
  if (!wire.ok) throw new Error(wire.error.reason);
  return { ...wire.value };
};
const reasonOf = (change: Record<string, unknown>): string | null => {
  const row = rowFromWire('things', table, { ...wireOf(empty), ...change });
  return row.ok ? null : row.error.reason;
};

const anyRow: fc.Arbitrary<LocalRow> = fc.record({
  id: fc.constant('k1'),
  name: fc.option(
    fc.string({ unit: 'grapheme' }).map((text) => text.replaceAll('\u0000', '')),
    { nil: null },
  ),
  at: fc.option(
    fc
      .date({ min: new Date(0), max: new Date(4e12), noInvalidDate: true })
      .map((date) => date.toISOString()),
    { nil: null },
  ),
  day: fc.constantFrom(null, '2024-02-29', '2026-12-31'),
  large: fc.option(
    fc
      .bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
      .map((value) => (Number.isSafeInteger(Number(value)) ? Number(value) : value)),
    { nil: null },
  ),
  small: fc.option(fc.integer({ min: 0, max: 99 }), { nil: null }),
  on: fc.constantFrom(null, 0, 1),
  bytes: fc.option(fc.uint8Array({ maxLength: 40 }), { nil: null }),
  place: fc.constantFrom(null, 'a0', 'zz'),
});

describe('a row on the wire', () => {
  test('[SCHEMA-61] every local row survives the wire and the local JSON exactly', () => {
    const law = () => {
      fc.assert(
        fc.property(anyRow, (row) => {
          const wire: unknown = JSON.parse(JSON.stringify(wireOf(row)));
          const back = rowFromWire('things', table, wire as Record<string, unknown>);
          return back.ok && areRowsEqual(table, back.value, row);
        }),
        { numRuns: 300 },
      );
    };
    expect(law).not.toThrow();
  });

  test('[SCHEMA-61] integers beyond 2^53 travel as digits and come back exact', () => {
    const row = { ...empty, large: 9_007_199_254_740_993n };
    expect(wireOf(row)['large']).toBe('9007199254740993');
    const back = rowFromWire('things', table, wireOf(row));
    expect(back.ok && back.value['large']).toBe(9_007_199_254_740_993n);
  });

  test('[SCHEMA-62] other spellings of a UTC instant become ours, everything else is refused', () => {
    const at = (text: string): unknown => {
      const row = rowFromWire('things', table, { ...wireOf(empty), at: text });
      return row.ok ? row.value['at'] : row.error.reason;
    };
    expect(at('2026-11-22T14:02:31+00:00')).toBe('2026-11-22T14:02:31.000Z');
    expect(at('2026-11-22T14:02:31.5Z')).toBe('2026-11-22T14:02:31.500Z');
    for (const bad of [
      '2026-11-22T14:02:31+01:00',
      '2026-11-22 14:02:31',
      '2026-02-29T00:00:00Z',
      '2026-11-22T24:00:00Z',
      '2026-11-22T14:02:31.0001Z',
      'yesterday',
      '',
    ])
      expect([bad, at(bad)]).toEqual([bad, 'malformed']);
  });

  test('[SCHEMA-63] a value without its one canonical spelling is refused with its category', () => {
    expect(reasonOf({ large: 12 })).toBe('legacy_json_number');
    expect(reasonOf({ large: '-0' })).toBe('negative_zero');
    expect(reasonOf({ large: '+1' })).toBe('leading_plus');
    expect(reasonOf({ large: '01' })).toBe('leading_zero');
    expect(reasonOf({ large: '1.0' })).toBe('fraction');
    expect(reasonOf({ large: '9223372036854775808' })).toBe('out_of_range');
    expect(reasonOf({ on: 'yes' })).toBe('invalid_boolean_bridge');
    expect(reasonOf({ on: '1' })).toBeNull();
    expect(reasonOf({ bytes: 'AB==' })).toBe('noncanonical');
    expect(reasonOf({ bytes: '' })).toBeNull();
    expect(reasonOf({ name: 'a\u0000b' })).toBe('invalid_text');
    expect(reasonOf({ name: '\ud800' })).toBe('invalid_text');
    expect(reasonOf({ id: null })).toBe('null');
  });

  test('[SCHEMA-63] a payload has exactly the columns of its table', () => {
    const { name: _name, ...short } = wireOf(empty);
    const missing = rowFromWire('things', table, short);
    expect(!missing.ok && missing.error.reason).toContain('must contain every table column');
    expect(reasonOf({ extra: '1' })).toBe('unknown column');
    expect(reasonOf({ NAME: 'x' })).toBe('named twice');
  });
});

describe('the local JSON of a row', () => {
  test('[SCHEMA-61] SQLite and the engine write the same JSON, and read it back exactly', async () => {
    const sqlJs = await loadSqlJs();
    const sql = createSqljsSql(new sqlJs.Database(), () => undefined);
    sql.script(
      'create table things (id text, name text, at text, day text, large integer, small integer, "on" integer, bytes blob, place text) strict',
    );
    const law = () => {
      fc.assert(
        fc.property(anyRow, (row) => {
          sql.run('delete from things');
          sql.run(
            'insert into things values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)',
            Object.keys(table.columns).map((name) => row[name] ?? null),
          );
          const [written] = sql.all(`select ${rowJson(table, 'things')} as json from things`);
          const things = getTable(catalog, 'things');
          const json = String(written?.['json']);
          const own = rowToLocalJson(table, row);
          return (
            areRowsEqual(table, rowFromLocalJson(sql, things, json), row) &&
            areRowsEqual(table, rowFromLocalJson(sql, things, own), row)
          );
        }),
        { numRuns: 150 },
      );
    };
    expect(law).not.toThrow();
    sql.free();
  });
});

const twoDigits = fc.integer({ min: 0, max: 99 }).map((value) => String(value).padStart(2, '0'));

/** Mostly instants that are nearly right: every field may be out of its range, and the ends may differ. */
const nearlyInstant = fc
  .tuple(
    fc.constantFrom('0000', '0001', '1999', '2024', '2026', '9999', '20a4'),
    fc.constantFrom('-', '/'),
    fc.oneof(fc.constantFrom('02', '04', '12', '00', '13'), twoDigits),
    fc.oneof(fc.constantFrom('28', '29', '30', '31', '00'), twoDigits),
    fc.constantFrom('T', ' ', 't'),
    fc.array(twoDigits, { minLength: 3, maxLength: 3 }).map((parts) => parts.join(':')),
    fc.constantFrom('', '.5', '.000', '.123', '.1234', '.12x'),
    fc.constantFrom('Z', '+00:00', '+02:00', '', 'z'),
  )
  .map(([year, dash, month, day, separator, time, fraction, zone]) =>
    [year, dash, month, dash, day, separator, time, fraction, zone].join(''),
  );

test('[SCHEMA-220] the short way to read a value says what the rules say, for every spelling', () => {
  const number = fc.oneof(
    fc.bigInt({ min: -(2n ** 65n), max: 2n ** 65n }).map(String),
    fc.integer().map(String),
    fc.constantFrom('-0', '00', '+1', '1.0', '1e3', '', ' 1', '1 ', '999999999', '1000000000'),
  );
  const anything = fc.oneof(nearlyInstant, number, fc.string(), fc.boolean(), fc.integer());
  const column = fc.constantFrom(...Object.values(table.columns));
  fc.assert(
    fc.property(column, anything, (one, value) => {
      expect(valueFromWire(one, value)).toEqual(valueByRules(one, value));
    }),
    { numRuns: 5000 },
  );
});
