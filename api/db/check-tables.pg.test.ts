/** The rules for synced tables, checked at start: each broken once, each answered by its sentence. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type TestDatabase, createTestDatabase } from '../../test/test-database.ts';
import type { SyncTable } from '../sync/registry.ts';
import { migrations } from './kitchen.ts';
import { installSync, migrate } from './migrate.ts';
import { type Pool, createPool } from './pool.ts';

let database: TestDatabase;
let pool: Pool;

beforeAll(async () => {
  database = await createTestDatabase();
  pool = createPool({ url: database.url });
  await migrate(pool, migrations);
});

afterAll(async () => {
  await pool.close();
  await database.drop();
});

const SCOPE = '_sync_scope_id uuid not null';
const REFERENCE =
  'foreign key (_sync_scope_id, parent) references odd.parents (_sync_scope_id, id)';

const parents: SyncTable = {
  schema: 'odd',
  table: 'parents',
  key: 'id',
  keyType: 'text',
  serverWritten: false,
  columns: [
    { name: 'id', type: 'text', sqlType: 'text' },
    { name: 'size', type: 'float8', sqlType: 'double precision' },
  ],
  foreignKeys: [],
  uniques: [],
};
const children: SyncTable = {
  schema: 'odd',
  table: 'children',
  key: 'id',
  keyType: 'uuid',
  serverWritten: false,
  columns: [
    { name: 'id', type: 'uuid', sqlType: 'uuid' },
    { name: 'parent', type: 'text', sqlType: 'text' },
  ],
  foreignKeys: [{ name: 'children_parent_fkey', column: 'parent', table: 'parents' }],
  uniques: [],
};

interface Variation {
  /** What is declared of the parents otherwise. */
  readonly declared?: Partial<SyncTable>;
  readonly parents?: string;
  readonly parentKey?: string;
  readonly children?: string;
  readonly reference?: string;
  readonly more?: string;
}

const FINITE = `check (size not in ('NaN', 'Infinity', '-Infinity'))`;

