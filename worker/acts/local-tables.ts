/**
 * The tables of acts (`app.md` §3.5), local and never synced. The timeline: `acts` is what people read about
 * their changes and those of others, `act_rows` the images behind it, `act_open` the act being performed.
 *
 * Images are taken by triggers on every table people write, active only while an act is open, so that
 * rows which a foreign key took along or cleared are in the timeline like any other. `before` is the row
 * when the act began, `after` when it ended; NULL means it did not exist. Bytes (photos) are kept once, in
 * a column of their own, and only where they were removed: an inserted photo can be removed without them.
 * Applying what the server sent happens with no act open and leaves no image.
 */
import { kitchenSchema, tables } from '../../shared/schema/tables.ts';
import type { Table } from '../../shared/schema/types.ts';
import type { Sql } from '../engine/ports.ts';

const timelineTables = `
create table if not exists acts (
  ordinal integer primary key autoincrement,
  id text not null unique,
  direction text not null check (direction in ('out', 'in')),
  act text not null,
  sentence text not null,
  at text not null,
  state text not null
    check (state in ('saved', 'sending', 'accepted', 'combined', 'choice', 'refused', 'undone')),
  row_counts text not null,
  server_added text not null default '[]',
  undoable integer not null default 0,
  source_id text,
  source_bundle_id integer,
  bundle_seq integer
) strict;
create index if not exists idx_acts_state on acts (state, source_bundle_id);
create table if not exists act_rows (
  act_id text not null,
  table_name text not null,
  row_id text not null,
  ordinal integer not null,
  before text,
  after text,
  bytes blob,
  primary key (act_id, table_name, row_id)
) strict, without rowid;
create index if not exists idx_act_rows_row on act_rows (table_name, row_id);
create table if not exists act_open (
  singleton_key integer primary key check (singleton_key = 1),
  act_id text not null,
  row_count integer not null default 0
) strict;
`;

/**
 * What conflicts left for people, in the engine's own transactions: `choices` are questions, `choice_rows`
 * the row in question (ordinal 0) and those decided along with it, `versions` are sides that lost, kept for
 * `versionDaysMax`. Images are whole rows in the device's own JSON, NULL where there is no row. `columns`
 * lists what is in question or what lost; an empty list means the row as a whole.
 */
const choiceTables = `
create table if not exists choices (
  id integer primary key autoincrement,
  table_name text not null,
  row_id text not null,
  title text not null,
  at text not null,
  server_version integer not null,
  act_id text,
  state text not null check (state in ('open', 'answered')),
  columns text not null,
  settled text not null default '{}'
) strict;
create unique index if not exists idx_choices_open on choices (table_name, row_id) where state = 'open';
create table if not exists choice_rows (
  choice_id integer not null,
  ordinal integer not null,
  table_name text not null,
  row_id text not null,
  columns text not null,
  base text,
  mine text,
  theirs text,
  primary key (choice_id, ordinal)
) strict, without rowid;
create table if not exists versions (
  id integer primary key autoincrement,
  table_name text not null,
  row_id text not null,
  title text not null,
  at text not null,
  side text not null check (side in ('mine', 'theirs')),
  reason text not null check (reason in ('combined', 'answered')),
  columns text not null,
  act_id text
) strict;
create index if not exists idx_versions_row on versions (table_name, row_id);
create index if not exists idx_versions_at on versions (at);
create table if not exists version_rows (
  version_id integer not null,
  ordinal integer not null,
  table_name text not null,
  row_id text not null,
  image text not null,
  primary key (version_id, ordinal)
) strict, without rowid;
create table if not exists combined_acts (
  act_id text primary key not null,
  at text not null
) strict, without rowid;
create table if not exists directory (
  source_id text primary key not null,
  person text,
  device text
) strict, without rowid;
`;

/** Where whole rows are kept: an update that adds columns fills them. */
export const keptImages: readonly {
  readonly table: string;
  readonly columns: readonly string[];
}[] = [
  { table: 'choice_rows', columns: ['base', 'mine', 'theirs'] },
  { table: 'version_rows', columns: ['image'] },
];

/** Harmless to run again: a database of an earlier version gets what it lacks. */
export const localTablesSql: string = timelineTables + choiceTables;

/** What a household's people did here goes with the household. */
export function forgetActs(sql: Sql): void {
  for (const table of [
    'acts',
    'act_rows',
    'choices',
    'choice_rows',
    'versions',
    'version_rows',
    'combined_acts',
    'directory',
  ])
    sql.run(`delete from ${table}`);
}

/** The row as JSON without its bytes. */
const imageOf = (table: Table, row: 'new' | 'old'): string =>
  `json_object(${Object.entries(table.columns)
    .filter(([, column]) => column.kind !== 'blob')
    .map(([name]) => `'${name}', ${row}.${name}`)
    .join(', ')})`;

const bytesOf = (table: Table, row: 'old'): string => {
  const blob = Object.entries(table.columns).find(([, column]) => column.kind === 'blob');
  return blob === undefined ? 'null' : `${row}.${blob[0]}`;
};

function imageTriggers(name: string, table: Table): readonly string[] {
  const trigger = (
    suffix: string,
    event: string,
    row: 'new' | 'old',
    before: string,
    after: string,
    bytes: string,
  ): string => `create trigger ${PREFIX}${name}_${suffix} after ${event} on ${name}
when exists (select 1 from act_open) begin
  update act_open set row_count = row_count + 1;
  insert into act_rows (act_id, table_name, row_id, ordinal, before, after, bytes)
  select act_id, '${name}', ${row}.id, row_count, ${before}, ${after}, ${bytes}
    from act_open where true
  on conflict (act_id, table_name, row_id) do update
    set after = excluded.after, bytes = coalesce(act_rows.bytes, excluded.bytes);
end`;
  return [
    trigger('ai', 'insert', 'new', 'null', imageOf(table, 'new'), 'null'),
    trigger('au', 'update', 'new', imageOf(table, 'old'), imageOf(table, 'new'), 'null'),
    trigger('ad', 'delete', 'old', imageOf(table, 'old'), 'null', bytesOf(table, 'old')),
  ];
}

/** Rises with every change of the triggers' text; the schema's own version is part of the names too. */
const LAYOUT_VERSION = 1;
const PREFIX = `act_v${LAYOUT_VERSION}_${kitchenSchema.version}_`;

const PEOPLE_TABLES = Object.entries<Table>(kitchenSchema.tables).filter(
  ([, table]) => !table.serverWritten,
);
const TRIGGERS_EXPECTED = PEOPLE_TABLES.length * 3;

/**
 * Makes sure that the image triggers of this version are there, and no others. Cheap when they are, so
 * each act asks; the first act on a fresh database makes them, in its own transaction.
 */
export function ensureImageTriggers(sql: Sql): void {
  const names = sql
    .all(`select name from sqlite_master where type = 'trigger' and name glob 'act_v*'`)
    .map((row) => String(row['name']));
  const current = names.filter((name) => name.startsWith(PREFIX));
  if (current.length === TRIGGERS_EXPECTED && names.length === TRIGGERS_EXPECTED) return;
  for (const name of names) sql.script(`drop trigger ${name}`);
  for (const [name, table] of PEOPLE_TABLES) {
    for (const text of imageTriggers(name, table)) sql.script(text);
  }
}

/** Columns that hold bytes, by table; there is at most one per table. */
export const bytesColumn = (table: keyof typeof tables): string | null =>
  Object.entries<{ readonly kind: string }>(tables[table].columns).find(
    ([, column]) => column.kind === 'blob',
  )?.[0] ?? null;
