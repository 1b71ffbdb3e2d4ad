/**
 * A second application, nothing like the kitchen: text keys, self-references, a cycle of two tables, every
 * foreign-key action, every kind of value, a trigger that writes a second table, and one that meddles with the
 * very row that fired it. `oddSchema` is the whole
 * for the service; `oddPocket` is the part that a client's SQLite classes can hold (protocol.md §3.2), and
 * `pocketSchema` the same tables as the device declares them.
 */
import type { SyncSchema } from '../../api/db/migrate.ts';
import type { SyncTable } from '../../api/sync/registry.ts';
import type { Column, Schema, Table } from '../../shared/schema/types.ts';
import type { WireType } from '../../shared/schema/value-wire.ts';

const SCOPE = '_sync_scope_id uuid not null default sync.current_scope()';
const FINITE = `not in ('NaN', 'Infinity', '-Infinity')`;

const sql = `
  create schema odd;
  create table odd.parents (
    ${SCOPE}, id text collate "C" not null, name text,
    boss text collate "C", lead text collate "C", favourite text collate "C", size varchar(5),
    primary key (_sync_scope_id, id));
  create table odd.children (
    ${SCOPE}, id text collate "C" not null, parent text collate "C" not null,
    primary key (_sync_scope_id, id),
    constraint children_parent_fkey foreign key (_sync_scope_id, parent) references odd.parents (_sync_scope_id, id)
      on delete cascade on update cascade deferrable initially deferred);
  alter table odd.parents
    add constraint parents_boss_fkey foreign key (_sync_scope_id, boss) references odd.parents (_sync_scope_id, id)
      on delete no action on update cascade deferrable initially deferred,
    add constraint parents_lead_fkey foreign key (_sync_scope_id, lead) references odd.parents (_sync_scope_id, id)
      on delete cascade on update cascade deferrable initially deferred,
    add constraint parents_favourite_fkey foreign key (_sync_scope_id, favourite) references odd.children (_sync_scope_id, id)
      on delete set null (favourite) on update cascade deferrable initially deferred;
  create table odd.measures (
    ${SCOPE}, id uuid not null, small integer, large bigint, exact numeric(30,10) check (exact ${FINITE}),
    wide double precision check (wide ${FINITE}), truth boolean not null default false, raw bytea, day date, at timestamptz(3),
    primary key (_sync_scope_id, id));
  create table odd.tallies (
    ${SCOPE}, id text collate "C" not null, children integer not null, primary key (_sync_scope_id, id));
  create table odd.documents (
    ${SCOPE}, code text collate "C" not null, tiny smallint, narrow real check (narrow ${FINITE}),
    local timestamp, nested jsonb, words text[], primary key (_sync_scope_id, code));
  create function odd.tally() returns trigger language plpgsql as $$ begin
    if tg_op <> 'INSERT' then
      update odd.tallies t set children = t.children - 1 where t._sync_scope_id = old._sync_scope_id and t.id = old.parent;
    end if;
    if tg_op <> 'DELETE' then
      insert into odd.tallies as t (_sync_scope_id, id, children) values (new._sync_scope_id, new.parent, 1)
      on conflict (_sync_scope_id, id) do update set children = t.children + 1;
    end if;
    return null;
  end $$;
  create function odd.interfere() returns trigger language plpgsql as $$ begin
    if tg_op = 'DELETE' then
      if old.code like 'back%' then insert into odd.documents (_sync_scope_id, code, tiny) values (old._sync_scope_id, old.code, 7); end if;
    elsif new.code like 'gone%' then
      delete from odd.documents d where d._sync_scope_id = new._sync_scope_id and d.code = new.code;
    elsif new.code like 'twice%' then
      update odd.documents d set tiny = 7 where d._sync_scope_id = new._sync_scope_id and d.code = new.code;
    end if;
    return null;
  end $$;
  create trigger interfere after insert or delete on odd.documents for each row execute function odd.interfere();
  create trigger tally after insert or update of parent or delete on odd.children
    for each row execute function odd.tally();`;