async function install(varied: Variation): Promise<string> {
  await pool.sql
    .unsafe(`drop schema if exists odd cascade; create schema odd;
    delete from sync.table_catalog;
    create ${varied.parents ?? `table odd.parents (${SCOPE}, id text not null, size double precision ${FINITE}`},
      ${varied.parentKey ?? 'primary key (_sync_scope_id, id)'});
    create table odd.children (${varied.children ?? `${SCOPE}, id uuid not null, parent text`},
      primary key (_sync_scope_id, id),
      constraint children_parent_fkey ${varied.reference ?? `${REFERENCE} on delete set null (parent) deferrable initially deferred`});
    ${varied.more ?? ''}`)
    .simple();
  const tables = [{ ...parents, ...varied.declared }, children];
  const schema = { appName: 'odd', schemaVersion: 1, tables };
  return installSync(pool, schema).then(
    () => 'installed',
    (error: unknown) => (error instanceof Error ? error.message : 'thrown'),
  );
}

const parentsWith = (columns: string): string =>
  `table odd.parents (${SCOPE}, id text not null, ${columns}`;

const SIZES: SyncTable['columns'] = [
  ...parents.columns,
  { name: 'size_2', type: 'float8', sqlType: 'double precision' },
];
const CONSTRAINED =
  'alter table odd.parents add constraint parents_size_key unique (_sync_scope_id, size) deferrable initially deferred';

const BROKEN: readonly (readonly [string, Variation, string])[] = [
  [
    'a scope column that may be null',
    {
      parents: `table odd.parents (_sync_scope_id uuid, id text not null, size double precision ${FINITE}`,
      parentKey: 'unique (_sync_scope_id, id)',
    },
    'synced table odd.parents needs a column _sync_scope_id of type uuid that is NOT NULL',
  ],
  [
    'an unlogged table',
    {
      parents: `unlogged table odd.parents (${SCOPE}, id text not null, size double precision ${FINITE}`,
      reference: 'check (true)',
    },
    'synced table odd.parents must be an ordinary, logged table',
  ],
  ['a missing column', { parents: parentsWith('other text') }, 'odd.parents has no column "size"'],
  [
    'another type',
    { parents: parentsWith('size integer') },
    'has "size" as integer where double precision is declared',
  ],
  [
    'a column that is not declared',
    { parents: parentsWith(`size double precision ${FINITE}, secret text`) },
    'has a column "secret" that is not declared',
  ],
  [
    'numbers that may be infinite',
    { parents: parentsWith('size double precision') },
    'needs a CHECK that keeps NaN and infinity out of "size"',
  ],
  [
    'a CHECK on a column of a longer name',
    {
      parents: parentsWith(`size double precision, size_2 double precision
        check (size_2 not in ('NaN', 'Infinity', '-Infinity'))`),
      declared: { columns: SIZES },
    },
    'needs a CHECK that keeps NaN and infinity out of "size"',
  ],
  [
    'a CHECK that depends on another column',
    {
      parents:
        parentsWith(`size double precision, size_2 double precision ${FINITE.replace('size', 'size_2')},
        check (size not in ('NaN', 'Infinity', '-Infinity') or size_2 = 1)`),
      declared: { columns: SIZES },
    },
    'needs a CHECK that keeps NaN and infinity out of "size"',
  ],
  [
    'a CHECK that lets infinity in',
    { parents: parentsWith(`size double precision check (size <> 'NaN')`) },
    'needs a CHECK that keeps NaN and infinity out of "size"',
  ],
  [
    'a CHECK that lets NaN in',
    {
      parents: parentsWith(
        `size double precision check (size > '-Infinity' and size <> 'Infinity')`,
      ),
    },
    'needs a CHECK that keeps NaN and infinity out of "size"',
  ],
  [
    'a unique constraint that is not declared',
    { more: CONSTRAINED },
    'has the unique constraint parents_size_key, which is not declared so',
  ],
  [
    'a unique constraint on other columns than declared',
    { more: CONSTRAINED, declared: { uniques: [{ name: 'parents_size_key', columns: ['id'] }] } },
    'has the unique constraint parents_size_key, which is not declared so',
  ],
  [
    'a unique constraint that is gone',
    { declared: { uniques: [{ name: 'parents_size_key', columns: ['size'] }] } },
    'has no unique constraint parents_size_key, which is declared',
  ],
  [
    'a generated column',
    { parents: parentsWith('size double precision generated always as (1) stored') },
    'has the generated column "size"',
  ],
  [
    'a collation that is not deterministic',
    {
      parents: `collation odd.loose (provider = icu, locale = 'und', deterministic = false);
        create table odd.parents (${SCOPE}, id text collate odd.loose not null, size double precision ${FINITE}`,
      reference: 'check (true)',
    },
    'odd.parents has a text key under a collation that is not deterministic',
  ],
  [
    'a unique index without the scope',
    { more: 'create unique index lone on odd.parents (size)' },
    'has the unique index lone, which does not begin with _sync_scope_id',
  ],
  [
    'a partial unique index',
    { more: 'create unique index part on odd.parents (_sync_scope_id, size) where size > 0' },
    'has the unique index part on a part of its rows',
  ],
  [
    'a unique constraint that does not wait',
    { more: 'alter table odd.parents add constraint eager unique (_sync_scope_id, size)' },
    'has the unique index eager, which is not DEFERRABLE INITIALLY DEFERRED',
  ],
  [
    'a foreign key that does not wait',
    { reference: REFERENCE },
    'has the foreign key children_parent_fkey, which is not DEFERRABLE INITIALLY DEFERRED',
  ],
  [
    'RESTRICT',
    { reference: `${REFERENCE} on delete restrict deferrable initially deferred` },
    'with RESTRICT, which cannot wait for the commit',
  ],
  [
    'SET NULL that would clear the scope',
    { reference: `${REFERENCE} on delete set null deferrable initially deferred` },
    'which would clear _sync_scope_id; name the column: SET NULL (parent)',
  ],
  [
    'a foreign key that is gone',
    { reference: 'check (true)' },
    'odd.children has no foreign key children_parent_fkey, which is declared',
  ],
  [
    'a reference to a table that is not synced',
    {
      more: `create table odd.outside (id integer primary key);
        alter table odd.children add constraint far foreign key (parent) references odd.elsewhere (id)`,
      parents: `table odd.elsewhere (id text primary key); create ${parentsWith(`size double precision ${FINITE}`)}`,
    },
    'odd.children has the foreign key far to odd.elsewhere, which is not synced',
  ],
  [
    'a reference from a table that is not synced',
    {
      more: `create table odd.outside (scope uuid, parent text,
        constraint near foreign key (scope, parent) references odd.parents (_sync_scope_id, id))`,
    },
    'odd.parents is referenced by odd.outside (near), which is not synced',
  ],
];

describe('synced tables', () => {
  test('[OPS-100] tables that keep every rule are installed', async () => {
    expect(await install({})).toBe('installed');
    const uniques = [{ name: 'parents_size_key', columns: ['size'] }];
    expect(await install({ more: CONSTRAINED, declared: { uniques } })).toBe('installed');
    const between = 'size double precision check (size between -1000 and 1000)';
    expect(await install({ parents: parentsWith(between) })).toBe('installed');
    const exact: SyncTable['columns'] = [
      { name: 'id', type: 'text', sqlType: 'text' },
      { name: 'size', type: 'numeric', sqlType: 'numeric(10,2)' },
    ];
    const rooted = `size numeric(10,2) check (sqrt(size) < 10 and size <> 'NaN')`;
    expect(await install({ parents: parentsWith(rooted), declared: { columns: exact } })).toBe(
      'installed',
    );
    const below = `size double precision check (size > '-Infinity'), check (size < 'Infinity')`;
    expect(await install({ parents: parentsWith(below) })).toBe('installed');
  });

  test.each(BROKEN)('[OPS-101] %s stops the start with a sentence', async (_what, varied, says) => {
    expect(await install(varied)).toContain(says);
  });

  test('[OPS-102] a table that was synced before and is not declared any more stops the start', async () => {
    expect(await install({})).toBe('installed');
    const schema = { appName: 'odd', schemaVersion: 1, tables: [parents] };
    await expect(installSync(pool, schema)).rejects.toThrow(/odd\.children/);
  });
});
