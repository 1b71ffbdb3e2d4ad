/** The resolver over whole bundles, and the table of outcomes that every resolver is held to. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createResolver, isValidOutcome } from './resolve.ts';
import type { Outcome, Resolution, RowConflict } from './resolve.ts';
import type { LocalRow } from './row-codec.ts';
import { kitchenSchema, tables } from './tables.ts';

const AT = '2026-11-22T10:00:00.000Z';
const resolve = createResolver(kitchenSchema);

const tag = (change: object = {}): LocalRow => ({
  id: '0199',
  name: 'Quick',
  name_key: 'quick',
  hue: 1,
  created_at: AT,
  edited_at: AT,
  ...change,
});

const conflict = (change: Partial<RowConflict>): RowConflict => ({
  table: 'tags',
  id: '0199',
  localOp: 'UPDATE',
  base: tag(),
  mine: tag({ hue: 2 }),
  server: 'live',
  serverVersion: 7,
  theirs: tag({ hue: 3 }),
  ...change,
});

const first = (change: Partial<RowConflict>): Resolution | undefined =>
  resolve([conflict(change)])[0];

const accept: Outcome = { type: 'accept-server' };
const local: Outcome = { type: 'keep-local' };
const merged = (row: LocalRow): Outcome => ({ type: 'keep-merged', row });

/** `protocol.md` §11.10: op, server, and whether accept, keep local and keep merged are valid. */
const CELLS = [
  ['INSERT', 'nothing', true, false, false],
  ['INSERT', 'deleted', true, true, true],
  ['INSERT', 'live', true, true, true],
  ['UPDATE', 'nothing', true, false, false],
  ['UPDATE', 'deleted', true, false, false],
  ['UPDATE', 'live', true, true, true],
  ['DELETE', 'nothing', true, true, false],
  ['DELETE', 'deleted', true, true, false],
  ['DELETE', 'live', true, true, false],
] as const;

describe('which outcomes are valid', () => {
  test.each(CELLS)('[CONF-320] %s against a row that is %s', (localOp, server, ...valid) => {
    const cell = conflict({ localOp, server });
    expect(
      [accept, local, merged(tag({ hue: 5 }))].map((outcome) =>
        isValidOutcome(tables.tags, cell, outcome),
      ),
    ).toEqual(valid);
  });

  test('[CONF-320] a merged row has exactly the columns, the same key, and values that can be sent', () => {
    const { hue: _hue, ...partial } = tag();
    for (const row of [
      partial,
      tag({ colour: 'red' }),
      tag({ id: '0200' }),
      tag({ name: null }),
      tag({ name: 'half \ud800' }),
    ] as LocalRow[])
      expect(isValidOutcome(tables.tags, conflict({}), merged(row))).toBe(false);
  });
});

/** A row of the table with random values in its columns, so that rules of all kinds meet. */
function rowOf(table: keyof typeof tables): fc.Arbitrary<LocalRow> {
  const values = Object.entries<(typeof kitchenSchema.tables)[typeof table]['columns']>(
    tables[table].columns as never,
  ).map(([name, declared]) => {
    const column = declared as unknown as { readonly kind: string; readonly nullable: boolean };
    const value = ((): fc.Arbitrary<string | number> => {
      switch (column.kind) {
        case 'milli':
        case 'minor':
        case 'count':
          return fc.integer({ min: 1, max: 5 });
        case 'flag':
          return fc.integer({ min: 0, max: 1 });
        case 'instant':
          return fc.constantFrom(AT, '2026-11-22T11:00:00.000Z', '2026-11-23T10:00:00.000Z');
        case 'day':
          return fc.constantFrom('2026-11-22', '2026-11-23');
        default:
          return fc.constantFrom('a', 'b\nc', 'b\nd');
      }
    })();
    const isKey = name === 'id';
    const arbitrary: fc.Arbitrary<string | number | null> = isKey
      ? fc.constant('key')
      : column.nullable
        ? fc.option(value, { nil: null })
        : value;
    return [name, arbitrary] as const;
  });
  return fc.record(Object.fromEntries(values));
}

const TESTED = [
  'list_items',
  'recipes',
  'plan_entries',
  'pantry_items',
  'products',
  'recipe_steps',
  'recipe_tags',
] as const;

