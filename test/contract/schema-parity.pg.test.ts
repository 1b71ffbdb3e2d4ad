/**
 * One list of truth: the tables as data, the Drizzle definitions and the live catalogue must say the same
 * about every synced table, so that none of the three can drift alone.
 */
import { getTableConfig } from 'drizzle-orm/pg-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { kitchenSync } from '../../api/db/kitchen.ts';
import * as drizzleTables from '../../api/db/tables.ts';
import { tables } from '../../shared/schema/tables.ts';
import type { ColumnKind, Table } from '../../shared/schema/types.ts';
import { type SyncServer, startSyncServer } from './sync-server.ts';

const catalogTypes: Readonly<Record<ColumnKind, string>> = {
  id: 'uuid',
  key: 'text',
  text: 'text',
  instant: 'timestamp(3) with time zone',
  day: 'date',
  milli: 'bigint',
  minor: 'bigint',
  count: 'integer',
  flag: 'boolean',
  order: 'text',
  blob: 'bytea',
};

interface Shape {
  readonly columns: readonly {
    readonly name: string;
    readonly type: string;
    readonly nullable: boolean;
  }[];
  readonly primaryKey: readonly string[];
  readonly uniques: readonly (readonly string[])[];
  readonly foreignKeys: readonly {
    readonly columns: readonly string[];
    readonly table: string;
    readonly to: readonly string[];
    readonly onDelete: string;
  }[];
}

const SCOPE = '_sync_scope_id';
const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
const sorted = <T>(items: readonly T[]): T[] =>
  items.toSorted((a, b) => byText(JSON.stringify(a), JSON.stringify(b)));

function declaredShape(table: Table): Shape {
  const columns = Object.entries(table.columns);
  return {
    columns: sorted([
      { name: SCOPE, type: 'uuid', nullable: false },
      ...columns.map(([name, { kind, nullable }]) => ({
        name,
        type: catalogTypes[kind],
        nullable,
      })),
    ]),
    primaryKey: [SCOPE, 'id'],
    uniques: sorted(table.serverUnique.map((unique) => [SCOPE, ...unique])),
    foreignKeys: sorted(
      columns.flatMap(([name, { references }]) =>
        references === undefined
          ? []
          : [
              {
                columns: [SCOPE, name],
                table: references.table,
                to: [SCOPE, 'id'],
                onDelete: references.onDelete,
              },
            ],
      ),
    ),
  };
}

type DrizzleTable = (typeof drizzleTables)['recipes'];
const drizzleByName = new Map(
  Object.values(drizzleTables)
    .filter((table): table is DrizzleTable => 'scopeId' in table)
    .map((table) => [getTableConfig(table).name, table]),
);

function drizzleShape(table: DrizzleTable): Shape {
  const config = getTableConfig(table);
  const types: Readonly<Record<string, string>> = {
    'timestamp (3) with time zone': 'timestamp(3) with time zone',
  };
  return {
    columns: sorted(
      config.columns.map((column) => ({
        name: column.name,
        type: types[column.getSQLType()] ?? column.getSQLType(),
        nullable: !column.notNull,
      })),
    ),
    primaryKey: config.primaryKeys[0]?.columns.map((column) => column.name) ?? [],
    uniques: sorted(
      config.uniqueConstraints.map((unique) => unique.columns.map((column) => column.name)),
    ),
    foreignKeys: sorted(
      config.foreignKeys.map((foreignKey) => {
        const reference = foreignKey.reference();
        return {
          columns: reference.columns.map((column) => column.name),
          table: getTableConfig(reference.foreignTable).name,
          to: reference.foreignColumns.map((column) => column.name),
          onDelete: foreignKey.onDelete ?? 'no action',
        };
      }),
    ),
  };
}

let server: SyncServer;

beforeAll(async () => {
  server = await startSyncServer();
});

afterAll(() => server.close());

const CONSTRAINTS = `
  select c.conname as name, c.contype as type, c.condeferrable as is_deferrable, c.condeferred as is_deferred,
    c.confdeltype as action, f.relname as target,
    (select json_agg(a.attname order by k.at) from unnest(c.conkey) with ordinality k(no, at)
      join pg_attribute a on a.attrelid = c.conrelid and a.attnum = k.no)::text as columns,
    (select json_agg(a.attname order by k.at) from unnest(c.confkey) with ordinality k(no, at)
      join pg_attribute a on a.attrelid = c.confrelid and a.attnum = k.no)::text as targets,
    (select json_agg(a.attname) from unnest(c.confdelsetcols) k(no)
      join pg_attribute a on a.attrelid = c.conrelid and a.attnum = k.no)::text as cleared
  from pg_constraint c left join pg_class f on f.oid = c.confrelid
  where c.conrelid = $1::text::regclass and c.contype in ('p', 'u', 'f')`;

interface Constraint {
  readonly name: string;
  readonly type: string;
  readonly is_deferrable: boolean;
  readonly is_deferred: boolean;
  readonly action: string;
  readonly target: string;
  readonly columns: string;
  readonly targets: string;
  readonly cleared: string | null;
}

