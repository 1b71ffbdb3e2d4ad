/**
 * The tables of the test mount for published clients (protocol.md §14): `business.*` as the rich-schema
 * vectors describe it in SQLite's words, with the Postgres types that its scenarios imply, and `main.users`
 * of the other vectors. Registered like any other application's tables; the service knows none of them.
 */
import type { SyncSchema } from '../../api/db/migrate.ts';
import type { SyncTable } from '../../api/sync/registry.ts';
import type { WireType } from '../../shared/schema/value-wire.ts';
import { readVectors } from './vectors.ts';

type Type = readonly [WireType, string];

interface Fixture {
  readonly name: string;
  readonly syncKeyColumnName: string;
  readonly columns: readonly { readonly name: string; readonly nullable: boolean }[];
  readonly foreignKeys: readonly {
    readonly from: string;
    readonly toTable: string;
    readonly toColumn: string;
    readonly onDelete: string;
  }[];
}

const TYPES: Readonly<Record<string, Type>> = {
  created_at: ['timestamptz', 'timestamptz'],
  updated_at: ['timestamptz', 'timestamptz'],
  count_value: ['int8', 'bigint'],
  small_count: ['int2', 'smallint'],
  medium_count: ['int4', 'integer'],
  exact_amount: ['numeric', 'numeric(30,10)'],
  enabled_flag: ['boolean', 'boolean'],
  rating: ['float8', 'double precision'],
  float4_value: ['float4', 'real'],
  data: ['bytea', 'bytea'],
};

const typeOf = (name: string): Type =>
  TYPES[name] ?? (/(^|_)id$/.test(name) ? ['uuid', 'uuid'] : ['text', 'text']);

/** NaN and infinity have no wire form, so that every synced table keeps them out. */
const finiteCheck = (name: string): string =>
  /numeric|real|double/.test(typeOf(name)[1])
    ? ` check (${name} not in ('NaN', 'Infinity', '-Infinity'))`
    : '';

const SCOPE = '_sync_scope_id uuid not null default sync.current_scope()';

const tableOf = (fixture: Fixture): SyncTable => ({
  schema: 'business',
  table: fixture.name,
  key: fixture.syncKeyColumnName,
  keyType: 'uuid',
  serverWritten: false,
  columns: fixture.columns.map(({ name }) => {
    const [type, sqlType] = typeOf(name);
    return { name, type, sqlType };
  }),
  foreignKeys: fixture.foreignKeys.map(({ from, toTable }) => ({
    name: `${fixture.name}_${from}_fkey`,
    column: from,
    table: toTable,
  })),
  uniques: [],
});

function createSql(fixtures: readonly Fixture[]): string {
  const statements = ['create schema business'];
  for (const { name, columns } of fixtures) {
    const lines = columns.map(
      (column) =>
        `${column.name} ${typeOf(column.name)[1]}${column.nullable ? '' : ' not null'}${finiteCheck(column.name)}`,
    );
    statements.push(
      `create table business.${name} (${SCOPE}, ${lines.join(', ')}, primary key (_sync_scope_id, id))`,
    );
  }
  // Two tables refer to each other, so references come when all tables are there.
  for (const { name, foreignKeys } of fixtures) {
    for (const { from, toTable, toColumn, onDelete } of foreignKeys) {
      statements.push(`alter table business.${name} add constraint ${name}_${from}_fkey
        foreign key (_sync_scope_id, ${from}) references business.${toTable} (_sync_scope_id, ${toColumn})
        on delete ${onDelete} deferrable initially deferred`);
    }
  }
  statements.push(
    'create schema main',
    `create table main.users (${SCOPE}, id text collate "C" not null, name text not null, primary key (_sync_scope_id, id))`,
  );
  return `${statements.join(';\n')};`;
}

export function businessSchema(): SyncSchema & { readonly sql: string } {
  const fixtures = readVectors<{ readonly tables: readonly Fixture[] }>(
    'rich-schema/business-rich-v0.json',
  ).tables;
  const users: SyncTable = {
    schema: 'main',
    table: 'users',
    key: 'id',
    keyType: 'text',
    serverWritten: false,
    columns: ['id', 'name'].map((name) => ({ name, type: 'text', sqlType: 'text' })),
    foreignKeys: [],
    uniques: [],
  };
  return {
    appName: 'nethttp-server-example',
    schemaVersion: 1,
    tables: [...fixtures.map(tableOf), users],
    sql: createSql(fixtures),
  };
}