describe('the kitchen’s own resolver', () => {
  test.each(TESTED)(
    '[CONF-321] %s: always valid, and every column of mine is in the result, the question or the losers',
    (table) => {
      const row = rowOf(table);
      const maybe = fc.option(row, { nil: null });
      fc.assert(
        fc.property(maybe, maybe, maybe, fc.boolean(), (base, mine, theirs, isDeleted) => {
          const cell: RowConflict = {
            table,
            id: 'key',
            localOp: mine === null ? 'DELETE' : base === null ? 'INSERT' : 'UPDATE',
            base,
            mine,
            server: theirs !== null ? 'live' : isDeleted ? 'deleted' : 'nothing',
            serverVersion: theirs !== null || isDeleted ? 3 : 0,
            theirs,
          };
          const [found] = resolve([cell]);
          if (found === undefined) throw new Error('no resolution');
          expect(isValidOutcome(tables[table], cell, found.outcome)).toBe(true);
          if (mine === null || theirs === null) return;
          const result =
            found.outcome.type === 'accept-server'
              ? theirs
              : found.outcome.type === 'keep-local'
                ? mine
                : found.outcome.row;
          const kept = new Set([
            ...(found.question?.columns ?? []),
            ...found.lost.filter(({ side }) => side === 'mine').flatMap(({ columns }) => columns),
          ]);
          for (const [name, column] of Object.entries(tables[table].columns) as [
            string,
            { readonly merge: string },
          ][]) {
            const before = base?.[name] ?? null;
            const isMine = mine[name] !== before && result[name] !== mine[name];
            // Differences add up only where there is an amount that both changed.
            const isSum = column.merge === 'delta' && before !== null && mine[name] !== null;
            const isCombined = isSum || ['text', 'join', 'fixed'].includes(column.merge);
            const mustBeKept = isMine && !isCombined && name !== 'edited_at';
            expect(!mustBeKept || kept.has(name)).toBe(true);
          }
        }),
        { numRuns: 300 },
      );
    },
  );

  test('[CONF-540] two amounts typed where there was none: theirs stands, mine is kept, nothing adds up', () => {
    const batch = (quantity: number | null): LocalRow => ({
      id: '0199',
      product_id: null,
      title: 'Rice',
      quantity_milli: quantity,
      unit: 'g',
      place: 'fridge',
      expires_on: null,
      note: null,
      created_at: AT,
      edited_at: AT,
    });
    const amounts = (base: LocalRow | null, mine: number | null, theirs: number | null) =>
      first({
        table: 'pantry_items',
        localOp: base === null ? 'INSERT' : 'UPDATE',
        base,
        mine: batch(mine),
        theirs: batch(theirs),
      });
    const mineLost = { outcome: accept, lost: [{ side: 'mine', columns: ['quantity_milli'] }] };
    expect(amounts(batch(null), 500, 300)).toMatchObject(mineLost);
    expect(amounts(null, 500, 300)).toMatchObject(mineLost);
    // Taken off here, changed there.
    expect(amounts(batch(400), null, 300)).toMatchObject(mineLost);
    expect(amounts(batch(400), 500, null)).toMatchObject({
      outcome: local,
      lost: [{ side: 'theirs', columns: ['quantity_milli'] }],
    });
    expect(amounts(batch(400), 500, 300)).toMatchObject({ lost: [] });
  });

  test('[CONF-322] a name changed twice is asked, theirs for now; a colour is the newest one’s and the other is kept', () => {
    expect(first({ mine: tag({ name: 'Fast' }), theirs: tag({ name: 'Rapid' }) })).toMatchObject({
      outcome: accept,
      question: { columns: ['name'], follows: null },
      lost: [],
    });
    expect(first({})).toMatchObject({
      outcome: accept,
      question: null,
      lost: [{ side: 'mine', columns: ['hue'] }],
    });
    expect(first({ mine: tag({ name: 'Fast', hue: 2 }), theirs: tag({ name: 'Rapid' }) })).toEqual({
      outcome: merged(tag({ name: 'Rapid', hue: 2 })),
      isRemade: false,
      question: { columns: ['name'], follows: null },
      lost: [],
      isActWithdrawn: false,
    });
  });

  test('[CONF-322] a change beats a removal by being made again; a row made anew needs no permission', () => {
    const gone = { server: 'deleted', theirs: null } as const;
    expect(first(gone)).toMatchObject({ outcome: accept, isRemade: true, question: null });
    expect(first({ ...gone, localOp: 'INSERT', base: null })).toMatchObject({
      outcome: local,
      isRemade: false,
    });
    expect(first({ localOp: 'DELETE', mine: null })).toMatchObject({ outcome: accept });
    expect(first({ localOp: 'DELETE', mine: null, theirs: tag() })).toMatchObject({
      outcome: local,
    });
  });
});
