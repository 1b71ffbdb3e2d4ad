/** Declarations that break a rule stop the start with a sentence; good ones become SQLite tables. */
import { describe, expect, test } from 'vitest';
import { createSqljsSql, loadSqlJs } from '../../test/sim/sqljs.ts';
import { instantOfMs, isDay, normalizeInstant } from './instant.ts';
import { sqliteTables } from './sqlite-ddl.ts';
import { kitchenSchema } from './tables.ts';
import type { Column, Schema, Table } from './types.ts';
import { schemaFaults, tableOrder } from './validate.ts';

const id: Column = { kind: 'id', nullable: false, merge: 'fixed' };
const tableOf = (columns: Readonly<Record<string, Column>>, more: Partial<Table> = {}): Table => ({
  columns,
  key: 'id',
  serverWritten: false,
  serverUnique: [],
  indexes: [],
  ...more,
});
const schemaOf = (tables: Readonly<Record<string, Table>>): Schema => ({
  name: 'test',
  version: 1,
  tables,
});

const text = (more: Partial<Column> = {}): Column => ({
  kind: 'text',
  nullable: true,
  merge: 'newest',
  max: 9,
  ...more,
});

const faulty: readonly [string, Schema, RegExp][] = [
  ['no tables', schemaOf({}), /no tables/],
  ['a bad table name', schemaOf({ 'No-Good': tableOf({ id }) }), /table name No-Good/],
  ['an engine name', schemaOf({ _sync_x: tableOf({ id }) }), /belongs to the engine/],
  ['no key', schemaOf({ a: tableOf({ name: text() }) }), /has no column id/],
  [
    'a nullable key',
    schemaOf({ a: tableOf({ id: { ...id, nullable: true } }) }),
    /must not be null/,
  ],
  [
    'a number as key',
    schemaOf({ a: tableOf({ id: { ...id, kind: 'milli' } }) }),
    /must be an id or a key/,
  ],
  [
    'a text without bound',
    schemaOf({ a: tableOf({ id, t: { kind: 'text', nullable: true, merge: 'newest' } }) }),
    /needs an upper bound/,
  ],
  [
    'bounds the wrong way round',
    schemaOf({ a: tableOf({ id, t: text({ min: 10 }) }) }),
    /wrong way round/,
  ],
  [
    'delta on a text',
    schemaOf({ a: tableOf({ id, t: text({ merge: 'delta' }) }) }),
    /merge by delta/,
  ],
  [
    'an unknown parent',
    schemaOf({
      a: tableOf({ id, b_id: { ...id, references: { table: 'b', onDelete: 'cascade' } } }),
    }),
    /not a synced table/,
  ],
  [
    'set null on not null',
    schemaOf({
      a: tableOf({ id, a_id: { ...id, references: { table: 'a', onDelete: 'set null' } } }),
    }),
    /cannot become null/,
  ],
  [
    'a group of two rules',
    schemaOf({
      a: tableOf({ id, s: text({ group: 'g' }), t: text({ group: 'g', merge: 'ask' }) }),
    }),
    /different rules/,
  ],
  [
    'an index on nothing',
    schemaOf({ a: tableOf({ id }, { indexes: [['x']] }) }),
    /unknown column x/,
  ],
  [
    'a server table with a reference',
    schemaOf({
      a: tableOf(
        {
          id,
          a_id: {
            ...id,
            nullable: true,
            merge: 'server',
            references: { table: 'a', onDelete: 'set null' },
          },
        },
        { serverWritten: true },
      ),
    }),
    /cannot refer to others/,
  ],
];

describe('declarations', () => {
  test('[SCHEMA-65] the kitchen has no fault and its parents come first', () => {
    expect(schemaFaults(kitchenSchema)).toEqual([]);
    const order = tableOrder(kitchenSchema);
    expect([...order].toSorted()).toEqual(Object.keys(kitchenSchema.tables).toSorted());
    expect(order.indexOf('stores')).toBeLessThan(order.indexOf('aisles'));
    expect(order.indexOf('recipes')).toBeLessThan(order.indexOf('recipe_steps'));
  });

  test.each(faulty)('[SCHEMA-65] %s is said in a sentence', (_name, schema, sentence) => {
    expect(schemaFaults(schema).join(' ')).toMatch(sentence);
  });
});

describe('the SQLite tables', () => {
  test('[SCHEMA-66] every bound of a declaration is a check, and references are deferred', async () => {
    const sqlJs = await loadSqlJs();
    const sql = createSqljsSql(new sqlJs.Database(), () => undefined);
    sql.script('pragma foreign_keys = on');
    for (const statement of sqliteTables(kitchenSchema)) sql.run(statement);
    const at = '2026-11-22T10:00:00.000Z';
    const recipe = '00000000-0000-7000-8000-000000000001';
    const photo = '00000000-0000-7000-8000-000000000002';
    const addRecipe = (change: Readonly<Record<string, string | number | null>>): void => {
      const row = {
        id: recipe,
        title: 'Soup',
        servings: 4,
        created_at: at,
        edited_at: at,
        ...change,
      };
      sql.run(
        `insert into recipes (${Object.keys(row).join(', ')}) values (${Object.keys(row)
          .map(() => '?')
          .join(', ')})`,
        Object.values(row),
      );
    };
    for (const bad of [
      { id: 'ABC' },
      { title: '' },
      { title: 'x'.repeat(161) },
      { servings: 0 },
      { servings: null },
      { servings: 'four' },
      { created_at: '2026-11-22' },
      { rating: 6 },
    ])
      expect(() => {
        addRecipe(bad);
      }).toThrow(/constraint|datatype|cannot store/i);
    sql.transaction(() => {
      addRecipe({ cover_photo_id: photo });
      sql.run(
        `insert into recipe_photos (id, recipe_id, mime, width, height, bytes, created_at)
         values (?1, ?2, 'image/webp', 1, 1, ?3, ?4)`,
        [photo, recipe, new Uint8Array([1]), at],
      );
    });
    sql.run('delete from recipes');
    expect(sql.all('select count(*) as rows from recipe_photos')).toEqual([{ rows: 0 }]);
    expect(() => {
      addRecipe({ cover_photo_id: photo });
    }).toThrow(/FOREIGN KEY/);
    sql.free();
  });
});

describe('times', () => {
  test('[SCHEMA-62] a clock reading becomes the same instant that a Date would print', () => {
    for (const ms of [0, 951_782_400_000, 1_750_000_000_123, 4_102_444_799_999, -1])
      expect(instantOfMs(ms)).toBe(new Date(ms).toISOString());
  });

  test('[SCHEMA-62] only real days and moments are taken', () => {
    expect(isDay('2024-02-29')).toBe(true);
    expect(isDay('2023-02-29')).toBe(false);
    expect(normalizeInstant('2026-11-22T14:02:31.123000+00:00')).toBe('2026-11-22T14:02:31.123Z');
    expect(normalizeInstant('2026-11-22T14:02:60Z')).toBeNull();
  });
});