const actions: Readonly<Record<string, string>> = { c: 'cascade', n: 'set null', a: 'no action' };

async function catalogShape(
  name: string,
): Promise<{ shape: Shape; constraints: readonly Constraint[] }> {
  const table = `larder.${name}`;
  const columns = await server.sql.unsafe<{ name: string; type: string; nullable: boolean }[]>(
    `select attname as name, format_type(atttypid, atttypmod) as type, not attnotnull as nullable
     from pg_attribute where attrelid = $1::text::regclass and attnum > 0 and not attisdropped`,
    [table],
  );
  const constraints = await server.sql.unsafe<Constraint[]>(CONSTRAINTS, [table]);
  const named = (type: string) => constraints.filter((constraint) => constraint.type === type);
  const list = (text: string) => JSON.parse(text) as string[];
  return {
    constraints: [...constraints],
    shape: {
      columns: sorted([...columns]),
      primaryKey: named('p').flatMap((constraint) => list(constraint.columns)),
      uniques: sorted(named('u').map((constraint) => list(constraint.columns))),
      foreignKeys: sorted(
        named('f').map((constraint) => ({
          columns: list(constraint.columns),
          table: constraint.target,
          to: list(constraint.targets),
          onDelete: actions[constraint.action] ?? constraint.action,
        })),
      ),
    },
  };
}

describe('parity', () => {
  test('[SCHEMA-3] the three descriptions name the same tables', async () => {
    const names = Object.keys(tables).toSorted(byText);
    const live = await server.sql<{ name: string }[]>`
      select table_name as name from information_schema.tables where table_schema = 'larder' order by 1`;
    expect([...drizzleByName.keys()].toSorted(byText)).toEqual(names);
    expect(live.map((row) => row.name).toSorted(byText)).toEqual(names);
    expect(kitchenSync.tables.map((table) => table.table).toSorted(byText)).toEqual(names);
  });

  test.each(Object.entries<Table>(tables))(
    '[SCHEMA-4] %s has the declared columns, keys and foreign keys in Drizzle and in Postgres',
    async (name, table) => {
      const declared = declaredShape(table);
      const drizzle = drizzleByName.get(name);
      expect(drizzle === undefined ? null : drizzleShape(drizzle)).toEqual(declared);
      const { shape, constraints } = await catalogShape(name);
      expect(shape).toEqual(declared);
      for (const constraint of constraints) {
        expect(JSON.parse(constraint.columns)[0]).toBe(SCOPE);
        if (constraint.type === 'p') continue;
        expect([constraint.name, constraint.is_deferrable, constraint.is_deferred]).toEqual([
          constraint.name,
          true,
          true,
        ]);
        const cleared = constraint.action === 'n' ? JSON.parse(constraint.columns).slice(1) : null;
        expect(JSON.parse(constraint.cleared ?? 'null')).toEqual(cleared);
      }
      const registered = kitchenSync.tables.find((one) => one.table === name);
      const foreignKeys = constraints.filter((constraint) => constraint.type === 'f');
      expect(registered?.foreignKeys.map((one) => one.name).toSorted(byText)).toEqual(
        foreignKeys.map((one) => one.name).toSorted(byText),
      );
    },
  );

  test('[SCHEMA-5] every synced table has both walls, capture and the scope first in every key', async () => {
    const walls = await server.sql`
      select c.relname as name, c.relrowsecurity as enabled, c.relforcerowsecurity as forced,
        (select count(*)::int from pg_policy p where p.polrelid = c.oid and p.polqual is not null and p.polwithcheck is not null) as policies,
        (select count(*)::int from pg_trigger t where t.tgrelid = c.oid and t.tgname like '00\\_sync\\_%') as triggers,
        (select count(*)::int from pg_index i join pg_attribute a on a.attrelid = c.oid and a.attnum = i.indkey[0]
          where i.indrelid = c.oid and a.attname <> ${SCOPE}) as wrong_indexes
      from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where n.nspname = 'larder' and c.relkind = 'r' order by 1`;
    expect(walls).toHaveLength(14);
    for (const wall of walls) {
      expect(wall).toMatchObject({
        enabled: true,
        forced: true,
        policies: 1,
        triggers: 5,
        wrong_indexes: 0,
      });
    }
  });

  test('[SCHEMA-401] every instant and day of the kitchen is kept to the years that travel', async () => {
    const declared = Object.entries<Table>(tables).flatMap(([name, { columns }]) =>
      Object.entries(columns)
        .filter(([, { kind }]) => kind === 'instant' || kind === 'day')
        .map(([column]) => `${name}_${column}_years_check`),
    );
    const checks = await server.sql<{ name: string }[]>`
      select conname as name from pg_constraint
      where connamespace = 'larder'::regnamespace and contype = 'c' and conname like '%_years_check'`;
    expect(checks.map(({ name }) => name).toSorted(byText)).toEqual(declared.toSorted(byText));
  });
});