const table = (
  name: string,
  key: readonly ['uuid' | 'text', string],
  columns: Readonly<Record<string, readonly [WireType, string]>>,
  foreignKeys: SyncTable['foreignKeys'] = [],
): SyncTable => ({
  schema: 'odd',
  table: name,
  key: key[1],
  keyType: key[0],
  serverWritten: name === 'tallies',
  columns: Object.entries({ [key[1]]: [key[0], key[0]] as const, ...columns }).map(
    ([column, [type, sqlType]]) => ({ name: column, type, sqlType }),
  ),
  foreignKeys,
  uniques: [],
});

const text = ['text', 'text'] as const;

const pocketTables: readonly SyncTable[] = [
  table(
    'parents',
    ['text', 'id'],
    { name: text, boss: text, lead: text, favourite: text, size: ['text', 'varchar(5)'] },
    [
      { name: 'parents_boss_fkey', column: 'boss', table: 'parents' },
      { name: 'parents_lead_fkey', column: 'lead', table: 'parents' },
      { name: 'parents_favourite_fkey', column: 'favourite', table: 'children' },
    ],
  ),
  table('children', ['text', 'id'], { parent: text }, [
    { name: 'children_parent_fkey', column: 'parent', table: 'parents' },
  ]),
  table('measures', ['uuid', 'id'], {
    small: ['int4', 'integer'],
    large: ['int8', 'bigint'],
    exact: ['numeric', 'numeric(30,10)'],
    wide: ['float8', 'double precision'],
    truth: ['boolean', 'boolean'],
    raw: ['bytea', 'bytea'],
    day: ['date', 'date'],
    at: ['timestamptz', 'timestamptz(3)'],
  }),
  table('tallies', ['text', 'id'], { children: ['int4', 'integer'] }),
];

/** What no class of SQLite can hold as the wire brings it: nested JSON and arrays. */
const documents = table('documents', ['text', 'code'], {
  tiny: ['int2', 'smallint'],
  narrow: ['float4', 'real'],
  local: ['timestamp', 'timestamp'],
  nested: ['json', 'jsonb'],
  words: ['array', 'text[]'],
});

type WithSql = SyncSchema & { readonly sql: string };
export const oddSchema: WithSql = {
  appName: 'odd',
  schemaVersion: 7,
  tables: [...pocketTables, documents],
  sql,
};
export const oddPocket: WithSql = { ...oddSchema, tables: pocketTables };

const column = (kind: Column['kind'], more: Partial<Column> = {}): Column => ({
  kind,
  nullable: true,
  merge: 'last',
  ...(kind === 'text' || kind === 'key' ? { max: 1024 } : {}),
  ...more,
});
const declared = (
  columns: Readonly<Record<string, Column>>,
  keyKind: 'id' | 'key',
  serverWritten = false,
): Table => ({
  columns: { id: column(keyKind, { nullable: false, merge: 'fixed' }), ...columns },
  key: 'id',
  serverWritten,
  serverUnique: [],
  indexes: [],
});
const refers = (to: string, onDelete: 'cascade' | 'set null', nullable = true): Column =>
  column('key', { nullable, references: { table: to, onDelete } });

/** 64-bit integers, decimals and binary64 stay text on the device: no digit passes through a number. */
export const pocketSchema: Schema = {
  name: 'odd',
  version: 7,
  tables: {
    parents: declared(
      {
        name: column('text'),
        boss: column('key'),
        lead: refers('parents', 'cascade'),
        favourite: refers('children', 'set null'),
        size: column('text', { max: 5 }),
      },
      'key',
    ),
    children: declared({ parent: refers('parents', 'cascade', false) }, 'key'),
    measures: declared(
      {
        small: column('count', { min: -2_147_483_648, max: 2_147_483_647 }),
        large: column('text'),
        exact: column('text'),
        wide: column('text'),
        truth: column('flag', { nullable: false, default: 0 }),
        raw: column('blob', { min: 0, max: 100_000 }),
        day: column('day'),
        at: column('instant'),
      },
      'id',
    ),
    tallies: declared(
      { children: column('count', { nullable: false, merge: 'server', max: 1_000_000 }) },
      'key',
      true,
    ),
  },
};
